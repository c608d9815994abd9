/* SPDX-License-Identifier: Apache-2.0
 * Counts answers by species and breed. A model knows some hundred breeds: a list will do.
 */
#include "progress.h"

#include <stdlib.h>
#include <string.h>

/* Out of memory costs a line of the summary, no answer: the counts of photos stay right. */
void
tally_add(struct tally *t, const char *species, const char *breed)
{
    struct tally_row *row = t->rows, *end = t->rows + t->count;

    t->identified++;
    while (row < end && (strcmp(row->breed, breed) != 0 || strcmp(row->species, species) != 0)) row++;
    if (row == end) {
        if (t->count == t->room) {
            size_t room = t->room ? t->room * 2 : 64;
            struct tally_row *bigger = realloc(t->rows, room * sizeof *bigger);

            if (!bigger) return;
            t->rows = bigger;
            t->room = room;
        }
        row = &t->rows[t->count];
        *row = (struct tally_row){ .species = strdup(species), .breed = strdup(breed) };
        if (!row->species || !row->breed) {
            free(row->species);
            free(row->breed);
            return;
        }
        t->count++;
    }
    row->photos++;
}

void
tally_fail(struct tally *t, const char *file, const char *error)
{
    size_t room = strlen(file) + strlen(error) + 3;
    char *text = t->failed < FAILURES_LISTED ? malloc(room) : NULL;

    if (text) snprintf(text, room, "%s: %s", file, error);
    if (t->failed < FAILURES_LISTED) t->failures[t->failed] = text;
    t->failed++;
}

static size_t
species_photos(const struct tally *t, const char *species)
{
    size_t n = 0;

    for (size_t i = 0; i < t->count; i++)
        if (strcmp(t->rows[i].species, species) == 0) n += t->rows[i].photos;
    return n;
}

/* Breeds by number within species by number, Unknown last. */
static int
by_number(const void *x, const void *y, void *arg)
{
    const struct tally *t = arg;
    const struct tally_row *a = &t->rows[*(const size_t *)x], *b = &t->rows[*(const size_t *)y];
    size_t na = species_photos(t, a->species), nb = species_photos(t, b->species);
    int ua = strcmp(a->species, "Unknown") == 0, ub = strcmp(b->species, "Unknown") == 0;

    if (ua != ub) return ua - ub;
    if (na != nb) return na < nb ? 1 : -1;
    if (strcmp(a->species, b->species) != 0) return strcmp(a->species, b->species);
    if (a->photos != b->photos) return a->photos < b->photos ? 1 : -1;
    return strcmp(a->breed, b->breed);
}

void
tally_print(FILE *out, const struct tally *t)
{
    size_t *order = calloc(t->count + 1, sizeof *order);
    const char *species = "";

    for (size_t i = 0; order && i < t->count; i++) order[i] = i;
    if (order) qsort_r(order, t->count, sizeof *order, by_number, (void *)t);
    for (size_t i = 0; order && i < t->count; i++) {
        const struct tally_row *row = &t->rows[order[i]];

        if (strcmp(row->species, species) != 0)
            fprintf(out, "%7zu  %s\n", species_photos(t, row->species), row->species);
        species = row->species;
        if (strcmp(row->breed, "Unknown") != 0 || strcmp(species, "Unknown") != 0)
            fprintf(out, "%11zu  %s\n", row->photos, row->breed);
    }
    if (t->failed) fprintf(out, "%7zu  failed\n", t->failed);
    for (size_t i = 0; i < t->failed && i < FAILURES_LISTED; i++)
        if (t->failures[i]) fprintf(out, "             %s\n", t->failures[i]);
    if (t->failed > FAILURES_LISTED) fprintf(out, "             and %zu more\n", t->failed - FAILURES_LISTED);
    free(order);
}

void
tally_clear(struct tally *t)
{
    for (size_t i = 0; i < t->count; i++) {
        free(t->rows[i].species);
        free(t->rows[i].breed);
    }
    free(t->rows);
    for (size_t i = 0; i < FAILURES_LISTED; i++) free(t->failures[i]);
    *t = (struct tally){ 0 };
}
