/* The JSON API: every type of value, every field of a span, lists, tags; what is sent by protobuf-c comes back as JSON, read by SQLite. */
#include "judge.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRACE "/api/traces/ab000000000000000000000000000001"

#define expect(json, path, value) assert_string_equal(judge_ask(json, path), value)

static void send_all(struct bytes body)
{
    struct reply reply = post(body);
    assert_int_equal(reply.status, 200);
    assert_int_equal(reply.size, 0);
    free_reply(reply);
}

/* ---- one span with everything ---- */

enum { VALUES = 13 };
static any_value values[VALUES], inner[3];
static key_value attributes[VALUES], map_entry, *attribute_pointers[VALUES], *map_pointers[1];
static any_value *array_pointers[2];
static Opentelemetry__Proto__Common__V1__ArrayValue array;
static Opentelemetry__Proto__Common__V1__KeyValueList map;
static Opentelemetry__Proto__Trace__V1__Span__Event event, *events[1];
static Opentelemetry__Proto__Trace__V1__Span__Link link_, *links[1];
static uint8_t link_trace[16] = {0xfe}, link_span[8] = {0xdc}, blob[4] = {0, 1, 0xfe, 0xff};

static char *text(const char *constant)
{
    return (char *)(uintptr_t)constant;
}

static void as_string(any_value *value, const char *string)
{
    value->value_case = OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_STRING_VALUE;
    value->string_value = text(string);
}

static void as_int(any_value *value, int64_t number)
{
    value->value_case = OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_INT_VALUE;
    value->int_value = number;
}

static void as_double(any_value *value, double number)
{
    value->value_case = OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_DOUBLE_VALUE;
    value->double_value = number;
}

static void fill_values(void)
{
    for (int i = 0; i < VALUES; i++) {
        static char keys[VALUES][8];
        snprintf(keys[i], sizeof keys[i], "k%d", i);
        opentelemetry__proto__common__v1__any_value__init(&values[i]);
        opentelemetry__proto__common__v1__key_value__init(&attributes[i]);
        attributes[i].key = keys[i];
        attributes[i].value = &values[i];
        attribute_pointers[i] = &attributes[i];
    }
    as_string(&values[0], "quote \" back \\ line \n tab \t \x01 \x7f \xe2\x80\xa8 \xff\xed\xa0\x80 </script>");
    as_string(&values[1], "");
    as_int(&values[2], INT64_MIN);
    as_int(&values[3], INT64_MAX);
    as_double(&values[4], 0.1);
    as_double(&values[5], 0.0 / 0.0);
    as_double(&values[6], -1.0 / 0.0);
    values[7].value_case = OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_BOOL_VALUE;
    values[8].value_case = OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_BYTES_VALUE;
    values[8].bytes_value = (ProtobufCBinaryData){sizeof blob, blob};
    /* 9 stays empty; 10: [1, {"in": []}]; 11: an empty map; 12: a key without value */
    for (int i = 0; i < 3; i++)
        opentelemetry__proto__common__v1__any_value__init(&inner[i]);
    static Opentelemetry__Proto__Common__V1__ArrayValue nothing;
    static Opentelemetry__Proto__Common__V1__KeyValueList no_entries;
    opentelemetry__proto__common__v1__array_value__init(&nothing);
    opentelemetry__proto__common__v1__array_value__init(&array);
    opentelemetry__proto__common__v1__key_value_list__init(&map);
    opentelemetry__proto__common__v1__key_value_list__init(&no_entries);
    opentelemetry__proto__common__v1__key_value__init(&map_entry);
    as_int(&inner[0], 1);
    inner[2].value_case = OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_ARRAY_VALUE;
    inner[2].array_value = &nothing;
    map_entry.key = text("in");
    map_entry.value = &inner[2];
    map_pointers[0] = &map_entry;
    map.n_values = 1;
    map.values = map_pointers;
    inner[1].value_case = OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_KVLIST_VALUE;
    inner[1].kvlist_value = &map;
    array_pointers[0] = &inner[0];
    array_pointers[1] = &inner[1];
    array.n_values = 2;
    array.values = array_pointers;
    values[10].value_case = OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_ARRAY_VALUE;
    values[10].array_value = &array;
    values[11].value_case = OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_KVLIST_VALUE;
    values[11].kvlist_value = &no_entries;
    attributes[12].value = NULL;
}

