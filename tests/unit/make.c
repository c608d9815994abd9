/* SPDX-License-Identifier: Apache-2.0
 * Test photos, encoded here.
 */
#include "make.h"

#include <jpeglib.h>
#include <spng.h>
#include <webp/encode.h>

/* A little-endian TIFF with the one tag, as EXIF has it. */
static void
exif_block(uint8_t out[26], int orientation)
{
    static const uint8_t block[26] = { 'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, 0, 0, 0, 0 };

    memcpy(out, block, sizeof block);
    out[18] = (uint8_t)orientation;
}

static uint8_t *
halves(unsigned width, unsigned height, unsigned left, unsigned right)
{
    uint8_t *rgb = malloc((size_t)width * height * 3), *p = rgb;

    assert_non_null(rgb);
    for (unsigned y = 0; y < height; y++)
        for (unsigned x = 0; x < width; x++, p += 3) {
            unsigned c = x < (width + 1) / 2 ? left : right;

            p[0] = (uint8_t)(c >> 16);
            p[1] = (uint8_t)(c >> 8);
            p[2] = (uint8_t)c;
        }
    return rgb;
}

struct made
make_jpeg(unsigned width, unsigned height, unsigned left, unsigned right, int orientation)
{
    struct jpeg_compress_struct info;
    struct jpeg_error_mgr errors;
    uint8_t *rgb = halves(width, height, left, right), exif[6 + 26] = "Exif\0";
    struct made out = { 0 };
    unsigned long len = 0;

    info.err = jpeg_std_error(&errors);
    jpeg_create_compress(&info);
    jpeg_mem_dest(&info, &out.bytes, &len);
    info.image_width = width;
    info.image_height = height;
    info.input_components = 3;
    info.in_color_space = JCS_RGB;
    jpeg_set_defaults(&info);
    jpeg_set_quality(&info, 95, TRUE);
    jpeg_start_compress(&info, TRUE);
    exif_block(exif + 6, orientation);
    if (orientation) jpeg_write_marker(&info, JPEG_APP0 + 1, exif, sizeof exif);
    while (info.next_scanline < height) {
        uint8_t *row = rgb + (size_t)info.next_scanline * width * 3;

        jpeg_write_scanlines(&info, &row, 1);
    }
    jpeg_finish_compress(&info);
    jpeg_destroy_compress(&info);
    free(rgb);
    out.len = len;
    return out;
}

struct made
make_png(unsigned width, unsigned height, unsigned left, unsigned right, int orientation)
{
    spng_ctx *ctx = spng_ctx_new(SPNG_CTX_ENCODER);
    struct spng_ihdr head = {
        .width = width, .height = height, .bit_depth = 8, .color_type = SPNG_COLOR_TYPE_TRUECOLOR
    };
    uint8_t *rgb = halves(width, height, left, right), block[26];
    struct spng_exif exif = { .length = sizeof block, .data = (char *)block };
    struct made out = { 0 };
    int rc;

    exif_block(block, orientation);
    spng_set_option(ctx, SPNG_ENCODE_TO_BUFFER, 1);
    assert_int_equal(spng_set_ihdr(ctx, &head), 0);
    if (orientation) assert_int_equal(spng_set_exif(ctx, &exif), 0);
    assert_int_equal(spng_encode_image(ctx, rgb, (size_t)width * height * 3, SPNG_FMT_PNG, SPNG_ENCODE_FINALIZE), 0);
    out.bytes = spng_get_png_buffer(ctx, &out.len, &rc);
    assert_int_equal(rc, 0);
    spng_ctx_free(ctx);
    free(rgb);
    return out;
}

struct made
make_webp(unsigned width, unsigned height, unsigned left, unsigned right)
{
    uint8_t *rgb = halves(width, height, left, right), *webp = NULL;
    struct made out = { 0 };

    out.len = WebPEncodeLosslessRGB(rgb, (int)width, (int)height, (int)width * 3, &webp);
    assert_true(out.len > 0);
    out.bytes = malloc(out.len); /* so that free() frees it */
    assert_non_null(out.bytes);
    memcpy(out.bytes, webp, out.len);
    WebPFree(webp);
    free(rgb);
    return out;
}

void
make_decoder(struct bl__decoder *dec, unsigned size)
{
    struct bl_limits limits = bl_limits_default();
    struct bl__view view = { .size_px = size, .crop = 1, .filter = BL__FILTER_BICUBIC };

    assert_int_equal(bl__decoder_init(dec, &limits, &view, NULL), BL_OK);
}

unsigned
pixel_at(const uint8_t *rgb, unsigned size, unsigned x, unsigned y)
{
    const uint8_t *p = rgb + ((size_t)y * size + x) * 3;

    return (unsigned)p[0] << 16 | (unsigned)p[1] << 8 | p[2];
}

void
assert_colour(unsigned got, unsigned want, int within, const char *what)
{
    for (int shift = 0; shift <= 16; shift += 8) {
        int a = got >> shift & 255, b = want >> shift & 255;

        if (abs(a - b) > within) fail_msg("%s: colour %06x, not %06x", what, got, want);
    }
}
