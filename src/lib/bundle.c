/* SPDX-License-Identifier: Apache-2.0
 * Reads a model bundle: model.json and taxonomy.tsv. All that is particular to
 * one model comes through here, and nothing of it is trusted before it is
 * checked. Runs once, at the opening.
 */
#include "internal.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum {
    BUNDLE_FORMAT = 1, /* the layout of model.json that this code reads */
    FILE_MAX_BYTES = 256 << 20,
    TEXT_MAX_BYTES = 4 << 20, /* of model.json and of taxonomy.tsv */
    CLASSES_MAX = 100000,
    CHANNELS_MAX = 65536,
    SIDE_MIN_PX = 16,
    SIDE_MAX_PX = 1024,
    DIGEST_BYTES = 32,
};

/* taxonomy.tsv's columns, in order. */
enum { COL_CLASS_ID, COL_RAW_CLASS, COL_BREED, COL_SPECIES, COL_LEVEL, COL_ALIASES, COLUMNS };
static const char taxonomy_head[] = "class_id\traw_class\tbreed\tspecies\tlevel\taliases";

static const char unknown_species[] = "Unknown";

static char *
join(const char *dir, const char *name)
{
    size_t size = strlen(dir) + strlen(name) + 2;
    char *path = malloc(size);

    if (path) snprintf(path, size, "%s/%s", dir, name);
    return path;
}

/* The whole of a file, with a NUL after it; errno says why not. */
static enum bl_status
read_file(const char *dir, const char *name, size_t max, char **out, size_t *len, struct bl_error *err)
{
    enum bl_status st;
    char *path = join(dir, name), *text = NULL;
    FILE *f = path ? fopen(path, "rb") : NULL;
    long size;

    *out = NULL;
    if (!path) {
        st = bl__fail(err, BL_E_NOMEM, "out of memory");
        goto out;
    }
    if (!f) {
        st = bl__fail(err, BL_E_IO, "model bundle: %s: %s", name, strerror(errno));
        goto out;
    }
    if (fseek(f, 0, SEEK_END) || (size = ftell(f)) < 0 || fseek(f, 0, SEEK_SET)) {
        st = bl__fail(err, BL_E_IO, "model bundle: %s: %s", name, strerror(errno));
        goto out;
    }
    if ((size_t)size > max) {
        st = bl__fail(err, BL_E_MODEL, "model bundle: %s is over %zu bytes", name, max);
        goto out;
    }
    text = malloc((size_t)size + 1);
    if (!text) {
        st = bl__fail(err, BL_E_NOMEM, "out of memory");
        goto out;
    }
    if (fread(text, 1, (size_t)size, f) != (size_t)size) {
        st = bl__fail(err, BL_E_IO, "model bundle: %s: read failed", name);
        goto out;
    }
    text[size] = '\0';
    *len = (size_t)size;
    *out = text;
    text = NULL;
    st = BL_OK;
out:
    free(text);
    if (f) fclose(f);
    free(path);
    return st;
}

/* Is the file what model.json says it is? A half-copied network would run, and be wrong. */
static enum bl_status
check_digest(const char *dir, const json_t *digests, const char *name, struct bl_error *err)
{
    const char *want = json_string_value(json_object_get(digests, name));
    unsigned char digest[DIGEST_BYTES];
    char hex[2 * DIGEST_BYTES + 1], *bytes = NULL;
    enum bl_status st;
    size_t len = 0;

    if (!want) return bl__fail(err, BL_E_MODEL, "model.json: sha256 does not list %s", name);
    st = read_file(dir, name, FILE_MAX_BYTES, &bytes, &len, err);
    if (st) return st;
    if (!EVP_Digest(bytes, len, digest, NULL, EVP_sha256(), NULL)) {
        free(bytes);
        return bl__fail(err, BL_E_NOMEM, "out of memory");
    }
    free(bytes);
    for (int i = 0; i < DIGEST_BYTES; i++) snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    if (strcasecmp(hex, want) != 0)
        return bl__fail(err, BL_E_MODEL, "model bundle: %s is damaged or of another bundle (its SHA-256 differs)",
                        name);
    return BL_OK;
}

/* A number of an object within lo..hi, or NAN. */
static double
number_in(const json_t *object, const char *key, double lo, double hi)
{
    const json_t *v = json_object_get(object, key);
    double n = json_is_number(v) ? json_number_value(v) : NAN;

    return n >= lo && n <= hi ? n : NAN;
}

static bool
three_floats(const json_t *array, float out[3], bool zero_allowed)
{
    if (!json_is_array(array) || json_array_size(array) != 3) return false;
    for (size_t i = 0; i < 3; i++) {
        const json_t *v = json_array_get(array, i);

        if (!json_is_number(v)) return false;
        out[i] = (float)json_number_value(v);
        if (!isfinite(out[i]) || (!zero_allowed && out[i] == 0)) return false;
    }
    return true;
}

