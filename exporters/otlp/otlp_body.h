/*
 * The body of a request: a batch encoded once, as protobuf or JSON, and, when asked for, compressed once. A batch that is sent again finds its bytes here.
 *
 * Threads    The worker's.
 * Ownership  Buffers are kept between batches; one that grew past SPW__OTLP_BODY_KEEP is given back when its batch is done.
 * Failure    A batch over SPW__OTLP_MAX_REQUEST is refused, never sent in part.
 */
#ifndef SPW_OTLP_BODY_H
#define SPW_OTLP_BODY_H

#include <spanwire/exporter.h>
#include <zlib.h>

#include "../json/otlp_json.h"

#define SPW__OTLP_MAX_REQUEST ((size_t)64 << 20)
#define SPW__OTLP_BODY_KEEP ((size_t)4 << 20)

struct spw__otlp_buffer {
    uint8_t *data;
    size_t size;
    size_t capacity;
};

/* Zero to start with, but for `gzip` and `json`. */
struct spw__otlp_body {
    bool gzip;
    bool json;
    bool ready;        /* holds the whole body of `sequence` */
    bool stream_ready; /* `stream` is initialised */
    bool writing;      /* `text` is not whole yet */
    uint64_t sequence;
    struct spw__otlp_buffer plain;
    struct spw__otlp_buffer packed;
    struct spw__otlp_json text;
    spw_view source; /* the uncompressed body, in `plain` or `text` */
    z_stream stream;
};

enum spw__otlp_body_step { SPW__OTLP_BODY_READY, SPW__OTLP_BODY_MORE, SPW__OTLP_BODY_TOO_LARGE, SPW__OTLP_BODY_NO_MEMORY, SPW__OTLP_BODY_BROKEN };

/* Takes the batch on, or finds it ready. After MORE the batch is still being read. */
enum spw__otlp_body_step spw__otlp_body_begin(struct spw__otlp_body *body, const spw_batch *batch);

/* After MORE: another slice of a few milliseconds, so that the worker is never away for long. */
enum spw__otlp_body_step spw__otlp_body_continue(struct spw__otlp_body *body);

/* Once READY: what to send. */
spw_view spw__otlp_body_bytes(const struct spw__otlp_body *body);

/* The batch will not be sent again. */
void spw__otlp_body_release(struct spw__otlp_body *body);

void spw__otlp_body_fini(struct spw__otlp_body *body);

#endif
