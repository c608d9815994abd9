/* SPDX-License-Identifier: Apache-2.0
 *
 * breedlens: a pet photo in, a breed, a species and calibrated confidences out.
 *
 * Everything happens in memory: the library writes no file, starts no child,
 * prints nothing, and never exits or aborts on input.
 *
 * A whole use (examples/identify.c is this with its errors handled):
 *
 *     struct bl_model *model;
 *     struct bl_worker *worker;
 *     struct bl_result result;
 *
 *     bl_model_open("model", NULL, &model, &err);
 *     bl_worker_new(model, NULL, &worker, &err);
 *     bl_identify(worker, bytes, len, NULL, &result, &err);
 *     puts(result.primary_breed);
 *     bl_worker_free(worker);
 *     bl_model_close(model);
 *
 * Threads: a model is read-only once open and is shared by any number of
 * threads. A worker belongs to one thread at a time; make one per thread.
 * Everything else is plain data.
 *
 * Errors: a call that can fail returns an enum bl_status, sets its
 * out-parameters to "nothing" first, and fills `err` (unless NULL) with one
 * plain line, fit to be shown to whoever sent the photo. BL_OK leaves it alone.
 */
#ifndef BREEDLENS_H
#define BREEDLENS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BL_VERSION "0.1.0"

#if defined(__GNUC__)
#define BL_API __attribute__((visibility("default")))
#define BL_MUST_USE __attribute__((warn_unused_result))
#else
#define BL_API
#define BL_MUST_USE
#endif

enum bl_status {
    BL_OK = 0,
    BL_E_NOMEM,     /* out of memory; the worker stays usable */
    BL_E_ARG,       /* a caller's mistake: NULL, or outside the stated range */
    BL_E_IO,        /* a file could not be opened or read */
    BL_E_EMPTY,     /* no bytes at all */
    BL_E_FORMAT,    /* the bytes are no JPEG, PNG or WebP */
    BL_E_CORRUPT,   /* a known format, damaged or cut short */
    BL_E_TOO_LARGE, /* over a bound in struct bl_limits */
    BL_E_MODEL,     /* the model bundle is missing, broken or does not fit together */
    BL_E_ENGINE,    /* the inference runtime failed */
    BL_E_BACKUP,    /* Cloudinary could not be reached, refused, or is being left alone for a while */
};

/* The caller's. `text` is one line without paths of ours, secrets or the photo's own text. */
struct bl_error {
    enum bl_status status;
    char text[200];
};

/* A short constant name of a status ("corrupt"), for logs. Never NULL. */
BL_API const char *bl_status_name(enum bl_status status);

/* ---- what a photo may be ------------------------------------------------ */

enum bl_format { BL_FORMAT_UNKNOWN = 0, BL_FORMAT_JPEG, BL_FORMAT_PNG, BL_FORMAT_WEBP };

/*
 * The format that the first bytes of a photo tell; a file's name is never asked.
 * 16 bytes are enough. Safe from any thread.
 */
BL_API enum bl_format bl_format_sniff(const void *data, size_t len);

/* "jpeg", "png", "webp" or "unknown"; a constant. */
BL_API const char *bl_format_name(enum bl_format format);

/* Bounds on one photo, checked against its header before memory is taken. */
struct bl_limits {
    size_t max_bytes;    /* encoded size; default 10 MiB */
    uint64_t max_pixels; /* width x height as declared; default 64,000,000 */
    /*
     * Pixels that the side of the photo's centre square is decoded to where the
     * codec can scale (JPEG, WebP); 64..16384, default 1024. It bounds the
     * decoded memory; photos are decoded to just above the model's input anyway.
     */
    unsigned max_side_px;
};

BL_API struct bl_limits bl_limits_default(void);

/* ---- the model ---------------------------------------------------------- */

struct bl_model;  /* opaque; shared by threads */
struct bl_worker; /* opaque; one thread at a time */

struct bl_model_options {
    unsigned workers; /* identifications meant to run at once, 1..256; 0: one a core */
    const char *type; /* which installed bundle, when no folder is given: "accurate" (NULL means it) or "fast" */
};

/*
 * Open a model bundle: a folder with model.json, taxonomy.tsv and the network.
 * The bundle's checksums, shapes and taxonomy are checked, the network is
 * compiled for this machine (some tenths of a second).
 *
 *   dir   the folder; NULL: the one that bl_model_default_dir() names for opts->type
 *   opts  NULL: the defaults
 *   out   BL_OK: a model, the caller's, closed with bl_model_close(); otherwise NULL
 *
 * Returns BL_OK, BL_E_ARG, BL_E_NOMEM, BL_E_IO, BL_E_MODEL or BL_E_ENGINE.
 */
