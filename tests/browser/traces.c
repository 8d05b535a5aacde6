/* Contract: traces.h. */
#include "traces.h"

#include <string.h>

#define MS UINT64_C(1000000)

static void add_hostile_event(om_span *span, uint64_t time)
{
    om_event *event = om_add_event(span, HOSTILE, time);
    om_set(event, HOSTILE, om_text(HOSTILE));
}

static void add_hostile_link(om_span *span)
{
    om_link *link = om_add_link(span, AGENT_TRACE_ID, AGENT_FAILED_SPAN_ID);
    om_replace(&link->trace_state, HOSTILE);
    om_set(link, HOSTILE, om_text(HOSTILE));
}

static void set_every_type(om_span *span)
{
    static const uint8_t bytes[] = {0x00, 0xff, 0x3c};
    om_set(span, "type.string", om_text("plain text"));
    om_set(span, "type.int", om_int(INT64_MIN));
    om_set(span, "type.double", om_double(0.5));
    om_set(span, "type.bool", om_bool(true));
    om_set(span, "type.bytes", om_bytes(bytes, sizeof bytes));
    om_set(span, "type.array", om_push(om_push(om_array(), om_int(1)), om_text(HOSTILE)));
    om_set(span, "type.map", om_put(om_map(), HOSTILE, om_bool(false)));
    om_set(span, "type.empty", om_empty());
    om_set(span, "gen_ai.tool.call.arguments", om_text("{\"query\":\"prices\",\"limit\":12345678901234567890}"));
}

static void set_model_call(om_span *span, int64_t input, int64_t output)
{
    om_set(span, "gen_ai.operation.name", om_text("chat"));
    om_set(span, "gen_ai.usage.input_tokens", om_int(input));
    om_set(span, "gen_ai.usage.output_tokens", om_int(output));
    om_set(span, "gen_ai.input.messages", om_text("[{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"content\":\"<img src=x onerror=window.__pwned=3>\"}]}]"));
}

/* ---- requests ---- */

static om_request *begin(const char *service, om_scope_spans **scope)
{
    om_resource_spans *resource;
    om_request *request = om_begin(service, &resource, scope);
    om_set(resource->resource, HOSTILE, om_text(HOSTILE));
    om_replace(&resource->schema_url, HOSTILE);
    om_replace(&(*scope)->schema_url, HOSTILE);
    om_replace(&(*scope)->scope->name, HOSTILE);
    om_replace(&(*scope)->scope->version, HOSTILE);
    om_set((*scope)->scope, HOSTILE, om_text(HOSTILE));
    return request;
}

struct request agent_trace(uint64_t start)
{
    char long_name[LONG_NAME_SIZE + 1];
    om_scope_spans *scope;
    om_request *request = begin(HOSTILE, &scope);
    memset(long_name, 'x', LONG_NAME_SIZE);
    long_name[LONG_NAME_SIZE] = 0;

    om_span *run = om_add_span(scope, AGENT_TRACE_ID, 1, 0, HOSTILE, start, start + 900 * MS);
    om_set(run, "gen_ai.operation.name", om_text("invoke_agent"));
    om_set(run, "gen_ai.usage.input_tokens", om_int(99999)); /* an agent's own total: not to be counted again */
    om_replace(&run->trace_state, HOSTILE);

    set_model_call(om_add_span(scope, AGENT_TRACE_ID, 2, 1, "chat gpt-x", start + 10 * MS, start + 300 * MS), 812, 96);

    om_span *tool = om_add_span(scope, AGENT_TRACE_ID, 3, 1, "execute_tool web_search", start + 310 * MS, start + 600 * MS);
    om_set(tool, "gen_ai.operation.name", om_text("execute_tool"));
    set_every_type(tool);
    om_set(tool, HOSTILE, om_text(HOSTILE));
    add_hostile_event(tool, start + 400 * MS);
    add_hostile_link(tool);
    om_fail(tool, HOSTILE);

    om_span *page = om_add_span(scope, AGENT_TRACE_ID, 4, 3, long_name, start + 320 * MS, start + 500 * MS);
    om_set(page, "long", om_text(long_name));
    set_model_call(om_add_span(scope, AGENT_TRACE_ID, 5, 1, "chat gpt-x", start + 610 * MS, start + 890 * MS), 1000, 4);
    om_add_span(scope, AGENT_TRACE_ID, 6, 0x77, "its parent is lost", start + 20 * MS, start + 30 * MS);
    return om_finish(request);
}

struct request large_trace(uint64_t start)
{
    om_scope_spans *scope;
    om_request *request = begin("batch", &scope);
    om_add_span(scope, LARGE_TRACE_ID, 1, 0, "nightly import", start, start + LARGE_SPANS * MS);
    for (unsigned i = 2; i <= LARGE_SPANS; i++)
        om_add_span(scope, LARGE_TRACE_ID, i, 1, "read row", start + i * MS / 2, start + i * MS);
    return om_finish(request);
}
