/* SPDX-License-Identifier: Apache-2.0
 * The folders that `breedlens watch` looks at, by inotify.
 */
#ifndef BL_FOLDERS_H
#define BL_FOLDERS_H

#include <stdbool.h>

struct folders;

/* Watch a folder (and those below). Photos that lie there are news when `existing`. NULL with one line printed. */
struct folders *folders_open(const char *path, bool recursive, bool existing);
void folders_close(struct folders *folders);

/* The next photo that is whole, malloc'd: it waits. NULL when a stop is asked for or the folder is gone. */
char *folders_next(struct folders *folders);

/* `to` will be `from`, moved by ourselves: it is no news. Any thread. */
void folders_will_move(struct folders *folders, const char *from, const char *to);

/* True when the watched folder itself went away. */
bool folders_gone(const struct folders *folders);

#endif
