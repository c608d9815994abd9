/* SPDX-License-Identifier: Apache-2.0
 * Statuses and their one-line texts. Any thread; no state.
 */
#include "internal.h"

#include <stdarg.h>

const char *
bl_status_name(enum bl_status status)
{
    switch (status) {
    case BL_OK: return "ok";
    case BL_E_NOMEM: return "out-of-memory";
    case BL_E_ARG: return "bad-argument";
    case BL_E_IO: return "unreadable";
    case BL_E_EMPTY: return "empty";
    case BL_E_FORMAT: return "unknown-format";
    case BL_E_CORRUPT: return "corrupt";
    case BL_E_TOO_LARGE: return "too-large";
    case BL_E_MODEL: return "bad-model";
    case BL_E_ENGINE: return "engine-failed";
    case BL_E_BACKUP: return "backup-failed";
    }
    return "unknown-status";
}

enum bl_status
bl__fail(struct bl_error *err, enum bl_status status, const char *fmt, ...)
{
    if (err) {
        va_list ap;

        err->status = status;
        va_start(ap, fmt);
        vsnprintf(err->text, sizeof err->text, fmt, ap);
        va_end(ap);
    }
    return status;
}
