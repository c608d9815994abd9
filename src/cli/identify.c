/* SPDX-License-Identifier: Apache-2.0
 * `breedlens identify`: photos given by name, on all cores, answered in the
 * order given.
 */
#include "common.h"
#include "explain.h"
#include "record.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum { O_JSON, O_EXPLAIN, OWN_ROWS };
static const struct cli_option options[] = {
    [O_JSON] = { "json", NULL, "one JSON object a line" },
    [O_EXPLAIN] = { "explain", "FILE", "of one photo: draw where the model looked over it, as a PNG" },
    COMMON_OPTIONS,
    { 0 },
};

const struct cli_doc identify_doc = {
    .usage = "[OPTIONS] FILE... | -",
    .about = "Identifies the pet in each photo (JPEG, PNG, WebP; - is standard input). Exit status: 0 when all\n"
             "were identified, 1 when any could not be read, 2 for a mistake in the command.",
    .options = options,
};

struct run {
    struct common common;
    char **files;
    int count;
    int next;
    size_t failed;
    bool json;
    const char *explain_path;
};

static bool
take_option(void *arg, int row, const char *value)
{
    struct run *run = arg;

    if (row == O_JSON) run->json = true;
    if (row == O_EXPLAIN) run->explain_path = value;
    return true;
}

static char *
next_file(void *arg)
{
    struct run *run = arg;

    return run->next < run->count ? strdup(run->files[run->next++]) : NULL;
}

static bool
print_table(const struct pool_answer *a)
{
    const struct bl_result *r = &a->result;

    if (a->status) {
        fflush(stdout);
        fprintf(stderr, "breedlens: %s: %s\n", a->file, a->err.text);
        return true;
    }
    printf("%s: %s (%s)\n", a->file, r->primary_breed, r->count ? r->primary_species : r->species);
    for (size_t i = 0; i < r->count; i++)
        printf("  %5.1f %%  %-32s %s\n", r->predictions[i].confidence * 100, r->predictions[i].breed,
               r->predictions[i].species);
    return !ferror(stdout);
}

static bool
print_answer(void *arg, const struct pool_answer *answer, bool more)
{
    struct run *run = arg;
    bool ok = run->json ? record_write(stdout, RECORD_JSON, answer, NULL) : print_table(answer);

    if (answer->status) run->failed++;
    if (ok && !more) ok = fflush(stdout) == 0;
    return ok && !ferror(stdout);
}

int
cmd_identify(int argc, char **argv)
{
    struct run run = { 0 };
    struct pool_work work = { .next = next_file, .take = print_answer, .arg = &run };
    int status = common_parse(argc, argv, "identify", &identify_doc, OWN_ROWS, take_option, &run, &run.common);
    bool ok;

    if (status) return status - 1;
    run.files = argv + optind;
    run.count = argc - optind;
    if (run.count == 0) {
        fputs("breedlens: no photo given; see breedlens identify --help\n", stderr);
        return EXIT_USAGE;
    }
    if (run.explain_path && run.count > 1) {
        fputs("breedlens: --explain takes one photo\n", stderr);
        return EXIT_USAGE;
    }
    run.common.opts.explain = run.explain_path != NULL;
    work.opts = run.common.opts;
    work.model = common_open(&run.common, (size_t)run.count);
    if (!work.model) return EXIT_FAILURE;
    work.jobs = bl_model_get_info(work.model).workers;
    if (work.jobs > (unsigned)run.count) work.jobs = (unsigned)run.count;
    ok = run.explain_path ? explain_photo(&work, run.files[0], run.explain_path) : pool_run(&work);
    ok = ok && fflush(stdout) == 0 && !ferror(stdout);
    bl_model_close(work.model);
    return ok && !run.failed ? EXIT_SUCCESS : EXIT_FAILURE;
}
