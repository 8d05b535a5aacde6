/* What the browser test sends: OTLP requests built by protobuf-c, independent of the viewer's decoder. */
#ifndef BROWSER_TRACES_H
#define BROWSER_TRACES_H

#include "nested_trace.h"

#define AGENT_TRACE_ID "11223344556677889900aabbccddeeff"
#define AGENT_FAILED_SPAN_ID "0000000000000003"
#define LARGE_TRACE_ID "22334455667788990011aabbccddeeff"

enum { AGENT_SPANS = 6, LONG_NAME_SIZE = 10000, LARGE_SPANS = 5000 };

/* An agent's run of AGENT_SPANS spans, with hostile text in every field that takes text, every attribute type, and one failed tool call. */
struct request agent_trace(uint64_t start_unix_ns);

/* A root with LARGE_SPANS - 1 children. */
struct request large_trace(uint64_t start_unix_ns);

#endif