static void everything(pb_span *span)
{
    fill_values();
    opentelemetry__proto__trace__v1__span__event__init(&event);
    opentelemetry__proto__trace__v1__span__link__init(&link_);
    event.name = text("exception");
    event.time_unix_nano = UINT64_MAX;
    event.n_attributes = 1;
    event.attributes = attribute_pointers;
    event.dropped_attributes_count = 7;
    events[0] = &event;
    link_.trace_id = (ProtobufCBinaryData){16, link_trace};
    link_.span_id = (ProtobufCBinaryData){8, link_span};
    link_.trace_state = text("a=b");
    link_.flags = 0x301;
    link_.dropped_attributes_count = 8;
    links[0] = &link_;
    span->n_attributes = VALUES;
    span->attributes = attribute_pointers;
    span->n_events = 1;
    span->events = events;
    span->n_links = 1;
    span->links = links;
    span->kind = OPENTELEMETRY__PROTO__TRACE__V1__SPAN__SPAN_KIND__SPAN_KIND_CLIENT;
    span->trace_state = text("vendor=1");
    span->flags = 0x101;
    span->dropped_attributes_count = 4;
    span->dropped_events_count = 5;
    span->dropped_links_count = 6;
}

static void every_value_comes_back(void **state)
{
    (void)state;
    send_all(ENCODE({.trace = 1, .id = 0x1122, .name = "all", .start = 18000000000000000000u, .end = 18000000000000000001u, .finish = everything}));
    char *json = fetch(TRACE);
    static const char *const expected[][3] = {
        {"string", "quote \" back \\ line \n tab \t \x01 \x7f \xe2\x80\xa8 \xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD </script>", NULL},
        {"string", "", NULL},
        {"int", "-9223372036854775808", NULL},
        {"int", "9223372036854775807", NULL},
        {"double", "0.1", NULL},
        {"double", "NaN", NULL},
        {"double", "-Infinity", NULL},
        {"bool", "0", NULL},
        {"bytes", "AAH+/w==", NULL},
        {"empty", "(null)", NULL},
        {"array", "[{\"type\":\"int\",\"value\":\"1\"},{\"type\":\"map\",\"value\":[{\"key\":\"in\",\"type\":\"array\",\"value\":[]}]}]", NULL},
        {"map", "[]", NULL},
        {"empty", "(null)", NULL},
    };
    for (int i = 0; i < VALUES; i++) {
        char path[96];
        snprintf(path, sizeof path, "$.spans[0].attributes[%d].type", i);
        expect(json, path, expected[i][0]);
        snprintf(path, sizeof path, "$.spans[0].attributes[%d].value", i);
        expect(json, path, expected[i][1]);
        snprintf(path, sizeof path, "$.spans[0].attributes[%d].key", i);
        char key[8];
        snprintf(key, sizeof key, "k%d", i);
        expect(json, path, key);
    }
    free(json);
}

