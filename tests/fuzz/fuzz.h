/* SPDX-License-Identifier: Apache-2.0
 * What the fuzz targets share. Built with libFuzzer they search; built plainly (with replay.c) they run the files
 * named on the command line, so that `make test` replays every input that once failed.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include "internal.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#endif
