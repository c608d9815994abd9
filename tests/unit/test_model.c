/* SPDX-License-Identifier: Apache-2.0
 * The public interface as a whole, on the real bundle.
 */
#include "make.h"

#include <math.h>
#include <unistd.h>

static struct bl_model *model;
static struct bl_worker *worker;

static void
test_arguments(void **state)
{
    struct bl_model_options many = { .workers = 257 };
    struct bl_limits narrow = bl_limits_default();
    struct bl_options opts = bl_options_default();
    struct bl_model *no_model;
    struct bl_worker *no_worker;
    struct bl_result r;

    (void)state;
    assert_int_equal(bl_model_open(MODEL_DIR, &many, &no_model, NULL), BL_E_ARG);
    assert_null(no_model);
    assert_int_equal(bl_model_open(MODEL_DIR, NULL, NULL, NULL), BL_E_ARG);
    assert_int_equal(bl_worker_new(NULL, NULL, &no_worker, NULL), BL_E_ARG);
    narrow.max_side_px = 63;
    assert_int_equal(bl_worker_new(model, &narrow, &no_worker, NULL), BL_E_ARG);
    assert_null(no_worker);
    assert_int_equal(bl_identify(NULL, "x", 1, NULL, &r, NULL), BL_E_ARG);
    assert_int_equal(bl_identify(worker, NULL, 1, NULL, &r, NULL), BL_E_ARG);
    assert_int_equal(bl_identify(worker, "x", 1, NULL, NULL, NULL), BL_E_ARG);
    for (unsigned k = 0; k <= 51; k += 51) {
        opts.top_k = k;
        assert_int_equal(bl_identify(worker, "x", 1, &opts, &r, NULL), BL_E_ARG);
    }
    opts = (struct bl_options){ .top_k = 5, .threshold = 1.01 };
    assert_int_equal(bl_identify(worker, "x", 1, &opts, &r, NULL), BL_E_ARG);
    bl_model_close(NULL);
    bl_worker_free(NULL);
}

static void
test_bytes_stream_and_path_agree(void **state)
{
    struct made m = make_png(300, 200, 0xa08040, 0x203050, 0);
    struct bl_options opts = { .top_k = 5, .threshold = 0 };
    struct bl_result bytes, stream, path;
    char name[] = "/tmp/breedlens-photo-XXXXXX";
    int fd = mkstemp(name);
    FILE *f = fdopen(fd, "w+b");

    (void)state;
    assert_non_null(f);
    assert_int_equal(fwrite(m.bytes, 1, m.len, f), m.len);
    rewind(f);
    assert_int_equal(bl_identify(worker, m.bytes, m.len, &opts, &bytes, NULL), BL_OK);
    assert_int_equal(bl_identify_stream(worker, f, &opts, &stream, NULL), BL_OK);
    assert_int_equal(bl_identify_path(worker, name, &opts, &path, NULL), BL_OK);
    assert_true(bytes.best[0].confidence == stream.best[0].confidence &&
                bytes.best[0].confidence == path.best[0].confidence);
    assert_string_equal(bytes.best[0].breed, path.best[0].breed);
    assert_int_equal(bytes.width, 300);
    assert_true(bytes.total_s >= bytes.decode_s && bytes.decode_s > 0);
    fclose(f);
    unlink(name);
    free(m.bytes);
}

static void
test_an_explanation_only_when_asked(void **state)
{
    struct made m = make_jpeg(300, 200, 0xa08040, 0x203050, 6);
    struct bl_options opts = bl_options_default();
    struct bl_result plain, explained;
    const struct bl_explanation *e = &explained.explanation;
    float most = 0;

    (void)state;
    opts.threshold = 0;
    assert_int_equal(bl_identify(worker, m.bytes, m.len, &opts, &plain, NULL), BL_OK);
    assert_int_equal(plain.explanation.width, 0);
    opts.explain = 1;
    assert_int_equal(bl_identify(worker, m.bytes, m.len, &opts, &explained, NULL), BL_OK);
    assert_true(fabs(explained.best[0].confidence - plain.best[0].confidence) < 1e-3); /* the same network */
    assert_true(e->width > 1 && e->height > 1 && e->width * e->height <= BL_EXPLANATION_MAX);
    for (unsigned i = 0; i < e->width * e->height; i++) {
        assert_true(e->values[i] >= 0 && e->values[i] <= 1);
        if (e->values[i] > most) most = e->values[i];
    }
    assert_true(most == 1);
    assert_true(e->side_px > 100 && e->left_px >= 0 && e->left_px + e->side_px <= 200 && e->top_px + e->side_px <= 300);
    free(m.bytes);
}

