/* The Model Context Protocol endpoint: envelope, tools, and how small and harmless their answers stay. */
#include "fixture.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static sqlite3 *judge; /* an independent JSON reader */
static char answer[128 << 10];

static int set_up(void **state)
{
    return sqlite3_open(":memory:", &judge) == SQLITE_OK ? start_viewer(state) : -1;
}

static int tear_down(void **state)
{
    sqlite3_close(judge);
    return stop_viewer(state);
}

static struct reply send_text(const char *text, const char *header)
{
    const char *const headers[] = {"Content-Type: application/json", header, NULL};
    return http("POST", "/mcp", headers, (struct bytes){(uint8_t *)(uintptr_t)text, strlen(text)});
}

/* What SQLite finds at that path of the answer to the request. */
static const char *ask(const char *request, const char *path)
{
    sqlite3_stmt *statement;
    struct reply reply = send_text(request, NULL);
    assert_int_equal(sqlite3_prepare_v2(judge, "SELECT json_valid(?1), json_extract(?1, ?2)", -1, &statement, NULL), SQLITE_OK);
    sqlite3_bind_text(statement, 1, reply.body, (int)reply.size, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, path, -1, SQLITE_STATIC);
    if (sqlite3_step(statement) != SQLITE_ROW || !sqlite3_column_int(statement, 0))
        fail_msg("%s: no JSON (%s): %.500s", request, sqlite3_errmsg(judge), reply.body);
    const unsigned char *text = sqlite3_column_text(statement, 1);
    snprintf(answer, sizeof answer, "%s", text ? (const char *)text : "(null)");
    sqlite3_finalize(statement);
    free_reply(reply);
    return answer;
}

#define CALL(tool, arguments) "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"" tool "\",\"arguments\":{" arguments "}}}"
#define TEXT "$.result.content[0].text"
#define WRONG "$.result.isError"

static void the_handshake_agrees_on_a_version(void **state)
{
    (void)state;
    assert_string_equal(ask("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":\"2025-06-18\"}}", "$.result.protocolVersion"),
                        "2025-06-18");
    assert_string_equal(ask("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":\"1999-01-01\"}}", "$.result.protocolVersion"),
                        "2025-11-25");
    assert_string_equal(ask("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"server/discover\"}", "$.result.supportedVersions[0]"), "2026-07-28");
    struct reply reply = send_text("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}", NULL);
    assert_int_equal(reply.status, 202);
    assert_int_equal(reply.size, 0);
    free_reply(reply);
}

static void ids_come_back_as_they_were(void **state)
{
    (void)state;
    assert_string_equal(ask("{\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"id\":\"a\\\"\\u00e9/\"}", "$.id"), "a\"\xc3\xa9/");
    assert_string_equal(ask("{\"id\":-17,\"jsonrpc\":\"2.0\",\"method\":\"ping\"}", "$.id"), "-17");
    /* But for bytes that are no UTF-8, which no JSON may hold. */
    assert_string_equal(ask("{\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"id\":\"a\xd5\"}", "$.id"), "a\xef\xbf\xbd");
}

static void mistakes_have_their_code(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"{", "-32700"}, {"", "-32700"}, {"{} {}", "-32700"}, {"[]", "-32600"}, {"{\"id\":1,\"method\":\"ping\"}", "-32600"},
        {"{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"ping\"}", "-32600"}, {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"no\"}", "-32601"},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"0123456789012345678901234567890123456789012345678901234567890123456789\"}", "-32602"},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":", "-32700"},
        {"{\"jsonrpc\":\"2.0\",\"params\":{\"arguments\":{\"limit\":99999999999999999999", "-32700"}, /* nothing stands behind the number */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(ask(cases[i][0], "$.error.code"), cases[i][1]);
}

static void strangers_are_refused(void **state)
{
    (void)state;
    struct reply reply = send_text("{}", "Origin: http://example.org");
    assert_int_equal(reply.status, 403);
    free_reply(reply);
    const char *const headers[] = {"Content-Type: text/plain", NULL}; /* what a form of any page may send */
    reply = http("POST", "/mcp", headers, (struct bytes){(uint8_t *)(uintptr_t) "{}", 2});
    assert_int_equal(reply.status, 415);
    free_reply(reply);
    reply = get("/mcp");
    assert_int_equal(reply.status, 405);
    free_reply(reply);
    char *large = malloc((64 << 10) + 2);
    assert_non_null(large);
    memset(large, ' ', (64 << 10) + 1);
    large[(64 << 10) + 1] = 0;
    reply = send_text(large, NULL);
    assert_int_equal(reply.status, 413);
    free_reply(reply);
    free(large);
}

