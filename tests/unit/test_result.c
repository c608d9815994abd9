/* SPDX-License-Identifier: Apache-2.0 */
#include "make.h"

static void
test_text(void **state)
{
    struct bl_result r = {
        .count = 1,
        .predictions = { { "Pug", "Dog", "n02110958", "pug", 0.98765432 } },
        .primary_breed = "Pug",
        .primary_species = "Dog",
        .confidence = 0.98765432,
        .format = BL_FORMAT_PNG,
        .width = 3,
        .height = 4,
        .total_s = 0.01234,
        .finished = { .tv_sec = 1700000000, .tv_nsec = 5000000 },
        .model = "Net",
        .model_version = "7",
    };
    char *json;

    (void)state;
    assert_int_equal(bl_result_json(&r, &json), BL_OK);
    assert_string_equal(
        json,
        "{\"success\":true,\"predictions\":[{\"breed\":\"Pug\",\"species\":\"Dog\",\"confidence\":0.987654,"
        "\"class_id\":\"n02110958\",\"raw_class\":\"pug\"}],\"primary_species\":\"Dog\",\"primary_breed\":\"Pug\","
        "\"confidence\":0.987654,\"processing_time\":\"0.012s\",\"model\":\"Net\","
        "\"timestamp\":\"2023-11-14T22:13:20.005Z\",\"model_version\":\"7\","
        "\"image\":{\"format\":\"png\",\"width\":3,\"height\":4}}");
    free(json);
}

static void
test_arguments(void **state)
{
    struct bl_result empty = { 0 };
    char *json = (char *)1;

    (void)state;
    assert_int_equal(bl_result_json(NULL, &json), BL_E_ARG);
    assert_null(json);
    assert_int_equal(bl_result_json(&empty, &json), BL_E_ARG); /* as a failed identification leaves it */
    assert_int_equal(bl_result_json(&empty, NULL), BL_E_ARG);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_text), cmocka_unit_test(test_arguments) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
