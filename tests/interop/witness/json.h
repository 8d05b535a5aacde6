/* Spans as lines of OTLP JSON, the format of the collector's file exporter. Texts are valid UTF-8. */
#ifndef WITNESS_JSON_H
#define WITNESS_JSON_H

#include <spanwire/exporter.h>
#include <stdio.h>

/* A span as it is written. */
typedef struct line {
    const uint8_t *trace_id, *span_id, *parent_id; /* parent NULL: a root */
    uint32_t flags;
    spw_view name, trace_state, status_message;
    spw_span_kind kind;
    spw_status_code status;
    uint64_t start_unix_ns, end_unix_ns; /* 0: not said */
    uint32_t dropped_attributes, dropped_events;
    spw_instrumentation_scope scope;
    const char *attributes, *events; /* the elements of the lists, JSON already */
} line;

void json_put_line(FILE *out, const line *l);

/* `,"name":"text"` */
void json_put_field(FILE *out, const char *name, spw_view text);

/* An element of a list of attributes. */
void json_put_attr(FILE *out, bool first, const spw_attr *a);

/* Every span the memory exporter has. False, and errno, when the file cannot be written. */
bool json_write_kept(const char *path, spw_exporter *memory);

#endif
