/* SPDX-License-Identifier: Apache-2.0
 * The network, by the OpenVINO C API: read, checked against the bundle, compiled
 * once with a stream a worker; then one request a worker, which shares nothing
 * that is written. The only file that knows OpenVINO.
 */
#include "internal.h"

#include <openvino/c/openvino.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct bl__engine {
    const struct bl__bundle *bundle;
    unsigned workers;
    ov_core_t *core;
    ov_compiled_model_t *compiled;
    pthread_mutex_t lock;         /* guards what follows, which the first explanation makes */
    ov_compiled_model_t *explain; /* the network that tells its feature map, too */
    struct bl__head head;
};

/* A request with its outputs: they are its own, and keep their memory. */
struct request {
    ov_infer_request_t *request;
    ov_tensor_t *output[2]; /* logits; the feature map where there is one */
    float *values[2];
    size_t bytes[2]; /* of each */
};

struct bl__infer {
    struct bl__engine *engine;
    ov_tensor_t *input; /* of `plain`, and given to `explain` */
    size_t input_bytes;
    uint8_t *pixels;
    struct request plain, explain; /* the second is made when it is first asked for */
};

/* OpenVINO's codes, in our words; its message may hold paths, so only the step is told. */
static enum bl_status
ov_fail(struct bl_error *err, ov_status_e rc, const char *step)
{
    enum bl_status st =
        rc == NOT_FOUND || rc == NETWORK_NOT_LOADED || rc == NETWORK_NOT_READ ? BL_E_MODEL : BL_E_ENGINE;

    return bl__fail(err, st, "inference runtime: %s failed (%s)", step, ov_get_error_info(rc));
}

/* A port's shape must be just this, and static: a bundle is input too. */
static enum bl_status
check_shape(const ov_output_const_port_t *port, const char *what, const int64_t *want, int64_t rank,
            struct bl_error *err)
{
    ov_shape_t shape = { 0 };
    ov_status_e rc = ov_const_port_get_shape(port, &shape);
    bool same = rc == OK && shape.rank == rank;

    for (int64_t i = 0; same && i < rank; i++) same = shape.dims[i] == want[i];
    if (rc == OK) ov_shape_free(&shape);
    return same ? BL_OK : bl__fail(err, BL_E_MODEL, "the network's %s is not what model.json says", what);
}

/* One input; the logits, and of the network that explains the feature map. */
static enum bl_status
check_ports(const ov_model_t *model, const struct bl__bundle *bundle, bool explains, struct bl_error *err)
{
    const int64_t in[] = { 1, 3, bundle->view.size_px, bundle->view.size_px }, out[] = { 1, bundle->class_count };
    const int64_t map[] = { 1, bundle->explain.channels, bundle->explain.height, bundle->explain.width };
    ov_output_const_port_t *input = NULL, *output = NULL, *features = NULL;
    size_t outputs = 0;
    enum bl_status st;
    ov_status_e rc;

    rc = ov_model_const_input(model, &input); /* fails unless there is exactly one */
    if (rc == OK) rc = ov_model_outputs_size(model, &outputs);
    if (rc == OK) rc = ov_model_const_output_by_index(model, 0, &output);
    if (rc == OK && explains && outputs == 2) rc = ov_model_const_output_by_index(model, 1, &features);
    if (rc || outputs != (explains ? 2 : 1)) {
        st = bl__fail(err, BL_E_MODEL, "the network must have one input and %s",
                      explains ? "two outputs" : "one output");
    } else {
        st = check_shape(input, "input", in, 4, err);
        if (!st) st = check_shape(output, "output", out, 2, err);
        if (!st && explains) st = check_shape(features, "feature map", map, 4, err);
    }
    ov_output_const_port_free(features);
    ov_output_const_port_free(output);
    ov_output_const_port_free(input);
    return st;
}

/*
 * In front of the network: bytes as the resize writes them (RGB, HWC), turned
 * into the planes of (value - mean) / scale that it was trained on.
 */
