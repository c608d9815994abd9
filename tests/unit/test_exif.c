/* SPDX-License-Identifier: Apache-2.0 */
#include "make.h"

#define INTEL "II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0"
#define MOTOROLA "MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01"
#define TAIL "\0\0\0\0"
#define BLOCK(text) (const uint8_t *)(text), sizeof(text) - 1

static const struct {
    const char *name;
    const uint8_t *data;
    size_t len;
    int want;
} cases[] = {
    { "little-endian 6", BLOCK(INTEL "\x06\0\0\0" TAIL), 6 },
    { "little-endian 8 with its Exif intro", BLOCK("Exif\0\0" INTEL "\x08\0\0\0" TAIL), 8 },
    { "big-endian 3", BLOCK(MOTOROLA "\0\x03\0\0" TAIL), 3 },
    { "0 is no orientation", BLOCK(INTEL "\0\0\0\0" TAIL), 1 },
    { "9 is no orientation", BLOCK(INTEL "\x09\0\0\0" TAIL), 1 },
    { "a long where a short belongs", BLOCK("II*\0\x08\0\0\0\x01\0\x12\x01\x04\0\x01\0\0\0\x06\0\0\0" TAIL), 1 },
    { "two values where one belongs", BLOCK("II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x02\0\0\0\x06\0\x06\0" TAIL), 1 },
    { "cut off", BLOCK("II*\0\x08\0\0\0\x01\0\x12\x01"), 1 },
    { "a directory far outside", BLOCK("II*\0\xff\xff\xff\x7f\x01\0\x12\x01"), 1 },
    { "noise", BLOCK("garbage that is no TIFF at all"), 1 },
    { "nothing", BLOCK(""), 1 },
};

static void
test_orientation(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int got = bl__exif_orientation(cases[i].data, cases[i].len);

        if (got != cases[i].want) fail_msg("%s: %d, not %d", cases[i].name, got, cases[i].want);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_orientation) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
