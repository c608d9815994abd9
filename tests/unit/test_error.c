/* SPDX-License-Identifier: Apache-2.0 */
#include "make.h"

static void
test_fail_fills_one_line(void **state)
{
    struct bl_error err = { 0 };

    (void)state;
    assert_int_equal(bl__fail(&err, BL_E_CORRUPT, "bad byte %d", 7), BL_E_CORRUPT);
    assert_int_equal(err.status, BL_E_CORRUPT);
    assert_string_equal(err.text, "bad byte 7");
    assert_int_equal(bl__fail(NULL, BL_E_NOMEM, "nobody listens"), BL_E_NOMEM);
}

static void
test_fail_cuts_a_long_text(void **state)
{
    struct bl_error err;
    char text[1000];

    (void)state;
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    bl__fail(&err, BL_E_ARG, "%s", text);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
}

static void
test_every_status_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (int a = BL_OK; a <= BL_E_ENGINE; a++) {
        assert_string_not_equal(bl_status_name((enum bl_status)a), "unknown-status");
        for (int b = BL_OK; b < a; b++)
            assert_string_not_equal(bl_status_name((enum bl_status)a), bl_status_name((enum bl_status)b));
    }
    assert_string_equal(bl_status_name((enum bl_status)99), "unknown-status");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fail_fills_one_line),
        cmocka_unit_test(test_fail_cuts_a_long_text),
        cmocka_unit_test(test_every_status_has_a_name_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