static ov_status_e
add_preprocessing(ov_model_t *model, const struct bl__bundle *bundle, ov_model_t **out)
{
    ov_preprocess_prepostprocessor_t *ppp = NULL;
    ov_preprocess_input_info_t *info = NULL;
    ov_preprocess_input_tensor_info_t *tensor = NULL;
    ov_preprocess_input_model_info_t *net = NULL;
    ov_preprocess_preprocess_steps_t *steps = NULL;
    ov_layout_t *hwc = NULL, *chw = NULL;
    ov_status_e rc;

    rc = ov_layout_create("NHWC", &hwc);
    if (rc == OK) rc = ov_layout_create("NCHW", &chw);
    if (rc == OK) rc = ov_preprocess_prepostprocessor_create(model, &ppp);
    if (rc == OK) rc = ov_preprocess_prepostprocessor_get_input_info(ppp, &info);
    if (rc == OK) rc = ov_preprocess_input_info_get_tensor_info(info, &tensor);
    if (rc == OK) rc = ov_preprocess_input_tensor_info_set_element_type(tensor, U8);
    if (rc == OK) rc = ov_preprocess_input_tensor_info_set_layout(tensor, hwc);
    if (rc == OK) rc = ov_preprocess_input_info_get_model_info(info, &net);
    if (rc == OK) rc = ov_preprocess_input_model_info_set_layout(net, chw);
    if (rc == OK) rc = ov_preprocess_input_info_get_preprocess_steps(info, &steps);
    if (rc == OK) rc = ov_preprocess_preprocess_steps_convert_element_type(steps, F32);
    if (rc == OK) rc = ov_preprocess_preprocess_steps_mean_multi_channels(steps, bundle->mean, 3);
    if (rc == OK) rc = ov_preprocess_preprocess_steps_scale_multi_channels(steps, bundle->scale, 3);
    if (rc == OK) rc = ov_preprocess_prepostprocessor_build(ppp, out);
    ov_preprocess_preprocess_steps_free(steps);
    ov_preprocess_input_model_info_free(net);
    ov_preprocess_input_tensor_info_free(tensor);
    ov_preprocess_input_info_free(info);
    ov_preprocess_prepostprocessor_free(ppp);
    ov_layout_free(chw);
    ov_layout_free(hwc);
    return rc;
}

/* One stream a worker: each request then runs on its own core, with no lock between them. */
static ov_status_e
compile(const struct bl__engine *e, const ov_model_t *model, ov_compiled_model_t **out)
{
    char count[16];

    snprintf(count, sizeof count, "%u", e->workers);
    return ov_core_compile_model(e->core, model, "CPU", 8, out, "NUM_STREAMS", count, "INFERENCE_NUM_THREADS", count,
                                 "ENABLE_CPU_PINNING", "NO", "INFERENCE_PRECISION_HINT", "f32");
}

/* Read, checked, compiled. */
static enum bl_status
load(const struct bl__engine *e, const char *network_path, bool explains, ov_compiled_model_t **out,
     struct bl_error *err)
{
    ov_model_t *read = NULL, *model = NULL;
    enum bl_status st;
    ov_status_e rc;

    rc = ov_core_read_model(e->core, network_path, e->bundle->weights_path, &read);
    if (rc) return bl__fail(err, BL_E_MODEL, "the network cannot be read");
    st = check_ports(read, e->bundle, explains, err);
    if (st) goto out;
    rc = add_preprocessing(read, e->bundle, &model);
    if (rc) {
        st = ov_fail(err, rc, "preparing the input");
        goto out;
    }
    rc = compile(e, model, out);
    if (rc) {
        st = ov_fail(err, rc, "compiling the network");
        goto out;
    }
    st = BL_OK;
out:
    ov_model_free(model);
    ov_model_free(read);
    return st;
}

enum bl_status
bl__engine_new(const struct bl__bundle *bundle, unsigned workers, struct bl__engine **out, struct bl_error *err)
{
    struct bl__engine *e;
    enum bl_status st;
    ov_status_e rc;

    *out = NULL;
    e = calloc(1, sizeof *e);
    if (!e) return bl__fail(err, BL_E_NOMEM, "out of memory");
    pthread_mutex_init(&e->lock, NULL);
    e->bundle = bundle;
    e->workers = workers;
    rc = ov_core_create(&e->core);
    st = rc ? ov_fail(err, rc, "start") : load(e, bundle->network_path, false, &e->compiled, err);
    if (st) bl__engine_free(e);
    else *out = e;
    return st;
}

