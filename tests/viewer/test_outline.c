/*
 * A trace's outline and single spans, over HTTP: columns, parents that are here and not, what is cut and left out, the whole for small ones.
 * SQLite's JSON functions are the judge of the answers.
 */
#include "judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRACE "/api/traces/ab000000000000000000000000000001"

static void send_spans(const char *spans)
{
    static const char *const headers[] = {"Content-Type: application/json", NULL};
    static const char form[] = "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":\"svc\"}}]},"
                               "\"scopeSpans\":[{\"scope\":{\"name\":\"s\"},\"spans\":[%s]}]}]}";
    size_t size = strlen(form) + strlen(spans);
    char *body = malloc(size);
    assert_non_null(body);
    int length = snprintf(body, size, form, spans);
    struct reply reply = http("POST", "/v1/traces", headers, (struct bytes){(uint8_t *)body, (size_t)length});
    if (reply.status != 200 || strstr(reply.body, "partial"))
        fail_msg("%ld %s", reply.status, reply.body);
    free_reply(reply);
    free(body);
}

#define IDS(id, parent) "{\"traceId\":\"ab000000000000000000000000000001\",\"spanId\":\"000000000000000" id "\",\"parentSpanId\":\"" parent "\","

static void columns_hold_what_the_spans_say(void **state)
{
    (void)state;
    send_spans(IDS("3", "0000000000000001") "\"name\":\"chat\",\"kind\":3,\"startTimeUnixNano\":\"1030\",\"endTimeUnixNano\":\"1080\","
               "\"status\":{\"code\":2,\"message\":\"timeout\"},\"attributes\":[{\"key\":\"gen_ai.operation.name\",\"value\":{\"stringValue\":\"chat\"}},"
               "{\"key\":\"gen_ai.usage.input_tokens\",\"value\":{\"intValue\":\"7\"}},{\"key\":\"secret\",\"value\":{\"stringValue\":\"x\"}}],"
               "\"events\":[{\"name\":\"retry\",\"timeUnixNano\":\"1040\"},{\"name\":\"chat\",\"timeUnixNano\":\"900\"}],"
               "\"links\":[{\"traceId\":\"ab000000000000000000000000000001\",\"spanId\":\"0000000000000002\"},"
               "{\"traceId\":\"ab000000000000000000000000000001\",\"spanId\":\"00000000000000ff\"},"
               "{\"traceId\":\"cd000000000000000000000000000001\",\"spanId\":\"0000000000000002\"}]},"
               IDS("1", "") "\"name\":\"run\",\"startTimeUnixNano\":\"1000\",\"endTimeUnixNano\":\"1100\"},"
               IDS("2", "0000000000000001") "\"name\":\"chat\",\"kind\":3,\"startTimeUnixNano\":\"1010\",\"endTimeUnixNano\":\"1005\","
               "\"attributes\":[{\"key\":\"gen_ai.operation.name\",\"value\":{\"stringValue\":\"chat\"}}]},"
               IDS("4", "00000000000000ee") "\"name\":\"late\",\"startTimeUnixNano\":\"1050\",\"endTimeUnixNano\":\"1060\"}");
    char *json = fetch(TRACE "/outline?attributes=gen_ai.operation.name,gen_ai.usage.input_tokens");
    expect_json(json, "$.trace_id", "ab000000000000000000000000000001");
    expect_json(json, "$.resources[0].service", "svc");
    expect_json(json, "$.scopes[0].name", "s");
    expect_json(json, "$.start_unix_ns", "1000");
    expect_json(json, "$.texts", "[\"run\",\"chat\",\"timeout\",\"retry\",\"late\"]");
    expect_json(json, "$.spans.id", "0000000000000001000000000000000200000000000000030000000000000004");
    expect_json(json, "$.spans.parent", "[-1,0,0,-2]");
    expect_json(json, "$.spans.absent", "00000000000000ee");
    expect_json(json, "$.spans.name", "[0,1,1,4]");
    expect_json(json, "$.spans.start", "[0,10,30,50]");
    expect_json(json, "$.spans.duration", "[100,0,50,10]");
    expect_json(json, "$.spans.resource", "[0,0,0,0]");
    expect_json(json, "$.spans.kind", "0330");
    expect_json(json, "$.spans.status", "0020");
    expect_json(json, "$.messages", "{\"span\":[2],\"text\":[2]}");
    expect_json(json, "$.events", "{\"span\":[2,2],\"name\":[3,1],\"time\":[40,-100]}");
    expect_json(json, "$.links", "{\"span\":[2],\"to\":[1]}");
    expect_json(json, "$.attributes.span", "[1,2,2]");
    expect_json(json, "$.attributes.value", "[0,0,1]");
    expect_json(json, "$.attributes.values[0]", "{\"key\":\"gen_ai.operation.name\",\"type\":\"string\",\"value\":\"chat\"}");
    expect_json(json, "$.attributes.values[1].value", "7");
    expect_json(json, "$.attributes.values[2]", "(null)");
    assert_null(strstr(json, "secret"));
    free(json);
}

