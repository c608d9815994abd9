/* SPDX-License-Identifier: Apache-2.0 */
#include "make.h"

/* Whole, upright and within the bound, in each format; the colours stay where they are. */
static void
test_sizes_and_turns(void **state)
{
    static const struct {
        unsigned width, height, bound;
        int orientation;
        unsigned want_w, want_h;
    } cases[] = {
        { 40, 20, 100, 1, 40, 20 },  { 40, 20, 100, 6, 20, 40 },     { 1, 1, 64, 1, 1, 1 },
        { 400, 100, 64, 1, 64, 16 }, { 400, 100, 64, 8, 16, 64 },    { 1000, 3, 64, 1, 64, 1 },
        { 65, 64, 64, 3, 64, 63 },   { 640, 480, 320, 2, 320, 240 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (int kind = 0; kind < 3; kind++) {
            unsigned w = cases[i].width, h = cases[i].height, got_w, got_h;
            struct bl_limits limits = bl_limits_default();
            bool lying = kind == 2 && cases[i].orientation >= 5; /* make_webp() has no orientation */
            struct made in = kind == 0   ? make_jpeg(w, h, 0xff0000, 0xff0000, cases[i].orientation)
                             : kind == 1 ? make_png(w, h, 0xff0000, 0xff0000, cases[i].orientation)
                                         : make_webp(w, h, 0xff0000, 0xff0000);
            uint8_t *rgb;
            void *out;
            size_t len;

            limits.max_side_px = cases[i].bound;
            assert_int_equal(bl_photo_clean(in.bytes, in.len, &limits, &out, &len, NULL), BL_OK);
            assert_int_equal(bl_format_sniff(out, len), BL_FORMAT_JPEG);
            assert_null(memmem(out, len, "Exif", 4));
            assert_int_equal(bl__decode_whole(out, len, &limits, &rgb, &got_w, &got_h, NULL), BL_OK);
            assert_int_equal(got_w, lying ? cases[i].want_h : cases[i].want_w);
            assert_int_equal(got_h, lying ? cases[i].want_w : cases[i].want_h);
            assert_colour(pixel_at(rgb, got_w, 0, 0), 0xff0000, 6, "clean");
            bl_photo_free(rgb);
            bl_photo_free(out);
            free(in.bytes);
        }
    }
}

static void
test_bad_photos(void **state)
{
    struct made in = make_jpeg(100, 100, 0, 0xffffff, 1);
    struct bl_limits limits = bl_limits_default();
    void *out = &in;
    size_t len = 1;

    (void)state;
    assert_int_equal(bl_photo_clean("no photo", 8, NULL, &out, &len, NULL), BL_E_FORMAT);
    assert_null(out);
    assert_int_equal(len, 0);
    assert_int_equal(bl_photo_clean(in.bytes, 0, NULL, &out, &len, NULL), BL_E_EMPTY);
    assert_int_equal(bl_photo_clean(NULL, 5, NULL, &out, &len, NULL), BL_E_ARG);
    assert_int_equal(bl_photo_clean(in.bytes, in.len, NULL, NULL, &len, NULL), BL_E_ARG);
    for (size_t cut = 3; cut < in.len; cut += 37)
        assert_int_equal(bl_photo_clean(in.bytes, cut, NULL, &out, &len, NULL), BL_E_CORRUPT);
    limits.max_pixels = 9999;
    assert_int_equal(bl_photo_clean(in.bytes, in.len, &limits, &out, &len, NULL), BL_E_TOO_LARGE);
    free(in.bytes);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes_and_turns),
        cmocka_unit_test(test_bad_photos),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