void
bl__engine_free(struct bl__engine *e)
{
    if (!e) return;
    bl__head_clear(&e->head);
    ov_compiled_model_free(e->explain);
    ov_compiled_model_free(e->compiled);
    ov_core_free(e->core);
    pthread_mutex_destroy(&e->lock);
    free(e);
}

/* ---- requests ---- */

static void
request_clear(struct request *r)
{
    ov_tensor_free(r->output[1]);
    ov_tensor_free(r->output[0]);
    ov_infer_request_free(r->request);
    memset(r, 0, sizeof *r);
}

/* A request whose outputs have just `sizes` floats. */
static enum bl_status
request_init(struct request *r, const ov_compiled_model_t *compiled, const size_t *sizes, size_t outputs,
             struct bl_error *err)
{
    ov_status_e rc = ov_compiled_model_create_infer_request(compiled, &r->request);
    enum bl_status st = BL_OK;

    for (size_t i = 0; rc == OK && i < outputs; i++) {
        size_t bytes = 0;
        void *values = NULL;

        rc = ov_infer_request_get_output_tensor_by_index(r->request, i, &r->output[i]);
        if (rc == OK) rc = ov_tensor_get_byte_size(r->output[i], &bytes);
        if (rc == OK) rc = ov_tensor_data(r->output[i], &values);
        if (rc == OK && bytes != sizes[i] * sizeof(float))
            st = bl__fail(err, BL_E_MODEL, "the network's outputs are not what model.json says");
        r->values[i] = values;
        r->bytes[i] = bytes;
    }
    if (rc) st = ov_fail(err, rc, "making a request");
    if (st) request_clear(r);
    return st;
}

enum bl_status
bl__infer_new(struct bl__engine *e, struct bl__infer **out, struct bl_error *err)
{
    const size_t sizes[] = { e->bundle->class_count };
    size_t side = e->bundle->view.size_px;
    struct bl__infer *in;
    void *pixels = NULL;
    enum bl_status st;
    ov_status_e rc;

    *out = NULL;
    in = calloc(1, sizeof *in);
    if (!in) return bl__fail(err, BL_E_NOMEM, "out of memory");
    in->engine = e;
    st = request_init(&in->plain, e->compiled, sizes, 1, err);
    if (st) goto out;
    rc = ov_infer_request_get_input_tensor(in->plain.request, &in->input);
    if (rc == OK) rc = ov_tensor_get_byte_size(in->input, &in->input_bytes);
    if (rc == OK) rc = ov_tensor_data(in->input, &pixels);
    if (rc) {
        st = ov_fail(err, rc, "making a request");
        goto out;
    }
    if (in->input_bytes != side * side * 3) {
        st = bl__fail(err, BL_E_MODEL, "the network's input is not what model.json says");
        goto out;
    }
    in->pixels = pixels;
    *out = in;
    in = NULL;
out:
    bl__infer_free(in);
    return st;
}

void
bl__infer_free(struct bl__infer *in)
{
    if (!in) return;
    bl__infer_wipe(in);
    request_clear(&in->explain);
    ov_tensor_free(in->input);
    request_clear(&in->plain);
    free(in);
}

static void
request_wipe(struct request *r)
{
    for (int i = 0; i < 2; i++)
        if (r->values[i]) explicit_bzero(r->values[i], r->bytes[i]);
}

void
bl__infer_wipe(struct bl__infer *in)
{
    if (in->pixels) explicit_bzero(in->pixels, in->input_bytes); /* it was somebody's photo */
    request_wipe(&in->plain);
    request_wipe(&in->explain);
}

uint8_t *
bl__infer_input(struct bl__infer *in)
{
    return in->pixels;
}

