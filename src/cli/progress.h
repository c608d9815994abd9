/* SPDX-License-Identifier: Apache-2.0
 * What a long run tells on standard error: a bar on a terminal, a line now and
 * then elsewhere, and at the end a summary by species and breed.
 */
#ifndef BL_PROGRESS_H
#define BL_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>

struct progress {
    bool live;    /* standard error is a terminal */
    bool drawn;   /* the bar stands on the cursor's line */
    size_t total; /* 0: not known */
    size_t done;  /* in this run */
    struct timespec begun, told;
    double interval_s; /* between two lines; it grows, so that a night's log stays short */
};

void progress_start(struct progress *p, size_t total);
void progress_step(struct progress *p, size_t failed);

/* Take the bar away before anything else is printed. */
void progress_clear(struct progress *p);

double progress_seconds(const struct progress *p);

/* ---- the summary ---- */

enum { FAILURES_LISTED = 20 };

struct tally {
    struct tally_row {
        char *species, *breed;
        size_t photos;
    } * rows;
    size_t count, room;
    size_t identified, failed;
    char *failures[FAILURES_LISTED]; /* "file: error", the first ones */
};

void tally_add(struct tally *t, const char *species, const char *breed);
void tally_fail(struct tally *t, const char *file, const char *error);
void tally_print(FILE *out, const struct tally *t);
void tally_clear(struct tally *t);

#endif
