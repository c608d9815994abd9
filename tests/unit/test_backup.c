/* SPDX-License-Identifier: Apache-2.0
 * The client without a peer; tests/http/test_backup.py has one.
 */
#include "make.h"

static const struct bl_backup_options sound = { .cloud_name = "c-1_A", .api_key = "k", .api_secret = "s" };

static void
test_options(void **state)
{
    static const struct {
        struct bl_backup_options o;
        const char *begins;
    } cases[] = {
        { { .api_key = "k", .api_secret = "s" }, "cloud_name is missing" },
        { { .cloud_name = "c", .api_secret = "s" }, "api_key is missing" },
        { { .cloud_name = "c", .api_key = "k", .api_secret = "" }, "api_secret is missing" },
        { { .cloud_name = "a/b", .api_key = "k", .api_secret = "s" }, "cloud_name must" },
        { { .cloud_name = "c", .api_key = "k", .api_secret = "top\nsecret" }, "api_secret must" },
        { { .cloud_name = "c", .api_key = "k", .api_secret = "s", .folder = "a\tb" }, "folder must" },
        { { .cloud_name = "c", .api_key = "k", .api_secret = "s", .base_url = "http://a" }, "base_url must be HTTPS" },
        { { .cloud_name = "c", .api_key = "k", .api_secret = "s", .base_url = "x" }, "base_url must begin" },
        { { .cloud_name = "c", .api_key = "k", .api_secret = "s", .ca_file = "/none" }, "ca_file cannot" },
    };
    struct bl_backup *client;
    struct bl_error err;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(bl_backup_check(&cases[i].o, &err), BL_E_ARG);
        if (strncmp(err.text, cases[i].begins, strlen(cases[i].begins)) != 0) fail_msg("%zu: %s", i, err.text);
        assert_null(strstr(err.text, "secret\n"));
        client = (struct bl_backup *)&err;
        assert_int_equal(bl_backup_new(&cases[i].o, &client, NULL), BL_E_ARG);
        assert_null(client);
    }
    assert_int_equal(bl_backup_check(NULL, NULL), BL_E_ARG);
    assert_int_equal(bl_backup_check(&sound, NULL), BL_OK);
}

/* What is handed over is taken over, whatever comes of it; each outcome is told once. */
static void
test_wrong_calls_and_cancelling(void **state)
{
    struct bl_result result = {
        .primary_breed = "Pug", .primary_species = "Dog", .confidence = 1, .model = "m", .model_version = "1"
    };
    struct bl_backup_answer answer;
    struct bl_backup *client;
    struct bl_error err;

    (void)state;
    assert_int_equal(bl_backup_new(&sound, &client, NULL), BL_OK);
    assert_int_equal(bl_backup_upload_wait(NULL, bl_photo_alloc(10), 10, &result, &answer), BL_E_ARG);
    assert_int_equal(bl_backup_upload_wait(client, bl_photo_alloc(10), 0, &result, &answer), BL_E_ARG);
    assert_int_equal(bl_backup_upload_wait(client, NULL, 10, &result, &answer), BL_E_ARG);
    assert_int_equal(bl_backup_upload_wait(client, bl_photo_alloc(10), 10, NULL, &answer), BL_E_ARG);
    assert_int_equal(bl_backup_upload(client, bl_photo_alloc(10), 10, &result, NULL, NULL, &err), BL_E_ARG);
    assert_int_equal(bl_backup_remove_wait(client, "", &answer), BL_E_ARG);
    assert_int_equal(bl_backup_upload_wait(client, bl_photo_alloc(10), 10, &result, NULL), BL_E_ARG);
    bl_backup_cancel(client);
    assert_int_equal(bl_backup_upload_wait(client, bl_photo_alloc(10), 10, &result, &answer), BL_E_BACKUP);
    assert_string_equal(answer.text, "the backup was broken off");
    assert_int_equal(bl_backup_remove_wait(client, "x", &answer), BL_E_BACKUP);
    bl_backup_free(client);
    bl_backup_free(NULL);
}

static void
count(void *context, const struct bl_backup_answer *answer)
{
    assert_int_equal(answer->status, BL_E_BACKUP);
    ++*(int *)context;
}

static void
test_freeing_tells_everybody(void **state)
{
    struct bl_backup_options o = sound;
    struct bl_backup *client;
    int told = 0;

    (void)state;
    o.base_url = "https://127.0.0.1:9"; /* nobody is there */
    o.max_inflight = 2;
    assert_int_equal(bl_backup_new(&o, &client, NULL), BL_OK);
    for (int i = 0; i < 5; i++) assert_int_equal(bl_backup_remove(client, "x", count, &told, NULL), BL_OK);
    bl_backup_free(client);
    assert_int_equal(told, 5);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_wrong_calls_and_cancelling),
        cmocka_unit_test(test_freeing_tells_everybody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
