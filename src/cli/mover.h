/* SPDX-License-Identifier: Apache-2.0
 * Moves identified photos into folders named by a pattern such as "sorted/{species}/{breed}".
 */
#ifndef BL_MOVER_H
#define BL_MOVER_H

#include <stdbool.h>
#include <stddef.h>

enum { MOVES_PENDING_MAX = 64 };

struct mover {
    const char *pattern; /* NULL: nothing is moved */
    struct move {
        char *from, *to;
    } pending[MOVES_PENDING_MAX];
    size_t count;
};

/* Whether a pattern names only {species} and {breed}; one line when not. */
bool mover_check(const char *pattern);

/*
 * Where `file` is to go: a name that is free, "a (2).jpg" when "a.jpg" is not. It is moved by mover_run(). NULL when
 * it stays: it lies there already, or there is no memory for it (one line). There must be room in `pending`.
 */
const char *mover_plan(struct mover *mover, const char *file, const char *species, const char *breed);

/* Make the pending moves. Returns how many failed: each has had its line, and its photo stays where it was. */
size_t mover_run(struct mover *mover);

/* Forget the pending moves. */
void mover_clear(struct mover *mover);

/*
 * Move a file, making the folders of `to`: by rename, or across file systems by a copy that is on disk before the
 * original goes. Never overwrites. False with errno set.
 */
bool mover_move(const char *from, const char *to);

#endif