static enum bl_status
read_input(struct bl__bundle *b, const json_t *input, struct bl_error *err)
{
    double size = number_in(input, "size", SIDE_MIN_PX, SIDE_MAX_PX);
    double crop = number_in(input, "crop", 0.1, 1);
    const char *filter = json_string_value(json_object_get(input, "filter"));

    if (isnan(size) || size != floor(size))
        return bl__fail(err, BL_E_MODEL, "model.json: input.size must be a whole number from %d to %d", SIDE_MIN_PX,
                        SIDE_MAX_PX);
    if (isnan(crop)) return bl__fail(err, BL_E_MODEL, "model.json: input.crop must be a number from 0.1 to 1");
    if (filter && !strcmp(filter, "bicubic")) b->view.filter = BL__FILTER_BICUBIC;
    else if (filter && !strcmp(filter, "bilinear")) b->view.filter = BL__FILTER_BILINEAR;
    else return bl__fail(err, BL_E_MODEL, "model.json: input.filter must be bicubic or bilinear");
    if (!three_floats(json_object_get(input, "mean"), b->mean, true) ||
        !three_floats(json_object_get(input, "scale"), b->scale, false))
        return bl__fail(err, BL_E_MODEL, "model.json: input.mean and input.scale must be three numbers, no scale 0");
    b->view.size_px = (unsigned)size;
    b->view.crop = crop;
    return BL_OK;
}

/* A file of the bundle: a plain name, so that a bundle cannot point out of its folder. */
static const char *
file_name(const json_t *root, const char *key)
{
    const char *name = json_string_value(json_object_get(root, key));

    return name && *name && *name != '.' && !strchr(name, '/') ? name : NULL;
}

/* Optional; where it is there, it must fit. */
static enum bl_status
read_explain(struct bl__bundle *b, const char *dir, const json_t *root, struct bl_error *err)
{
    const json_t *explain = json_object_get(root, "explain");
    double channels = number_in(explain, "channels", 1, CHANNELS_MAX);
    double height = number_in(explain, "height", 1, BL_EXPLANATION_MAX),
           width = number_in(explain, "width", 1, BL_EXPLANATION_MAX);
    double head = number_in(explain, "head_offset", 0, FILE_MAX_BYTES),
           scale = number_in(explain, "scale_offset", 0, FILE_MAX_BYTES);
    struct stat weights;
    const char *network;
    enum bl_status st;

    if (!explain) return BL_OK;
    network = file_name(explain, "network");
    if (!network || isnan(channels) || isnan(height) || isnan(width) || isnan(head) || isnan(scale) ||
        height * width > BL_EXPLANATION_MAX)
        return bl__fail(err, BL_E_MODEL,
                        "model.json: explain must have network, channels, height, width and offsets in range");
    if (stat(b->weights_path, &weights)) return bl__fail(err, BL_E_IO, "model bundle: weights: %s", strerror(errno));
    if (head + b->class_count * channels > (double)weights.st_size ||
        scale + b->class_count * sizeof(float) > (double)weights.st_size)
        return bl__fail(err, BL_E_MODEL, "model.json: explain points beyond the weights");
    st = check_digest(dir, json_object_get(root, "sha256"), network, err);
    if (st) return st;
    b->explain = (struct bl__explain){ .network_path = join(dir, network),
                                       .channels = (unsigned)channels,
                                       .height = (unsigned)height,
                                       .width = (unsigned)width,
                                       .head_offset = (size_t)head,
                                       .scale_offset = (size_t)scale };
    return b->explain.network_path ? BL_OK : bl__fail(err, BL_E_NOMEM, "out of memory");
}

static enum bl_status
read_json(struct bl__bundle *b, const char *dir, const json_t *root, struct bl_error *err)
{
    const char *name = json_string_value(json_object_get(root, "name"));
    const char *version = json_string_value(json_object_get(root, "version"));
    const char *files[] = { file_name(root, "network"), file_name(root, "weights"), file_name(root, "taxonomy") };
    double classes = number_in(root, "classes", 1, CLASSES_MAX);
    enum bl_status st;
    size_t len;

    if (number_in(root, "format", 0, 1e9) != BUNDLE_FORMAT)
        return bl__fail(err, BL_E_MODEL, "model.json: format must be %d", BUNDLE_FORMAT);
    if (!name || !version) return bl__fail(err, BL_E_MODEL, "model.json: name and version are missing");
    if (!files[0] || !files[1] || !files[2])
        return bl__fail(err, BL_E_MODEL, "model.json: network, weights and taxonomy must be plain file names");
    if (isnan(classes))
        return bl__fail(err, BL_E_MODEL, "model.json: classes must be a number from 1 to %d", CLASSES_MAX);
    b->temperature = number_in(root, "temperature", 0.01, 100);
    if (isnan(b->temperature))
        return bl__fail(err, BL_E_MODEL, "model.json: temperature must be a number from 0.01 to 100");
    b->unknown_threshold = number_in(json_object_get(root, "unknown"), "threshold", 0, 1);
    if (isnan(b->unknown_threshold))
        return bl__fail(err, BL_E_MODEL, "model.json: unknown.threshold must be a number from 0 to 1");
    st = read_input(b, json_object_get(root, "input"), err);
    for (int i = 0; !st && i < 3; i++) st = check_digest(dir, json_object_get(root, "sha256"), files[i], err);
    if (st) return st;
    b->class_count = (unsigned)classes;
    b->name = strdup(name);
    b->version = strdup(version);
    b->network_path = join(dir, files[0]);
    b->weights_path = join(dir, files[1]);
    if (!b->name || !b->version || !b->network_path || !b->weights_path)
        return bl__fail(err, BL_E_NOMEM, "out of memory");
    st = read_explain(b, dir, root, err);
    return st ? st : read_file(dir, files[2], TEXT_MAX_BYTES, &b->text, &len, err);
}

