/* SPDX-License-Identifier: Apache-2.0 */
#include "make.h"

#include <math.h>

/* Five logits: two dogs, a cat in two rows, and no pet. */
static struct bl__class classes[] = {
    { .label = { "d1", "pug", "Pug", "Dog", "" }, .label_index = 0, .species_index = 0 },
    { .label = { "d2", "collie", "Collie", "Dog", "" }, .label_index = 1, .species_index = 0 },
    { .label = { "c1", "cat", "Domestic Cat", "Cat", "" }, .label_index = 2, .species_index = 1 },
    { .label = { "c1", "cat", "Domestic Cat", "Cat", "" }, .label_index = 2, .species_index = 1 },
    { .label = { "x1", "chair", "Chair", "Unknown", "" }, .label_index = 3, .species_index = 2, .unknown = true },
};
static unsigned label_class[] = { 0, 1, 2, 4 };
static const char *species_name[] = { "Dog", "Cat", "Unknown" };
static const struct bl__bundle bundle = { .temperature = 1,
                                          .unknown_threshold = 0.5,
                                          .class_count = 5,
                                          .classes = classes,
                                          .label_count = 4,
                                          .species_count = 3,
                                          .label_class = label_class,
                                          .species_name = species_name };

static struct bl_result
identify(const struct bl__bundle *b, const double p[5], const struct bl_options *opts)
{
    struct bl_options standard = bl_options_default();
    struct bl_result out = { 0 };
    float logits[5];
    double work[5];

    for (int i = 0; i < 5; i++) logits[i] = (float)log(p[i]);
    bl__identify_logits(b, logits, opts ? opts : &standard, work, &out);
    return out;
}

#define assert_near(a, b) assert_true(fabs((a) - (b)) < 1e-5)

static void
test_sums_and_order(void **state)
{
    struct bl_result r = identify(&bundle, (double[]){ 0.3, 0.2, 0.25, 0.2, 0.05 }, NULL);

    (void)state;
    assert_int_equal(r.count, 3);
    assert_string_equal(r.primary_breed, "Domestic Cat"); /* its two rows together */
    assert_near(r.confidence, 0.45);
    assert_string_equal(r.predictions[1].breed, "Pug");
    assert_string_equal(r.species, "Dog"); /* surely a dog, unsurely which */
    assert_near(r.species_confidence, 0.5);
    assert_int_equal(r.best_count, 3);
}

static void
test_threshold_and_top_k(void **state)
{
    const double p[] = { 0.55, 0.3, 0.05, 0.04, 0.06 };
    struct bl_options opts = { .top_k = 1, .threshold = 0 };
    struct bl_result r = identify(&bundle, p, NULL);

    (void)state;
    assert_int_equal(r.count, 2); /* 0.09 is under 0.1 */
    r = identify(&bundle, p, &opts);
    assert_int_equal(r.count, 1);
    opts.top_k = 50;
    assert_int_equal(identify(&bundle, p, &opts).count, 3); /* "no pet" is never listed */
    opts.threshold = 1;
    r = identify(&bundle, p, &opts);
    assert_int_equal(r.count, 0);
    assert_string_equal(r.primary_breed, "Unknown");
    assert_string_equal(r.primary_species, "Unknown");
    assert_near(r.confidence, 0);
    assert_int_equal(r.best_count, 3); /* adoption's list knows no threshold */
}

static void
test_no_pet(void **state)
{
    struct bl_result r = identify(&bundle, (double[]){ 0.4, 0.02, 0.04, 0.04, 0.5 }, NULL);

    (void)state;
    assert_int_equal(r.count, 0);
    assert_string_equal(r.primary_breed, "Unknown");
    assert_string_equal(r.species, "Unknown");
    assert_near(r.species_confidence, 0.5);
    assert_string_equal(r.best[0].breed, "Pug");
    r = identify(&bundle, (double[]){ 0.42, 0.02, 0.04, 0.04, 0.48 }, NULL);
    assert_string_equal(r.primary_breed, "Pug"); /* under the bundle's threshold */
}

static void
test_within_a_species(void **state)
{
    const double p[] = { 0.3, 0.1, 0.4, 0.1, 0.1 };
    struct bl_options opts = { .top_k = 10, .threshold = 0, .species = "dogs" };
    struct bl_result r = identify(&bundle, p, &opts);

    (void)state;
    assert_int_equal(r.count, 2);
    assert_near(r.predictions[0].confidence, 0.75);
    assert_near(r.predictions[0].confidence + r.predictions[1].confidence, 1);
    opts.species = "Dragon";
    assert_int_equal(identify(&bundle, p, &opts).count, 0);
}

static void
test_temperature(void **state)
{
    struct bl__bundle soft = bundle;
    struct bl_result r;

    (void)state;
    soft.temperature = 2; /* sqrt of each probability, renormalised */
    r = identify(&soft, (double[]){ 0.64, 0.16, 0.04, 0.12, 0.04 }, NULL);
    assert_near(r.confidence, 0.8 / (0.8 + 0.4 + 0.2 + sqrt(0.12) + 0.2));
}

static void
test_extreme_logits(void **state)
{
    const float logits[] = { 1e30F, -1e30F, 0, 0, 0 };
    struct bl_options opts = bl_options_default();
    struct bl_result out = { 0 };
    double work[5];

    (void)state;
    bl__identify_logits(&bundle, logits, &opts, work, &out);
    assert_string_equal(out.primary_breed, "Pug");
    assert_near(out.confidence, 1);
}

static const struct {
    const char *species, *word;
    bool want;
} words[] = {
    { "Cat", "cat", true },
    { "Cat", "CATS", true },
    { "Cat", "ca", false },
    { "Cat", "catss", false },
    { "Cat", "cattle", false },
    { "Fish", "fishes", true },
    { "Guinea Pig", "guinea pigs", true },
    { "Cat", "", false },
    { "Pony", "ponies", true },
    { "Pony", "ponys", true },
    { "Dog", "cat", false },
};

static void
test_words_for_a_species(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (bl__species_match(words[i].species, words[i].word) != words[i].want)
            fail_msg("%s, %s", words[i].species, words[i].word);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sums_and_order),
        cmocka_unit_test(test_threshold_and_top_k),
        cmocka_unit_test(test_no_pet),
        cmocka_unit_test(test_within_a_species),
        cmocka_unit_test(test_temperature),
        cmocka_unit_test(test_extreme_logits),
        cmocka_unit_test(test_words_for_a_species),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
