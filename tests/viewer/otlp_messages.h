/*
 * OTLP trace requests as protobuf-c's messages, for tests that send them: an encoder independent of the one under test.
 *
 * Ownership: everything is on the heap, every string a copy; a value, a pair or a span belongs to what it is added to, and om_finish() takes
 * the whole request down. Threads: none shared. Failure: abort() without memory. Values may nest as deep as protobuf-c recurses (thousands).
 */
#ifndef OTLP_MESSAGES_H
#define OTLP_MESSAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <opentelemetry/proto/collector/trace/v1/trace_service.pb-c.h>

typedef Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceRequest om_request;
typedef Opentelemetry__Proto__Common__V1__AnyValue om_value;
typedef Opentelemetry__Proto__Common__V1__KeyValue om_pair;
typedef Opentelemetry__Proto__Trace__V1__ResourceSpans om_resource_spans;
typedef Opentelemetry__Proto__Trace__V1__ScopeSpans om_scope_spans;
typedef Opentelemetry__Proto__Trace__V1__Span om_span;
typedef Opentelemetry__Proto__Trace__V1__Span__Event om_event;
typedef Opentelemetry__Proto__Trace__V1__Span__Link om_link;

struct request {
    uint8_t *data; /* free() it */
    size_t size;
};

/* ---- values ---- */

om_value *om_empty(void);
om_value *om_text(const char *text);
om_value *om_int(int64_t number);
om_value *om_double(double number);
om_value *om_bool(bool yes);
om_value *om_bytes(const void *data, size_t size);
om_value *om_array(void);
om_value *om_map(void);

/* Both return the container. */
om_value *om_push(om_value *array, om_value *item);
om_value *om_put(om_value *map, const char *key, om_value *item);

om_pair *om_new_pair(const char *key, om_value *value);

/* Appends an attribute to whatever has them: a span, an event, a link, a resource, a scope. Evaluates `message` several times. */
#define om_set(message, key, value)                                                                                                       \
    ((message)->attributes = om_grown((message)->attributes, (message)->n_attributes),                                                     \
     (void)((message)->attributes[(message)->n_attributes++] = om_new_pair((key), (value))))

void *om_grown(void *array, size_t count);
char *om_copy(const char *text);
/* Replaces a string field of a message. */
void om_replace(char **field, const char *text);

/* ---- requests ---- */

/* One resource with service.name, one scope without a name. */
om_request *om_begin(const char *service, om_resource_spans **resource, om_scope_spans **scope);
/* Ids in hex, or as numbers; parent 0: none. */
om_span *om_add_span(om_scope_spans *scope, const char *trace_id, unsigned id, unsigned parent, const char *name, uint64_t start, uint64_t end);
om_event *om_add_event(om_span *span, const char *name, uint64_t time);
om_link *om_add_link(om_span *span, const char *trace_id, const char *span_id);
void om_fail(om_span *span, const char *message);

/* Encodes and frees. */
struct request om_finish(om_request *request);

#endif
