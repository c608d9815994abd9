/* SPDX-License-Identifier: Apache-2.0
 * Writes records.
 */
#include "record.h"

#include "text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* The order of the CSV's columns; record_read.c reads them by these names. */
static const char csv_heading[] = "file,success,breed,species,confidence,species_confidence,class_id,format,width,"
                                  "height,seconds,timestamp,moved_to,error\r\n";

bool
record_format_parse(const char *text, enum record_format *out)
{
    static const char *const names[] = { "table", "csv", "ndjson" };

    for (int i = 0; i < (int)(sizeof names / sizeof names[0]); i++) {
        if (strcmp(text, names[i])) continue;
        *out = (enum record_format)i;
        return true;
    }
    return false;
}

enum record_format
record_format_of(const char *path)
{
    const char *dot = strrchr(path, '.');

    if (dot && !strcasecmp(dot, ".csv")) return RECORD_CSV;
    if (dot && (!strcasecmp(dot, ".ndjson") || !strcasecmp(dot, ".jsonl"))) return RECORD_NDJSON;
    return RECORD_TABLE;
}

const char *
record_heading(enum record_format format)
{
    return format == RECORD_CSV ? csv_heading : "";
}

const char *
record_species(const struct bl_result *r)
{
    return r->count ? r->primary_species : r->species; /* of a dog whose breed is unsure: Dog */
}

const char *
record_breed(const struct bl_result *r)
{
    return r->primary_breed;
}

/* ---- NDJSON ---- */

/* A file's name; one that is not UTF-8 is kept whole beside its readable form, as hexadecimal bytes. */
static void
set_name(json_t *root, const char *key, const char *bytes_key, const char *name)
{
    json_t *text = json_string(name);
    char *hex;

    if (!text) {
        hex = malloc(strlen(name) * 2 + 1);
        for (size_t i = 0; hex && name[i]; i++) snprintf(hex + i * 2, 3, "%02x", (unsigned char)name[i]);
        json_object_set_new(root, bytes_key, hex ? json_string(hex) : NULL);
        free(hex);
        text = json_any_text(name);
    }
    json_object_set_new(root, key, text);
}

/* `{"file":...,` and then the library's own text of the result without its brace: nothing is parsed again. */
static bool
write_json(FILE *out, const struct pool_answer *a, const char *moved_to, bool filed)
{
    json_t *head = json_object();
    char *text = NULL, *rest = NULL;

    set_name(head, "file", "file_bytes", a->file);
    if (a->status) {
        json_object_set_new(head, "success", json_false());
        json_object_set_new(head, "error", json_string(a->err.text));
    } else {
        if (filed) json_object_set_new(head, "species", json_string(record_species(&a->result)));
        if (filed) json_object_set_new(head, "species_confidence", json_real(a->result.species_confidence));
        if (moved_to) set_name(head, "moved_to", "moved_to_bytes", moved_to);
        if (bl_result_json(&a->result, &rest)) rest = NULL;
    }
    text = json_dumps(head, JSON_COMPACT | JSON_REAL_PRECISION(6));
    json_decref(head);
    if (text && rest) fprintf(out, "%.*s,%s\n", (int)strlen(text) - 1, text, rest + 1);
    else if (text && a->status) fprintf(out, "%s\n", text);
    else out = NULL;
    free(text);
    free(rest);
    return out != NULL;
}

/* ---- CSV ---- */

static void
csv_text(FILE *out, const char *text, char end)
{
    if (strpbrk(text, ",\"\r\n")) {
        putc('"', out);
        for (; *text; text++) {
            if (*text == '"') putc('"', out);
            putc(*text, out);
        }
        putc('"', out);
    } else {
        fputs(text, out);
    }
    putc(end, out);
}

static void
write_csv(FILE *out, const struct pool_answer *a, const char *moved_to)
{
    const struct bl_result *r = &a->result;
    char stamp[32];
    struct tm utc;

    csv_text(out, a->file, ',');
    if (a->status) {
        fputs("false,,,,,,,,,,,,", out);
        csv_text(out, a->err.text, '\r');
    } else {
        gmtime_r(&r->finished.tv_sec, &utc);
        strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &utc);
        fputs("true,", out);
        csv_text(out, record_breed(r), ',');
        csv_text(out, record_species(r), ',');
        fprintf(out, "%.6f,%.6f,", r->confidence, r->species_confidence);
        csv_text(out, r->count ? r->predictions[0].class_id : "", ',');
        fprintf(out, "%s,%u,%u,%.3f,%s.%03ldZ,", bl_format_name(r->format), r->width, r->height, r->total_s, stamp,
                r->finished.tv_nsec / 1000000);
        csv_text(out, moved_to ? moved_to : "", ',');
        putc('\r', out);
    }
    putc('\n', out);
}

/* ---- table ---- */

static void
write_row(FILE *out, const struct pool_answer *a, const char *moved_to)
{
    const struct bl_result *r = &a->result;
    const char *file = a->file;

    if (a->status) fprintf(out, "%-32s %-12s %7s  ", "-", "-", "");
    else fprintf(out, "%-32s %-12s %5.1f %%  ", record_breed(r), record_species(r), r->confidence * 100);
    for (; *file; file++) putc(iscntrl((unsigned char)*file) ? '?' : *file, out); /* a line stays a line */
    if (a->status) fprintf(out, ": %s", a->err.text);
    else if (moved_to) fprintf(out, " -> %s", moved_to);
    putc('\n', out);
}

bool
record_write(FILE *out, enum record_format format, const struct pool_answer *answer, const char *moved_to)
{
    switch (format) {
    case RECORD_TABLE: write_row(out, answer, moved_to); return true;
    case RECORD_CSV: write_csv(out, answer, moved_to); return true;
    case RECORD_NDJSON: return write_json(out, answer, moved_to, true);
    case RECORD_JSON: return write_json(out, answer, NULL, false);
    }
    return false;
}
