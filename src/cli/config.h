/* SPDX-License-Identifier: Apache-2.0
 * The server's settings: one table that the parser, --help, --print-config,
 * docs/CONFIG.md and .env.example walk. A setting comes from a flag, else the
 * environment, else a .env file in the working directory, else its default.
 */
#ifndef BL_CONFIG_H
#define BL_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { CONFIG_TEXT_MAX = 256 };

/* Texts are held here, so that a config is one piece of plain data. */
struct config {
    long port;
    char host[CONFIG_TEXT_MAX];
    long model_type;                 /* index of "accurate" or "fast" */
    char model_dir[CONFIG_TEXT_MAX]; /* "": the installed one of that type */
    double threshold;
    long max_side_px;
    long max_megapixels;
    long max_upload_mb;
    long max_inflight_mb;
    long workers; /* 0: one a core */
    long queue_size;
    long max_connections;
    long body_timeout_s, idle_timeout_s, drain_timeout_s;
    long rate_limit_per_minute; /* 0: none */
    char extensions[CONFIG_TEXT_MAX];
    char cors_origins[CONFIG_TEXT_MAX];
    long log_level; /* enum log_level */
    bool require_sandbox;
    bool save_images;
    char upload_dir[CONFIG_TEXT_MAX];
    long upload_max_mb;
    char cloud_name[CONFIG_TEXT_MAX], cloud_key[CONFIG_TEXT_MAX], cloud_secret[CONFIG_TEXT_MAX];
    char cloud_key_file[CONFIG_TEXT_MAX], cloud_secret_file[CONFIG_TEXT_MAX];
    char cloud_preset[CONFIG_TEXT_MAX], cloud_folder[CONFIG_TEXT_MAX];
    char cloud_base_url[CONFIG_TEXT_MAX], cloud_ca_file[CONFIG_TEXT_MAX];
    bool cloud_sha256, cloud_keep_metadata;
    long cloud_timeout_ms, cloud_max_inflight, cloud_pause_s;
};

/* One setting as the documents tell of it. */
struct config_row {
    const char *name; /* "CONFIDENCE_THRESHOLD" */
    char flag[64];    /* "confidence-threshold", or "" */
    const char *arg;  /* as in struct cli_option */
    char allowed[128];
    const char *def; /* "" or NULL: none */
    const char *help;
};

/* The index-th setting; false beyond the last. */
bool config_describe(size_t index, struct config_row *out);

enum config_verdict { CONFIG_GO, CONFIG_DONE, CONFIG_BAD };

/*
 * Fill `out` from everywhere. CONFIG_DONE: a flag such as --help has been
 * answered on stdout. CONFIG_BAD: one line that names the setting, its value
 * (never a secret's) and what is allowed has been written to stderr.
 */
enum config_verdict config_load(struct config *out, int argc, char **argv);

/* "accurate" or "fast". */
const char *config_model_type(const struct config *config);

#endif
