/* SPDX-License-Identifier: Apache-2.0
 * Going on with an interrupted run: which photos its output already answers for.
 */
#ifndef BL_RESUME_H
#define BL_RESUME_H

#include "names.h"
#include "sink.h"

struct resume {
    void *done; /* a tsearch() tree of names */
    struct sink *sink;
};

/*
 * Read an open output: its photos count in the tally, moves that were not made are made, and what a crash tore off
 * its end is cut away. False with one line printed.
 */
bool resume_load(struct resume *resume, struct sink *sink);

bool resume_has(const struct resume *resume, const char *file);

/* Take what is done out of a list; the number taken out. */
size_t resume_filter(const struct resume *resume, struct names *names);

void resume_clear(struct resume *resume);

#endif
