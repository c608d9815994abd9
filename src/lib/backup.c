/* SPDX-License-Identifier: Apache-2.0
 * The client of Cloudinary: one thread drives all transfers by libcurl's multi
 * interface, tries again what may come right, and leaves Cloudinary alone while
 * it is down. Callers hand jobs over under the lock; a job that has begun is
 * the thread's alone.
 */
#include "internal.h"

#include <ctype.h>
#include <curl/curl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <unistd.h>

enum {
    TRIES = 3,
    BREAKER_FAILURES = 5,
    WAITING_MAX = 256,        /* jobs that wait for a free place */
    ANSWER_MAX = 64 << 10,    /* bytes; Cloudinary's have some 2000 */
    POLL_MS = 1000,           /* at least this often the thread looks up */
    RETRY_AFTER_MAX_S = 3600, /* an answer must not silence us for ever */
    KEY_MAX = 256,
};
static const char broken_off[] = "the backup was broken off";
static const char unavailable[] = "Cloudinary is not available at present";
static const char default_base_url[] = "https://api.cloudinary.com";

struct job {
    struct job *next;
    void *photo; /* NULL: a removal */
    size_t len, sent;
    char context[BL__CONTEXT_MAX];
    char public_id[BL_BACKUP_TEXT_MAX]; /* to be removed */
    bl_backup_done *done;
    void *done_context;
    CURL *easy; /* NULL between tries */
    curl_mime *form;
    unsigned tries;
    int64_t due_ms; /* of the next try */
    bool probe;     /* sent to see whether Cloudinary is back */
    size_t got;
    char answer[ANSWER_MAX];
};

struct bl_backup {
    char cloud_name[KEY_MAX], api_key[KEY_MAX], api_secret[KEY_MAX], preset[KEY_MAX], folder[KEY_MAX];
    char base_url[KEY_MAX], ca_file[KEY_MAX];
    bool sha256;
    unsigned timeout_ms, max_inflight, pause_s;
    pthread_t thread;
    CURLM *multi;       /* the thread's, save for curl_multi_wakeup() */
    struct job *active; /* the thread's */
    unsigned active_count;

    pthread_mutex_t lock; /* guards what follows */
    struct job *waiting;  /* first come, first served */
    unsigned waiting_count;
    bool cancelled, ending;
    unsigned failures;     /* in a row */
    int64_t shut_until_ms; /* Cloudinary is left alone */
    bool probing;
};

static int64_t
now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- options ---- */

/* Printable and without blanks, as keys are; `name` may be followed by what else is wrong. */
static enum bl_status
check_key(const char *name, const char *value, struct bl_error *err)
{
    if (!value || !*value) return bl__fail(err, BL_E_ARG, "%s is missing", name);
    if (strlen(value) >= KEY_MAX) return bl__fail(err, BL_E_ARG, "%s must be shorter than %d bytes", name, KEY_MAX);
    for (; *value; value++)
        if (*value <= 0x20 || *value >= 0x7f)
            return bl__fail(err, BL_E_ARG, "%s must not hold blanks, line breaks or special characters", name);
    return BL_OK;
}

static enum bl_status
check_text(const char *name, const char *value, struct bl_error *err)
{
    if (!value) return BL_OK;
    if (strlen(value) >= KEY_MAX) return bl__fail(err, BL_E_ARG, "%s must be shorter than %d bytes", name, KEY_MAX);
    for (; *value; value++)
        if ((unsigned char)*value < 0x20 || *value == 0x7f)
            return bl__fail(err, BL_E_ARG, "%s must not hold line breaks or other control characters", name);
    return BL_OK;
}

static bool
is_loopback(const char *host, size_t len)
{
    return (len == 9 && !strncasecmp(host, "localhost", len)) || (len == 5 && !strncmp(host, "[::1]", len)) ||
           (len > 4 && !strncmp(host, "127.", 4) && strspn(host, "0123456789.") >= len);
}

