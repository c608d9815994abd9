/* SPDX-License-Identifier: Apache-2.0
 * What the server's files share. A request passes them in this order:
 *   http.c -> form.c (body arrives) -> queue.c (identified) -> keep.c (saved, backed up, if asked)
 *   -> routes.c (answer composed) -> reply.c (sent)
 *
 * Threads: one of libmicrohttpd's moves bytes and runs http, form and reply;
 * the workers run queue and the routes' compose; a watch thread in app.c answers
 * for clients that never finish their body. A request belongs to the HTTP thread
 * until it is queued, to the workers (and the backup's thread) until its
 * connection is resumed, then to the HTTP thread again.
 */
#ifndef BL_SERVER_H
#define BL_SERVER_H

#include "breedlens.h"
#include "config.h"

#include <jansson.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

enum { BATCH_MAX = 32, REQUEST_ID_MAX = 64, FIELD_MAX = 256, CAUSE_MAX = 400 };

struct req;

/* ---- routes.c: one row an endpoint ---- */

enum field { FIELD_TOP_K, FIELD_UPLOAD, FIELD_SPECIES, FIELD_EXPLAIN, FIELDS };

struct route {
    const char *method;
    const char *path;
    const char *name; /* in the index of `GET /`, NULL when it is not listed there */
    const char *file; /* the form field that holds photos; NULL: no body */
    unsigned max_files;
    unsigned fields;                           /* bits 1 << enum field that it takes */
    unsigned top_k;                            /* when the client names none */
    const char *page;                          /* of web/; beside `compose`: for whoever prefers HTML to JSON */
    const char *schema;                        /* of its answer, in /openapi.json; NULL: not described there */
    const char *summary, *about;               /* likewise */
    json_t *(*compose)(const struct req *req); /* the whole answer, NULL when out of memory; any thread */
};

/* The route of a path and method; NULL with *known telling whether the path has other methods, listed in `allow`. */
const struct route *route_find(const char *method, const char *path, bool *known, char *allow, size_t size);
/* The form field of a name that this route takes; FIELDS when none. */
enum field route_field(const struct route *route, const char *name);
const char *field_name(enum field field);
/* The index-th row, NULL beyond the last. */
const struct route *route_at(size_t index);

/* ---- app.c ---- */

struct app {
    const struct config *config;
    struct bl_model *model;
    struct bl_backup *backup; /* NULL: none is configured */
    struct saver *saver;      /* NULL: photos are not saved */
    struct bl_limits limits;
    const char *in_memory; /* for /health: "enforced", "by design", or "off" when photos are saved */
    struct MHD_Daemon *daemon;
    struct queue *queue;
    struct ratelimit *ratelimit; /* NULL: no limit */
    atomic_bool draining;
    atomic_size_t inflight_bytes; /* of uploads, by capacity */
    atomic_uint begun;            /* requests accepted and not yet answered */
    pthread_mutex_t lock;         /* guards what follows, and each listed request's fd */
    pthread_cond_t wake;
    struct req *reading; /* requests whose body is arriving, for the watch */
    bool stopping;
    pthread_t watch;
};

/* Take or give back room for uploads; false when the cap is reached. Any thread. */
bool app_reserve(struct app *app, size_t bytes);
void app_release(struct app *app, size_t bytes);

/* Start serving; one line to stderr and false when it cannot. */
struct app_parts {
    struct bl_model *model;   /* stays the caller's */
    struct bl_backup *backup; /* NULL: none; the app's when it has started, freed by app_stop() */
    struct saver *saver;      /* NULL: none; stays the caller's */
    const char *in_memory;
};
bool app_start(struct app *app, const struct config *config, const struct app_parts *parts);
unsigned app_port(const struct app *app);
/* Refuse what is new; finish what was begun until it is done, *give_up says so or the time is over. */
void app_drain(struct app *app, bool (*give_up)(void));
void app_stop(struct app *app);

/* The watch's list. */
void app_watch(struct app *app, struct req *req);
void app_unwatch(struct app *app, struct req *req);

