/* SPDX-License-Identifier: Apache-2.0
 * The model that a command works with.
 */
#include "cli.h"

#include <stdlib.h>

bool
cli_open_model(const char *dir, unsigned workers, struct bl_model **out)
{
    const char *type = getenv("MODEL_TYPE");
    struct bl_model_options opts = { .workers = workers, .type = type && *type ? type : NULL };
    struct bl_error err;

    if (bl_model_open(dir, &opts, out, &err) == BL_OK) return true;
    fprintf(stderr, "breedlens: %s\n", err.text);
    return false;
}
