/* Log records over HTTP: what is kept and told, its order and pages, filters, duplicates, the cap, a file that is opened again. */
#include "judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TRACE "ab000000000000000000000000000001"
#define REQUEST(service, records)                                                                                                          \
    "{\"resourceLogs\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":\"" service "\"}}]},"              \
    "\"scopeLogs\":[{\"scope\":{\"name\":\"lib\",\"version\":\"1\"},\"logRecords\":[" records "]}]}]}"
#define RECORD(time, severity, body) "{\"timeUnixNano\":\"" #time "\",\"severityNumber\":" #severity ",\"body\":{\"stringValue\":\"" body "\"}"

static int forget(void **state)
{
    (void)state;
    forget_all();
    return 0;
}

static void a_record_comes_back_as_it_was(void **state)
{
    (void)state;
    send_json("/v1/logs", REQUEST("svc", RECORD(5, 13, "careful") ",\"severityText\":\"warning\",\"observedTimeUnixNano\":\"7\",\"eventName\":\"disk.full\","
                                         "\"flags\":1,\"droppedAttributesCount\":2,\"traceId\":\"" TRACE "\",\"spanId\":\"0000000000000007\",\"attributes\":["
                                         "{\"key\":\"n\",\"value\":{\"intValue\":\"3\"}}]},{\"body\":{\"kvlistValue\":{\"values\":[{\"key\":\"deep\",\"value\":"
                                         "{\"boolValue\":true}}]}},\"observedTimeUnixNano\":\"4\"},{\"timeUnixNano\":\"3\"}"), NULL);
    char *json = fetch("/api/logs");
    static const char *const expected[][2] = {
        {"$.resources[0].service", "svc"}, {"$.scopes[0].name", "lib"}, {"$.scopes[0].version", "1"}, {"$.next", "(null)"},
        {"$.logs[0].time_unix_ns", "5"}, {"$.logs[0].observed_unix_ns", "7"}, {"$.logs[0].severity", "WARN"}, {"$.logs[0].severity_number", "13"},
        {"$.logs[0].severity_text", "warning"}, {"$.logs[0].event_name", "disk.full"}, {"$.logs[0].body.type", "string"},
        {"$.logs[0].body.value", "careful"}, {"$.logs[0].attributes[0].key", "n"}, {"$.logs[0].attributes[0].value", "3"},
        {"$.logs[0].trace_id", TRACE}, {"$.logs[0].span_id", "0000000000000007"}, {"$.logs[0].flags", "1"},
        {"$.logs[0].dropped_attributes_count", "2"}, {"$.logs[0].resource", "0"}, {"$.logs[0].scope", "0"},
        {"$.logs[1].time_unix_ns", "0"}, {"$.logs[1].observed_unix_ns", "4"}, {"$.logs[1].severity", ""}, {"$.logs[1].body.type", "map"},
        {"$.logs[1].body.value[0].key", "deep"}, {"$.logs[1].trace_id", ""}, {"$.logs[2].body.type", "empty"}, {"$.logs[2].body.value", "(null)"},
        {"$.logs[3]", "(null)"}};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        expect_json(json, expected[i][0], expected[i][1]);
    free(json);
    expect_at("/api/info", "$.store.logs", "3");
    expect_at("/api/services", "$.services[0]", "svc");
}