/* ---- form.c ---- */

/* One uploaded photo and what became of it. */
struct photo {
    char *filename; /* as the client gave it; only ever echoed to it */
    uint8_t *data;
    size_t len, room;
    bool too_large;        /* over the limit: nothing of it is kept */
    bool refused;          /* not to be decoded; err.text is the client's sentence */
    enum bl_status status; /* of the identification */
    struct bl_error err;
    struct bl_result result;
    size_t backup_bytes;    /* reserved for what is on its way to Cloudinary */
    char *backup_url;       /* NULL: no backup was made, for the reason of */
    char backup_error[128]; /* "": none was begun */
    const char *save_error; /* NULL: saved, or not to be */
};

struct text_field {
    bool given;
    size_t len;
    char text[FIELD_MAX + 1];
};

/* Drop a photo's bytes, wiped. */
void photo_drop(struct app *app, struct photo *photo);

/* Begin, feed, finish; each false when req->answer has been set to an error. */
bool form_begin(struct req *req);
bool form_feed(struct req *req, const char *data, size_t size);
bool form_finish(struct req *req);
void form_free(struct req *req);
/* The configured extensions as clients read them. */
void form_extensions(const struct config *config, char *out, size_t size);

/* ---- the request ---- */

struct answer {
    unsigned status;             /* HTTP; 0: none yet */
    char *body;                  /* JSON text, freed with free() by whoever sends it; NULL: none */
    unsigned retry_s;            /* Retry-After; 0: none */
    bool close;                  /* the connection ends after it */
    const struct web_file *page; /* instead of a body */
    char allow[64];
    char cause[CAUSE_MAX]; /* for the log only */
};

struct req {
    struct app *app;
    struct MHD_Connection *connection;
    int fd;
    char id[REQUEST_ID_MAX + 1];
    const char *method, *path; /* the connection's */
    const struct route *route;
    struct timespec begun;
    enum { REQ_READING, REQ_QUEUED, REQ_ANSWERED } stage;
    bool counted;            /* in app->begun */
    bool watched;            /* in app->reading */
    atomic_bool timed_out;   /* the watch has answered */
    struct req *next, *prev; /* app->reading */
    uint64_t declared;       /* bytes of the body as Content-Length has it; 0: not told */
    uint64_t bytes_in, bytes_out;

    struct MHD_PostProcessor *parser;
    struct text_field fields[FIELDS];
    struct photo *photos; /* [route->max_files] */
    unsigned photo_count;
    struct photo *current; /* the part that is arriving, NULL when it is not kept */
    struct bl_options options;
    bool backup_wanted;
    atomic_uint pending; /* photos not yet identified, and backups not yet made */

    struct answer answer;
};

/* ---- queue.c ---- */

struct queue *queue_new(struct app *app, unsigned size, unsigned workers, struct bl_error *err);
/* All of a request's photos, or false when they do not fit. The request is the workers' from here on. */
bool queue_push(struct queue *queue, struct req *req);
unsigned queue_waiting(struct queue *queue);
/* One of a request's photos, or its backup, is done: whoever is last has the answer composed and sent. Any thread. */
void queue_photo_done(struct req *req);
/* Answer what still waits with 503, let the workers end. */
void queue_free(struct queue *queue);

/* ---- keep.c ---- */

/* Save it where that is on, begin the backup where that was asked for. A worker, before it drops the photo and is done
 * with it. */
void keep_photo(struct req *req, struct photo *photo);

/* ---- save.c ---- */

/* Photos are to be saved below `path`, in max_bytes altogether. NULL after one line to stderr. Before the sandbox. */
struct saver *saver_new(const char *path, uint64_t max_bytes);
void saver_free(struct saver *saver);
/* The folder, for the sandbox's sake. */
int saver_folder(const struct saver *saver);
/* Save the index-th photo (0: the only one) of a request; NULL, or a short reason for the client. Any thread. */
const char *
saver_save(struct saver *saver, const char *id, unsigned index, const uint8_t *data, size_t len, enum bl_format format);

