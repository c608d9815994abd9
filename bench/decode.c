/* SPDX-License-Identifier: Apache-2.0
 * A JPEG to the network's input, beside what libjpeg-turbo needs to decode it at the same scale (as djpeg -scale does),
 * in turn on one core.   usage: decode ROUNDS 1/N PHOTO      prints: the medians in ms, ours and libjpeg-turbo's
 */
#include "load.h"

#include <breedlens.h>
#include <jpeglib.h>
#include <time.h>

enum { ROUNDS_MAX = 1000 };

static double
now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double
scaled_decode_ms(const struct loaded *photo, unsigned by)
{
    struct jpeg_decompress_struct info;
    struct jpeg_error_mgr errors;
    double begun = now_ms();
    uint8_t *row;

    info.err = jpeg_std_error(&errors);
    jpeg_create_decompress(&info);
    jpeg_mem_src(&info, photo->data, photo->len);
    jpeg_read_header(&info, TRUE);
    info.scale_num = 1;
    info.scale_denom = by;
    jpeg_start_decompress(&info);
    row = malloc((size_t)info.output_width * (unsigned)info.output_components);
    while (row && info.output_scanline < info.output_height) jpeg_read_scanlines(&info, &row, 1);
    jpeg_finish_decompress(&info);
    jpeg_destroy_decompress(&info);
    free(row);
    return now_ms() - begun;
}

static int
by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

int
main(int argc, char **argv)
{
    double ours[ROUNDS_MAX], theirs[ROUNDS_MAX];
    struct bl_model_options one = { .workers = 1 };
    struct bl_model *model;
    struct bl_worker *worker;
    struct bl_result result;
    struct bl_error err;
    struct loaded photo;
    long rounds = argc == 4 ? strtol(argv[1], NULL, 10) : 0, by = argc == 4 ? strtol(argv[2] + 2, NULL, 10) : 0;

    if (rounds < 1 || rounds > ROUNDS_MAX || by < 1) return fputs("usage: decode ROUNDS 1/N PHOTO\n", stderr), 2;
    photo = load(argv[3]);
    if (bl_model_open(NULL, &one, &model, &err) || bl_worker_new(model, NULL, &worker, &err)) {
        fprintf(stderr, "decode: %s\n", err.text);
        return 1;
    }
    for (long i = 0; i < rounds; i++) {
        if (bl_identify(worker, photo.data, photo.len, NULL, &result, &err)) return 1;
        ours[i] = result.decode_s * 1e3;
        theirs[i] = scaled_decode_ms(&photo, (unsigned)by);
    }
    qsort(ours, (size_t)rounds, sizeof *ours, by_value);
    qsort(theirs, (size_t)rounds, sizeof *theirs, by_value);
    printf("%.3f %.3f\n", ours[rounds / 2], theirs[rounds / 2]);
    bl_worker_free(worker);
    bl_model_close(model);
    free(photo.data);
    return 0;
}
