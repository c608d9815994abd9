/* SPDX-License-Identifier: Apache-2.0
 * The limit: the library in a bare loop on every core, photos already in memory, no HTTP.
 *   usage: limit [--explain] SECONDS PHOTO...      prints: photos a second, peak RSS in kB
 */
#include "load.h"

#include <breedlens.h>
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { PHOTOS_MAX = 64, CORES_MAX = 256 };

struct run {
    struct bl_model *model;
    struct bl_options options;
    struct loaded photos[PHOTOS_MAX];
    int count;
    double until;
};

struct thread {
    pthread_t id;
    const struct run *run;
    unsigned done;
};

static double
now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void *
work(void *arg)
{
    struct thread *t = arg;
    struct bl_worker *worker;
    struct bl_result result;
    struct bl_error err;

    if (bl_worker_new(t->run->model, NULL, &worker, &err)) exit(EXIT_FAILURE);
    while (now() < t->run->until) {
        const struct loaded *p = &t->run->photos[t->done % (unsigned)t->run->count];

        if (bl_identify(worker, p->data, p->len, &t->run->options, &result, &err)) exit(EXIT_FAILURE);
        t->done++;
    }
    bl_worker_free(worker);
    return NULL;
}

/* What only the first photo needs is made ready before the clock runs. */
static void
warm_up(const struct run *run)
{
    struct bl_worker *worker;
    struct bl_result result;
    struct bl_error err;

    if (bl_worker_new(run->model, NULL, &worker, &err) ||
        bl_identify(worker, run->photos[0].data, run->photos[0].len, &run->options, &result, &err)) {
        fprintf(stderr, "limit: %s\n", err.text);
        exit(EXIT_FAILURE);
    }
    bl_worker_free(worker);
}

int
main(int argc, char **argv)
{
    struct thread threads[CORES_MAX];
    struct run run = { .options = bl_options_default() };
    struct bl_error err;
    struct rusage usage;
    unsigned workers, done = 0;
    double begun, seconds;

    if (argc > 1 && !strcmp(argv[1], "--explain")) {
        run.options.explain = 1;
        argc--;
        argv++;
    }
    if (argc < 3 || argc - 2 > PHOTOS_MAX) return fputs("usage: limit [--explain] SECONDS PHOTO...\n", stderr), 2;
    for (int i = 2; i < argc; i++) run.photos[run.count++] = load(argv[i]);
    if (bl_model_open(NULL, NULL, &run.model, &err)) return fprintf(stderr, "limit: %s\n", err.text), 1;
    workers = bl_model_get_info(run.model).workers;
    warm_up(&run);
    begun = now();
    run.until = begun + strtod(argv[1], NULL);
    for (unsigned i = 0; i < workers; i++) {
        threads[i] = (struct thread){ .run = &run };
        if (pthread_create(&threads[i].id, NULL, work, &threads[i])) return 1;
    }
    for (unsigned i = 0; i < workers; i++) {
        pthread_join(threads[i].id, NULL);
        done += threads[i].done;
    }
    seconds = now() - begun;
    getrusage(RUSAGE_SELF, &usage);
    printf("%.2f %ld\n", done / seconds, usage.ru_maxrss);
    for (int i = 0; i < run.count; i++) free(run.photos[i].data);
    bl_model_close(run.model);
    return 0;
}
