/* SPDX-License-Identifier: Apache-2.0
 * Bytes from outside as JSON text.
 */
#include "text.h"

#include <stdlib.h>
#include <string.h>

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
