/* A processor that writes down each call as a letter and its own name, and does what the test's functions do. */
#ifndef TESTS_RECORDER_H
#define TESTS_RECORDER_H

#include <spanwire/processor.h>
#include <spanwire/sampler.h>

#include "support/capture.h"

typedef struct recorder {
    spw_processor base;
    void (*starting)(spw_span span, const spw_context *parent);
    void (*ending)(spw_span span);
    void (*ended)(const spw_span_view *span);
    spw_result answer;   /* to flush and shutdown */
    uint32_t timeout_ms; /* of the last of these */
} recorder;

/* s start, g ending, e end, f flush, S shutdown, d destroy: "s1 g1 e1 ". Cleared by a start. */
extern char recorder_calls[512];

recorder recorder_make(const char *name);

/* Starts the SDK with these processors and a capture, which it returns. */
capture *recorder_start(spw_processor *const *processors, size_t count, spw_sampler *sampler);
capture *recorder_start_one(recorder *one, spw_sampler *sampler);

/* Flushes and finds the span; fails the test when it is not there. */
const capture_span *recorder_sent(capture *c, const char *name);

#endif
