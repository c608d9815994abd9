/* SPDX-License-Identifier: Apache-2.0
 * The log: one line an event to stderr, key=value, the request's id first.
 * Never a photo's bytes or name, never a secret. Any thread.
 */
#ifndef BL_LOG_H
#define BL_LOG_H

#include <stddef.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Set once, by the main thread, before any other thread exists. */
void log_set_level(enum log_level level);

/* `id` names the request, or is NULL outside of one. */
void log_event(enum log_level level, const char *id, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* A client's text, safe to log: quoted, escaped, cut to the room. Returns `out`. */
const char *log_quote(const char *text, char *out, size_t size);

#endif
