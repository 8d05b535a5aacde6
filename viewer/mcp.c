/* The Model Context Protocol's envelope: which method gets which result. Contract: mcp.h. */
#include "mcp.h"

#include <stdio.h>
#include <string.h>

#include "text.h"

enum { METHOD_NOT_FOUND = -32601, LIST_TTL_MS = 3600000 };

/* Newest last; those before the last begin with a handshake. */
static const char *const versions[] = {"2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"};
enum { VERSIONS = sizeof versions / sizeof *versions, NEWEST_WITH_HANDSHAKE = VERSIONS - 2 };

static const char instructions[] =
    "Traces and logs that this viewer has received. Begin with find_traces (query `error` for failing ones), then summarize_trace, then show_span for "
    "the spans that matter; find_logs for what was logged, in a trace or at all.";

static void id(struct spwv_json *json, const struct spwv_mcp_request *request)
{
    spwv_json_key(json, "id");
    if (!request->id.data) {
        spwv_json_null(json);
        return;
    }
    spwv_buf_add(json->out, request->id_is_string ? "\"" : "", request->id_is_string);
    /* As it came, escapes and all: it was JSON. But for bad UTF-8, which strings are taken with. */
    for (const uint8_t *at = request->id.data, *after = at + request->id.size; at < after;) {
        char bytes[4];
        uint32_t c = spwv_utf8_next(&at, after);
        spwv_buf_add(json->out, bytes, spwv_utf8_encode(c == SPWV_BAD_CHAR ? 0xFFFD : c, bytes));
    }
    spwv_buf_add(json->out, request->id_is_string ? "\"" : "", request->id_is_string);
    json->comma = true;
}

static struct spwv_json begin(struct spwv_answer *answer, const struct spwv_mcp_request *request, const char *what)
{
    answer->status = 200;
    answer->content_type = "application/json";
    struct spwv_json json = {.out = &answer->body};
    spwv_json_begin(&json, '{');
    spwv_json_key(&json, "jsonrpc");
    spwv_json_text(&json, "2.0");
    id(&json, request);
    spwv_json_key(&json, what);
    spwv_json_begin(&json, '{');
    return json;
}

static void end(struct spwv_json *json)
{
    spwv_json_end(json, '}');
    spwv_json_end(json, '}');
}

static void fail(struct spwv_answer *answer, const struct spwv_mcp_request *request, int code, const char *text)
{
    struct spwv_json json = begin(answer, request, "error");
    spwv_json_key(&json, "code");
    spwv_json_int32(&json, code);
    spwv_json_key(&json, "message");
    spwv_json_text(&json, text);
    end(&json);
    if (!request->id.data)
        answer->status = 400;
}

static void complete(struct spwv_json *json)
{
    spwv_json_key(json, "resultType");
    spwv_json_text(json, "complete");
}

/* What may be kept, and by whom: these depend on this program alone. */
static void may_be_kept(struct spwv_json *json)
{
    spwv_json_key(json, "ttlMs");
    spwv_json_count(json, LIST_TTL_MS);
    spwv_json_key(json, "cacheScope");
    spwv_json_text(json, "public");
}

static void describe(struct spwv_json *json, const char *version)
{
    spwv_json_key(json, "capabilities");
    spwv_json_begin(json, '{');
    spwv_json_key(json, "tools");
    spwv_json_begin(json, '{');
    spwv_json_end(json, '}');
    spwv_json_end(json, '}');
    spwv_json_key(json, "serverInfo");
    spwv_json_begin(json, '{');
    spwv_json_key(json, "name");
    spwv_json_text(json, "spanwire");
    spwv_json_key(json, "version");
    spwv_json_text(json, version);
    spwv_json_end(json, '}');
    spwv_json_key(json, "instructions");
    spwv_json_text(json, instructions);
}

/* ---- methods ---- */

static void initialize(const struct spwv_request *http, const struct spwv_mcp_request *request, struct spwv_answer *answer)
{
    const char *agreed = versions[NEWEST_WITH_HANDSHAKE];
    for (int i = 0; i <= NEWEST_WITH_HANDSHAKE; i++)
        if (strcmp(request->version, versions[i]) == 0)
            agreed = versions[i];
    struct spwv_json json = begin(answer, request, "result");
    spwv_json_key(&json, "protocolVersion");
    spwv_json_text(&json, agreed);
    describe(&json, http->app->version);
    end(&json);
}

static void discover(const struct spwv_request *http, const struct spwv_mcp_request *request, struct spwv_answer *answer)
{
    struct spwv_json json = begin(answer, request, "result");
    complete(&json);
    may_be_kept(&json);
    spwv_json_key(&json, "supportedVersions");
    spwv_json_begin(&json, '[');
    for (int i = VERSIONS; i--;)
        spwv_json_text(&json, versions[i]);
    spwv_json_end(&json, ']');
    describe(&json, http->app->version);
    end(&json);
}

static void ping(const struct spwv_request *http, const struct spwv_mcp_request *request, struct spwv_answer *answer)
{
    (void)http;
    struct spwv_json json = begin(answer, request, "result");
    complete(&json);
    end(&json);
}

static void list_tools(const struct spwv_request *http, const struct spwv_mcp_request *request, struct spwv_answer *answer)
{
    (void)http;
    struct spwv_json json = begin(answer, request, "result");
    complete(&json);
    may_be_kept(&json);
    spwv_json_key(&json, "tools");
    spwv_mcp_list_tools(&json);
    end(&json);
}

static void call_tool(const struct spwv_request *http, const struct spwv_mcp_request *request, struct spwv_answer *answer)
{
    struct spwv_buf text;
    spwv_buf_init(&text, SPWV_MCP_MAX_TEXT, &http->app->memory);
    bool ok = spwv_mcp_call(http, request, &text) && !text.failed;
    struct spwv_json json = begin(answer, request, "result");
    complete(&json);
    spwv_json_key(&json, "content");
    spwv_json_begin(&json, '[');
    spwv_json_begin(&json, '{');
    spwv_json_key(&json, "type");
    spwv_json_text(&json, "text");
    spwv_json_key(&json, "text");
    spwv_json_string(&json, (struct spwv_slice){(const uint8_t *)text.data, text.size});
    spwv_json_end(&json, '}');
    spwv_json_end(&json, ']');
    spwv_json_key(&json, "isError");
    spwv_json_bool(&json, !ok);
    end(&json);
    spwv_buf_fini(&text);
}

static const struct {
    const char *name;
    void (*run)(const struct spwv_request *, const struct spwv_mcp_request *, struct spwv_answer *);
} methods[] = {
    {"initialize", initialize}, {"server/discover", discover}, {"ping", ping}, {"tools/list", list_tools}, {"tools/call", call_tool},
};

void spwv_mcp(const struct spwv_request *http, struct spwv_answer *answer)
{
    struct spwv_mcp_request request;
    int code;
    const char *mistake = spwv_mcp_read(http->body, &request, &code);
    if (mistake) {
        fail(answer, &request, code, mistake);
        return;
    }
    if (!request.id.data) { /* a notification: nothing here waits for any */
        answer->status = 202;
        return;
    }
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (strcmp(request.method, methods[i].name) == 0) {
            methods[i].run(http, &request, answer);
            return;
        }
    fail(answer, &request, METHOD_NOT_FOUND, "there is no such method here; there are tools/list and tools/call");
}
