/* SPDX-License-Identifier: Apache-2.0
 * One photo's answer as a line of output, and lines of output read back.
 */
#ifndef BL_RECORD_H
#define BL_RECORD_H

#include "pool.h"

#include <stdio.h>
#include <sys/types.h>

enum record_format {
    RECORD_TABLE,  /* for people: breed, species, confidence, file */
    RECORD_CSV,    /* RFC 4180, with a heading */
    RECORD_NDJSON, /* a JSON object a line: the breed result, with file, species and moved_to */
    RECORD_JSON,   /* the same with file only: what `identify --json` prints */
};

/* "table", "csv" or "ndjson"; false when it is none. */
bool record_format_parse(const char *text, enum record_format *out);

/* What a file's name asks for: .csv, .ndjson, .jsonl; otherwise a table. */
enum record_format record_format_of(const char *path);

/* The line that opens a new output; "" for none. */
const char *record_heading(enum record_format format);

/* The likeliest species and breed that an answer is filed under. */
const char *record_species(const struct bl_result *result);
const char *record_breed(const struct bl_result *result);

/* Write one whole record, its newline included. `moved_to` may be NULL. False when out of memory. */
bool record_write(FILE *out, enum record_format format, const struct pool_answer *answer, const char *moved_to);

/* A record read back; the texts are the reader's. */
struct record {
    const char *file;
    const char *moved_to; /* NULL: was not moved */
    const char *error;    /* NULL: identified */
    const char *species, *breed;
};

/*
 * Read what record_write() wrote, in CSV or NDJSON: each() gets every whole record (false stops). *good is the length
 * up to the end of the last one: what follows was torn by a crash. False, with one line printed, when the file cannot
 * be read or holds anything else.
 */
bool record_read(const char *path, enum record_format format, bool (*each)(void *arg, const struct record *record),
                 void *arg, off_t *good);

#endif
