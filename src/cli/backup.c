/* SPDX-License-Identifier: Apache-2.0
 * `breedlens backup`: identify photos and back each up at Cloudinary, or remove
 * backups. The main thread identifies one photo while the client's thread
 * uploads those before it; a line of JSON is printed as each ends.
 */
#include "cli.h"
#include "cloud.h"
#include "text.h"

#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { O_DELETE, O_MODEL, O_HELP };
static const struct cli_option options[] = {
    [O_DELETE] = { "delete", NULL, "remove backups: what follows are their public ids" },
    [O_MODEL] = { "model", "DIR", CLI_MODEL_HELP },
    [O_HELP] = { "help", NULL, "this text" },
    { 0 },
};

const struct cli_doc backup_doc = {
    .usage = "[OPTIONS] FILE... | --delete PUBLIC_ID...",
    .about =
        "Identifies each photo and backs it up at Cloudinary, with breed, species, confidence and model as its\n"
        "context; prints one JSON object a line as each is done. Cloudinary's settings are those of `breedlens\n"
        "serve`, from the environment or a .env file. Exit status: 0 when all went well, 1 when any did not, 2 for\n"
        "a mistake in the command or the settings.",
    .options = options,
};

struct run {
    struct bl_backup *client;
    struct bl_limits limits;
    bool keep_metadata;
    bool progress; /* standard error is somebody's screen */
    int total, most;

    pthread_mutex_t lock; /* guards what follows, and the printing */
    pthread_cond_t ended;
    int under_way, done, failed;
    bool unwritable; /* standard output is gone */
};

/* One photo, or one public id. */
struct item {
    struct run *run;
    const char *name, *key; /* key: "file" or "public_id" */
    struct bl_result result;
};

/* ---- what is printed ---- */

/* An item is over: its line, and the progress. `answer` tells of the backup, else `fault` why there was none. */
static void
end(struct item *item, const struct bl_backup_answer *answer, const char *fault)
{
    struct run *run = item->run;
    bool good = answer && !answer->status;
    json_t *line = json_pack("{s:o, s:b}", item->key, json_any_text(item->name), "success", good);
    char *text = NULL;

    if (item->result.primary_breed && !bl_result_json(&item->result, &text)) {
        json_t *result = json_loads(text, 0, NULL);

        json_object_update_missing(line, result);
        json_decref(result);
        free(text);
    }
    if (good && answer && *answer->url) {
        json_object_set_new(line, "cloudinary_url", json_string(answer->url));
        json_object_set_new(line, "public_id", json_string(answer->public_id));
    } else if (!good) {
        json_object_set_new(line, item->result.primary_breed ? "cloudinary_error" : "error",
                            json_any_text(answer ? answer->text : fault));
    }
    pthread_mutex_lock(&run->lock);
    run->done++;
    run->failed += !good;
    if (json_dumpf(line, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6)) || putchar('\n') == EOF || fflush(stdout))
        run->unwritable = true;
    if (run->progress) fprintf(stderr, "\r%d of %d%s", run->done, run->total, run->done == run->total ? "\n" : "");
    pthread_mutex_unlock(&run->lock);
    json_decref(line);
}

/* ---- photos and ids ---- */

/* The client's thread. */
static void
ended(void *context, const struct bl_backup_answer *answer)
{
    struct item *item = context;
    struct run *run = item->run;

    end(item, answer, NULL);
    pthread_mutex_lock(&run->lock);
    run->under_way--;
    pthread_cond_signal(&run->ended);
    pthread_mutex_unlock(&run->lock);
    free(item);
}

/* Wait until fewer than `most` are under way. */
static void
wait_for(struct run *run, int most)
{
    pthread_mutex_lock(&run->lock);
    while (run->under_way >= most) pthread_cond_wait(&run->ended, &run->lock);
    pthread_mutex_unlock(&run->lock);
}

/* The whole file, memory of bl_photo_alloc(); NULL with *fault. */
static void *
read_photo(const char *path, size_t max, size_t *len, char *fault, size_t size)
{
    struct stat info;
    FILE *f = fopen(path, "rb");
    void *bytes = NULL;

    *len = 0;
    if (!f || fstat(fileno(f), &info)) {
        snprintf(fault, size, "cannot open: %s", strerror(errno));
    } else if (!S_ISREG(info.st_mode)) {
        snprintf(fault, size, "cannot open: not a file");
    } else if (info.st_size == 0) {
        snprintf(fault, size, "the file is empty");
    } else if ((uint64_t)info.st_size > max) {
        snprintf(fault, size, "image is over the limit of %zu bytes", max);
    } else if (!(bytes = bl_photo_alloc((size_t)info.st_size))) {
        snprintf(fault, size, "out of memory");
    } else {
        setvbuf(f, NULL, _IONBF, 0); /* straight into memory that is wiped */
        *len = fread(bytes, 1, (size_t)info.st_size, f);
        if (*len != (size_t)info.st_size) {
            snprintf(fault, size, "read failed");
            bl_photo_free(bytes);
            bytes = NULL;
        }
    }
    if (f) fclose(f);
    return bytes;
}

