/* SPDX-License-Identifier: Apache-2.0
 * The description of the API for programs, /openapi.json: paths, fields and
 * errors from the tables that the server itself works by; the schemas of the
 * answers and the words around them from web/openapi.base.json. The HTTP thread.
 */
#include "server.h"

#include "text.h"

#include <stdlib.h>
#include <string.h>

static const char schema_path[] = "#/components/schemas/";

static json_t *
reference(const char *name)
{
    return json_pack("{s:s+}", "$ref", schema_path, name);
}

/* ---- what is sent ---- */

/* A field that takes the parser's words for yes and no. */
static json_t *
word_schema(const char *description)
{
    json_t *words = json_array();

    for (size_t i = 0; text_bool_word(i); i++) json_array_append_new(words, json_string(text_bool_word(i)));
    return json_pack("{s:s, s:o, s:s, s:s}", "type", "string", "enum", words, "default", "false", "description",
                     description);
}

static json_t *
field_schema(enum field field, unsigned top_k)
{
    switch (field) {
    case FIELD_TOP_K:
        return json_pack("{s:s, s:i, s:i, s:i, s:s}", "type", "integer", "minimum", 1, "maximum", BL_TOP_K_MAX,
                         "default", (int)top_k, "description", "How many predictions to list at most.");
    case FIELD_UPLOAD:
        return word_schema("Keep a backup of the photo in the configured Cloudinary account? Upper or lower case.");
    case FIELD_EXPLAIN:
        return word_schema("Say where the model looked, too: a small grid over the photo? Upper or lower case.");
    case FIELD_SPECIES:
        return json_pack("{s:s, s:s, s:[s, s]}", "type", "string", "description",
                         "Only breeds of this species, with confidences within it. Upper or lower case, a plural too; "
                         "of a species that the model does not know there are no predictions. At most 256 bytes.",
                         "examples", "Cat", "dogs");
    case FIELDS: break;
    }
    return NULL;
}

static json_t *
form_json(const struct route *r)
{
    json_t *file = json_pack("{s:s, s:s, s:s}", "type", "string", "format", "binary", "description",
                             "A JPEG, PNG or WebP photo. Its part needs a file name with an allowed extension.");
    json_t *fields, *form, *encoding;
    char disposition[80];

    if (r->max_files > 1)
        file = json_pack("{s:s, s:o, s:i, s:i}", "type", "array", "items", file, "minItems", 1, "maxItems",
                         (int)r->max_files);
    fields = json_pack("{s:o}", r->file, file);
    for (int f = 0; f < FIELDS; f++)
        if (r->fields & 1u << f)
            json_object_set_new(fields, field_name((enum field)f), field_schema((enum field)f, r->top_k));
    form = json_pack("{s:s, s:[s], s:o}", "type", "object", "required", r->file, "properties", fields);
    snprintf(disposition, sizeof disposition, "form-data; name=\"%s\"; filename=\"photo.jpg\"", r->file);
    encoding = json_pack("{s:{s:s, s:{s:{s:{s:s}, s:s}}}}", r->file, "contentType", "image/jpeg, image/png, image/webp",
                         "headers", "Content-Disposition", "schema", "type", "string", "example", disposition);
    return json_pack("{s:b, s:{s:{s:o, s:o}}}", "required", 1, "content", "multipart/form-data", "schema", form,
                     "encoding", encoding);
}

/* ---- what is answered ---- */

static json_t *
header_reference(const char *name)
{
    return json_pack("{s:s+}", "$ref", "#/components/headers/", name);
}

static json_t *
headers_json(unsigned status)
{
    json_t *headers = json_pack("{s:o}", "X-Request-Id", header_reference("X-Request-Id"));

    if (status == 429 || status == 503) json_object_set_new(headers, "Retry-After", header_reference("Retry-After"));
    if (status == 405) json_object_set_new(headers, "Allow", header_reference("Allow"));
    return headers;
}

/* {"success": true, "data": …} around the result of a form, with its example; the rest stands by itself. */
static json_t *
answer_json(const struct route *r, const json_t *schemas)
{
    json_t *example = json_incref(json_object_get(json_object_get(schemas, r->schema), "example"));
    json_t *schema = reference(r->schema), *content;

    if (r->file) {
        schema = json_pack("{s:s, s:[s, s], s:{s:{s:b}, s:o}}", "type", "object", "required", "success", "data",
                           "properties", "success", "const", 1, "data", schema);
        example = json_pack("{s:b, s:o}", "success", 1, "data", example);
    }
    content = json_pack("{s:{s:o, s:o*}}", "application/json", "schema", schema, "example", example);
    if (r->page)
        json_object_set_new(content, "text/html",
                            json_pack("{s:{s:s}, s:s}", "schema", "type", "string", "example", "<!doctype html>…"));
    return json_pack("{s:s, s:o, s:o}", "description",
                     r->page ? "The answer; the page for people when Accept prefers HTML." : "The answer.", "headers",
                     headers_json(200), "content", content);
}

