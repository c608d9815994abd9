/* SPDX-License-Identifier: Apache-2.0
 * From logits to breeds: calibrated probabilities, the roll-up to species, the
 * verdict "no pet", threshold and top k. Knows no pixels.
 */
#include "internal.h"

#include <math.h>
#include <string.h>
#include <strings.h>

enum { BEST = sizeof((struct bl_result *)0)->best / sizeof(struct bl_prediction) };

static const char unknown[] = "Unknown";

struct bl_options
bl_options_default(void)
{
    return (struct bl_options){ .top_k = 5, .threshold = 0.1 };
}

bool
bl__species_match(const char *species, const char *word)
{
    size_t n = strlen(species), len = strlen(word);

    if (strncasecmp(species, word, n) == 0 && (len == n || (len == n + 1 && (word[n] | 32) == 's'))) return true;
    if (strncasecmp(species, word, n) == 0 && len == n + 2 && strcasecmp(word + n, "es") == 0) return true; /* fishes */
    /* guppy/guppies: no species of ours needs it yet, but a bundle may bring a "Pony" */
    return n > 1 && (species[n - 1] | 32) == 'y' && len == n + 2 && strncasecmp(species, word, n - 1) == 0 &&
           strcasecmp(word + n - 1, "ies") == 0;
}

/* softmax(logits / temperature): temperature scaling (Guo et al. 2017, "On Calibration of Modern Neural Networks"). */
static void
softmax(const float *logits, unsigned n, double temperature, double *p)
{
    double top = -INFINITY, total = 0;

    for (unsigned i = 0; i < n; i++)
        if (logits[i] > top) top = logits[i];
    for (unsigned i = 0; i < n; i++) total += p[i] = exp((logits[i] - top) / temperature);
    for (unsigned i = 0; i < n; i++) p[i] /= total;
}

/* Add the classes of each label up, in p[0..label_count): a label's index never passes its classes'. */
static void
roll_up(const struct bl__bundle *b, double *p)
{
    for (unsigned i = 0; i < b->class_count; i++) {
        double own = p[i];

        p[i] = 0;
        p[b->classes[i].label_index] += own;
    }
}

static const struct bl__class *
label_class(const struct bl__bundle *b, unsigned label)
{
    return &b->classes[b->label_class[label]];
}

/* Insert into a list of at most `room`, best first; equals keep the taxonomy's order. Returns the new count. */
static size_t
rank(struct bl_prediction *list, size_t count, size_t room, const struct bl_label *label, double confidence)
{
    size_t at = count;

    while (at > 0 && list[at - 1].confidence < confidence) at--;
    if (at == room) return count;
    if (count < room) count++;
    memmove(list + at + 1, list + at, (count - at - 1) * sizeof *list);
    list[at] = (struct bl_prediction){ .breed = label->breed,
                                       .species = label->species,
                                       .class_id = label->class_id,
                                       .raw_class = label->raw_class,
                                       .confidence = confidence };
    return count;
}

/* The likeliest species, and how much of all is "no pet". */
static void
judge_species(const struct bl__bundle *b, const double *p, struct bl_result *out)
{
    double none = 0;

    out->species = unknown;
    out->species_confidence = 0;
    for (unsigned s = 0; s < b->species_count; s++) {
        bool is_none = strcmp(b->species_name[s], unknown) == 0;
        double sum = 0;

        for (unsigned i = 0; i < b->label_count; i++)
            if (label_class(b, i)->species_index == s) sum += p[i];
        if (is_none) {
            none = sum;
        } else if (sum > out->species_confidence) {
            out->species = b->species_name[s];
            out->species_confidence = sum;
        }
    }
    if (none > 0 && none >= b->unknown_threshold) {
        out->species = unknown;
        out->species_confidence = none;
    }
}

void
bl__identify_logits(const struct bl__bundle *b, const float *logits, const struct bl_options *opts, double *p,
                    struct bl_result *out)
{
    double within = 0; /* probability of the species asked for: confidences are conditional on it */
    bool no_pet;

    softmax(logits, b->class_count, b->temperature, p);
    roll_up(b, p);
    judge_species(b, p, out);
    no_pet = out->species == unknown;
    for (unsigned i = 0; i < b->label_count; i++) {
        const struct bl__class *c = label_class(b, i);

        if (c->unknown) continue;
        out->best_count = rank(out->best, out->best_count, BEST, &c->label, p[i]);
        if (!opts->species || bl__species_match(c->label.species, opts->species)) within += p[i];
    }
    if (!opts->species) within = 1;
    for (unsigned i = 0; i < b->label_count && !no_pet && within > 0; i++) {
        const struct bl__class *c = label_class(b, i);
        double confidence = p[i] / within;

        if (c->unknown || (opts->species && !bl__species_match(c->label.species, opts->species))) continue;
        if (confidence > 1) confidence = 1;
        if (confidence >= opts->threshold)
            out->count = rank(out->predictions, out->count, opts->top_k, &c->label, confidence);
    }
    out->primary_breed = out->count ? out->predictions[0].breed : unknown;
    out->primary_species = out->count ? out->predictions[0].species : unknown;
    out->confidence = out->count ? out->predictions[0].confidence : 0;
}