static void the_newest_come_first_page_by_page(void **state)
{
    (void)state;
    char request[8192] = "", record[128], address[128] = "/api/logs?limit=7";
    for (int i = 0; i < 30; i++) { /* three of each time */
        snprintf(record, sizeof record, "%s{\"timeUnixNano\":\"%d\",\"body\":{\"intValue\":\"%d\"}}", i ? "," : "", i / 3 + 1, i);
        strcat(request, record);
    }
    char whole[9000];
    snprintf(whole, sizeof whole, "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[%s]}]}]}", request);
    send_json("/v1/logs", whole, NULL);
    for (int next = 29, pages = 0; pages < 5; pages++) {
        char *json = fetch(address);
        for (int i = 0; i < 7 && next >= 0; i++, next--) {
            char path[64], value[16];
            snprintf(path, sizeof path, "$.logs[%d].body.value", i);
            snprintf(value, sizeof value, "%d", next);
            expect_json(json, path, value);
        }
        const char *more = strstr(json, "\"next\":\"");
        assert_int_equal(more != NULL, pages < 4);
        if (more)
            snprintf(address, sizeof address, "/api/logs?limit=7&before=%.*s", (int)strcspn(more + 8, "\""), more + 8);
        free(json);
    }
    expect_at("/api/logs?from_ns=3&to_ns=5", "$.logs[5].body.value", "6");
    expect_at("/api/logs?from_ns=3&to_ns=5", "$.logs[6]", "(null)");
    expect_at("/api/logs?from_ns=3&to_ns=5&before=4.0", "$.logs[0].body.value", "8"); /* the narrower bound of the two */
    expect_at("/api/logs?to_ns=3&before=9.0", "$.logs[0].body.value", "5");
}

/* Past what the store's signed times can tell: one moment for all of them, and pages in it end. */
static void pages_end_in_the_last_moment(void **state)
{
    (void)state;
    char address[128] = "/api/logs?limit=2";
    send_json("/v1/logs", REQUEST("a", "{\"timeUnixNano\":\"18446744073709551615\",\"body\":{\"intValue\":\"1\"}},"
                                       "{\"timeUnixNano\":\"18446744073709551614\",\"body\":{\"intValue\":\"2\"}},"
                                       "{\"timeUnixNano\":\"18446744073709551613\",\"body\":{\"intValue\":\"3\"}}"), NULL);
    char *json = fetch(address);
    expect_json(json, "$.logs[0].body.value", "3");
    expect_json(json, "$.logs[1].body.value", "2");
    const char *next = strstr(json, "\"next\":\"");
    assert_non_null(next);
    snprintf(address, sizeof address, "/api/logs?limit=2&before=%.*s", (int)strcspn(next + 8, "\""), next + 8);
    free(json);
    expect_at(address, "$.logs[0].body.value", "1");
    expect_at(address, "$.logs[1]", "(null)");
    expect_at(address, "$.next", "(null)");
}

/* 40 records of a megabyte: a page ends before they are too many to answer, and the next goes on. */
static void a_page_of_large_records_ends_early(void **state)
{
    (void)state;
    enum { RECORDS = 40, SIZE = 1 << 20 };
    char *json = malloc(SIZE + 512);
    assert_non_null(json);
    for (int i = 1; i <= RECORDS; i++) {
        int head = sprintf(json, "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"timeUnixNano\":\"%d\",\"body\":{\"stringValue\":\"", i);
        memset(json + head, 'a', SIZE);
        strcpy(json + head + SIZE, "\"}}]}]}]}");
        send_json("/v1/logs", json, NULL);
    }
    free(json);
    char address[128] = "/api/logs?limit=1000";
    unsigned records = 0, pages = 0;
    for (bool more = true; more; pages++) {
        assert_in_range(pages, 0, 10);
        json = fetch(address);
        for (const char *at = json; (at = strstr(at, "\"time_unix_ns\"")); at++)
            records++;
        const char *next = strstr(json, "\"next\":\"");
        more = next != NULL;
        if (more)
            snprintf(address, sizeof address, "/api/logs?limit=1000&before=%.*s", (int)strcspn(next + 8, "\""), next + 8);
        free(json);
    }
    assert_int_equal(records, RECORDS);
    assert_int_equal(pages, 3);
    /* a text that nearly fits everywhere costs no more than another */
    char question[1100] = "/api/logs?q=";
    memset(question + strlen(question), 'a', 1000);
    strcat(question, "b");
    expect_at(question, "$.logs[0]", "(null)");
}

