/* SPDX-License-Identifier: Apache-2.0
 * The endpoints: one table, and how each composes its answer. What an answer
 * holds is the wire contract (docs/API.md).
 */
#include "server.h"

#include "text.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char message[] = "Pet breed identification API";

static json_t *index_json(const struct req *req);
static json_t *health_json(const struct req *req);
static json_t *breed_json(const struct req *req);
static json_t *species_json(const struct req *req);
static json_t *suggestions_json(const struct req *req);
static json_t *adoption_json(const struct req *req);
static json_t *batch_json(const struct req *req);

static const struct route routes[] = {
    { .method = "GET",
      .path = "/",
      .page = "index.html",
      .schema = "Index",
      .summary = "What this server is",
      .about = "The index of the API. A browser, which prefers HTML, gets the page for people instead.",
      .compose = index_json },
    { .method = "GET", .path = "/app", .page = "index.html" },
    { .method = "GET", .path = "/docs", .page = "docs.html" },
    { .method = "GET",
      .path = "/openapi.json",
      .schema = "Description",
      .summary = "This description",
      .about = "OpenAPI 3.1; /docs shows it to people.",
      .compose = openapi_json },
    { .method = "GET", .path = "/docs.js", .page = "docs.js" },
    { .method = "GET", .path = "/app.js", .page = "app.js" },
    { .method = "GET", .path = "/words.js", .page = "words.js" },
    { .method = "GET", .path = "/text.en.js", .page = "text.en.js" },
    { .method = "GET", .path = "/style.css", .page = "style.css" },
    { .method = "GET", .path = "/icon.svg", .page = "icon.svg" },
    { .method = "GET",
      .path = "/health",
      .name = "health",
      .schema = "Health",
      .summary = "Is the server well?",
      .about = "For load balancers and watchers; cheap, and never limited in rate.",
      .compose = health_json },
    { .method = "POST",
      .path = "/api/petshop/identify-breed",
      .name = "petshop_breed",
      .file = "image",
      .max_files = 1,
      .fields = 1 << FIELD_TOP_K | 1 << FIELD_UPLOAD | 1 << FIELD_EXPLAIN,
      .top_k = 5,
      .schema = "BreedResult",
      .summary = "The breed in a photo",
      .about = "The breeds with at least the configured confidence, best first.",
      .compose = breed_json },
    { .method = "POST",
      .path = "/api/petshop/identify-species",
      .name = "petshop_species",
      .file = "image",
      .max_files = 1,
      .top_k = 1,
      .schema = "SpeciesResult",
      .summary = "The species in a photo",
      .about = "Sure of the species even where the breed is in doubt.",
      .compose = species_json },
    { .method = "POST",
      .path = "/api/petshop/breed-suggestions",
      .file = "image",
      .max_files = 1,
      .fields = 1 << FIELD_SPECIES,
      .top_k = 10,
      .schema = "BreedResult",
      .summary = "Ten breeds to choose from",
      .about = "As identify-breed, but up to ten, and of one species when that is known already.",
      .compose = suggestions_json },
    { .method = "POST",
      .path = "/api/adoption/identify",
      .name = "adoption_identify",
      .file = "image",
      .max_files = 1,
      .top_k = 5,
      .schema = "AdoptionResult",
      .summary = "Five breeds, whatever their confidence",
      .about = "For the adoption module: never empty, not filtered by the threshold.",
      .compose = adoption_json },
    { .method = "POST",
      .path = "/api/petshop/batch-identify",
      .file = "images",
      .max_files = BATCH_MAX,
      .fields = 1 << FIELD_TOP_K,
      .top_k = 5,
      .schema = "BatchResult",
      .summary = "Up to 32 photos at once",
      .about = "Each file has its own result; a bad one fails alone.",
      .compose = batch_json },
};
enum { ROUTES = sizeof routes / sizeof routes[0] };

static const char *const field_names[FIELDS] = {
    [FIELD_TOP_K] = "top_k",
    [FIELD_UPLOAD] = "upload_to_cloudinary",
    [FIELD_SPECIES] = "species",
    [FIELD_EXPLAIN] = "explain",
};

const struct route *
route_at(size_t index)
{
    return index < ROUTES ? &routes[index] : NULL;
}

const char *
field_name(enum field field)
{
    return field_names[field];
}

enum field
route_field(const struct route *route, const char *name)
{
    for (int f = 0; f < FIELDS; f++)
        if (route->fields & 1u << f && !strcmp(field_names[f], name)) return (enum field)f;
    return FIELDS;
}

const struct route *
route_find(const char *method, const char *path, bool *known, char *allow, size_t size)
{
    const struct route *found = NULL;
    const char *want = strcmp(method, "HEAD") ? method : "GET"; /* libmicrohttpd leaves the body out */
    size_t n = 0;

    *known = false;
    for (const struct route *r = routes; r < routes + ROUTES; r++) {
        if (strcmp(r->path, path)) continue;
        *known = true;
        if (!strcmp(r->method, want)) found = r;
        n += (size_t)snprintf(allow + n, size - n, "%s%s, ", r->method, strcmp(r->method, "GET") ? "" : ", HEAD");
    }
    snprintf(allow + n, size - n, "OPTIONS");
    return found;
}

