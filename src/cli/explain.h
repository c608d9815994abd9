/* SPDX-License-Identifier: Apache-2.0
 * `breedlens identify --explain`: one photo, and a picture of where the model looked.
 */
#ifndef BL_CLI_EXPLAIN_H
#define BL_CLI_EXPLAIN_H

#include "pool.h"

/* Identify `file` ("-": standard input) as the pool would, hand the answer to work->take, draw it into `png_path`. */
bool explain_photo(const struct pool_work *work, const char *file, const char *png_path);

#endif