/* Begin one photo's backup; false with `fault` (and the item's result as far as it came). */
static bool
begin_photo(struct item *item, struct bl_worker *worker, char *fault, size_t size)
{
    struct run *run = item->run;
    struct bl_error err;
    size_t len, clean_len = 0;
    void *clean = NULL, *bytes = read_photo(item->name, run->limits.max_bytes, &len, fault, size);
    enum bl_status st;

    if (!bytes) return false;
    st = bl_identify(worker, bytes, len, NULL, &item->result, &err);
    if (!st && !run->keep_metadata) {
        st = bl_photo_clean(bytes, len, &run->limits, &clean, &clean_len, &err);
        bl_photo_free(bytes);
        bytes = clean;
        len = clean_len;
    } else if (st) {
        bl_photo_free(bytes);
    }
    if (!st) st = bl_backup_upload(run->client, bytes, len, &item->result, ended, item, &err);
    if (st) snprintf(fault, size, "%s", err.text);
    return !st;
}

static bool
begin_removal(struct item *item, char *fault, size_t size)
{
    struct bl_error err;

    if (!bl_backup_remove(item->run->client, item->name, ended, item, &err)) return true;
    snprintf(fault, size, "%s", err.text);
    return false;
}

/* worker: NULL when the names are public ids. */
static void
run_all(struct run *run, char **names, struct bl_worker *worker)
{
    char fault[256];

    for (int i = 0; i < run->total && !run->unwritable; i++) {
        struct item *item = calloc(1, sizeof *item);

        if (!item) {
            fputs("breedlens: out of memory\n", stderr);
            run->failed++;
            return;
        }
        *item = (struct item){ .run = run, .name = names[i], .key = worker ? "file" : "public_id" };
        wait_for(run, run->most);
        pthread_mutex_lock(&run->lock);
        run->under_way++;
        pthread_mutex_unlock(&run->lock);
        if (worker ? begin_photo(item, worker, fault, sizeof fault) : begin_removal(item, fault, sizeof fault))
            continue;
        end(item, NULL, fault);
        free(item);
        pthread_mutex_lock(&run->lock);
        run->under_way--;
        pthread_mutex_unlock(&run->lock);
    }
    wait_for(run, 1);
}

/* ---- command ---- */

static int
back_up(struct run *run, char **names, const char *model_dir, bool removing)
{
    struct bl_worker *worker = NULL;
    struct bl_model *model = NULL;
    struct bl_error err;
    bool ready = removing;

    if (!removing) {
        if (!cli_open_model(model_dir, 1, &model)) return EXIT_FAILURE;
        ready = bl_worker_new(model, &run->limits, &worker, &err) == BL_OK;
        if (!ready) fprintf(stderr, "breedlens: %s\n", err.text);
    }
    if (ready) run_all(run, names, worker);
    bl_worker_free(worker);
    bl_model_close(model);
    return ready && !run->failed && !run->unwritable ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
cmd_backup(int argc, char **argv)
{
    struct run run = { .limits = bl_limits_default() };
    char *no_flags[] = { argv[0], NULL };
    const char *value, *model_dir = NULL;
    struct bl_backup_options cloud;
    bool removing = false, on;
    struct config config;
    struct bl_error err;
    int row, status;

    while ((row = cli_next_option(argc, argv, options, &value)) != -1) {
        switch (row) {
        case O_DELETE: removing = true; break;
        case O_MODEL: model_dir = value; break;
        case O_HELP: cli_print_help(stdout, "backup", &backup_doc); return EXIT_SUCCESS;
        default: fputs("breedlens: see breedlens backup --help\n", stderr); return EXIT_USAGE;
        }
    }
    run.total = argc - optind;
    if (!run.total) {
        fprintf(stderr, "breedlens: no %s given; see breedlens backup --help\n", removing ? "public id" : "photo");
        return EXIT_USAGE;
    }
    if (config_load(&config, 1, no_flags) != CONFIG_GO || !cloud_options(&config, &cloud, &on)) return EXIT_USAGE;
    if (!on) {
        fputs("breedlens: Cloudinary is not configured: CLOUDINARY_CLOUD_NAME, CLOUDINARY_API_KEY and "
              "CLOUDINARY_API_SECRET are needed\n",
              stderr);
        return EXIT_USAGE;
    }
    if (bl_backup_new(&cloud, &run.client, &err)) {
        fprintf(stderr, "breedlens: %s\n", err.text);
        return EXIT_FAILURE;
    }
    run.limits.max_bytes = (size_t)config.max_upload_mb << 20;
    run.limits.max_pixels = (uint64_t)config.max_megapixels * 1000000;
    run.limits.max_side_px = (unsigned)config.max_side_px;
    run.keep_metadata = config.cloud_keep_metadata;
    run.most = (int)config.cloud_max_inflight * 2; /* the next ones are ready when a place is free */
    run.progress = isatty(STDERR_FILENO);
    pthread_mutex_init(&run.lock, NULL);
    pthread_cond_init(&run.ended, NULL);
    status = back_up(&run, argv + optind, model_dir, removing);
    bl_backup_free(run.client);
    pthread_cond_destroy(&run.ended);
    pthread_mutex_destroy(&run.lock);
    return status;
}
