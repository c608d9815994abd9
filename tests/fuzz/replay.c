/* SPDX-License-Identifier: Apache-2.0
 * Runs a fuzz target on the files named: usage: replay_TARGET FILE...
 */
#include "fuzz.h"

#include <stdio.h>

enum { FILE_MAX_BYTES = 16 << 20 };

int
main(int argc, char **argv)
{
    uint8_t *room = malloc(FILE_MAX_BYTES);

    if (!room || argc < 2) return fputs("usage: replay FILE...\n", stderr), 2;
    for (int i = 1; i < argc; i++) {
        FILE *f = fopen(argv[i], "rb");
        size_t len = f ? fread(room, 1, FILE_MAX_BYTES, f) : 0;
        uint8_t *data = malloc(len ? len : 1); /* exactly as long, so that reading beyond it is seen */

        if (!f || !data) return perror(argv[i]), 2;
        memcpy(data, room, len);
        LLVMFuzzerTestOneInput(data, len);
        free(data);
        fclose(f);
    }
    free(room);
    return 0;
}