static void filters_narrow(void **state)
{
    (void)state;
    send_json("/v1/logs", REQUEST("a", RECORD(1, 1, "Trace me") "},"
                                       RECORD(2, 9, "hello") ",\"traceId\":\"" TRACE "\",\"spanId\":\"0000000000000001\"},"
                                       RECORD(3, 17, "broken") ",\"traceId\":\"" TRACE "\",\"spanId\":\"0000000000000002\"},"
                                       RECORD(4, 24, "x") ",\"attributes\":[{\"key\":\"file\",\"value\":{\"stringValue\":\"/etc/HOSTS\"}}]}"), NULL);
    send_json("/v1/logs", REQUEST("b", RECORD(5, 10, "y") ",\"eventName\":\"user.login\",\"traceId\":\"" TRACE "\"}"), NULL);
    static const struct { const char *question; const char *bodies; } cases[] = {
        {"", "y x broken hello Trace me"}, {"severity=info", "y x broken hello"}, {"severity=ERROR", "x broken"}, {"severity=24", "x"},
        {"severity=trace", "y x broken hello Trace me"}, {"service=a", "x broken hello Trace me"}, {"service=b", "y"}, {"service=c", ""},
        {"service=a&severity=fatal", "x"}, {"trace_id=" TRACE, "y broken hello"}, {"trace_id=" TRACE "&span_id=0000000000000002", "broken"},
        {"trace_id=" TRACE "&service=a&severity=error", "broken"}, {"trace_id=00000000000000000000000000000001", ""},
        {"q=trace%20ME", "Trace me"}, {"q=hosts", "x"}, {"q=file", ""}, {"q=Login", "y"}, {"q=nowhere", ""}, {"q=trTRACE", ""}, {"q=ce%20me", "Trace me"}, {"q=rokeN", "broken"}, {"q=o&service=a&severity=info", "x broken hello"},
        {"q=%00", ""}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char address[160], bodies[256] = "";
        snprintf(address, sizeof address, "/api/logs?%s", cases[i].question);
        char *json = fetch(address);
        for (const char *at = json; (at = strstr(at, "\"type\":\"string\",\"value\":\"")); at++) {
            const char *text = at + strlen("\"type\":\"string\",\"value\":\"");
            if (strncmp(at - strlen("\"body\":{"), "\"body\":{", strlen("\"body\":{")) == 0)
                snprintf(bodies + strlen(bodies), sizeof bodies - strlen(bodies), "%s%.*s", bodies[0] ? " " : "", (int)strcspn(text, "\""), text);
        }
        if (i < sizeof cases / sizeof *cases - 1 && strcmp(bodies, cases[i].bodies) != 0)
            fail_msg("%s: %s, not %s", cases[i].question, bodies, cases[i].bodies);
        free(json);
    }
    expect_at("/api/services", "$.services[1]", "b");
}

static void bad_questions_are_refused(void **state)
{
    (void)state;
    expect_refused("/api/logs?severity=loud", 400, "one of trace, debug, info, warn, error, fatal, or a number from 1 to 24");
    expect_refused("/api/logs?severity=25", 400, "severity");
    expect_refused("/api/logs?trace_id=12", 400, "32 hex digits");
    expect_refused("/api/logs?trace_id=" TRACE "&span_id=zz", 400, "16 hex digits");
    expect_refused("/api/logs?span_id=0000000000000002", 400, "needs its trace_id");
    expect_refused("/api/logs?limit=1001", 400, "from 1 to 1000");
    char longer[1100] = "/api/logs?q=";
    memset(longer + strlen(longer), 'a', 1025);
    expect_refused(longer, 400, "q is longer than 1024 bytes");
    expect_refused("/api/logs?before=x", 400, "\\\"next\\\"");
    expect_refused("/api/logs?from_ns=-1", 400, "nanoseconds");
}

