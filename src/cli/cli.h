/* SPDX-License-Identifier: Apache-2.0
 * What main.c hands to its commands, and what they share. A command gets its own
 * arguments (argv[0] is the command's name) and returns the exit status.
 */
#ifndef BL_CLI_H
#define BL_CLI_H

#include "breedlens.h"

#include <stdbool.h>
#include <stdio.h>

enum { EXIT_USAGE = 2 };

int cmd_identify(int argc, char **argv);
int cmd_labels(int argc, char **argv);
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

/*
 * Open the model for a command: the bundle in `dir`, or, when that is NULL, the installed one of
 * $MODEL_TYPE. False when one line has said why not.
 */
bool cli_open_model(const char *dir, unsigned workers, struct bl_model **out);

/* The help of the option --model, which every such command has. */
#define CLI_MODEL_HELP "a model bundle (default: $BREEDLENS_MODEL, else the installed one of $MODEL_TYPE)"

#endif
