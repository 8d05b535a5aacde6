/* The tools: what they are called, what they take, and what they run. Contract: mcp.h. */
#include "mcp.h"

#include <stdio.h>
#include <string.h>

#include "text.h"

enum { DEFAULT_LIMIT = 10, MOST_LIMIT = 50, MAX_PARAMETERS = 4 };

struct parameter {
    const char *name, *type, *description;
    bool required;
};

struct tool {
    const char *name, *description;
    struct parameter parameters[MAX_PARAMETERS];
    bool (*run)(const struct spwv_request *http, const struct spwv_mcp_request *request, struct spwv_buf *text);
};

static unsigned limit_of(const struct spwv_mcp_request *request)
{
    uint64_t wanted = request->limit ? request->limit : DEFAULT_LIMIT;
    return (unsigned)(wanted < MOST_LIMIT ? wanted : MOST_LIMIT);
}

/* ---- find_traces: the list of the JSON API, by its own handler ---- */

struct list_call {
    const char *query, *limit;
};

static const char *list_parameter(void *arg, const char *name)
{
    const struct list_call *call = arg;
    if (strcmp(name, "q") == 0)
        return call->query;
    return strcmp(name, "limit") == 0 ? call->limit : NULL;
}

static bool find_traces(const struct spwv_request *http, const struct spwv_mcp_request *request, struct spwv_buf *text)
{
    char limit[24];
    snprintf(limit, sizeof limit, "%u", limit_of(request));
    struct list_call call = {request->query, limit};
    struct spwv_request list = {.app = http->app, .method = "GET", .path = "/api/traces", .arg = &call, .query = list_parameter};
    struct spwv_answer answer = {0};
    spwv_buf_init(&answer.body, SPWV_MCP_MAX_TEXT, &http->app->memory);
    spwv_api_list(&list, &answer);
    bool ok = answer.status == 200 && !answer.body.failed;
    if (answer.body.failed)
        spwv_buf_add_str(text, "too much for one answer: ask for fewer traces, by limit or by a narrower query");
    else
        spwv_buf_add(text, answer.body.data, answer.body.size);
    spwv_buf_fini(&answer.body);
    return ok;
}

/* ---- the others ---- */

static bool find_trace(const struct spwv_request *http, const struct spwv_mcp_request *request, uint8_t *trace_id, struct spwv_buf *text)
{
    const char *id = request->trace_id;
    if (strcmp(id, "latest") == 0 && http->app->store->latest(http->app->store, trace_id))
        return true;
    if (strlen(id) == 2 * SPWV_TRACE_ID_SIZE && spwv_hex_decode(id, 2 * SPWV_TRACE_ID_SIZE, trace_id))
        return true;
    spwv_buf_add_str(text, "trace_id must be 32 hex digits as find_traces gives them, or latest when there is a trace");
    return false;
}

static bool told(bool ok, const struct spwv_error *error, const char *absent, struct spwv_buf *text)
{
    if (!ok)
        spwv_buf_add_str(text, error->text[0] ? error->text : absent);
    return ok;
}

static bool summarize_trace(const struct spwv_request *http, const struct spwv_mcp_request *request, struct spwv_buf *text)
{
    uint8_t trace_id[SPWV_TRACE_ID_SIZE];
    struct spwv_error error = {0};
    return find_trace(http, request, trace_id, text) &&
           told(spwv_mcp_summary(http->app->store, trace_id, text, &error), &error, "there is no such trace; find_traces lists those there are", text);
}

static bool show_span(const struct spwv_request *http, const struct spwv_mcp_request *request, struct spwv_buf *text)
{
    uint8_t trace_id[SPWV_TRACE_ID_SIZE], span_id[8];
    struct spwv_error error = {0};
    if (!find_trace(http, request, trace_id, text))
        return false;
    if (strlen(request->span_id) != 16 || !spwv_hex_decode(request->span_id, 16, span_id)) {
        spwv_buf_add_str(text, "span_id must be 16 hex digits as summarize_trace gives them");
        return false;
    }
    return told(spwv_mcp_span(http->app->store, trace_id, span_id, text, &error), &error, "there is no such span in that trace", text);
}

