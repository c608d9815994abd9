/* SPDX-License-Identifier: Apache-2.0
 * Answers: every text that is promised to clients stands here, and every answer
 * leaves from here, with the headers that all of them carry.
 */
#include "server.h"

#include "text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { RETRY_BUSY_S = 1 };

/* Which routes can answer an error. */
enum scope { ON_ANY, ON_NONE, ON_FORM, ON_ONE, ON_BATCH, ON_FIELDS, ON_TOP_K, ON_WORDS };

/* The wire contract's errors. */
static const struct {
    unsigned status;
    const char *text;
    enum scope scope;
} refusals[] = {
    [REFUSE_NO_FILE] = { 400, "No image file provided", ON_FORM },
    [REFUSE_EMPTY_FILE] = { 400, "No file selected", ON_ONE },
    [REFUSE_EXTENSION] = { 400, "Invalid file type. Allowed: %s", ON_ONE },
    [REFUSE_TOP_K] = { 400, "top_k must be an integer from 1 to 50", ON_TOP_K },
    [REFUSE_WORD] = { 400, "%s must be true or false", ON_WORDS },
    [REFUSE_FIELD_LENGTH] = { 400, "%s must be at most 256 bytes", ON_FIELDS },
    [REFUSE_BATCH_SIZE] = { 400, "images must be 1 to 32 files", ON_BATCH },
    [REFUSE_BOUNDARY] = { 400, "Malformed form data: the boundary must be 2 to 70 characters", ON_FORM },
    [REFUSE_FORM] = { 400, "Malformed form data", ON_FORM },
    [REFUSE_NOT_FOUND] = { 404, "Endpoint not found", ON_NONE },
    [REFUSE_METHOD] = { 405, "Method not allowed", ON_ANY },
    [REFUSE_SLOW] = { 408, "The upload took too long", ON_FORM },
    [REFUSE_TOO_LARGE] = { 413, "Image is too large: at most %s MB", ON_FORM },
    [REFUSE_NOT_FORM] = { 415, "The body must be multipart/form-data", ON_FORM },
    [REFUSE_RATE] = { 429, "Too many requests, try again later", ON_FORM },
    [REFUSE_HEADERS] = { 431, "Request headers are too large", ON_ANY },
    [REFUSE_INTERNAL] = { 500, "Internal server error", ON_ANY },
    [REFUSE_BUSY] = { 503, "Server is busy, try again", ON_ANY },
};

/* A photo that was not identified: the status that each of the library's has here. */
static const struct {
    unsigned status;
    const char *text;
} photo_refusals[] = {
    [BL_E_NOMEM] = { 503, "Server is busy, try again" },
    [BL_E_ARG] = { 500, "Internal server error" },
    [BL_E_IO] = { 500, "Internal server error" },
    [BL_E_EMPTY] = { 400, "No file selected" },
    [BL_E_FORMAT] = { 400, "Invalid image file: %s" },
    [BL_E_CORRUPT] = { 400, "Invalid image file: %s" },
    [BL_E_TOO_LARGE] = { 413, "Image is too large: %s" },
    [BL_E_MODEL] = { 400, "This model cannot explain its answers" },
    [BL_E_ENGINE] = { 500, "Internal server error" },
    [BL_E_BACKUP] = { 500, "Internal server error" },
};

/* `text` with its %s, if any, replaced; the texts are ours, the detail may be anybody's. */
static void
fill(char *out, size_t size, const char *text, const char *detail)
{
    const char *hole = strstr(text, "%s");

    if (hole) snprintf(out, size, "%.*s%s%s", (int)(hole - text), text, detail ? detail : "", hole + 2);
    else snprintf(out, size, "%s", text);
}

static char *
error_body(const char *text)
{
    json_t *root = json_pack("{s:b, s:o}", "success", 0, "error", json_any_text(text));
    char *body = root ? json_dumps(root, JSON_COMPACT) : NULL;

    json_decref(root);
    return body;
}

static void
set_error(struct req *req, unsigned status, const char *text, const char *cause)
{
    if (req->answer.status) return;
    req->answer.status = status;
    req->answer.body = error_body(text);
    if (status == 503 && !req->answer.retry_s) req->answer.retry_s = RETRY_BUSY_S;
    snprintf(req->answer.cause, sizeof req->answer.cause, "%s", cause);
}

void
refuse(struct req *req, enum refusal why, const char *detail)
{
    char text[CAUSE_MAX];

    fill(text, sizeof text, refusals[why].text, detail);
    set_error(req, refusals[why].status, text, text);
}

void
refuse_one(struct photo *photo, enum refusal why, const char *detail)
{
    photo->refused = true;
    fill(photo->err.text, sizeof photo->err.text, refusals[why].text, detail);
}

unsigned
photo_refusal(const struct photo *photo, char *text, size_t size)
{
    if (photo->refused) {
        snprintf(text, size, "%s", photo->err.text);
        return 400;
    }
    if (!photo->status) return 0;
    fill(text, size, photo_refusals[photo->status].text, photo->err.text);
    return photo_refusals[photo->status].status;
}

void
answer_compose(struct req *req)
{
    char text[CAUSE_MAX];
    json_t *root;
    unsigned status;

    if (req->answer.status || page_answer(req)) return;
    if (req->photo_count && req->route->max_files == 1) { /* a batch tells of each photo itself */
        status = photo_refusal(req->photos, text, sizeof text);
        if (status) {
            set_error(req, status, text, req->photos->err.text);
            return;
        }
    }
    root = req->route->compose(req);
    req->answer.body = root ? json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(6)) : NULL;
    json_decref(root);
    if (req->answer.body) req->answer.status = 200;
    else refuse(req, REFUSE_INTERNAL, NULL);
}

