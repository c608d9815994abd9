/* SPDX-License-Identifier: Apache-2.0
 * The one resize of a photo's way: decoded rows in, the network's square out.
 * Antialiased and separable, with the filters and the window of Pillow's
 * Image.resize(box=...), as the model was trained on; each row is shrunk across
 * as it arrives and added to the lines of the picture that it belongs to, so no
 * photo ever sits in memory whole. A worker's thread runs it.
 */
#include "internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Keys' cubic with a = -0.5: Pillow's BICUBIC (and Catmull-Rom's spline). */
static double
bicubic(double x)
{
    const double a = -0.5;

    x = fabs(x);
    if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
    return 0;
}

static double
bilinear(double x)
{
    x = fabs(x);
    return x < 1 ? 1 - x : 0;
}

static const struct {
    double (*at)(double x);
    double support; /* zero beyond */
} filters[] = {
    [BL__FILTER_BICUBIC] = { bicubic, 2 },
    [BL__FILTER_BILINEAR] = { bilinear, 1 },
};

static bool
taps_init(struct bl__taps *t, unsigned size)
{
    t->first = calloc(size, sizeof *t->first);
    t->count = calloc(size, sizeof *t->count);
    return t->first && t->count;
}

static void
taps_clear(struct bl__taps *t)
{
    free(t->first);
    free(t->count);
    free(t->weight);
}

/* Which of the `in` input positions make up each of `size` outputs over [from, from + span). */
static bool
taps_set(struct bl__taps *t, enum bl__filter filter, unsigned size, unsigned in, double from, double span)
{
    double ratio = span / size;             /* input positions an output */
    double stretch = ratio > 1 ? ratio : 1; /* shrinking: the filter widens, which is the antialiasing */
    double reach = filters[filter].support * stretch;
    size_t need;

    t->stride = (unsigned)ceil(reach) * 2 + 1;
    need = (size_t)t->stride * size;
    if (need > t->room) {
        float *bigger = realloc(t->weight, need * sizeof *bigger);

        if (!bigger) return false;
        t->weight = bigger;
        t->room = need;
    }
    for (unsigned i = 0; i < size; i++) {
        double centre = from + (i + 0.5) * ratio, total = 0;
        double lo = floor(centre - reach + 0.5), hi = floor(centre + reach + 0.5);
        unsigned begin = lo > 0 ? (unsigned)lo : 0;
        unsigned end = hi < in ? (unsigned)hi : in;
        float *w = t->weight + (size_t)i * t->stride;

        for (unsigned k = begin; k < end; k++) total += filters[filter].at((k + 0.5 - centre) / stretch);
        for (unsigned k = begin; k < end; k++)
            w[k - begin] = (float)(filters[filter].at((k + 0.5 - centre) / stretch) / total);
        t->first[i] = begin;
        t->count[i] = end - begin;
    }
    return true;
}

/* A vector type wants its own alignment, which plain calloc does not promise everywhere. */
static bl__pixel *
pixels_new(size_t n)
{
    void *p = NULL;

    if (posix_memalign(&p, sizeof(bl__pixel), n * sizeof(bl__pixel))) return NULL;
    memset(p, 0, n * sizeof(bl__pixel));
    return p;
}

static void
pixels_free(bl__pixel *p, size_t n)
{
    if (p) explicit_bzero(p, n * sizeof *p);
    free(p);
}

enum bl_status
bl__resize_init(struct bl__resize *rs, enum bl__filter filter, unsigned width, unsigned height, struct bl_error *err)
{
    memset(rs, 0, sizeof *rs);
    rs->width = width;
    rs->height = height;
    rs->filter = filter;
    rs->line = pixels_new(width);
    rs->sum = pixels_new((size_t)width * height);
    if (!taps_init(&rs->x, width) || !taps_init(&rs->y, height) || !rs->line || !rs->sum) {
        bl__resize_clear(rs);
        return bl__fail(err, BL_E_NOMEM, "out of memory");
    }
    return BL_OK;
}

void
bl__resize_clear(struct bl__resize *rs)
{
    taps_clear(&rs->x);
    taps_clear(&rs->y);
    pixels_free(rs->row, rs->row_room);
    pixels_free(rs->line, rs->width);
    pixels_free(rs->sum, (size_t)rs->width * rs->height);
    memset(rs, 0, sizeof *rs);
}

