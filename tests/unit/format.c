/* SPDX-License-Identifier: Apache-2.0
 * What every format's decoder must do, whatever the format.
 */
#include "format.h"

enum { SIZE = 32 };
static const unsigned left = 0xe02010, right = 0x1030d0;

static enum bl_status
decode(const struct format_tested *f, const uint8_t *data, size_t len, uint8_t rgb[SIZE * SIZE * 3],
       struct bl__photo *photo, struct bl_error *err)
{
    struct bl__decoder dec;
    enum bl_format format;
    enum bl_status st;

    make_decoder(&dec, SIZE);
    st = bl__decode(&dec, data, len, rgb, &format, photo, err);
    assert_int_equal(format, f->format);
    bl__decoder_clear(&dec);
    return st;
}

void
format_pixels(void **state)
{
    const struct format_tested *f = *state;
    static const unsigned sizes[][2] = { { 1, 1 }, { 2, 1 }, { 33, 31 }, { 200, 120 }, { 1600, 1200 } };
    uint8_t rgb[SIZE * SIZE * 3];
    struct bl__photo photo;
    struct bl_error err;

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct made m = f->make(sizes[i][0], sizes[i][1], left, right, 0);

        assert_int_equal(decode(f, m.bytes, m.len, rgb, &photo, &err), BL_OK);
        assert_int_equal(photo.width, sizes[i][0]);
        assert_int_equal(photo.height, sizes[i][1]);
        if (sizes[i][0] > 2) {
            assert_colour(pixel_at(rgb, SIZE, 4, SIZE / 2), left, 8, "left half");
            assert_colour(pixel_at(rgb, SIZE, SIZE - 5, SIZE / 2), right, 8, "right half");
        }
        free(m.bytes);
    }
}

/* Every cut is an error, and none of them is "no such format" once the magic is there. */
void
format_cut_anywhere(void **state)
{
    const struct format_tested *f = *state;
    struct made m = f->make(90, 70, left, right, 0);
    uint8_t rgb[SIZE * SIZE * 3], *copy;
    struct bl__photo photo;
    struct bl_error err;

    for (size_t len = 12; len < m.len; len++) {
        enum bl_status st;

        copy = malloc(len); /* exactly as long: reading beyond it is seen by the sanitizer */
        assert_non_null(copy);
        memcpy(copy, m.bytes, len);
        st = decode(f, copy, len, rgb, &photo, &err);
        if (st != BL_E_CORRUPT) fail_msg("cut at %zu of %zu: status %d", len, m.len, st);
        if (!*err.text || strchr(err.text, '\n')) fail_msg("cut at %zu: text '%s'", len, err.text);
        free(copy);
    }
    free(m.bytes);
}

/* Any byte changed: a picture or an error, never a crash (the sanitizers watch). */
void
format_any_byte_changed(void **state)
{
    const struct format_tested *f = *state;
    struct made m = f->make(90, 70, left, right, 0);
    uint8_t rgb[SIZE * SIZE * 3];
    struct bl__photo photo;

    for (size_t at = 12; at < m.len; at++) {
        uint8_t was = m.bytes[at];

        m.bytes[at] ^= (uint8_t)(1 + at * 37 % 255);
        enum bl_status st = decode(f, m.bytes, m.len, rgb, &photo, NULL);
        assert_true(st == BL_OK || st == BL_E_CORRUPT || st == BL_E_TOO_LARGE);
        m.bytes[at] = was;
    }
    free(m.bytes);
}

/* Where the left half's colour is seen once the photo is upright (EXIF 2.32, table 6). */
void
format_orientations(void **state)
{
    const struct format_tested *f = *state;
    static const struct {
        unsigned x, y;
    } at[9] = {
        [1] = { 4, 16 }, [2] = { 27, 16 }, [3] = { 27, 16 }, [4] = { 4, 16 },
        [5] = { 16, 4 }, [6] = { 16, 4 },  [7] = { 16, 27 }, [8] = { 16, 27 },
    };
    uint8_t rgb[SIZE * SIZE * 3];
    struct bl__photo photo;

    for (int o = 1; o <= 8; o++) {
        struct made m = f->make(96, 64, left, right, o);

        assert_int_equal(decode(f, m.bytes, m.len, rgb, &photo, NULL), BL_OK);
        assert_int_equal(photo.width, o < 5 ? 96 : 64);
        assert_colour(pixel_at(rgb, SIZE, at[o].x, at[o].y), left, 12, "turned");
        free(m.bytes);
    }
}
