/*
 * What a span must look like when it arrives, worked out beside the library: every operation is done here once more, in the plain way.
 * Used by test_wire_oracle.c. Single-threaded.
 */
#ifndef TESTS_ORACLE_MODEL_H
#define TESTS_ORACLE_MODEL_H

#include <opentelemetry/proto/collector/trace/v1/trace_service.pb-c.h>
#include <spanwire/spanwire.h>

#include "oracle_value.h"

typedef struct model_limits {
    size_t attributes, events, links, event_attributes, link_attributes;
    size_t characters; /* SIZE_MAX: none */
    size_t span_bytes;
    const char *const *pinned; /* error.type, unless others are said */
    size_t pinned_count;
} model_limits;

typedef struct model_text {
    char *data; /* terminated, for convenience */
    size_t size;
} model_text;

typedef struct model_attr {
    model_text key;
    oracle_value *value;
    bool pinned;
    size_t stride; /* what it takes of the span's bytes */
} model_attr;

typedef struct model_attrs {
    model_attr *items;
    size_t count, plain; /* those not pinned */
    uint64_t dropped;
} model_attrs;

typedef struct model_event {
    model_text name;
    uint64_t unix_ns;          /* 0: by the clock */
    uint64_t earliest, latest; /* then about within these, whatever start the span was given */
    model_attrs attrs;
} model_event;

typedef struct model_link {
    spw_span span;
    char trace_state[513];
    model_attrs attrs;
} model_link;

typedef struct model_span {
    spw_span span;
    spw_span parent; /* all zero: a root */
    char trace_state[513];
    int tracer;
    spw_span_kind kind;
    model_text name;
    model_attrs attrs;
    model_event *events;
    size_t event_count;
    uint64_t dropped_events;
    model_link *links;
    size_t link_count;
    uint64_t dropped_links;
    spw_status_code status;
    model_text message;
    uint64_t start_unix_ns, end_unix_ns; /* 0: by the clock */
    uint64_t earliest, latest;           /* then within these */
    size_t live;                         /* bytes that its live frames take */
    size_t name_stride, status_stride;
    bool ended, seen;
} model_span;

/* As names and keys are kept: with U+FFFD for each bad byte, at most so many bytes. */
model_text model_name(const char *text, size_t size, size_t most);

void model_set(model_span *span, const model_limits *limits, const spw_attr *attr);
void model_add_event(model_span *span, const model_limits *limits, const char *name, uint64_t unix_ns, const spw_attr *attrs, size_t count);

/* The exception's own attributes come before the caller's; NULL texts are left out. */
void model_add_exception(model_span *span, const model_limits *limits, const char *const texts[3], const spw_attr *attrs, size_t count);
void model_add_link(model_span *span, const model_limits *limits, spw_span to, const char *trace_state, const spw_attr *attrs, size_t count);
void model_set_status(model_span *span, const model_limits *limits, spw_status_code code, const char *text);
void model_rename(model_span *span, const model_limits *limits, const char *name);

/* Says what differs, or NULL. */
const char *model_compare(const model_span *want, const Opentelemetry__Proto__Trace__V1__Span *got);

void model_free(model_span *span);

#endif
