/* SPDX-License-Identifier: Apache-2.0
 * A file read whole, for the benchmarks.
 */
#ifndef LOAD_H
#define LOAD_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct loaded {
    uint8_t *data;
    size_t len;
};

static inline struct loaded
load(const char *path)
{
    struct loaded out = { 0 };
    FILE *f = fopen(path, "rb");
    long size = -1;

    if (f && fseek(f, 0, SEEK_END) == 0) size = ftell(f);
    if (size > 0 && fseek(f, 0, SEEK_SET) == 0) out.data = malloc((size_t)size);
    if (out.data) out.len = fread(out.data, 1, (size_t)size, f);
    if (!out.data || out.len != (size_t)size) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    fclose(f);
    return out;
}

#endif