/* https://host[:port][/path] and no more, or http:// to this machine. libcurl's own parser has the last word. */
static enum bl_status
check_url(const char *url, struct bl_error *err)
{
    bool secure = strncmp(url, "https://", 8) == 0, sound;
    const char *host;
    CURLU *parsed;
    size_t len;

    if (!secure && strncmp(url, "http://", 7) != 0) return bl__fail(err, BL_E_ARG, "base_url must begin with https://");
    host = url + (secure ? 8 : 7);
    len = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/");
    parsed = curl_url();
    if (!parsed) return bl__fail(err, BL_E_NOMEM, "out of memory");
    sound = !strpbrk(url, "@?#\\ ") && *host && *host != '/' && !curl_url_set(parsed, CURLUPART_URL, url, 0);
    curl_url_cleanup(parsed);
    if (!sound) return bl__fail(err, BL_E_ARG, "base_url must be https://host[:port][/path]");
    if (!secure && !is_loopback(host, len))
        return bl__fail(err, BL_E_ARG, "base_url must be HTTPS: photos and keys would travel in the clear");
    return BL_OK;
}

enum bl_status
bl_backup_check(const struct bl_backup_options *o, struct bl_error *err)
{
    const char *url = o && o->base_url && *o->base_url ? o->base_url : default_base_url;
    enum bl_status st;

    if (!o) return bl__fail(err, BL_E_ARG, "no options");
    st = check_key("cloud_name", o->cloud_name, err);
    if (!st) st = check_key("api_key", o->api_key, err);
    if (!st) st = check_key("api_secret", o->api_secret, err);
    if (!st) st = check_text("upload_preset", o->upload_preset, err);
    if (!st) st = check_text("folder", o->folder, err);
    if (!st) st = check_text("base_url", url, err);
    if (!st) st = check_text("ca_file", o->ca_file, err);
    for (const char *p = o->cloud_name; !st && *p; p++)
        if (!isalnum((unsigned char)*p) && *p != '-' && *p != '_')
            st = bl__fail(err, BL_E_ARG, "cloud_name must be letters, digits, - and _");
    if (!st) st = check_url(url, err);
    if (!st && o->ca_file && *o->ca_file && access(o->ca_file, R_OK))
        st = bl__fail(err, BL_E_ARG, "ca_file cannot be read");
    return st;
}

/* ---- a try ---- */

static size_t
read_photo(char *to, size_t size, size_t count, void *context)
{
    struct job *job = context;
    size_t n = size * count, left = job->len - job->sent;

    if (n > left) n = left;
    memcpy(to, (const char *)job->photo + job->sent, n);
    job->sent += n;
    return n;
}

/* libcurl goes back to the start when it must send again on a new connection. */
static int
seek_photo(void *context, curl_off_t offset, int origin)
{
    struct job *job = context;

    if (origin != SEEK_SET || offset < 0 || (size_t)offset > job->len) return CURL_SEEKFUNC_FAIL;
    job->sent = (size_t)offset;
    return CURL_SEEKFUNC_OK;
}

static size_t
take_answer(char *data, size_t size, size_t count, void *context)
{
    struct job *job = context;
    size_t n = size * count;

    if (n > sizeof job->answer - job->got) return 0; /* an answer of that size is none */
    memcpy(job->answer + job->got, data, n);
    job->got += n;
    return n;
}

static bool
add_field(curl_mime *form, const char *name, const char *value)
{
    curl_mimepart *part;

    if (!value || !*value) return true;
    part = curl_mime_addpart(form);
    return part && !curl_mime_name(part, name) && !curl_mime_data(part, value, CURL_ZERO_TERMINATED);
}

static bool
add_photo(curl_mime *form, struct job *job)
{
    const char *format = bl_format_name(bl_format_sniff(job->photo, job->len));
    curl_mimepart *part = curl_mime_addpart(form);
    char name[32], type[32];

    snprintf(name, sizeof name, "photo.%s", format); /* the client's name for it stays here */
    snprintf(type, sizeof type, "image/%s", format);
    job->sent = 0;
    return part && !curl_mime_name(part, "file") && !curl_mime_filename(part, name) && !curl_mime_type(part, type) &&
           !curl_mime_data_cb(part, (curl_off_t)job->len, read_photo, seek_photo, NULL, job);
}

