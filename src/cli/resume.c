/* SPDX-License-Identifier: Apache-2.0
 * Reads what an interrupted run wrote and completes what it began.
 */
#include "resume.h"

#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int
by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

static bool
exists(const char *path)
{
    return faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/*
 * A photo that was to move and is still there: the run ended before the move when the target is not there either.
 * When it is, another photo has come under the old name since, and that one is not done.
 */
static bool
finish_move(const struct record *record, size_t *not_moved)
{
    if (!exists(record->file)) return true;
    if (exists(record->moved_to)) return false;
    if (!mover_move(record->file, record->moved_to)) {
        fprintf(stderr, "breedlens: %s: cannot be moved to %s: %s\n", record->file, record->moved_to, strerror(errno));
        ++*not_moved;
    }
    return true;
}

static bool
take_record(void *arg, const struct record *record)
{
    struct resume *r = arg;
    char *name;
    void *at;

    if (record->error) tally_fail(&r->sink->tally, record->file, record->error);
    else tally_add(&r->sink->tally, record->species, record->breed);
    if (record->moved_to && !finish_move(record, &r->sink->not_moved)) return true;
    name = strdup(record->file);
    at = name ? tsearch(name, &r->done, by_text) : NULL;
    if (!at || *(char **)at != name) free(name); /* no memory, or known */
    return at != NULL;
}

bool
resume_load(struct resume *r, struct sink *sink)
{
    off_t good;

    r->sink = sink;
    return record_read(sink->path, sink->format, take_record, r, &good) && sink_cut(sink, good);
}

bool
resume_has(const struct resume *r, const char *file)
{
    return tfind(file, &r->done, by_text) != NULL;
}

size_t
resume_filter(const struct resume *r, struct names *names)
{
    size_t kept = 0, all = names->count;

    for (size_t i = 0; i < all; i++) {
        if (resume_has(r, names->list[i])) free(names->list[i]);
        else names->list[kept++] = names->list[i];
    }
    names->count = kept;
    return all - kept;
}

void
resume_clear(struct resume *r)
{
    tdestroy(r->done, free);
    r->done = NULL;
}