static bool find_logs(const struct spwv_request *http, const struct spwv_mcp_request *request, struct spwv_buf *text)
{
    uint8_t trace_id[SPWV_TRACE_ID_SIZE];
    struct spwv_error error = {0};
    struct spwv_log_filter filter = {.text = {(const uint8_t *)request->query, strlen(request->query)}, .limit = limit_of(request)};
    if (request->severity[0] && !spwv_otlp_read_severity(request->severity, &filter.severity)) {
        spwv_buf_add_str(text, "severity must be one of trace, debug, info, warn, error, fatal");
        return false;
    }
    if (request->trace_id[0]) {
        if (!find_trace(http, request, trace_id, text))
            return false;
        filter.trace_id = trace_id;
    }
    return told(spwv_mcp_logs(http->app->store, &filter, text, &error), &error, "", text);
}

static const struct tool tools[] = {
    {"find_traces",
     "Traces, newest first, as JSON: id, root, services, start, duration, spans, errors. The query is the viewer's: `error` for failing ones; "
     "`service = api and duration > 100ms`; `gen_ai.tool.name = search`; a bare word is part of a span's name.",
     {{"query", "string", "Empty or left out: every trace.", false}, {"limit", "integer", "10 by default, 50 at most.", false}},
     find_traces},
    {"summarize_trace",
     "What one trace did, in a few lines: duration, services, tokens, spans by name, what failed, what took longest, with span ids.",
     {{"trace_id", "string", "32 hex digits, or latest.", true}},
     summarize_trace},
    {"show_span",
     "One span as JSON: its times, status, attributes, events and links. Long values are cut, and say so.",
     {{"trace_id", "string", "32 hex digits, or latest.", true}, {"span_id", "string", "16 hex digits.", true}},
     show_span},
    {"find_logs",
     "Log records, newest first, as JSON: time, severity, service, body, attributes, trace and span. Long values are cut, and say so.",
     {{"query", "string", "A text in the body, the event name or an attribute's value. Empty or left out: every record.", false},
      {"severity", "string", "That or worse: trace, debug, info, warn, error, fatal.", false},
      {"trace_id", "string", "Only this trace's: 32 hex digits, or latest.", false},
      {"limit", "integer", "10 by default, 50 at most.", false}},
     find_logs},
};

static void text_member(struct spwv_json *json, const char *key, const char *text)
{
    spwv_json_key(json, key);
    spwv_json_text(json, text);
}

static void schema(struct spwv_json *json, const struct tool *tool)
{
    spwv_json_key(json, "inputSchema");
    spwv_json_begin(json, '{');
    text_member(json, "type", "object");
    spwv_json_key(json, "properties");
    spwv_json_begin(json, '{');
    for (const struct parameter *p = tool->parameters; p < tool->parameters + MAX_PARAMETERS && p->name; p++) {
        spwv_json_key(json, p->name);
        spwv_json_begin(json, '{');
        text_member(json, "type", p->type);
        text_member(json, "description", p->description);
        spwv_json_end(json, '}');
    }
    spwv_json_end(json, '}');
    spwv_json_key(json, "required");
    spwv_json_begin(json, '[');
    for (const struct parameter *p = tool->parameters; p < tool->parameters + MAX_PARAMETERS && p->name; p++)
        if (p->required)
            spwv_json_text(json, p->name);
    spwv_json_end(json, ']');
    spwv_json_end(json, '}');
}

void spwv_mcp_list_tools(struct spwv_json *json)
{
    spwv_json_begin(json, '[');
    for (size_t i = 0; i < sizeof tools / sizeof *tools; i++) {
        spwv_json_begin(json, '{');
        text_member(json, "name", tools[i].name);
        text_member(json, "description", tools[i].description);
        schema(json, &tools[i]);
        spwv_json_key(json, "annotations");
        spwv_json_begin(json, '{');
        spwv_json_key(json, "readOnlyHint");
        spwv_json_bool(json, true);
        spwv_json_end(json, '}');
        spwv_json_end(json, '}');
    }
    spwv_json_end(json, ']');
}

bool spwv_mcp_call(const struct spwv_request *http, const struct spwv_mcp_request *request, struct spwv_buf *text)
{
    for (size_t i = 0; i < sizeof tools / sizeof *tools; i++)
        if (strcmp(request->tool, tools[i].name) == 0)
            return tools[i].run(http, request, text);
    spwv_buf_add_str(text, "there is no such tool; there are find_traces, summarize_trace, show_span and find_logs");
    return false;
}
