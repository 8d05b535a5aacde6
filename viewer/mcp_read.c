/* A request of JSON-RPC 2.0, as far as the Model Context Protocol needs it here. Contract: mcp.h. */
#include "mcp.h"

#include <string.h>

#include "json_read.h"

enum { PARSE_ERROR = -32700, INVALID_REQUEST = -32600, INVALID_PARAMS = -32602, MAX_KEY = 64 };

/* Where a key is: in the request, in its params, in their arguments. What is deeper, or elsewhere, is passed over. */
enum place { TOP, PARAMS, ARGUMENTS };

struct reading {
    struct spwv_json_reader json;
    struct spwv_mcp_request *request;
    const char *mistake;
    bool is_2_0;
};

struct member {
    enum place place;
    const char *key;
    size_t offset; /* of its text in the request */
    size_t size;
};

#define TEXT(field) offsetof(struct spwv_mcp_request, field), sizeof(((struct spwv_mcp_request *)0)->field)
static const struct member members[] = {
    {TOP, "method", TEXT(method)},          {PARAMS, "protocolVersion", TEXT(version)}, {PARAMS, "name", TEXT(tool)},
    {ARGUMENTS, "query", TEXT(query)},      {ARGUMENTS, "trace_id", TEXT(trace_id)},    {ARGUMENTS, "span_id", TEXT(span_id)},
    {ARGUMENTS, "severity", TEXT(severity)},
};

static void pass_over(struct reading *r, enum spwv_json_token token)
{
    if (token != SPWV_JSON_OBJECT && token != SPWV_JSON_ARRAY)
        return;
    for (unsigned depth = r->json.depth; token > SPWV_JSON_END && r->json.depth >= depth;)
        token = spwv_json_next(&r->json);
}

static void take_text(struct reading *r, char *to, size_t size)
{
    if (r->json.text_size >= size) {
        r->mistake = "a text in the request is too long";
        return;
    }
    spwv_json_decode(&r->json, to);
    to[r->json.text_size] = 0;
}

/* The digits a number begins with; what is too large is as large as can be. The body may end behind them. */
static uint64_t digits_of(struct spwv_slice number)
{
    uint64_t value = 0;
    for (size_t i = 0; i < number.size && number.data[i] >= '0' && number.data[i] <= '9'; i++)
        value = value > UINT64_MAX / 10 - 1 ? UINT64_MAX / 10 : value * 10 + (uint64_t)(number.data[i] - '0');
    return value;
}

static void take_scalar(struct reading *r, enum place place, const char *key, enum spwv_json_token token)
{
    struct spwv_mcp_request *request = r->request;
    if (place == TOP && strcmp(key, "jsonrpc") == 0) {
        r->is_2_0 = token == SPWV_JSON_STRING && r->json.text.size == 3 && memcmp(r->json.text.data, "2.0", 3) == 0;
    } else if (place == TOP && strcmp(key, "id") == 0 && (token == SPWV_JSON_STRING || token == SPWV_JSON_NUMBER)) {
        request->id = r->json.text;
        request->id_is_string = token == SPWV_JSON_STRING;
    } else if (place == ARGUMENTS && strcmp(key, "limit") == 0 && token == SPWV_JSON_NUMBER) {
        request->limit = digits_of(r->json.text);
    } else if (token == SPWV_JSON_STRING) {
        for (size_t i = 0; i < sizeof members / sizeof *members; i++)
            if (members[i].place == place && strcmp(members[i].key, key) == 0)
                take_text(r, (char *)request + members[i].offset, members[i].size);
    }
}

/* The members of the object that has begun, and of those inside it that matter: three levels, not as many as somebody sends. */
static void read_members(struct reading *r)
{
    enum place place = TOP;
    enum spwv_json_token token;
    while ((token = spwv_json_next(&r->json)) > SPWV_JSON_END && !r->mistake) {
        char key[MAX_KEY] = "";
        if (token == SPWV_JSON_OBJECT_END) {
            if (place == TOP)
                return;
            place--;
            continue;
        }
        if (r->json.text_size < sizeof key) {
            spwv_json_decode(&r->json, key);
            key[r->json.text_size] = 0;
        }
        token = spwv_json_next(&r->json);
        if (token == SPWV_JSON_OBJECT && ((place == TOP && strcmp(key, "params") == 0) || (place == PARAMS && strcmp(key, "arguments") == 0)))
            place++;
        else if (token == SPWV_JSON_OBJECT || token == SPWV_JSON_ARRAY)
            pass_over(r, token);
        else
            take_scalar(r, place, key, token);
    }
}

const char *spwv_mcp_read(struct spwv_slice body, struct spwv_mcp_request *request, int *code)
{
    struct reading r = {.request = request};
    *request = (struct spwv_mcp_request){0};
    *code = PARSE_ERROR;
    spwv_json_open(&r.json, body);
    enum spwv_json_token token = spwv_json_next(&r.json);
    if (token == SPWV_JSON_ARRAY) {
        *code = INVALID_REQUEST;
        return "one request at a time: batches have left the protocol";
    }
    if (token == SPWV_JSON_OBJECT)
        read_members(&r);
    if (r.mistake) {
        *code = INVALID_PARAMS;
        return r.mistake;
    }
    if (token != SPWV_JSON_OBJECT || spwv_json_next(&r.json) != SPWV_JSON_END)
        return "the body is not one JSON object";
    *code = INVALID_REQUEST;
    return r.is_2_0 && request->method[0] ? NULL : "not a request of JSON-RPC 2.0 with a method";
}
