/* SPDX-License-Identifier: Apache-2.0
 * The program's door: which command, --help and --version.
 */
#include "breedlens.h"
#include "cli.h"

#include <stdlib.h>
#include <string.h>

static const struct cli_command commands[] = {
    { "identify", "identify the pets in photos: files, or standard input", cmd_identify, &identify_doc },
    { "batch", "identify the photos of whole folders; sort them, go on after an interruption", cmd_batch, &batch_doc },
    { "watch", "identify each photo that lands in a folder", cmd_watch, &watch_doc },
    { "backup", "identify photos and back them up at Cloudinary, or remove backups", cmd_backup, &backup_doc },
    { "labels", "list the breeds and species that can be answered", cmd_labels, &labels_doc },
    { "serve", "serve identification over HTTP", cmd_serve, &serve_doc },
    { 0 },
};

static void
print_help(FILE *out)
{
    fputs("usage: breedlens COMMAND [OPTIONS]\n\n"
          "Identifies pets in photos: breed, species, calibrated confidence. In memory; photos are never stored.\n\n"
          "commands:\n",
          out);
    for (const struct cli_command *c = commands; c->name; c++) fprintf(out, "  %-20s%s\n", c->name, c->help);
    fputs("\n  --version           versions of the program, the model and the inference runtime\n"
          "  --help              this text; `breedlens COMMAND --help` tells of a command\n",
          out);
}

/* A model is opened only for its name: a missing one must not keep the program from telling its version. */
static int
print_version(void)
{
    struct bl_model_options opts = { .workers = 1 };
    struct bl_model *model;
    struct bl_error err;

    printf("breedlens %s\n", bl_version());
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    puts("sanitizer build");
#endif
    if (bl_model_open(NULL, &opts, &model, &err)) {
        printf("model: %s\n", err.text);
    } else {
        struct bl_model_info info = bl_model_get_info(model);

        printf("model %s %s, %u classes\n", info.name, info.version, info.classes);
        bl_model_close(model);
    }
    puts(bl_runtime_version());
    return EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : NULL;

    if (!word) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0) {
        print_help(stdout);
        return EXIT_SUCCESS;
    }
    if (strcmp(word, "--version") == 0) return print_version();
    if (strcmp(word, "--print-docs") == 0 && argc == 3) return docs_print(stdout, argv[2], commands) ? 0 : EXIT_USAGE;
    for (const struct cli_command *c = commands; c->name; c++)
        if (strcmp(word, c->name) == 0) return c->run(argc - 1, argv + 1);
    fprintf(stderr, "breedlens: unknown command '%s'; see breedlens --help\n", word);
    return EXIT_USAGE;
}