/* Deep and wide requests are passed over, not followed. */
static void nesting_is_passed_over(void **state)
{
    (void)state;
    char request[4096] = "{\"jsonrpc\":\"2.0\",\"params\":{\"_meta\":";
    for (int i = 0; i < 400; i++)
        strcat(request, "[");
    for (int i = 0; i < 400; i++)
        strcat(request, "]");
    strcat(request, ",\"arguments\":{\"x\":{\"trace_id\":\"no\"}},\"name\":\"summarize_trace\"},\"id\":1,\"method\":\"tools/call\"}");
    assert_non_null(strstr(ask(request, TEXT), "trace_id must be 32 hex digits"));
}

/* ---- tools ---- */

static void with_tokens(pb_span *span)
{
    static key_value operation = OPENTELEMETRY__PROTO__COMMON__V1__KEY_VALUE__INIT, input = OPENTELEMETRY__PROTO__COMMON__V1__KEY_VALUE__INIT,
                     prompt = OPENTELEMETRY__PROTO__COMMON__V1__KEY_VALUE__INIT;
    static any_value chat = OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__INIT, number = OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__INIT,
                     text = OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__INIT;
    static key_value *attributes[] = {&operation, &input, &prompt};
    static char long_text[200001];
    memset(long_text, '\x01', sizeof long_text - 1); /* six characters each in JSON */
    operation.key = (char *)(uintptr_t) "gen_ai.operation.name";
    chat.value_case = OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_STRING_VALUE;
    chat.string_value = (char *)(uintptr_t) "chat";
    operation.value = &chat;
    input.key = (char *)(uintptr_t) "gen_ai.usage.input_tokens";
    number.value_case = OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_INT_VALUE;
    number.int_value = 42;
    input.value = &number;
    prompt.key = (char *)(uintptr_t) "gen_ai.input.messages";
    text.value_case = OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_STRING_VALUE;
    text.string_value = long_text;
    prompt.value = &text;
    span->attributes = attributes;
    span->n_attributes = 3;
}

#define ID "ab000000000000000000000000000001"

static void send_a_trace(void)
{
    struct reply reply = post(ENCODE({1, 1, 0, "root", 1000, 5000000, false, NULL, "api", .finish = NULL},
                                     {1, 2, 1, "chat model", 2000, 3002000, false, NULL, "api", .finish = with_tokens},
                                     {1, 3, 1, "execute_tool x", 3000, 4000, true, "it\x1b[2J broke", "tools", .finish = NULL}));
    assert_int_equal(reply.status, 200);
    free_reply(reply);
}

static void traces_are_found(void **state)
{
    (void)state;
    assert_string_equal(ask(CALL("find_traces", ""), WRONG), "0");
    send_a_trace();
    assert_non_null(strstr(ask(CALL("find_traces", "\"query\":\"execute_tool\",\"limit\":5"), TEXT), "\"trace_id\":\"" ID "\""));
    assert_null(strstr(ask(CALL("find_traces", "\"query\":\"nothing like it\""), TEXT), ID));
    assert_string_equal(ask(CALL("nonsense", ""), WRONG), "1");
    assert_non_null(strstr(ask(CALL("nonsense", ""), TEXT), "there are find_traces"));
}

static void a_trace_is_summarised(void **state)
{
    (void)state;
    assert_string_equal(ask(CALL("summarize_trace", "\"trace_id\":\"latest\""), WRONG), "1");
    send_a_trace();
    const char *text = ask(CALL("summarize_trace", "\"trace_id\":\"" ID "\""), TEXT);
    static const char *const parts[] = {"trace " ID ": 4.999 ms, 3 spans, 1 failed\n", "services: api, tools\n", "tokens: 42 in, 0 out\n",
                                        "0300000000000000  0.001 ms  execute_tool x: it [2J broke\n", "  1  1  0.001 ms  execute_tool x\n"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!strstr(text, parts[i]))
            fail_msg("no \"%s\" in %s", parts[i], text);
    assert_string_equal(ask(CALL("summarize_trace", "\"trace_id\":\"00000000000000000900000000000000\""), WRONG), "1");
    assert_non_null(strstr(answer, "1"));
}

