/* SPDX-License-Identifier: Apache-2.0
 * What main.c hands to its commands, and what they share. A command gets its own
 * arguments (argv[0] is the command's name) and returns the exit status.
 */
#ifndef BL_CLI_H
#define BL_CLI_H

#include <stdio.h>

enum { EXIT_USAGE = 2 };

int cmd_backup(int argc, char **argv);
int cmd_identify(int argc, char **argv);
int cmd_serve(int argc, char **argv);

/* One option of a command, walked by its parser and its --help. A row without a name ends the table. */
struct cli_option {
    const char *name; /* "top-k" */
    const char *arg;  /* "N", or NULL when it takes none */
    const char *help;
};

/*
 * The next option of argv: its row's index in `table` with its argument in
 * *value; -1 after the last (operands begin at argv[optind]); -2 on an unknown
 * option or a missing argument, when one line has been printed. --help is the
 * caller's own row.
 */
int cli_next_option(int argc, char **argv, const struct cli_option *table, const char **value);

/* The options' part of a help text. */
void cli_print_options(FILE *out, const struct cli_option *table);

#endif
