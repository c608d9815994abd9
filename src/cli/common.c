/* SPDX-License-Identifier: Apache-2.0
 * What the identifying commands share of their command line.
 */
#include "common.h"

#include "pool.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum { C_TOP_K, C_THRESHOLD, C_SPECIES, C_JOBS, C_MODEL, C_HELP };

/* A whole number lo..hi and nothing else. */
static bool
parse_count(const char *text, unsigned lo, unsigned hi, unsigned *out)
{
    char *end;
    unsigned long n;

    if (*text < '0' || *text > '9') return false; /* strtoul takes blanks and signs */
    errno = 0;
    n = strtoul(text, &end, 10);
    if (errno || *end || n < lo || n > hi) return false;
    *out = (unsigned)n;
    return true;
}

static bool
parse_share(const char *text, double *out)
{
    char *end;
    double v;

    if (!strchr("0123456789.", *text) || !*text) return false;
    v = strtod(text, &end);
    if (*end || !(v >= 0 && v <= 1)) return false;
    *out = v;
    return true;
}

bool
common_refuse(const char *what, const char *value)
{
    fprintf(stderr, "breedlens: %s, not '%s'\n", what, value);
    return false;
}

static bool
take_common(struct common *c, int row, const char *value)
{
    switch (row) {
    case C_TOP_K:
        return parse_count(value, 1, BL_TOP_K_MAX, &c->opts.top_k) ||
               common_refuse("--top-k: an integer from 1 to 50", value);
    case C_THRESHOLD:
        return parse_share(value, &c->opts.threshold) || common_refuse("--threshold: a number from 0 to 1", value);
    case C_JOBS:
        return parse_count(value, 1, JOBS_MAX, &c->jobs) || common_refuse("--jobs: an integer from 1 to 256", value);
    case C_SPECIES: c->opts.species = value; return true;
    default: c->model_dir = value; return true;
    }
}

int
common_parse(int argc, char **argv, const char *command, const struct cli_doc *doc, int own_rows,
             bool (*own)(void *arg, int row, const char *value), void *arg, struct common *common)
{
    const char *value;
    int row;

    *common = (struct common){ .opts = bl_options_default() };
    while ((row = cli_next_option(argc, argv, doc->options, &value)) != -1) {
        if (row == -2) {
            fprintf(stderr, "breedlens: see breedlens %s --help\n", command);
            return EXIT_USAGE + 1;
        }
        if (row == own_rows + C_HELP) {
            cli_print_help(stdout, command, doc);
            return EXIT_SUCCESS + 1;
        }
        if (row < own_rows ? !own(arg, row, value) : !take_common(common, row - own_rows, value)) return EXIT_USAGE + 1;
    }
    return 0;
}

struct bl_model *
common_open(const struct common *common, size_t photos)
{
    struct bl_model *model;

    if (!cli_open_model(common->model_dir, photos == 1 ? 1 : common->jobs, &model)) return NULL;
    return model;
}
