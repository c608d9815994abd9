/* SPDX-License-Identifier: Apache-2.0
 * What lands in watched folders. A photo is taken when it was closed after
 * writing or moved in under its name; temporary names and hidden files are not
 * photos. When the kernel's queue overflows the folders are looked through anew,
 * so what is known of each photo (inode, size, time) tells what is news.
 */
#include "folders.h"

#include "names.h"
#include "stop.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EVENT_BYTES = 16 << 10 };
static const uint32_t events = IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_DELETE_SELF |
                               IN_MOVE_SELF | IN_ONLYDIR | IN_EXCL_UNLINK;

/* A photo that is no news any more. */
struct seen {
    char *path;
    dev_t dev;
    ino_t ino;
    off_t size;
    struct timespec changed;
};

struct folders {
    char *root;
    bool recursive, gone;
    int fd;
    struct watched {
        int id;
        char *path;
    } * watched;
    size_t count, room;
    struct names found;   /* news not given out yet */
    pthread_mutex_t lock; /* guards `seen`: a move is told by another thread */
    void *seen;           /* a tsearch() tree */
    char buf[EVENT_BYTES] __attribute__((aligned(__alignof__(struct inotify_event))));
    ssize_t at, len; /* events in buf */
};

/* ---- what is known ---- */

static int
by_path(const void *a, const void *b)
{
    return strcmp(((const struct seen *)a)->path, ((const struct seen *)b)->path);
}

static void
free_seen(void *arg)
{
    struct seen *seen = arg;

    free(seen->path);
    free(seen);
}

/* Remember a photo as it is now; true when that is news. Out of memory: it may be news once more. */
static bool
remember(struct folders *f, const char *path, const struct stat *now)
{
    struct seen *fresh = calloc(1, sizeof *fresh), *known = NULL;
    bool news = true;
    void *at;

    if (!fresh) return true;
    *fresh = (struct seen){ strdup(path), now->st_dev, now->st_ino, now->st_size, now->st_mtim };
    pthread_mutex_lock(&f->lock);
    at = fresh->path ? tsearch(fresh, &f->seen, by_path) : NULL;
    if (at) known = *(struct seen **)at;
    if (known && known != fresh) {
        news = known->dev != fresh->dev || known->ino != fresh->ino || known->size != fresh->size ||
               known->changed.tv_sec != fresh->changed.tv_sec || known->changed.tv_nsec != fresh->changed.tv_nsec;
        known->dev = fresh->dev;
        known->ino = fresh->ino;
        known->size = fresh->size;
        known->changed = fresh->changed;
    }
    pthread_mutex_unlock(&f->lock);
    if (known != fresh) free_seen(fresh);
    return news;
}

static void
forget(struct folders *f, const char *path)
{
    struct seen key = { .path = (char *)path }, *known = NULL;
    void *at;

    pthread_mutex_lock(&f->lock);
    at = tfind(&key, &f->seen, by_path);
    if (at) known = *(struct seen **)at;
    if (known) tdelete(known, &f->seen, by_path);
    pthread_mutex_unlock(&f->lock);
    if (known) free_seen(known);
}

void
folders_will_move(struct folders *f, const char *from, const char *to)
{
    struct stat now;

    if (lstat(from, &now) == 0) remember(f, to, &now);
}

/* ---- folders ---- */

static void
out_of_memory(void)
{
    fputs("breedlens: out of memory: a photo may have been missed\n", stderr);
}

static bool
watch_folder(struct folders *f, const char *path)
{
    int id = inotify_add_watch(f->fd, path, events);
    size_t i = 0;
    char *copy;

    if (id < 0) {
        fprintf(stderr, "breedlens: %s: cannot be watched: %s\n", path,
                errno == ENOSPC ? "too many folders for fs.inotify.max_user_watches" : strerror(errno));
        return false;
    }
    while (i < f->count && f->watched[i].id != id) i++;
    if (i == f->room) {
        size_t room = f->room ? f->room * 2 : 16;
        struct watched *bigger = realloc(f->watched, room * sizeof *bigger);

        if (!bigger) return out_of_memory(), false;
        f->watched = bigger;
        f->room = room;
    }
    copy = strdup(path);
    if (!copy) return out_of_memory(), false;
    if (i < f->count) free(f->watched[i].path); /* known, under another name before */
    else f->count++;
    f->watched[i] = (struct watched){ id, copy };
    return true;
}

/* The photos below `path` that are no news yet become it, or are only remembered. */
static void
look_through(struct folders *f, const char *path, bool as_news)
{
    struct names lying = { 0 };
    struct stat now;

    if (!names_add(&lying, path, f->recursive)) out_of_memory();
    for (size_t i = 0; i < lying.count; i++) {
        bool news = stat(lying.list[i], &now) == 0 && remember(f, lying.list[i], &now) && as_news;

        if (news && !names_push(&f->found, lying.list[i])) out_of_memory();
    }
    names_clear(&lying);
}

