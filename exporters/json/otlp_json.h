/*
 * A batch as OTLP JSON: one ExportTraceServiceRequest without a line break, or several of them, a line each, from the public record reader. (Specification: OTLP 1.11, "JSON
 * Protobuf Encoding".) Written in steps, so that the worker is never away for long. Not thread-safe.
 *
 * Ids are lower hex, names lowerCamelCase, enums integers, 64-bit integers strings, bytes base64. Fields that hold the default are left out, but
 * for the ids.
 */
#ifndef SPW_EXPORTERS_OTLP_JSON_H
#define SPW_EXPORTERS_OTLP_JSON_H

#include <spanwire/exporter.h>

#include "json_write.h"

/*
 * How much longer than protobuf JSON can be: an empty array in an array is 4 bytes there and 29 here; in a string each byte may take 6. A batch of
 * a limit divided by this never passes the limit as JSON.
 */
#define SPW__OTLP_JSON_EXPANSION 8

/* Zero to start with, but for out.most and line_bytes. */
struct spw__otlp_json {
    struct spw__json out;
    size_t line_bytes; /* when a request has so many, a quarter of them of spans, it ends with a newline and another begins; 0: one request, without a
                        * newline */
    size_t most_heads; /* so many bytes of resources at the heads of lines; then the last line takes what is left */
    size_t line_start, heads;
    size_t head_end; /* of the line that is open */
    const spw_batch *batch;
    spw_span_iter it;
    spw_instrumentation_scope scope; /* the open one */
    bool in_scope;
};

enum spw__otlp_json_step { SPW__OTLP_JSON_DONE, SPW__OTLP_JSON_MORE, SPW__OTLP_JSON_TOO_LARGE, SPW__OTLP_JSON_NO_MEMORY };

/* Forgets what was written and takes the batch on, which is borrowed until the last step. */
void spw__otlp_json_begin(struct spw__otlp_json *json, const spw_batch *batch);

/* Writes `bytes` more, or a span more than that. DONE: out.data holds out.size bytes of JSON. */
enum spw__otlp_json_step spw__otlp_json_step(struct spw__otlp_json *json, size_t bytes);

#endif