static bool
in_scope(enum scope scope, const struct route *route)
{
    switch (scope) {
    case ON_ANY: return true;
    case ON_NONE: return false;
    case ON_FORM: return route->file != NULL;
    case ON_ONE: return route->max_files == 1;
    case ON_BATCH: return route->max_files > 1;
    case ON_FIELDS: return route->fields != 0;
    case ON_TOP_K: return route->fields & 1 << FIELD_TOP_K;
    case ON_WORDS: return route->fields & (1 << FIELD_UPLOAD | 1 << FIELD_EXPLAIN);
    }
    return false;
}

unsigned
refusal_describe(const struct config *config, enum refusal why, const struct route *route, char *text, size_t size)
{
    char extensions[2 * CONFIG_TEXT_MAX], limit[16];
    const char *detail = "";

    if (!in_scope(refusals[why].scope, route)) return 0;
    snprintf(limit, sizeof limit, "%ld", config->max_upload_mb);
    form_extensions(config, extensions, sizeof extensions);
    if (why == REFUSE_TOO_LARGE) detail = limit;
    else if (why == REFUSE_EXTENSION) detail = extensions;
    else if (why == REFUSE_FIELD_LENGTH || why == REFUSE_WORD) detail = "<field>";
    fill(text, size, refusals[why].text, detail);
    return refusals[why].status;
}

unsigned
photo_refusal_describe(enum bl_status status, const char *detail, char *text, size_t size)
{
    fill(text, size, photo_refusals[status].text, detail);
    return photo_refusals[status].status;
}

/* The origin to allow: "*", the asking one when it is listed, or NULL. */
static const char *
allowed_origin(const struct req *req)
{
    const char *list = req->app->config->cors_origins;
    const char *origin = MHD_lookup_connection_value(req->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ORIGIN);
    size_t len;

    if (!strcmp(list, "*")) return "*";
    for (const char *p = list; origin && *p; p += len + (p[len] == ',')) {
        size_t skip = strspn(p, " ");

        len = strcspn(p, ",");
        if (len - skip == strlen(origin) && strncmp(p + skip, origin, len - skip) == 0) return origin;
    }
    return NULL;
}

static void
add_cors(const struct req *req, struct MHD_Response *response)
{
    const char *origin = allowed_origin(req);

    if (strcmp(req->app->config->cors_origins, "*") != 0) MHD_add_response_header(response, "Vary", "Origin");
    if (!origin) return;
    MHD_add_response_header(response, "Access-Control-Allow-Origin", origin);
    MHD_add_response_header(response, "Access-Control-Expose-Headers", "X-Request-Id, Retry-After");
    if (strcmp(req->method, MHD_HTTP_METHOD_OPTIONS) != 0) return;
    MHD_add_response_header(response, "Access-Control-Allow-Methods", req->answer.allow);
    MHD_add_response_header(response, "Access-Control-Allow-Headers", "Content-Type, X-Request-Id");
    MHD_add_response_header(response, "Access-Control-Max-Age", "86400");
}

enum MHD_Result
answer_send(struct req *req)
{
    struct answer *a = &req->answer;
    struct MHD_Response *response;
    enum MHD_Result rc;
    char seconds[16];

    if (!a->status) refuse(req, REFUSE_INTERNAL, NULL);
    req->stage = REQ_ANSWERED;
    req->bytes_out = a->body ? strlen(a->body) : 0;
    if (a->page) response = page_response(a);
    else if (a->body) response = MHD_create_response_from_buffer(req->bytes_out, a->body, MHD_RESPMEM_MUST_FREE);
    else response = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    if (!response) return MHD_NO; /* the body is then freed with the request */
    if (a->body) MHD_add_response_header(response, "Content-Type", "application/json");
    a->body = NULL;
    MHD_add_response_header(response, "X-Request-Id", req->id);
    MHD_add_response_header(response, "Cache-Control", a->page ? "no-cache" : "no-store");
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    if (req->route && req->route->page && req->route->compose) MHD_add_response_header(response, "Vary", "Accept");
    if (*a->allow) MHD_add_response_header(response, "Allow", a->allow);
    if (a->close) MHD_add_response_header(response, "Connection", "close");
    if (a->retry_s) {
        snprintf(seconds, sizeof seconds, "%u", a->retry_s);
        MHD_add_response_header(response, "Retry-After", seconds);
    }
    add_cors(req, response);
    rc = MHD_queue_response(req->connection, a->status, response);
    MHD_destroy_response(response);
    return rc;
}

/* The watch's thread: it reads of the request only what no longer changes, and its fd under the app's lock. */
void
answer_raw_timeout(const struct req *req)
{
    const char *origins = strcmp(req->app->config->cors_origins, "*") ? "" : "Access-Control-Allow-Origin: *\r\n";
    char *body = error_body(refusals[REFUSE_SLOW].text), text[1024];
    int n;

    if (body) {
        n = snprintf(text, sizeof text,
                     "HTTP/1.1 408 Request Timeout\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
                     "Connection: close\r\nX-Request-Id: %s\r\nCache-Control: no-store\r\n%s\r\n%s",
                     strlen(body), req->id, origins, body);
        if (n > 0 && (size_t)n < sizeof text) send(req->fd, text, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    free(body);
    shutdown(req->fd, SHUT_RD); /* libmicrohttpd sees the end of the input, and drops the connection */
}