static void every_field_comes_back(void **state)
{
    (void)state;
    send_all(ENCODE({.trace = 1, .id = 0x1122, .parent = 0x99, .name = "all", .start = 18000000000000000000u, .end = 18000000000000000001u,
                     .error = true, .message = "boom", .service = "s\"1", .finish = everything}));
    char *json = fetch(TRACE);
    static const char *const fields[][2] = {
        {"$.trace_id", "ab000000000000000000000000000001"},
        {"$.revision", "2"},
        {"$.resources[0].service", "s\"1"},
        {"$.resources[0].attributes[0].key", "service.name"},
        {"$.scopes[0].name", "tests"},
        {"$.scopes[0].version", "1.0"},
        {"$.scopes[0].attributes", "[]"},
        {"$.spans[0].span_id", "2211000000000000"},
        {"$.spans[0].parent_span_id", "9900000000000000"},
        {"$.spans[0].name", "all"},
        {"$.spans[0].kind", "CLIENT"},
        {"$.spans[0].start_unix_ns", "18000000000000000000"},
        {"$.spans[0].end_unix_ns", "18000000000000000001"},
        {"$.spans[0].status.code", "ERROR"},
        {"$.spans[0].status.message", "boom"},
        {"$.spans[0].trace_state", "vendor=1"},
        {"$.spans[0].flags", "257"},
        {"$.spans[0].resource", "0"},
        {"$.spans[0].scope", "0"},
        {"$.spans[0].dropped_attributes_count", "4"},
        {"$.spans[0].dropped_events_count", "5"},
        {"$.spans[0].dropped_links_count", "6"},
        {"$.spans[0].events[0].name", "exception"},
        {"$.spans[0].events[0].time_unix_ns", "18446744073709551615"},
        {"$.spans[0].events[0].attributes[0].key", "k0"},
        {"$.spans[0].events[0].dropped_attributes_count", "7"},
        {"$.spans[0].links[0].trace_id", "fe000000000000000000000000000000"},
        {"$.spans[0].links[0].span_id", "dc00000000000000"},
        {"$.spans[0].links[0].trace_state", "a=b"},
        {"$.spans[0].links[0].flags", "769"},
        {"$.spans[0].links[0].attributes", "[]"},
        {"$.spans[0].links[0].dropped_attributes_count", "8"},
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        expect(json, fields[i][0], fields[i][1]);
    free(json);
}

static void spans_are_sorted_and_share_resources(void **state)
{
    (void)state;
    send_all(ENCODE({.trace = 1, .id = 3, .parent = 1, .name = "late", .start = 30, .end = 40, .service = "b"},
                    {.trace = 1, .id = 2, .parent = 1, .name = "early", .start = 20, .end = 40, .service = "a"}));
    send_all(ENCODE({.trace = 1, .id = 1, .name = "root", .start = 10, .end = 50, .service = "a"}));
    char *json = fetch(TRACE);
    expect(json, "$.spans[0].name", "root");
    expect(json, "$.spans[0].parent_span_id", "");
    expect(json, "$.spans[1].name", "early");
    expect(json, "$.spans[2].name", "late");
    expect(json, "$.spans[3]", "(null)");
    expect(json, "$.resources[1].service", "a");
    expect(json, "$.resources[2]", "(null)");
    expect(json, "$.spans[0].resource", "1");
    expect(json, "$.spans[2].resource", "0");
    expect(json, "$.scopes[1]", "(null)");
    free(json);
}

static void deep_values_come_back(void **state)
{
    (void)state;
    enum { DEPTH = 64 };
    uint8_t room[4096];
    uint8_t *at = room + sizeof room;
    for (int i = 1; i < DEPTH; i++) { /* AnyValue{array_value{values: AnyValue}} from the inside out */
        for (int field = 1; field <= 5; field += 4) {
            size_t size = (size_t)(room + sizeof room - at);
            *--at = (uint8_t)(size >> 7);
            *--at = (uint8_t)(size | 0x80);
            *--at = (uint8_t)(field << 3 | 2);
        }
    }
    struct sample sample = {.trace = 1, .id = 1, .name = "deep", .start = 1, .end = 2};
    struct bytes shallow = encode(&sample, 1);
    Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceRequest *request =
        opentelemetry__proto__collector__trace__v1__export_trace_service_request__unpack(NULL, shallow.size, shallow.data);
    any_value *deep = opentelemetry__proto__common__v1__any_value__unpack(NULL, (size_t)(room + sizeof room - at), at);
    assert_non_null(deep);
    key_value kv = OPENTELEMETRY__PROTO__COMMON__V1__KEY_VALUE__INIT, *kvs[1] = {&kv};
    kv.key = text("deep");
    kv.value = deep;
    pb_span *span = request->resource_spans[0]->scope_spans[0]->spans[0];
    span->n_attributes = 1;
    span->attributes = kvs;
    struct bytes body = {NULL, protobuf_c_message_get_packed_size(&request->base)};
    body.data = malloc(body.size);
    protobuf_c_message_pack(&request->base, body.data);
    send_all(body);
    span->n_attributes = 0;
    span->attributes = NULL;
    opentelemetry__proto__common__v1__any_value__free_unpacked(deep, NULL);
    opentelemetry__proto__collector__trace__v1__export_trace_service_request__free_unpacked(request, NULL);
    free(shallow.data);
    char *json = fetch(TRACE);
    char path[1024] = "$.spans[0].attributes[0]";
    for (int i = 1; i < DEPTH; i++)
        strcat(path, ".value[0]");
    strcat(path, ".type");
    expect(json, path, "empty");
    free(json);
}

static void lists_have_their_form(void **state)
{
    (void)state;
    char *json = fetch("/api/traces");
    assert_string_equal(json, "{\"revision\":1,\"traces\":[],\"next\":null}");
    free(json);
    send_all(ENCODE({.trace = 1, .id = 1, .name = "n\"1", .start = 1000000000, .end = 1005000000, .service = "a"},
                    {.trace = 2, .id = 2, .parent = 1, .name = "child", .start = 2000000000, .end = 2000000001, .error = true, .service = "b c"}));
    json = fetch("/api/traces");
    expect(json, "$.traces[0].trace_id", "ab000000000000000000000000000002");
    expect(json, "$.traces[0].root_name", "(null)");
    expect(json, "$.traces[0].root_service", "b c");
    expect(json, "$.traces[0].complete", "0");
    expect(json, "$.traces[0].error_count", "1");
    expect(json, "$.traces[1].root_name", "n\"1");
    expect(json, "$.traces[1].duration_ns", "5000000");
    expect(json, "$.traces[1].start_unix_ns", "1000000000");
    expect(json, "$.traces[1].services", "[\"a\"]");
    expect(json, "$.next", "(null)");
    free(json);
    static const char *const found[][2] = {{"?errors=1", "2"}, {"?service=b%20c", "2"}, {"?q=CHILD", "2"}, {"?q=%22%5C%221%22", "1"},
                                           {"?min_duration_ms=4.5", "1"}, {"?q=ab0000000000000000000000000000", "2"}};
    for (size_t i = 0; i < sizeof found / sizeof *found; i++) {
        char path[128];
        snprintf(path, sizeof path, "/api/traces%s", found[i][0]);
        json = fetch(path);
        assert_string_equal(judge_ask(json, "$.traces[0].trace_id") + 31, found[i][1]);
        free(json);
    }
    json = fetch("/api/traces?limit=1");
    char path[128];
    snprintf(path, sizeof path, "/api/traces?limit=1&before=%s", judge_ask(json, "$.next"));
    free(json);
    json = fetch(path);
    expect(json, "$.traces[0].trace_id", "ab000000000000000000000000000001");
    expect(json, "$.next", "(null)");
    free(json);
    json = fetch("/api/services");
    assert_string_equal(json, "{\"services\":[\"a\",\"b c\"]}");
    free(json);
}

static void info_counts(void **state)
{
    (void)state;
    struct sample sample = {.trace = 1, .id = 1, .name = "one", .start = 1, .end = 2};
    send_all(encode(&sample, 1));
    send_all(encode(&sample, 1));
    free_reply(post(ENCODE({.trace = 1, .id = 0})));
    char *json = fetch("/api/info");
    expect(json, "$.store.kind", "memory");
    expect(json, "$.store.traces", "1");
    expect(json, "$.store.spans", "1");
    expect(json, "$.store.evicted_traces", "0");
    expect(json, "$.store.max_bytes", "268435456");
    expect(json, "$.received.requests", "3");
    expect(json, "$.received.spans", "3");
    expect(json, "$.received.duplicates", "1");
    expect(json, "$.received.rejected", "1");
    expect(json, "$.revision", "2");
    free(json);
    struct reply cleared = http("DELETE", "/api/traces", NULL, (struct bytes){NULL, 0});
    assert_int_equal(cleared.status, 200);
    free_reply(cleared);
    json = fetch("/api/info");
    expect(json, "$.store.spans", "0");
    expect(json, "$.revision", "3");
    free(json);
}

static long status_with_tag(const char *path, const char *tag)
{
    char header[128];
    snprintf(header, sizeof header, "If-None-Match: %s", tag);
    struct reply reply = http("GET", path, (const char *const[]){header, NULL}, (struct bytes){NULL, 0});
    long status = reply.status;
    assert_true(status == 304 ? reply.size == 0 : reply.size > 0);
    free_reply(reply);
    return status;
}

static void take_tag(const char *path, char *tag)
{
    struct reply reply = get(path);
    const char *at = strstr(reply.headers, "ETag: ");
    assert_non_null(at);
    snprintf(tag, 64, "%.*s", (int)strcspn(at + 6, "\r\n"), at + 6);
    free_reply(reply);
}

static void unchanged_answers_are_304(void **state)
{
    (void)state;
    char list_tag[64], trace_tag[64];
    send_all(ENCODE({.trace = 1, .id = 1, .name = "one", .start = 1, .end = 2}));
    take_tag("/api/traces", list_tag);
    take_tag(TRACE, trace_tag);
    assert_int_equal(status_with_tag("/api/traces", list_tag), 304);
    assert_int_equal(status_with_tag(TRACE, trace_tag), 304);
    send_all(ENCODE({.trace = 2, .id = 1, .name = "another", .start = 1, .end = 2}));
    assert_int_equal(status_with_tag("/api/traces", list_tag), 200);
    assert_int_equal(status_with_tag(TRACE, trace_tag), 304); /* this one has not changed */
    send_all(ENCODE({.trace = 1, .id = 2, .parent = 1, .name = "late", .start = 1, .end = 2}));
    assert_int_equal(status_with_tag(TRACE, trace_tag), 200);
}

/* ---- several at once ---- */

enum { SENDERS = 4, REQUESTS = 50, SPANS = 20 };

static void *keep_sending(void *arg)
{
    uint64_t sender = *(uint64_t *)arg;
    for (unsigned i = 0; i < REQUESTS; i++) {
        struct sample samples[SPANS];
        for (unsigned j = 0; j < SPANS; j++)
            samples[j] = (struct sample){.trace = (uint8_t)(1 + (i + j) % 7), .id = (sender * REQUESTS + i) * SPANS + j + 1, .name = "many",
                                         .start = 1 + i, .end = 2 + i};
        send_all(encode(samples, SPANS));
    }
    return NULL;
}

static void concurrent_senders_lose_nothing(void **state)
{
    (void)state;
    pthread_t threads[SENDERS];
    uint64_t numbers[SENDERS];
    for (uint64_t i = 0; i < SENDERS; i++) {
        numbers[i] = i;
        assert_int_equal(pthread_create(&threads[i], NULL, keep_sending, &numbers[i]), 0);
    }
    for (int i = 0; i < 40; i++) { /* and somebody looks on */
        free(fetch("/api/traces"));
        free_reply(get("/api/traces/latest"));
        free_reply(get("/api/traces/latest/text"));
    }
    for (int i = 0; i < SENDERS; i++)
        pthread_join(threads[i], NULL);
    char *json = fetch("/api/info");
    char total[16];
    snprintf(total, sizeof total, "%d", SENDERS * REQUESTS * SPANS);
    expect(json, "$.store.spans", total);
    expect(json, "$.received.spans", total);
    expect(json, "$.received.duplicates", "0");
    expect(json, "$.store.traces", "7");
    free(json);
}

int main(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_value_comes_back, judge_begin, judge_end),
        cmocka_unit_test_setup_teardown(every_field_comes_back, judge_begin, judge_end),
        cmocka_unit_test_setup_teardown(spans_are_sorted_and_share_resources, judge_begin, judge_end),
        cmocka_unit_test_setup_teardown(deep_values_come_back, judge_begin, judge_end),
        cmocka_unit_test_setup_teardown(lists_have_their_form, judge_begin, judge_end),
        cmocka_unit_test_setup_teardown(info_counts, judge_begin, judge_end),
        cmocka_unit_test_setup_teardown(unchanged_answers_are_304, judge_begin, judge_end),
        cmocka_unit_test_setup_teardown(concurrent_senders_lose_nothing, judge_begin, judge_end),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    curl_global_cleanup();
    return failed;
}
