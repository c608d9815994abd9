/* SPDX-License-Identifier: Apache-2.0
 * The pool: each thread takes the next name and identifies it into a slot of a
 * ring; the calling thread hands the answers on, in order. A name is taken only
 * when its slot is free, so a slow reader holds up the threads, not the memory.
 */
#include "pool.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS_PER_JOB = 8 };

struct slot {
    bool ready;
    struct pool_answer answer;
};

struct pool {
    const struct pool_work *work;
    pthread_mutex_t source; /* held around next(), which may wait; taken before `lock` */
    pthread_mutex_t lock;   /* guards what follows */
    pthread_cond_t changed;
    struct slot *ring; /* photo i's slot is ring[i % slots] */
    size_t slots;
    size_t taken;   /* photos given to threads */
    size_t handled; /* photos before this one are handed on, their slots free */
    bool ended;     /* `taken` is final */
    bool stopped;
};

/* The next photo's slot with its name in it; NULL when there is none. */
static struct slot *
take_photo(struct pool *pool)
{
    struct slot *slot = NULL;
    char *file = NULL;
    bool stopped;

    pthread_mutex_lock(&pool->source);
    pthread_mutex_lock(&pool->lock);
    while (pool->taken >= pool->handled + pool->slots && !pool->stopped) pthread_cond_wait(&pool->changed, &pool->lock);
    stopped = pool->stopped || pool->ended;
    pthread_mutex_unlock(&pool->lock);
    if (!stopped) file = pool->work->next(pool->work->arg);
    pthread_mutex_lock(&pool->lock);
    if (file) {
        slot = &pool->ring[pool->taken++ % pool->slots];
        slot->answer.file = file;
    } else {
        pool->ended = true;
        pthread_cond_broadcast(&pool->changed);
    }
    pthread_mutex_unlock(&pool->lock);
    pthread_mutex_unlock(&pool->source);
    return slot;
}

static void *
work(void *arg)
{
    struct pool *pool = arg;
    const struct bl_options *opts = &pool->work->opts;
    struct bl_worker *worker;
    struct bl_error err;
    enum bl_status broken = bl_worker_new(pool->work->model, NULL, &worker, &err);
    struct slot *slot;

    while ((slot = take_photo(pool))) {
        struct pool_answer *a = &slot->answer;

        a->status = broken;
        if (broken) a->err = err;
        else if (strcmp(a->file, "-") == 0) a->status = bl_identify_stream(worker, stdin, opts, &a->result, &a->err);
        else a->status = bl_identify_path(worker, a->file, opts, &a->result, &a->err);
        pthread_mutex_lock(&pool->lock);
        slot->ready = true;
        pthread_cond_broadcast(&pool->changed);
        pthread_mutex_unlock(&pool->lock);
    }
    bl_worker_free(worker);
    return NULL;
}

/* Waits for the answer that is next in order; NULL after the last. */
static struct slot *
await_answer(struct pool *pool, bool *more)
{
    struct slot *slot = &pool->ring[pool->handled % pool->slots];

    pthread_mutex_lock(&pool->lock);
    while (!slot->ready && !(pool->ended && pool->handled == pool->taken))
        pthread_cond_wait(&pool->changed, &pool->lock);
    if (!slot->ready) slot = NULL;
    *more = pool->slots > 1 && pool->ring[(pool->handled + 1) % pool->slots].ready;
    pthread_mutex_unlock(&pool->lock);
    return slot;
}

static void
hand_on(struct pool *pool)
{
    struct slot *slot;
    bool more, stop = false;

    while ((slot = await_answer(pool, &more))) {
        if (!stop) stop = !pool->work->take(pool->work->arg, &slot->answer, more);
        free(slot->answer.file);
        pthread_mutex_lock(&pool->lock);
        slot->ready = false;
        pool->handled++;
        pool->stopped = stop;
        pthread_cond_broadcast(&pool->changed);
        pthread_mutex_unlock(&pool->lock);
    }
}

bool
pool_run(const struct pool_work *w)
{
    struct pool pool = { .work = w, .slots = (size_t)w->jobs * SLOTS_PER_JOB };
    pthread_t threads[JOBS_MAX];
    unsigned started = 0;

    pool.ring = calloc(pool.slots, sizeof *pool.ring);
    if (!pool.ring) {
        fputs("breedlens: out of memory\n", stderr);
        return false;
    }
    pthread_mutex_init(&pool.source, NULL);
    pthread_mutex_init(&pool.lock, NULL);
    pthread_cond_init(&pool.changed, NULL);
    while (started < w->jobs && pthread_create(&threads[started], NULL, work, &pool) == 0) started++;
    if (started) {
        hand_on(&pool);
    } else {
        fputs("breedlens: no thread could be started\n", stderr);
        pool.stopped = true;
    }
    for (unsigned i = 0; i < started; i++) pthread_join(threads[i], NULL);
    pthread_cond_destroy(&pool.changed);
    pthread_mutex_destroy(&pool.lock);
    pthread_mutex_destroy(&pool.source);
    free(pool.ring);
    return !pool.stopped;
}
