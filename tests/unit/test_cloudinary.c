/* SPDX-License-Identifier: Apache-2.0 */
#include "make.h"

#include <curl/curl.h>

/* The first is the example of Cloudinary's own documentation; the others are by its Python SDK's api_sign_request(). */
static void
test_signatures(void **state)
{
    static const struct {
        struct bl__param params[4];
        const char *secret;
        bool sha256;
        const char *want;
    } cases[] = {
        { { { "eager", "w_400,h_300,c_pad|w_260,h_200,c_crop" },
            { "public_id", "sample_image" },
            { "timestamp", "1315060510" } },
          "abcd",
          false,
          "bfd09f95f331f558cbd1320e67aa8d488770583e" },
        { { { "folder", "a&b=c" }, { "public_id", "" }, { "timestamp", "1" }, { "upload_preset", NULL } },
          "s&=",
          false,
          "6b92a616bcab17489ae65d1f1524b5d962aa5f20" },
        { { { "folder", "a&b=c" }, { "timestamp", "1" } },
          "s&=",
          true,
          "3f72ac9fd323aeefbbcdb3e65d348c395828709e536ed6df2cd1c2adbd2d9c9f" },
    };
    char got[BL__SIGNATURE_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t n = 0;

        while (n < 4 && cases[i].params[n].name) n++;
        assert_true(bl__cloud_sign(cases[i].params, n, cases[i].secret, cases[i].sha256, got));
        assert_string_equal(got, cases[i].want);
    }
}

static void
test_context(void **state)
{
    struct bl_result r = { .primary_breed = "A|b=c", .primary_species = "Dog", .confidence = 0.99995, .model = "M 1" };
    char got[BL__CONTEXT_MAX], lengthy[4000];

    (void)state;
    bl__cloud_context(&r, got);
    assert_string_equal(got, "breed=A\\|b\\=c|species=Dog|confidence=1.0000|model=M 1");
    r.confidence = 0.0312;
    r.primary_breed = "Unknown";
    bl__cloud_context(&r, got);
    assert_string_equal(got, "breed=Unknown|species=Dog|confidence=0.0312|model=M 1");
    memset(lengthy, '=', sizeof lengthy); /* the worst: each is escaped */
    lengthy[sizeof lengthy - 1] = '\0';
    r.primary_breed = r.primary_species = r.model = lengthy;
    bl__cloud_context(&r, got);
    assert_in_range(strlen(got), 600, BL__CONTEXT_MAX - 1);
    assert_non_null(strstr(got, "|model=\\=\\="));
}

static void
test_backoff(void **state)
{
    static const uint32_t randoms[] = { 0, 1, 12345, 0x7fffffff, 0xffffffff };

    (void)state;
    for (unsigned try = 1; try < 40; try++) {
        for (size_t i = 0; i < sizeof randoms / sizeof randoms[0]; i++) {
            unsigned middle = 250u << ((try < 10 ? try : 10) - 1);

            assert_in_range(bl__cloud_backoff_ms(try, randoms[i]), middle / 2, middle / 2 + middle);
        }
    }
}

static void
test_verdicts(void **state)
{
    static const struct {
        int curl;
        long http;
        bool again, down;
    } cases[] = {
        { CURLE_OK, 400, false, false },
        { CURLE_OK, 401, false, false },
        { CURLE_OK, 403, false, false },
        { CURLE_OK, 404, false, false },
        { CURLE_OK, 302, false, false },
        { CURLE_OK, 420, false, true },
        { CURLE_OK, 429, true, true },
        { CURLE_OK, 500, true, true },
        { CURLE_OK, 503, true, true },
        { CURLE_COULDNT_CONNECT, 0, true, true },
        { CURLE_COULDNT_RESOLVE_HOST, 0, true, true },
        { CURLE_OPERATION_TIMEDOUT, 0, true, true },
        { CURLE_RECV_ERROR, 0, true, true },
        { CURLE_PARTIAL_FILE, 200, true, true },
        { CURLE_GOT_NOTHING, 0, true, true },
        { CURLE_PEER_FAILED_VERIFICATION, 0, false, true },
        { CURLE_WRITE_ERROR, 200, false, false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bl__verdict v = bl__cloud_judge(cases[i].curl, cases[i].http);

        if (v.again != cases[i].again || v.down != cases[i].down)
            fail_msg("curl %d http %ld: again %d down %d", cases[i].curl, cases[i].http, v.again, v.down);
        assert_true(v.text && *v.text && strlen(v.text) < sizeof((struct bl_backup_answer *)0)->text);
    }
}

static void
test_upload_answers(void **state)
{
    static const struct {
        const char *body;
        bool good;
    } cases[] = {
        { "{\"secure_url\": \"https://a/b.jpg\", \"public_id\": \"x/y\"}", true },
        { "{\"secure_url\": \"http://a/b.jpg\", \"public_id\": \"x/y\"}", false },
        { "{\"secure_url\": \"https://a/\\u0000b\", \"public_id\": \"x\"}", false },
        { "{\"secure_url\": \"https://a/\\nb\", \"public_id\": \"x\"}", false },
        { "{\"secure_url\": 1, \"public_id\": \"x\"}", false },
        { "{\"secure_url\": \"https://a/b.jpg\"}", false },
        { "{}", false },
        { "[]", false },
        { "null", false },
        { "", false },
        { "{\"secure_url\": \"https://a", false },
        { "\xff\xfe", false },
    };
    struct bl_backup_answer answer;
    char longest[3000];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bl__cloud_read_upload(cases[i].body, strlen(cases[i].body), &answer);
        if ((answer.status == BL_OK) != cases[i].good) fail_msg("%s: %d", cases[i].body, answer.status);
        if (cases[i].good) assert_string_equal(answer.url, "https://a/b.jpg");
        else assert_string_equal(answer.text, "Cloudinary's answer could not be read");
        if (!cases[i].good) assert_string_equal(answer.url, "");
    }
    snprintf(longest, sizeof longest, "{\"public_id\": \"x\", \"secure_url\": \"https://%02000d\"}", 1);
    bl__cloud_read_upload(longest, strlen(longest), &answer);
    assert_int_equal(answer.status, BL_E_BACKUP);
}

static void
test_removal_answers(void **state)
{
    static const struct {
        const char *body, *text;
    } cases[] = {
        { "{\"result\": \"ok\"}", "" },
        { "{\"result\": \"not found\"}", "Cloudinary has no such photo" },
        { "{\"result\": 1}", "Cloudinary's answer could not be read" },
        { "x", "Cloudinary's answer could not be read" },
    };
    struct bl_backup_answer answer;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bl__cloud_read_removal(cases[i].body, strlen(cases[i].body), &answer);
        assert_int_equal(answer.status, *cases[i].text ? BL_E_BACKUP : BL_OK);
        assert_string_equal(answer.text, cases[i].text);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signatures),     cmocka_unit_test(test_context),
        cmocka_unit_test(test_backoff),        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_upload_answers), cmocka_unit_test(test_removal_answers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
