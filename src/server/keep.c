/* SPDX-License-Identifier: Apache-2.0
 * What becomes of an identified photo when more is asked than its breed: a file
 * in UPLOAD_DIR, a backup at Cloudinary. For the backup the request waits
 * suspended, the worker does not.
 */
#include "server.h"

#include "log.h"

#include <stdlib.h>
#include <string.h>

/* The backup's thread: the request has waited for this. */
static void
backed_up(void *context, const struct bl_backup_answer *answer)
{
    struct req *req = context;
    struct photo *photo = req->photos;

    app_release(req->app, photo->backup_bytes);
    photo->backup_bytes = 0;
    if (!answer->status) photo->backup_url = strdup(answer->url);
    snprintf(photo->backup_error, sizeof photo->backup_error, "%s", answer->status ? answer->text : "out of memory");
    log_event(answer->status ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, req->id, "event=backup status=%s%s%s%s",
              bl_status_name(answer->status), answer->status ? " text=\"" : "", answer->text,
              answer->status ? "\"" : "");
    queue_photo_done(req);
}

/* What is to be sent, and its share of the memory for uploads; NULL with the photo's backup_error set. */
static void *
outgoing(struct app *app, struct photo *photo, size_t *len)
{
    void *jpeg = NULL;
    struct bl_error err;

    if (app->config->cloud_keep_metadata) { /* the very bytes: they change hands, with the room they take */
        jpeg = photo->data;
        *len = photo->len;
        photo->backup_bytes = photo->room;
        photo->data = NULL;
        photo->len = photo->room = 0;
        return jpeg;
    }
    if (bl_photo_clean(photo->data, photo->len, &app->limits, &jpeg, len, &err)) {
        snprintf(photo->backup_error, sizeof photo->backup_error, "out of memory");
        return NULL;
    }
    if (!app_reserve(app, *len)) {
        bl_photo_free(jpeg);
        snprintf(photo->backup_error, sizeof photo->backup_error, "too many backups are waiting");
        return NULL;
    }
    photo->backup_bytes = *len;
    return jpeg;
}

void
keep_photo(struct req *req, struct photo *photo)
{
    struct app *app = req->app;
    struct bl_error err;
    size_t len = 0;
    void *bytes;

    if (photo->refused || photo->status) return;
    if (app->saver)
        photo->save_error =
            saver_save(app->saver, req->id, req->route->max_files == 1 ? 0 : (unsigned)(photo - req->photos) + 1,
                       photo->data, photo->len, photo->result.format);
    if (!req->backup_wanted || !app->backup) return;
    bytes = outgoing(app, photo, &len);
    if (!bytes) return;
    atomic_fetch_add(&req->pending, 1); /* before it is begun: it may end that fast */
    if (!bl_backup_upload(app->backup, bytes, len, &photo->result, backed_up, req, &err)) return;
    atomic_fetch_sub(&req->pending, 1);
    app_release(app, photo->backup_bytes);
    photo->backup_bytes = 0;
    snprintf(photo->backup_error, sizeof photo->backup_error, "%.*s", (int)sizeof photo->backup_error - 1, err.text);
    log_event(LOG_LEVEL_WARN, req->id, "event=backup status=not-tried text=\"%s\"", photo->backup_error);
}
