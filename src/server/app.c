/* SPDX-License-Identifier: Apache-2.0
 * The server as a whole: it starts, watches for bodies that never end, drains
 * and stops.
 */
#include "server.h"

#include "log.h"

#include <netdb.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    CONNECTION_BYTES = 64 << 10, /* libmicrohttpd's memory of a connection: headers, and a piece of the body */
    WATCH_MS = 200,
    DRAIN_POLL_MS = 20,
};

bool
app_reserve(struct app *app, size_t bytes)
{
    size_t cap = (size_t)app->config->max_inflight_mb << 20;

    if (atomic_fetch_add(&app->inflight_bytes, bytes) + bytes <= cap) return true;
    app_release(app, bytes);
    return false;
}

void
app_release(struct app *app, size_t bytes)
{
    atomic_fetch_sub(&app->inflight_bytes, bytes);
}

/* ---- the watch ---- */

void
app_watch(struct app *app, struct req *req)
{
    pthread_mutex_lock(&app->lock);
    req->watched = true;
    req->prev = NULL;
    req->next = app->reading;
    if (req->next) req->next->prev = req;
    app->reading = req;
    pthread_mutex_unlock(&app->lock);
}

void
app_unwatch(struct app *app, struct req *req)
{
    pthread_mutex_lock(&app->lock);
    if (req->watched) {
        if (req->prev) req->prev->next = req->next;
        else app->reading = req->next;
        if (req->next) req->next->prev = req->prev;
        req->watched = false;
    }
    pthread_mutex_unlock(&app->lock);
}

static void *
watch(void *context)
{
    struct app *app = context;
    struct timespec until;

    pthread_mutex_lock(&app->lock);
    while (!app->stopping) {
        clock_gettime(CLOCK_MONOTONIC, &until);
        for (struct req *req = app->reading; req; req = req->next) {
            if (req->timed_out || until.tv_sec - req->begun.tv_sec <= app->config->body_timeout_s) continue;
            req->timed_out = true;
            answer_raw_timeout(req); /* under the lock: a listed request's connection is still open */
        }
        until.tv_nsec += WATCH_MS * 1000000L;
        if (until.tv_nsec >= 1000000000L) {
            until.tv_sec++;
            until.tv_nsec -= 1000000000L;
        }
        pthread_cond_timedwait(&app->wake, &app->lock, &until);
    }
    pthread_mutex_unlock(&app->lock);
    return NULL;
}

/* ---- starting ---- */

static void __attribute__((format(printf, 2, 0))) log_daemon(void *context, const char *fmt, va_list ap)
{
    char text[256], quoted[300];

    (void)context;
    vsnprintf(text, sizeof text, fmt, ap);
    text[strcspn(text, "\r\n")] = '\0';
    log_event(LOG_LEVEL_DEBUG, NULL, "event=http-library text=%s", log_quote(text, quoted, sizeof quoted));
}

/* Without this an escaped path would be matched unescaped: %2e%2e is of no use to any route of ours. */
static size_t
keep_escaped(void *context, struct MHD_Connection *connection, char *text)
{
    (void)context;
    (void)connection;
    return strlen(text);
}

static bool
start_daemon(struct app *app)
{
    const struct config *c = app->config;
    struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE },
                    *found = NULL;
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG | MHD_USE_ITC;
    char port[16];
    int rc;

    snprintf(port, sizeof port, "%ld", c->port);
    rc = getaddrinfo(c->host, port, &hints, &found);
    if (rc) {
        fprintf(stderr, "breedlens: FLASK_HOST=%s: %s\n", c->host, gai_strerror(rc));
        return false;
    }
    if (found->ai_family == AF_INET6) flags |= MHD_USE_IPv6;
    app->daemon =
        MHD_start_daemon(flags, (uint16_t)c->port, NULL, NULL, http_handle, app, MHD_OPTION_EXTERNAL_LOGGER, log_daemon,
                         NULL, MHD_OPTION_SOCK_ADDR, found->ai_addr, MHD_OPTION_NOTIFY_COMPLETED, http_completed, app,
                         MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES, MHD_OPTION_CONNECTION_LIMIT,
                         (unsigned)c->max_connections, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)c->idle_timeout_s,
                         MHD_OPTION_UNESCAPE_CALLBACK, keep_escaped, NULL, MHD_OPTION_END);
    freeaddrinfo(found);
    if (!app->daemon) fprintf(stderr, "breedlens: cannot listen on %s port %ld: is it in use?\n", c->host, c->port);
    return app->daemon != NULL;
}

