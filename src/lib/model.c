/* SPDX-License-Identifier: Apache-2.0
 * The public handles: a model (bundle and engine, shared), and a worker (decoder
 * and inference request, one thread's) with the identification that ties the
 * steps together.
 */
#include "internal.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WORKERS_MAX = 256, SIDE_MIN_PX = 64, SIDE_MAX_PX = 16384 };

struct bl_worker {
    const struct bl_model *model;
    struct bl__decoder decoder;
    struct bl__infer *infer;
    double *probabilities;      /* [class_count] */
    struct bl__scratch encoded; /* a photo that comes from a stream */
};

const char *
bl_version(void)
{
    return BL_VERSION;
}

const char *
bl_runtime_version(void)
{
    return bl__engine_version();
}

/* ---- model ---- */

/* Where the bundles may lie, seen from the folder of the library or program: source tree, installation. */
static const char *const model_places[] = { "../model", "../../model", "../share/breedlens/model",
                                            "../../share/breedlens/model" };
static const char default_type[] = "accurate";

/* Is there a bundle in this folder? */
static bool
has_bundle(const char *dir)
{
    char probe[4096];

    return snprintf(probe, sizeof probe, "%s/model.json", dir) < (int)sizeof probe && access(probe, R_OK) == 0;
}

enum bl_status
bl_model_default_dir(const char *type, char *buf, size_t size)
{
    const char *said = getenv("BREEDLENS_MODEL"), *slash;
    Dl_info self;
    int n = -1;

    if (!buf || !size) return BL_E_ARG;
    buf[0] = '\0';
    if (!type) type = default_type;
    if (!*type || *type == '.' || strchr(type, '/')) return BL_E_ARG;
    if (said && *said) {
        n = snprintf(buf, size, "%s", said);
    } else if (dladdr((const void *)bl_version, &self) && self.dli_fname) {
        slash = strrchr(self.dli_fname, '/');
        for (size_t i = 0; i < sizeof model_places / sizeof model_places[0]; i++) {
            n = snprintf(buf, size, "%.*s/%s/%s", slash ? (int)(slash - self.dli_fname) : 1,
                         slash ? self.dli_fname : ".", model_places[i], type);
            if (n > 0 && (size_t)n < size && has_bundle(buf)) break;
        }
    }
    if (n < 0 || (size_t)n >= size) {
        buf[0] = '\0';
        return BL_E_ARG;
    }
    return BL_OK;
}

enum bl_status
bl_model_open(const char *dir, const struct bl_model_options *opts, struct bl_model **out, struct bl_error *err)
{
    char default_dir[4096];
    struct bl_model *m = NULL;
    enum bl_status st;

    if (!out) return bl__fail(err, BL_E_ARG, "no place for the model");
    *out = NULL;
    if (opts && opts->workers > WORKERS_MAX) return bl__fail(err, BL_E_ARG, "workers must be 0 to %d", WORKERS_MAX);
    if (!dir) {
        st = bl_model_default_dir(opts ? opts->type : NULL, default_dir, sizeof default_dir);
        if (st) return bl__fail(err, st, "the model's folder cannot be told from its type");
        dir = default_dir;
    }
    m = calloc(1, sizeof *m);
    if (!m) return bl__fail(err, BL_E_NOMEM, "out of memory");
    m->workers = opts ? opts->workers : 0;
    if (!m->workers) {
        long cores = sysconf(_SC_NPROCESSORS_ONLN);

        m->workers = cores < 1 ? 1 : cores > WORKERS_MAX ? WORKERS_MAX : (unsigned)cores;
    }
    st = bl__bundle_read(&m->bundle, dir, err);
    if (!st) st = bl__engine_new(&m->bundle, m->workers, &m->engine, err);
    if (st) bl_model_close(m);
    else *out = m;
    return st;
}

void
bl_model_close(struct bl_model *m)
{
    if (!m) return;
    bl__engine_free(m->engine);
    bl__bundle_clear(&m->bundle);
    free(m);
}

struct bl_model_info
bl_model_get_info(const struct bl_model *m)
{
    return (struct bl_model_info){
        .name = m->bundle.name,
        .version = m->bundle.version,
        .input_side_px = m->bundle.view.size_px,
        .classes = m->bundle.class_count,
        .workers = m->workers,
    };
}

size_t
bl_model_label_count(const struct bl_model *m)
{
    return m->bundle.label_count;
}

const struct bl_label *
bl_model_label(const struct bl_model *m, size_t index)
{
    return index < m->bundle.label_count ? &m->bundle.classes[m->bundle.label_class[index]].label : NULL;
}

/* ---- worker ---- */

enum bl_status
bl_worker_new(struct bl_model *model, const struct bl_limits *limits, struct bl_worker **out, struct bl_error *err)
{
    struct bl_limits lim = limits ? *limits : bl_limits_default();
    struct bl_worker *w = NULL;
    enum bl_status st;

    if (!out) return bl__fail(err, BL_E_ARG, "no place for the worker");
    *out = NULL;
    if (!model) return bl__fail(err, BL_E_ARG, "no model");
    if (!lim.max_bytes || !lim.max_pixels || lim.max_side_px < SIDE_MIN_PX || lim.max_side_px > SIDE_MAX_PX)
        return bl__fail(err, BL_E_ARG, "limits: bytes and pixels over 0, side from %d to %d", SIDE_MIN_PX, SIDE_MAX_PX);
    w = calloc(1, sizeof *w);
    if (!w) return bl__fail(err, BL_E_NOMEM, "out of memory");
    w->model = model;
    w->probabilities = calloc(model->bundle.class_count, sizeof *w->probabilities);
    st = w->probabilities ? BL_OK : bl__fail(err, BL_E_NOMEM, "out of memory");
    if (!st) st = bl__decoder_init(&w->decoder, &lim, &model->bundle.view, err);
    if (!st) st = bl__infer_new(model->engine, &w->infer, err);
    if (st) bl_worker_free(w);
    else *out = w;
    return st;
}

