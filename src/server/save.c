/* SPDX-License-Identifier: Apache-2.0
 * SAVE_IMAGES_TO_DISK=true: identified photos kept in UPLOAD_DIR, as
 * <date>/<request-id>.<ext>. A photo is written under a temporary name, synced
 * and renamed, so that a crash never leaves half of one; the oldest go when the
 * folder is over its bound. The workers run it, writing at once; the lock is for
 * the folder's size.
 */
#include "server.h"

#include "log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* "2026-01-31", and a name within: an id, a number and an extension. */
enum { DATE_LEN = 10, NAME_LEN = REQUEST_ID_MAX + 32, SAME_NAME_MAX = 1000 };
static const char temporary[] = ".part-";

struct saver {
    int dir; /* UPLOAD_DIR */
    uint64_t max_bytes;
    pthread_mutex_t lock; /* guards bytes, and that one thread at a time removes */
    uint64_t bytes;
    atomic_uint serial; /* of temporary names */
};

/* A saved photo, when the oldest are looked for. */
struct entry {
    struct timespec time;
    uint64_t bytes;
    char path[DATE_LEN + 1 + NAME_LEN];
};

/* ---- the folder ---- */

static bool
is_date(const char *name)
{
    static const char form[] = "dddd-dd-dd";

    for (int i = 0; i < DATE_LEN; i++)
        if (form[i] == 'd' ? name[i] < '0' || name[i] > '9' : name[i] != '-') return false;
    return name[DATE_LEN] == '\0';
}

/* What `visit` does with each regular file below a folder named as a date; nothing else is ever touched. */
typedef void visit_fn(struct saver *s, const char *path, const char *name, const struct stat *info, void *context);

