/* SPDX-License-Identifier: Apache-2.0
 * The log. A line is made whole and written by one call, so that threads do not mix theirs.
 */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 1024 };

static const char *const level_names[] = { "error", "warn", "info", "debug" };
static enum log_level lowest = LOG_LEVEL_INFO; /* set before threads, read after: needs no lock */

void
log_set_level(enum log_level level)
{
    lowest = level;
}

void
log_event(enum log_level level, const char *id, const char *fmt, ...)
{
    char line[LINE_MAX_BYTES], day[24];
    struct timespec now;
    struct tm utc;
    va_list ap;
    int n;

    if (level > lowest) return;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &utc);
    n = snprintf(line, sizeof line, "%s%s%st=%s.%03ldZ level=%s ", id ? "id=" : "", id ? id : "", id ? " " : "", day,
                 now.tv_nsec / 1000000, level_names[level]);
    va_start(ap, fmt);
    n += vsnprintf(line + n, sizeof line - (size_t)n, fmt, ap);
    va_end(ap);
    if (n > LINE_MAX_BYTES - 2) n = LINE_MAX_BYTES - 2;
    line[n++] = '\n';
    if (write(STDERR_FILENO, line, (size_t)n) < 0) return; /* a log that is gone must not stop the service */
}

const char *
log_quote(const char *text, char *out, size_t size)
{
    static const char hex[] = "0123456789abcdef";
    size_t n = 0;

    out[n++] = '"';
    for (; *text && n + 6 < size; text++) {
        unsigned char c = (unsigned char)*text;

        if (c == '"' || c == '\\') {
            out[n++] = '\\';
            out[n++] = (char)c;
        } else if (c < 0x20 || c >= 0x7f) {
            out[n++] = '\\';
            out[n++] = 'x';
            out[n++] = hex[c >> 4];
            out[n++] = hex[c & 15];
        } else {
            out[n++] = (char)c;
        }
    }
    out[n++] = '"';
    out[n] = '\0';
    return out;
}
