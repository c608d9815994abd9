/* SPDX-License-Identifier: Apache-2.0
 * WebP by libwebp: lossy, lossless, alpha, and the first frame of an animation,
 * shrunk by its own scaler while it decodes.
 */
#include "internal.h"

#include <string.h>
#include <webp/decode.h>
#include <webp/demux.h>

/* A WebP side is at most 16383 px, so this shrinks any down to some pixels. */
enum { SHRINK_MAX = 1024 };

static enum bl_status
webp_fail(struct bl_error *err, VP8StatusCode rc)
{
    switch (rc) {
    case VP8_STATUS_OUT_OF_MEMORY: return bl__fail(err, BL_E_NOMEM, "out of memory");
    case VP8_STATUS_NOT_ENOUGH_DATA:
    case VP8_STATUS_SUSPENDED: return bl__fail(err, BL_E_CORRUPT, "WebP is cut short");
    default: return bl__fail(err, BL_E_CORRUPT, "damaged WebP data");
    }
}

/* Over white, from colours that are multiplied by their alpha already. */
static void
premultiplied_over_white(uint8_t *rgba, size_t pixels)
{
    for (uint8_t *p = rgba, *end = rgba + pixels * 4; p < end; p += 4)
        for (int c = 0; c < 3; c++) p[c] = (uint8_t)(p[c] + 255 - p[3]);
}

/* Decode `frame` to width x height premultiplied RGBA pixels in `rgba`. */
static enum bl_status
decode_frame(const WebPData *frame, uint8_t *rgba, unsigned width, unsigned height, struct bl_error *err)
{
    WebPDecoderConfig config;
    VP8StatusCode rc;

    if (!WebPInitDecoderConfig(&config)) return bl__fail(err, BL_E_ENGINE, "libwebp is of another version");
    rc = WebPGetFeatures(frame->bytes, frame->size, &config.input);
    if (rc) return webp_fail(err, rc);
    config.options.use_scaling = (unsigned)config.input.width != width || (unsigned)config.input.height != height;
    config.options.scaled_width = (int)width;
    config.options.scaled_height = (int)height;
    config.output.colorspace = MODE_rgbA;
    config.output.is_external_memory = 1;
    config.output.u.RGBA.rgba = rgba;
    config.output.u.RGBA.stride = (int)width * 4;
    config.output.u.RGBA.size = (size_t)width * height * 4;
    rc = WebPDecode(frame->bytes, frame->size, &config);
    WebPFreeDecBuffer(&config.output);
    if (rc) return webp_fail(err, rc);
    premultiplied_over_white(rgba, (size_t)width * height);
    return BL_OK;
}

/* The usual photo: the frame is the canvas, and is decoded small. */
static enum bl_status
decode_whole(struct bl__decoder *dec, const WebPIterator *frame, const struct bl__photo *photo, struct bl_error *err)
{
    unsigned by = bl__shrink(dec, photo, SHRINK_MAX);
    unsigned width = (photo->width + by - 1) / by, height = (photo->height + by - 1) / by;
    enum bl_status st;
    uint8_t *rgba = bl__scratch_get(&dec->scratch, (size_t)width * height * 4);

    if (!rgba) return bl__fail(err, BL_E_NOMEM, "out of memory");
    st = decode_frame(&frame->fragment, rgba, width, height, err);
    if (!st)
        st = bl__begin_rows(dec, photo, width, height, (double)width / photo->width, (double)height / photo->height,
                            err);
    for (unsigned y = 0; !st && y < height; y++) bl__resize_row(&dec->resize, y, rgba + (size_t)y * width * 4);
    return st;
}

/* An animation's first frame that leaves some of the canvas free: at its place, on white. */
static enum bl_status
decode_placed(struct bl__decoder *dec, const WebPIterator *frame, const struct bl__photo *photo, struct bl_error *err)
{
    unsigned width = (unsigned)frame->width, height = (unsigned)frame->height;
    unsigned left = (unsigned)frame->x_offset, top = (unsigned)frame->y_offset;
    size_t frame_bytes = (size_t)width * height * 4, row_bytes = (size_t)photo->width * 4;
    enum bl_status st;
    uint8_t *rgba = bl__scratch_get(&dec->scratch, frame_bytes + row_bytes), *row;

    if (!rgba) return bl__fail(err, BL_E_NOMEM, "out of memory");
    row = rgba + frame_bytes;
    st = decode_frame(&frame->fragment, rgba, width, height, err);
    if (!st) st = bl__begin_rows(dec, photo, photo->width, photo->height, 1, 1, err);
    for (unsigned y = 0; !st && y < photo->height; y++) {
        memset(row, 255, row_bytes);
        if (y >= top && y - top < height)
            memcpy(row + (size_t)left * 4, rgba + (size_t)(y - top) * width * 4, (size_t)width * 4);
        bl__resize_row(&dec->resize, y, row);
    }
    return st;
}

static int
webp_orientation(const WebPDemuxer *demux)
{
    WebPChunkIterator chunk;
    int orientation = 1;

    if (WebPDemuxGetChunk(demux, "EXIF", 1, &chunk))
        orientation = bl__exif_orientation(chunk.chunk.bytes, chunk.chunk.size);
    WebPDemuxReleaseChunkIterator(&chunk);
    return orientation;
}

enum bl_status
bl__webp_decode(struct bl__decoder *dec, const uint8_t *data, size_t len, struct bl__photo *photo, struct bl_error *err)
{
    WebPData file = { data, len };
    WebPDemuxState state;
    WebPIterator frame = { 0 };
    enum bl_status st;

    WebPDemuxer *demux = WebPDemuxPartial(&file, &state); /* copies nothing */
    if (!demux || state != WEBP_DEMUX_DONE) {
        bool cut = state == WEBP_DEMUX_PARSING_HEADER || state == WEBP_DEMUX_PARSED_HEADER;

        st = bl__fail(err, BL_E_CORRUPT, cut ? "WebP is cut short" : "damaged WebP data");
        goto out;
    }
    st = bl__check_size(dec, WebPDemuxGetI(demux, WEBP_FF_CANVAS_WIDTH), WebPDemuxGetI(demux, WEBP_FF_CANVAS_HEIGHT),
                        err);
    if (st) goto out;
    photo->width = WebPDemuxGetI(demux, WEBP_FF_CANVAS_WIDTH);
    photo->height = WebPDemuxGetI(demux, WEBP_FF_CANVAS_HEIGHT);
    photo->orientation = webp_orientation(demux);
    /* The demuxer has checked that every frame lies within the canvas. */
    if (!WebPDemuxGetFrame(demux, 1, &frame)) {
        st = bl__fail(err, BL_E_CORRUPT, "damaged WebP data");
        goto out;
    }
    if ((unsigned)frame.width == photo->width && (unsigned)frame.height == photo->height)
        st = decode_whole(dec, &frame, photo, err);
    else st = decode_placed(dec, &frame, photo, err);
out:
    WebPDemuxReleaseIterator(&frame);
    WebPDemuxDelete(demux);
    return st;
}
