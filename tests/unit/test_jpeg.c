/* SPDX-License-Identifier: Apache-2.0 */
#include "format.h"

static struct format_tested tested = { BL_FORMAT_JPEG, make_jpeg };

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(format_pixels, &tested),
        cmocka_unit_test_prestate(format_cut_anywhere, &tested),
        cmocka_unit_test_prestate(format_any_byte_changed, &tested),
        cmocka_unit_test_prestate(format_orientations, &tested),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
