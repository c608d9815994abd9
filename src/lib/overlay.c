/* SPDX-License-Identifier: Apache-2.0
 * An explanation as a picture: the photo, upright and paler, with warmth where the network looked. Any thread.
 */
#include "internal.h"

#include <math.h>
#include <spng.h>
#include <stdlib.h>
#include <string.h>

/* As the web page has it: a colour that fur does not have, and how much of it lies over the strongest place. */
static const uint8_t heat_colour[3] = { 242, 84, 27 };
static const double heat_most = 0.72;
static const double kept_colour = 0.45, kept_light = 0.82; /* of the photo beneath */

/* The grid's value at x, y in cells, between the cells' middles as they lie; 0 outside. */
static double
heat_at(const struct bl_explanation *e, double x, double y)
{
    double fx, fy, sum = 0;
    int left, top;

    if (x < 0 || y < 0 || x >= e->width || y >= e->height) return 0;
    x -= 0.5;
    y -= 0.5;
    left = (int)floor(x);
    top = (int)floor(y);
    fx = x - left;
    fy = y - top;
    for (int dy = 0; dy < 2; dy++)
        for (int dx = 0; dx < 2; dx++) {
            int cx = left + dx, cy = top + dy;
            double part = (dx ? fx : 1 - fx) * (dy ? fy : 1 - fy);

            if (cx < 0 || cy < 0 || cx >= (int)e->width || cy >= (int)e->height) continue; /* fades at the edge */
            sum += part * e->values[(unsigned)cy * e->width + (unsigned)cx];
        }
    return sum;
}

static void
paint(const struct bl_result *r, uint8_t *rgb, unsigned width, unsigned height)
{
    const struct bl_explanation *e = &r->explanation;
    double sx = (double)r->width / width, sy = (double)r->height / height;

    for (unsigned y = 0; y < height; y++)
        for (unsigned x = 0; x < width; x++, rgb += 3) {
            double heat = heat_at(e, ((x + 0.5) * sx - e->left_px) / e->side_px * e->width,
                                  ((y + 0.5) * sy - e->top_px) / e->side_px * e->height) *
                          heat_most;
            double gray = 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2]; /* Rec. 601 luma */

            for (int c = 0; c < 3; c++) {
                double pale = (gray + (rgb[c] - gray) * kept_colour) * kept_light;

                rgb[c] = (uint8_t)lround(pale + (heat_colour[c] - pale) * heat);
            }
        }
}

/* The PNG's bytes in memory that is wiped: libspng's own are of the heap. */
static enum bl_status
write_png(const uint8_t *rgb, unsigned width, unsigned height, void **out, size_t *out_len, struct bl_error *err)
{
    struct spng_ihdr head = {
        .width = width, .height = height, .bit_depth = 8, .color_type = SPNG_COLOR_TYPE_TRUECOLOR
    };
    spng_ctx *ctx = spng_ctx_new(SPNG_CTX_ENCODER);
    void *bytes = NULL;
    size_t len = 0;
    int rc;

    if (!ctx) return bl__fail(err, BL_E_NOMEM, "out of memory");
    rc = spng_set_option(ctx, SPNG_ENCODE_TO_BUFFER, 1);
    if (!rc) rc = spng_set_ihdr(ctx, &head);
    if (!rc) rc = spng_encode_image(ctx, rgb, (size_t)width * height * 3, SPNG_FMT_PNG, SPNG_ENCODE_FINALIZE);
    if (!rc) bytes = spng_get_png_buffer(ctx, &len, &rc);
    *out = bytes ? bl_photo_alloc(len) : NULL;
    if (*out) {
        memcpy(*out, bytes, len);
        *out_len = len;
    }
    if (bytes) explicit_bzero(bytes, len);
    free(bytes);
    spng_ctx_free(ctx);
    return *out ? BL_OK : bl__fail(err, BL_E_NOMEM, "out of memory"); /* nothing else can go wrong with sound pixels */
}

enum bl_status
bl_explanation_png(const void *data, size_t len, const struct bl_result *result, const struct bl_limits *limits,
                   void **out, size_t *out_len, struct bl_error *err)
{
    struct bl_limits lim = limits ? *limits : bl_limits_default();
    unsigned width = 0, height = 0;
    uint8_t *rgb = NULL;
    enum bl_status st;

    if (!out || !out_len) return bl__fail(err, BL_E_ARG, "no place for the picture");
    *out = NULL;
    *out_len = 0;
    if (!data || !result || !result->explanation.width)
        return bl__fail(err, BL_E_ARG, "no photo, or a result that explains nothing");
    st = bl__decode_whole(data, len, &lim, &rgb, &width, &height, err);
    if (st) return st;
    paint(result, rgb, width, height);
    st = write_png(rgb, width, height, out, out_len, err);
    bl_photo_free(rgb);
    return st;
}
