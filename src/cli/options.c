/* SPDX-License-Identifier: Apache-2.0
 * Long options from a table, by getopt_long.
 */
#include "cli.h"

#include <getopt.h>
#include <string.h>

enum { OPTIONS_MAX = 32, HELP_COLUMN = 22 };

int
cli_next_option(int argc, char **argv, const struct cli_option *table, const char **value)
{
    struct option rows[OPTIONS_MAX + 1] = { 0 };
    int row = 0, rc;

    for (int i = 0; i < OPTIONS_MAX && table[i].name; i++)
        rows[i] = (struct option){ table[i].name, table[i].arg ? required_argument : no_argument, NULL, 0 };
    rc = getopt_long(argc, argv, "", rows, &row); /* prints its own line about what it can't read */
    *value = optarg;
    return rc == -1 ? -1 : rc == 0 ? row : -2;
}

void
cli_print_options(FILE *out, const struct cli_option *table)
{
    for (; table->name; table++) {
        int n = fprintf(out, "  --%s%s%s", table->name, table->arg ? " " : "", table->arg ? table->arg : "");

        fprintf(out, "%*s%s\n", n < HELP_COLUMN ? HELP_COLUMN - n : 1, "", table->help);
    }
}

void
cli_print_help(FILE *out, const char *command, const struct cli_doc *doc)
{
    fprintf(out, "usage: breedlens %s %s\n\n%s\n\noptions:\n", command, doc->usage, doc->about);
    cli_print_options(out, doc->options);
}
