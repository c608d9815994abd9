/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BL_TEXT_H
#define BL_TEXT_H

#include <jansson.h>
#include <stdbool.h>

/* Any bytes as a JSON text: JSON is UTF-8, file names need not be. NULL only when out of memory. */
json_t *json_any_text(const char *bytes);

/* A word for yes or no, in upper or lower case: settings and form fields take the same. "" is no. False when it is
 * none. */
bool text_bool(const char *text, bool *out);

/* The index-th of these words, NULL beyond the last. */
const char *text_bool_word(size_t index);

#endif
