/* SPDX-License-Identifier: Apache-2.0
 * Where the answers of batch and watch go: whole records to a file or standard
 * output, photos into their folders, progress and the summary to standard error.
 */
#ifndef BL_SINK_H
#define BL_SINK_H

#include "mover.h"
#include "progress.h"
#include "record.h"

struct sink {
    const char *path; /* NULL: standard output */
    enum record_format format;
    struct mover mover;
    void (*will_move)(void *arg, const char *from, const char *to); /* NULL, or told before a move */
    void *arg;

    int fd;
    bool regular; /* can be cut back and brought to disk */
    bool dirty;   /* not on disk yet */
    bool gone;    /* nothing more can be written */
    struct timespec synced;
    size_t not_moved;
    struct tally tally;
    struct progress progress;
};

/*
 * Open the output, locked against a second run, and write the heading of an empty one. False with one line printed.
 * One that holds anything already is refused unless `go_on`.
 */
bool sink_open(struct sink *sink, bool go_on);

/* Keep only the first `len` bytes of a regular output: what follows was torn. */
bool sink_cut(struct sink *sink, off_t len);

/* One answer; a pool's take(). `sink` is a void pointer for that. False when the output is gone. */
bool sink_take(void *sink, const struct pool_answer *answer, bool more);

/* Bring everything to disk and close. False when something could not be written. */
bool sink_close(struct sink *sink);

/* "breedlens: 5000 photos in 23.4 s (213/s): 4990 identified, 10 failed" and the tally. */
void sink_summary(struct sink *sink);

#endif
