/* SPDX-License-Identifier: Apache-2.0
 * A result as JSON: the wire contract's "breed result".
 */
#include "internal.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>

enum { CONFIDENCE_DIGITS = 6 }; /* more would pretend */

static json_t *
confidence_json(double confidence)
{
    double unit = pow(10, CONFIDENCE_DIGITS);

    return json_real(round(confidence * unit) / unit);
}

static json_t *
predictions_json(const struct bl_prediction *list, size_t count)
{
    json_t *array = json_array();

    for (size_t i = 0; i < count; i++) {
        const struct bl_prediction *p = &list[i];

        json_array_append_new(array, json_pack("{s:s, s:s, s:o, s:s, s:s}", "breed", p->breed, "species", p->species,
                                               "confidence", confidence_json(p->confidence), "class_id", p->class_id,
                                               "raw_class", p->raw_class));
    }
    return array;
}

/* The grid, and the square of the photo that it lies over; NULL when there is none. */
static json_t *
explanation_json(const struct bl_explanation *e)
{
    json_t *values;

    if (!e->width) return NULL;
    values = json_array();
    for (unsigned i = 0; i < e->width * e->height; i++)
        json_array_append_new(values, json_real(round(e->values[i] * 1e3) / 1e3));
    return json_pack("{s:i, s:i, s:o, s:{s:f, s:f, s:f}}", "width", (int)e->width, "height", (int)e->height, "values",
                     values, "box", "left", e->left_px, "top", e->top_px, "side", e->side_px);
}

enum bl_status
bl_result_json(const struct bl_result *result, char **out)
{
    char elapsed[32], day[32], stamp[48];
    struct tm utc;
    json_t *root, *explanation;

    if (!out) return BL_E_ARG;
    *out = NULL;
    if (!result || !result->primary_breed || !gmtime_r(&result->finished.tv_sec, &utc)) return BL_E_ARG;
    snprintf(elapsed, sizeof elapsed, "%.3fs", result->total_s);
    strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(stamp, sizeof stamp, "%s.%03ldZ", day, result->finished.tv_nsec / 1000000);
    root = json_pack("{s:b, s:o, s:s, s:s, s:o, s:s, s:s, s:s, s:s, s:{s:s, s:i, s:i}}", "success", 1, "predictions",
                     predictions_json(result->predictions, result->count), "primary_species", result->primary_species,
                     "primary_breed", result->primary_breed, "confidence", confidence_json(result->confidence),
                     "processing_time", elapsed, "model", result->model, "timestamp", stamp, "model_version",
                     result->model_version, "image", "format", bl_format_name(result->format), "width",
                     (int)result->width, "height", (int)result->height);
    if (!root) return BL_E_NOMEM;
    explanation = explanation_json(&result->explanation);
    if (explanation) json_object_set_new(root, "explanation", explanation);
    *out = json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(CONFIDENCE_DIGITS));
    json_decref(root);
    return *out ? BL_OK : BL_E_NOMEM;
}
