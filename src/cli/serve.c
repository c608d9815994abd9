/* SPDX-License-Identifier: Apache-2.0
 * `breedlens serve`: settings, model, server; then it waits to be told to stop.
 */
#include "breedlens.h"
#include "cli.h"
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

/* A second signal while draining: stop at once. */
static bool
signalled_again(void)
{
    sigset_t set;

    return sigpending(&set) == 0 && (sigismember(&set, SIGTERM) || sigismember(&set, SIGINT));
}

/* What this version cannot do must not look as if it did. */
static bool
check_unbuilt(const struct config *c)
{
    if (c->save_images) {
        fputs("breedlens: SAVE_IMAGES_TO_DISK=true: saving is not available in this version; photos stay in memory\n",
              stderr);
        return false;
    }
    if (*c->cloud_name || *c->cloud_key || *c->cloud_secret)
        log_event(LOG_LEVEL_WARN, NULL,
                  "event=no-backup text=\"the Cloudinary backup is not available in this version\"");
    return true;
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

/* Give up what is not needed; false when that was required and cannot be had. */
static bool
confine(const struct config *config, const char *model_dir, int *landlock)
{
    struct sandbox_plan plan = { .model_dir = model_dir, .port = (unsigned)config->port, .save_fd = -1 };

    *landlock = sandbox_enter(&plan);
    if (*landlock || !config->require_sandbox) return true;
    fputs("breedlens: REQUIRE_SANDBOX=true: this kernel cannot forbid writing (Landlock is missing or off)\n", stderr);
    return false;
}

static int
serve(const struct config *config, const sigset_t *stop_signals)
{
    struct bl_model_options opts = { .workers = (unsigned)config->workers };
    char model_dir[PATH_MAX];
    struct bl_model *model;
    struct bl_error err;
    struct app app;
    int signal_number, landlock;

    if (*config->model_dir) {
        snprintf(model_dir, sizeof model_dir, "%s", config->model_dir);
    } else if (bl_model_default_dir(model_dir, sizeof model_dir)) {
        fputs("breedlens: the model's folder cannot be told\n", stderr);
        return EXIT_FAILURE;
    }
    if (!confine(config, model_dir, &landlock)) return EXIT_FAILURE;
    if (bl_model_open(model_dir, &opts, &model, &err)) {
        fprintf(stderr, "breedlens: %s\n", err.text);
        return EXIT_FAILURE;
    }
    if (!app_start(&app, config, model, landlock ? "enforced" : "by design")) {
        bl_model_close(model);
        return EXIT_FAILURE;
    }
    sandbox_tell(landlock);
    print_ready(&app);
#ifdef BL_HOOK /* only in the tests' own program */
    hook();
#endif
    sigwait(stop_signals, &signal_number);
    app_drain(&app, signalled_again);
    app_stop(&app);
    bl_model_close(model);
    log_event(LOG_LEVEL_INFO, NULL, "event=stopped");
    return EXIT_SUCCESS;
}

int
cmd_serve(int argc, char **argv)
{
    struct config config;
    sigset_t stop_signals;

    switch (config_load(&config, argc, argv)) {
    case CONFIG_DONE: return EXIT_SUCCESS;
    case CONFIG_BAD: return EXIT_USAGE;
    case CONFIG_GO: break;
    }
    log_set_level((enum log_level)config.log_level);
    if (!check_unbuilt(&config)) return EXIT_USAGE;
    /* Before any thread exists: all of them then leave these to sigwait(). */
    sigemptyset(&stop_signals);
    sigaddset(&stop_signals, SIGTERM);
    sigaddset(&stop_signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &stop_signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    return serve(&config, &stop_signals);
}