static void logs_are_found(void **state)
{
    (void)state;
    static const char *const headers[] = {"Content-Type: application/json", NULL};
    char *request = malloc(8000);
    int size = sprintf(request, "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"timeUnixNano\":\"1\",\"severityNumber\":17,\"traceId\":\"" ID "\","
                                "\"body\":{\"stringValue\":\"it broke\"},\"attributes\":[{\"key\":\"n\",\"value\":{\"intValue\":\"3\"}}]},"
                                "{\"timeUnixNano\":\"2\",\"severityNumber\":9,\"body\":{\"stringValue\":\"%05000d\"}}]}]}]}", 7);
    struct reply reply = http("POST", "/v1/logs", headers, (struct bytes){(uint8_t *)request, (size_t)size});
    assert_int_equal(reply.status, 200);
    free_reply(reply);
    free(request);
    const char *text = ask(CALL("find_logs", ""), TEXT);
    assert_non_null(strstr(text, "(cut: 5000 bytes in all)"));
    assert_in_range(strlen(text), 500, 2000);
    text = ask(CALL("find_logs", "\"severity\":\"error\""), TEXT);
    assert_string_equal(text, "{\"logs\":[{\"time_unix_ns\":\"1\",\"severity\":\"ERROR\",\"service\":\"unknown_service\",\"body\":\"it broke\","
                              "\"trace_id\":\"" ID "\",\"attributes\":{\"n\":3}}],\"more\":false}");
    assert_non_null(strstr(ask(CALL("find_logs", "\"trace_id\":\"" ID "\",\"query\":\"BROKE\",\"limit\":1"), TEXT), "it broke"));
    assert_non_null(strstr(ask(CALL("find_logs", "\"limit\":1"), TEXT), "\"more\":true"));
    assert_string_equal(ask(CALL("find_logs", "\"severity\":\"loud\""), WRONG), "1");
    assert_string_equal(ask(CALL("find_logs", "\"trace_id\":\"x\""), WRONG), "1");
}

static void a_span_is_shown_and_long_values_are_cut(void **state)
{
    (void)state;
    send_a_trace();
    const char *text = ask(CALL("show_span", "\"trace_id\":\"latest\",\"span_id\":\"0200000000000000\""), TEXT);
    assert_non_null(strstr(text, "\"gen_ai.usage.input_tokens\":42"));
    assert_non_null(strstr(text, "(cut: 200000 bytes in all)"));
    assert_in_range(strlen(text), 500, 12000);
    text = ask(CALL("show_span", "\"trace_id\":\"latest\",\"span_id\":\"0300000000000000\""), TEXT);
    assert_non_null(strstr(text, "\"status\":\"ERROR\",\"status_message\":\"it\\u001b[2J broke\""));
    assert_string_equal(ask(CALL("show_span", "\"trace_id\":\"latest\",\"span_id\":\"0900000000000000\""), WRONG), "1");
    assert_non_null(strstr(ask(CALL("show_span", "\"trace_id\":\"latest\",\"span_id\":\"x\""), TEXT), "span_id must be 16 hex digits"));
}

static struct sample many[3000];

/* The answers stay small whatever the trace is. */
static void large_traces_have_small_summaries(void **state)
{
    (void)state;
    static char names[3000][200];
    for (size_t i = 0; i < 3000; i++) {
        memset(names[i], 'n', sizeof names[i] - 1);
        snprintf(names[i], 12, "%zu", i);
        names[i][strlen(names[i])] = 'n';
        many[i] = (struct sample){1, i + 1, i ? 1 : 0, names[i], 1000 + i, 2000 + 2 * i, true, names[i], NULL, NULL, NULL, NULL};
    }
    struct reply reply = post(encode(many, 3000));
    assert_int_equal(reply.status, 200);
    free_reply(reply);
    const char *text = ask(CALL("summarize_trace", "\"trace_id\":\"latest\""), TEXT);
    assert_non_null(strstr(text, "3000 spans, 3000 failed"));
    assert_non_null(strstr(text, "and 497 names more"));
    assert_in_range(strlen(text), 1000, 8000);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_handshake_agrees_on_a_version),
        TEST(ids_come_back_as_they_were),
        TEST(mistakes_have_their_code),
        TEST(strangers_are_refused),
        TEST(nesting_is_passed_over),
        TEST(traces_are_found),
        TEST(a_trace_is_summarised),
        TEST(a_span_is_shown_and_long_values_are_cut),
        TEST(logs_are_found),
        TEST(large_traces_have_small_summaries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