/* The form of a try: its time and so its signature are new each time. */
static bool
make_form(struct bl_backup *b, struct job *job)
{
    char stamp[32], signature[BL__SIGNATURE_MAX];
    const struct bl__param params[] = {
        /* sorted by name */
        { "context", job->photo ? job->context : NULL },     { "folder", job->photo ? b->folder : NULL },
        { "public_id", job->photo ? NULL : job->public_id }, { "timestamp", stamp },
        { "upload_preset", job->photo ? b->preset : NULL },
    };
    enum { PARAMS = sizeof params / sizeof params[0] };
    bool ok;

    snprintf(stamp, sizeof stamp, "%lld", (long long)time(NULL));
    job->form = curl_mime_init(job->easy);
    ok = job->form && bl__cloud_sign(params, PARAMS, b->api_secret, b->sha256, signature);
    for (size_t i = 0; ok && i < PARAMS; i++) ok = add_field(job->form, params[i].name, params[i].value);
    ok = ok && add_field(job->form, "api_key", b->api_key) && add_field(job->form, "signature", signature);
    if (b->sha256) ok = ok && add_field(job->form, "signature_algorithm", "sha256");
    return ok && (!job->photo || add_photo(job->form, job));
}

static bool
set_up(struct bl_backup *b, struct job *job)
{
    char url[2 * KEY_MAX + 64];
    CURL *e = job->easy;
    bool ok;

    snprintf(url, sizeof url, "%s/v1_1/%s/image/%s", b->base_url, b->cloud_name, job->photo ? "upload" : "destroy");
    ok = !curl_easy_setopt(e, CURLOPT_URL, url) && !curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "https,http") &&
         !curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L) && !curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L) &&
         !curl_easy_setopt(e, CURLOPT_PROXY, "") && /* nor one of the environment's */
         !curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) &&
         !curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L) && !curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)b->timeout_ms) &&
         !curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)b->timeout_ms) &&
         !curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, take_answer) && !curl_easy_setopt(e, CURLOPT_WRITEDATA, job) &&
         !curl_easy_setopt(e, CURLOPT_USERAGENT, "breedlens/" BL_VERSION) &&
         !curl_easy_setopt(e, CURLOPT_PRIVATE, job) && !curl_easy_setopt(e, CURLOPT_MIMEPOST, job->form);
    if (*b->ca_file) /* and none of the system's besides */
        ok = ok && !curl_easy_setopt(e, CURLOPT_CAINFO, b->ca_file) && !curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
    return ok;
}

static void
end_try(struct bl_backup *b, struct job *job)
{
    if (job->easy) {
        curl_multi_remove_handle(b->multi, job->easy);
        curl_easy_cleanup(job->easy);
    }
    curl_mime_free(job->form);
    job->easy = NULL;
    job->form = NULL;
}

static bool
begin_try(struct bl_backup *b, struct job *job)
{
    job->tries++;
    job->got = 0;
    job->easy = curl_easy_init();
    if (job->easy && make_form(b, job) && set_up(b, job) && !curl_multi_add_handle(b->multi, job->easy)) return true;
    end_try(b, job);
    return false;
}

/* ---- a job's end ---- */

static void
job_free(struct job *job)
{
    bl_photo_free(job->photo);
    explicit_bzero(job, sizeof *job);
    free(job);
}

/* Take a job off the thread's list, tell, and let go of it. */
static void
finish(struct bl_backup *b, struct job *job, const struct bl_backup_answer *answer)
{
    struct job **at = &b->active;

    end_try(b, job);
    while (*at != job) at = &(*at)->next;
    *at = job->next;
    b->active_count--;
    if (job->probe) {
        pthread_mutex_lock(&b->lock);
        b->probing = false;
        pthread_mutex_unlock(&b->lock);
    }
    job->done(job->done_context, answer);
    job_free(job);
}

static void
finish_failed(struct bl_backup *b, struct job *job, const char *text)
{
    struct bl_backup_answer answer = { .status = BL_E_BACKUP };

    snprintf(answer.text, sizeof answer.text, "%s", text);
    finish(b, job, &answer);
}

