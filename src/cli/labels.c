/* SPDX-License-Identifier: Apache-2.0
 * `breedlens labels`: what the model can answer, by species and breed.
 */
#include "cli.h"

#include <getopt.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { O_JSON, O_MODEL, O_HELP };
static const struct cli_option options[] = {
    [O_JSON] = { "json", NULL, "one JSON object a line" },
    [O_MODEL] = { "model", "DIR", CLI_MODEL_HELP },
    [O_HELP] = { "help", NULL, "this text" },
    { 0 },
};

const struct cli_doc labels_doc = {
    .usage = "[OPTIONS]",
    .about = "Lists what the model can answer: species, breed, class id, other names.",
    .options = options,
    .operands = NO_OPERANDS,
};

static int
by_species_and_breed(const void *a, const void *b)
{
    const struct bl_label *x = *(const struct bl_label *const *)a, *y = *(const struct bl_label *const *)b;
    int order = strcmp(x->species, y->species);

    return order ? order : strcmp(x->breed, y->breed);
}

static void
print_json(const struct bl_label *label)
{
    char aliases[1024], *rest = aliases, *alias;
    json_t *list = json_array(), *root;

    snprintf(aliases, sizeof aliases, "%s", label->aliases);
    while ((alias = strsep(&rest, ";")))
        if (*alias) json_array_append_new(list, json_string(alias));
    root = json_pack("{s:s, s:s, s:s, s:s, s:o}", "species", label->species, "breed", label->breed, "class_id",
                     label->class_id, "raw_class", label->raw_class, "aliases", list);
    json_dumpf(root, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(root);
}

static void
print_row(const struct bl_label *label)
{
    printf("%-13s %-32s %-26s", label->species, label->breed, label->class_id);
    for (const char *p = label->aliases; *p; p++) {
        if (*p == ';') fputs(", ", stdout);
        else putchar(*p);
    }
    putchar('\n');
}

/* Sorted; what means "no pet" is left out, as it is never a breed that is answered. */
static int
print_labels(const struct bl_model *model, bool json)
{
    size_t count = bl_model_label_count(model), kept = 0;
    const struct bl_label **list = calloc(count, sizeof(const struct bl_label *));

    if (!list) {
        fputs("breedlens: out of memory\n", stderr);
        return EXIT_FAILURE;
    }
    for (size_t i = 0; i < count; i++) {
        const struct bl_label *label = bl_model_label(model, i);

        if (strcmp(label->species, "Unknown") != 0) list[kept++] = label;
    }
    qsort(list, kept, sizeof(const struct bl_label *), by_species_and_breed);
    for (size_t i = 0; i < kept; i++) {
        if (json) print_json(list[i]);
        else print_row(list[i]);
    }
    free(list);
    return fflush(stdout) == 0 && !ferror(stdout) ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
cmd_labels(int argc, char **argv)
{
    const char *value, *dir = NULL;
    struct bl_model *model;
    bool json = false;
    int row, status;

    while ((row = cli_next_option(argc, argv, options, &value)) != -1) {
        switch (row) {
        case O_JSON: json = true; break;
        case O_MODEL: dir = value; break;
        case O_HELP: cli_print_help(stdout, "labels", &labels_doc); return EXIT_SUCCESS;
        default: fputs("breedlens: see breedlens labels --help\n", stderr); return EXIT_USAGE;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "breedlens: unexpected '%s'; see breedlens labels --help\n", argv[optind]);
        return EXIT_USAGE;
    }
    if (!cli_open_model(dir, 1, &model)) return EXIT_FAILURE;
    status = print_labels(model, json);
    bl_model_close(model);
    return status;
}
