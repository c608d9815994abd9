/* SPDX-License-Identifier: Apache-2.0
 * The bounded queue of photos and the workers that identify them. A request's
 * photos enter together or not at all; whoever finishes its last one composes
 * the answer.
 */
#include "server.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

enum { REST_AFTER_MS = 100 };

struct job {
    struct req *req;
    unsigned index; /* of its photo */
};

struct queue {
    struct app *app;
    pthread_mutex_t lock; /* guards the ring and what follows it, but not the workers */
    pthread_cond_t filled;
    struct job *ring;
    unsigned size, first, count;
    bool ending;
    unsigned busy;    /* workers that have a photo */
    bool unrested;    /* the network has seen a photo since it last rested */
    unsigned workers; /* threads that run */
    struct worker {
        struct queue *queue;
        struct bl_worker *identifier;
        pthread_t thread;
    } * worker;
};

/*
 * Nothing waits: when it has been so for a moment, what the network still holds
 * of the last photos is overwritten. One worker does it for all; under the lock
 * is only the decision.
 */
static void
wait_idle(struct queue *q)
{
    struct timespec until;

    if (!q->unrested) {
        pthread_cond_wait(&q->filled, &q->lock);
        return;
    }
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += REST_AFTER_MS * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    if (pthread_cond_timedwait(&q->filled, &q->lock, &until) != ETIMEDOUT || q->count || q->busy || !q->unrested)
        return;
    q->unrested = false;
    pthread_mutex_unlock(&q->lock);
    bl_model_rest(q->app->model);
    pthread_mutex_lock(&q->lock);
}

static bool
pop(struct queue *q, struct job *job, bool was_busy)
{
    pthread_mutex_lock(&q->lock);
    if (was_busy) q->busy--;
    while (!q->count && !q->ending) wait_idle(q);
    if (q->count) {
        *job = q->ring[q->first];
        q->first = (q->first + 1) % q->size;
        q->count--;
        q->busy++;
        q->unrested = true;
    } else {
        job->req = NULL;
    }
    pthread_mutex_unlock(&q->lock);
    return job->req != NULL;
}

void
queue_photo_done(struct req *req)
{
    if (atomic_fetch_sub(&req->pending, 1) != 1) return;
    answer_compose(req);
    http_resume(req); /* and it is no longer ours */
}

static void *
work(void *arg)
{
    struct worker *w = arg;
    bool was_busy = false;
    struct job job;

    for (; pop(w->queue, &job, was_busy); was_busy = true) {
        struct req *req = job.req;
        struct photo *photo = &req->photos[job.index];

        if (!photo->refused)
            photo->status =
                bl_identify(w->identifier, photo->data, photo->len, &req->options, &photo->result, &photo->err);
        keep_photo(req, photo);
        photo_drop(req->app, photo);
        queue_photo_done(req);
    }
    return NULL;
}

static bool
start_worker(struct queue *q, struct bl_error *err)
{
    struct worker *w = &q->worker[q->workers];

    w->queue = q;
    if (bl_worker_new(q->app->model, &q->app->limits, &w->identifier, err)) return false;
    if (pthread_create(&w->thread, NULL, work, w) == 0) {
        q->workers++;
        return true;
    }
    bl_worker_free(w->identifier);
    err->status = BL_E_NOMEM;
    snprintf(err->text, sizeof err->text, "no thread for a worker");
    return false;
}

struct queue *
queue_new(struct app *app, unsigned size, unsigned workers, struct bl_error *err)
{
    struct queue *q = calloc(1, sizeof *q);
    pthread_condattr_t clock;

    if (q) {
        q->app = app;
        q->size = size;
        q->ring = calloc(size, sizeof *q->ring);
        q->worker = calloc(workers, sizeof *q->worker);
        pthread_mutex_init(&q->lock, NULL);
        pthread_condattr_init(&clock);
        pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
        pthread_cond_init(&q->filled, &clock);
        pthread_condattr_destroy(&clock);
    }
    if (!q || !q->ring || !q->worker) {
        err->status = BL_E_NOMEM;
        snprintf(err->text, sizeof err->text, "out of memory");
        queue_free(q);
        return NULL;
    }
    for (unsigned i = 0; i < workers; i++) {
        if (start_worker(q, err)) continue;
        queue_free(q);
        return NULL;
    }
    return q;
}

bool
queue_push(struct queue *q, struct req *req)
{
    bool fits;

    pthread_mutex_lock(&q->lock);
    fits = !q->ending && q->size - q->count >= req->photo_count;
    if (fits) {
        atomic_store(&req->pending, req->photo_count);
        for (unsigned i = 0; i < req->photo_count; i++)
            q->ring[(q->first + q->count++) % q->size] = (struct job){ req, i };
        if (req->photo_count == 1) pthread_cond_signal(&q->filled);
        else pthread_cond_broadcast(&q->filled);
    }
    pthread_mutex_unlock(&q->lock);
    return fits;
}

unsigned
queue_waiting(struct queue *q)
{
    unsigned n;

    pthread_mutex_lock(&q->lock);
    n = q->count;
    pthread_mutex_unlock(&q->lock);
    return n;
}

/* Requests that still wait when the time to drain is over. */
static void
abandon(struct queue *q)
{
    struct job job;

    pthread_mutex_lock(&q->lock);
    q->ending = true;
    pthread_cond_broadcast(&q->filled);
    while (q->count) {
        job = q->ring[q->first];
        q->first = (q->first + 1) % q->size;
        q->count--;
        refuse(job.req, REFUSE_BUSY, NULL);
        photo_drop(q->app, &job.req->photos[job.index]);
        if (atomic_fetch_sub(&job.req->pending, 1) == 1) http_resume(job.req);
    }
    pthread_mutex_unlock(&q->lock);
}

void
queue_free(struct queue *q)
{
    if (!q) return;
    abandon(q);
    for (unsigned i = 0; i < q->workers; i++) {
        pthread_join(q->worker[i].thread, NULL);
        bl_worker_free(q->worker[i].identifier);
    }
    pthread_cond_destroy(&q->filled);
    pthread_mutex_destroy(&q->lock);
    free(q->worker);
    free(q->ring);
    free(q);
}
