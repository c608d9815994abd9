/* SPDX-License-Identifier: Apache-2.0
 * Where the network looked: the last feature map, weighted by what the head makes of each channel for the class that
 * was answered. A worker's thread runs it; the head is read once, and shared.
 */
#include "internal.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static enum bl_status
read_at(FILE *f, size_t offset, void *out, size_t size, struct bl_error *err)
{
    if (fseek(f, (long)offset, SEEK_SET) || fread(out, 1, size, f) != size)
        return bl__fail(err, BL_E_IO, "model bundle: the head's weights cannot be read");
    return BL_OK;
}

/* What speaks for every class alike explains none. */
static void
set_mean(struct bl__head *head, unsigned classes, unsigned channels)
{
    for (unsigned i = 0; i < classes; i++)
        for (unsigned c = 0; c < channels; c++)
            head->mean[c] += (float)head->weight[(size_t)i * channels + c] * head->scale[i] / (float)classes;
}

enum bl_status
bl__head_read(struct bl__head *head, const struct bl__bundle *b, struct bl_error *err)
{
    size_t weights = (size_t)b->class_count * b->explain.channels, scales = b->class_count * sizeof(float);
    FILE *f = fopen(b->weights_path, "rb");
    enum bl_status st;

    memset(head, 0, sizeof *head);
    if (!f) return bl__fail(err, BL_E_IO, "model bundle: weights: %s", strerror(errno));
    head->weight = malloc(weights);
    head->scale = malloc(scales);
    head->mean = calloc(b->explain.channels, sizeof *head->mean);
    if (!head->weight || !head->scale || !head->mean) {
        st = bl__fail(err, BL_E_NOMEM, "out of memory");
        goto out;
    }
    st = read_at(f, b->explain.head_offset, head->weight, weights, err);
    if (!st) st = read_at(f, b->explain.scale_offset, head->scale, scales, err);
    if (!st) set_mean(head, b->class_count, b->explain.channels);
out:
    if (st) bl__head_clear(head);
    fclose(f);
    return st;
}

void
bl__head_clear(struct bl__head *head)
{
    free(head->weight);
    free(head->scale);
    free(head->mean);
    memset(head, 0, sizeof *head);
}

/* Is this row part of the answer? Of the primary breed, or of "no pet" when no breed is listed. */
static bool
answers(const struct bl__class *c, const struct bl_result *r)
{
    return r->count ? c->label.class_id == r->predictions[0].class_id : c->unknown; /* a label's texts are one */
}

/* The channels' weights for the answer: its rows', by how much each of them had a part in it. */
static void
channel_weights(const struct bl__bundle *b, const struct bl__head *head, const float *logits, const struct bl_result *r,
                float *weight)
{
    unsigned channels = b->explain.channels;
    double top = -INFINITY, total = 0;

    for (unsigned i = 0; i < b->class_count; i++)
        if (answers(&b->classes[i], r) && logits[i] > top) top = logits[i];
    for (unsigned i = 0; i < b->class_count; i++)
        if (answers(&b->classes[i], r)) total += exp((logits[i] - top) / b->temperature);
    for (unsigned c = 0; c < channels; c++) weight[c] = -head->mean[c];
    for (unsigned i = 0; i < b->class_count; i++) {
        float part = answers(&b->classes[i], r) ? (float)(exp((logits[i] - top) / b->temperature) / total) : 0;

        if (part <= 1e-4F) continue; /* a thousand rows may mean "no pet" */
        for (unsigned c = 0; c < channels; c++)
            weight[c] += part * head->scale[i] * (float)head->weight[(size_t)i * channels + c];
    }
}

enum bl_status
bl__explain(const struct bl__bundle *b, const struct bl__head *head, const float *logits, const float *features,
            struct bl_result *out, struct bl_error *err)
{
    struct bl_explanation *e = &out->explanation;
    unsigned cells = b->explain.width * b->explain.height;
    float *weight = malloc(b->explain.channels * sizeof *weight), most = 0;

    if (!weight) return bl__fail(err, BL_E_NOMEM, "out of memory");
    channel_weights(b, head, logits, out, weight);
    for (unsigned c = 0; c < b->explain.channels; c++)
        for (unsigned i = 0; i < cells; i++) e->values[i] += weight[c] * features[(size_t)c * cells + i];
    free(weight);
    for (unsigned i = 0; i < cells; i++) {
        if (!(e->values[i] > 0)) e->values[i] = 0; /* what speaks against it */
        if (e->values[i] > most) most = e->values[i];
    }
    for (unsigned i = 0; i < cells && most > 0; i++) e->values[i] /= most;
    e->width = b->explain.width;
    e->height = b->explain.height;
    e->side_px = b->view.crop * (out->width < out->height ? out->width : out->height);
    e->left_px = (out->width - e->side_px) / 2;
    e->top_px = (out->height - e->side_px) / 2;
    return BL_OK;
}
