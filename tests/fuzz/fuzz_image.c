/* SPDX-License-Identifier: Apache-2.0
 * Any bytes as a photo: through the sniffing, the decoders and the resize. The limits are a tenth of the usual, so that
 * the time goes into damaged files and not into large ones.
 */
#include "fuzz.h"

enum { SIZE_PX = 32, PIXELS_MAX = 4000000 };

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct bl__decoder decoder; /* reused, as a worker does */
    static bool ready;
    uint8_t rgb[SIZE_PX * SIZE_PX * 3];
    struct bl__photo photo;
    enum bl_format format;
    struct bl_error err;

    if (!ready) {
        struct bl_limits limits = bl_limits_default();
        struct bl__view view = { .size_px = SIZE_PX, .crop = 0.9, .filter = BL__FILTER_BICUBIC };

        limits.max_pixels = PIXELS_MAX;
        if (bl__decoder_init(&decoder, &limits, &view, &err)) abort();
        ready = true;
    }
    if (bl__decode(&decoder, data, len, rgb, &format, &photo, &err) == BL_OK) {
        if (!photo.width || !photo.height || photo.orientation < 1 || photo.orientation > 8) abort();
    } else if (!*err.text || strchr(err.text, '\n')) {
        abort(); /* each failure has its one line */
    }
    return 0;
}
