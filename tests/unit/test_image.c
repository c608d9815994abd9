/* SPDX-License-Identifier: Apache-2.0 */
#include "make.h"

enum { SIZE = 32 };

static const struct {
    const char *name;
    const char *bytes;
    size_t len;
    enum bl_format want;
} magics[] = {
    { "jpeg", "\xff\xd8\xff\xe0", 4, BL_FORMAT_JPEG },
    { "png", "\x89PNG\r\n\x1a\n", 8, BL_FORMAT_PNG },
    { "webp", "RIFF\x10\0\0\0WEBP", 12, BL_FORMAT_WEBP },
    { "riff, but a sound", "RIFF\x10\0\0\0WAVE", 12, BL_FORMAT_UNKNOWN },
    { "webp cut in its magic", "RIFF\x10\0\0\0WEB", 11, BL_FORMAT_UNKNOWN },
    { "png with a text-mode newline", "\x89PNG\n\x1a\n\0", 8, BL_FORMAT_UNKNOWN },
    { "gif", "GIF89a", 6, BL_FORMAT_UNKNOWN },
    { "nothing", "", 0, BL_FORMAT_UNKNOWN },
};

static void
test_sniff(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof magics / sizeof magics[0]; i++)
        if (bl_format_sniff(magics[i].bytes, magics[i].len) != magics[i].want) fail_msg("%s", magics[i].name);
    assert_int_equal(bl_format_sniff(NULL, 12), BL_FORMAT_UNKNOWN);
    assert_string_equal(bl_format_name(BL_FORMAT_WEBP), "webp");
    assert_string_equal(bl_format_name(BL_FORMAT_UNKNOWN), "unknown");
}

static enum bl_status
decode(struct bl__decoder *dec, const void *data, size_t len, struct bl_error *err)
{
    static uint8_t rgb[SIZE * SIZE * 3];
    struct bl__photo photo;
    enum bl_format format;

    return bl__decode(dec, data, len, rgb, &format, &photo, err);
}

static void
test_bounds(void **state)
{
    struct made photo = make_png(40, 30, 0xff0000, 0x0000ff, 0);
    struct bl__decoder dec;
    struct bl_error err;

    (void)state;
    make_decoder(&dec, SIZE);
    assert_int_equal(decode(&dec, photo.bytes, photo.len, &err), BL_OK);
    assert_int_equal(decode(&dec, "", 0, &err), BL_E_EMPTY);
    assert_int_equal(decode(&dec, "no image", 8, &err), BL_E_FORMAT);
    dec.limits.max_bytes = photo.len - 1;
    assert_int_equal(decode(&dec, photo.bytes, photo.len, &err), BL_E_TOO_LARGE);
    dec.limits.max_bytes = photo.len;
    dec.limits.max_pixels = 40 * 30 - 1;
    assert_int_equal(decode(&dec, photo.bytes, photo.len, &err), BL_E_TOO_LARGE);
    dec.limits.max_pixels = 40 * 30;
    assert_int_equal(decode(&dec, photo.bytes, photo.len, &err), BL_OK);
    bl__decoder_clear(&dec);
    free(photo.bytes);
}

static void
test_declared_sizes(void **state)
{
    static const struct {
        uint64_t width, height;
        enum bl_status want;
    } sizes[] = {
        { 1, 1, BL_OK },
        { 8000, 8000, BL_OK },
        { 8001, 8000, BL_E_TOO_LARGE },
        { 0, 5, BL_E_CORRUPT },
        { 5, 0, BL_E_CORRUPT },
        { 65535, 1, BL_OK },
        { 65536, 1, BL_E_TOO_LARGE },
        { UINT32_MAX, UINT32_MAX, BL_E_TOO_LARGE },
    };
    struct bl__decoder dec;

    (void)state;
    make_decoder(&dec, SIZE);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        assert_int_equal(bl__check_size(&dec, sizes[i].width, sizes[i].height, NULL), sizes[i].want);
    bl__decoder_clear(&dec);
}

static void
test_shrink(void **state)
{
    static const struct {
        unsigned width, height, most, max_side, want;
    } rows[] = {
        { 4000, 3000, 8, 1024, 8 }, { 500, 375, 8, 1024, 8 },  { 60, 50, 8, 1024, 1 },   { 64, 64, 8, 1024, 2 },
        { 63, 63, 8, 1024, 1 },     { 10000, 40, 8, 1024, 1 }, { 500, 375, 4, 1024, 4 }, { 500, 500, 64, 64, 8 },
        { 8000, 8000, 4, 64, 4 },   { 60, 60, 8, 16, 4 },
    };
    struct bl__decoder dec;

    (void)state;
    make_decoder(&dec, SIZE);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bl__photo photo = { .width = rows[i].width, .height = rows[i].height };
        unsigned got;

        dec.limits.max_side_px = rows[i].max_side;
        got = bl__shrink(&dec, &photo, rows[i].most);
        if (got != rows[i].want) fail_msg("%ux%u: %u, not %u", rows[i].width, rows[i].height, got, rows[i].want);
    }
    bl__decoder_clear(&dec);
}

static void
test_over_white(void **state)
{
    uint8_t row[] = { 10, 20, 30, 255, 10, 20, 30, 0, 0, 0, 0, 128 };

    (void)state;
    bl__over_white(row, 3);
    assert_int_equal(row[0], 10);
    assert_int_equal(row[4], 255);
    assert_int_equal(row[6], 255);
    assert_int_equal(row[8], 127);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sniff),  cmocka_unit_test(test_bounds),     cmocka_unit_test(test_declared_sizes),
        cmocka_unit_test(test_shrink), cmocka_unit_test(test_over_white),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
