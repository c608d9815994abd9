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

static void
test_wiping(void **state)
{
    struct bl__engine *engine;
    struct bl__infer *infer;
    const float *logits;

    (void)state;
    assert_int_equal(bl__engine_new(&bundle, 1, &engine, NULL), BL_OK);
    assert_int_equal(bl__infer_new(engine, &infer, NULL), BL_OK);
    fill(bl__infer_input(infer), 1);
    assert_int_equal(bl__infer_run(infer, &logits, NULL), BL_OK);
    bl__infer_wipe(infer);
    for (size_t i = 0; i < (size_t)bundle.view.size_px * bundle.view.size_px * 3; i++)
        assert_int_equal(bl__infer_input(infer)[i], 0);
    for (unsigned i = 0; i < bundle.class_count; i++) assert_true(logits[i] == 0);
    bl__infer_free(infer);
    bl__engine_free(engine);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) /* a sanitizer's memory is not for reading */

/* A sum of each page of the process's large anonymous mappings, by address; the number of pages. */
struct page {
    uintptr_t at;
    uint64_t sum;
};

static size_t
look_at_memory(struct page *pages, size_t room)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    unsigned long from, to, inode;
    char line[512], rights[8];
    size_t n = 0;

    assert_non_null(maps);
    while (fgets(line, sizeof line, maps)) {
        if (sscanf(line, "%lx-%lx %7s %*x %*s %lu", &from, &to, rights, &inode) != 4 || inode ||
            strcmp(rights, "rw-p") != 0 || strchr(line, '[') || (from <= (uintptr_t)pages && (uintptr_t)pages < to))
            continue;
        for (uintptr_t at = from; at < to && n < room; at += 4096) {
            const uint64_t *word = (const uint64_t *)at; // NOLINT: reading all of our memory is the point
            uint64_t sum = 0;

            for (int i = 0; i < 512; i++) sum = sum * 31 + word[i];
            pages[n++] = (struct page){ at, sum };
        }
    }
    fclose(maps);
    return n;
}

/* Pages that are different after the same picture, or another one, went through the network once more. */
static size_t
pages_that_tell(struct bl__engine *engine, struct bl__infer *infer, bool other, bool rest)
{
    enum { ROOM = 1 << 19 };
    struct page *was = bl_photo_alloc(ROOM * sizeof *was), *is = bl_photo_alloc(ROOM * sizeof *is);
    size_t n[2], different = 0;
    const float *logits;

    for (unsigned i = 0; i < 2; i++) {
        fill(bl__infer_input(infer), other ? 3 + i : 3);
        assert_int_equal(bl__infer_run(infer, &logits, NULL), BL_OK);
        bl__infer_wipe(infer);
        if (rest) bl__engine_rest(engine);
        n[i] = look_at_memory(i ? is : was, ROOM);
    }
    for (size_t i = 0, j = 0; i < n[0] && j < n[1];) {
        if (was[i].at < is[j].at) i++;
        else if (was[i].at > is[j].at) j++;
        else different += was[i++].sum != is[j++].sum;
    }
    bl_photo_free(was);
    bl_photo_free(is);
    return different;
}

/* What the network holds between its layers tells two pictures apart, until it has rested. */
static void
test_rest(void **state)
{
    struct bl__engine *engine;
    struct bl__infer *infer;
    size_t same, without, with;

    (void)state;
    assert_int_equal(bl__engine_new(&bundle, 2, &engine, NULL), BL_OK);
    assert_int_equal(bl__infer_new(engine, &infer, NULL), BL_OK);
    bl__engine_rest(engine); /* so that all memory that is ever needed is there */
    pages_that_tell(engine, infer, true, true);
    same = pages_that_tell(engine, infer, false, true); /* what differs anyway: stacks, the allocator's own */
    without = pages_that_tell(engine, infer, true, false);
    with = pages_that_tell(engine, infer, true, true);
    print_message("pages that differ: anyway %zu, by the picture %zu, after a rest %zu\n", same, without, with);
    if (without < 2 * same || with > 2 * same) fail_msg("anyway %zu, %zu, after a rest %zu", same, without, with);
    bl__infer_free(infer);
    bl__engine_free(engine);
}
#endif

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
        cmocka_unit_test(test_wiping),
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
        cmocka_unit_test(test_rest),
#endif
    };

    return cmocka_run_group_tests(tests, read_bundle, clear_bundle);
}
