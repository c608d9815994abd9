/* SPDX-License-Identifier: Apache-2.0
 * `breedlens identify`: photos given by name, on all cores, answered in the
 * order given. Each thread takes the next photo; the main thread prints.
 */
#include "breedlens.h"
#include "cli.h"
#include "text.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { JOBS_MAX = 256, SLOTS_PER_JOB = 4 };

enum { O_JSON, O_TOP_K, O_THRESHOLD, O_SPECIES, O_JOBS, O_MODEL, O_HELP };
static const struct cli_option options[] = {
    [O_JSON] = { "json", NULL, "one JSON object a line" },
    [O_TOP_K] = { "top-k", "N", "list at most N breeds, 1 to 50 (default 5)" },
    [O_THRESHOLD] = { "threshold", "P", "leave out breeds below this confidence, 0 to 1 (default 0.1)" },
    [O_SPECIES] = { "species", "NAME", "only breeds of this species, confidences within it" },
    [O_JOBS] = { "jobs", "N", "photos at once, 1 to 256 (default: one a core)" },
    [O_MODEL] = { "model", "DIR", CLI_MODEL_HELP },
    [O_HELP] = { "help", NULL, "this text" },
    { 0 },
};

/* One photo's answer on its way from a worker to the printer. */
struct slot {
    bool ready;
    enum bl_status status;
    struct bl_error err;
    struct bl_result result;
};

struct run {
    /* read-only once the threads run */
    struct bl_model *model;
    struct bl_options opts;
    char **files;
    int count;
    int slots;
    bool json;

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    struct slot *ring; /* photo i's slot is ring[i % slots] */
    int next;          /* the photo to be taken next */
    int printed;       /* photos before this one are printed, their slots free */
};

static void
print_help(FILE *out)
{
    fputs("usage: breedlens identify [OPTIONS] FILE... | -\n\n"
          "Identifies the pet in each photo (JPEG, PNG, WebP; - is standard input). Exit status: 0 when all\n"
          "were identified, 1 when any could not be read, 2 for a mistake in the command.\n\noptions:\n",
          out);
    cli_print_options(out, options);
}

/* A whole number lo..hi and nothing else. */
static bool
parse_count(const char *text, unsigned lo, unsigned hi, unsigned *out)
{
    char *end;
    unsigned long n;

    if (*text < '0' || *text > '9') return false; /* strtoul takes blanks and signs */
    errno = 0;
    n = strtoul(text, &end, 10);
    if (errno || *end || n < lo || n > hi) return false;
    *out = (unsigned)n;
    return true;
}

static bool
parse_share(const char *text, double *out)
{
    char *end;
    double v;

    if (!strchr("0123456789.", *text) || !*text) return false;
    v = strtod(text, &end);
    if (*end || !(v >= 0 && v <= 1)) return false;
    *out = v;
    return true;
}

/* ---- workers ---- */

static void
identify_one(struct run *run, struct bl_worker *worker, int index, struct slot *slot)
{
    const char *file = run->files[index];

    if (strcmp(file, "-") == 0) slot->status = bl_identify_stream(worker, stdin, &run->opts, &slot->result, &slot->err);
    else slot->status = bl_identify_path(worker, file, &run->opts, &slot->result, &slot->err);
}

/* The next photo, once its slot is free; -1 when there is none. */
static int
take(struct run *run)
{
    int index = -1;

    pthread_mutex_lock(&run->lock);
    if (run->next < run->count) index = run->next++;
    while (index >= 0 && index >= run->printed + run->slots) pthread_cond_wait(&run->changed, &run->lock);
    pthread_mutex_unlock(&run->lock);
    return index;
}

static void *
work(void *arg)
{
    struct run *run = arg;
    struct bl_worker *worker;
    struct bl_error err;
    enum bl_status broken = bl_worker_new(run->model, NULL, &worker, &err);
    int index;

    while ((index = take(run)) >= 0) {
        struct slot *slot = &run->ring[index % run->slots];

        slot->status = broken;
        slot->err = err;
        if (!broken) identify_one(run, worker, index, slot);
        pthread_mutex_lock(&run->lock);
        slot->ready = true;
        pthread_cond_broadcast(&run->changed);
        pthread_mutex_unlock(&run->lock);
    }
    bl_worker_free(worker);
    return NULL;
}

/* ---- printing ---- */

static bool
print_json(const char *file, const struct slot *slot)
{
    json_t *root = json_object(), *answer = NULL;
    char *text = NULL;
    bool ok;

    json_object_set_new(root, "file", json_any_text(file));
    if (slot->status) {
        json_object_set_new(root, "success", json_false());
        json_object_set_new(root, "error", json_string(slot->err.text));
    } else if (bl_result_json(&slot->result, &text) == BL_OK) {
        answer = json_loads(text, 0, NULL);
        json_object_update(root, answer);
    }
    ok = json_dumpf(root, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6)) == 0 && putchar('\n') != EOF;
    json_decref(answer);
    json_decref(root);
    free(text);
    return ok;
}