/* Watch a folder and, when asked, all below it: first, so that nothing falls between watching and looking. */
static bool
watch_tree(struct folders *f, const char *path)
{
    struct names below = { 0 };
    bool ok = watch_folder(f, path);

    if (ok && f->recursive) {
        if (!names_add_folders(&below, path)) out_of_memory();
        for (size_t i = 0; i < below.count; i++) watch_folder(f, below.list[i]);
    }
    names_clear(&below);
    return ok;
}

struct folders *
folders_open(const char *path, bool recursive, bool existing)
{
    struct folders *f = calloc(1, sizeof *f);
    size_t len;

    if (!f) return out_of_memory(), NULL;
    pthread_mutex_init(&f->lock, NULL);
    f->recursive = recursive;
    f->root = strdup(path);
    len = f->root ? strlen(f->root) : 0;
    while (len > 1 && f->root[len - 1] == '/') f->root[--len] = '\0';
    f->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (f->fd < 0 || !f->root) fprintf(stderr, "breedlens: inotify: %s\n", strerror(errno));
    if (f->fd < 0 || !f->root || !watch_tree(f, f->root)) {
        folders_close(f);
        return NULL;
    }
    look_through(f, f->root, existing);
    return f;
}

void
folders_close(struct folders *f)
{
    if (!f) return;
    if (f->fd >= 0) close(f->fd);
    for (size_t i = 0; i < f->count; i++) free(f->watched[i].path);
    free(f->watched);
    names_clear(&f->found);
    tdestroy(f->seen, free_seen);
    pthread_mutex_destroy(&f->lock);
    free(f->root);
    free(f);
}

bool
folders_gone(const struct folders *f)
{
    return f->gone;
}

/* ---- events ---- */

static void
drop_watch(struct folders *f, size_t i)
{
    if (strcmp(f->watched[i].path, f->root) == 0) f->gone = true;
    free(f->watched[i].path);
    f->watched[i] = f->watched[--f->count];
}

/* A file that is being made is not whole until it is closed; a link is as soon as it is made. */
static bool
is_whole(const char *path, uint32_t mask, struct stat *now)
{
    struct stat entry;

    if (lstat(path, &entry) || stat(path, now) || !S_ISREG(now->st_mode)) return false;
    return mask & (IN_CLOSE_WRITE | IN_MOVED_TO) || S_ISLNK(entry.st_mode) || entry.st_nlink > 1;
}

static void
entry_event(struct folders *f, const char *folder, const struct inotify_event *e)
{
    char path[PATH_MAX];
    struct stat now;

    if (*e->name == '.' || snprintf(path, sizeof path, "%s/%s", folder, e->name) >= (int)sizeof path) return;
    if (e->mask & IN_ISDIR) {
        if (f->recursive && e->mask & (IN_CREATE | IN_MOVED_TO) && watch_tree(f, path)) look_through(f, path, true);
    } else if (e->mask & (IN_DELETE | IN_MOVED_FROM)) {
        forget(f, path);
    } else if (names_is_photo(e->name) && is_whole(path, e->mask, &now) && remember(f, path, &now)) {
        if (!names_push(&f->found, path)) out_of_memory();
    }
}

static void
take_event(struct folders *f, const struct inotify_event *e)
{
    size_t i = 0;

    if (e->mask & IN_Q_OVERFLOW) {
        fputs("breedlens: too much at once: looking through the folders anew\n", stderr);
        watch_tree(f, f->root);
        look_through(f, f->root, true);
        return;
    }
    while (i < f->count && f->watched[i].id != e->wd) i++;
    if (i == f->count) return; /* of a folder that is not watched any more */
    if (e->mask & (IN_IGNORED | IN_MOVE_SELF)) {
        if (e->mask & IN_MOVE_SELF) inotify_rm_watch(f->fd, e->wd); /* its name is not what we know */
        drop_watch(f, i);
    } else if (e->len) {
        entry_event(f, f->watched[i].path, e);
    }
}

/* All events that are there, at once or after a wait. False when there will be none. */
static bool
read_events(struct folders *f)
{
    if (!stop_wait(f->fd)) return false;
    f->len = read(f->fd, f->buf, sizeof f->buf);
    for (f->at = 0; f->at < f->len;) {
        const struct inotify_event *e = (const struct inotify_event *)(f->buf + f->at);

        f->at += (ssize_t)(sizeof *e + e->len);
        take_event(f, e);
    }
    return f->len >= 0 || errno == EAGAIN || errno == EINTR;
}

char *
folders_next(struct folders *f)
{
    char *name = names_next(&f->found);

    while (!name && !f->gone && !stop_asked() && read_events(f)) name = names_next(&f->found);
    return name;
}