/* Cloudinary did, or did not, do its part; true when it is to be left alone from now on. */
static bool
count_outcome(struct bl_backup *b, bool down, int64_t shut_ms)
{
    bool shut;

    pthread_mutex_lock(&b->lock);
    b->failures = down ? b->failures + 1 : 0;
    if (b->failures >= BREAKER_FAILURES && shut_ms < (int64_t)b->pause_s * 1000) shut_ms = (int64_t)b->pause_s * 1000;
    if (shut_ms) {
        if (b->failures < BREAKER_FAILURES) b->failures = BREAKER_FAILURES; /* afterwards one probe goes first */
        b->shut_until_ms = now_ms() + shut_ms;
    }
    shut = shut_ms > 0;
    pthread_mutex_unlock(&b->lock);
    return shut;
}

/* A transfer is over: the answer, another try, or the end of trying. */
static void
judge(struct bl_backup *b, struct job *job, CURLcode rc)
{
    struct bl_backup_answer answer;
    struct bl__verdict verdict;
    curl_off_t retry_after_s = 0;
    int64_t pause_ms, shut_ms = 0;
    uint32_t random = 0;
    long http = 0;
    bool shut;

    curl_easy_getinfo(job->easy, CURLINFO_RESPONSE_CODE, &http);
    curl_easy_getinfo(job->easy, CURLINFO_RETRY_AFTER, &retry_after_s);
    if (rc == CURLE_OK && http == 200) {
        if (job->photo) bl__cloud_read_upload(job->answer, job->got, &answer);
        else bl__cloud_read_removal(job->answer, job->got, &answer);
        count_outcome(b, false, 0);
        finish(b, job, &answer);
        return;
    }
    verdict = bl__cloud_judge(rc, http);
    if (getrandom(&random, sizeof random, GRND_NONBLOCK) < 0) random = (uint32_t)now_ms();
    if (retry_after_s > RETRY_AFTER_MAX_S) retry_after_s = RETRY_AFTER_MAX_S;
    pause_ms = bl__cloud_backoff_ms(job->tries, random);
    if (pause_ms < retry_after_s * 1000) pause_ms = retry_after_s * 1000;
    if (retry_after_s * 1000 > b->timeout_ms)
        shut_ms = pause_ms; /* nobody waits for that, and nobody else comes sooner */
    shut = count_outcome(b, verdict.down, shut_ms);
    end_try(b, job);
    if (!verdict.again || shut || job->tries == TRIES) {
        finish_failed(b, job, verdict.text);
        return;
    }
    job->due_ms = now_ms() + pause_ms;
}

/* ---- the thread ---- */

/* How things stand for a round of the thread's loop. */
struct state {
    bool ending, cancelled, shut;
};

/* Move what waits to free places; all of it when it can only be refused. */
static struct state
take_waiting(struct bl_backup *b)
{
    struct state state;

    pthread_mutex_lock(&b->lock);
    state = (struct state){ b->ending, b->cancelled, now_ms() < b->shut_until_ms };
    while (b->waiting && (state.cancelled || state.shut || b->active_count < b->max_inflight)) {
        struct job *job = b->waiting;

        b->waiting = job->next;
        b->waiting_count--;
        job->next = b->active;
        b->active = job;
        b->active_count++;
    }
    pthread_mutex_unlock(&b->lock);
    return state;
}

/* Begin the tries that are due, end what must not go on; the time until the next try. */
static int
begin_due(struct bl_backup *b, struct state state)
{
    int64_t wait = POLL_MS, now = now_ms();
    struct job *next;

    for (struct job *job = b->active; job; job = next) {
        next = job->next;
        if (state.cancelled) finish_failed(b, job, broken_off);
        else if (job->easy) continue;
        else if (state.shut) finish_failed(b, job, unavailable);
        else if (job->due_ms > now) wait = job->due_ms - now < wait ? job->due_ms - now : wait;
        else if (!begin_try(b, job)) finish_failed(b, job, "out of memory");
    }
    return (int)wait;
}