enum bl_status
bl__infer_run(struct bl__infer *in, const float **logits, struct bl_error *err)
{
    ov_status_e rc = ov_infer_request_infer(in->plain.request);

    if (rc) return ov_fail(err, rc, "inference");
    *logits = in->plain.values[0];
    return BL_OK;
}

/* ---- explanations: what they need is made when one is first asked for, so that nobody else pays ---- */

static enum bl_status
explain_ready(struct bl__engine *e, struct bl_error *err)
{
    enum bl_status st = BL_OK;

    pthread_mutex_lock(&e->lock);
    if (!e->explain) {
        st = bl__head_read(&e->head, e->bundle, err);
        if (!st) st = load(e, e->bundle->explain.network_path, true, &e->explain, err);
        if (st) bl__head_clear(&e->head);
    }
    pthread_mutex_unlock(&e->lock);
    return st;
}

static enum bl_status
explain_request(struct bl__infer *in, struct bl_error *err)
{
    const struct bl__bundle *b = in->engine->bundle;
    const size_t sizes[] = { b->class_count, (size_t)b->explain.channels * b->explain.height * b->explain.width };
    enum bl_status st = explain_ready(in->engine, err);
    ov_status_e rc;

    if (!st) st = request_init(&in->explain, in->engine->explain, sizes, 2, err);
    if (st) return st;
    rc = ov_infer_request_set_input_tensor(in->explain.request, in->input);
    if (rc == OK) return BL_OK;
    request_clear(&in->explain);
    return ov_fail(err, rc, "making a request");
}

enum bl_status
bl__infer_explain(struct bl__infer *in, const float **logits, const float **features, const struct bl__head **head,
                  struct bl_error *err)
{
    enum bl_status st;
    ov_status_e rc;

    if (!in->engine->bundle->explain.network_path)
        return bl__fail(err, BL_E_MODEL, "this model cannot explain its answers");
    if (!in->explain.request) {
        st = explain_request(in, err);
        if (st) return st;
    }
    rc = ov_infer_request_infer(in->explain.request);
    if (rc) return ov_fail(err, rc, "inference");
    *logits = in->explain.values[0];
    *features = in->explain.values[1];
    *head = &in->engine->head;
    return BL_OK;
}

/* ---- forgetting ---- */

/* Run a blank picture through every stream of one of the two networks. */
static void
run_blank(struct bl__infer **blank, unsigned count, bool explain)
{
    for (unsigned i = 0; i < count; i++)
        ov_infer_request_start_async(explain ? blank[i]->explain.request : blank[i]->plain.request);
    for (unsigned i = 0; i < count; i++)
        ov_infer_request_wait(explain ? blank[i]->explain.request : blank[i]->plain.request);
}

/*
 * Each stream has its own memory between the layers, and none can be told which
 * to take: so as many blank pictures as there are streams, all at once.
 */
void
bl__engine_rest(struct bl__engine *e)
{
    struct bl__infer **blank = calloc(e->workers, sizeof(struct bl__infer *));
    unsigned made = 0, explained = 0;
    bool explains;

    if (!blank) return;
    pthread_mutex_lock(&e->lock);
    explains = e->explain != NULL;
    pthread_mutex_unlock(&e->lock);
    while (made < e->workers && !bl__infer_new(e, &blank[made], NULL) && blank[made]) {
        bl__infer_wipe(blank[made]); /* blank it is */
        made++;
    }
    run_blank(blank, made, false);
    while (explains && explained < made && !explain_request(blank[explained], NULL)) explained++;
    run_blank(blank, explained, true);
    for (unsigned i = 0; i < made; i++) bl__infer_free(blank[i]);
    free(blank);
}

static char version_text[96];

static void
fetch_version(void)
{
    ov_version_t v;

    if (ov_get_openvino_version(&v) == OK) {
        snprintf(version_text, sizeof version_text, "OpenVINO %s", v.buildNumber);
        ov_version_free(&v);
    } else {
        snprintf(version_text, sizeof version_text, "OpenVINO of an unknown version");
    }
}

const char *
bl__engine_version(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, fetch_version);
    return version_text;
}
