/* SPDX-License-Identifier: Apache-2.0
 * Any bytes as an EXIF block.
 */
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    int orientation = bl__exif_orientation(data, len);

    if (orientation < 1 || orientation > 8) abort();
    return 0;
}
