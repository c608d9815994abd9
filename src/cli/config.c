/* SPDX-License-Identifier: Apache-2.0
 * Reads the settings. A value is taken whole and checked, or refused in one line
 * that says where it stood; a bad one never turns into the default.
 */
#include "config.h"

#include "log.h"
#include "text.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum kind { KIND_INT, KIND_REAL, KIND_BOOL, KIND_TEXT, KIND_LEVEL, KIND_TYPE };

struct setting {
    const char *name;
    enum kind kind;
    size_t at;
    const char *def;
    double min, max; /* of a number; of a text the shortest allowed length in min */
    bool secret;     /* never shown, and has no flag: a command line is public */
    const char *help;
};

#define AT(member) offsetof(struct config, member)

static const char *const levels[] = { "error", "warn", "info", "debug", NULL };
static const char *const model_types[] = { "accurate", "fast", NULL };

/* Of a setting that is one of some words (the config holds the index): those words. */
static const char *const *
words_of(const struct setting *s)
{
    return s->kind == KIND_LEVEL ? levels : model_types;
}

/* FLASK_PORT stands before PORT: the later row of one place wins. */
static const struct setting settings[] = {
    { "FLASK_PORT", KIND_INT, AT(port), "5001", 0, 65535, false, "port to listen on (0: any free one)" },
    { "PORT", KIND_INT, AT(port), NULL, 0, 65535, false, "the same; wins over FLASK_PORT" },
    { "FLASK_HOST", KIND_TEXT, AT(host), "0.0.0.0", 1, 0, false, "address to listen on, IPv4 or IPv6" },
    { "MODEL_TYPE", KIND_TYPE, AT(model_type), "accurate", 0, 0, false,
      "the installed model: accurate, or fast (about twice as fast)" },
    { "MODEL_DIR", KIND_TEXT, AT(model_dir), "", 0, 0, false, "a model bundle of your own; wins over MODEL_TYPE" },
    { "CONFIDENCE_THRESHOLD", KIND_REAL, AT(threshold), "0.1", 0, 1, false, "leave out predictions below this" },
    { "MAX_IMAGE_SIZE", KIND_INT, AT(max_side_px), "1024", 64, 16384, false,
      "pixels a side that a photo is decoded to at most" },
    { "MAX_MEGAPIXELS", KIND_INT, AT(max_megapixels), "64", 1, 1000, false,
      "declared size of a photo, in million pixels" },
    { "MAX_UPLOAD_MB", KIND_INT, AT(max_upload_mb), "10", 1, 1000, false, "size of one photo, in MiB" },
    { "MAX_INFLIGHT_MB", KIND_INT, AT(max_inflight_mb), "256", 1, 100000, false,
      "all uploads together, in MiB; past it 503" },
    { "WORKERS", KIND_INT, AT(workers), "0", 0, 256, false, "photos identified at once (0: one a core)" },
    { "QUEUE_SIZE", KIND_INT, AT(queue_size), "128", 1, 100000, false, "photos that may wait; past it 503" },
    { "MAX_CONNECTIONS", KIND_INT, AT(max_connections), "1000", 1, 100000, false, "open connections" },
    { "BODY_TIMEOUT_S", KIND_INT, AT(body_timeout_s), "30", 1, 3600, false,
      "seconds for a request's body to arrive; then 408" },
    { "IDLE_TIMEOUT_S", KIND_INT, AT(idle_timeout_s), "60", 1, 3600, false, "seconds that an idle connection is kept" },
    { "DRAIN_TIMEOUT_S", KIND_INT, AT(drain_timeout_s), "30", 1, 3600, false,
      "seconds to finish what was begun when told to stop" },
    { "RATE_LIMIT_PER_MINUTE", KIND_INT, AT(rate_limit_per_minute), "0", 0, 1000000, false,
      "identifications a client address (0: no limit); past it 429" },
    { "ALLOWED_EXTENSIONS", KIND_TEXT, AT(extensions), "jpg,jpeg,png,webp", 1, 0, false,
      "file names accepted, of jpg, jpeg, png, webp" },
    { "CORS_ORIGINS", KIND_TEXT, AT(cors_origins), "*", 1, 0, false,
      "origins that browsers may call from, separated by commas" },
    { "LOG_LEVEL", KIND_LEVEL, AT(log_level), "info", 0, 0, false, "how much is logged" },
    { "REQUIRE_SANDBOX", KIND_BOOL, AT(require_sandbox), "false", 0, 0, false,
      "do not start where the kernel cannot forbid writing (Landlock)" },
    { "SAVE_IMAGES_TO_DISK", KIND_BOOL, AT(save_images), "false", 0, 0, false,
      "also keep each identified photo, in UPLOAD_DIR" },
    { "UPLOAD_DIR", KIND_TEXT, AT(upload_dir), "uploads", 1, 0, false, "where saved photos go; made when missing" },
    { "UPLOAD_MAX_MB", KIND_INT, AT(upload_max_mb), "1024", 1, 100000000, false,
      "size of all saved photos, in MiB; past it the oldest are removed" },
    { "CLOUDINARY_CLOUD_NAME", KIND_TEXT, AT(cloud_name), "", 0, 0, false,
      "account of the backup; with key and secret it turns the backup on" },
    { "CLOUDINARY_API_KEY", KIND_TEXT, AT(cloud_key), "", 0, 0, true, "its API key" },
    { "CLOUDINARY_API_KEY_FILE", KIND_TEXT, AT(cloud_key_file), "", 0, 0, false, "or a file that holds the key" },
    { "CLOUDINARY_API_SECRET", KIND_TEXT, AT(cloud_secret), "", 0, 0, true, "its API secret" },
    { "CLOUDINARY_API_SECRET_FILE", KIND_TEXT, AT(cloud_secret_file), "", 0, 0, false,
      "or a file that holds the secret" },
    { "CLOUDINARY_UPLOAD_PRESET", KIND_TEXT, AT(cloud_preset), "ai_identified_pets", 0, 0, false,
      "upload preset named in an upload (empty: none)" },
    { "CLOUDINARY_FOLDER", KIND_TEXT, AT(cloud_folder), "ai-ml/identified-pets", 0, 0, false,
      "folder that backups go to (empty: none)" },
    { "CLOUDINARY_BASE_URL", KIND_TEXT, AT(cloud_base_url), "https://api.cloudinary.com", 1, 0, false,
      "where Cloudinary is; HTTPS, except on this machine" },
    { "CLOUDINARY_CA_FILE", KIND_TEXT, AT(cloud_ca_file), "", 0, 0, false,
      "certificates to trust instead of the system's (PEM)" },
    { "CLOUDINARY_SHA256", KIND_BOOL, AT(cloud_sha256), "false", 0, 0, false,
      "sign by SHA-256 instead of SHA-1, as set in the account" },
    { "CLOUDINARY_KEEP_METADATA", KIND_BOOL, AT(cloud_keep_metadata), "false", 0, 0, false,
      "send the photo as it came, with EXIF and GPS, instead of a clean upright JPEG" },
    { "CLOUDINARY_TIMEOUT_MS", KIND_INT, AT(cloud_timeout_ms), "10000", 100, 600000, false,
      "milliseconds that one of three tries may take" },
    { "CLOUDINARY_MAX_INFLIGHT", KIND_INT, AT(cloud_max_inflight), "8", 1, 256, false, "backups on their way at once" },
    { "CLOUDINARY_PAUSE_S", KIND_INT, AT(cloud_pause_s), "30", 1, 3600, false,
      "seconds that Cloudinary is left alone after five failures in a row" },
};
enum { SETTINGS = sizeof settings / sizeof settings[0] };

