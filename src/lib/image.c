/* SPDX-License-Identifier: Apache-2.0
 * From a photo's bytes to the network's square: which format, within which
 * bounds, shrunk how far by the decoder, turned which way. Knows no pets. A
 * worker's thread runs it, on that worker's buffers.
 */
#include "internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* JPEG ends at 65500 px a side, WebP at 16383; a PNG row beyond this is an attack on memory. */
enum { SIDE_MAX_PX = 65535 };

enum { DEFAULT_MAX_BYTES = 10 << 20, DEFAULT_MAX_SIDE_PX = 1024 };
static const uint64_t default_max_pixels = 64000000;

typedef enum bl_status
decode_fn(struct bl__decoder *dec, const uint8_t *data, size_t len, struct bl__photo *photo, struct bl_error *err);

/* The formats: how each begins, and who reads it. */
static const struct format {
    enum bl_format format;
    const char *name;
    struct {
        size_t at, len;
        const char *bytes;
    } magic[2];
    decode_fn *decode;
} formats[] = {
    { BL_FORMAT_JPEG, "jpeg", { { 0, 3, "\xff\xd8\xff" } }, bl__jpeg_decode },
    { BL_FORMAT_PNG, "png", { { 0, 8, "\x89PNG\r\n\x1a\n" } }, bl__png_decode },
    { BL_FORMAT_WEBP, "webp", { { 0, 4, "RIFF" }, { 8, 4, "WEBP" } }, bl__webp_decode },
};
enum { FORMATS = sizeof formats / sizeof formats[0] };

static const struct format *
sniff(const uint8_t *data, size_t len)
{
    for (const struct format *f = formats; f < formats + FORMATS; f++) {
        bool same = true;

        for (int i = 0; i < 2 && same && f->magic[i].bytes; i++) {
            size_t at = f->magic[i].at, n = f->magic[i].len;

            same = len >= at + n && memcmp(data + at, f->magic[i].bytes, n) == 0;
        }
        if (same) return f;
    }
    return NULL;
}

enum bl_format
bl_format_sniff(const void *data, size_t len)
{
    const struct format *f = data ? sniff(data, len) : NULL;

    return f ? f->format : BL_FORMAT_UNKNOWN;
}

const char *
bl_format_name(enum bl_format format)
{
    for (const struct format *f = formats; f < formats + FORMATS; f++)
        if (f->format == format) return f->name;
    return "unknown";
}

struct bl_limits
bl_limits_default(void)
{
    return (struct bl_limits){
        .max_bytes = DEFAULT_MAX_BYTES,
        .max_pixels = default_max_pixels,
        .max_side_px = DEFAULT_MAX_SIDE_PX,
    };
}

uint8_t *
bl__scratch_get(struct bl__scratch *s, size_t size)
{
    if (size > s->size) {
        bl__scratch_clear(s);
        s->data = malloc(size);
        if (!s->data) return NULL;
        s->size = size;
    }
    return s->data;
}

void
bl__scratch_clear(struct bl__scratch *s)
{
    if (s->data) explicit_bzero(s->data, s->size);
    free(s->data);
    s->data = NULL;
    s->size = 0;
}

enum bl_status
bl__decoder_init(struct bl__decoder *dec, const struct bl_limits *limits, const struct bl__view *view,
                 struct bl_error *err)
{
    memset(dec, 0, sizeof *dec);
    dec->limits = *limits;
    dec->view = *view;
    return bl__resize_init(&dec->resize, view->filter, view->size_px, view->size_px, err);
}

void
bl__decoder_clear(struct bl__decoder *dec)
{
    bl__resize_clear(&dec->resize);
    bl__scratch_clear(&dec->scratch);
}

enum bl_status
bl__check_size(const struct bl__decoder *dec, uint64_t width, uint64_t height, struct bl_error *err)
{
    if (width == 0 || height == 0) return bl__fail(err, BL_E_CORRUPT, "the image has no pixels");
    if (width > SIDE_MAX_PX || height > SIDE_MAX_PX || width * height > dec->limits.max_pixels)
        return bl__fail(err, BL_E_TOO_LARGE, "image is %llux%llu pixels, over the limit of %llu pixels or %d a side",
                        (unsigned long long)width, (unsigned long long)height,
                        (unsigned long long)dec->limits.max_pixels, SIDE_MAX_PX);
    return BL_OK;
}

static double
crop_side(const struct bl__decoder *dec, const struct bl__photo *photo)
{
    return dec->view.crop * (photo->width < photo->height ? photo->width : photo->height);
}

/*
 * Down to just above the network's side, and to the caller's bound if that is
 * lower still. Powers of two only: those are the scales that libjpeg-turbo has
 * SIMD code for, and the others gain WebP nothing.
 */
