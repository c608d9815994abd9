/* SPDX-License-Identifier: Apache-2.0
 * A photo fit to be handed on: decoded, turned upright, and written anew as a
 * JPEG by libjpeg-turbo, so that nothing but its pixels goes along.
 */
#include "internal.h"

#include <setjmp.h>
#include <string.h>

#include <jpeglib.h> /* after stdio.h, which it needs and does not include */

enum { QUALITY = 90, ROOM_MIN = 64 << 10 };

/* libjpeg's writer, into memory that is wiped: its own grows on the heap. */
struct sink {
    struct jpeg_compress_struct info;
    struct jpeg_error_mgr errors;
    struct jpeg_destination_mgr to;
    jmp_buf give_up;
    uint8_t *bytes;
    size_t room;
};

static void
fail(j_common_ptr info)
{
    struct sink *s = info->client_data;

    longjmp(s->give_up, 1);
}

static void
mute(j_common_ptr info)
{
    (void)info;
}

static void
begin_bytes(j_compress_ptr info)
{
    (void)info;
}

/* The room is used up, whatever free_in_buffer says: libjpeg's rule. */
static boolean
more_room(j_compress_ptr info)
{
    struct sink *s = info->client_data;
    uint8_t *bigger = bl_photo_alloc(s->room * 2);

    if (!bigger) longjmp(s->give_up, 1);
    memcpy(bigger, s->bytes, s->room);
    bl_photo_free(s->bytes);
    s->bytes = bigger;
    s->to.next_output_byte = bigger + s->room;
    s->to.free_in_buffer = s->room;
    s->room *= 2;
    return TRUE;
}

static void
end_bytes(j_compress_ptr info)
{
    (void)info;
}

/* May leave by longjmp at any call, and owns nothing. */
static void
encode(struct sink *s, const uint8_t *rgb, unsigned width, unsigned height)
{
    struct jpeg_compress_struct *info = &s->info;

    jpeg_create_compress(info); /* keeps err and client_data */
    info->dest = &s->to;
    info->image_width = width;
    info->image_height = height;
    info->input_components = 3;
    info->in_color_space = JCS_RGB;
    jpeg_set_defaults(info);
    jpeg_set_quality(info, QUALITY, TRUE);
    jpeg_start_compress(info, TRUE);
    while (info->next_scanline < height) {
        JSAMPROW row = (JSAMPROW)(rgb + (size_t)info->next_scanline * width * 3);

        jpeg_write_scanlines(info, &row, 1);
    }
    jpeg_finish_compress(info);
}

enum bl_status
bl_photo_clean(const void *data, size_t len, const struct bl_limits *limits, void **out, size_t *out_len,
               struct bl_error *err)
{
    struct bl_limits lim = limits ? *limits : bl_limits_default();
    struct sink s = {
        .to = { .init_destination = begin_bytes, .empty_output_buffer = more_room, .term_destination = end_bytes }
    };
    unsigned width = 0, height = 0;
    uint8_t *rgb = NULL;
    enum bl_status st;

    if (!out || !out_len) return bl__fail(err, BL_E_ARG, "no place for the photo");
    *out = NULL;
    *out_len = 0;
    if (!data && len) return bl__fail(err, BL_E_ARG, "no data");
    st = bl__decode_whole(data, len, &lim, &rgb, &width, &height, err);
    if (st) return st;
    s.room = (size_t)width * height / 2 + ROOM_MIN;
    s.bytes = bl_photo_alloc(s.room);
    s.to.next_output_byte = s.bytes;
    s.to.free_in_buffer = s.room;
    s.info.err = jpeg_std_error(&s.errors);
    s.info.client_data = &s;
    s.errors.error_exit = fail;
    s.errors.output_message = mute;
    if (!s.bytes || setjmp(s.give_up)) {
        bl_photo_free(s.bytes);
        st = bl__fail(err, BL_E_NOMEM, "out of memory"); /* nothing else can go wrong with sound pixels */
    } else {
        encode(&s, rgb, width, height);
        *out_len = s.room - s.to.free_in_buffer;
        *out = s.bytes;
        st = BL_OK;
    }
    jpeg_destroy_compress(&s.info);
    bl_photo_free(rgb);
    return st;
}
