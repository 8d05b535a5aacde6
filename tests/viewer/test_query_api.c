/* Queries over HTTP: pages in an order, mistakes with their place, the histogram, completion, one trace deleted, one span as it came. */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "otlp_messages.h"

static const char query_of_trace[] = "ab0000000000000000000000000000";

static void send_all(void)
{
    om_resource_spans *resource;
    om_scope_spans *scope;
    om_request *request = om_begin("api", &resource, &scope);
    for (unsigned i = 1; i <= 5; i++) {
        char id[33];
        snprintf(id, sizeof id, "%s%02x", query_of_trace, i);
        om_span *root = om_add_span(scope, id, 1, 0, "invoke_agent planner", 1000 * i, 1000 * i + 100 * (i % 3));
        om_set(root, "gen_ai.operation.name", om_text("invoke_agent")); /* repeats the totals: not summed */
        om_set(root, "gen_ai.usage.input_tokens", om_int(1000));
        om_span *chat = om_add_span(scope, id, 2, 1, "chat", 1000 * i, 1000 * i);
        om_set(chat, "gen_ai.operation.name", om_text("chat"));
        om_set(chat, "gen_ai.usage.input_tokens", om_int(i * 10));
        om_set(chat, "gen_ai.usage.output_tokens", om_int(i));
        om_set(chat, "with space", om_text(i % 2 ? "two words" : "5"));
        if (i == 2)
            om_fail(chat, "broken");
    }
    struct request body = om_finish(request);
    struct reply reply = post((struct bytes){body.data, body.size});
    assert_int_equal(reply.status, 200);
    free_reply(reply);
}

static int start(void **state)
{
    start_viewer(state);
    send_all();
    return 0;
}

/* GET with a query that is percent-encoded here; the answer must have that status and text. */
static struct reply fetch(const char *path)
{
    char encoded[4096];
    size_t at = 0;
    for (; *path && at < sizeof encoded - 4; path++)
        at += (size_t)(strchr(" \"{}<>+%", *path) ? snprintf(encoded + at, 4, "%%%02X", (unsigned)(unsigned char)*path)
                                                  : snprintf(encoded + at, 2, "%c", *path));
    return get(encoded);
}

static void expect(const char *path, long status, const char *wanted)
{
    struct reply reply = fetch(path);
    if (reply.status != status || !strstr(reply.body, wanted))
        fail_msg("%s: %ld, %s; wanted %ld, %s", path, reply.status, reply.body, status, wanted);
    free_reply(reply);
}

/* The last digits of the traces of all pages, in their order. */
static void expect_pages(const char *parameters, const char *wanted)
{
    char order[64] = "", path[512], next[64] = "";
    do {
        snprintf(path, sizeof path, "/api/traces?limit=2&%s&before=%s", parameters, next);
        struct reply reply = fetch(path);
        assert_int_equal(reply.status, 200);
        for (const char *at = reply.body; (at = strstr(at, query_of_trace)) != NULL; at++)
            strncat(order, at + 31, 1);
        const char *at = strstr(reply.body, "\"next\":\"");
        snprintf(next, sizeof next, "%.*s", at ? (int)strcspn(at + 8, "\"") : 0, at ? at + 8 : "");
        free_reply(reply);
    } while (*next);
    assert_string_equal(order, wanted);
}

static void pages_follow_every_order(void **state)
{
    (void)state;
    expect_pages("", "54321");
    expect_pages("order=asc", "12345");
    expect_pages("sort=duration", "52413"); /* 200 200 100 100 0 */
    expect_pages("sort=duration&order=asc", "31425");
    expect_pages("sort=tokens", "54321");
    expect_pages("sort=errors&order=asc", "13452");
    expect_pages("sort=spans", "54321");
    expect_pages("q=\"with space\" = 5", "42");
    expect_pages("q=\"with space\" = \"two words\"&order=asc", "135");
    expect_pages("q=gen_ai.usage.output_tokens > 2&from_ns=4000", "54");
    expect_pages("to_ns=3000", "21");
    expect_pages("q=chat&service=api&errors=1", "2");
    expect_pages("q=spans = 2 or error&service=nobody", "");
}

static void summaries_have_tokens_of_model_calls(void **state)
{
    (void)state;
    expect("/api/traces?q=tokens = 33", 200, "\"input_tokens\":\"30\",\"output_tokens\":\"3\"");
    expect("/api/traces?q=tokens > 55", 200, "\"traces\":[]");
}

static void mistakes_are_answered_with_their_place(void **state)
{
    (void)state;
    expect("/api/traces?q=a == b", 400, "\"at\":2,\"length\":2}");
    expect("/api/histogram?q=name = ", 400, "\"at\":5,\"length\":1}");
    expect("/api/traces?sort=size", 400, "start, duration, spans, errors, tokens");
    expect("/api/traces?order=up", 400, "asc or desc");
    expect("/api/traces?from_ns=-1", 400, "from_ns and to_ns");
    expect("/api/histogram?buckets=0", 400, "1 to 500");
    expect("/api/complete?q=a&at=2", 400, "at must be");
    expect("/api/traces?min_duration_ms=fast&q=a", 400, "min_duration_ms");
}