enum { ENV_FILE_MAX_BYTES = 64 << 10, FLAG_MAX = 64 };

/* ---- a value ---- */

static void
allowed_text(const struct setting *s, char *out, size_t size)
{
    const char *const *words;

    switch (s->kind) {
    case KIND_INT: snprintf(out, size, "an integer from %.0f to %.0f", s->min, s->max); break;
    case KIND_REAL: snprintf(out, size, "a number from %g to %g", s->min, s->max); break;
    case KIND_BOOL: snprintf(out, size, "true or false"); break;
    case KIND_LEVEL:
    case KIND_TYPE:
        words = words_of(s);
        *out = '\0';
        for (int i = 0; words[i]; i++)
            snprintf(out + strlen(out), size - strlen(out), "%s%s", !i ? "" : words[i + 1] ? ", " : " or ", words[i]);
        break;
    case KIND_TEXT:
        snprintf(out, size, "%s text of at most %d characters", s->min > 0 ? "a" : "any", CONFIG_TEXT_MAX - 1);
        break;
    }
}

static bool
set_int(const struct setting *s, const char *text, long *out)
{
    char *end;
    long n;

    if (!isdigit((unsigned char)*text)) return false; /* strtol takes blanks and signs */
    errno = 0;
    n = strtol(text, &end, 10);
    if (errno || *end || n < (long)s->min || n > (long)s->max) return false;
    *out = n;
    return true;
}

