/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BL_CLOUD_H
#define BL_CLOUD_H

#include "breedlens.h"
#include "config.h"

/*
 * The backup's options of these settings, whose texts they point into; *on
 * tells whether a backup is configured at all. False when it is so by half or
 * wrongly, after one line to stderr that names the setting. Reads the secrets'
 * files into the settings.
 */
bool cloud_options(struct config *config, struct bl_backup_options *out, bool *on);

/* The port that a checked CLOUDINARY_BASE_URL leads to. */
unsigned cloud_port(const struct config *config);

#endif
