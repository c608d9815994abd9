/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BL_TEXT_H
#define BL_TEXT_H

#include <jansson.h>

/* Any bytes as a JSON text: JSON is UTF-8, file names need not be. NULL only when out of memory. */
json_t *json_any_text(const char *bytes);

#endif
