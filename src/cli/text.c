/* SPDX-License-Identifier: Apache-2.0
 * Bytes from outside as JSON text, and words from outside as yes or no.
 */
#include "text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What is not UTF-8 becomes '?', one a byte. */
json_t *
json_any_text(const char *bytes)
{
    json_t *text = json_string(bytes);
    char *copy;

    if (text) return text;
    copy = strdup(bytes);
    if (!copy) return NULL;
    for (char *p = copy; *p; p++)
        if (*p & 0x80) *p = '?';
    text = json_string(copy);
    free(copy);
    return text;
}

static const struct {
    const char *word;
    bool value;
} words[] = {
    { "true", true }, { "1", true },   { "yes", true },  { "on", true }, { "false", false },
    { "0", false },   { "no", false }, { "off", false }, { "", false },
};
enum { WORDS = sizeof words / sizeof words[0] };

bool
text_bool(const char *text, bool *out)
{
    for (size_t i = 0; i < WORDS; i++) {
        if (strcasecmp(text, words[i].word)) continue;
        *out = words[i].value;
        return true;
    }
    return false;
}

const char *
text_bool_word(size_t index)
{
    return index < WORDS ? words[index].word : NULL;
}
