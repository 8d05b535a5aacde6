/*
 * Redaction: an encoded span read, shown to the pipeline's redactor attribute by attribute, and written anew where it says so. What is not an
 * attribute goes through byte by byte. Worker thread only.
 */
#ifndef SPW_SDK_REDACT_H
#define SPW_SDK_REDACT_H

#include <spanwire/exporter.h>

#include "sdk/buffer.h"

/* Zero to start with, but for fn, arg and most. */
struct spw__redactor {
    spw_redact_fn fn;
    void *arg;
    struct spw__buffer span;  /* the record being written */
    struct spw__buffer part;  /* an event or a link of it */
    struct spw__buffer value; /* a replaced value */
    bool changed;
};

enum spw__redacted {
    SPW__REDACTED_SAME,      /* every attribute was kept: use the record as it is */
    SPW__REDACTED_CHANGED,   /* *out is the record to use, framed as in a row; valid until the next call */
    SPW__REDACTED_TOO_LARGE, /* it grew past `most` */
    SPW__REDACTED_NO_MEMORY,
};

void spw__redactor_init(struct spw__redactor *r, spw_redact_fn fn, void *arg, size_t most);
void spw__redactor_fini(struct spw__redactor *r);

enum spw__redacted spw__redact(struct spw__redactor *r, const spw_span_view *span, spw_view *out);

/* Between batches: gives back what an unusually long span took. */
void spw__redactor_rest(struct spw__redactor *r);

#endif