void
bl_worker_free(struct bl_worker *w)
{
    if (!w) return;
    bl__infer_free(w->infer);
    bl__decoder_clear(&w->decoder);
    bl__scratch_clear(&w->encoded);
    free(w->probabilities);
    free(w);
}

/* ---- identification ---- */

static double
seconds_between(const struct timespec *a, const struct timespec *b)
{
    return (double)(b->tv_sec - a->tv_sec) + (double)(b->tv_nsec - a->tv_nsec) / 1e9;
}

enum bl_status
bl_identify(struct bl_worker *w, const void *data, size_t len, const struct bl_options *options, struct bl_result *out,
            struct bl_error *err)
{
    struct bl_options opts = options ? *options : bl_options_default();
    struct timespec begin, decoded, end;
    const struct bl__head *head = NULL;
    const float *logits, *features;
    struct bl__photo photo;
    enum bl_status st;

    if (!out) return bl__fail(err, BL_E_ARG, "no place for the result");
    memset(out, 0, sizeof *out);
    if (!w || (!data && len)) return bl__fail(err, BL_E_ARG, "no worker or no data");
    if (opts.top_k < 1 || opts.top_k > BL_TOP_K_MAX)
        return bl__fail(err, BL_E_ARG, "top_k must be 1 to %d", BL_TOP_K_MAX);
    if (!(opts.threshold >= 0 && opts.threshold <= 1)) return bl__fail(err, BL_E_ARG, "threshold must be 0 to 1");

    clock_gettime(CLOCK_MONOTONIC, &begin);
    st = bl__decode(&w->decoder, data, len, bl__infer_input(w->infer), &out->format, &photo, err);
    if (st) goto fail;
    clock_gettime(CLOCK_MONOTONIC, &decoded);
    if (opts.explain) st = bl__infer_explain(w->infer, &logits, &features, &head, err);
    else st = bl__infer_run(w->infer, &logits, err);
    if (st) goto fail;
    bl__identify_logits(&w->model->bundle, logits, &opts, w->probabilities, out);
    out->width = photo.width;
    out->height = photo.height;
    if (opts.explain) st = bl__explain(&w->model->bundle, head, logits, features, out, err);
    if (st) goto fail;
    out->model = w->model->bundle.name;
    out->model_version = w->model->bundle.version;
    clock_gettime(CLOCK_MONOTONIC, &end);
    clock_gettime(CLOCK_REALTIME, &out->finished);
    out->decode_s = seconds_between(&begin, &decoded);
    out->total_s = seconds_between(&begin, &end);
    return BL_OK;
fail:
    memset(out, 0, sizeof *out);
    return st;
}

enum bl_status
bl_identify_stream(struct bl_worker *w, FILE *stream, const struct bl_options *opts, struct bl_result *out,
                   struct bl_error *err)
{
    size_t len = 0, room = 1 << 16, max;

    if (!out) return bl__fail(err, BL_E_ARG, "no place for the result");
    memset(out, 0, sizeof *out);
    if (!w || !stream) return bl__fail(err, BL_E_ARG, "no worker or no stream");
    max = w->decoder.limits.max_bytes + 1; /* one more tells a file that is too large */
    for (;;) {
        size_t want = room < max ? room : max;

        if (want > w->encoded.size) {
            struct bl__scratch bigger = { 0 };

            if (!bl__scratch_get(&bigger, want)) return bl__fail(err, BL_E_NOMEM, "out of memory");
            if (len) memcpy(bigger.data, w->encoded.data, len);
            bl__scratch_clear(&w->encoded);
            w->encoded = bigger;
        }
        if (w->encoded.size < max) want = w->encoded.size;
        errno = 0;
        len += fread(w->encoded.data + len, 1, want - len, stream);
        if (ferror(stream)) return bl__fail(err, BL_E_IO, "read failed: %s", errno ? strerror(errno) : "input error");
        if (feof(stream) || len == max) break;
        room = want * 2;
    }
    return bl_identify(w, w->encoded.data, len, opts, out, err);
}

enum bl_status
bl_identify_path(struct bl_worker *w, const char *path, const struct bl_options *opts, struct bl_result *out,
                 struct bl_error *err)
{
    enum bl_status st;
    FILE *f;

    if (!out) return bl__fail(err, BL_E_ARG, "no place for the result");
    memset(out, 0, sizeof *out);
    if (!path) return bl__fail(err, BL_E_ARG, "no path");
    f = fopen(path, "rb");
    if (!f) return bl__fail(err, BL_E_IO, "cannot open: %s", strerror(errno));
    setvbuf(f, NULL, _IONBF, 0); /* read straight into the worker's buffer */
    st = bl_identify_stream(w, f, opts, out, err);
    fclose(f);
    return st;
}
