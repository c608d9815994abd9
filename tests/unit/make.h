/* SPDX-License-Identifier: Apache-2.0
 * What the unit tests share: photos made by the codecs' own encoders, and cmocka with what it needs.
 */
#ifndef MAKE_H
#define MAKE_H

#include "internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* An encoded photo; freed with free(bytes). */
struct made {
    uint8_t *bytes;
    size_t len;
};

/* Left half of one colour, right half of another: 0xRRGGBB. */
struct made make_jpeg(unsigned width, unsigned height, unsigned left, unsigned right, int orientation);
struct made make_png(unsigned width, unsigned height, unsigned left, unsigned right, int orientation);
struct made make_webp(unsigned width, unsigned height, unsigned left, unsigned right);

/* A decoder with a square of `size` and crop 1. */
void make_decoder(struct bl__decoder *dec, unsigned size);

/* The colour 0xRRGGBB of a decoded square at x, y. */
unsigned pixel_at(const uint8_t *rgb, unsigned size, unsigned x, unsigned y);

/* Fails unless both colours agree within `within` a channel. */
void assert_colour(unsigned got, unsigned want, int within, const char *what);

/* The default bundle in the source tree. */
#define MODEL_DIR BL_SOURCE_DIR "/model/accurate"

#endif