/* {"success": true, "data": data}; takes over data. */
static json_t *
success(json_t *data)
{
    return data ? json_pack("{s:b, s:o}", "success", 1, "data", data) : NULL;
}

/* The library's breed result of a photo, to be added to; NULL when out of memory. */
static json_t *
result_json(const struct photo *photo)
{
    char *text = NULL;
    json_t *data;

    if (bl_result_json(&photo->result, &text)) return NULL;
    data = json_loads(text, 0, NULL);
    free(text);
    return data;
}

/* What every answer about one photo has from us besides. */
static json_t *
with_ours(json_t *data, const struct req *req)
{
    const struct bl_result *r = &req->photos->result;

    if (!data) return NULL;
    json_object_set_new(data, "request_id", json_string(req->id));
    if (req->photos->save_error) json_object_set_new(data, "save_error", json_string(req->photos->save_error));
    if (!json_object_get(data, "image"))
        json_object_set_new(data, "image",
                            json_pack("{s:s, s:i, s:i}", "format", bl_format_name(r->format), "width", (int)r->width,
                                      "height", (int)r->height));
    if (!json_object_get(data, "model_version"))
        json_object_set_new(data, "model_version", json_string(r->model_version));
    return data;
}

static json_t *
index_json(const struct req *req)
{
    json_t *endpoints = json_object();

    for (const struct route *r = routes; r < routes + ROUTES; r++)
        if (r->name) json_object_set_new(endpoints, r->name, json_string(r->path));
    return json_pack("{s:b, s:s, s:s, s:s, s:o}", "success", 1, "message", message, "version", bl_version(), "model",
                     bl_model_get_info(req->app->model).name, "endpoints", endpoints);
}

static json_t *
health_json(const struct req *req)
{
    struct bl_model_info info = bl_model_get_info(req->app->model);
    struct timespec now;
    struct tm utc;
    char day[32], stamp[48];

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(stamp, sizeof stamp, "%s.%03ldZ", day, now.tv_nsec / 1000000);
    return json_pack("{s:b, s:s, s:s, s:{s:s, s:s}, s:s, s:s, s:s, s:i, s:{s:i, s:i}, s:{s:b}}", "success", 1, "status",
                     "healthy", "timestamp", stamp, "services", "petshop_identifier", "ready", "adoption_identifier",
                     "ready", "in_memory", req->app->in_memory, "version", bl_version(), "model_version", info.version,
                     "workers", (int)info.workers, "queue", "waiting", (int)queue_waiting(req->app->queue), "size",
                     (int)req->app->config->queue_size, "features", "backup", req->app->backup != NULL);
}

static json_t *
breed_json(const struct req *req)
{
    json_t *data = with_ours(result_json(req->photos), req);
    const struct photo *photo = req->photos;

    if (data && photo->backup_url) json_object_set_new(data, "cloudinary_url", json_string(photo->backup_url));
    else if (data && req->backup_wanted)
        json_object_set_new(data, "cloudinary_error",
                            json_string(req->app->backup ? photo->backup_error : "Cloudinary not configured"));
    return success(data);
}

static json_t *
species_json(const struct req *req)
{
    const struct bl_result *r = &req->photos->result;
    char elapsed[32];

    snprintf(elapsed, sizeof elapsed, "%.3fs", r->total_s);
    return success(with_ours(json_pack("{s:b, s:s, s:f, s:s}", "success", 1, "species", r->species, "confidence",
                                       r->species_confidence, "processing_time", elapsed),
                             req));
}

static json_t *
suggestions_json(const struct req *req)
{
    json_t *data = with_ours(result_json(req->photos), req);
    const struct text_field *species = &req->fields[FIELD_SPECIES];

    if (data && species->len) json_object_set_new(data, "filtered_by", json_any_text(species->text));
    return success(data);
}

static json_t *
adoption_json(const struct req *req)
{
    const struct bl_result *r = &req->photos->result;
    json_t *list = json_array();

    for (size_t i = 0; i < r->best_count; i++) {
        const struct bl_prediction *p = &r->best[i];

        json_array_append_new(list, json_pack("{s:s, s:s, s:f, s:s, s:s}", "breed", p->breed, "species", p->species,
                                              "confidence", p->confidence, "class_id", p->class_id, "raw_class",
                                              p->raw_class));
    }
    return success(
        with_ours(json_pack("{s:b, s:o, s:s}", "success", 1, "predictions", list, "module", "adoption"), req));
}

/* One bad photo is its own entry, and fails no other. */
static json_t *
batch_entry(const struct photo *photo)
{
    json_t *name = json_any_text(photo->filename), *entry;
    char text[512];

    if (photo_refusal(photo, text, sizeof text))
        return json_pack("{s:b, s:o, s:o}", "success", 0, "filename", name, "error", json_any_text(text));
    entry = result_json(photo);
    json_object_set_new(entry, "filename", name);
    if (photo->save_error) json_object_set_new(entry, "save_error", json_string(photo->save_error));
    return entry;
}

static json_t *
batch_json(const struct req *req)
{
    json_t *results = json_array();

    for (unsigned i = 0; i < req->photo_count; i++) json_array_append_new(results, batch_entry(&req->photos[i]));
    return success(json_pack("{s:b, s:o, s:i, s:s}", "success", 1, "results", results, "total_processed",
                             (int)req->photo_count, "request_id", req->id));
}
