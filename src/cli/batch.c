/* SPDX-License-Identifier: Apache-2.0
 * `breedlens batch`: folders of photos, on all cores, into a table, CSV or NDJSON,
 * and sorted into folders when asked. An interrupted run can be gone on with.
 */
#include "common.h"
#include "names.h"
#include "resume.h"
#include "stop.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum { O_RECURSIVE, O_FORMAT, O_OUTPUT, O_RESUME, O_MOVE_TO, O_NULL, OWN_ROWS };
static const struct cli_option options[] = {
    [O_RECURSIVE] = { "recursive", NULL, "search folders below folders too" },
    [O_FORMAT] = { "format", "table|csv|ndjson", "how to write (default: as --output's name ends, else table)" },
    [O_OUTPUT] = { "output", "FILE", "write there, not to standard output" },
    [O_RESUME] = { "resume", NULL, "go on with --output's file: what it holds is not done again" },
    [O_MOVE_TO] = { "move-to", "DIR", "move each photo there; may hold {species} and {breed}" },
    [O_NULL] = { "null", NULL, "names on standard input end with a zero byte, not a newline" },
    COMMON_OPTIONS,
    { 0 },
};

const struct cli_doc batch_doc = {
    .usage = "[OPTIONS] DIR|FILE... | -",
    .about =
        "Identifies many photos: the JPEG, PNG and WebP files of folders (hidden ones are left out), files by name,\n"
        "or the names that standard input lists (-). Progress, failures and a summary by species and breed go to\n"
        "standard error. Nothing is overwritten, neither by --output nor by --move-to. Ctrl-C finishes the photos in\n"
        "hand; the same command with --resume goes on. Exit status: 0 when all were identified, 1 when any could\n"
        "not be, 2 for a mistake in the command, 128 + the signal's number when interrupted.",
    .options = options,
};

struct batch {
    struct common common;
    struct names names;
    struct sink sink;
    struct resume done;
    bool recursive, resume, has_format, null;
};

static bool
take_option(void *arg, int row, const char *value)
{
    struct batch *b = arg;

    switch (row) {
    case O_RECURSIVE: b->recursive = true; return true;
    case O_FORMAT:
        b->has_format = true;
        return record_format_parse(value, &b->sink.format) || common_refuse("--format: table, csv or ndjson", value);
    case O_OUTPUT: b->sink.path = value; return true;
    case O_RESUME: b->resume = true; return true;
    case O_MOVE_TO: b->sink.mover.pattern = value; return mover_check(value);
    default: b->null = true; return true;
    }
}

/* False, with one line, when the options do not fit together. */
static bool
check_options(struct batch *b, int operands)
{
    const char *bad = NULL;

    if (!b->has_format && b->sink.path) b->sink.format = record_format_of(b->sink.path);
    if (operands == 0) bad = "no photo or folder given; see breedlens batch --help";
    else if (b->resume && !b->sink.path) bad = "--resume: needs --output, the file to go on with";
    else if (b->resume && b->sink.format == RECORD_TABLE)
        bad = "--resume: goes on with csv and ndjson, not with a table";
    if (bad) fprintf(stderr, "breedlens: %s\n", bad);
    return !bad;
}

static bool
find_photos(struct batch *b, int count, char **operands)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(operands[i], "-") == 0) {
            b->names.input = true;
            b->names.separator = b->null ? '\0' : '\n';
        } else if (!names_add(&b->names, operands[i], b->recursive)) {
            fputs("breedlens: out of memory\n", stderr);
            return false;
        }
    }
    return true;
}

static char *
next_name(void *arg)
{
    struct batch *b = arg;
    char *name = names_next(&b->names);

    while (name && b->names.input && resume_has(&b->done, name)) {
        free(name);
        name = names_next(&b->names);
    }
    return name;
}

/* A pool's take(): an output that is gone also ends a wait for more names. */
static bool
take_answer(void *arg, const struct pool_answer *answer, bool more)
{
    struct batch *b = arg;

    if (sink_take(&b->sink, answer, more)) return true;
    stop_ask();
    return false;
}

/* Whether all went well. */
static bool
identify_all(struct batch *b)
{
    size_t total = b->names.input ? 0 : b->names.count;
    struct pool_work work = { .opts = b->common.opts, .next = next_name, .take = take_answer, .arg = b };
    bool ok;

    if (!b->names.input && total == 0) { /* no model is needed for nothing */
        progress_start(&b->sink.progress, 0);
        return true;
    }
    work.model = common_open(&b->common, total);
    if (!work.model) return false;
    work.jobs = bl_model_get_info(work.model).workers;
    if (total && work.jobs > total) work.jobs = (unsigned)total;
    progress_start(&b->sink.progress, total);
    ok = pool_run(&work);
    bl_model_close(work.model);
    return ok;
}

static int
run(struct batch *b)
{
    bool ok;

    if (b->resume) {
        size_t skipped;

        if (!resume_load(&b->done, &b->sink)) return EXIT_FAILURE;
        skipped = resume_filter(&b->done, &b->names);
        fprintf(stderr, "breedlens: going on with %s: %zu photos are done\n", b->sink.path, skipped);
    }
    ok = identify_all(b);
    ok &= sink_close(&b->sink);
    if (!b->sink.gone) sink_summary(&b->sink);
    if (stop_signal())
        fprintf(stderr, "breedlens: interrupted; %s\n",
                b->sink.path && b->sink.format != RECORD_TABLE ? "the same command with --resume goes on"
                                                               : "what is written is whole");
    if (stop_signal()) return 128 + stop_signal();
    return ok && !b->sink.tally.failed && !b->names.errors ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
cmd_batch(int argc, char **argv)
{
    struct batch *b = calloc(1, sizeof *b);
    int status;

    if (!b) {
        fputs("breedlens: out of memory\n", stderr);
        return EXIT_FAILURE;
    }
    status = common_parse(argc, argv, "batch", &batch_doc, OWN_ROWS, take_option, b, &b->common);
    if (status) {
        status--;
    } else if (!check_options(b, argc - optind)) {
        status = EXIT_USAGE;
    } else {
        status = EXIT_FAILURE;
        if (stop_watch() && find_photos(b, argc - optind, argv + optind) && sink_open(&b->sink, b->resume))
            status = run(b);
    }
    names_clear(&b->names);
    resume_clear(&b->done);
    tally_clear(&b->sink.tally);
    free(b);
    return status;
}