/* Adds an error's text to its status' answer, which is made when it is the first. */
static void
add_error(json_t *responses, unsigned status, const char *text)
{
    json_t *response, *examples, *error;
    char key[16], name[16];

    snprintf(key, sizeof key, "%u", status);
    response = json_object_get(responses, key);
    if (!response) {
        response = json_pack("{s:s, s:o, s:{s:{s:o, s:{}}}}", "description", text, "headers", headers_json(status),
                             "content", "application/json", "schema", reference("Error"), "examples");
        json_object_set_new(responses, key, response);
    }
    examples = json_object_get(json_object_get(json_object_get(response, "content"), "application/json"), "examples");
    snprintf(name, sizeof name, "e%zu", json_object_size(examples) + 1);
    error = json_pack("{s:{s:b, s:s}}", "value", "success", 0, "error", text);
    json_object_set_new(examples, name, error);
    if (json_object_size(examples) > 1)
        json_object_set_new(response, "description", json_string("One of several, as the text says."));
}

/* Every error that the route can answer, from the tables of reply.c. */
static void
add_errors(json_t *responses, const struct app *app, const struct route *r)
{
    char text[CAUSE_MAX];
    unsigned status;

    for (int why = 0; why < REFUSALS; why++) {
        status = refusal_describe(app->config, (enum refusal)why, r, text, sizeof text);
        if (status) add_error(responses, status, text);
    }
    if (r->max_files != 1) return; /* a batch tells of each photo in its own entry */
    for (int st = BL_E_FORMAT; st <= BL_E_MODEL; st++) {
        if (st == BL_E_CORRUPT) continue; /* the same sentence as BL_E_FORMAT's */
        if (st == BL_E_MODEL && !(r->fields & 1u << FIELD_EXPLAIN)) continue;
        status = photo_refusal_describe((enum bl_status)st, "<reason>", text, sizeof text);
        add_error(responses, status, text);
    }
}

static json_t *
operation_json(const struct app *app, const struct route *r, const json_t *schemas)
{
    json_t *responses = json_pack("{s:o}", "200", answer_json(r, schemas)), *operation;
    const char *last = strrchr(r->path, '/') + 1, *id = *last ? last : "index";

    add_errors(responses, app, r);
    operation = json_pack("{s:s%, s:s, s:s, s:o}", "operationId", id, strcspn(id, "."), "summary", r->summary,
                          "description", r->about, "responses", responses);
    if (r->file) json_object_set_new(operation, "requestBody", form_json(r));
    return operation;
}

/* ---- the whole ---- */

static json_t *
base_json(void)
{
    for (const struct web_file *f = web_files; f < web_files + web_file_count; f++)
        if (!strcmp(f->name, "openapi.base.json")) return json_loadb((const char *)f->data, f->size, 0, NULL);
    return NULL;
}

/* The species of the model, each once, in the order of its taxonomy. */
static json_t *
species_names(const struct bl_model *model)
{
    json_t *names = json_array(), *seen = json_object();
    const struct bl_label *label;

    for (size_t i = 0; (label = bl_model_label(model, i)); i++) {
        if (json_object_get(seen, label->species)) continue;
        json_object_set_new(seen, label->species, json_true());
        json_array_append_new(names, json_string(label->species));
    }
    if (!json_object_get(seen, "Unknown")) json_array_append_new(names, json_string("Unknown"));
    json_decref(seen);
    return names;
}

json_t *
openapi_json(const struct req *req)
{
    json_t *root = base_json(), *paths = json_object(), *schemas;
    const struct route *r;

    schemas = json_object_get(json_object_get(root, "components"), "schemas");
    json_object_set_new(json_object_get(root, "info"), "version", json_string(bl_version()));
    json_object_set_new(json_object_get(schemas, "Species"), "enum", species_names(req->app->model));
    for (size_t i = 0; (r = route_at(i)); i++) {
        char method[8] = "";

        if (!r->schema) continue; /* a page */
        for (size_t c = 0; r->method[c] && c + 1 < sizeof method; c++) method[c] = (char)(r->method[c] | 0x20);
        json_object_set_new(paths, r->path, json_pack("{s:o}", method, operation_json(req->app, r, schemas)));
    }
    if (json_object_set_new(root, "paths", paths)) { /* out of memory: there is no base to put them into */
        json_decref(root);
        return NULL;
    }
    return root;
}
