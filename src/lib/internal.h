/* SPDX-License-Identifier: Apache-2.0
 * What the library's files share. Nothing here leaves libbreedlens.so.
 * A photo passes the files in this order:
 *   image.c -> image_{jpeg,png,webp}.c -> resize.c -> engine.c -> taxonomy.c -> result.c
 */
#ifndef BL_INTERNAL_H
#define BL_INTERNAL_H

#include "breedlens.h"

#include <stdbool.h>

/* ---- error.c ---- */

/* Fill `err` (unless NULL) with one line and return `status`. */
enum bl_status
bl__fail(struct bl_error *err, enum bl_status status, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* ---- resize.c: decoded rows in, the network's square out ---- */

enum bl__filter { BL__FILTER_BICUBIC, BL__FILTER_BILINEAR };

/* What the model wants to see of a photo; from its bundle. */
struct bl__view {
    unsigned size_px; /* side of the square tensor */
    double crop;      /* side of the centre square as a fraction of the shorter edge, (0, 1] */
    enum bl__filter filter;
};

/* Four floats a pixel: R, G, B and one unused, so that a pixel is one vector operation. */
typedef float bl__pixel __attribute__((vector_size(16)));

/* For each output position along one axis, the input positions it is made of. */
struct bl__taps {
    unsigned *first; /* [outputs] first input position */
    unsigned *count; /* [outputs] how many from there */
    float *weight;   /* [outputs][stride] sums to 1 over count */
    unsigned stride;
    size_t room; /* floats that weight can hold */
};

/* A worker's resampler: its buffers live on from photo to photo. */
struct bl__resize {
    unsigned width, height; /* px, of the picture to be made, before it is turned upright */
    enum bl__filter filter;
    struct bl__taps x, y;
    unsigned col_begin, col_end; /* input columns that matter */
    bl__pixel *row;              /* [col_end - col_begin] the current row as floats */
    size_t row_room;             /* pixels that row can hold */
    bl__pixel *line;             /* [width] the current row, resampled */
    bl__pixel *sum;              /* [height][width] */
};

enum bl_status
bl__resize_init(struct bl__resize *rs, enum bl__filter filter, unsigned width, unsigned height, struct bl_error *err);
void bl__resize_clear(struct bl__resize *rs); /* wipes and frees; takes a zeroed one */

/*
 * Start a photo: the decoder will deliver a grid of grid_w x grid_h pixels, of
 * which the box at x0, y0 of side_x by side_y grid pixels (fractions allowed) is
 * wanted.
 */
enum bl_status bl__resize_begin(struct bl__resize *rs, unsigned grid_w, unsigned grid_h, double x0, double y0,
                                double side_x, double side_y, struct bl_error *err);

/* True when row y of the grid adds anything to the picture. */
bool bl__resize_wants(const struct bl__resize *rs, unsigned y);

/*
 * Add row y: grid_w pixels of 4 bytes, R G B and one ignored. Rows may come in
 * any order and in parts (the missing pixels 0), as an interlaced PNG gives
 * them: the sum is linear.
 */
void bl__resize_row(struct bl__resize *rs, unsigned y, const uint8_t *rgbx);

/* Round to 8 bits, turned upright by EXIF `orientation` 1..8: width * height * 3 bytes, HWC. */
void bl__resize_finish(const struct bl__resize *rs, int orientation, uint8_t *rgb);

/* ---- image.c and its formats ---- */

/* A growing scratch buffer of a worker; wiped when freed. */
struct bl__scratch {
    uint8_t *data;
    size_t size;
};

/* At least `size` bytes, contents undefined; NULL when out of memory. */
uint8_t *bl__scratch_get(struct bl__scratch *s, size_t size);
void bl__scratch_clear(struct bl__scratch *s);

/* A worker's decoder: one photo at a time passes through it. */
struct bl__decoder {
    struct bl_limits limits;
    struct bl__view view;
    bool whole; /* the whole photo is wanted, within limits.max_side_px, not the view's square */
    struct bl__resize resize;
    struct bl__scratch scratch;
};

/* What a format's decoder learns on its way. */
struct bl__photo {
    unsigned width, height; /* px, as stored */
    int orientation;        /* EXIF 1..8 */
};

enum bl_status bl__decoder_init(struct bl__decoder *dec, const struct bl_limits *limits, const struct bl__view *view,
                                struct bl_error *err);
void bl__decoder_clear(struct bl__decoder *dec);

/*
 * The same decoder for the whole photo, upright: bl__decode_whole() returns its
 * pixels, memory of bl_photo_alloc(), width * height * 3 bytes.
 */
enum bl_status bl__decode_whole(const void *data, size_t len, const struct bl_limits *limits, uint8_t **rgb,
                                unsigned *width, unsigned *height, struct bl_error *err);

/*
 * Decode a photo into `rgb`, view.size_px^2 * 3 bytes. `format`, `width` and
 * `height` are told even of a photo that then fails, as far as they were read
 * (upright only on BL_OK).
 */
enum bl_status bl__decode(struct bl__decoder *dec, const uint8_t *data, size_t len, uint8_t *rgb,
                          enum bl_format *format, struct bl__photo *photo, struct bl_error *err);

enum bl_status bl__jpeg_decode(struct bl__decoder *dec, const uint8_t *data, size_t len, struct bl__photo *photo,
                               struct bl_error *err);
enum bl_status
bl__png_decode(struct bl__decoder *dec, const uint8_t *data, size_t len, struct bl__photo *photo, struct bl_error *err);
enum bl_status bl__webp_decode(struct bl__decoder *dec, const uint8_t *data, size_t len, struct bl__photo *photo,
                               struct bl_error *err);

/* Refuse a declared size over the limits, or zero, before anything is allocated for it. */
enum bl_status bl__check_size(const struct bl__decoder *dec, uint64_t width, uint64_t height, struct bl_error *err);

/* The power of two up to `most` by which the decoder shall shrink the photo. */
unsigned bl__shrink(const struct bl__decoder *dec, const struct bl__photo *photo, unsigned most);

/* bl__resize_begin() for a grid that is the photo scaled by sx, sy. */
enum bl_status bl__begin_rows(struct bl__decoder *dec, const struct bl__photo *photo, unsigned grid_w, unsigned grid_h,
                              double sx, double sy, struct bl_error *err);

/* Lay a row of RGBA pixels over white, in place. */
void bl__over_white(uint8_t *rgba, unsigned width);

/* ---- exif.c ---- */

/* Orientation 1..8 of an EXIF block (with or without its "Exif\0\0"); 1 when it says nothing sound. */
int bl__exif_orientation(const uint8_t *data, size_t len);

/* ---- bundle.c: the folder model/ ---- */

struct bl__class {
    struct bl_label label;
    unsigned label_index;   /* classes of one class_id share it */
    unsigned species_index; /* classes of one species share it */
    bool unknown;           /* means "no pet" */
};

/* What explanations need; a bundle without it has network_path NULL. */
struct bl__explain {
    char *network_path;               /* the network with its last feature map as a second output */
    unsigned channels, height, width; /* of that map */
    size_t head_offset;               /* in the weights: int8 [class_count][channels] */
    size_t scale_offset;              /* in the weights: float [class_count] */
};

struct bl__bundle {
    char *text; /* taxonomy.tsv, cut into the labels' texts */
    char *name; /* "EfficientNet-Lite2" */
    char *version;
    char *network_path, *weights_path;
    struct bl__view view;
    struct bl__explain explain;
    float mean[3], scale[3]; /* of 0..255 RGB: (value - mean) / scale */
    double temperature;
    double unknown_threshold;
    unsigned class_count; /* rows = logits */
    struct bl__class *classes;
    unsigned label_count, species_count;
    unsigned *label_class;     /* [label_count] the first class of each label */
    const char **species_name; /* [species_count] */
};

enum bl_status bl__bundle_read(struct bl__bundle *bundle, const char *dir, struct bl_error *err);
void bl__bundle_clear(struct bl__bundle *bundle);

/* ---- explain.c: where the network looked ---- */

/* The last layer's weights as the bundle has them. */
struct bl__head {
    int8_t *weight; /* [class_count][channels], times scale[class] */
    float *scale;   /* [class_count] */
    float *mean;    /* [channels] of all classes, scaled */
};

enum bl_status bl__head_read(struct bl__head *head, const struct bl__bundle *bundle, struct bl_error *err);
void bl__head_clear(struct bl__head *head); /* takes a zeroed one */

/* Fill out->explanation from what the network gave; the rest of `out`, width and height too, is there already. */
enum bl_status bl__explain(const struct bl__bundle *bundle, const struct bl__head *head, const float *logits,
                           const float *features, struct bl_result *out, struct bl_error *err);

/* ---- engine.c: the only file that knows OpenVINO ---- */

struct bl__engine; /* a compiled network; shared */
struct bl__infer;  /* one inference request with its own input; one thread */

enum bl_status
bl__engine_new(const struct bl__bundle *bundle, unsigned workers, struct bl__engine **out, struct bl_error *err);
void bl__engine_free(struct bl__engine *engine);

enum bl_status bl__infer_new(struct bl__engine *engine, struct bl__infer **out, struct bl_error *err);
void bl__infer_free(struct bl__infer *infer);
uint8_t *bl__infer_input(struct bl__infer *infer); /* size_px^2 * 3 bytes RGB, HWC; the request's own */

/* Run the network over the input; `logits` then points at class_count values until the next run. */
enum bl_status bl__infer_run(struct bl__infer *infer, const float **logits, struct bl_error *err);

/*
 * The same with the last feature map, float [channels][height][width], and the head that made logits of it. BL_E_MODEL
 * when the bundle has none. The first call makes ready what it needs.
 */
enum bl_status bl__infer_explain(struct bl__infer *infer, const float **logits, const float **features,
                                 const struct bl__head **head, struct bl_error *err);

const char *bl__engine_version(void);

/* ---- taxonomy.c: logits to breeds; knows no pixels ---- */

/* Fill everything of `out` that comes from the logits. `work` holds class_count doubles. */
void bl__identify_logits(const struct bl__bundle *bundle, const float *logits, const struct bl_options *opts,
                         double *work, struct bl_result *out);

/* True when a client's word ("cats", "guinea pig") means this species. */
bool bl__species_match(const char *species, const char *word);

/* ---- cloudinary.c: what is said to Cloudinary, and how its answers are judged ---- */

struct bl__param {
    const char *name, *value; /* NULL or "": not sent */
};

enum { BL__SIGNATURE_MAX = 65, BL__CONTEXT_MAX = 1024 };

/* The hex signature over `params`, which are sorted by name; false when libcrypto fails. */
bool bl__cloud_sign(const struct bl__param *params, size_t count, const char *secret, bool sha256,
                    char out[BL__SIGNATURE_MAX]);

/* breed=...|species=...|confidence=...|model=..., escaped. */
void bl__cloud_context(const struct bl_result *result, char out[BL__CONTEXT_MAX]);

/* Judge an upload's or a removal's answer of status 200. Fills `answer`. */
void bl__cloud_read_upload(const char *body, size_t len, struct bl_backup_answer *answer);
void bl__cloud_read_removal(const char *body, size_t len, struct bl_backup_answer *answer);

/* How a try ended that did not give such an answer. */
struct bl__verdict {
    const char *text; /* for anybody */
    bool again;       /* worth another try */
    bool down;        /* counts as Cloudinary being down */
};
/* `curl` is a CURLcode, `http` the status when that is CURLE_OK. */
struct bl__verdict bl__cloud_judge(int curl, long http);

/* Pause after the try-th try, 1...: doubles each time, half to one and a half of it by `random`. */
unsigned bl__cloud_backoff_ms(unsigned try, uint32_t random);

/* ---- model.c ---- */

struct bl_model {
    struct bl__bundle bundle;
    struct bl__engine *engine;
    unsigned workers;
};

#endif
