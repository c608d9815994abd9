/* SPDX-License-Identifier: Apache-2.0
 * Completions for bash, zsh and fish, from the commands' and the settings' own
 * tables. `make docs` writes them to completions.
 */
#include "cli.h"
#include "config.h"

#include <string.h>

#define MADE "# Made by `make docs` of the program's own tables: do not edit.\n# SPDX-License-Identifier: Apache-2.0\n"

/* What a shell offers after an option. */
enum offer { OFFER_NOTHING, OFFER_FILES, OFFER_FOLDERS, OFFER_WORDS };

static enum offer
offer_of(const char *arg)
{
    if (strcmp(arg, "FILE") == 0) return OFFER_FILES;
    if (strcmp(arg, "DIR") == 0) return OFFER_FOLDERS;
    return strchr(arg, '|') ? OFFER_WORDS : OFFER_NOTHING;
}

/* "a|b" as "a b". */
static void
put_words(FILE *out, const char *arg)
{
    for (; *arg; arg++) putc(*arg == '|' ? ' ' : *arg, out);
}

/* A text inside single quotes, with what `special` names escaped by a backslash. */
static void
put_quoted(FILE *out, const char *text, const char *special)
{
    for (; *text; text++) {
        if (*text == '\'') fputs("'\\''", out);
        else if (strchr(special, *text)) fprintf(out, "\\%c", *text);
        else putc(*text, out);
    }
}

/* All options of a command, one by one; `row` lends its storage. False beyond the last. */
static bool
option_at(const struct cli_doc *doc, size_t index, struct config_row *row, struct cli_option *out)
{
    size_t own = 0;

    while (doc->options[own].name) own++;
    if (index < own) {
        *out = doc->options[index];
        return true;
    }
    if (!doc->settings || !config_describe(index - own, row)) return false;
    *out = (struct cli_option){ row->flag, row->arg, row->help }; /* a secret's name is "": passed over */
    return true;
}

/* ---- bash ---- */

static void
put_bash_command(FILE *out, const struct cli_command *c)
{
    struct config_row row;
    struct cli_option o;

    for (size_t i = 0; option_at(c->doc, i, &row, &o); i++) {
        if (!*o.name || !o.arg) continue;
        fprintf(out, "    '%s --%s') ", c->name, o.name);
        switch (offer_of(o.arg)) {
        case OFFER_FILES: fputs("_breedlens_names -f; return ;;\n", out); break;
        case OFFER_FOLDERS: fputs("_breedlens_names -d; return ;;\n", out); break;
        case OFFER_NOTHING: fputs("return ;;\n", out); break;
        case OFFER_WORDS:
            fputs("_breedlens_words '", out);
            put_words(out, o.arg);
            fputs("'; return ;;\n", out);
            break;
        }
    }
}

static void
put_bash(FILE *out, const struct cli_command *commands)
{
    fputs(
        MADE
        "_breedlens_words()\n{\n    mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"${COMP_WORDS[COMP_CWORD]}\")\n}\n\n"
        "_breedlens_names()\n{\n    compopt -o filenames\n"
        "    mapfile -t COMPREPLY < <(compgen \"$1\" -- \"${COMP_WORDS[COMP_CWORD]}\")\n}\n\n"
        "_breedlens()\n{\n    COMPREPLY=()\n    if ((COMP_CWORD == 1)); then\n        _breedlens_words '",
        out);
    for (const struct cli_command *c = commands; c->name; c++) fprintf(out, "%s ", c->name);
    fputs("--help --version'\n        return\n    fi\n    case \"${COMP_WORDS[1]} ${COMP_WORDS[COMP_CWORD - 1]}\" in\n",
          out);
    for (const struct cli_command *c = commands; c->name; c++)
        if (c->doc) put_bash_command(out, c);
    fputs("    esac\n    case \"${COMP_WORDS[1]} ${COMP_WORDS[COMP_CWORD]}\" in\n", out);
    for (const struct cli_command *c = commands; c->name; c++) {
        struct config_row row;
        struct cli_option o;

        if (!c->doc) continue;
        fprintf(out, "    '%s -'*) _breedlens_words '", c->name);
        for (size_t i = 0; option_at(c->doc, i, &row, &o); i++)
            if (*o.name) fprintf(out, "--%s ", o.name);
        fputs("' ;;\n", out);
        if (c->doc->operands != NO_OPERANDS)
            fprintf(out, "    '%s '*) _breedlens_names -%c ;;\n", c->name,
                    c->doc->operands == DIR_OPERANDS ? 'd' : 'f');
    }
    fputs("    esac\n}\n\ncomplete -F _breedlens breedlens\n", out);
}