unsigned
bl__shrink(const struct bl__decoder *dec, const struct bl__photo *photo, unsigned most)
{
    double side = crop_side(dec, photo);
    unsigned by = 1;

    if (dec->whole) { /* the grid stays at or above the size that is wanted */
        unsigned longer = photo->width > photo->height ? photo->width : photo->height;

        while (by * 2 <= most && longer / (by * 2) >= dec->limits.max_side_px) by *= 2;
        return by;
    }
    while (by * 2 <= most && (side / (by * 2) >= dec->view.size_px || side / by > dec->limits.max_side_px)) by *= 2;
    return by;
}

/* The whole photo, as large as it is or as the limit lets it be: only now is its size known. */
static enum bl_status
begin_whole(struct bl__decoder *dec, const struct bl__photo *photo, unsigned grid_w, unsigned grid_h,
            struct bl_error *err)
{
    unsigned width = photo->width, height = photo->height, max = dec->limits.max_side_px;
    double by = (double)(width > height ? width : height) / max;
    enum bl_status st;

    if (by > 1) {
        width = (unsigned)(width / by + 0.5) ? (unsigned)(width / by + 0.5) : 1;
        height = (unsigned)(height / by + 0.5) ? (unsigned)(height / by + 0.5) : 1;
    }
    bl__resize_clear(&dec->resize);
    st = bl__resize_init(&dec->resize, BL__FILTER_BICUBIC, width, height, err);
    return st ? st : bl__resize_begin(&dec->resize, grid_w, grid_h, 0, 0, grid_w, grid_h, err);
}

enum bl_status
bl__begin_rows(struct bl__decoder *dec, const struct bl__photo *photo, unsigned grid_w, unsigned grid_h, double sx,
               double sy, struct bl_error *err)
{
    double side = crop_side(dec, photo);

    if (dec->whole) return begin_whole(dec, photo, grid_w, grid_h, err);
    return bl__resize_begin(&dec->resize, grid_w, grid_h, (photo->width - side) / 2 * sx,
                            (photo->height - side) / 2 * sy, side * sx, side * sy, err);
}

void
bl__over_white(uint8_t *rgba, unsigned width)
{
    for (uint8_t *p = rgba, *end = rgba + (size_t)width * 4; p < end; p += 4) {
        unsigned a = p[3];

        if (a == 255) continue;
        for (int c = 0; c < 3; c++) p[c] = (uint8_t)((p[c] * a + 255 * (255 - a) + 127) / 255);
    }
}

/* Sniff and decode into the decoder's resize. */
static enum bl_status
decode_rows(struct bl__decoder *dec, const uint8_t *data, size_t len, enum bl_format *format, struct bl__photo *photo,
            struct bl_error *err)
{
    const struct format *f;

    *format = BL_FORMAT_UNKNOWN;
    *photo = (struct bl__photo){ .orientation = 1 };
    if (len == 0) return bl__fail(err, BL_E_EMPTY, "the file is empty");
    if (len > dec->limits.max_bytes)
        return bl__fail(err, BL_E_TOO_LARGE, "image is over the limit of %zu bytes", dec->limits.max_bytes);
    f = sniff(data, len);
    if (!f) return bl__fail(err, BL_E_FORMAT, "not a JPEG, PNG or WebP image");
    *format = f->format;
    return f->decode(dec, data, len, photo, err);
}

enum bl_status
bl__decode(struct bl__decoder *dec, const uint8_t *data, size_t len, uint8_t *rgb, enum bl_format *format,
           struct bl__photo *photo, struct bl_error *err)
{
    enum bl_status st = decode_rows(dec, data, len, format, photo, err);

    if (st) return st;
    bl__resize_finish(&dec->resize, photo->orientation, rgb);
    if (photo->orientation >= 5) { /* stored lying down */
        unsigned width = photo->width;

        photo->width = photo->height;
        photo->height = width;
    }
    return BL_OK;
}

enum bl_status
bl__decode_whole(const void *data, size_t len, const struct bl_limits *limits, uint8_t **rgb, unsigned *width,
                 unsigned *height, struct bl_error *err)
{
    struct bl__decoder dec = { .limits = *limits, .whole = true };
    struct bl__photo photo;
    enum bl_format format;
    enum bl_status st = decode_rows(&dec, data, len, &format, &photo, err);

    *rgb = NULL;
    if (!st) {
        *width = photo.orientation >= 5 ? dec.resize.height : dec.resize.width;
        *height = photo.orientation >= 5 ? dec.resize.width : dec.resize.height;
        *rgb = bl_photo_alloc((size_t)*width * *height * 3);
        if (*rgb) bl__resize_finish(&dec.resize, photo.orientation, *rgb);
        else st = bl__fail(err, BL_E_NOMEM, "out of memory");
    }
    bl__decoder_clear(&dec);
    return st;
}
