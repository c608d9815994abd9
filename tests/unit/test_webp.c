/* SPDX-License-Identifier: Apache-2.0 */
#include "format.h"

/* libwebp's simple encoder writes no EXIF; the golden test turns WebP photos. */
static struct made
make(unsigned width, unsigned height, unsigned left, unsigned right, int orientation)
{
    assert_int_equal(orientation, 0);
    return make_webp(width, height, left, right);
}

static struct format_tested tested = { BL_FORMAT_WEBP, make };

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(format_pixels, &tested),
        cmocka_unit_test_prestate(format_cut_anywhere, &tested),
        cmocka_unit_test_prestate(format_any_byte_changed, &tested),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
