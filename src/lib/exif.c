/* SPDX-License-Identifier: Apache-2.0
 * The orientation tag, by libexif. Nothing else of a photo's EXIF is looked at.
 */
#include "internal.h"

#include <libexif/exif-data.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t exif_intro[6] = "Exif\0";

/* A JPEG segment holds at most this; PNG and WebP could carry more, but no camera does. */
enum { EXIF_MAX_BYTES = 65535 };

int
bl__exif_orientation(const uint8_t *data, size_t len)
{
    uint8_t *block = NULL;
    ExifData *exif = NULL;
    ExifEntry *entry;
    int orientation = 1;

    if (len < 8 || len > EXIF_MAX_BYTES) return 1;
    if (memcmp(data, exif_intro, sizeof exif_intro) != 0) { /* PNG and WebP leave it out, libexif wants it */
        block = malloc(sizeof exif_intro + len);
        if (!block) return 1;
        memcpy(block, exif_intro, sizeof exif_intro);
        memcpy(block + sizeof exif_intro, data, len);
        data = block;
        len += sizeof exif_intro;
    }
    exif = exif_data_new();
    if (!exif) goto out;
    exif_data_unset_option(exif, EXIF_DATA_OPTION_FOLLOW_SPECIFICATION); /* it adds and drops tags */
    exif_data_load_data(exif, data, (unsigned)len);
    entry = exif_content_get_entry(exif->ifd[EXIF_IFD_0], EXIF_TAG_ORIENTATION);
    if (entry && entry->format == EXIF_FORMAT_SHORT && entry->components == 1 && entry->size >= 2) {
        int value = exif_get_short(entry->data, exif_data_get_byte_order(exif));

        if (value >= 1 && value <= 8) orientation = value;
    }
out:
    if (exif) exif_data_unref(exif);
    free(block);
    return orientation;
}
