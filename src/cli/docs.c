/* SPDX-License-Identifier: Apache-2.0
 * The man pages breedlens(1) and breedlens.env(5), in mdoc, from the commands'
 * and the settings' own tables. `make docs` writes them to docs/man.
 */
#include "breedlens.h"
#include "cli.h"
#include "config.h"

#include <ctype.h>
#include <string.h>

#define MAN_DATE "November 24, 2026" /* of the last change of meaning; a build must not depend on the day */

/* ---- mdoc ---- */

/* Prose: each sentence begins a line, as mdoc wants it; line ends are blanks. */
static void
put_text(FILE *out, const char *text)
{
    bool line_start = true;

    for (; *text; text++) {
        if (line_start && (*text == '.' || *text == '\'')) fputs("\\&", out);
        line_start = false;
        if (*text == '\\') {
            fputs("\\e", out);
        } else if (strncmp(text, ". ", 2) == 0 && isupper((unsigned char)text[2])) {
            fputs(".\n", out);
            text++;
            line_start = true;
        } else if (strncmp(text, ".\n", 2) == 0) {
            fputs(".\n", out);
            text++;
            line_start = true;
        } else {
            putc(*text == '\n' ? ' ' : *text, out);
        }
    }
    putc('\n', out);
}

static void
put_option(FILE *out, const char *name, const char *arg, const char *help)
{
    fprintf(out, ".It Fl -%s%s%s\n", name, arg ? " Ar " : "", arg ? arg : "");
    put_text(out, help);
}

static void
put_heading(FILE *out, const char *title, const char *section, const char *name, const char *about)
{
    fprintf(out,
            ".\\\" Made by `make docs` of the program's own tables: do not edit.\n"
            ".\\\" SPDX-License-Identifier: Apache-2.0\n"
            ".Dd " MAN_DATE "\n.Dt %s %s\n.Os \"breedlens %s\"\n.Sh NAME\n.Nm %s\n.Nd %s\n",
            title, section, bl_version(), name, about);
}

/* ---- breedlens(1) ---- */

static void
put_command(FILE *out, const struct cli_command *c)
{
    struct config_row row;

    fprintf(out, ".Ss breedlens %s %s\n", c->name, c->doc ? c->doc->usage : "");
    put_text(out, c->doc ? c->doc->about : c->help);
    if (!c->doc) return;
    fputs(".Bl -tag -width Ds\n", out);
    for (const struct cli_option *o = c->doc->options; o->name; o++) put_option(out, o->name, o->arg, o->help);
    for (size_t i = 0; c->doc->settings && config_describe(i, &row); i++)
        if (*row.flag) put_option(out, row.flag, row.arg, row.help);
    fputs(".El\n", out);
}

static const char man1_end[] =
    ".Sh ENVIRONMENT\n"
    ".Bl -tag -width Ds\n"
    ".It Ev BREEDLENS_MODEL\n"
    "The folder of the model bundle, instead of the one that was installed.\n"
    ".El\n"
    ".Pp\n"
    "The settings of\n"
    ".Ic breedlens serve\n"
    "are described in\n"
    ".Xr breedlens.env 5 .\n"
    ".Sh EXIT STATUS\n"
    ".Bl -tag -width Ds\n"
    ".It 0\n"
    "All went well.\n"
    ".It 1\n"
    "Something could not be read, written or identified; a line on standard error says what.\n"
    ".It 2\n"
    "A mistake in the command or in a setting.\n"
    ".El\n"
    ".Sh EXAMPLES\n"
    "What is on this photo?\n"
    ".Pp\n"
    ".Dl breedlens identify rex.jpg\n"
    ".Pp\n"
    "Sort a folder of photos by breed, keep a list, and go on with it after an interruption:\n"
    ".Bd -literal -offset indent\n"
    "breedlens batch --recursive --output pets.csv --resume \\e\n"
    "    --move-to 'sorted/{species}/{breed}' photos/\n"
    ".Ed\n"
    ".Pp\n"
    "The photos of the last day, as JSON:\n"
    ".Pp\n"
    ".Dl find photos -mtime -1 -print0 | breedlens batch --null --format ndjson -\n"
    ".Sh SEE ALSO\n"
    ".Xr breedlens 3 ,\n"
    ".Xr breedlens.env 5\n";

static void
put_man1(FILE *out, const struct cli_command *commands)
{
    put_heading(out, "BREEDLENS", "1", "breedlens", "identify the breed and species of pets in photos");
    fputs(".Sh SYNOPSIS\n", out);
    for (const struct cli_command *c = commands; c->name; c++)
        fprintf(out, ".Nm breedlens\n.Cm %s\n%s\n", c->name, c->doc ? c->doc->usage : "");
    fputs(".Nm breedlens\n.Fl -version\n.Sh DESCRIPTION\n", out);
    put_text(
        out,
        "Identifies pets in photos: breed, species and calibrated confidence. A photo stays in memory: it is never "
        "stored, and no part of it is sent anywhere unless a backup was configured and asked for.");
    for (const struct cli_command *c = commands; c->name; c++) put_command(out, c);
    fputs(man1_end, out);
}

/* ---- breedlens.env(5) ---- */

static void
put_env5(FILE *out)
{
    struct config_row row;

    put_heading(out, "BREEDLENS.ENV", "5", "breedlens.env", "settings of the breedlens server");
    fputs(".Sh DESCRIPTION\n", out);
    put_text(
        out,
        "A setting of \"breedlens serve\" is looked for as an option, then in the environment, then in a file named .env in "
        "the working directory. The installed service reads its environment from /etc/breedlens/breedlens.env. "
        "A bad value stops the start with one line that names it. Secrets have no option and are never shown.");
    fputs(".Pp\nA line of the file is NAME=value; # begins a comment, quotes and a leading \"export\" are understood.\n"
          ".Sh SETTINGS\n.Bl -tag -width Ds\n",
          out);
    for (size_t i = 0; config_describe(i, &row); i++) {
        fprintf(out, ".It Ev %s%s%s\n", row.name, *row.flag ? " , Fl -" : "", row.flag);
        fprintf(out, "%c%s: %s", toupper((unsigned char)*row.help), row.help + 1, row.allowed);
        if (row.def && *row.def) fprintf(out, " (default %s)", row.def);
        fputs(".\n", out);
    }
    fputs(".El\n.Sh FILES\n.Bl -tag -width Ds\n.It Pa .env\nIn the working directory.\n"
          ".It Pa /etc/breedlens/breedlens.env\nRead by the installed service.\n.El\n.Sh SEE ALSO\n.Xr breedlens 1\n",
          out);
}

bool
docs_print(FILE *out, const char *kind, const struct cli_command *commands)
{
    if (strcmp(kind, "man1") == 0) put_man1(out, commands);
    else if (strcmp(kind, "env5") == 0) put_env5(out);
    else return docs_print_completion(out, kind, commands);
    return true;
}