static void the_histogram_counts_starts(void **state)
{
    (void)state;
    expect("/api/histogram?buckets=2", 200,
           "\"from_unix_ns\":\"1000\",\"to_unix_ns\":\"5001\",\"bucket_ns\":\"2001\",\"buckets\":[{\"traces\":3,\"errors\":1},{\"traces\":2,\"errors\":0}]");
    expect("/api/histogram?buckets=1&q=error", 200, "\"buckets\":[{\"traces\":1,\"errors\":1}]");
    expect("/api/histogram?buckets=2&from_ns=2000&to_ns=4000", 200, "\"bucket_ns\":\"1000\",\"buckets\":[{\"traces\":1,\"errors\":1},{\"traces\":1,");
    expect("/api/histogram?buckets=1&q=name = nobody", 200, "\"from_unix_ns\":\"0\",\"to_unix_ns\":\"0\",\"bucket_ns\":\"1\",\"buckets\":[{\"traces\":0,");
}

static void completion_fits_the_place(void **state)
{
    (void)state;
    expect("/api/complete?q=", 200, "{\"text\":\"service\",\"kind\":\"field\"");
    expect("/api/complete?q=gen_ai.op", 200, "{\"from\":0,\"to\":9,\"items\":[{\"text\":\"gen_ai.operation.name\",\"kind\":\"key\",\"count\":10}]}");
    expect("/api/complete?q=has with", 200, "{\"text\":\"\\\"with space\\\"\",\"kind\":\"key\",\"count\":5}");
    expect("/api/complete?q=\"with space\" = ", 200, "{\"text\":\"\\\"two words\\\"\",\"kind\":\"value\",\"count\":3}");
    expect("/api/complete?q=\"with space\" = ", 200, "{\"text\":\"\\\"5\\\"\",\"kind\":\"value\",\"count\":2}"); /* a text, not the number */
    expect("/api/complete?q=error and name = \"chat", 200, "{\"from\":17,\"to\":22,\"items\":[{\"text\":\"chat\",\"kind\":\"value\",\"count\":5}]}");
    expect("/api/complete?q=name = xhat and error&at=7", 200, "{\"from\":7,\"to\":7,");
    expect("/api/complete?q=name = chxx and error&at=9", 200, "{\"from\":7,\"to\":11,\"items\":[{\"text\":\"chat\"");
    expect("/api/complete?q=status = ", 200, "{\"text\":\"error\",\"kind\":\"value\",\"count\":0}");
    expect("/api/complete?q=gen_ai.operation.name ", 200, "{\"text\":\"~\",\"kind\":\"operator\",\"count\":0}");
    expect("/api/complete?q=name = chat ", 200, "{\"text\":\"and\",\"kind\":\"word\",\"count\":0}");
    expect("/api/complete?q=service = ", 200, "{\"text\":\"api\",\"kind\":\"value\",\"count\":5}");
    expect("/api/complete?q=resource.service.name = a", 200, "{\"text\":\"api\",\"kind\":\"value\",\"count\":10}");
    expect("/api/complete?q=start > ", 200, "\"items\":[]}");
}

static long delete_trace(const char *path)
{
    struct reply reply = http("DELETE", path, NULL, (struct bytes){NULL, 0});
    long status = reply.status;
    free_reply(reply);
    return status;
}

static void one_trace_is_deleted(void **state)
{
    (void)state;
    assert_int_equal(delete_trace("/api/traces/ab000000000000000000000000000003"), 200);
    expect_pages("", "5421");
    expect_pages("q=gen_ai.usage.input_tokens = 30", "");
    assert_int_equal(delete_trace("/api/traces/ab000000000000000000000000000003"), 404);
    assert_int_equal(delete_trace("/api/traces/latest"), 404); /* which one that is may have changed */
    assert_int_equal(delete_trace("/api/traces/ab0000000000000000000000000000030"), 404);
    expect_pages("", "5421");
}

static void one_span_comes_as_it_came(void **state)
{
    (void)state;
    struct reply trace = fetch("/api/traces/ab000000000000000000000000000002");
    const char *id = strstr(trace.body, "\"span_id\":\"");
    char path[128];
    assert_non_null(id);
    snprintf(path, sizeof path, "/api/traces/ab000000000000000000000000000002/spans/%.16s/raw", id + 11);
    expect(path, 200, "\"attributes\":[{\"key\":\"gen_ai.operation.name\",\"value\":{\"stringValue\":");
    free_reply(trace);
    expect("/api/traces/ab000000000000000000000000000002/spans/00000000000000ff/raw", 404, "no such span");
    expect("/api/traces/ab000000000000000000000000000002/spans/ff/raw", 404, "/spans/{16 hex digits}/raw");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pages_follow_every_order, start, stop_viewer),
        cmocka_unit_test_setup_teardown(summaries_have_tokens_of_model_calls, start, stop_viewer),
        cmocka_unit_test_setup_teardown(mistakes_are_answered_with_their_place, start, stop_viewer),
        cmocka_unit_test_setup_teardown(the_histogram_counts_starts, start, stop_viewer),
        cmocka_unit_test_setup_teardown(completion_fits_the_place, start, stop_viewer),
        cmocka_unit_test_setup_teardown(one_trace_is_deleted, start, stop_viewer),
        cmocka_unit_test_setup_teardown(one_span_comes_as_it_came, start, stop_viewer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
