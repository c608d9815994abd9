/* SPDX-License-Identifier: Apache-2.0
 * libmicrohttpd's callbacks: a request begins, its body arrives, it waits
 * suspended while the workers have it, its answer goes out. The HTTP thread.
 *
 * An error found early is answered when the body is through, so that ordinary
 * clients, who send before they read, get to see it; a body that is far too
 * large or that waits for "100 Continue" is answered at once.
 */
#include "server.h"

#include "log.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum {
    HEADERS_MAX_BYTES = 16 << 10,
    FORM_OVERHEAD_BYTES = 64 << 10, /* boundaries, part headers and text fields beside the photos */
    DISCARD_FACTOR = 4,             /* of the largest proper body; beyond it nobody is waited for */
};

static const char *
header(const struct req *req, const char *name)
{
    return MHD_lookup_connection_value(req->connection, MHD_HEADER_KIND, name);
}

/* The client's own id when it is a sound one, else sixteen random hex digits. */
static void
set_id(struct req *req)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    const char *given = header(req, "X-Request-Id");
    uint8_t random[8] = { 0 };

    if (given && *given && strlen(given) <= REQUEST_ID_MAX && given[strspn(given, allowed)] == '\0') {
        memcpy(req->id, given, strlen(given) + 1); /* fits: the length has just been checked */
        return;
    }
    if (getrandom(random, sizeof random, 0) < 0) log_event(LOG_LEVEL_WARN, NULL, "event=no-randomness");
    for (size_t i = 0; i < sizeof random; i++) snprintf(req->id + 2 * i, 3, "%02x", random[i]);
}

static struct req *
req_new(struct app *app, struct MHD_Connection *connection, const char *path, const char *method)
{
    const union MHD_ConnectionInfo *fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct req *req = calloc(1, sizeof *req);
    const char *length;

    if (!req) return NULL;
    req->app = app;
    req->connection = connection;
    req->fd = fd ? fd->connect_fd : -1;
    req->method = method;
    req->path = path;
    clock_gettime(CLOCK_MONOTONIC, &req->begun);
    length = header(req, MHD_HTTP_HEADER_CONTENT_LENGTH);
    req->declared = length ? strtoull(length, NULL, 10) : 0;
    set_id(req);
    return req;
}

/* The largest body that a proper request of this route has. */
static uint64_t
body_max(const struct req *req)
{
    return (uint64_t)req->route->max_files * req->app->limits.max_bytes + FORM_OVERHEAD_BYTES;
}

