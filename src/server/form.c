/* SPDX-License-Identifier: Apache-2.0
 * A multipart/form-data body, parsed as it arrives into bounded memory: each
 * photo into its own buffer, the few text fields into the request. The HTTP
 * thread runs it.
 */
#include "server.h"

#include "text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* RFC 2046, 5.1.1 allows 1 to 70; libmicrohttpd 0.9.75 does not find a boundary of one character. */
enum { PARSER_BYTES = 16 << 10, BOUNDARY_MIN = 2, BOUNDARY_MAX = 70, ROOM_START = 64 << 10 };

static const char form_type[] = "multipart/form-data";

void
photo_drop(struct app *app, struct photo *photo)
{
    bl_photo_free(photo->data);
    app_release(app, photo->room);
    photo->data = NULL;
    photo->len = photo->room = 0;
}

/* The bound is checked, and the memory accounted for, before it is taken. */
static bool
photo_append(struct req *req, struct photo *photo, const char *data, size_t size)
{
    size_t max = req->app->limits.max_bytes, room = photo->room ? photo->room : ROOM_START;
    uint8_t *bigger;

    if (photo->too_large) return true;
    if (size > max - photo->len) {
        photo->too_large = true;
        photo_drop(req->app, photo);
        return true;
    }
    while (room < photo->len + size) room *= 2; /* in step with what has come, whatever is declared: it may be a lie */
    if (room > max) room = max;
    if (req->declared >= photo->len + size && room > req->declared) room = req->declared;
    if (room > photo->room) {
        if (!app_reserve(req->app, room)) return refuse(req, REFUSE_BUSY, NULL), false;
        bigger = bl_photo_alloc(room);
        if (!bigger) {
            app_release(req->app, room);
            return refuse(req, REFUSE_BUSY, NULL), false;
        }
        if (photo->len) memcpy(bigger, photo->data, photo->len); /* not realloc: the old copy is wiped */
        size_t len = photo->len;
        photo_drop(req->app, photo);
        photo->data = bigger;
        photo->room = room;
        photo->len = len;
    }
    memcpy(photo->data + photo->len, data, size);
    photo->len += size;
    return true;
}

/* A part begins: is it a photo that is wanted? A part without a file name is no file. */
static bool
begin_file(struct req *req, const char *filename)
{
    req->current = NULL;
    if (!filename) return true;
    if (req->photo_count == req->route->max_files) {
        if (req->route->max_files == 1) return true; /* of several `image` parts the first counts */
        refuse(req, REFUSE_BATCH_SIZE, NULL);
        return false;
    }
    req->current = &req->photos[req->photo_count++];
    req->current->filename = strdup(filename);
    if (!req->current->filename) return refuse(req, REFUSE_INTERNAL, NULL), false;
    return true;
}

static bool
append_text(struct req *req, enum field which, const char *data, uint64_t offset, size_t size)
{
    struct text_field *f = &req->fields[which];

    if (offset == 0) {
        if (f->given) f->len = 0; /* the last of several counts, as in a query */
        f->given = true;
    }
    if (size > FIELD_MAX - f->len) return refuse(req, REFUSE_FIELD_LENGTH, field_name(which)), false;
    memcpy(f->text + f->len, data, size);
    f->len += size;
    f->text[f->len] = '\0';
    return true;
}

/* libmicrohttpd's parser: a piece of a part, offset 0 when it begins. */
static enum MHD_Result
take_piece(void *context, enum MHD_ValueKind kind, const char *key, const char *filename, const char *type,
           const char *encoding, const char *data, uint64_t offset, size_t size)
{
    struct req *req = context;
    enum field which;

    (void)kind;
    (void)type;
    (void)encoding;
    if (!key) return MHD_YES;
    if (!strcmp(key, req->route->file)) {
        if (offset == 0 && !begin_file(req, filename)) return MHD_NO;
        if (req->current && size && !photo_append(req, req->current, data, size)) return MHD_NO;
        return MHD_YES;
    }
    which = route_field(req->route, key);
    if (which == FIELDS || filename) return MHD_YES;
    return append_text(req, which, data, offset, size) ? MHD_YES : MHD_NO;
}

/* The length of the boundary parameter, quoted or not; 0 when there is none. */
static size_t
boundary_length(const char *type)
{
    const char *b = strcasestr(type, "boundary=");

    if (!b) return 0;
    b += strlen("boundary=");
    if (*b == '"') return strcspn(b + 1, "\"");
    return strcspn(b, "; \t,");
}

bool
form_begin(struct req *req)
{
    const char *type = MHD_lookup_connection_value(req->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_TYPE);
    size_t len = sizeof form_type - 1, boundary;

    if (!type || strncasecmp(type, form_type, len) || (type[len] && !strchr("; \t", type[len])))
        return refuse(req, REFUSE_NOT_FORM, NULL), false;
    boundary = boundary_length(type);
    if (boundary < BOUNDARY_MIN || boundary > BOUNDARY_MAX) return refuse(req, REFUSE_BOUNDARY, NULL), false;
    req->photos = calloc(req->route->max_files, sizeof *req->photos);
    if (!req->photos) return refuse(req, REFUSE_BUSY, NULL), false;
    req->parser = MHD_create_post_processor(req->connection, PARSER_BYTES, take_piece, req);
    if (!req->parser) return refuse(req, REFUSE_FORM, NULL), false;
    return true;
}

