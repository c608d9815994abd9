/* SPDX-License-Identifier: Apache-2.0
 * The names of photos: files and folders of a command line, or a list on standard input.
 */
#ifndef BL_NAMES_H
#define BL_NAMES_H

#include <stdbool.h>
#include <stddef.h>

enum { NAMES_READ_BYTES = 64 << 10 };

struct names {
    char **list; /* [count], owned */
    size_t count, room;
    size_t at;       /* the next to be given out */
    unsigned errors; /* folders that could not be read; each has had its line */

    bool input; /* more come from standard input, `separator` after each */
    char separator;
    char read[NAMES_READ_BYTES];
    size_t read_at, read_len;
};

/* A .jpg, .jpeg, .png or .webp that is not hidden: what a folder is searched for. `name` has no folder in it. */
bool names_is_photo(const char *name);

/*
 * A file as it is, or the photos of a folder in order of their names (of its folders too when `recursive`; links to
 * folders are not followed). False when out of memory.
 */
bool names_add(struct names *names, const char *path, bool recursive);

/* The folders below `path`, hidden ones left out. False when out of memory. */
bool names_add_folders(struct names *names, const char *path);

/* One more name, copied. False when out of memory. */
bool names_push(struct names *names, const char *name);

/* The next name, the caller's; NULL after the last, or when a stop is asked for. */
char *names_next(struct names *names);

void names_clear(struct names *names);

#endif
