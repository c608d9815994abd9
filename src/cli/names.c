/* SPDX-License-Identifier: Apache-2.0
 * Finds photos. A folder is listed whole before anything is identified: the
 * number is known, and photos that are moved about meanwhile are not met twice.
 */
#include "names.h"

#include "stop.h"

#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool
names_is_photo(const char *name)
{
    static const char *const endings[] = { "jpg", "jpeg", "png", "webp" };
    const char *dot = strrchr(name, '.');

    if (!dot || *name == '.') return false;
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++)
        if (strcasecmp(dot + 1, endings[i]) == 0) return true;
    return false;
}

bool
names_push(struct names *n, const char *name)
{
    if (n->at == n->count) n->at = n->count = 0; /* all given out: begin anew, so that a long watch does not grow */
    if (n->count == n->room) {
        size_t room = n->room ? n->room * 2 : 64;
        char **bigger = realloc(n->list, room * sizeof *bigger);

        if (!bigger) return false;
        n->list = bigger;
        n->room = room;
    }
    n->list[n->count] = strdup(name);
    return n->list[n->count] && ++n->count;
}

static bool
is_file(const FTSENT *entry)
{
    struct stat target;

    if (entry->fts_info == FTS_F) return true;
    return entry->fts_info == FTS_SL && stat(entry->fts_accpath, &target) == 0 && S_ISREG(target.st_mode);
}

static int
by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

enum search { PHOTOS, PHOTOS_BELOW, FOLDERS_BELOW };

static bool
walk(struct names *n, FTS *tree, enum search search)
{
    FTSENT *entry;

    while ((entry = fts_read(tree))) {
        bool below = entry->fts_level > 0, folder = entry->fts_info == FTS_D;
        bool wanted = search == FOLDERS_BELOW ? folder : names_is_photo(entry->fts_name) && is_file(entry);

        if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR) {
            fprintf(stderr, "breedlens: %s: %s\n", entry->fts_path, strerror(entry->fts_errno));
            n->errors++;
        } else if (folder && below && (search == PHOTOS || *entry->fts_name == '.')) {
            fts_set(tree, entry, FTS_SKIP);
        } else if (below && wanted && !names_push(n, entry->fts_path)) {
            return false;
        }
    }
    return true;
}

static bool
search_tree(struct names *n, const char *path, enum search search)
{
    char *roots[2] = { strdup(path), NULL };
    size_t len = strlen(path);
    FTS *tree;
    bool ok;

    if (!roots[0]) return false;
    while (len > 1 && roots[0][len - 1] == '/') roots[0][--len] = '\0';
    tree = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
    ok = tree && walk(n, tree, search);
    if (tree) fts_close(tree);
    free(roots[0]);
    return ok;
}

bool
names_add(struct names *n, const char *path, bool recursive)
{
    struct stat info;

    if (stat(path, &info) || !S_ISDIR(info.st_mode)) return names_push(n, path); /* what is wrong, opening will say */
    return search_tree(n, path, recursive ? PHOTOS_BELOW : PHOTOS);
}

bool
names_add_folders(struct names *n, const char *path)
{
    return search_tree(n, path, FOLDERS_BELOW);
}

/* One byte of standard input; -1 at its end, or when a stop is asked for. */
static int
next_byte(struct names *n)
{
    ssize_t got;

    if (n->read_at == n->read_len) {
        do {
            if (!stop_wait(STDIN_FILENO)) return -1;
            got = read(STDIN_FILENO, n->read, sizeof n->read);
        } while (got < 0 && errno == EINTR);
        if (got <= 0) return -1;
        n->read_at = 0;
        n->read_len = (size_t)got;
    }
    return (unsigned char)n->read[n->read_at++];
}

static char *
next_input(struct names *n)
{
    char *name = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&name, &len);
    int c = -1;

    if (!out) return NULL;
    while (len == 0 && (c = next_byte(n)) >= 0) { /* empty lines are no names */
        for (; c >= 0 && c != n->separator; c = next_byte(n)) putc(c, out);
        fflush(out);
    }
    if (fclose(out) == 0 && len && !stop_asked()) return name;
    free(name);
    return NULL;
}

char *
names_next(struct names *n)
{
    char *name;

    if (stop_asked()) return NULL;
    if (n->at < n->count) {
        name = n->list[n->at];
        n->list[n->at++] = NULL;
        return name;
    }
    return n->input ? next_input(n) : NULL;
}

void
names_clear(struct names *n)
{
    for (size_t i = n->at; i < n->count; i++) free(n->list[i]);
    free(n->list);
    n->list = NULL;
    n->count = n->at = 0;
}