static void duplicates_are_kept_once(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        send_json("/v1/logs", REQUEST("a", RECORD(1, 9, "same") "}"), NULL);
        send_json("/v1/logs", REQUEST("b", RECORD(1, 9, "same") "}"), NULL); /* of another resource: another one */
        send_json("/v1/logs", REQUEST("a", "{\"body\":{\"stringValue\":\"no time\"}}"), NULL); /* nothing tells it from another one */
    }
    expect_at("/api/info", "$.store.logs", "4");
    expect_at("/api/logs", "$.logs[0].body.value", "no time"); /* by when it came */
    expect_at("/api/logs", "$.logs[2].resource", "1");
}

static void bad_ids_are_rejected_and_counted(void **state)
{
    (void)state;
    send_json("/v1/logs", REQUEST("a", RECORD(1, 9, "good") ",\"traceId\":\"00000000000000000000000000000000\"},"
                                       RECORD(2, 9, "bad") ",\"traceId\":\"0102\"}," RECORD(3, 9, "bad") ",\"spanId\":\"01\"}"),
              "{\"partialSuccess\":{\"rejectedLogRecords\":\"2\",\"errorMessage\":\"2 of 3 log records rejected; the first: trace_id is neither");
    expect_at("/api/info", "$.store.logs", "1");
    expect_at("/api/logs", "$.logs[0].trace_id", ""); /* zeroes are none */
}

static void protobuf_and_gzip_are_taken(void **state)
{
    (void)state;
    static const uint8_t request[] = {0x0A, 0x0A, 0x12, 0x08, 0x12, 0x06, 0x2A, 0x04, 0x0A, 0x02, 'h', 'i'};
    static const char *const plain[] = {"Content-Type: application/x-protobuf", NULL};
    static const char *const packed[] = {"Content-Type: application/x-protobuf", "Content-Encoding: gzip", NULL};
    struct reply reply = http("POST", "/v1/logs", plain, (struct bytes){(uint8_t *)(uintptr_t)request, sizeof request});
    assert_int_equal(reply.status, 200);
    assert_int_equal(reply.size, 0);
    assert_non_null(strstr(reply.headers, "Content-Type: application/x-protobuf"));
    free_reply(reply);
    struct bytes body = gzip(request, sizeof request);
    reply = http("POST", "/v1/logs", packed, body);
    assert_int_equal(reply.status, 200);
    free_reply(reply);
    free(body.data);
    expect_at("/api/logs", "$.logs[1].body.value", "hi");
    static const uint8_t traces[] = {0x0A, 0x04, 0x12, 0x02, 0x12, 0x01};
    reply = http("POST", "/v1/logs", plain, (struct bytes){(uint8_t *)(uintptr_t)traces, sizeof traces});
    assert_int_equal(reply.status, 400);
    assert_non_null(strstr(reply.body, "the body is no ExportLogsServiceRequest"));
    free_reply(reply);
    static const uint8_t bad_id[] = {0x0A, 0x07, 0x12, 0x05, 0x12, 0x03, 0x4A, 0x01, 0x01};
    static const uint8_t partial[] = {0x0A, 0x02 + 2 + 72, 0x08, 0x01, 0x12};
    reply = http("POST", "/v1/logs", plain, (struct bytes){(uint8_t *)(uintptr_t)bad_id, sizeof bad_id});
    assert_int_equal(reply.status, 200);
    assert_memory_equal(reply.body, partial, 1); /* partial_success */
    assert_memory_equal(reply.body + 2, partial + 2, 3);
    assert_non_null(strstr(reply.body + 6, "1 of 1 log records rejected; the first: trace_id is neither empty nor 16 bytes"));
    assert_int_equal(reply.body[1], reply.size - 2);
    assert_int_equal(reply.body[5], reply.size - 6);
    free_reply(reply);
}

