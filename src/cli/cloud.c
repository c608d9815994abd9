/* SPDX-License-Identifier: Apache-2.0
 * The settings of the Cloudinary backup: all there or none, and sound. Shared
 * by `serve` and `backup`.
 */
#include "cloud.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A secret that stands in a file, as containers mount them; a line break at its end belongs to the file. */
static bool
read_secret(const char *name, const char *path, char secret[CONFIG_TEXT_MAX])
{
    char text[CONFIG_TEXT_MAX + 2];
    struct stat info;
    const char *fault = NULL;
    size_t len = 0;
    FILE *f;

    if (!*path) return true;
    if (*secret) {
        fprintf(stderr, "breedlens: %s and %s_FILE are both given: which one counts?\n", name, name);
        return false;
    }
    f = fopen(path, "rb");
    if (!f || fstat(fileno(f), &info)) {
        fault = strerror(errno);
    } else if (!S_ISREG(info.st_mode)) {
        fault = "not a file";
    } else {
        len = fread(text, 1, sizeof text, f);
        if (len && text[len - 1] == '\n') len--;
        if (len && text[len - 1] == '\r') len--;
        if (!len) fault = "it is empty";
        else if (len >= CONFIG_TEXT_MAX || memchr(text, '\0', len)) fault = "it does not hold one short line";
    }
    if (f) fclose(f);
    if (fault) {
        fprintf(stderr, "breedlens: %s_FILE: %s\n", name, fault);
    } else {
        memcpy(secret, text, len);
        secret[len] = '\0';
    }
    explicit_bzero(text, sizeof text);
    return !fault;
}

/* The library names its option; here it is a setting. */
static void
print_fault(const char *text)
{
    char name[64];
    size_t n = strcspn(text, " "), i;

    if (n >= sizeof name) n = sizeof name - 1;
    for (i = 0; i < n; i++) name[i] = (char)toupper((unsigned char)text[i]);
    name[n] = '\0';
    fprintf(stderr, "breedlens: CLOUDINARY_%s%s\n", name, text + n);
}

bool
cloud_options(struct config *c, struct bl_backup_options *out, bool *on)
{
    struct bl_error err;
    bool any;

    *on = false;
    if (!read_secret("CLOUDINARY_API_KEY", c->cloud_key_file, c->cloud_key) ||
        !read_secret("CLOUDINARY_API_SECRET", c->cloud_secret_file, c->cloud_secret))
        return false;
    any = *c->cloud_name || *c->cloud_key || *c->cloud_secret;
    if (any && (!*c->cloud_name || !*c->cloud_key || !*c->cloud_secret)) {
        fprintf(stderr, "breedlens: the Cloudinary backup is configured by half, missing:%s%s%s\n",
                *c->cloud_name ? "" : " CLOUDINARY_CLOUD_NAME", *c->cloud_key ? "" : " CLOUDINARY_API_KEY",
                *c->cloud_secret ? "" : " CLOUDINARY_API_SECRET");
        return false;
    }
    *out = (struct bl_backup_options){
        .cloud_name = c->cloud_name,
        .api_key = c->cloud_key,
        .api_secret = c->cloud_secret,
        .upload_preset = c->cloud_preset,
        .folder = c->cloud_folder,
        .base_url = c->cloud_base_url,
        .ca_file = c->cloud_ca_file,
        .sha256 = c->cloud_sha256,
        .timeout_ms = (unsigned)c->cloud_timeout_ms,
        .max_inflight = (unsigned)c->cloud_max_inflight,
        .pause_s = (unsigned)c->cloud_pause_s,
    };
    if (any && bl_backup_check(out, &err)) {
        print_fault(err.text);
        return false;
    }
    *on = any;
    return true;
}

unsigned
cloud_port(const struct config *config)
{
    const char *host = strstr(config->cloud_base_url, "://") + 3;
    const char *after = *host == '[' ? strchr(host, ']') + 1 : host + strcspn(host, ":/");

    if (*after == ':') return (unsigned)strtoul(after + 1, NULL, 10);
    return strncmp(config->cloud_base_url, "https", 5) ? 80 : 443;
}
