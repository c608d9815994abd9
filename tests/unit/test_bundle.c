/* SPDX-License-Identifier: Apache-2.0 */
#include "make.h"

#include <errno.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD "class_id\traw_class\tbreed\tspecies\tlevel\taliases\n"
#define PUG "n1\tpug\tPug\tDog\tbreed\tmops\n"
#define TABBY "n2\ttabby\tDomestic Cat\tCat\tspecies\t\n"
#define TIGER "n2\ttiger_cat\tTiger Cat\tCat\tspecies\t\n"
#define CHAIR "n3\tchair\tChair\tUnknown\tnone\t\n"
static const char sound_taxonomy[] = HEAD PUG TABBY TIGER CHAIR;

static const char sound_json[] =
    "{\"format\":1,\"name\":\"Net\",\"version\":\"1\",\"network\":\"n.xml\",\"weights\":\"n.bin\",\"taxonomy\":\"t.tsv\","
    "\"sha256\":{\"n.xml\":\"$X\",\"n.bin\":\"$B\",\"t.tsv\":\"$T\"},"
    "\"input\":{\"size\":32,\"crop\":0.5,\"mean\":[1,2,3],\"scale\":[4,5,6],\"filter\":\"bicubic\"},"
    "\"classes\":4,\"temperature\":2,\"unknown\":{\"threshold\":0.5}}";

#define EXPLAIN(channels, height)                                                                                      \
    "\"explain\":{\"network\":\"n.xml\",\"channels\":" channels ",\"height\":" height                                  \
    ",\"width\":2,\"head_offset\":0,\"scale_offset\":0}"

static char dir[] = "/tmp/breedlens-bundle-XXXXXX";

static void
put(const char *name, const char *text)
{
    char path[256];
    FILE *f;

    snprintf(path, sizeof path, "%s/%s", dir, name);
    f = fopen(path, "wb");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void
digest(const char *text, char hex[65])
{
    unsigned char bytes[32];

    assert_int_equal(EVP_Digest(text, strlen(text), bytes, NULL, EVP_sha256(), NULL), 1);
    for (int i = 0; i < 32; i++) snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
}

/* Write a bundle whose model.json has `from` replaced by `to`, with digests that fit. */
static void
put_bundle(const char *from, const char *to, const char *taxonomy)
{
    char json[4096], hex[3][65], *at;
    const char *p = sound_json, *found = from ? strstr(sound_json, from) : NULL;
    size_t n = 0;

    assert_true(!from || found);
    digest("xml", hex[0]);
    digest("bin", hex[1]);
    digest(taxonomy, hex[2]);
    while (*p) {
        if (p == found) {
            n += (size_t)snprintf(json + n, sizeof json - n, "%s", to);
            p += strlen(from);
        } else {
            json[n++] = *p++;
        }
    }
    json[n] = '\0';
    for (int i = 0; i < 3; i++) {
        static const char *const marks[] = { "$X", "$B", "$T" };

        at = strstr(json, marks[i]);
        if (!at) continue;
        memmove(at + 64, at + 2, strlen(at + 2) + 1);
        memcpy(at, hex[i], 64);
    }
    put("model.json", json);
    put("n.xml", "xml");
    put("n.bin", "bin");
    put("t.tsv", taxonomy);
}

static void
test_sound(void **state)
{
    struct bl__bundle b;

    (void)state;
    put_bundle(NULL, NULL, sound_taxonomy);
    assert_int_equal(bl__bundle_read(&b, dir, NULL), BL_OK);
    assert_string_equal(b.name, "Net");
    assert_int_equal(b.view.size_px, 32);
    assert_true(b.mean[2] == 3 && b.scale[0] == 4 && b.temperature == 2 && b.unknown_threshold == 0.5);
    assert_int_equal(b.class_count, 4);
    assert_int_equal(b.label_count, 3); /* the two of one class_id are one */
    assert_int_equal(b.species_count, 3);
    assert_int_equal(b.classes[2].label_index, 1);
    assert_string_equal(b.classes[2].label.breed, "Domestic Cat");
    assert_true(b.classes[3].unknown);
    bl__bundle_clear(&b);
}

static const struct {
    const char *from, *to, *says;
} bad_json[] = {
    { "{\"format\":1", "{\"format\":2", "format" },
    { "{\"format\":1", "no json", "no JSON" },
    { "\"name\":\"Net\"", "\"name\":7", "name" },
    { "\"network\":\"n.xml\"", "\"network\":\"../n.xml\"", "plain file names" },
    { "\"network\":\"n.xml\"", "\"network\":\".hidden\"", "plain file names" },
    { "\"weights\":\"n.bin\"", "\"weights\":\"gone.bin\"", "sha256 does not list" },
    { "\"temperature\":2", "\"temperature\":2,\"explain\":{}", "explain must have" },
    { "\"temperature\":2", "\"temperature\":2," EXPLAIN("70000", "2"), "explain must have" },
    { "\"temperature\":2", "\"temperature\":2," EXPLAIN("8", "200"), "explain must have" },
    { "\"temperature\":2", "\"temperature\":2," EXPLAIN("8", "2"), "beyond the weights" },
    { "$X", "00", "SHA-256 differs" },
    { "\"size\":32", "\"size\":0", "input.size" },
    { "\"size\":32", "\"size\":1000000", "input.size" },
    { "\"size\":32", "\"size\":32.5", "input.size" },
    { "\"crop\":0.5", "\"crop\":1.5", "input.crop" },
    { "\"bicubic\"", "\"nearest\"", "input.filter" },
    { "[1,2,3]", "[1,2]", "input.mean" },
    { "[4,5,6]", "[4,0,6]", "input.mean and input.scale" },
    { "\"temperature\":2", "\"temperature\":0", "temperature" },
    { "\"threshold\":0.5", "\"threshold\":-1", "unknown.threshold" },
    { "\"classes\":4", "\"classes\":3", "more rows" },
    { "\"classes\":4", "\"classes\":5", "4 rows where" },
    { "\"classes\":4", "\"classes\":1e9", "classes" },
};

static void
test_bad_json(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad_json / sizeof bad_json[0]; i++) {
        struct bl__bundle b;
        struct bl_error err = { 0 };

        put_bundle(bad_json[i].from, bad_json[i].to, sound_taxonomy);
        if (bl__bundle_read(&b, dir, &err) != BL_E_MODEL)
            fail_msg("%s -> %s: accepted", bad_json[i].from, bad_json[i].to);
        if (!strstr(err.text, bad_json[i].says)) fail_msg("%s: '%s'", bad_json[i].to, err.text);
    }
}

