/* Contract: nested_trace.h. */
#include "nested_trace.h"

#define MS UINT64_C(1000000)

static const uint8_t blob[] = {0x00, 0xff, 0x3c};

/* The innermost value is NESTED_DEPTH deep. */
static om_value *deep(bool maps, om_value *innermost)
{
    for (int depth = 1; depth < NESTED_DEPTH; depth++)
        innermost = maps ? om_put(om_map(), "in", innermost) : om_push(om_array(), innermost);
    return innermost;
}

static om_value *many(void)
{
    om_value *array = om_array();
    for (int i = 0; i < NESTED_MANY; i++)
        om_push(array, om_int(i * 1000000007LL));
    return array;
}

static om_value *hit(const char *title, double score)
{
    return om_put(om_put(om_map(), "title", om_text(title)), "score", om_double(score));
}

static om_value *tool_result(void)
{
    om_value *result = om_map();
    om_put(result, "status", om_text("ok"));
    om_put(result, "code", om_int(INT64_C(9007199254740993))); /* no double holds it */
    om_put(result, "ratio", om_double(0.5));
    om_put(result, "cached", om_bool(false));
    om_put(result, "nothing", om_empty());
    om_put(result, "key", om_bytes(blob, sizeof blob));
    om_put(result, "items", om_push(om_push(om_array(), hit("Price list", 0.92)), hit(HOSTILE, 0.4)));
    om_put(result, "no items", om_array());
    om_put(result, HOSTILE, om_map());
    return result;
}

/* The messages of a model call as nested values, the form the conventions prefer. */
static om_value *messages(void)
{
    om_value *arguments = om_put(om_put(om_map(), "query", om_text("prices")), "limit", om_int(5));
    om_value *call = om_put(om_put(om_put(om_map(), "type", om_text("tool_call")), "name", om_text("web_search")), "arguments", arguments);
    om_value *words = om_put(om_put(om_map(), "type", om_text("text")), "content", om_text("Which supplier has raised its prices?"));
    om_value *user = om_put(om_put(om_map(), "role", om_text("user")), "parts", om_push(om_array(), words));
    om_value *assistant = om_put(om_put(om_map(), "role", om_text("assistant")), "parts", om_push(om_array(), call));
    return om_push(om_push(om_array(), user), assistant);
}

static void add_links(om_span *span, const char *linked_trace_id)
{
    om_link *link = om_add_link(span, linked_trace_id, LINKED_SPAN_ID);
    om_replace(&link->trace_state, "vendor=a,other=b");
    link->flags = 0x301;
    link->dropped_attributes_count = 2;
    om_set(link, "reason", om_text("evidence"));
    om_set(link, "from", om_put(om_map(), "pages", om_push(om_push(om_array(), om_int(3)), om_int(8))));
    om_add_link(span, UNKNOWN_TRACE_ID, LINKED_SPAN_ID)->flags = 0x100;
    om_add_link(span, NESTED_TRACE_ID, NESTED_CHILD_ID);
    om_add_link(span, "", "");
}

struct request nested_trace(const char *linked_trace_id, uint64_t start)
{
    om_resource_spans *resource;
    om_scope_spans *scope;
    om_request *request = om_begin("planner", &resource, &scope);
    om_replace(&resource->schema_url, RESOURCE_SCHEMA_URL);
    om_replace(&scope->schema_url, SCOPE_SCHEMA_URL);
    om_set(resource->resource, "host.ip", om_push(om_push(om_array(), om_text("10.0.0.7")), om_text("fe80::7")));
    om_replace(&scope->scope->name, "agent-loop");
    om_set(scope->scope, "features", om_put(om_map(), "stream", om_bool(true)));

    om_span *run = om_add_span(scope, NESTED_TRACE_ID, 1, 0, "invoke_agent planner", start, start + 900 * MS);
    run->flags = 0x103;
    run->dropped_links_count = 3;
    om_set(run, "tool.result", tool_result());
    om_set(run, "deep.map", deep(true, om_bytes(blob, sizeof blob)));
    om_set(run, "deep.array", deep(false, om_text("the bottom")));
    om_set(run, "many", many());
    om_set(run, "short", om_push(om_push(om_array(), om_int(1)), om_int(2)));
    om_set(run, "gen_ai.input.messages", messages());
    om_event *event = om_add_event(run, "tool.answered", start + 400 * MS);
    om_set(event, "answer", om_put(om_map(), "rows", om_push(om_array(), om_put(om_map(), "id", om_int(7)))));
    add_links(run, linked_trace_id);

    om_span *child = om_add_span(scope, NESTED_TRACE_ID, 2, 1, "execute_tool web_search", start + 100 * MS, start + 600 * MS);
    child->flags = 0x300;
    return om_finish(request);
}
