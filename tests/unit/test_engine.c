/* SPDX-License-Identifier: Apache-2.0 */
#include "make.h"

#include <math.h>
#include <pthread.h>

enum { THREADS = 4, ROUNDS = 6 };

static struct bl__bundle bundle;

static void
fill(uint8_t *pixels, unsigned seed)
{
    size_t n = (size_t)bundle.view.size_px * bundle.view.size_px * 3;

    for (size_t i = 0; i < n; i++) pixels[i] = (uint8_t)((i / 300 + seed * 31) * (seed + 1));
}

static void
test_runs_and_repeats(void **state)
{
    struct bl__engine *engine;
    struct bl__infer *infer;
    const float *logits;
    float first;

    (void)state;
    assert_int_equal(bl__engine_new(&bundle, 1, &engine, NULL), BL_OK);
    assert_int_equal(bl__infer_new(engine, &infer, NULL), BL_OK);
    fill(bl__infer_input(infer), 1);
    assert_int_equal(bl__infer_run(infer, &logits, NULL), BL_OK);
    for (unsigned i = 0; i < bundle.class_count; i++) assert_true(isfinite(logits[i]));
    first = logits[0];
    fill(bl__infer_input(infer), 2);
    assert_int_equal(bl__infer_run(infer, &logits, NULL), BL_OK);
    assert_true(fabsf(logits[0] - first) > 1e-6F); /* the input is looked at */
    fill(bl__infer_input(infer), 1);
    assert_int_equal(bl__infer_run(infer, &logits, NULL), BL_OK);
    assert_true(fabsf(logits[0] - first) < 1e-4F);
    bl__infer_free(infer);
    bl__engine_free(engine);
}

struct thread {
    struct bl__engine *engine;
    unsigned seed;
    float alone, worst;
};

static void *
run(void *arg)
{
    struct thread *t = arg;
    struct bl__infer *infer;
    const float *logits;

    t->worst = INFINITY;
    if (bl__infer_new(t->engine, &infer, NULL)) return NULL;
    t->worst = 0;
    for (int i = 0; i < ROUNDS; i++) {
        fill(bl__infer_input(infer), t->seed);
        if (bl__infer_run(infer, &logits, NULL)) t->worst = INFINITY;
        else t->worst = fmaxf(t->worst, fabsf(logits[0] - t->alone));
    }
    bl__infer_free(infer);
    return NULL;
}

/* At once, each request sees its own photo and no other's. */
static void
test_concurrent_use(void **state)
{
    struct thread threads[THREADS];
    pthread_t ids[THREADS];
    struct bl__engine *engine;
    struct bl__infer *infer;
    const float *logits;

    (void)state;
    assert_int_equal(bl__engine_new(&bundle, THREADS, &engine, NULL), BL_OK);
    assert_int_equal(bl__infer_new(engine, &infer, NULL), BL_OK);
    for (unsigned i = 0; i < THREADS; i++) {
        fill(bl__infer_input(infer), i + 1);
        assert_int_equal(bl__infer_run(infer, &logits, NULL), BL_OK);
        threads[i] = (struct thread){ .engine = engine, .seed = i + 1, .alone = logits[0] };
    }
    bl__infer_free(infer);
    for (unsigned i = 0; i < THREADS; i++) assert_int_equal(pthread_create(&ids[i], NULL, run, &threads[i]), 0);
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(ids[i], NULL);
        assert_true(threads[i].worst < 1e-3F);
    }
    bl__engine_free(engine);
}

static void
test_a_bundle_that_does_not_fit(void **state)
{
    static const struct {
        const char *what;
        int side, classes;
    } wrong[] = { { "input", 1, 0 }, { "output", 0, 1 } };
    struct bl__engine *engine;
    struct bl_error err;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct bl__bundle other = bundle;

        other.view.size_px += (unsigned)wrong[i].side;
        other.class_count += (unsigned)wrong[i].classes;
        assert_int_equal(bl__engine_new(&other, 1, &engine, &err), BL_E_MODEL);
        assert_null(engine);
        assert_non_null(strstr(err.text, wrong[i].what));
    }
}

static void
test_a_network_that_is_none(void **state)
{
    struct bl__bundle other = bundle;
    struct bl__engine *engine;
    char path[] = MODEL_DIR "/model.json";

    (void)state;
    other.network_path = path;
    assert_int_equal(bl__engine_new(&other, 1, &engine, NULL), BL_E_MODEL);
    assert_null(engine);
}

static int
read_bundle(void **state)
{
    (void)state;
    return (int)bl__bundle_read(&bundle, MODEL_DIR, NULL);
}

static int
clear_bundle(void **state)
{
    (void)state;
    bl__bundle_clear(&bundle);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_runs_and_repeats),
        cmocka_unit_test(test_concurrent_use),
        cmocka_unit_test(test_a_bundle_that_does_not_fit),
        cmocka_unit_test(test_a_network_that_is_none),
    };

    return cmocka_run_group_tests(tests, read_bundle, clear_bundle);
}
