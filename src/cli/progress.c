/* SPDX-License-Identifier: Apache-2.0
 * The bar and the lines. One thread's: the one that takes the answers.
 */
#include "progress.h"

#include <unistd.h>

enum { BAR_WIDTH = 30 };
static const double redraw_s = 0.1, first_line_s = 10, longest_line_s = 300;

static double
seconds_since(const struct timespec *t)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - t->tv_sec) + (double)(now.tv_nsec - t->tv_nsec) / 1e9;
}

void
progress_start(struct progress *p, size_t total)
{
    *p = (struct progress){ .live = isatty(STDERR_FILENO), .total = total, .interval_s = first_line_s };
    clock_gettime(CLOCK_MONOTONIC, &p->begun);
    p->told = p->begun;
}

double
progress_seconds(const struct progress *p)
{
    return seconds_since(&p->begun);
}

/* "1234 of 5000 (24 %), 213/s, 0:18 left, 3 failed" */
static void
print_state(const struct progress *p, size_t failed)
{
    double elapsed = progress_seconds(p), rate = elapsed > 0 ? (double)p->done / elapsed : 0;

    fprintf(stderr, "%zu", p->done);
    if (p->total) fprintf(stderr, " of %zu (%zu %%)", p->total, p->done * 100 / p->total);
    fprintf(stderr, ", %.*f/s", rate < 10 ? 1 : 0, rate);
    if (p->total > p->done && rate > 0) {
        unsigned long left = (unsigned long)((double)(p->total - p->done) / rate + 0.5);

        if (left >= 3600) fprintf(stderr, ", %lu:%02lu:%02lu left", left / 3600, left / 60 % 60, left % 60);
        else fprintf(stderr, ", %lu:%02lu left", left / 60, left % 60);
    }
    if (failed) fprintf(stderr, ", %zu failed", failed);
}

static void
draw_bar(struct progress *p, size_t failed)
{
    size_t full = p->total ? p->done * BAR_WIDTH / p->total : 0;

    fputs("\r\033[K", stderr);
    if (p->total) {
        putc('[', stderr);
        for (size_t i = 0; i < BAR_WIDTH; i++) putc(i < full ? '#' : '.', stderr);
        fputs("] ", stderr);
    }
    print_state(p, failed);
    fflush(stderr);
    p->drawn = true;
}

void
progress_step(struct progress *p, size_t failed)
{
    p->done++;
    if (seconds_since(&p->told) < (p->live ? redraw_s : p->interval_s)) return;
    clock_gettime(CLOCK_MONOTONIC, &p->told);
    if (p->live) {
        draw_bar(p, failed);
        return;
    }
    fputs("breedlens: ", stderr);
    print_state(p, failed);
    putc('\n', stderr);
    p->interval_s = p->interval_s * 2 < longest_line_s ? p->interval_s * 2 : longest_line_s;
}

void
progress_clear(struct progress *p)
{
    if (!p->drawn) return;
    fputs("\r\033[K", stderr);
    fflush(stderr);
    p->drawn = false;
}