static void *
run(void *context)
{
    struct bl_backup *b = context;
    struct state state;
    sigset_t all;

    sigfillset(&all); /* a connection that breaks raises SIGPIPE, which must not end the program */
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    do {
        int running, left, wait;
        CURLMsg *message;

        state = take_waiting(b);
        wait = begin_due(b, state);
        curl_multi_perform(b->multi, &running);
        while ((message = curl_multi_info_read(b->multi, &left))) {
            struct job *job = NULL;

            if (message->msg != CURLMSG_DONE) continue;
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&job);
            judge(b, job, message->data.result);
            wait = 0;
        }
        if (!state.ending) curl_multi_poll(b->multi, NULL, 0, wait, NULL);
    } while (!state.ending || b->active);
    return NULL;
}

/* ---- the public side ---- */

static void
global_init(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

static void
copy(char out[KEY_MAX], const char *text)
{
    snprintf(out, KEY_MAX, "%s", text ? text : ""); /* bl_backup_check() has measured it */
}

enum bl_status
bl_backup_new(const struct bl_backup_options *o, struct bl_backup **out, struct bl_error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct bl_backup *b;
    enum bl_status st;

    if (!out) return bl__fail(err, BL_E_ARG, "no place for the client");
    *out = NULL;
    st = bl_backup_check(o, err);
    if (st) return st;
    pthread_once(&once, global_init);
    b = calloc(1, sizeof *b);
    if (!b) return bl__fail(err, BL_E_NOMEM, "out of memory");
    copy(b->cloud_name, o->cloud_name);
    copy(b->api_key, o->api_key);
    copy(b->api_secret, o->api_secret);
    copy(b->preset, o->upload_preset);
    copy(b->folder, o->folder);
    copy(b->base_url, o->base_url && *o->base_url ? o->base_url : default_base_url);
    while (*b->base_url && b->base_url[strlen(b->base_url) - 1] == '/') b->base_url[strlen(b->base_url) - 1] = '\0';
    copy(b->ca_file, o->ca_file);
    b->sha256 = o->sha256 != 0;
    b->timeout_ms = o->timeout_ms ? o->timeout_ms : 10000;
    b->max_inflight = o->max_inflight ? o->max_inflight : 8;
    b->pause_s = o->pause_s ? o->pause_s : 30;
    pthread_mutex_init(&b->lock, NULL);
    b->multi = curl_multi_init();
    if (b->multi && pthread_create(&b->thread, NULL, run, b) == 0) {
        *out = b;
        return BL_OK;
    }
    if (b->multi) curl_multi_cleanup(b->multi);
    pthread_mutex_destroy(&b->lock);
    explicit_bzero(b, sizeof *b);
    free(b);
    return bl__fail(err, BL_E_NOMEM, "no thread for the backup");
}

static void
stop(struct bl_backup *b, bool ending)
{
    pthread_mutex_lock(&b->lock);
    b->cancelled = true;
    b->ending = b->ending || ending;
    pthread_mutex_unlock(&b->lock);
    curl_multi_wakeup(b->multi);
}

void
bl_backup_cancel(struct bl_backup *b)
{
    stop(b, false);
}

void
bl_backup_free(struct bl_backup *b)
{
    if (!b) return;
    stop(b, true);
    pthread_join(b->thread, NULL);
    curl_multi_cleanup(b->multi);
    pthread_mutex_destroy(&b->lock);
    explicit_bzero(b, sizeof *b); /* the secret */
    free(b);
}

/* Hand a job to the thread, or refuse it; takes it over in either case. */
static enum bl_status
submit(struct bl_backup *b, struct job *job, struct bl_error *err)
{
    const char *refusal = NULL;
    struct job **last;
    bool half_open;

    pthread_mutex_lock(&b->lock);
    half_open = b->failures >= BREAKER_FAILURES;
    if (b->cancelled) refusal = broken_off;
    else if (now_ms() < b->shut_until_ms || (half_open && b->probing)) refusal = unavailable;
    else if (b->waiting_count == WAITING_MAX) refusal = "too many backups are waiting";
    if (!refusal) {
        job->probe = half_open;
        b->probing = b->probing || half_open;
        for (last = &b->waiting; *last; last = &(*last)->next) continue;
        *last = job;
        b->waiting_count++;
    }
    pthread_mutex_unlock(&b->lock);
    if (!refusal) {
        curl_multi_wakeup(b->multi);
        return BL_OK;
    }
    job_free(job);
    return bl__fail(err, BL_E_BACKUP, "%s", refusal);
}

enum bl_status
bl_backup_upload(struct bl_backup *b, void *photo, size_t len, const struct bl_result *result, bl_backup_done *done,
                 void *context, struct bl_error *err)
{
    struct job *job;

    if (!b || !photo || !len || !result || !result->primary_breed || !done) {
        bl_photo_free(photo);
        return bl__fail(err, BL_E_ARG, "no client, photo, result or callback");
    }
    job = calloc(1, sizeof *job);
    if (!job) {
        bl_photo_free(photo);
        return bl__fail(err, BL_E_NOMEM, "out of memory");
    }
    job->photo = photo;
    job->len = len;
    job->done = done;
    job->done_context = context;
    bl__cloud_context(result, job->context);
    return submit(b, job, err);
}

enum bl_status
bl_backup_remove(struct bl_backup *b, const char *public_id, bl_backup_done *done, void *context, struct bl_error *err)
{
    struct job *job;

    if (!b || !public_id || !*public_id || strlen(public_id) >= sizeof job->public_id || !done)
        return bl__fail(err, BL_E_ARG, "no client, public id (up to %d bytes) or callback", BL_BACKUP_TEXT_MAX - 1);
    job = calloc(1, sizeof *job);
    if (!job) return bl__fail(err, BL_E_NOMEM, "out of memory");
    memcpy(job->public_id, public_id, strlen(public_id) + 1);
    job->done = done;
    job->done_context = context;
    return submit(b, job, err);
}

/* ---- waiting ---- */

struct waiter {
    pthread_mutex_t lock;
    pthread_cond_t told;
    bool done;
    struct bl_backup_answer *answer;
};

static void
tell_waiter(void *context, const struct bl_backup_answer *answer)
{
    struct waiter *w = context;

    pthread_mutex_lock(&w->lock);
    *w->answer = *answer;
    w->done = true;
    pthread_cond_signal(&w->told);
    pthread_mutex_unlock(&w->lock);
}

/* The outcome of what was begun with `st`; without one, of the refusal. */
static enum bl_status
wait_for(struct waiter *w, enum bl_status st, const struct bl_error *err)
{
    pthread_mutex_lock(&w->lock);
    while (!st && !w->done) pthread_cond_wait(&w->told, &w->lock);
    pthread_mutex_unlock(&w->lock);
    if (st) {
        *w->answer = (struct bl_backup_answer){ .status = st };
        snprintf(w->answer->text, sizeof w->answer->text, "%.*s", (int)sizeof w->answer->text - 1, err->text);
    }
    return w->answer->status;
}

enum bl_status
bl_backup_upload_wait(struct bl_backup *b, void *photo, size_t len, const struct bl_result *result,
                      struct bl_backup_answer *answer)
{
    struct waiter w = { .lock = PTHREAD_MUTEX_INITIALIZER, .told = PTHREAD_COND_INITIALIZER, .answer = answer };
    struct bl_error err;

    if (!answer) {
        bl_photo_free(photo);
        return BL_E_ARG;
    }
    return wait_for(&w, bl_backup_upload(b, photo, len, result, tell_waiter, &w, &err), &err);
}

enum bl_status
bl_backup_remove_wait(struct bl_backup *b, const char *public_id, struct bl_backup_answer *answer)
{
    struct waiter w = { .lock = PTHREAD_MUTEX_INITIALIZER, .told = PTHREAD_COND_INITIALIZER, .answer = answer };
    struct bl_error err;

    if (!answer) return BL_E_ARG;
    return wait_for(&w, bl_backup_remove(b, public_id, tell_waiter, &w, &err), &err);
}