static void
test_failures_leave_the_worker_usable(void **state)
{
    struct made m = make_jpeg(64, 64, 0x808080, 0x808080, 0);
    struct bl_result r;
    struct bl_error err;

    (void)state;
    assert_int_equal(bl_identify(worker, m.bytes, m.len / 2, NULL, &r, &err), BL_E_CORRUPT);
    assert_null(r.primary_breed);
    assert_int_equal(bl_identify(worker, "", 0, NULL, &r, &err), BL_E_EMPTY);
    assert_int_equal(bl_identify_path(worker, "/nonexistent", NULL, &r, &err), BL_E_IO);
    assert_int_equal(bl_identify_path(worker, "/tmp", NULL, &r, &err), BL_E_IO);
    assert_int_equal(bl_identify(worker, m.bytes, m.len, NULL, &r, &err), BL_OK);
    free(m.bytes);
}

static void
test_a_stream_over_the_limit(void **state)
{
    struct bl_limits limits = bl_limits_default();
    struct bl_worker *narrow;
    struct bl_result r;
    FILE *zero = fopen("/dev/zero", "rb");

    (void)state;
    limits.max_bytes = 100000;
    assert_non_null(zero);
    assert_int_equal(bl_worker_new(model, &limits, &narrow, NULL), BL_OK);
    assert_int_equal(bl_identify_stream(narrow, zero, NULL, &r, NULL), BL_E_TOO_LARGE);
    fclose(zero);
    bl_worker_free(narrow);
}

static void
test_labels(void **state)
{
    size_t count = bl_model_label_count(model);
    bool pug = false;

    (void)state;
    assert_true(count > 150 && count <= bl_model_get_info(model).classes);
    for (size_t i = 0; i < count; i++) {
        const struct bl_label *l = bl_model_label(model, i);

        assert_true(*l->class_id && *l->breed && *l->species);
        if (!strcmp(l->class_id, "n02110958")) pug = !strcmp(l->breed, "Pug") && !strcmp(l->species, "Dog");
    }
    assert_true(pug);
    assert_null(bl_model_label(model, count));
}

static void
test_default_dir(void **state)
{
    static const char *const bad_types[] = { "", ".", "..", "a/b", "/" };
    char buf[4096], tiny[3];

    (void)state;
    setenv("BREEDLENS_MODEL", "/some/where", 1);
    assert_int_equal(bl_model_default_dir("fast", buf, sizeof buf), BL_OK);
    assert_string_equal(buf, "/some/where");
    assert_int_equal(bl_model_default_dir(NULL, tiny, sizeof tiny), BL_E_ARG);
    unsetenv("BREEDLENS_MODEL");
    assert_int_equal(bl_model_default_dir(NULL, NULL, 0), BL_E_ARG);
    for (size_t i = 0; i < sizeof bad_types / sizeof bad_types[0]; i++)
        assert_int_equal(bl_model_default_dir(bad_types[i], buf, sizeof buf), BL_E_ARG);
    assert_non_null(strstr(bl_runtime_version(), "OpenVINO"));
}

static int
open_model(void **state)
{
    struct bl_model_options one = { .workers = 1 };

    (void)state;
    return bl_model_open(MODEL_DIR, &one, &model, NULL) || bl_worker_new(model, NULL, &worker, NULL);
}

static int
close_model(void **state)
{
    (void)state;
    bl_worker_free(worker);
    bl_model_close(model);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_bytes_stream_and_path_agree),
        cmocka_unit_test(test_an_explanation_only_when_asked),
        cmocka_unit_test(test_failures_leave_the_worker_usable),
        cmocka_unit_test(test_a_stream_over_the_limit),
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_default_dir),
    };

    return cmocka_run_group_tests(tests, open_model, close_model);
}
