/* SPDX-License-Identifier: Apache-2.0 */
#include "make.h"

/* "dd" among the flags of the mapping that holds `p`: left out of core dumps. */
static bool
left_out_of_dumps(const void *p)
{
    FILE *maps = fopen("/proc/self/smaps", "r");
    unsigned long from = 0, to = 0, at = (unsigned long)p;
    char line[512];
    bool found = false;

    assert_non_null(maps);
    while (fgets(line, sizeof line, maps)) {
        unsigned long a, b;

        if (sscanf(line, "%lx-%lx ", &a, &b) == 2) from = a, to = b;
        else if (!strncmp(line, "VmFlags:", 8) && at >= from && at < to) found = strstr(line, " dd") != NULL;
    }
    fclose(maps);
    return found;
}

static void
test_blocks(void **state)
{
    static const size_t sizes[] = { 1, 63, 4096, 100000, 20 << 20 };

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint8_t *p = bl_photo_alloc(sizes[i]);

        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 64, 0);
        assert_true(left_out_of_dumps(p) && left_out_of_dumps(p + sizes[i] - 1));
        memset(p, 0xa5, sizes[i]);
        bl_photo_free(p);
    }
    assert_null(bl_photo_alloc(0));
    assert_null(bl_photo_alloc(SIZE_MAX));
    assert_null(bl_photo_alloc(SIZE_MAX / 2 - 100));
    bl_photo_free(NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_blocks) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
