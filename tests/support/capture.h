/*
 * An exporter that keeps what it is given, decoded by protobuf-c, and answers as a test says.
 *
 * Threads    Every function may be called from any thread. Spans stay valid until capture_free().
 * Ownership  A capture belongs to the test and outlives the SDK: free it after spw_shutdown().
 * Failure    A batch that does not decode, or holds a field OTLP does not know, fails the process with a message.
 *
 *     capture *c = capture_new();
 *     capture_start(c, NULL);
 *     spw_span_end(spw_span_start(NULL, "a", NULL));
 *     spw_flush(2000);
 *     assert_string_equal(capture_named(c, "a")->name, "a");
 *     capture_stop(c); // shuts down, checks the accounts, frees
 */
#ifndef TESTS_CAPTURE_H
#define TESTS_CAPTURE_H

#include <opentelemetry/proto/collector/trace/v1/trace_service.pb-c.h>
#include <spanwire/spanwire.h>
#include <spanwire/exporter.h>

typedef Opentelemetry__Proto__Trace__V1__Span capture_span;
typedef Opentelemetry__Proto__Trace__V1__Span__Event capture_event;
typedef Opentelemetry__Proto__Common__V1__KeyValue capture_attr;

typedef struct capture capture;

capture *capture_new(void);
void capture_free(capture *self);

/* A pipeline to it that exports after 5 ms, with a queue of 65,536. */
spw_pipeline_options capture_pipeline(capture *self);

/* Starts the SDK with that pipeline and, unless NULL, these options (their pipelines are not used). */
void capture_start(capture *self, const spw_options *options);
void capture_stop(capture *self);

/* While held, a batch is taken and not answered; letting go answers it. */
void capture_hold(capture *self, bool hold);

/* The answer to every batch from now on. */
void capture_answer(capture *self, spw_export_result answer);

size_t capture_count(capture *self);   /* spans delivered */
size_t capture_batches(capture *self); /* submits seen, retries too */
const capture_span *capture_at(capture *self, size_t index);
const Opentelemetry__Proto__Common__V1__InstrumentationScope *capture_scope_at(capture *self, size_t index);

/* The only span of that name; NULL when there is none or several. */
const capture_span *capture_named(capture *self, const char *name);

/* An attribute of that key in a list; NULL when there is none. More than one fails the process. */
const capture_attr *capture_find(capture_attr *const *attrs, size_t count, const char *key);
int64_t capture_int(const capture_span *span, const char *key); /* INT64_MIN when there is none of that type */
const char *capture_string(const capture_span *span, const char *key); /* NULL likewise */

/* Whether the message, and what is in it, holds only fields its descriptor knows. */
bool capture_all_known(const ProtobufCMessage *message);

/* At rest, for every pipeline: ended = exported + rejected + filtered + sum(dropped) + queued + in_flight. Fails the process, with the numbers. */
void capture_check_accounts(void);

/* One pipeline's numbers. */
spw_pipeline_stats capture_stats(size_t pipeline);

#endif