static bool
print_table(const char *file, const struct slot *slot)
{
    const struct bl_result *r = &slot->result;

    if (slot->status) {
        fflush(stdout);
        fprintf(stderr, "breedlens: %s: %s\n", file, slot->err.text);
        return true;
    }
    printf("%s: %s (%s)\n", file, r->primary_breed, r->count ? r->primary_species : r->species);
    for (size_t i = 0; i < r->count; i++)
        printf("  %5.1f %%  %-32s %s\n", r->predictions[i].confidence * 100, r->predictions[i].breed,
               r->predictions[i].species);
    return !ferror(stdout);
}

/* Print the answers in order as they come; the number that failed, or -1 when standard output is gone. */
static int
print_all(struct run *run)
{
    int failed = 0;
    bool writable = true;

    for (int i = 0; i < run->count; i++) {
        struct slot *slot = &run->ring[i % run->slots];

        pthread_mutex_lock(&run->lock);
        while (!slot->ready) pthread_cond_wait(&run->changed, &run->lock);
        pthread_mutex_unlock(&run->lock);
        if (slot->status) failed++;
        if (writable) writable = run->json ? print_json(run->files[i], slot) : print_table(run->files[i], slot);
        pthread_mutex_lock(&run->lock);
        slot->ready = false;
        run->printed++;
        pthread_cond_broadcast(&run->changed);
        pthread_mutex_unlock(&run->lock);
    }
    return fflush(stdout) == 0 && writable ? failed : -1;
}

/* ---- command ---- */

static int
run_all(struct run *run, unsigned jobs)
{
    pthread_t threads[JOBS_MAX];
    unsigned started = 0;
    int failed;

    run->slots = (int)jobs * SLOTS_PER_JOB;
    run->ring = calloc((size_t)run->slots, sizeof *run->ring);
    if (!run->ring) {
        fputs("breedlens: out of memory\n", stderr);
        return EXIT_FAILURE;
    }
    pthread_mutex_init(&run->lock, NULL);
    pthread_cond_init(&run->changed, NULL);
    while (started < jobs && pthread_create(&threads[started], NULL, work, run) == 0) started++;
    if (started) {
        failed = print_all(run);
    } else {
        fputs("breedlens: no thread could be started\n", stderr);
        failed = -1;
    }
    for (unsigned i = 0; i < started; i++) pthread_join(threads[i], NULL);
    pthread_cond_destroy(&run->changed);
    pthread_mutex_destroy(&run->lock);
    free(run->ring);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* 0: go on; otherwise the exit status plus one. */
static int
parse_options(int argc, char **argv, struct run *run, unsigned *jobs, const char **model_dir)
{
    const char *value, *bad = NULL;
    int row;

    while ((row = cli_next_option(argc, argv, options, &value)) != -1) {
        switch (row) {
        case O_JSON: run->json = true; break;
        case O_TOP_K:
            if (!parse_count(value, 1, BL_TOP_K_MAX, &run->opts.top_k)) bad = "--top-k: an integer from 1 to 50";
            break;
        case O_THRESHOLD:
            if (!parse_share(value, &run->opts.threshold)) bad = "--threshold: a number from 0 to 1";
            break;
        case O_JOBS:
            if (!parse_count(value, 1, JOBS_MAX, jobs)) bad = "--jobs: an integer from 1 to 256";
            break;
        case O_SPECIES: run->opts.species = value; break;
        case O_MODEL: *model_dir = value; break;
        case O_HELP: print_help(stdout); return EXIT_SUCCESS + 1;
        default: fputs("breedlens: see breedlens identify --help\n", stderr); return EXIT_USAGE + 1;
        }
        if (bad) {
            fprintf(stderr, "breedlens: %s, not '%s'\n", bad, value);
            return EXIT_USAGE + 1;
        }
    }
    return 0;
}

int
cmd_identify(int argc, char **argv)
{
    struct run run = { .opts = bl_options_default() };
    const char *model_dir = NULL;
    unsigned jobs = 0;
    int status = parse_options(argc, argv, &run, &jobs, &model_dir);

    if (status) return status - 1;
    run.files = argv + optind;
    run.count = argc - optind;
    if (run.count == 0) {
        fputs("breedlens: no photo given; see breedlens identify --help\n", stderr);
        return EXIT_USAGE;
    }
    if (!cli_open_model(model_dir, run.count == 1 ? 1 : jobs, &run.model)) return EXIT_FAILURE;
    jobs = bl_model_get_info(run.model).workers;
    if (jobs > (unsigned)run.count) jobs = (unsigned)run.count;
    status = run_all(&run, jobs);
    bl_model_close(run.model);
    return status;
}
