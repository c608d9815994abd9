/* SPDX-License-Identifier: Apache-2.0
 * `breedlens serve`: settings, model, server; then it waits to be told to stop.
 */
#include "breedlens.h"
#include "cli.h"
#include "cloud.h"
#include "config.h"
#include "log.h"
#include "server.h"
#ifdef BL_HOOK
#include "hook.h"
#endif

#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* --help itself is printed by config.c, which knows the settings that are options too. */
static const struct cli_option options[] = {
    { "print-config", NULL, "the settings as they stand, and no more (secrets are not shown)" },
    { "print-docs", "md|env", "the settings as docs/CONFIG.md or .env.example" },
    { "help", NULL, "a list of the options" },
    { 0 },
};

const struct cli_doc serve_doc = {
    .usage = "[OPTIONS]",
    .about =
        "Serves identification over HTTP; prints one line `ready http://...` when it accepts connections. SIGTERM\n"
        "finishes what was begun and stops; a second one stops at once. Every setting of breedlens.env(5) that is no\n"
        "secret is an option too; an option wins over the environment, the environment over a .env file.",
    .options = options,
    .operands = NO_OPERANDS,
    .settings = true,
};

/* A second signal while draining: stop at once. */
static bool
signalled_again(void)
{
    sigset_t set;

    return sigpending(&set) == 0 && (sigismember(&set, SIGTERM) || sigismember(&set, SIGINT));
}

static void
print_ready(const struct app *app)
{
    struct bl_model_info info = bl_model_get_info(app->model);
    const char *host = app->config->host;
    bool v6;

    if (!strcmp(host, "0.0.0.0")) host = "127.0.0.1"; /* an address that can be called */
    else if (!strcmp(host, "::")) host = "::1";
    v6 = strchr(host, ':') != NULL;
    printf("ready http://%s%s%s:%u workers=%u model=%s version=%s\n", v6 ? "[" : "", host, v6 ? "]" : "", app_port(app),
           info.workers, info.name, info.version);
    fflush(stdout);
}

/* What serving is made of besides the settings. */
struct parts {
    char model_dir[PATH_MAX];
    const struct bl_backup_options *backup; /* NULL: none */
    struct saver *saver;                    /* NULL: none */
    int landlock;                           /* the sandbox's ABI */
};

/* Give up what is not needed; false when that was required and cannot be had. */
static bool
confine(const struct config *config, struct parts *parts)
{
    struct sandbox_plan plan = { .model_dir = parts->model_dir, .port = (unsigned)config->port, .save_fd = -1 };

    if (parts->saver) plan.save_fd = saver_folder(parts->saver);
    if (parts->backup) {
        plan.connect_port = cloud_port(config);
        if (*config->cloud_ca_file) plan.ca_file = config->cloud_ca_file;
    }
    parts->landlock = sandbox_enter(&plan);
    if (parts->landlock || !config->require_sandbox) return true;
    fputs("breedlens: REQUIRE_SANDBOX=true: this kernel cannot forbid writing (Landlock is missing or off)\n", stderr);
    return false;
}

/* Everything that threads are started by, which the sandbox therefore comes before. */
static bool
start(struct app *app, const struct config *config, const struct parts *parts)
{
    struct bl_model_options opts = { .workers = (unsigned)config->workers, .type = config_model_type(config) };
    struct app_parts made = { .saver = parts->saver };
    struct bl_error err;

    made.in_memory = parts->saver ? "off" : parts->landlock ? "enforced" : "by design";
    if (bl_model_open(parts->model_dir, &opts, &made.model, &err)) {
        fprintf(stderr, "breedlens: %s\n", err.text);
        return false;
    }
    if (parts->backup && bl_backup_new(parts->backup, &made.backup, &err)) fprintf(stderr, "breedlens: %s\n", err.text);
    else if (app_start(app, config, &made)) return true;
    bl_backup_free(made.backup);
    bl_model_close(made.model);
    return false;
}

/* Serve until told to stop. */
static int
serve(const struct config *config, struct parts *parts, const sigset_t *stop_signals)
{
    int signal_number;
    struct app app;

    if (!confine(config, parts) || !start(&app, config, parts)) return EXIT_FAILURE;
    sandbox_tell(parts->landlock);
    print_ready(&app);
#ifdef BL_HOOK /* only in the tests' own program */
    hook();
#endif
    sigwait(stop_signals, &signal_number);
    app_drain(&app, signalled_again);
    app_stop(&app);
    bl_model_close(app.model);
    log_event(LOG_LEVEL_INFO, NULL, "event=stopped");
    return EXIT_SUCCESS;
}

/* The model's folder and, when photos are to be saved, theirs. */
static bool
find_folders(const struct config *config, struct parts *parts)
{
    if (*config->model_dir) {
        snprintf(parts->model_dir, sizeof parts->model_dir, "%s", config->model_dir);
    } else if (bl_model_default_dir(config_model_type(config), parts->model_dir, sizeof parts->model_dir)) {
        fputs("breedlens: the model's folder cannot be told\n", stderr);
        return false;
    }
    if (!config->save_images) return true;
    parts->saver = saver_new(config->upload_dir, (uint64_t)config->upload_max_mb << 20);
    return parts->saver != NULL;
}

int
cmd_serve(int argc, char **argv)
{
    struct bl_backup_options backup;
    struct config config;
    sigset_t stop_signals;
    struct parts parts = { 0 };
    bool with_backup;
    int status;

    switch (config_load(&config, argc, argv)) {
    case CONFIG_DONE: return EXIT_SUCCESS;
    case CONFIG_BAD: return EXIT_USAGE;
    case CONFIG_GO: break;
    }
    log_set_level((enum log_level)config.log_level);
    if (!cloud_options(&config, &backup, &with_backup)) return EXIT_USAGE;
    /* Before any thread exists: all of them then leave these to sigwait(). */
    sigemptyset(&stop_signals);
    sigaddset(&stop_signals, SIGTERM);
    sigaddset(&stop_signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &stop_signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    if (!find_folders(&config, &parts)) return EXIT_FAILURE;
    if (with_backup) parts.backup = &backup;
    status = serve(&config, &parts, &stop_signals);
    saver_free(parts.saver);
    return status;
}