static bool
set_real(const struct setting *s, const char *text, double *out)
{
    char *end;
    double v;

    if (!isdigit((unsigned char)*text) && *text != '.') return false; /* no blanks, signs, "nan" */
    v = strtod(text, &end);
    if (*end || !(v >= s->min && v <= s->max)) return false;
    *out = v;
    return true;
}

static bool
set_value(struct config *c, const struct setting *s, const char *text)
{
    void *at = (char *)c + s->at;

    switch (s->kind) {
    case KIND_INT: return set_int(s, text, at);
    case KIND_REAL: return set_real(s, text, at);
    case KIND_BOOL: return *text && text_bool(text, at); /* a setting is not switched off by saying nothing */
    case KIND_LEVEL:
    case KIND_TYPE:
        for (long i = 0; words_of(s)[i]; i++) {
            if (strcasecmp(text, words_of(s)[i])) continue;
            *(long *)at = i;
            return true;
        }
        return false;
    case KIND_TEXT:
        if (strlen(text) >= CONFIG_TEXT_MAX || strlen(text) < (size_t)s->min) return false;
        memcpy(at, text, strlen(text) + 1);
        return true;
    }
    return false;
}

static bool
take(struct config *c, const struct setting *s, const char *text, const char *where)
{
    char allowed[128], shown[96];

    if (set_value(c, s, text)) return true;
    allowed_text(s, allowed, sizeof allowed);
    fprintf(stderr, "breedlens: %s=%s%s: %s\n", s->name,
            s->secret ? "(not shown)" : log_quote(text, shown, sizeof shown), where, allowed);
    return false;
}

/* ---- flags ---- */

/* CONFIDENCE_THRESHOLD is --confidence-threshold; the two old names lose their prefix. */
static void
flag_name(const struct setting *s, char *out, size_t size)
{
    const char *name = strncmp(s->name, "FLASK_", 6) ? s->name : s->name + 6;
    size_t i = 0;

    if (!strcmp(s->name, "MODEL_DIR")) name = "MODEL";
    for (; name[i] && i + 1 < size; i++) out[i] = name[i] == '_' ? '-' : (char)tolower((unsigned char)name[i]);
    out[i] = '\0';
}

/* PORT's flag is the one that counts; a secret has none. */
static bool
has_flag(const struct setting *s)
{
    return !s->secret && strcmp(s->name, "FLASK_PORT") != 0;
}

static const struct setting *
find_flag(const char *flag, size_t len)
{
    for (const struct setting *s = settings; s < settings + SETTINGS; s++) {
        char name[FLAG_MAX];

        flag_name(s, name, sizeof name);
        if (has_flag(s) && strlen(name) == len && strncmp(name, flag, len) == 0) return s;
    }
    return NULL;
}