/* Cut a line at its tabs, in place; false unless it has just the columns. */
static bool
cut(char *line, char *column[COLUMNS])
{
    for (int i = 0; i < COLUMNS; i++) {
        column[i] = strsep(&line, "\t");
        if (!column[i]) return false;
    }
    return !line;
}

/* Classes of one class_id are one label, classes of one species one species. Quadratic, but once, and small. */
static void
number_class(struct bl__bundle *b, unsigned row)
{
    struct bl__class *c = &b->classes[row];

    for (c->label_index = 0; c->label_index < b->label_count; c->label_index++) {
        const struct bl__class *first = &b->classes[b->label_class[c->label_index]];

        if (strcmp(first->label.class_id, c->label.class_id) == 0) {
            c->label = first->label; /* a breed of several rows has one set of texts */
            c->species_index = first->species_index;
            c->unknown = first->unknown;
            return;
        }
    }
    b->label_class[b->label_count++] = row;
    for (c->species_index = 0; c->species_index < b->species_count; c->species_index++)
        if (strcmp(b->species_name[c->species_index], c->label.species) == 0) return;
    b->species_name[b->species_count++] = c->label.species;
}

static enum bl_status
read_taxonomy(struct bl__bundle *b, struct bl_error *err)
{
    char *rest = b->text, *line = strsep(&rest, "\n");
    unsigned row = 0;

    b->classes = calloc(b->class_count, sizeof *b->classes);
    b->label_class = calloc(b->class_count, sizeof *b->label_class);
    b->species_name = calloc(b->class_count, sizeof *b->species_name);
    if (!b->classes || !b->label_class || !b->species_name) return bl__fail(err, BL_E_NOMEM, "out of memory");
    if (!line || strcmp(line, taxonomy_head) != 0)
        return bl__fail(err, BL_E_MODEL, "taxonomy: the first line must name the columns class_id to aliases");
    while ((line = strsep(&rest, "\n")) && *line) {
        char *column[COLUMNS];
        struct bl__class *c = &b->classes[row];

        if (row == b->class_count)
            return bl__fail(err, BL_E_MODEL, "taxonomy: more rows than the %u classes", b->class_count);
        if (!cut(line, column) || !*column[COL_CLASS_ID] || !*column[COL_BREED] || !*column[COL_SPECIES])
            return bl__fail(err, BL_E_MODEL, "taxonomy: line %u does not have its %d columns", row + 2, COLUMNS);
        c->label = (struct bl_label){ .class_id = column[COL_CLASS_ID],
                                      .raw_class = column[COL_RAW_CLASS],
                                      .breed = column[COL_BREED],
                                      .species = column[COL_SPECIES],
                                      .aliases = column[COL_ALIASES] };
        c->unknown = strcmp(column[COL_SPECIES], unknown_species) == 0;
        number_class(b, row++);
    }
    if (row != b->class_count)
        return bl__fail(err, BL_E_MODEL, "taxonomy: %u rows where model.json says %u classes", row, b->class_count);
    return BL_OK;
}

enum bl_status
bl__bundle_read(struct bl__bundle *b, const char *dir, struct bl_error *err)
{
    json_error_t where;
    json_t *root = NULL;
    enum bl_status st;
    char *text = NULL;
    size_t len = 0;

    memset(b, 0, sizeof *b);
    st = read_file(dir, "model.json", TEXT_MAX_BYTES, &text, &len, err);
    if (st) return st;
    root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &where);
    if (root) st = read_json(b, dir, root, err);
    else st = bl__fail(err, BL_E_MODEL, "model.json: line %d is no JSON", where.line);
    if (!st) st = read_taxonomy(b, err);
    json_decref(root);
    free(text);
    if (st) bl__bundle_clear(b);
    return st;
}

void
bl__bundle_clear(struct bl__bundle *b)
{
    free(b->text);
    free(b->name);
    free(b->version);
    free(b->network_path);
    free(b->weights_path);
    free(b->explain.network_path);
    free(b->classes);
    free(b->label_class);
    free(b->species_name);
    memset(b, 0, sizeof *b);
}
