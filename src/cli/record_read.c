/* SPDX-License-Identifier: Apache-2.0
 * Reads records back, to go on where a run was interrupted. The last one may be
 * torn: a crash can leave half a line, or zeros where the disk did not follow.
 */
#include "record.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS_MAX = 32 };

struct reader {
    FILE *f;
    bool (*each)(void *arg, const struct record *record);
    void *arg;
    unsigned long records;
    char *line; /* the current record's bytes, getline()'s */
    size_t room;
};

enum outcome { WHOLE, BAD, TORN, STOPPED };

/* ---- NDJSON ---- */

/* The name under `key`, from its bytes when it is not UTF-8. malloc'd; NULL when there is none. */
static char *
get_name(const json_t *root, const char *key, const char *bytes_key)
{
    const char *text = json_string_value(json_object_get(root, key));
    const char *hex = json_string_value(json_object_get(root, bytes_key));
    char *name, pair[3] = "";
    size_t n = 0;

    if (!hex) return text ? strdup(text) : NULL;
    name = calloc(strlen(hex) / 2 + 1, 1);
    for (; name && hex[n * 2] && hex[n * 2 + 1]; n++) {
        memcpy(pair, hex + n * 2, 2);
        name[n] = (char)strtoul(pair, NULL, 16);
    }
    return name;
}

static enum outcome
json_record(struct reader *r, size_t len)
{
    json_t *root = json_loadb(r->line, len, 0, NULL);
    const json_t *success = json_object_get(root, "success");
    char *file = get_name(root, "file", "file_bytes"), *moved_to = get_name(root, "moved_to", "moved_to_bytes");
    struct record record = {
        .file = file,
        .moved_to = moved_to,
        .species = json_string_value(json_object_get(root, "species")),
        .breed = json_string_value(json_object_get(root, "primary_breed")),
        .error = json_is_true(success) ? NULL : json_string_value(json_object_get(root, "error")),
    };
    enum outcome outcome = BAD;

    if (file && (record.error || (json_is_true(success) && record.species && record.breed)))
        outcome = r->each(r->arg, &record) ? WHOLE : STOPPED;
    free(file);
    free(moved_to);
    json_decref(root);
    return outcome;
}

static enum outcome
next_json(struct reader *r)
{
    ssize_t len = getline(&r->line, &r->room, r->f);

    return len <= 0 || r->line[len - 1] != '\n' ? TORN : json_record(r, (size_t)len);
}

/* ---- CSV ---- */

/* One field after `line`'s first `*used` bytes; reads on. ',' or '\n' ended it, or EOF: it is torn. */
static int
csv_field(FILE *f, FILE *into)
{
    int c = getc(f);
    bool quoted = c == '"';

    if (quoted) c = getc(f);
    for (; c != EOF; c = getc(f)) {
        if (quoted && c == '"') {
            c = getc(f);
            if (c != '"') {
                quoted = false;
                ungetc(c, f);
                continue;
            }
        } else if (!quoted && (c == ',' || c == '\n')) {
            return c;
        } else if (!quoted && c == '\r') {
            continue;
        }
        putc(c, into);
    }
    return EOF;
}

/* The fields of one record, one after another in r->line with a zero after each; their number, or -1 when torn. */
static int
csv_fields(struct reader *r, const char *field[COLUMNS_MAX])
{
    FILE *into;
    int end, n = 0;
    size_t len = 0;

    free(r->line);
    r->line = NULL;
    into = open_memstream(&r->line, &len);
    if (!into) return -1;
    do {
        end = csv_field(r->f, into);
        putc('\0', into);
        n++;
    } while (end == ',' && n < COLUMNS_MAX);
    if (fclose(into) || end != '\n') return -1;
    field[0] = r->line;
    for (int i = 1; i < n; i++) field[i] = field[i - 1] + strlen(field[i - 1]) + 1;
    return n;
}

/* Checked against what this version writes: a record of another shape is not guessed at. */
static enum outcome
next_csv(struct reader *r)
{
    enum { FILE_NAME, SUCCESS, BREED, SPECIES, MOVED_TO = 12, ERROR, COLUMNS };
    const char *field[COLUMNS_MAX];
    struct record record;
    int n = csv_fields(r, field);

    if (n < 0) return TORN;
    if (n != COLUMNS) return BAD;
    record = (struct record){ .file = field[FILE_NAME],
                              .moved_to = *field[MOVED_TO] ? field[MOVED_TO] : NULL,
                              .error = *field[ERROR] ? field[ERROR] : NULL,
                              .species = field[SPECIES],
                              .breed = field[BREED] };
    if (strcmp(field[SUCCESS], record.error ? "false" : "true") != 0) return BAD;
    return r->each(r->arg, &record) ? WHOLE : STOPPED;
}

/* ---- both ---- */

/* The heading and more, or no more than a torn heading. */
static bool
read_heading(struct reader *r, const char *heading, off_t *good)
{
    char start[256];
    size_t want = strlen(heading), got = fread(start, 1, want, r->f), same = 0;

    while (same < got && start[same] == heading[same]) same++;
    if (same == want) *good = (off_t)want;
    else
        while (same < got && start[same] == '\0') same++;
    return same == got;
}

bool
record_read(const char *path, enum record_format format, bool (*each)(void *arg, const struct record *record),
            void *arg, off_t *good)
{
    struct reader r = { .f = fopen(path, "r"), .each = each, .arg = arg };
    enum outcome outcome = BAD;

    *good = 0;
    if (!r.f) {
        fprintf(stderr, "breedlens: %s: %s\n", path, strerror(errno));
        return false;
    }
    if (read_heading(&r, record_heading(format), good)) {
        do {
            outcome = format == RECORD_CSV ? next_csv(&r) : next_json(&r);
            if (outcome == WHOLE) *good = ftello(r.f);
            r.records += outcome == WHOLE;
        } while (outcome == WHOLE);
        /* What cannot be understood is torn when it is the last, and somebody else's when more follows. */
        if (outcome == BAD && getc(r.f) == EOF) outcome = TORN;
    }
    if (outcome == BAD)
        fprintf(stderr, "breedlens: %s: record %lu is not one that breedlens batch wrote\n", path, r.records + 1);
    if (outcome == STOPPED || ferror(r.f)) fprintf(stderr, "breedlens: %s: cannot be read to its end\n", path);
    outcome = ferror(r.f) ? STOPPED : outcome;
    free(r.line);
    fclose(r.f);
    return outcome == TORN;
}
