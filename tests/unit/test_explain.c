/* SPDX-License-Identifier: Apache-2.0 */
#include "make.h"

enum { CHANNELS = 2, CLASSES = 3 };

/* Channel 0 speaks for the pug, channel 1 for the chair; the cat has neither. */
static int8_t weights[CLASSES * CHANNELS] = { 10, 0, 0, 0, 0, 10 };
static float scales[CLASSES] = { 0.1F, 0.1F, 0.1F }, means[CHANNELS] = { 1 / 3.0F, 1 / 3.0F };
static struct bl__head head = { weights, scales, means };
static struct bl__class classes[CLASSES] = {
    { .label = { .class_id = "n1", .breed = "Pug", .species = "Dog" } },
    { .label = { .class_id = "n2", .breed = "Cat", .species = "Cat" }, .label_index = 1 },
    { .label = { .class_id = "n3", .breed = "Chair", .species = "Unknown" }, .label_index = 2, .unknown = true },
};
static const struct bl__bundle bundle = {
    .view = { .size_px = 32, .crop = 0.5 },
    .explain = { .channels = CHANNELS, .height = 2, .width = 2 },
    .temperature = 1,
    .class_count = CLASSES,
    .classes = classes,
};
static const float features[CHANNELS * 4] = { 0, 4, 2, 0, /* channel 1: */ 8, 0, 0, 0 };
static const float logits[CLASSES] = { 3, 1, 2 };

static void
test_the_answer_is_explained(void **state)
{
    struct bl_result r = { .count = 1, .width = 400, .height = 300 };

    (void)state;
    r.predictions[0].class_id = classes[0].label.class_id;
    assert_int_equal(bl__explain(&bundle, &head, logits, features, &r, NULL), BL_OK);
    assert_int_equal(r.explanation.width, 2);
    assert_true(r.explanation.values[0] == 0); /* that speaks for the chair */
    assert_true(r.explanation.values[1] == 1);
    assert_float_equal(r.explanation.values[2], 0.5, 1e-6);
    assert_true(r.explanation.side_px == 150 && r.explanation.left_px == 125 && r.explanation.top_px == 75);
}

static void
test_no_pet_is_explained_by_what_is_none(void **state)
{
    struct bl_result r = { .width = 100, .height = 100 };

    (void)state;
    assert_int_equal(bl__explain(&bundle, &head, logits, features, &r, NULL), BL_OK);
    assert_true(r.explanation.values[0] == 1 && r.explanation.values[1] == 0);
}

static void
test_nothing_speaks_for_it(void **state)
{
    static const float none[CHANNELS * 4];
    struct bl_result r = { .width = 100, .height = 100 };

    (void)state;
    assert_int_equal(bl__explain(&bundle, &head, logits, none, &r, NULL), BL_OK);
    for (int i = 0; i < 4; i++) assert_true(r.explanation.values[i] == 0); /* and no division by zero */
}

static void
test_the_picture(void **state)
{
    struct made m = make_jpeg(96, 64, 0x406080, 0x406080, 0);
    struct bl_result r = { .count = 1, .width = 96, .height = 64 }, none = { .width = 96, .height = 64 };
    void *png;
    size_t len;

    (void)state;
    r.predictions[0].class_id = classes[0].label.class_id;
    assert_int_equal(bl__explain(&bundle, &head, logits, features, &r, NULL), BL_OK);
    assert_int_equal(bl_explanation_png(m.bytes, m.len, &r, NULL, &png, &len, NULL), BL_OK);
    assert_int_equal(bl_format_sniff(png, len), BL_FORMAT_PNG);
    bl_photo_free(png);
    assert_int_equal(bl_explanation_png(m.bytes, m.len / 2, &r, NULL, &png, &len, NULL), BL_E_CORRUPT);
    assert_null(png);
    assert_int_equal(bl_explanation_png(m.bytes, m.len, &none, NULL, &png, &len, NULL), BL_E_ARG);
    assert_int_equal(bl_explanation_png(m.bytes, m.len, &r, NULL, NULL, &len, NULL), BL_E_ARG);
    free(m.bytes);
}

static void
test_the_head_of_the_real_bundle(void **state)
{
    struct bl__bundle real;
    struct bl__head read;

    (void)state;
    assert_int_equal(bl__bundle_read(&real, MODEL_DIR, NULL), BL_OK);
    assert_int_equal(bl__head_read(&read, &real, NULL), BL_OK);
    for (unsigned i = 0; i < real.class_count; i++) assert_true(read.scale[i] > 0 && read.scale[i] < 1);
    bl__head_clear(&read);
    free(real.weights_path);
    real.weights_path = strdup("/nonexistent");
    assert_int_equal(bl__head_read(&read, &real, NULL), BL_E_IO);
    bl__bundle_clear(&real);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_answer_is_explained),
        cmocka_unit_test(test_no_pet_is_explained_by_what_is_none),
        cmocka_unit_test(test_nothing_speaks_for_it),
        cmocka_unit_test(test_the_picture),
        cmocka_unit_test(test_the_head_of_the_real_bundle),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