/* What a shell may complete after a flag. */
static const char *
flag_argument(const struct setting *s)
{
    size_t len = strlen(s->name);

    switch (s->kind) {
    case KIND_BOOL: return "true|false";
    case KIND_LEVEL: return "error|warn|info|debug";
    case KIND_TYPE: return "accurate|fast";
    case KIND_INT:
    case KIND_REAL: return "N";
    case KIND_TEXT: break;
    }
    return len > 4 && strcmp(s->name + len - 4, "_DIR") == 0 ? "DIR" : "TEXT";
}

bool
config_describe(size_t index, struct config_row *out)
{
    const struct setting *s = &settings[index];

    if (index >= SETTINGS) return false;
    *out = (struct config_row){ .name = s->name, .arg = flag_argument(s), .def = s->def, .help = s->help };
    if (has_flag(s)) flag_name(s, out->flag, sizeof out->flag);
    allowed_text(s, out->allowed, sizeof out->allowed);
    return true;
}

/* ---- what is printed ---- */

static void
print_value(FILE *out, const struct config *c, const struct setting *s)
{
    const void *at = (const char *)c + s->at;

    switch (s->kind) {
    case KIND_INT: fprintf(out, "%ld", *(const long *)at); break;
    case KIND_REAL: fprintf(out, "%g", *(const double *)at); break;
    case KIND_BOOL: fputs(*(const bool *)at ? "true" : "false", out); break;
    case KIND_LEVEL:
    case KIND_TYPE: fputs(words_of(s)[*(const long *)at], out); break;
    case KIND_TEXT: fputs(!s->secret ? (const char *)at : *(const char *)at ? "(set)" : "(not set)", out); break;
    }
}

static void
print_config(const struct config *c)
{
    for (const struct setting *s = settings; s < settings + SETTINGS; s++) {
        if (!strcmp(s->name, "FLASK_PORT")) continue; /* PORT shows the one that counts */
        printf("%s=", s->name);
        print_value(stdout, c, s);
        putchar('\n');
    }
}

static void
print_help(void)
{
    puts("usage: breedlens serve [OPTIONS]\n\n"
         "Serves identification over HTTP; prints one line `ready http://...` when it accepts connections.\n"
         "SIGTERM finishes what was begun and stops.\n\n"
         "  --print-config            the settings as they stand, and no more (secrets are not shown)\n"
         "  --print-docs md|env       the settings as docs/CONFIG.md or .env.example\n"
         "  --help                    this text\n\n"
         "settings: as a flag, in the environment, or in a .env file in the working directory (in that order)");
    for (const struct setting *s = settings; s < settings + SETTINGS; s++) {
        char flag[FLAG_MAX] = "";

        if (has_flag(s)) flag_name(s, flag, sizeof flag);
        printf("  %s%-28s%s\n  %30s%s%s%s%s\n", *flag ? "--" : "  ", flag, s->name, "", s->help,
               s->def && *s->def ? " [" : "", s->def && *s->def ? s->def : "", s->def && *s->def ? "]" : "");
    }
}

static void
print_docs_md(void)
{
    puts(
        "# Settings\n\n"
        "Made by `breedlens serve --print-docs md`; a test holds this page and the program together.\n\n"
        "A setting is looked for as a flag of `breedlens serve`, then in the environment, then in a `.env` file in the\n"
        "working directory (`NAME=value`; `#` comments, quotes and `export` are understood). A bad value stops the start\n"
        "with one line that names it. Secrets have no flag and are never shown.\n\n"
        "| variable | flag | default | allowed | meaning |\n|---|---|---|---|---|");
    for (const struct setting *s = settings; s < settings + SETTINGS; s++) {
        char flag[FLAG_MAX] = "", allowed[128];

        if (has_flag(s)) flag_name(s, flag, sizeof flag);
        allowed_text(s, allowed, sizeof allowed);
        printf("| `%s` | %s%s%s | %s%s%s | %s | %s |\n", s->name, *flag ? "`--" : "–", flag, *flag ? "`" : "",
               s->def && *s->def ? "`" : "–", s->def ? s->def : "", s->def && *s->def ? "`" : "", allowed, s->help);
    }
}

