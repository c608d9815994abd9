/* SPDX-License-Identifier: Apache-2.0
 * A photo's breed by the library.
 *
 *   cc identify.c $(pkg-config --cflags --libs breedlens) -o identify
 *   ./identify photo.jpg [MODEL_DIR]
 */
#include <breedlens.h>
#include <stdio.h>
#include <stdlib.h>

int
main(int argc, char **argv)
{
    struct bl_model *model = NULL;
    struct bl_worker *worker = NULL;
    struct bl_result result;
    struct bl_error err;
    enum bl_status status;
    char *json;

    if (argc < 2) {
        fputs("usage: identify PHOTO [MODEL_DIR]\n", stderr);
        return 2;
    }
    status = bl_model_open(argc > 2 ? argv[2] : NULL, NULL, &model, &err);
    if (status == BL_OK) status = bl_worker_new(model, NULL, &worker, &err);
    if (status == BL_OK) status = bl_identify_path(worker, argv[1], NULL, &result, &err);
    if (status == BL_OK) {
        printf("%s (%s), %.1f %%, in %.1f ms\n", result.primary_breed, result.species, result.confidence * 100,
               result.total_s * 1000);
        if (bl_result_json(&result, &json) == BL_OK) {
            puts(json);
            free(json);
        }
    } else {
        fprintf(stderr, "%s: %s\n", bl_status_name(status), err.text);
    }
    bl_worker_free(worker);
    bl_model_close(model);
    return status == BL_OK ? 0 : 1;
}