BL_API BL_MUST_USE enum bl_status
bl_model_open(const char *dir, const struct bl_model_options *opts, struct bl_model **out, struct bl_error *err);

/* Takes NULL. Every worker of the model must have been freed before. */
BL_API void bl_model_close(struct bl_model *model);

/*
 * Where a bundle lies when no folder is given: $BREEDLENS_MODEL, else the folder `type` among the
 * bundles beside the library (installed or in the source tree).
 *
 *   type  a plain name, "accurate" or "fast"; NULL: "accurate"
 *
 * Written to `buf`; BL_E_ARG when it does not fit or `type` is no plain name.
 */
BL_API BL_MUST_USE enum bl_status bl_model_default_dir(const char *type, char *buf, size_t size);

/* Facts of a model; the texts belong to it. */
struct bl_model_info {
    const char *name;       /* "EfficientNet-Lite2" */
    const char *version;    /* of the bundle */
    unsigned input_side_px; /* the network sees a square of this side */
    unsigned classes;       /* rows of the taxonomy, the classes that mean "no pet" included */
    unsigned workers;       /* identifications that run at once */
};

BL_API struct bl_model_info bl_model_get_info(const struct bl_model *model);

/* One class that can be answered; the texts belong to the model. */
struct bl_label {
    const char *class_id;  /* WordNet id, or a stable id of ours */
    const char *raw_class; /* "golden_retriever" */
    const char *breed;     /* "Golden Retriever" */
    const char *species;   /* "Dog"; "Unknown" for what is no pet */
    const char *aliases;   /* other names, separated by ';', possibly "" */
};

/* Number of distinct labels, and the index-th, 0..count-1 (NULL beyond). */
BL_API size_t bl_model_label_count(const struct bl_model *model);
BL_API const struct bl_label *bl_model_label(const struct bl_model *model, size_t index);

/* ---- identifying -------------------------------------------------------- */

#define BL_TOP_K_MAX 50

struct bl_options {
    unsigned top_k;      /* list at most this many predictions, 1..BL_TOP_K_MAX; default 5 */
    double threshold;    /* leave out predictions with less confidence, 0..1; default 0.1 */
    const char *species; /* NULL, or: only this species ("cat", "Cats"), confidences within it */
    int explain;         /* not 0: say where the network looked, too (struct bl_explanation); default 0 */
};

BL_API struct bl_options bl_options_default(void);

#define BL_EXPLANATION_MAX 256

/*
 * Where the network looked: a class activation map (Zhou et al. 2016, "Learning Deep Features for
 * Discriminative Localization") of the primary breed, or of "no pet" where that is the answer. What speaks for the
 * class more than for the average one, as a share of the strongest place.
 */
struct bl_explanation {
    unsigned width, height;           /* of the grid; 0 when none was asked for */
    float values[BL_EXPLANATION_MAX]; /* [height][width] from the top left, 0..1 */
    double left_px, top_px, side_px;  /* the square of the upright photo that the grid lies over */
};

/* Text members are the model's: a result must not outlive it. */
struct bl_prediction {
    const char *breed;
    const char *species;
    const char *class_id;
    const char *raw_class;
    double confidence; /* 0..1, calibrated */
};

/*
 * Plain data: copied freely, nothing to free. Text members are constants or the model's.
 *
 * Breeds are listed best first. A photo without a pet (the summed confidence of
 * the classes that mean so reaches the bundle's threshold), or with no breed at
 * or over opts->threshold, has an empty list and "Unknown" with confidence 0.
 */
struct bl_result {
    size_t count; /* predictions listed, 0..BL_TOP_K_MAX */
    struct bl_prediction predictions[BL_TOP_K_MAX];
    const char *primary_breed;
    const char *primary_species;
    double confidence; /* of the primary breed; 0 when "Unknown" */

    /* The likeliest species; its confidence is the sum over its breeds. "Unknown" when no pet. */
    const char *species;
    double species_confidence;

    /* The best breeds whatever the threshold and the verdict "no pet" (adoption's question). */
    size_t best_count;
    struct bl_prediction best[5];

    struct bl_explanation explanation;

    enum bl_format format;
    unsigned width, height;   /* px, of the upright photo */
    double decode_s;          /* bytes to input tensor, seconds */
    double total_s;           /* the whole identification, seconds */
    struct timespec finished; /* CLOCK_REALTIME */
    const char *model;        /* name and version of the model */
    const char *model_version;
};

