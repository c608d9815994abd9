/* SPDX-License-Identifier: Apache-2.0
 * Writes what the network would see of a photo: size * size * 3 bytes, RGB, HWC.
 * For the golden test, which holds it against Pillow's.   usage: tensor MODEL_DIR FILE
 */
#include "internal.h"

#include <stdlib.h>

enum { PHOTO_MAX_BYTES = 64 << 20 };

int
main(int argc, char **argv)
{
    struct bl__bundle bundle;
    struct bl__decoder decoder;
    struct bl_limits limits = bl_limits_default();
    struct bl__photo photo;
    enum bl_format format;
    struct bl_error err;
    uint8_t *data = malloc(PHOTO_MAX_BYTES), *rgb;
    size_t len, bytes;
    FILE *f = argc == 3 ? fopen(argv[2], "rb") : NULL;

    if (!data || !f) return fputs("usage: tensor MODEL_DIR FILE\n", stderr), 2;
    len = fread(data, 1, PHOTO_MAX_BYTES, f);
    fclose(f);
    limits.max_bytes = PHOTO_MAX_BYTES;
    if (bl__bundle_read(&bundle, argv[1], &err) || bl__decoder_init(&decoder, &limits, &bundle.view, &err)) goto fail;
    bytes = (size_t)bundle.view.size_px * bundle.view.size_px * 3;
    rgb = malloc(bytes);
    if (!rgb || bl__decode(&decoder, data, len, rgb, &format, &photo, &err)) goto fail;
    if (fwrite(rgb, 1, bytes, stdout) != bytes) return 1;
    free(rgb);
    free(data);
    bl__decoder_clear(&decoder);
    bl__bundle_clear(&bundle);
    return 0;
fail:
    fprintf(stderr, "tensor: %s\n", err.text);
    return 1;
}
