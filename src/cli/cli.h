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

int cmd_backup(int argc, char **argv);
int cmd_batch(int argc, char **argv);
int cmd_identify(int argc, char **argv);
int cmd_labels(int argc, char **argv);
int cmd_serve(int argc, char **argv);
int cmd_watch(int argc, char **argv);

/* One option of a command, walked by its parser and its --help. A row without a name ends the table. */
struct cli_option {
    const char *name; /* "top-k" */
    const char *arg;  /* "N", or NULL when it takes none; FILE, DIR and "a|b" are completed in a shell as such */
    const char *help;
};

/*
 * The next option of argv: its row's index in `table` with its argument in
 * *value; -1 after the last (operands begin at argv[optind]); -2 on an unknown
 * option or a missing argument, when one line has been printed. --help is the
 * caller's own row.
 */
int cli_next_option(int argc, char **argv, const struct cli_option *table, const char **value);

/* What a command is, told once: --help, the man page and the shells' completions walk it. */
struct cli_doc {
    const char *usage; /* "[OPTIONS] FILE..." */
    const char *about; /* paragraphs, lines of at most 100 columns */
    const struct cli_option *options;
    enum { FILE_OPERANDS, DIR_OPERANDS, NO_OPERANDS } operands;
    bool settings; /* it has the server's settings as options too */
};
extern const struct cli_doc backup_doc, batch_doc, identify_doc, labels_doc, serve_doc, watch_doc;

struct cli_command {
    const char *name, *help;
    int (*run)(int argc, char **argv);
    const struct cli_doc *doc;
};

/*
 * What is generated of the commands: "man1", "env5" (man pages in mdoc), "bash", "zsh" or "fish" (completions).
 * A row without a name ends the commands. False when `kind` is none of them.
 */
bool docs_print(FILE *out, const char *kind, const struct cli_command *commands);
bool docs_print_completion(FILE *out, const char *kind, const struct cli_command *commands);

/* A command's whole --help. */
void cli_print_help(FILE *out, const char *command, const struct cli_doc *doc);

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
