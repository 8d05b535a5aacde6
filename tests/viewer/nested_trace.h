/*
 * A trace with everything a span can hold beyond flat attributes: nested values in every place that takes attributes, links, flags, schema
 * URLs, dropped counts. The viewer's API test and its browser test send the same bytes.
 */
#ifndef NESTED_TRACE_H
#define NESTED_TRACE_H

#include "otlp_messages.h"

/* Text that would run, close an element or turn the line round if any of it were taken for markup. */
#define HOSTILE "<img src=x onerror=\"window.__pwned=1\"></script><script>window.__pwned=2</script>\xe2\x80\xaegpj.exe"

#define NESTED_TRACE_ID "33445566778899001122aabbccddeeff"
#define NESTED_SPAN_ID "0000000000000001"
#define NESTED_CHILD_ID "0000000000000002"
#define UNKNOWN_TRACE_ID "44556677889900112233aabbccddeeff"
#define LINKED_SPAN_ID "0000000000000003"
#define RESOURCE_SCHEMA_URL "https://opentelemetry.io/schemas/1.27.0"
#define SCOPE_SCHEMA_URL "https://opentelemetry.io/schemas/1.30.0"

/* The deepest value a request may hold, the attribute's own counted. */
enum { NESTED_DEPTH = 64, NESTED_MANY = 1000 };

/* Two spans. The root's links: to `linked_trace_id`, to a trace nobody sends, to its own child, to no trace at all. */
struct request nested_trace(const char *linked_trace_id, uint64_t start_unix_ns);

#endif