static void
print_docs_env(void)
{
    puts("# breedlens reads a file named .env in its working directory. Every setting with its default;\n"
         "# docs/CONFIG.md says what is allowed. Made by `breedlens serve --print-docs env`.\n");
    for (const struct setting *s = settings; s < settings + SETTINGS; s++)
        printf("# %s\n#%s=%s\n", s->help, s->name, s->def ? s->def : "");
}

/* ---- .env ---- */

/* The value of NAME=value: quotes, escapes in double quotes, inline comments. Works in place; NULL when malformed. */
static char *
env_value(char *text)
{
    char *out = text, *at = text, quote;

    if (*text != '"' && *text != '\'') { /* plain: to a comment or the end, without trailing blanks */
        for (; *at && !(*at == '#' && (at == text || isblank((unsigned char)at[-1]))); at++) continue;
        while (at > text && isspace((unsigned char)at[-1])) at--;
        *at = '\0';
        return text;
    }
    quote = *at++;
    for (; *at && *at != quote; at++) {
        if (quote == '"' && *at == '\\' && at[1]) at++;
        *out++ = *at;
    }
    if (*at++ != quote) return NULL;
    while (isspace((unsigned char)*at)) at++;
    if (*at && *at != '#') return NULL;
    *out = '\0';
    return text;
}

/* Splits a line; *name is NULL for a blank line or comment. False when malformed. */
static bool
env_line(char *line, char **name, char **value)
{
    char *p = line;

    *name = NULL;
    while (isspace((unsigned char)*p)) p++;
    if (!*p || *p == '#') return true;
    if (strncmp(p, "export", 6) == 0 && isblank((unsigned char)p[6]))
        for (p += 6; isblank((unsigned char)*p);) p++;
    *name = p;
    while (isalnum((unsigned char)*p) || *p == '_') p++;
    if (p == *name || isdigit((unsigned char)**name)) return false;
    while (isblank((unsigned char)*p)) *p++ = '\0';
    if (*p != '=') return false;
    *p++ = '\0';
    while (isblank((unsigned char)*p)) p++;
    *value = env_value(p);
    return *value != NULL;
}

/* The values of .env by setting, in text[]; owned by the caller. */
static bool
read_env_file(char *text[SETTINGS])
{
    char line[1024], *name, *value;
    struct stat info;
    bool ok = true;
    FILE *f;

    if (stat(".env", &info))
        return errno == ENOENT || (fprintf(stderr, "breedlens: .env: %s\n", strerror(errno)), false);
    if (!S_ISREG(info.st_mode) || info.st_size > ENV_FILE_MAX_BYTES) {
        fprintf(stderr, "breedlens: .env: must be a file of at most %d kB\n", ENV_FILE_MAX_BYTES >> 10);
        return false;
    }
    f = fopen(".env", "r");
    if (!f) {
        fprintf(stderr, "breedlens: .env: %s\n", strerror(errno));
        return false;
    }
    for (unsigned n = 1; ok && fgets(line, sizeof line, f); n++) {
        ok =
            (strchr(line, '\n') || feof(f)) && env_line(line, &name, &value); /* a line cut by the buffer is too long */
        if (!ok) fprintf(stderr, "breedlens: .env line %u: must be NAME=value\n", n);
        for (int i = 0; ok && name && i < SETTINGS; i++) {
            if (strcmp(settings[i].name, name)) continue;
            free(text[i]);
            text[i] = strdup(value);
            ok = text[i] != NULL;
        }
    }
    fclose(f);
    return ok;
}