static void answers_have_tags(void **state)
{
    (void)state;
    send_json("/v1/logs", REQUEST("a", RECORD(1, 9, "one") "}"), NULL);
    struct reply reply = get("/api/logs");
    char header[128];
    const char *tag = strstr(reply.headers, "ETag: ");
    assert_non_null(tag);
    snprintf(header, sizeof header, "If-None-Match: %.*s", (int)strcspn(tag + 6, "\r"), tag + 6);
    free_reply(reply);
    reply = http("GET", "/api/logs", (const char *const[]){header, NULL}, (struct bytes){NULL, 0});
    assert_int_equal(reply.status, 304);
    free_reply(reply);
    send_json("/v1/logs", REQUEST("a", RECORD(2, 9, "two") "}"), NULL);
    reply = http("GET", "/api/logs", (const char *const[]){header, NULL}, (struct bytes){NULL, 0});
    assert_int_equal(reply.status, 200);
    free_reply(reply);
}

/* ---- without HTTP: the cap, a file ---- */

static struct spwv_error error;

static void take(struct spwv_store *store, const char *address, const char *json)
{
    struct spwv_take taken;
    struct spwv_slice text = {(const uint8_t *)json, strlen(json)};
    if (spwv_take_json(store, spwv_signal_of_path(address), text, NULL, &taken, &error) != SPWV_TAKEN)
        fail_msg("%s: %s", address, error.text);
}

static struct spwv_store_info info_of(struct spwv_store *store)
{
    struct spwv_store_info info;
    store->info(store, &info);
    return info;
}

static void take_many_logs(struct spwv_store *store, unsigned from, unsigned count, const char *service)
{
    char *json = malloc(300 + count * 400);
    size_t size = (size_t)sprintf(json, "{\"resourceLogs\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":\"%s\"}}]},"
                                        "\"scopeLogs\":[{\"logRecords\":[", service);
    for (unsigned i = 0; i < count; i++)
        size += (size_t)sprintf(json + size, "%s{\"timeUnixNano\":\"%u\",\"body\":{\"stringValue\":\"%0200u\"}}", i ? "," : "", from + i, i);
    strcpy(json + size, "]}]}]}");
    take(store, "/v1/logs", json);
    free(json);
}

/* A flood of logs meets the cap: the trace that came before them leaves first, the points that came in between when their turn comes. */
static void what_came_first_leaves_first(void **state)
{
    (void)state;
    enum { CAP = 2 << 20 };
    struct spwv_store *store = spwv_store_sqlite_open(NULL, CAP, &error);
    assert_non_null(store);
    put(store, ENCODE({.trace = 1, .id = 1, .name = "first", .start = 1, .end = 2, .service = "early"}));
    take_many_logs(store, 1, 1000, "flood");
    take(store, "/v1/metrics", "{\"resourceMetrics\":[{\"scopeMetrics\":[{\"metrics\":[{\"name\":\"n\",\"gauge\":{\"dataPoints\":[{\"timeUnixNano\":\"1\",\"asInt\":\"1\"}]}}]}]}]}");
    put(store, ENCODE({.trace = 2, .id = 1, .name = "second", .start = 1, .end = 2, .service = "late"}));
    struct spwv_store_info info = info_of(store);
    assert_int_equal(info.evicted_traces + info.evicted_logs + info.evicted_metric_points, 0);
    unsigned sent = 1000;
    while ((info = info_of(store)).evicted_logs < 900) {
        assert_in_range(sent, 1000, 100000);
        take_many_logs(store, sent, 500, "flood");
        sent += 500;
        assert_true(info_of(store).bytes <= CAP);
    }
    assert_int_equal(info.evicted_traces, 1);
    assert_int_equal(info.traces, 1); /* the second one came after these logs */
    while ((info = info_of(store)).evicted_traces < 2) {
        assert_in_range(sent, 1000, 100000);
        take_many_logs(store, sent, 500, "flood");
        sent += 500;
    }
    assert_int_equal(info.evicted_metric_points, 1);
    assert_int_equal(info.metric_points, 0);
    assert_int_equal(info.logs + info.evicted_logs, sent - 1 + 1);
    store->destroy(store);
}

static void name_service(void *arg, struct spwv_slice service)
{
    strncat(arg, (const char *)service.data, service.size);
    strcat(arg, ";");
}

