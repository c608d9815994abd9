/* SPDX-License-Identifier: Apache-2.0
 * One photo, read whole, since it is looked at twice: identified, then drawn.
 */
#include "explain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* All of a file, in memory of bl_photo_alloc(); one byte over the limit is enough for the library to refuse it. */
static void *
read_photo(const char *file, size_t *len)
{
    size_t max = bl_limits_default().max_bytes + 1;
    FILE *f = strcmp(file, "-") ? fopen(file, "rb") : stdin;
    void *data = f ? bl_photo_alloc(max) : NULL;

    if (data) *len = fread(data, 1, max, f);
    if (!f || !data || ferror(f)) {
        fprintf(stderr, "breedlens: %s: %s\n", file, !f || data ? strerror(errno) : "out of memory");
        bl_photo_free(data);
        data = NULL;
    }
    if (f && f != stdin) fclose(f);
    return data;
}

static bool
write_file(const char *path, const void *bytes, size_t len)
{
    FILE *f = fopen(path, "wb");
    bool ok = f && fwrite(bytes, 1, len, f) == len;

    if (f && fclose(f)) ok = false;
    if (!ok) fprintf(stderr, "breedlens: %s: %s\n", path, strerror(errno));
    return ok;
}

static bool
draw(const void *photo, size_t len, const struct bl_result *result, const char *path)
{
    struct bl_error err;
    size_t png_len;
    void *png;
    bool ok;

    if (bl_explanation_png(photo, len, result, NULL, &png, &png_len, &err)) {
        fprintf(stderr, "breedlens: %s\n", err.text);
        return false;
    }
    ok = write_file(path, png, png_len);
    bl_photo_free(png);
    return ok;
}

bool
explain_photo(const struct pool_work *work, const char *file, const char *png_path)
{
    struct pool_answer answer = { .file = strdup(file) };
    struct bl_worker *worker = NULL;
    size_t len = 0;
    void *photo = answer.file ? read_photo(file, &len) : NULL;
    bool ok = photo != NULL;

    if (ok) {
        answer.status = bl_worker_new(work->model, NULL, &worker, &answer.err);
        if (!answer.status)
            answer.status = bl_identify(worker, photo, len, &work->opts, &answer.result, &answer.err);
        ok = work->take(work->arg, &answer, false);
    }
    if (ok && !answer.status) ok = draw(photo, len, &answer.result, png_path);
    bl_worker_free(worker);
    bl_photo_free(photo);
    free(answer.file);
    return ok;
}