/* ---- all together ---- */

static bool
read_flags(int argc, char **argv, const char *given[SETTINGS], const char **docs, bool *help, bool *show)
{
    for (int i = 1; i < argc; i++) {
        const char *flag = argv[i] + 2, *value;
        const struct setting *s;
        size_t len;

        if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
            *help = true;
            continue;
        }
        if (!strcmp(argv[i], "--print-config")) {
            *show = true;
            continue;
        }
        if (strncmp(argv[i], "--", 2) != 0) {
            fprintf(stderr, "breedlens: unexpected '%s'; see breedlens serve --help\n", argv[i]);
            return false;
        }
        len = strcspn(flag, "=");
        s = find_flag(flag, len);
        if (!s && !(len == 10 && !strncmp(flag, "print-docs", len))) {
            fprintf(stderr, "breedlens: unknown option '%s'; see breedlens serve --help\n", argv[i]);
            return false;
        }
        value = flag[len] ? flag + len + 1 : i + 1 < argc ? argv[++i] : NULL;
        if (!value) {
            fprintf(stderr, "breedlens: option '%s' needs a value\n", argv[i]);
            return false;
        }
        if (s) given[s - settings] = value;
        else *docs = value;
    }
    return true;
}

/* The extensions must be among those that the decoders can mean. */
static bool
check_extensions(const struct config *c)
{
    char list[CONFIG_TEXT_MAX], *rest = list, *word;

    memcpy(list, c->extensions, sizeof list);
    while ((word = strsep(&rest, ","))) {
        word += strspn(word, " .");
        word[strcspn(word, " ")] = '\0';
        if (strcasecmp(word, "jpg") && strcasecmp(word, "jpeg") && strcasecmp(word, "png") &&
            strcasecmp(word, "webp")) {
            fprintf(stderr, "breedlens: ALLOWED_EXTENSIONS=\"%s\": a list of jpg, jpeg, png, webp\n", c->extensions);
            return false;
        }
    }
    return true;
}

enum config_verdict
config_load(struct config *out, int argc, char **argv)
{
    const char *flags[SETTINGS] = { 0 }, *docs = NULL;
    char *file[SETTINGS] = { 0 };
    bool help = false, show = false, ok;

    memset(out, 0, sizeof *out);
    if (!read_flags(argc, argv, flags, &docs, &help, &show)) return CONFIG_BAD;
    if (help) {
        print_help();
        return CONFIG_DONE;
    }
    if (docs && !strcmp(docs, "md")) {
        print_docs_md();
        return CONFIG_DONE;
    }
    if (docs && !strcmp(docs, "env")) {
        print_docs_env();
        return CONFIG_DONE;
    }
    if (docs) {
        fprintf(stderr, "breedlens: --print-docs: md or env\n");
        return CONFIG_BAD;
    }
    ok = read_env_file(file);
    /* Source by source: within one, PORT wins over FLASK_PORT; a nearer source wins over both. */
    for (int i = 0; ok && i < SETTINGS; i++)
        if (settings[i].def) ok = take(out, &settings[i], settings[i].def, "");
    for (int i = 0; ok && i < SETTINGS; i++)
        if (file[i]) ok = take(out, &settings[i], file[i], " (from .env)");
    for (int i = 0; ok && i < SETTINGS; i++)
        if (getenv(settings[i].name)) ok = take(out, &settings[i], getenv(settings[i].name), "");
    for (int i = 0; ok && i < SETTINGS; i++)
        if (flags[i]) ok = take(out, &settings[i], flags[i], " (from its flag)");
    for (int i = 0; i < SETTINGS; i++) free(file[i]);
    if (!ok || !check_extensions(out)) return CONFIG_BAD;
    if (show) {
        print_config(out);
        return CONFIG_DONE;
    }
    return CONFIG_GO;
}

const char *
config_model_type(const struct config *config)
{
    return model_types[config->model_type];
}