/* Everything that the header alone decides; sets the answer when it is an error. */
static void
check_header(struct req *req)
{
    const union MHD_ConnectionInfo *size =
        MHD_get_connection_info(req->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    const union MHD_ConnectionInfo *peer = MHD_get_connection_info(req->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    struct answer *a = &req->answer;
    bool known;

    if (size && size->header_size > HEADERS_MAX_BYTES) {
        refuse(req, REFUSE_HEADERS, NULL);
        return;
    }
    if (atomic_load(&req->app->draining)) {
        a->close = true;
        refuse(req, REFUSE_BUSY, NULL);
        return;
    }
    req->route = route_find(req->method, req->path, &known, a->allow, sizeof a->allow);
    if (!known) {
        *a->allow = '\0';
        refuse(req, REFUSE_NOT_FOUND, NULL);
    } else if (!strcmp(req->method, MHD_HTTP_METHOD_OPTIONS)) {
        a->status = MHD_HTTP_NO_CONTENT;
    } else if (!req->route) {
        refuse(req, REFUSE_METHOD, NULL);
    } else {
        *a->allow = '\0';
        if (!req->route->file) return;
        if (req->app->ratelimit && peer) a->retry_s = ratelimit_take(req->app->ratelimit, peer->client_addr);
        if (a->retry_s) refuse(req, REFUSE_RATE, NULL);
        else form_begin(req);
    }
}

/* Is there a body that is not worth reading to its end before the answer? */
static bool
answer_at_once(struct req *req)
{
    const char *expect = header(req, MHD_HTTP_HEADER_EXPECT);
    uint64_t max = req->route && req->route->file ? body_max(req) : req->app->limits.max_bytes;
    char limit[16];

    if (req->route && req->route->file && req->declared > max) {
        snprintf(limit, sizeof limit, "%ld", req->app->config->max_upload_mb);
        refuse(req, REFUSE_TOO_LARGE, limit);
    }
    if (!req->answer.status) return false;
    if (req->declared > DISCARD_FACTOR * max || (expect && strcasestr(expect, "100-continue"))) {
        req->answer.close = true;
        return true;
    }
    return false;
}

static enum MHD_Result
begin(struct app *app, struct MHD_Connection *connection, const char *path, const char *method, void **context)
{
    struct req *req = req_new(app, connection, path, method);

    if (!req) return MHD_NO;
    *context = req;
    check_header(req);
    if (!atomic_load(&app->draining)) {
        atomic_fetch_add(&app->begun, 1);
        req->counted = true;
    }
    if (answer_at_once(req)) return answer_send(req);
    app_watch(app, req);
    return MHD_YES;
}

static enum MHD_Result
take_body(struct req *req, const char *data, size_t *size)
{
    char limit[16];

    req->bytes_in += *size;
    if (req->route && req->route->file && req->bytes_in > body_max(req) && !req->answer.status) {
        snprintf(limit, sizeof limit, "%ld", req->app->config->max_upload_mb);
        refuse(req, REFUSE_TOO_LARGE, limit);
    }
    if (req->bytes_in > DISCARD_FACTOR * (req->route && req->route->file ? body_max(req) : req->app->limits.max_bytes))
        return MHD_NO; /* a body without end: libmicrohttpd cannot answer in the middle of one */
    if (!req->answer.status) form_feed(req, data, *size);
    *size = 0;
    return MHD_YES;
}

/* The request is whole: to the workers with it, or to its answer. */
static enum MHD_Result
finish(struct req *req)
{
    app_unwatch(req->app, req);
    if (req->timed_out) return MHD_NO; /* the watch has answered */
    if (!req->answer.status && req->route->file && form_finish(req)) {
        req->stage = REQ_QUEUED;
        MHD_suspend_connection(req->connection); /* before the push: a worker may be that fast */
        if (queue_push(req->app->queue, req)) return MHD_YES;
        refuse(req, REFUSE_BUSY, NULL);
        MHD_resume_connection(req->connection);
        return MHD_YES;
    }
    if (!req->answer.status) answer_compose(req);
    return answer_send(req);
}

enum MHD_Result
http_handle(void *app, struct MHD_Connection *connection, const char *path, const char *method, const char *version,
            const char *data, size_t *size, void **context)
{
    struct req *req = *context;

    (void)version;
    if (!req) return begin(app, connection, path, method, context);
    if (req->stage == REQ_QUEUED) return answer_send(req);
    if (req->stage == REQ_ANSWERED) return MHD_YES;
    if (*size) return take_body(req, data, size);
    return finish(req);
}

void
http_resume(struct req *req)
{
    MHD_resume_connection(req->connection);
}

void
http_completed(void *context, struct MHD_Connection *connection, void **slot, enum MHD_RequestTerminationCode code)
{
    struct app *app = context;
    struct req *req = *slot;
    struct timespec now;
    char path[160], cause[2 * CAUSE_MAX];

    (void)connection;
    if (!req) return;
    app_unwatch(app, req);
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (req->timed_out) req->answer.status = MHD_HTTP_REQUEST_TIMEOUT;
    else if (code == MHD_REQUEST_TERMINATED_CLIENT_ABORT)
        snprintf(req->answer.cause, sizeof req->answer.cause, "the client went away");
    log_event(req->answer.status >= 500 ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, req->id,
              "event=request method=%s path=%s status=%u in=%llu out=%llu ms=%.1f%s%s", req->method,
              log_quote(req->path, path, sizeof path), req->answer.status, (unsigned long long)req->bytes_in,
              (unsigned long long)req->bytes_out,
              (double)(now.tv_sec - req->begun.tv_sec) * 1e3 + (double)(now.tv_nsec - req->begun.tv_nsec) / 1e6,
              *req->answer.cause ? " cause=" : "",
              *req->answer.cause ? log_quote(req->answer.cause, cause, sizeof cause) : "");
    form_free(req);
    free(req->answer.body);
    if (req->counted) atomic_fetch_sub(&app->begun, 1);
    free(req);
    *slot = NULL;
}