/* ---- reply.c: every text promised to clients ---- */

enum refusal {
    REFUSE_NO_FILE,
    REFUSE_EMPTY_FILE,
    REFUSE_EXTENSION,
    REFUSE_TOP_K,
    REFUSE_WORD,
    REFUSE_FIELD_LENGTH,
    REFUSE_BATCH_SIZE,
    REFUSE_BOUNDARY,
    REFUSE_FORM,
    REFUSE_NOT_FOUND,
    REFUSE_METHOD,
    REFUSE_SLOW,
    REFUSE_TOO_LARGE,
    REFUSE_NOT_FORM,
    REFUSE_RATE,
    REFUSE_HEADERS,
    REFUSE_BUSY,
    REFUSE_INTERNAL,
    REFUSALS,
};

/* Set the answer to an error; a later one does not replace it. `detail` fills the text's %s. */
void refuse(struct req *req, enum refusal why, const char *detail);
/* The same for one photo of a batch, which fails no other. */
void refuse_one(struct photo *photo, enum refusal why, const char *detail);
/* The client's sentence for a photo that could not be identified, and its HTTP status; 0 when it could. */
unsigned photo_refusal(const struct photo *photo, char *text, size_t size);
/* The status and the text of an error, for the description of the API; 0 when the route cannot answer it. */
unsigned
refusal_describe(const struct config *config, enum refusal why, const struct route *route, char *text, size_t size);
unsigned photo_refusal_describe(enum bl_status status, const char *detail, char *text, size_t size);
/* Compose the route's answer. */
void answer_compose(struct req *req);
/* Hand the answer to libmicrohttpd. */
enum MHD_Result answer_send(struct req *req);
/* 408 written past libmicrohttpd, which cannot answer a client that is silent. */
void answer_raw_timeout(const struct req *req);

/* ---- page.c: the pages for people ---- */

/* A file of web/, with its bytes in the program. */
struct web_file {
    const char *name, *type, *etag;
    const unsigned char *data;
    size_t size;
};
extern const struct web_file web_files[]; /* made by tools/embed.cmake */
extern const size_t web_file_count;

/* Set the answer to the route's page when it has one and the client wants it; false otherwise. */
bool page_answer(struct req *req);
struct MHD_Response *page_response(const struct answer *answer);

/* ---- openapi.c ---- */

/* The API's description, NULL when out of memory. */
json_t *openapi_json(const struct req *req);

/* ---- ratelimit.c ---- */

struct ratelimit *ratelimit_new(unsigned per_minute);
void ratelimit_free(struct ratelimit *limit);
/* 0: go on; otherwise the seconds to wait. The HTTP thread only. */
unsigned ratelimit_take(struct ratelimit *limit, const struct sockaddr *client);

/* ---- sandbox.c ---- */

/* What stays allowed. */
struct sandbox_plan {
    const char *model_dir, *ca_file; /* ca_file: NULL when none */
    unsigned port;                   /* to listen on; 0: any free one */
    unsigned connect_port;           /* to connect to; 0: nowhere */
    int save_fd;                     /* the folder that photos are saved to, -1: none */
};

/*
 * For good: no core dumps, and as far as the kernel has Landlock no writing, no
 * reading, no connecting beyond the plan. Returns Landlock's ABI, 0 when there
 * is none. Before any other thread exists.
 */
int sandbox_enter(const struct sandbox_plan *plan);
/* One line in the log of what it came to. */
void sandbox_tell(int abi);

/* ---- http.c ---- */

enum MHD_Result http_handle(void *app, struct MHD_Connection *connection, const char *path, const char *method,
                            const char *version, const char *data, size_t *size, void **context);
void
http_completed(void *context, struct MHD_Connection *connection, void **slot, enum MHD_RequestTerminationCode code);
/* A queued request's answer is there: back to the HTTP thread. Any thread. */
void http_resume(struct req *req);

#endif
