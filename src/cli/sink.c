/* SPDX-License-Identifier: Apache-2.0
 * A record is made whole, then written by one call; what a full disk cut short is
 * taken back. A photo moves only after its record is on disk: a crash between
 * the two leaves a record that says where the photo was going.
 */
#include "sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const double sync_s = 1; /* a crash of the machine repeats no more than this */

static const char *
name_of(const struct sink *s)
{
    return s->path ? s->path : "standard output";
}

static bool
lose(struct sink *s)
{
    progress_clear(&s->progress);
    if (errno != EPIPE) fprintf(stderr, "breedlens: %s: %s\n", name_of(s), strerror(errno));
    s->gone = true;
    return false;
}

static bool
write_whole(struct sink *s, const char *text, size_t len)
{
    off_t before = s->regular ? lseek(s->fd, 0, SEEK_CUR) : 0;

    while (len) {
        ssize_t n = write(s->fd, text, len);

        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            int why = errno;

            if (s->regular && ftruncate(s->fd, before)) why = errno;
            errno = why;
            return lose(s);
        }
        text += n;
        len -= (size_t)n;
    }
    s->dirty = s->regular;
    return true;
}

bool
sink_open(struct sink *s, bool go_on)
{
    struct stat info;

    s->fd = STDOUT_FILENO;
    if (s->path) s->fd = open(s->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (s->fd < 0 || fstat(s->fd, &info)) {
        fprintf(stderr, "breedlens: %s: %s\n", name_of(s), strerror(errno));
        return false;
    }
    s->regular = s->path && S_ISREG(info.st_mode);
    if (s->regular && flock(s->fd, LOCK_EX | LOCK_NB)) {
        fprintf(stderr, "breedlens: %s: another run is writing it\n", s->path);
        close(s->fd);
        return false;
    }
    if (s->regular && info.st_size > 0 && !go_on) {
        fprintf(stderr, "breedlens: %s: exists already; --resume goes on with it, nothing is overwritten\n", s->path);
        close(s->fd);
        return false;
    }
    clock_gettime(CLOCK_MONOTONIC, &s->synced);
    if (s->regular && lseek(s->fd, 0, SEEK_END) > 0) return true;
    return write_whole(s, record_heading(s->format), strlen(record_heading(s->format)));
}

bool
sink_cut(struct sink *s, off_t len)
{
    if (ftruncate(s->fd, len) || lseek(s->fd, len, SEEK_SET) < 0) return lose(s);
    return len > 0 || write_whole(s, record_heading(s->format), strlen(record_heading(s->format)));
}

static bool
bring_to_disk(struct sink *s)
{
    if (s->dirty && fdatasync(s->fd)) return lose(s);
    s->dirty = false;
    clock_gettime(CLOCK_MONOTONIC, &s->synced);
    return true;
}

static bool
sync_is_due(const struct sink *s)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - s->synced.tv_sec) + (double)(now.tv_nsec - s->synced.tv_nsec) / 1e9 >= sync_s;
}

static bool
run_moves(struct sink *s)
{
    if (!s->mover.count) return true;
    if (!bring_to_disk(s)) return false;
    progress_clear(&s->progress);
    for (size_t i = 0; s->will_move && i < s->mover.count; i++)
        s->will_move(s->arg, s->mover.pending[i].from, s->mover.pending[i].to);
    s->not_moved += mover_run(&s->mover);
    return true;
}

bool
sink_take(void *arg, const struct pool_answer *a, bool more)
{
    struct sink *s = arg;
    const char *moved_to = NULL;
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    bool ok;

    if (a->status) {
        tally_fail(&s->tally, a->file, a->err.text);
    } else {
        tally_add(&s->tally, record_species(&a->result), record_breed(&a->result));
        if (s->mover.pattern)
            moved_to = mover_plan(&s->mover, a->file, record_species(&a->result), record_breed(&a->result));
    }
    ok = out && record_write(out, s->format, a, moved_to);
    if (out && fclose(out)) ok = false;
    if (!ok) errno = ENOMEM;
    if (ok && !s->path) progress_clear(&s->progress); /* both may be the same terminal */
    ok = ok ? write_whole(s, text, len) : lose(s);
    free(text);
    if (ok && sync_is_due(s)) ok = bring_to_disk(s);
    /* Many moves share one wait for the disk, as long as answers come without one. */
    if (ok && (!more || s->mover.count == MOVES_PENDING_MAX)) ok = run_moves(s);
    progress_step(&s->progress, s->tally.failed);
    return ok;
}

bool
sink_close(struct sink *s)
{
    bool ok = !s->gone && run_moves(s) && bring_to_disk(s);

    mover_clear(&s->mover); /* of an output that is gone: their photos stay */
    if (s->path && close(s->fd) && ok) ok = lose(s);
    return ok && !s->not_moved;
}

void
sink_summary(struct sink *s)
{
    double seconds = progress_seconds(&s->progress);

    progress_clear(&s->progress);
    fprintf(stderr, "breedlens: %zu photos in %.1f s (%.0f/s)", s->progress.done, seconds,
            seconds > 0 ? (double)s->progress.done / seconds : 0);
    if (s->tally.identified + s->tally.failed > s->progress.done) fprintf(stderr, "; with those of earlier runs");
    fprintf(stderr, ": %zu identified, %zu failed\n", s->tally.identified, s->tally.failed);
    tally_print(stderr, &s->tally);
}