static void what_is_long_is_cut_or_left_out(void **state)
{
    (void)state;
    enum { LONG = 3000 };
    char text[LONG + 1], *spans = malloc(5 * LONG), *at = spans;
    assert_non_null(spans);
    memset(text, 'n', LONG);
    text[LONG] = 0;
    at += sprintf(at, IDS("1", "") "\"name\":\"%s\",\"startTimeUnixNano\":\"1\",\"endTimeUnixNano\":\"2\",\"attributes\":[{\"key\":\"k\","
                      "\"value\":{\"stringValue\":\"%s\"}}],\"events\":[", text, text);
    for (int i = 0; i < 60; i++)
        at += sprintf(at, "%s{\"name\":\"e\",\"timeUnixNano\":\"%d\"}", i ? "," : "", i + 1);
    sprintf(at, "]}");
    send_spans(spans);
    free(spans);
    char *json = fetch(TRACE "/outline?attributes=k");
    text[1024] = 0;
    expect_json(json, "$.texts[0]", text);
    expect_json(json, "$.events.span[49]", "0");
    expect_json(json, "$.events.span[50]", "(null)");
    expect_json(json, "$.attributes", "{\"span\":[],\"value\":[],\"values\":[]}");
    free(json);
}

static void a_small_trace_comes_whole(void **state)
{
    (void)state;
    send_spans(IDS("1", "") "\"name\":\"one\",\"startTimeUnixNano\":\"1\",\"endTimeUnixNano\":\"2\"}");
    char *whole = fetch(TRACE);
    char path[128];
    snprintf(path, sizeof path, TRACE "/outline?whole_below=%zu", strlen(whole));
    char *exact = fetch(path);
    assert_string_equal(exact, whole);
    snprintf(path, sizeof path, TRACE "/outline?whole_below=%zu", strlen(whole) - 1);
    char *outline = fetch(path);
    expect_json(outline, "$.spans.id", "0000000000000001");
    free(outline);
    free(exact);
    free(whole);
}

static void many_spans_keep_their_places(void **state)
{
    (void)state;
    enum { SPANS = 3000, ROOM = 256 };
    char *spans = malloc(SPANS * ROOM), *at = spans;
    assert_non_null(spans);
    for (int i = SPANS; i > 0; i--) /* children first, the root last; every name another one */
        at += sprintf(at, "%s{\"traceId\":\"ab000000000000000000000000000001\",\"spanId\":\"%016x\",\"parentSpanId\":\"%.*s%s\",\"name\":\"name %d\","
                          "\"startTimeUnixNano\":\"%d\",\"endTimeUnixNano\":\"%d\"}", at == spans ? "" : ",", (unsigned)i, i == 1 ? 0 : 12,
                      "000000000000", i == 1 ? "" : "0001", i, i, i + 1);
    send_spans(spans);
    free(spans);
    char *json = fetch(TRACE "/outline");
    expect_json(json, "$.texts[2999]", "name 3000");
    expect_json(json, "$.spans.name[2999]", "2999");
    expect_json(json, "$.spans.parent[0]", "-1");
    expect_json(json, "$.spans.parent[2999]", "0");
    expect_json(json, "$.spans.start[2999]", "2999");
    expect_json(json, "$.spans.start[3000]", "(null)");
    free(json);
}

static void one_span_comes_alone(void **state)
{
    (void)state;
    send_spans(IDS("1", "") "\"name\":\"one\",\"startTimeUnixNano\":\"1\",\"endTimeUnixNano\":\"9\"},"
               IDS("2", "0000000000000001") "\"name\":\"two\",\"startTimeUnixNano\":\"3\",\"endTimeUnixNano\":\"4\","
               "\"attributes\":[{\"key\":\"k\",\"value\":{\"intValue\":\"5\"}}]}");
    char *json = fetch(TRACE "/spans/0000000000000002");
    expect_json(json, "$.resources[0].service", "svc");
    expect_json(json, "$.spans[0].name", "two");
    expect_json(json, "$.spans[0].attributes[0].value", "5");
    expect_json(json, "$.spans[1]", "(null)");
    free(json);
    static const char *const missing[] = {TRACE "/spans/0000000000000003", TRACE "/spans/0000000000000003/raw", TRACE "/spans/3",
                                          TRACE "/spans/0000000000000002/", "/api/traces/ff000000000000000000000000000001/outline",
                                          "/api/traces/ff000000000000000000000000000001/spans/0000000000000002"};
    for (size_t i = 0; i < sizeof missing / sizeof *missing; i++) {
        struct reply reply = get(missing[i]);
        assert_int_equal(reply.status, 404);
        assert_non_null(strstr(reply.body, "{\"error\":\""));
        free_reply(reply);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(columns_hold_what_the_spans_say, judge_begin, judge_end),
        cmocka_unit_test_setup_teardown(what_is_long_is_cut_or_left_out, judge_begin, judge_end),
        cmocka_unit_test_setup_teardown(a_small_trace_comes_whole, judge_begin, judge_end),
        cmocka_unit_test_setup_teardown(many_spans_keep_their_places, judge_begin, judge_end),
        cmocka_unit_test_setup_teardown(one_span_comes_alone, judge_begin, judge_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
