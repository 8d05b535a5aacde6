/*
 * The Model Context Protocol at POST /mcp: an agent asks for traces by tools whose answers are small. Stateless, one JSON object an answer; the
 * revisions up to 2025-11-25 with their handshake, and 2026-07-28 without one.
 *
 * Ownership: a request's texts are copied into the struct. Threads: any. Failure: JSON-RPC errors; what a tool cannot do is told in its
 * result, for the model to read. Limits: a request of SPWV_MCP_MAX_REQUEST bytes, an answer's text of SPWV_MCP_MAX_TEXT.
 */
#ifndef SPWV_MCP_H
#define SPWV_MCP_H

#include "http.h"
#include "json.h"

enum { SPWV_MCP_MAX_REQUEST = 64 << 10, SPWV_MCP_MAX_TEXT = 24 << 10, SPWV_MCP_WORD = 64, SPWV_MCP_QUERY = 4096 };

struct spwv_mcp_request {
    struct spwv_slice id; /* as it was written, a string or a number; data NULL: a notification */
    bool id_is_string;
    char method[SPWV_MCP_WORD];
    char version[SPWV_MCP_WORD]; /* of initialize */
    /* of tools/call */
    char tool[SPWV_MCP_WORD];
    char query[SPWV_MCP_QUERY];
    char trace_id[SPWV_MCP_WORD];
    char span_id[SPWV_MCP_WORD];
    char severity[SPWV_MCP_WORD];
    uint64_t limit; /* 0: not said */
};

/* NULL, or what is wrong: no JSON, no request of JSON-RPC 2.0, a text longer than its place. `*code` is JSON-RPC's. */
const char *spwv_mcp_read(struct spwv_slice body, struct spwv_mcp_request *request, int *code);

/* The whole answer to POST /mcp. */
void spwv_mcp(const struct spwv_request *request, struct spwv_answer *answer);

/* The tools, as the value of "tools" in the answer to tools/list. */
void spwv_mcp_list_tools(struct spwv_json *json);

/* Runs one; the text is for the model. False: the text says what went wrong, and what to do. */
bool spwv_mcp_call(const struct spwv_request *http, const struct spwv_mcp_request *request, struct spwv_buf *text);

/* The tools that read a trace, and the one that reads logs. */
bool spwv_mcp_summary(struct spwv_store *store, const uint8_t *trace_id, struct spwv_buf *text, struct spwv_error *error);
bool spwv_mcp_span(struct spwv_store *store, const uint8_t *trace_id, const uint8_t span_id[8], struct spwv_buf *text, struct spwv_error *error);
bool spwv_mcp_logs(struct spwv_store *store, const struct spwv_log_filter *filter, struct spwv_buf *text, struct spwv_error *error);

/* An answer's text has a maximum, so what does not fit has to be known before: room for a key and a value of that size. */
bool spwv_mcp_has_room(const struct spwv_json *json, size_t max_value);
/* "attributes" of a message as a plain object, values over `max_value` bytes cut; how many were left out is said behind it. */
void spwv_mcp_attributes(struct spwv_json *json, struct spwv_slice message, uint32_t field, size_t max_value);

#endif