static void
walk_date(struct saver *s, const char *date, visit_fn *visit, void *context)
{
    int fd = openat(s->dir, date, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *e;

    if (!dir && fd >= 0) close(fd);
    while (dir && (e = readdir(dir))) {
        char path[DATE_LEN + 1 + NAME_LEN];
        struct stat info;

        if (strlen(e->d_name) >= NAME_LEN || fstatat(fd, e->d_name, &info, AT_SYMLINK_NOFOLLOW) ||
            !S_ISREG(info.st_mode))
            continue;
        snprintf(path, sizeof path, "%.*s/%s", DATE_LEN, date, e->d_name);
        visit(s, path, e->d_name, &info, context);
    }
    if (dir) closedir(dir);
}

static void
walk(struct saver *s, visit_fn *visit, void *context)
{
    int fd = openat(s->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *e;

    if (!dir && fd >= 0) close(fd);
    while (dir && (e = readdir(dir)))
        if (is_date(e->d_name)) walk_date(s, e->d_name, visit, context);
    if (dir) closedir(dir);
}

/* At the start: how much there is; what a crash left half written goes. */
static void
take_stock(struct saver *s, const char *path, const char *name, const struct stat *info, void *context)
{
    (void)context;
    if (strncmp(name, temporary, sizeof temporary - 1) == 0) unlinkat(s->dir, path, 0);
    else s->bytes += (uint64_t)info->st_size;
}

struct list {
    struct entry *entries;
    size_t count, room;
};

static void
collect(struct saver *s, const char *path, const char *name, const struct stat *info, void *context)
{
    struct list *list = context;

    (void)s;
    if (strncmp(name, temporary, sizeof temporary - 1) == 0) return; /* somebody is writing it */
    if (list->count == list->room) {
        size_t room = list->room ? list->room * 2 : 256;
        struct entry *more = realloc(list->entries, room * sizeof *more);

        if (!more) return; /* the rest is for the next time */
        list->entries = more;
        list->room = room;
    }
    list->entries[list->count].time = info->st_mtim;
    list->entries[list->count].bytes = (uint64_t)info->st_size;
    snprintf(list->entries[list->count++].path, sizeof list->entries->path, "%s", path);
}

static int
older_first(const void *a, const void *b)
{
    const struct timespec *x = &((const struct entry *)a)->time, *y = &((const struct entry *)b)->time;

    if (x->tv_sec != y->tv_sec) return x->tv_sec < y->tv_sec ? -1 : 1;
    return x->tv_nsec < y->tv_nsec ? -1 : x->tv_nsec > y->tv_nsec;
}

/* Under the lock. A tenth more than is needed, so that not every photo has to look through the folder. */
static void
remove_oldest(struct saver *s)
{
    struct list list = { 0 };
    uint64_t bytes = 0;
    char date[DATE_LEN + 1];
    unsigned removed = 0;

    walk(s, collect, &list);
    qsort(list.entries, list.count, sizeof *list.entries, older_first);
    for (size_t i = 0; i < list.count; i++) bytes += list.entries[i].bytes;
    for (size_t i = 0; i < list.count && bytes > s->max_bytes - s->max_bytes / 10; i++) {
        if (unlinkat(s->dir, list.entries[i].path, 0)) continue;
        bytes -= list.entries[i].bytes;
        removed++;
        snprintf(date, sizeof date, "%.*s", DATE_LEN, list.entries[i].path);
        unlinkat(s->dir, date, AT_REMOVEDIR); /* unless others are in it */
    }
    s->bytes = bytes;
    free(list.entries);
    log_event(LOG_LEVEL_INFO, NULL, "event=saved-removed photos=%u left_bytes=%llu", removed,
              (unsigned long long)bytes);
}

/* ---- one photo ---- */

static bool
write_all(int fd, const uint8_t *data, size_t len)
{
    while (len) {
        ssize_t n = write(fd, data, len);

        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        data += n;
        len -= (size_t)n;
    }
    return fsync(fd) == 0;
}

/* Give the written file its name; another of that name, the client chooses its ids, stays what it is. */
static bool
name_it(int dir, const char *part, const char *id, unsigned index, const char *ext)
{
    char name[NAME_LEN];

    for (unsigned again = 1; again <= SAME_NAME_MAX; again++) {
        char nth[16] = "", of_batch[16] = "";

        if (index) snprintf(of_batch, sizeof of_batch, "_%u", index);
        if (again > 1) snprintf(nth, sizeof nth, "~%u", again);
        snprintf(name, sizeof name, "%s%s%s.%s", id, of_batch, nth, ext);
        if (renameat2(dir, part, dir, name, RENAME_NOREPLACE) == 0) return fsync(dir) == 0;
        if (errno != EEXIST) return false;
    }
    return false;
}

/* 0, or the errno of what went wrong. */
static int
write_photo(struct saver *s, const char *id, unsigned index, const uint8_t *data, size_t len, const char *ext)
{
    char date[DATE_LEN + 1 + 20], part[64];
    time_t now = time(NULL);
    int dir, fd, error = 0;
    struct tm utc;

    gmtime_r(&now, &utc);
    strftime(date, sizeof date, "%Y-%m-%d", &utc);
    if (mkdirat(s->dir, date, 0700) && errno != EEXIST) return errno;
    dir = openat(s->dir, date, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dir < 0) return errno;
    snprintf(part, sizeof part, "%s%ld-%u", temporary, (long)getpid(), atomic_fetch_add(&s->serial, 1));
    fd = openat(dir, part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        error = errno;
    } else {
        if (!write_all(fd, data, len)) error = errno;
        if (close(fd) && !error) error = errno;
        if (!error && !name_it(dir, part, id, index, ext)) error = errno;
        if (error) unlinkat(dir, part, 0);
    }
    close(dir);
    return error;
}

static const char *
say(int error)
{
    switch (error) {
    case ENOSPC:
    case EDQUOT: return "the disk is full";
    case EFBIG: return "the photo is larger than UPLOAD_MAX_MB";
    default: return "the photo could not be saved";
    }
}

const char *
saver_save(struct saver *s, const char *id, unsigned index, const uint8_t *data, size_t len, enum bl_format format)
{
    const char *ext = format == BL_FORMAT_JPEG ? "jpg" : bl_format_name(format);
    int error = len > s->max_bytes ? EFBIG : write_photo(s, id, index, data, len, ext);

    if (error) {
        log_event(LOG_LEVEL_ERROR, id, "event=save text=\"%s\" cause=\"%s\"", say(error), strerror(error));
        return say(error);
    }
    pthread_mutex_lock(&s->lock);
    s->bytes += len;
    if (s->bytes > s->max_bytes) remove_oldest(s);
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

/* ---- start and end ---- */

/* The folder, made when missing: a real one, ours to write in. -1 after one line to stderr. */
static int
open_folder(const char *path)
{
    int dir = -1, probe;
    const char *fault = NULL;
    struct stat info;

    if (mkdir(path, 0700) && errno != EEXIST) fault = strerror(errno);
    else if (lstat(path, &info)) fault = strerror(errno);
    else if (S_ISLNK(info.st_mode)) fault = "it is a symbolic link; name the folder itself";
    else if (!S_ISDIR(info.st_mode)) fault = "it is no folder";
    else if ((dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) < 0) fault = strerror(errno);
    if (!fault) {
        probe = openat(dir, ".part-probe", O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (probe < 0) fault = strerror(errno);
        else close(probe);
        if (probe >= 0) unlinkat(dir, ".part-probe", 0);
    }
    if (!fault) return dir;
    fprintf(stderr, "breedlens: UPLOAD_DIR=%s: %s\n", path, fault);
    if (dir >= 0) close(dir);
    return -1;
}

struct saver *
saver_new(const char *path, uint64_t max_bytes)
{
    struct saver *s = calloc(1, sizeof *s);

    if (!s) {
        fputs("breedlens: out of memory\n", stderr);
        return NULL;
    }
    s->dir = open_folder(path);
    if (s->dir < 0) {
        free(s);
        return NULL;
    }
    s->max_bytes = max_bytes;
    pthread_mutex_init(&s->lock, NULL);
    walk(s, take_stock, NULL);
    if (s->bytes > s->max_bytes) remove_oldest(s);
    return s;
}

int
saver_folder(const struct saver *s)
{
    return s->dir;
}

void
saver_free(struct saver *s)
{
    if (!s) return;
    close(s->dir);
    pthread_mutex_destroy(&s->lock);
    free(s);
}
