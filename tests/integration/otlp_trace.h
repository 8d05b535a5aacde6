/*
 * The spans an HTTP peer was sent as OTLP, read by protobuf-c, and questions about them.
 */
#ifndef TESTS_OTLP_TRACE_H
#define TESTS_OTLP_TRACE_H

#include <opentelemetry/proto/collector/trace/v1/trace_service.pb-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/http_peer.h"

typedef Opentelemetry__Proto__Trace__V1__Span otlp_span;

/* A span with the service that sent it. */
typedef struct otlp_item {
    const char *service;
    const otlp_span *span;
} otlp_item;

enum { OTLP_TRACE_MAX_REQUESTS = 256, OTLP_TRACE_MAX_SPANS = 2048 };

typedef struct otlp_trace {
    Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceRequest *requests[OTLP_TRACE_MAX_REQUESTS];
    size_t request_count;
    otlp_item items[OTLP_TRACE_MAX_SPANS];
    size_t count;
} otlp_trace;

/* Reads every request the peer has got so far. False when one is not OTLP. Free it with otlp_trace_fini() in any case. */
bool otlp_trace_init(otlp_trace *self, http_peer *from);
void otlp_trace_fini(otlp_trace *self);

/* The span's parent, when it is among them. */
const otlp_span *otlp_trace_parent(const otlp_trace *self, const otlp_span *span);

/* How many spans have that name and a parent of that name ("": none). The last of them to start is put into `newest` unless NULL. */
size_t otlp_count(const otlp_trace *self, const char *name, const char *parent, const otlp_span **newest);
/* How many spans of that name failed with that error.type. */
size_t otlp_count_failed(const otlp_trace *self, const char *name, const char *type);

bool otlp_same_id(ProtobufCBinaryData a, ProtobufCBinaryData b);
bool otlp_failed(const otlp_span *span);
/* An attribute; NULL, or -1, when there is none of that key and type. */
const char *otlp_string(const otlp_span *span, const char *key);
/* An array of strings, with blanks between them. */
const char *otlp_strings(const otlp_span *span, const char *key, char *out, size_t size);
int64_t otlp_int(const otlp_span *span, const char *key);
/* How many events of that name it has. */
size_t otlp_events(const otlp_span *span, const char *name);

#endif
