/* SPDX-License-Identifier: Apache-2.0
 * The bounded queue of photos and the workers that identify them. A request's
 * photos enter together or not at all; whoever finishes its last one composes
 * the answer.
 */
#include "server.h"

#include <stdlib.h>

struct job {
    struct req *req;
    unsigned index; /* of its photo */
};

struct queue {
    struct app *app;
    pthread_mutex_t lock; /* guards the ring and `ending` */
    pthread_cond_t filled;
    struct job *ring;
    unsigned size, first, count;
    bool ending;
    unsigned workers; /* threads that run */
    struct worker {
        struct queue *queue;
        struct bl_worker *identifier;
        pthread_t thread;
    } * worker;
};

static bool
pop(struct queue *q, struct job *job)
{
    pthread_mutex_lock(&q->lock);
    while (!q->count && !q->ending) pthread_cond_wait(&q->filled, &q->lock);
    if (q->count) {
        *job = q->ring[q->first];
        q->first = (q->first + 1) % q->size;
        q->count--;
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
    struct job job;

    while (pop(w->queue, &job)) {
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

    if (q) {
        q->app = app;
        q->size = size;
        q->ring = calloc(size, sizeof *q->ring);
        q->worker = calloc(workers, sizeof *q->worker);
        pthread_mutex_init(&q->lock, NULL);
        pthread_cond_init(&q->filled, NULL);
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