bool
app_start(struct app *app, const struct config *config, const struct app_parts *parts)
{
    pthread_condattr_t clock;
    struct bl_error err;

    memset(app, 0, sizeof *app);
    app->config = config;
    app->model = parts->model;
    app->backup = parts->backup;
    app->saver = parts->saver;
    app->in_memory = parts->in_memory;
    app->limits = (struct bl_limits){ .max_bytes = (size_t)config->max_upload_mb << 20,
                                      .max_pixels = (uint64_t)config->max_megapixels * 1000000,
                                      .max_side_px = (unsigned)config->max_side_px };
    pthread_mutex_init(&app->lock, NULL);
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&app->wake, &clock);
    pthread_condattr_destroy(&clock);
    app->queue = queue_new(app, (unsigned)config->queue_size, bl_model_get_info(app->model).workers, &err);
    if (!app->queue) {
        fprintf(stderr, "breedlens: %s\n", err.text);
        return false;
    }
    if (config->rate_limit_per_minute) {
        app->ratelimit = ratelimit_new((unsigned)config->rate_limit_per_minute);
        if (!app->ratelimit) fputs("breedlens: out of memory\n", stderr);
    }
    if ((config->rate_limit_per_minute && !app->ratelimit) || !start_daemon(app)) goto fail;
    if (pthread_create(&app->watch, NULL, watch, app) == 0) return true;
    fputs("breedlens: no thread could be started\n", stderr);
    MHD_stop_daemon(app->daemon);
fail:
    queue_free(app->queue);
    ratelimit_free(app->ratelimit);
    return false;
}

unsigned
app_port(const struct app *app)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(app->daemon, MHD_DAEMON_INFO_BIND_PORT);

    return info ? info->port : 0;
}

/* ---- stopping ---- */

void
app_drain(struct app *app, bool (*give_up)(void))
{
    struct timespec nap = { .tv_nsec = DRAIN_POLL_MS * 1000000L };
    long naps = app->config->drain_timeout_s * 1000 / DRAIN_POLL_MS, last_quarter = naps / 4;

    atomic_store(&app->draining, true);
    log_event(LOG_LEVEL_INFO, NULL, "event=drain begun=%u", atomic_load(&app->begun));
    while (atomic_load(&app->begun) && naps-- > 0 && !give_up()) {
        if (naps == last_quarter && app->backup) bl_backup_cancel(app->backup); /* so that their answers still go out */
        nanosleep(&nap, NULL);
    }
    if (atomic_load(&app->begun))
        log_event(LOG_LEVEL_WARN, NULL, "event=drain-given-up begun=%u", atomic_load(&app->begun));
}

void
app_stop(struct app *app)
{
    queue_free(app->queue); /* these first: they resume every suspended connection, which the daemon's end requires */
    bl_backup_free(app->backup);
    pthread_mutex_lock(&app->lock);
    app->stopping = true;
    pthread_cond_signal(&app->wake);
    pthread_mutex_unlock(&app->lock);
    pthread_join(app->watch, NULL);
    MHD_stop_daemon(app->daemon);
    ratelimit_free(app->ratelimit);
    pthread_cond_destroy(&app->wake);
    pthread_mutex_destroy(&app->lock);
}