bool
form_feed(struct req *req, const char *data, size_t size)
{
    if (MHD_post_process(req->parser, data, size) == MHD_YES) return true;
    refuse(req, REFUSE_FORM, NULL); /* unless a piece has said more */
    return false;
}

/* Is a file name's extension among the configured ones? */
static bool
extension_allowed(const struct config *config, const char *filename)
{
    const char *dot = strrchr(filename, '.');
    size_t want, len;

    if (!dot) return false;
    want = strlen(++dot);
    for (const char *p = config->extensions; *p; p += len + (p[len] == ',')) {
        const char *word = p + strspn(p, " .");

        len = strcspn(p, ",");
        if (want && strcspn(word, " ,") == want && strncasecmp(word, dot, want) == 0) return true;
    }
    return false;
}

void
form_extensions(const struct config *config, char *out, size_t size)
{
    size_t n = 0;

    for (const char *p = config->extensions; *p && n + 3 < size; p++) { /* "a,b" reads "a, b" */
        if (*p != ' ') out[n++] = *p;
        if (*p == ',') out[n++] = ' ';
    }
    out[n] = '\0';
}

/* What speaks against a photo before it is decoded, with the detail of the sentence; false when nothing does. */
static bool
photo_fault(const struct config *config, const struct photo *photo, enum refusal *why, char *detail, size_t size)
{
    *detail = '\0';
    if (!*photo->filename || (!photo->len && !photo->too_large)) {
        *why = REFUSE_EMPTY_FILE;
    } else if (!extension_allowed(config, photo->filename)) {
        *why = REFUSE_EXTENSION;
        form_extensions(config, detail, size);
    } else if (photo->too_large) {
        *why = REFUSE_TOO_LARGE;
        snprintf(detail, size, "%ld", config->max_upload_mb);
    } else {
        return false;
    }
    return true;
}

/* Whole, digits only, 1..50: "1e3", " 5" and "+5" are no integers here. */
static bool
parse_top_k(const char *text, unsigned *out)
{
    unsigned n = 0;

    if (!*text) return false;
    for (; *text; text++) {
        if (!isdigit((unsigned char)*text)) return false;
        n = n * 10 + (unsigned)(*text - '0');
        if (n > BL_TOP_K_MAX) return false;
    }
    *out = n;
    return n >= 1;
}

static bool
read_word(struct req *req, enum field which, bool *out)
{
    if (!req->fields[which].given || text_bool(req->fields[which].text, out)) return true;
    return refuse(req, REFUSE_WORD, field_name(which)), false;
}

/* A single photo's fault is the request's; one in a batch is its own. */
static bool
check_photos(struct req *req)
{
    for (struct photo *photo = req->photos; photo < req->photos + req->photo_count; photo++) {
        char detail[2 * CONFIG_TEXT_MAX];
        enum refusal why;

        if (!photo_fault(req->app->config, photo, &why, detail, sizeof detail)) continue;
        if (req->route->max_files == 1) return refuse(req, why, detail), false;
        refuse_one(photo, why, detail);
    }
    return true;
}

bool
form_finish(struct req *req)
{
    struct MHD_PostProcessor *parser = req->parser;
    const struct text_field *f = req->fields;
    bool explain = false;

    req->parser = NULL;
    if (MHD_destroy_post_processor(parser) != MHD_YES) return refuse(req, REFUSE_FORM, NULL), false;
    if (!req->photo_count) return refuse(req, REFUSE_NO_FILE, NULL), false;
    if (!check_photos(req)) return false;
    req->options = (struct bl_options){ .top_k = req->route->top_k, .threshold = req->app->config->threshold };
    if (f[FIELD_TOP_K].given &&
        (strlen(f[FIELD_TOP_K].text) != f[FIELD_TOP_K].len || !parse_top_k(f[FIELD_TOP_K].text, &req->options.top_k)))
        return refuse(req, REFUSE_TOP_K, NULL), false;
    if (!read_word(req, FIELD_UPLOAD, &req->backup_wanted) || !read_word(req, FIELD_EXPLAIN, &explain)) return false;
    req->options.explain = explain;
    if (f[FIELD_SPECIES].len) req->options.species = f[FIELD_SPECIES].text;
    return true;
}

void
form_free(struct req *req)
{
    if (req->parser) MHD_destroy_post_processor(req->parser);
    for (unsigned i = 0; i < req->photo_count; i++) {
        photo_drop(req->app, &req->photos[i]);
        free(req->photos[i].filename);
        free(req->photos[i].backup_url);
    }
    free(req->photos);
}
