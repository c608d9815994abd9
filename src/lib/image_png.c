/* SPDX-License-Identifier: Apache-2.0
 * PNG by libspng, row by row: each is shrunk as it is read, so a large PNG never
 * sits in memory whole; an interlaced one neither, as the resize adds up its
 * passes.
 */
#include "internal.h"

#include <spng.h>
#include <string.h>

/* One chunk, and all that libspng may hold of text, profiles and the like. */
enum { CHUNKS_MAX_BYTES = 16 << 20 };

/* Where the pixels of an interlaced pass lie in a row (PNG specification, 8.2: Adam7). */
static const struct {
    unsigned first, step;
} adam7[7] = {
    { 0, 8 }, { 4, 8 }, { 0, 4 }, { 2, 4 }, { 0, 2 }, { 1, 2 }, { 0, 1 },
};

/* libspng's codes, in our words. */
static enum bl_status
png_fail(struct bl_error *err, int rc)
{
    switch (rc) {
    case SPNG_EMEM: return bl__fail(err, BL_E_NOMEM, "out of memory");
    case SPNG_EOF:
    case SPNG_IO_EOF:
    case SPNG_EIDAT_TOO_SHORT: return bl__fail(err, BL_E_CORRUPT, "PNG is cut short");
    case SPNG_EWIDTH:
    case SPNG_EHEIGHT: return bl__fail(err, BL_E_CORRUPT, "the image has no pixels");
    case SPNG_EUSER_WIDTH:
    case SPNG_EUSER_HEIGHT:
    case SPNG_ECHUNK_LIMITS: return bl__fail(err, BL_E_TOO_LARGE, "PNG is over a size limit");
    default: return bl__fail(err, BL_E_CORRUPT, "damaged PNG data");
    }
}

/* Is the end chunk there whole? libspng takes its name for it, and a file cut within its checksum for good. */
static bool
has_end(const uint8_t *data, size_t len)
{
    static const char end[] = "IEND\xae\x42\x60\x82"; /* the chunk is empty, so its checksum is always this */
    size_t n = sizeof end - 1;

    return len >= n &&
           (memcmp(data + len - n, end, n) == 0 || memmem(data, len, end, n)); /* some tools write on after it */
}

/* Read the rows into the resize; libspng's code. SPNG_EOI after the last row is the good end. */
static int
read_rows(spng_ctx *ctx, struct bl__resize *resize, uint8_t *row, size_t row_bytes, bool interlaced)
{
    struct spng_row_info info;
    int rc;

    do {
        unsigned first = 0, step = 1;

        rc = spng_get_row_info(ctx, &info);
        if (rc) return rc;
        if (interlaced) {
            first = adam7[info.pass].first;
            step = adam7[info.pass].step;
            memset(row, 0, row_bytes); /* pixels of other passes add nothing */
        }
        rc = spng_decode_row(ctx, row, row_bytes);
        if (rc && rc != SPNG_EOI) return rc;
        if (!bl__resize_wants(resize, info.row_num)) continue;
        for (size_t x = first; x < row_bytes / 4; x += step) bl__over_white(row + x * 4, 1);
        bl__resize_row(resize, info.row_num, row);
    } while (!rc);
    return 0;
}

enum bl_status
bl__png_decode(struct bl__decoder *dec, const uint8_t *data, size_t len, struct bl__photo *photo, struct bl_error *err)
{
    enum bl_status st;
    struct spng_ihdr head;
    struct spng_exif exif;
    size_t row_bytes;
    uint8_t *row;
    int rc;

    spng_ctx *ctx = spng_ctx_new(0);
    if (!ctx) return bl__fail(err, BL_E_NOMEM, "out of memory");
    rc = spng_set_chunk_limits(ctx, CHUNKS_MAX_BYTES, CHUNKS_MAX_BYTES);
    if (!rc) rc = spng_set_png_buffer(ctx, data, len);
    if (!rc) rc = spng_get_ihdr(ctx, &head);
    if (rc) {
        st = png_fail(err, rc);
        goto out;
    }
    st = bl__check_size(dec, head.width, head.height, err);
    if (st) goto out;
    photo->width = head.width;
    photo->height = head.height;

    st = bl__begin_rows(dec, photo, head.width, head.height, 1, 1, err);
    if (st) goto out;
    row_bytes = (size_t)head.width * 4;
    row = bl__scratch_get(&dec->scratch, row_bytes);
    if (!row) {
        st = bl__fail(err, BL_E_NOMEM, "out of memory");
        goto out;
    }
    rc = spng_decode_image(ctx, NULL, 0, SPNG_FMT_RGBA8, SPNG_DECODE_TRNS | SPNG_DECODE_PROGRESSIVE);
    if (!rc) rc = read_rows(ctx, &dec->resize, row, row_bytes, head.interlace_method != 0);
    if (!rc) rc = spng_decode_chunks(ctx); /* to IEND: nothing is cut off, and eXIf may stand here */
    if (!rc && !has_end(data, len)) rc = SPNG_IO_EOF;
    if (rc) {
        st = png_fail(err, rc);
        goto out;
    }
    if (spng_get_exif(ctx, &exif) == 0)
        photo->orientation = bl__exif_orientation((const uint8_t *)exif.data, exif.length);
    st = BL_OK;
out:
    spng_ctx_free(ctx);
    return st;
}
