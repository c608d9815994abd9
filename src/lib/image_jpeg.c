/* SPDX-License-Identifier: Apache-2.0
 * JPEG by libjpeg-turbo, shrunk by its DCT scaling while it decodes. The whole
 * file is read, also below the crop: a photo that is cut short is an error.
 */
#include "internal.h"

#include <setjmp.h>
#include <string.h>

#include <jpeglib.h> /* after stdio.h, which it needs and does not include */

#include <jerror.h>

/*
 * A progressive file makes libjpeg hold every coefficient, two bytes each: 64
 * megapixels of 4:2:0 come to 192 MB. More than this is refused.
 */
static const long memory_max_bytes = 256L << 20;

/* Photos have about ten scans; thousands of tiny ones are an attack on the processor. */
enum { SCANS_MAX = 100 };

struct jpeg {
    struct jpeg_decompress_struct info;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf give_up;
    enum bl_status status;
    const char *text;
};

static void
give_up(struct jpeg *j, enum bl_status status, const char *text)
{
    j->status = status;
    j->text = text;
    longjmp(j->give_up, 1);
}

/* libjpeg's fatal errors, in our words: its own may quote the file's bytes. */
static void
jpeg_fail(j_common_ptr info)
{
    struct jpeg *j = info->client_data;

    switch (info->err->msg_code) {
    case JERR_OUT_OF_MEMORY: give_up(j, BL_E_NOMEM, "out of memory"); break;
    case JERR_NO_BACKING_STORE: give_up(j, BL_E_TOO_LARGE, "progressive JPEG needs too much memory"); break;
    case JERR_INPUT_EMPTY:
    case JERR_INPUT_EOF:
    case JERR_NO_IMAGE: give_up(j, BL_E_CORRUPT, "JPEG is cut short"); break;
    case JERR_EMPTY_IMAGE: give_up(j, BL_E_CORRUPT, "the image has no pixels"); break;
    case JERR_BAD_PRECISION:
    case JERR_SOF_UNSUPPORTED:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_ARITH_NOTIMPL: give_up(j, BL_E_CORRUPT, "unsupported kind of JPEG"); break;
    default: give_up(j, BL_E_CORRUPT, "damaged JPEG data");
    }
}

/* Warnings: what libjpeg would guess its way around is an error here, save what real cameras get wrong. */
static void
jpeg_warn(j_common_ptr info, int level)
{
    struct jpeg *j = info->client_data;

    if (level >= 0) return; /* a trace message */
    switch (info->err->msg_code) {
    case JWRN_EXTRANEOUS_DATA: /* padding between segments */
    case JWRN_JFIF_MAJOR:
    case JWRN_ADOBE_XFORM:
    case JWRN_BOGUS_ICC:
    case JWRN_NOT_SEQUENTIAL: return;
    case JWRN_JPEG_EOF: give_up(j, BL_E_CORRUPT, "JPEG is cut short"); break;
    default: give_up(j, BL_E_CORRUPT, "damaged JPEG data");
    }
}

static void
jpeg_scan_limit(j_common_ptr info)
{
    struct jpeg *j = info->client_data;

    if (j->info.input_scan_number > SCANS_MAX) give_up(j, BL_E_CORRUPT, "JPEG has too many scans");
}

static void
jpeg_mute(j_common_ptr info)
{
    (void)info;
}

static int
jpeg_orientation(const struct jpeg *j)
{
    for (jpeg_saved_marker_ptr m = j->info.marker_list; m; m = m->next)
        if (m->marker == JPEG_APP0 + 1 && m->data_length > 6 && memcmp(m->data, "Exif\0", 6) == 0)
            return bl__exif_orientation(m->data, m->data_length);
    return 1;
}

/* CMYK to RGB without a profile; Adobe writes the inks inverted (Adobe TN 5116). */
static void
cmyk_to_rgb(uint8_t *row, unsigned width, bool inverted)
{
    for (uint8_t *p = row, *end = row + (size_t)width * 4; p < end; p += 4) {
        unsigned k = inverted ? p[3] : 255u - p[3];

        for (int c = 0; c < 3; c++) p[c] = (uint8_t)(((inverted ? p[c] : 255u - p[c]) * k + 127) / 255);
    }
}

/* The body of bl__jpeg_decode(): may leave by longjmp at any call, and owns nothing. */
static enum bl_status
decode_rows(struct jpeg *j, struct bl__decoder *dec, const uint8_t *data, size_t len, struct bl__photo *photo,
            struct bl_error *err)
{
    struct jpeg_decompress_struct *info = &j->info;
    enum bl_status st;
    bool cmyk;
    uint8_t *row;
    unsigned by;

    info->mem->max_memory_to_use = memory_max_bytes;
    info->progress = &j->progress;
    jpeg_mem_src(info, data, len);
    jpeg_save_markers(info, JPEG_APP0 + 1, 0xffff);
    jpeg_read_header(info, TRUE);
    st = bl__check_size(dec, info->image_width, info->image_height, err);
    if (st) return st;
    photo->width = info->image_width;
    photo->height = info->image_height;
    photo->orientation = jpeg_orientation(j);

    by = bl__shrink(dec, photo, 8);
    info->scale_num = 1;
    info->scale_denom = by;
    cmyk = info->jpeg_color_space == JCS_CMYK || info->jpeg_color_space == JCS_YCCK;
    info->out_color_space = cmyk ? JCS_CMYK : JCS_EXT_RGBX;
    jpeg_start_decompress(info);
    st = bl__begin_rows(dec, photo, info->output_width, info->output_height, 1.0 / by, 1.0 / by, err);
    if (st) return st;
    row = bl__scratch_get(&dec->scratch, (size_t)info->output_width * 4);
    if (!row) return bl__fail(err, BL_E_NOMEM, "out of memory");

    while (info->output_scanline < info->output_height) {
        unsigned y = info->output_scanline;

        jpeg_read_scanlines(info, &row, 1);
        if (cmyk && bl__resize_wants(&dec->resize, y)) cmyk_to_rgb(row, info->output_width, info->saw_Adobe_marker);
        bl__resize_row(&dec->resize, y, row);
    }
    jpeg_finish_decompress(info);
    return BL_OK;
}

enum bl_status
bl__jpeg_decode(struct bl__decoder *dec, const uint8_t *data, size_t len, struct bl__photo *photo, struct bl_error *err)
{
    struct jpeg j = { 0 };
    enum bl_status st;

    j.info.err = jpeg_std_error(&j.errors);
    j.info.client_data = &j;
    j.errors.error_exit = jpeg_fail;
    j.errors.emit_message = jpeg_warn;
    j.errors.output_message = jpeg_mute;
    j.progress.progress_monitor = jpeg_scan_limit;
    if (setjmp(j.give_up)) {
        st = bl__fail(err, j.status, "%s", j.text);
    } else {
        jpeg_create_decompress(&j.info); /* keeps err and client_data */
        st = decode_rows(&j, dec, data, len, photo, err);
    }
    jpeg_destroy_decompress(&j.info);
    return st;
}
