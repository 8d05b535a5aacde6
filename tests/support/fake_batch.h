/*
 * A batch made of nothing but a test's wishes, for driving exporters without the SDK: this file provides the spw_batch_* functions itself, so
 * that a test which uses it is linked with it directly and never with sdk/batch.c. Encoded by protobuf-c, which makes it a judge too.
 * Not thread-safe once it is changed; ends the process when memory runs out.
 */
#ifndef TESTS_FAKE_BATCH_H
#define TESTS_FAKE_BATCH_H

#include <spanwire/exporter.h>

typedef struct fake_span {
    const char *name;
    size_t payload_bytes;    /* of one more attribute, `payload`, of letters */
    const char *attr_key;    /* NULL: none */
    const char *attr_value;
    const char *event_name;  /* NULL: none */
    const char *status_text; /* NULL: status unset; else Error */
    bool has_parent;
} fake_span;

/* Copies what it needs. Scope "fake-scope" 1.2, resource service.name "fake-service". */
spw_batch *fake_batch_new(uint64_t sequence, const fake_span *spans, size_t count);

/* `count` small spans. */
spw_batch *fake_batch_simple(uint64_t sequence, size_t count);

/* Replaces record `index` by any bytes, framed as they are. */
void fake_batch_set_record(spw_batch *batch, size_t index, const void *bytes, size_t size);

/* The scope of the records from `index` on; the strings are borrowed. */
void fake_batch_set_scope(spw_batch *batch, size_t index, spw_instrumentation_scope scope);

/* The resource's schema URL; borrowed. */
void fake_batch_set_schema_url(spw_batch *batch, const char *url);

/* A resource of one attribute with so many letters, in place of the usual one. */
void fake_batch_set_resource_text(spw_batch *batch, size_t letters);

/* The whole as an ExportTraceServiceRequest; its own. */
spw_view fake_batch_request(const spw_batch *batch);

/* How often it was encoded. */
unsigned fake_batch_encodings(const spw_batch *batch);

void fake_batch_free(spw_batch *batch);

#endif