static const struct {
    const char *text, *says;
} bad_taxonomy[] = {
    { "", "first line" },
    { "class\tbreed\n" PUG TABBY TIGER CHAIR, "first line" },
    { HEAD "n1\tpug\tPug\tDog\tbreed\n" TABBY TIGER CHAIR, "line 2" },
    { HEAD PUG TABBY "n2\ttiger\tTiger\tCat\tspecies\t\textra\n" CHAIR, "line 4" },
    { HEAD PUG "\ttabby\tTabby\tCat\tspecies\t\n" TIGER CHAIR, "line 3" },
};

static void
test_bad_taxonomy(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad_taxonomy / sizeof bad_taxonomy[0]; i++) {
        struct bl__bundle b;
        struct bl_error err = { 0 };

        put_bundle(NULL, NULL, bad_taxonomy[i].text);
        assert_int_equal(bl__bundle_read(&b, dir, &err), BL_E_MODEL);
        if (!strstr(err.text, bad_taxonomy[i].says)) fail_msg("case %zu: '%s'", i, err.text);
    }
}

static void
test_missing(void **state)
{
    struct bl__bundle b;
    struct bl_error err;

    (void)state;
    assert_int_equal(bl__bundle_read(&b, "/nonexistent", &err), BL_E_IO);
    assert_non_null(strstr(err.text, "model.json"));
    assert_null(strstr(err.text, "/nonexistent")); /* no paths in a text that a client may see */
}

static int
make_dir(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int
drop_dir(void **state)
{
    static const char *const names[] = { "model.json", "n.xml", "n.bin", "t.tsv" };
    char path[256];

    (void)state;
    for (int i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        unlink(path);
    }
    return rmdir(dir);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sound),
        cmocka_unit_test(test_bad_json),
        cmocka_unit_test(test_bad_taxonomy),
        cmocka_unit_test(test_missing),
    };

    return cmocka_run_group_tests(tests, make_dir, drop_dir);
}