/*
 * A worker: the buffers and the one inference request that a thread identifies with.
 * After the first photos it allocates nothing that grows with the photo, save
 * what a codec needs inside.
 *
 *   limits  NULL: bl_limits_default(); copied
 *   out     BL_OK: a worker, the caller's, freed with bl_worker_free(); otherwise NULL
 *
 * Returns BL_OK, BL_E_ARG, BL_E_NOMEM or BL_E_ENGINE.
 */
BL_API BL_MUST_USE enum bl_status
bl_worker_new(struct bl_model *model, const struct bl_limits *limits, struct bl_worker **out, struct bl_error *err);

/* Takes NULL. Wipes the buffers: they held somebody's photo. */
BL_API void bl_worker_free(struct bl_worker *worker);

/*
 * Identify one photo held in memory: JPEG, PNG or WebP, told from the bytes.
 * EXIF orientation is applied; transparency is laid over white; of an
 * animation the first frame counts.
 *
 *   data, len  the encoded photo; read, not kept
 *   opts       NULL: bl_options_default()
 *   out        filled on BL_OK, zeroed otherwise
 *
 * Returns BL_OK, BL_E_ARG, BL_E_NOMEM, BL_E_EMPTY, BL_E_FORMAT, BL_E_CORRUPT,
 * BL_E_TOO_LARGE or BL_E_ENGINE; BL_E_MODEL when an explanation is asked for and
 * the bundle has none. The first explanation of a model takes some tenths of a
 * second more: only then is what it needs made ready.
 */
BL_API BL_MUST_USE enum bl_status
bl_identify(struct bl_worker *worker, const void *data, size_t len, const struct bl_options *opts,
            struct bl_result *out, struct bl_error *err);

/*
 * The same from an open stream, read to its end (at most max_bytes + 1 bytes),
 * and from a path. BL_E_IO besides. The stream stays the caller's, and open.
 */
BL_API BL_MUST_USE enum bl_status
bl_identify_stream(struct bl_worker *worker, FILE *stream, const struct bl_options *opts, struct bl_result *out,
                   struct bl_error *err);
BL_API BL_MUST_USE enum bl_status
bl_identify_path(struct bl_worker *worker, const char *path, const struct bl_options *opts, struct bl_result *out,
                 struct bl_error *err);

/*
 * The result as one line of JSON, UTF-8: the "breed result" of docs/API.md
 * (success, predictions, primary_species, primary_breed, confidence,
 * processing_time, model, timestamp, image, model_version).
 *
 *   out  BL_OK: a text, the caller's, freed with free(); otherwise NULL
 *
 * Returns BL_OK, BL_E_ARG or BL_E_NOMEM.
 */
BL_API BL_MUST_USE enum bl_status bl_result_json(const struct bl_result *result, char **out);

/* ---- memory for photos ---------------------------------------------------- */

/*
 * Memory for a photo's bytes: left out of core dumps, and wiped by
 * bl_photo_free(), which takes NULL. `size` is 1 or more; NULL when out of
 * memory. Any thread.
 */
BL_API BL_MUST_USE void *bl_photo_alloc(size_t size);
BL_API void bl_photo_free(void *photo);

/*
 * A photo fit to be handed on: upright, at most limits->max_side_px on its
 * longer side, as a JPEG that holds nothing but the picture (no EXIF, GPS, XMP,
 * comments, profiles).
 *
 *   limits  NULL: bl_limits_default()
 *   out     BL_OK: the JPEG, the caller's, freed with bl_photo_free(); otherwise NULL
 *
 * Returns what bl_identify() does, save BL_E_ENGINE. Any thread.
 */
BL_API BL_MUST_USE enum bl_status bl_photo_clean(const void *data, size_t len, const struct bl_limits *limits,
                                                 void **out, size_t *out_len, struct bl_error *err);

/* ---- backup to Cloudinary ------------------------------------------------- */

struct bl_backup; /* opaque: one thread and its connections; shared by threads */

struct bl_backup_options {
    const char *cloud_name; /* letters, digits, - and _; required, as are */
    const char *api_key;
    const char *api_secret;
    const char *upload_preset; /* NULL or "": none */
    const char *folder;        /* NULL or "": none */
    const char *base_url;      /* NULL: https://api.cloudinary.com; plain HTTP only to this machine */
    const char *ca_file;       /* certificates to trust, PEM; NULL or "": the system's */
    int sha256;                /* sign by SHA-256 instead of SHA-1 */
    unsigned timeout_ms;       /* one try may take; 0: 10000 */
    unsigned max_inflight;     /* on their way at once; 0: 8 */
    unsigned pause_s;          /* left alone after five failures in a row; 0: 30 */
};

