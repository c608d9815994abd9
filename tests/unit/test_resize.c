/* SPDX-License-Identifier: Apache-2.0 */
#include "make.h"

enum { SIZE = 16 };

static void
begin(struct bl__resize *rs, enum bl__filter filter, unsigned grid, double at, double side)
{
    assert_int_equal(bl__resize_init(rs, filter, SIZE, SIZE, NULL), BL_OK);
    assert_int_equal(bl__resize_begin(rs, grid, grid, at, at, side, side, NULL), BL_OK);
}

/* Weights sum to one, so an even picture stays what it is, at any scale and place. */
static void
test_even_picture(void **state)
{
    static const struct {
        unsigned grid;
        double at, side;
    } cases[] = {
        { 1, 0, 1 }, { 5, 0, 5 }, { 16, 0, 16 }, { 100, 0, 100 }, { 100, 5.5, 89 }, { 333, 0.25, 332.5 },
    };
    uint8_t row[333 * 4], rgb[SIZE * SIZE * 3];

    (void)state;
    for (unsigned i = 0; i < sizeof row; i++) row[i] = (uint8_t)(i % 4 == 0 ? 200 : i % 4 == 1 ? 100 : 7);
    for (int filter = BL__FILTER_BICUBIC; filter <= BL__FILTER_BILINEAR; filter++) {
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            struct bl__resize rs;

            begin(&rs, (enum bl__filter)filter, cases[i].grid, cases[i].at, cases[i].side);
            for (unsigned y = 0; y < cases[i].grid; y++) bl__resize_row(&rs, y, row);
            bl__resize_finish(&rs, 1, rgb);
            for (unsigned p = 0; p < SIZE * SIZE; p++)
                assert_colour(pixel_at(rgb, SIZE, p % SIZE, p / SIZE), 0xc86407, 0, "even");
            bl__resize_clear(&rs);
        }
    }
}

/* The same size and place: every pixel is itself. */
static void
test_identity(void **state)
{
    uint8_t row[SIZE * 4], rgb[SIZE * SIZE * 3];
    struct bl__resize rs;

    (void)state;
    begin(&rs, BL__FILTER_BICUBIC, SIZE, 0, SIZE);
    for (unsigned y = 0; y < SIZE; y++) {
        for (unsigned x = 0; x < SIZE; x++) {
            row[x * 4] = (uint8_t)(x * 16);
            row[x * 4 + 1] = (uint8_t)(y * 16);
            row[x * 4 + 2] = (uint8_t)(x * y);
        }
        bl__resize_row(&rs, y, row);
    }
    bl__resize_finish(&rs, 1, rgb);
    for (unsigned y = 0; y < SIZE; y++)
        for (unsigned x = 0; x < SIZE; x++)
            assert_int_equal(pixel_at(rgb, SIZE, x, y), x * 16 << 16 | y * 16 << 8 | x * y);
    bl__resize_clear(&rs);
}

/* Rows in any order, and a row in two halves, add up to the same. */
static void
test_order_and_parts(void **state)
{
    enum { GRID = 40 };
    uint8_t picture[GRID][GRID * 4], part[GRID * 4], forward[SIZE * SIZE * 3], mixed[SIZE * SIZE * 3];
    struct bl__resize rs;

    (void)state;
    for (unsigned y = 0; y < GRID; y++)
        for (unsigned i = 0; i < GRID * 4; i++) picture[y][i] = (uint8_t)(i * 13 + y * 29);
    begin(&rs, BL__FILTER_BICUBIC, GRID, 0, GRID);
    for (unsigned y = 0; y < GRID; y++) bl__resize_row(&rs, y, picture[y]);
    bl__resize_finish(&rs, 1, forward);
    assert_int_equal(bl__resize_begin(&rs, GRID, GRID, 0, 0, GRID, GRID, NULL), BL_OK);
    for (unsigned y = GRID; y-- > 0;) {
        for (unsigned half = 0; half < 2; half++) {
            for (unsigned x = 0; x < GRID; x++)
                for (unsigned c = 0; c < 4; c++) part[x * 4 + c] = x % 2 == half ? picture[y][x * 4 + c] : 0;
            bl__resize_row(&rs, y, part);
        }
    }
    bl__resize_finish(&rs, 1, mixed);
    for (unsigned i = 0; i < sizeof mixed; i++) assert_true(abs(mixed[i] - forward[i]) <= 1);
    bl__resize_clear(&rs);
}

/* A fine checkerboard shrinks to even gray: nothing aliases. */
static void
test_antialiasing(void **state)
{
    enum { GRID = 160 };
    uint8_t row[GRID * 4], rgb[SIZE * SIZE * 3];
    struct bl__resize rs;

    (void)state;
    begin(&rs, BL__FILTER_BICUBIC, GRID, 0, GRID);
    for (unsigned y = 0; y < GRID; y++) {
        for (unsigned x = 0; x < GRID; x++) memset(row + x * 4, (x + y) % 2 ? 255 : 0, 4);
        bl__resize_row(&rs, y, row);
    }
    bl__resize_finish(&rs, 1, rgb);
    for (unsigned i = 0; i < sizeof rgb; i++) assert_true(abs(rgb[i] - 128) <= 2);
    bl__resize_clear(&rs);
}

static void
test_wants_only_the_crop(void **state)
{
    struct bl__resize rs;

    (void)state;
    begin(&rs, BL__FILTER_BICUBIC, 1000, 400, 200);
    assert_false(bl__resize_wants(&rs, 300));
    assert_true(bl__resize_wants(&rs, 500));
    assert_false(bl__resize_wants(&rs, 700));
    bl__resize_clear(&rs);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_even_picture),        cmocka_unit_test(test_identity),
        cmocka_unit_test(test_order_and_parts),     cmocka_unit_test(test_antialiasing),
        cmocka_unit_test(test_wants_only_the_crop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
