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
    ov_core_t *core;
    ov_compiled_model_t *compiled;
    unsigned size_px, class_count, workers;
};

struct bl__infer {
    ov_infer_request_t *request;
    ov_tensor_t *input, *output; /* the request's own; they keep their memory */
    size_t input_bytes, output_bytes;
    uint8_t *pixels;
    float *logits;
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

static enum bl_status
check_ports(const ov_model_t *model, const struct bl__bundle *bundle, struct bl_error *err)
{
    const int64_t in[] = { 1, 3, bundle->view.size_px, bundle->view.size_px }, out[] = { 1, bundle->class_count };
    ov_output_const_port_t *input = NULL, *output = NULL;
    enum bl_status st;
    ov_status_e rc;

    rc = ov_model_const_input(model, &input); /* fails unless there is exactly one */
    if (rc == OK) rc = ov_model_const_output(model, &output);
    if (rc == OK) {
        st = check_shape(input, "input", in, 4, err);
        if (!st) st = check_shape(output, "output", out, 2, err);
    } else {
        st = bl__fail(err, BL_E_MODEL, "the network must have one input and one output");
    }
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
compile(struct bl__engine *e, const ov_model_t *model, unsigned workers)
{
    char count[16];

    snprintf(count, sizeof count, "%u", workers);
    return ov_core_compile_model(e->core, model, "CPU", 8, &e->compiled, "NUM_STREAMS", count, "INFERENCE_NUM_THREADS",
                                 count, "ENABLE_CPU_PINNING", "NO", "INFERENCE_PRECISION_HINT", "f32");
}

enum bl_status
bl__engine_new(const struct bl__bundle *bundle, unsigned workers, struct bl__engine **out, struct bl_error *err)
{
    ov_model_t *read = NULL, *model = NULL;
    struct bl__engine *e;
    enum bl_status st;
    ov_status_e rc;

    *out = NULL;
    e = calloc(1, sizeof *e);
    if (!e) return bl__fail(err, BL_E_NOMEM, "out of memory");
    e->size_px = bundle->view.size_px;
    e->class_count = bundle->class_count;
    e->workers = workers;
    rc = ov_core_create(&e->core);
    if (rc) {
        st = ov_fail(err, rc, "start");
        goto out;
    }
    rc = ov_core_read_model(e->core, bundle->network_path, bundle->weights_path, &read);
    if (rc) {
        st = bl__fail(err, BL_E_MODEL, "the network cannot be read");
        goto out;
    }
    st = check_ports(read, bundle, err);
    if (st) goto out;
    rc = add_preprocessing(read, bundle, &model);
    if (rc) {
        st = ov_fail(err, rc, "preparing the input");
        goto out;
    }
    rc = compile(e, model, workers);
    if (rc) {
        st = ov_fail(err, rc, "compiling the network");
        goto out;
    }
    *out = e;
    e = NULL;
    st = BL_OK;
out:
    bl__engine_free(e);
    ov_model_free(model);
    ov_model_free(read);
    return st;
}

void
bl__engine_free(struct bl__engine *e)
{
    if (!e) return;
    ov_compiled_model_free(e->compiled);
    ov_core_free(e->core);
    free(e);
}

enum bl_status
bl__infer_new(struct bl__engine *e, struct bl__infer **out, struct bl_error *err)
{
    struct bl__infer *in;
    void *pixels = NULL, *logits = NULL;
    size_t input_bytes = 0, output_bytes = 0;
    enum bl_status st;
    ov_status_e rc;

    *out = NULL;
    in = calloc(1, sizeof *in);
    if (!in) return bl__fail(err, BL_E_NOMEM, "out of memory");
    rc = ov_compiled_model_create_infer_request(e->compiled, &in->request);
    if (rc == OK) rc = ov_infer_request_get_input_tensor(in->request, &in->input);
    if (rc == OK) rc = ov_infer_request_get_output_tensor(in->request, &in->output);
    if (rc == OK) rc = ov_tensor_get_byte_size(in->input, &input_bytes);
    if (rc == OK) rc = ov_tensor_get_byte_size(in->output, &output_bytes);
    if (rc == OK) rc = ov_tensor_data(in->input, &pixels);
    if (rc == OK) rc = ov_tensor_data(in->output, &logits);
    if (rc) {
        st = ov_fail(err, rc, "making a request");
        goto out;
    }
    if (input_bytes != (size_t)e->size_px * e->size_px * 3 || output_bytes != e->class_count * sizeof(float)) {
        st = bl__fail(err, BL_E_MODEL, "the network's tensors are not what model.json says");
        goto out;
    }
    in->input_bytes = input_bytes;
    in->output_bytes = output_bytes;
    in->pixels = pixels;
    in->logits = logits;
    *out = in;
    in = NULL;
    st = BL_OK;
out:
    bl__infer_free(in);
    return st;
}

void
bl__infer_free(struct bl__infer *in)
{
    if (!in) return;
    bl__infer_wipe(in);
    ov_tensor_free(in->output);
    ov_tensor_free(in->input);
    ov_infer_request_free(in->request);
    free(in);
}

void
bl__infer_wipe(struct bl__infer *in)
{
    if (in->pixels) explicit_bzero(in->pixels, in->input_bytes); /* it was somebody's photo */
    if (in->logits) explicit_bzero(in->logits, in->output_bytes);
}

/*
 * Each stream has its own memory between the layers, and none can be told which
 * to take: so as many blank pictures as there are streams, all at once.
 */
void
bl__engine_rest(struct bl__engine *e)
{
    struct bl__infer **blank = calloc(e->workers, sizeof(struct bl__infer *));
    unsigned made = 0;

    if (!blank) return;
    while (made < e->workers && !bl__infer_new(e, &blank[made], NULL) && blank[made]) {
        bl__infer_wipe(blank[made]); /* blank it is */
        made++;
    }
    for (unsigned i = 0; i < made; i++) ov_infer_request_start_async(blank[i]->request);
    for (unsigned i = 0; i < made; i++) ov_infer_request_wait(blank[i]->request);
    for (unsigned i = 0; i < made; i++) bl__infer_free(blank[i]);
    free(blank);
}

uint8_t *
bl__infer_input(struct bl__infer *in)
{
    return in->pixels;
}

enum bl_status
bl__infer_run(struct bl__infer *in, const float **logits, struct bl_error *err)
{
    ov_status_e rc = ov_infer_request_infer(in->request);

    if (rc) return ov_fail(err, rc, "inference");
    *logits = in->logits;
    return BL_OK;
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
