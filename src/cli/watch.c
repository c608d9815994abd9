/* SPDX-License-Identifier: Apache-2.0
 * `breedlens watch`: a folder into which photos are put, each identified as it
 * lands, until told to stop.
 */
#include "folders.h"

#include "common.h"
#include "sink.h"
#include "stop.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum { O_RECURSIVE, O_EXISTING, O_FORMAT, O_OUTPUT, O_MOVE_TO, OWN_ROWS };
static const struct cli_option options[] = {
    [O_RECURSIVE] = { "recursive", NULL, "watch the folders below too, and those that come" },
    [O_EXISTING] = { "existing", NULL, "begin with the photos that lie there already" },
    [O_FORMAT] = { "format", "table|csv|ndjson", "how to write (default: as --output's name ends, else table)" },
    [O_OUTPUT] = { "output", "FILE", "append there, not to standard output" },
    [O_MOVE_TO] = { "move-to", "DIR", "move each photo there; may hold {species} and {breed}" },
    COMMON_OPTIONS,
    { 0 },
};

const struct cli_doc watch_doc = {
    .usage = "[OPTIONS] DIR",
    .about =
        "Identifies each JPEG, PNG or WebP photo that lands in a folder, as soon as it is whole: written and closed,\n"
        "or moved in. Hidden files and other names are left alone until they are renamed. Ctrl-C finishes the photos\n"
        "in hand and prints a summary. Exit status: 0 when stopped, 1 when the folder or the output went away,\n"
        "2 for a mistake in the command.",
    .options = options,
    .operands = DIR_OPERANDS,
};

struct watch {
    struct common common;
    struct sink sink;
    struct folders *folders;
    bool recursive, existing, has_format;
};

static bool
take_option(void *arg, int row, const char *value)
{
    struct watch *w = arg;

    switch (row) {
    case O_RECURSIVE: w->recursive = true; return true;
    case O_EXISTING: w->existing = true; return true;
    case O_FORMAT:
        w->has_format = true;
        return record_format_parse(value, &w->sink.format) || common_refuse("--format: table, csv or ndjson", value);
    case O_OUTPUT: w->sink.path = value; return true;
    default: w->sink.mover.pattern = value; return mover_check(value);
    }
}

static char *
next_photo(void *arg)
{
    return folders_next(((struct watch *)arg)->folders);
}

static void
will_move(void *arg, const char *from, const char *to)
{
    folders_will_move(((struct watch *)arg)->folders, from, to);
}

/* A pool's take(): an output that is gone also ends the wait for photos. */
static bool
take_answer(void *arg, const struct pool_answer *answer, bool more)
{
    struct watch *w = arg;

    if (sink_take(&w->sink, answer, more)) return true;
    stop_ask();
    return false;
}

static bool
watch(struct watch *w, const char *folder)
{
    struct pool_work work = { .opts = w->common.opts, .next = next_photo, .take = take_answer, .arg = w };
    bool ok;

    work.model = common_open(&w->common, 0);
    if (!work.model) return false;
    w->folders = folders_open(folder, w->recursive, w->existing);
    ok = w->folders != NULL;
    if (ok) {
        work.jobs = bl_model_get_info(work.model).workers;
        w->sink.will_move = will_move;
        w->sink.arg = w;
        fprintf(stderr, "breedlens: watching %s\n", folder);
        progress_start(&w->sink.progress, 0);
        ok = pool_run(&work);
        if (folders_gone(w->folders)) {
            fprintf(stderr, "breedlens: %s: is gone\n", folder);
            ok = false;
        }
        ok &= sink_close(&w->sink);
        if (!w->sink.gone) sink_summary(&w->sink);
    }
    folders_close(w->folders);
    bl_model_close(work.model);
    return ok;
}

int
cmd_watch(int argc, char **argv)
{
    struct watch w = { 0 };
    int status = common_parse(argc, argv, "watch", &watch_doc, OWN_ROWS, take_option, &w, &w.common);

    if (status) return status - 1;
    if (argc - optind != 1) {
        fputs("breedlens: one folder is watched; see breedlens watch --help\n", stderr);
        return EXIT_USAGE;
    }
    if (!w.has_format && w.sink.path) w.sink.format = record_format_of(w.sink.path);
    status = EXIT_FAILURE;
    if (stop_watch() && sink_open(&w.sink, true) && watch(&w, argv[optind])) status = EXIT_SUCCESS;
    tally_clear(&w.sink.tally);
    return status;
}
