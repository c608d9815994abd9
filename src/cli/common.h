/* SPDX-License-Identifier: Apache-2.0
 * The options that every command which identifies photos has: their rows, their
 * parser, and the model they name.
 */
#ifndef BL_COMMON_H
#define BL_COMMON_H

#include "breedlens.h"
#include "cli.h"

#include <stdbool.h>

/* At the end of a command's table, before its terminator. */
#define COMMON_OPTIONS                                                                                                 \
    { "top-k", "N", "list at most N breeds, 1 to 50 (default 5)" },                                                    \
        { "threshold", "P", "leave out breeds below this confidence, 0 to 1 (default 0.1)" },                          \
        { "species", "NAME", "only breeds of this species, confidences within it" },                                   \
        { "jobs", "N", "photos at once, 1 to 256 (default: one a core)" }, { "model", "DIR", CLI_MODEL_HELP },         \
    {                                                                                                                  \
        "help", NULL, "this text"                                                                                      \
    }

struct common {
    struct bl_options opts;
    unsigned jobs; /* 0: one a core */
    const char *model_dir;
};

/*
 * Walk argv by a command's table: `own` gets each row below `own_rows` (false: a bad value, told of in one line), the
 * common rows after them go to `common`. Returns 0 to go on (operands begin at argv[optind]), else the exit status
 * plus one.
 */
int common_parse(int argc, char **argv, const char *command, const struct cli_doc *doc, int own_rows,
                 bool (*own)(void *arg, int row, const char *value), void *arg, struct common *common);

/* One line that a value is bad; false, for the caller to return. */
bool common_refuse(const char *what, const char *value);

/* The model, for at most `photos` at once (0: as many as --jobs says); NULL when one line has been printed. */
struct bl_model *common_open(const struct common *common, size_t photos);

#endif