static void a_file_is_opened_again(void **state)
{
    (void)state;
    char path[] = "/tmp/spwv-logs-XXXXXX", services[64] = "", other[80];
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    unlink(path);
    struct spwv_store *store = spwv_store_sqlite_open(path, 64 << 20, &error);
    assert_non_null(store);
    take_many_logs(store, 1, 10, "kept");
    uint64_t revision = info_of(store).revision;
    store->destroy(store);
    store = spwv_store_sqlite_open(path, 64 << 20, &error);
    assert_non_null(store);
    assert_int_equal(info_of(store).logs, 10);
    assert_true(info_of(store).revision >= revision);
    take_many_logs(store, 5, 10, "kept"); /* six of them known, if their texts were: their numbers differ */
    take_many_logs(store, 1, 10, "kept");
    assert_int_equal(info_of(store).duplicates, 10);
    struct spwv_list_sink sink = {services, NULL, name_service};
    assert_true(store->services(store, &sink, &error));
    assert_string_equal(services, "kept;");
    assert_true(store->clear_logs(store, &error));
    assert_int_equal(info_of(store).logs, 0);
    services[0] = 0;
    assert_true(store->services(store, &sink, &error));
    assert_string_equal(services, "");
    store->destroy(store);
    for (size_t i = 0; i < 3; i++) {
        snprintf(other, sizeof other, "%s%s", path, ((const char *const[]){"", "-wal", "-shm"})[i]);
        unlink(other);
    }
}

/* Resources and scopes are shared by the signals: forgetting one takes none away from another. */
static void forgetting_one_signal_leaves_the_others_whole(void **state)
{
    (void)state;
    send_json("/v1/logs", REQUEST("shared", RECORD(1, 9, "log") "}"), NULL);
    send_json("/v1/traces", "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":\"shared\"}}]},\"scopeSpans\":"
                            "[{\"scope\":{\"name\":\"lib\",\"version\":\"1\"},\"spans\":[{\"traceId\":\"" TRACE "\",\"spanId\":\"0000000000000001\",\"name\":\"s\"}]}]}]}", NULL);
    free_reply(http("DELETE", "/api/traces", NULL, (struct bytes){NULL, 0}));
    expect_at("/api/logs", "$.resources[0].service", "shared");
    expect_at("/api/logs", "$.scopes[0].name", "lib");
    send_json("/v1/traces", "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":\"shared\"}}]},\"scopeSpans\":"
                            "[{\"scope\":{\"name\":\"lib\",\"version\":\"1\"},\"spans\":[{\"traceId\":\"" TRACE "\",\"spanId\":\"0000000000000001\",\"name\":\"s\"}]}]}]}", NULL);
    free_reply(http("DELETE", "/api/logs", NULL, (struct bytes){NULL, 0}));
    expect_at("/api/traces/" TRACE, "$.resources[0].service", "shared");
    expect_at("/api/logs", "$.logs[0]", "(null)");
    expect_at("/api/info", "$.store.traces", "1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_record_comes_back_as_it_was, forget),
        cmocka_unit_test_setup(the_newest_come_first_page_by_page, forget),
        cmocka_unit_test_setup(pages_end_in_the_last_moment, forget),
        cmocka_unit_test_setup(a_page_of_large_records_ends_early, forget),
        cmocka_unit_test_setup(filters_narrow, forget),
        cmocka_unit_test_setup(bad_questions_are_refused, forget),
        cmocka_unit_test_setup(duplicates_are_kept_once, forget),
        cmocka_unit_test_setup(bad_ids_are_rejected_and_counted, forget),
        cmocka_unit_test_setup(protobuf_and_gzip_are_taken, forget),
        cmocka_unit_test_setup(answers_have_tags, forget),
        cmocka_unit_test_setup(forgetting_one_signal_leaves_the_others_whole, forget),
        cmocka_unit_test(what_came_first_leaves_first),
        cmocka_unit_test(a_file_is_opened_again),
    };
    return cmocka_run_group_tests(tests, judge_begin, judge_end);
}
