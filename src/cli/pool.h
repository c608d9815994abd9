/* SPDX-License-Identifier: Apache-2.0
 * Photos by name, identified on all cores, answered in the order they were named.
 */
#ifndef BL_POOL_H
#define BL_POOL_H

#include "breedlens.h"

#include <stdbool.h>

enum { JOBS_MAX = 256 };

/* One photo's answer. */
struct pool_answer {
    char *file; /* the pool's, until take() returns */
    enum bl_status status;
    struct bl_error err;     /* when status is not BL_OK */
    struct bl_result result; /* when it is */
};

struct pool_work {
    struct bl_model *model;
    struct bl_options opts;
    unsigned jobs;
    /*
     * The next photo's name, malloc'd ("-": standard input), or NULL after the last. Called by any thread, by one at
     * a time; it may wait.
     */
    char *(*next)(void *arg);
    /*
     * An answer, on the thread that called pool_run(). `more` says that the next one is there already. False stops:
     * no photo is begun any more, and what was begun is thrown away.
     */
    bool (*take)(void *arg, const struct pool_answer *answer, bool more);
    void *arg;
};

/* Until next() has no more. False when take() stopped it, or when no thread could be started (one line is printed). */
bool pool_run(const struct pool_work *work);

#endif