#define BL_BACKUP_TEXT_MAX 1024

struct bl_backup_answer {
    enum bl_status status;              /* BL_OK, BL_E_BACKUP or BL_E_NOMEM */
    char url[BL_BACKUP_TEXT_MAX];       /* BL_OK: where the backup is; "" after a removal */
    char public_id[BL_BACKUP_TEXT_MAX]; /* BL_OK: its name there, for bl_backup_remove() */
    char text[128];                     /* otherwise: one short line, fit to be shown to anybody */
};

/*
 * Can a backup be made with these? BL_E_ARG with a line that begins with the
 * name of the option at fault and never holds a secret. Starts nothing.
 */
BL_API BL_MUST_USE enum bl_status bl_backup_check(const struct bl_backup_options *opts, struct bl_error *err);

/*
 * Start the client: a thread that uploads. Certificates are verified, always.
 * Network errors, 429 and 5xx are tried three times, with growing pauses and as
 * late as the service asks; after five failures in a row it is left alone for a
 * while, and every backup fails at once.
 *
 *   opts  copied
 *   out   BL_OK: the client, the caller's, freed with bl_backup_free(); otherwise NULL
 *
 * Returns BL_OK, BL_E_ARG or BL_E_NOMEM.
 */
BL_API BL_MUST_USE enum bl_status
bl_backup_new(const struct bl_backup_options *opts, struct bl_backup **out, struct bl_error *err);

/* Fail what is on its way and whatever comes after. Any thread; returns at once. */
BL_API void bl_backup_cancel(struct bl_backup *backup);

/* Takes NULL. Fails what is on its way (each `done` is still called), and waits for the thread. */
BL_API void bl_backup_free(struct bl_backup *backup);

/* Called once, from the client's thread: be brief, and call no function of the same client that waits. */
typedef void bl_backup_done(void *context, const struct bl_backup_answer *answer);

/*
 * Begin to upload a photo as it is, with what it shows as its context.
 *
 *   photo, len  memory of bl_photo_alloc(); the client's from here on, whatever is returned
 *   result      what bl_identify() found; read, not kept
 *   done        told the outcome, unless another status than BL_OK is returned
 *
 * Returns BL_OK, BL_E_ARG, BL_E_NOMEM, or BL_E_BACKUP when it is not even
 * tried: too many wait, or Cloudinary is being left alone. Any thread.
 */
BL_API BL_MUST_USE enum bl_status
bl_backup_upload(struct bl_backup *backup, void *photo, size_t len, const struct bl_result *result,
                 bl_backup_done *done, void *context, struct bl_error *err);

/* Begin to remove a backup by its public id. The rest as above. */
BL_API BL_MUST_USE enum bl_status bl_backup_remove(struct bl_backup *backup, const char *public_id,
                                                   bl_backup_done *done, void *context, struct bl_error *err);

/* The same two, waiting for the outcome: its status is returned too. */
BL_API BL_MUST_USE enum bl_status
bl_backup_upload_wait(struct bl_backup *backup, void *photo, size_t len, const struct bl_result *result,
                      struct bl_backup_answer *answer);
BL_API BL_MUST_USE enum bl_status
bl_backup_remove_wait(struct bl_backup *backup, const char *public_id, struct bl_backup_answer *answer);

/*
 * The photo, upright, with a result's explanation laid over it: a PNG to be looked at.
 *
 *   data, len  the photo that the result is of
 *   result     of bl_identify() with `explain`
 *   limits     NULL: bl_limits_default(); max_side_px bounds the picture's longer side
 *   out        BL_OK: the PNG, the caller's, freed with bl_photo_free(); otherwise NULL
 *
 * Returns what bl_photo_clean() does; BL_E_ARG when the result explains nothing. Any thread.
 */
BL_API BL_MUST_USE enum bl_status
bl_explanation_png(const void *data, size_t len, const struct bl_result *result, const struct bl_limits *limits,
                   void **out, size_t *out_len, struct bl_error *err);

/* ---- versions ----------------------------------------------------------- */

BL_API const char *bl_version(void);         /* of this library: BL_VERSION when it was built */
BL_API const char *bl_runtime_version(void); /* of the inference runtime, "OpenVINO 2026.4.1…" */

#ifdef __cplusplus
}
#endif
#endif