enum bl_status
bl__resize_begin(struct bl__resize *rs, unsigned grid_w, unsigned grid_h, double x0, double y0, double side_x,
                 double side_y, struct bl_error *err)
{
    unsigned last = rs->width - 1;
    size_t columns;

    if (!taps_set(&rs->x, rs->filter, rs->width, grid_w, x0, side_x) ||
        !taps_set(&rs->y, rs->filter, rs->height, grid_h, y0, side_y))
        return bl__fail(err, BL_E_NOMEM, "out of memory");
    rs->col_begin = rs->x.first[0];
    rs->col_end = rs->x.first[last] + rs->x.count[last];
    columns = rs->col_end - rs->col_begin;
    if (columns > rs->row_room) {
        pixels_free(rs->row, rs->row_room);
        rs->row_room = 0;
        rs->row = pixels_new(columns);
        if (!rs->row) return bl__fail(err, BL_E_NOMEM, "out of memory");
        rs->row_room = columns;
    }
    memset(rs->sum, 0, (size_t)rs->width * rs->height * sizeof *rs->sum);
    return BL_OK;
}

bool
bl__resize_wants(const struct bl__resize *rs, unsigned y)
{
    unsigned last = rs->height - 1;

    return y >= rs->y.first[0] && y < rs->y.first[last] + rs->y.count[last];
}

/* The first line of the picture that takes from row y: windows begin and end in order. */
static unsigned
first_line(const struct bl__taps *t, unsigned size, unsigned y)
{
    unsigned lo = 0, hi = size;

    while (lo < hi) {
        unsigned mid = lo + (hi - lo) / 2;

        if (t->first[mid] + t->count[mid] <= y) lo = mid + 1;
        else hi = mid;
    }
    return lo;
}

void
bl__resize_row(struct bl__resize *rs, unsigned y, const uint8_t *rgbx)
{
    unsigned width = rs->width, height = rs->height, columns = rs->col_end - rs->col_begin;

    if (!bl__resize_wants(rs, y)) return;
    rgbx += (size_t)rs->col_begin * 4;
    for (unsigned i = 0; i < columns; i++, rgbx += 4) rs->row[i] = (bl__pixel){ rgbx[0], rgbx[1], rgbx[2], 0 };
    for (unsigned i = 0; i < width; i++) {
        const bl__pixel *in = rs->row + (rs->x.first[i] - rs->col_begin);
        const float *w = rs->x.weight + (size_t)i * rs->x.stride;
        bl__pixel total = { 0 };

        for (unsigned k = 0; k < rs->x.count[i]; k++) total += in[k] * w[k];
        rs->line[i] = total;
    }
    for (unsigned j = first_line(&rs->y, height, y); j < height && rs->y.first[j] <= y; j++) {
        float w = rs->y.weight[(size_t)j * rs->y.stride + (y - rs->y.first[j])];
        bl__pixel *sum = rs->sum + (size_t)j * width;

        for (unsigned i = 0; i < width; i++) sum[i] += rs->line[i] * w;
    }
}

static uint8_t
to_byte(float v)
{
    return v <= 0 ? 0 : v >= 255 ? 255 : (uint8_t)(v + 0.5f);
}

/* The box is centred, so turning the photo upright is turning the box (EXIF 2.32, 4.6.4.A). */
void
bl__resize_finish(const struct bl__resize *rs, int orientation, uint8_t *rgb)
{
    static const struct {
        bool swap, flip_x, flip_y;
    } turns[9] = {
        [1] = { false, false, false }, [2] = { false, true, false }, [3] = { false, true, true },
        [4] = { false, false, true },  [5] = { true, false, false }, [6] = { true, false, true },
        [7] = { true, true, true },    [8] = { true, true, false },
    };
    bool swap = turns[orientation].swap, flip_x = turns[orientation].flip_x;
    bool flip_y = turns[orientation].flip_y;
    unsigned last_x = rs->width - 1, last_y = rs->height - 1;
    unsigned width = swap ? rs->height : rs->width, height = swap ? rs->width : rs->height; /* when upright */

    for (unsigned y = 0; y < height; y++) {
        for (unsigned x = 0; x < width; x++, rgb += 3) {
            unsigned from_x = swap ? y : x, from_y = swap ? x : y;
            const bl__pixel *p =
                rs->sum + (size_t)(flip_y ? last_y - from_y : from_y) * rs->width + (flip_x ? last_x - from_x : from_x);

            for (int c = 0; c < 3; c++) rgb[c] = to_byte((*p)[c]);
        }
    }
}