/* ---- zsh ---- */

static void
put_zsh_option(FILE *out, const struct cli_option *o)
{
    fprintf(out, " \\\n            '--%s[", o->name);
    put_quoted(out, o->help, "[]\\:");
    putc(']', out);
    if (o->arg) {
        fprintf(out, ":%s:", o->arg);
        switch (offer_of(o->arg)) {
        case OFFER_FILES: fputs("_files", out); break;
        case OFFER_FOLDERS: fputs("_files -/", out); break;
        case OFFER_NOTHING: break;
        case OFFER_WORDS:
            putc('(', out);
            put_words(out, o->arg);
            putc(')', out);
            break;
        }
    }
    putc('\'', out);
}

static void
put_zsh(FILE *out, const struct cli_command *commands)
{
    fputs("#compdef breedlens\n" MADE "_breedlens()\n{\n    local -a commands\n    commands=(\n", out);
    for (const struct cli_command *c = commands; c->name; c++) {
        fprintf(out, "        '%s:", c->name);
        put_quoted(out, c->help, ":\\");
        fputs("'\n", out);
    }
    fputs("        '--help:what there is'\n        '--version:of the program, the model and the runtime'\n    )\n"
          "    if ((CURRENT == 2)); then\n        _describe -t commands command commands\n        return\n    fi\n"
          "    local command=$words[2]\n    shift words\n    ((CURRENT--))\n    case $command in\n",
          out);
    for (const struct cli_command *c = commands; c->name; c++) {
        struct config_row row;
        struct cli_option o;

        if (!c->doc) continue;
        fprintf(out, "    %s)\n        _arguments", c->name);
        for (size_t i = 0; option_at(c->doc, i, &row, &o); i++)
            if (*o.name) put_zsh_option(out, &o);
        if (c->doc->operands != NO_OPERANDS)
            fprintf(out, " \\\n            '*:photo:_files%s'", c->doc->operands == DIR_OPERANDS ? " -/" : "");
        fputs("\n        ;;\n", out);
    }
    fputs("    esac\n}\n\n_breedlens \"$@\"\n", out);
}

/* ---- fish ---- */

static void
put_fish_option(FILE *out, const char *command, const struct cli_option *o)
{
    fprintf(out, "complete -c breedlens -n '__fish_seen_subcommand_from %s' -l %s", command, o->name);
    if (o->arg) {
        switch (offer_of(o->arg)) {
        case OFFER_FILES: fputs(" -r -F", out); break;
        case OFFER_FOLDERS: fputs(" -x -a '(__fish_complete_directories)'", out); break;
        case OFFER_NOTHING: fputs(" -x", out); break;
        case OFFER_WORDS:
            fputs(" -x -a '", out);
            put_words(out, o->arg);
            putc('\'', out);
            break;
        }
    }
    fputs(" -d '", out);
    put_quoted(out, o->help, "\\");
    fputs("'\n", out);
}

static void
put_fish(FILE *out, const struct cli_command *commands)
{
    fputs(
        MADE
        "complete -c breedlens -n __fish_use_subcommand -f -l help -d 'what there is'\n"
        "complete -c breedlens -n __fish_use_subcommand -f -l version -d 'of the program, the model and the runtime'\n",
        out);
    for (const struct cli_command *c = commands; c->name; c++) {
        struct config_row row;
        struct cli_option o;

        fprintf(out, "complete -c breedlens -n __fish_use_subcommand -f -a %s -d '", c->name);
        put_quoted(out, c->help, "\\");
        fputs("'\n", out);
        if (!c->doc) continue;
        if (c->doc->operands == NO_OPERANDS)
            fprintf(out, "complete -c breedlens -n '__fish_seen_subcommand_from %s' -f\n", c->name);
        if (c->doc->operands == DIR_OPERANDS)
            fprintf(out,
                    "complete -c breedlens -n '__fish_seen_subcommand_from %s' -f -a '(__fish_complete_directories)'\n",
                    c->name);
        for (size_t i = 0; option_at(c->doc, i, &row, &o); i++)
            if (*o.name) put_fish_option(out, c->name, &o);
    }
}

bool
docs_print_completion(FILE *out, const char *kind, const struct cli_command *commands)
{
    if (strcmp(kind, "bash") == 0) put_bash(out, commands);
    else if (strcmp(kind, "zsh") == 0) put_zsh(out, commands);
    else if (strcmp(kind, "fish") == 0) put_fish(out, commands);
    else return false;
    return true;
}
