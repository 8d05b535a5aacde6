/*
 * A trace as text for a terminal: a header line, then one line a span: tree, service, duration, bar; an error's message below its span.
 *
 * Ownership: the buffer is the caller's. Threads: any. Failure: as the store's read(). Limits: SPWV_TEXT_SPANS lines of spans.
 * Names are data: control characters and characters that reorder text are written as \x1b or \u{202e}, so that a span cannot steer the
 * reader's terminal. Cycles and missing parents are shown, not followed; nothing recurses.
 */
#ifndef SPWV_WATERFALL_H
#define SPWV_WATERFALL_H

#include "store.h"

enum { SPWV_TEXT_SPANS = 5000, SPWV_MIN_WIDTH = 60, SPWV_MAX_WIDTH = 400 };

struct spwv_waterfall_options {
    unsigned width; /* columns; clamped to the two above */
    bool color;     /* ANSI colours */
    bool ascii;     /* no character above 0x7e */
};

bool spwv_waterfall(struct spwv_store *store, const uint8_t *trace_id, const struct spwv_waterfall_options *options, struct spwv_buf *out,
                    struct spwv_error *error);

#endif
