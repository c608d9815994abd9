/* SPDX-License-Identifier: Apache-2.0
 * Tests that all formats share: cmocka_unit_test_prestate(format_pixels, &tested).
 */
#ifndef FORMAT_H
#define FORMAT_H

#include "make.h"

struct format_tested {
    enum bl_format format;
    struct made (*make)(unsigned width, unsigned height, unsigned left, unsigned right, int orientation);
};

void format_pixels(void **state);
void format_cut_anywhere(void **state);
void format_any_byte_changed(void **state);
void format_orientations(void **state);

#endif
