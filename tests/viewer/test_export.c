/*
 * The exports of a trace. OTLP JSON comes back as the same trace, field by field; in speedscope's and Chrome's formats each lane holds spans
 * that contain each other or follow each other, and none is missing. jansson reads them: not code of the viewer's.
 */
#include "fixture.h"
#include "nested_trace.h"

#include <curl/curl.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SPANS = 3000, SERVICES = 3, MAX_LANES = SPANS };

static json_t *parse(struct reply reply)
{
    json_error_t error;
    if (reply.status != 200)
        fail_msg("%ld: %.300s", reply.status, reply.body);
    json_t *json = json_loadb(reply.body, reply.size, JSON_REJECT_DUPLICATES, &error);
    if (!json)
        fail_msg("%s at %d: %.300s", error.text, error.position, reply.body);
    free_reply(reply);
    return json;
}

static void must_take(struct reply reply)
{
    if (reply.status != 200 || (reply.size && strcmp(reply.body, "{}") != 0))
        fail_msg("%ld: %.300s", reply.status, reply.body);
    free_reply(reply);
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static json_t *trace_of_api(const char *id)
{
    char path[128];
    snprintf(path, sizeof path, "/api/traces/%s", id);
    json_t *trace = parse(get(path));
    json_object_del(trace, "revision");
    return trace;
}

/* Out of one viewer and into an empty one; what its API says of the trace is the same. */
static void round_trip(const char *id, struct bytes request)
{
    static const char *const headers[] = {"Content-Type: application/json", NULL};
    char path[128];
    must_take(post(request));
    json_t *before = trace_of_api(id);
    snprintf(path, sizeof path, "/api/traces/%s.otlp.json", id);
    struct reply exported = get(path);
    assert_int_equal(exported.status, 200);
    assert_true(exported.size && strchr(exported.body, '\n') == exported.body + exported.size - 1); /* one line */
    stop_viewer(NULL);
    start_viewer(NULL);
    must_take(http("POST", "/v1/traces", headers, (struct bytes){(uint8_t *)exported.body, exported.size}));
    json_t *after = trace_of_api(id);
    if (!json_equal(before, after)) {
        char *was = json_dumps(before, JSON_INDENT(1)), *is = json_dumps(after, JSON_INDENT(1));
        size_t at = 0;
        while (was[at] && was[at] == is[at])
            at++;
        fail_msg("before: %.400s\nafter: %.400s", was + (at > 100 ? at - 100 : 0), is + (at > 100 ? at - 100 : 0));
    }
    struct reply again = get(path); /* and an export of the export is the export */
    assert_int_equal(again.size, exported.size);
    assert_memory_equal(again.body, exported.body, again.size);
    free_reply(again);
    free_reply(exported);
    json_decref(before);
    json_decref(after);
}

static void nested_traces_make_the_round_trip(void **state)
{
    (void)state;
    struct request request = nested_trace(UNKNOWN_TRACE_ID, 1700000000000000001u);
    round_trip(NESTED_TRACE_ID, (struct bytes){request.data, request.size});
}

/* ---- a trace of all numbers and texts ---- */

#define EXTREME_ID "00112233445566778899aabbccddeeff"

static struct bytes extremes(void)
{
    om_resource_spans *resource;
    om_scope_spans *scope;
    om_request *request = om_begin("svc \xf0\x9f\x98\x80\xe2\x80\xa8\"\\", &resource, &scope);
    om_span *span = om_add_span(scope, EXTREME_ID, 1, 0, "\x01\x1f\x7f", 0, UINT64_MAX);
    om_set(span, "min", om_int(INT64_MIN));
    om_set(span, "max", om_int(INT64_MAX));
    om_set(span, "zero", om_int(0));
    om_set(span, "no", om_bool(false));
    om_set(span, "empty text", om_text(""));
    om_set(span, "no bytes", om_bytes("", 0));
    om_set(span, "bytes", om_bytes("\0\xff\x80", 3));
    om_set(span, "empty", om_empty());
    om_set(span, "empty array", om_array());
    om_set(span, "empty map", om_map());
    om_set(span, "", om_text("no key"));
    om_set(span, "same", om_int(1));
    om_set(span, "same", om_int(2));
    static const double doubles[] = {0.0, -0.0, 0.1, 5e-324, 1.7976931348623157e308, 1e22, 123456789012345680.0, 1.0 / 3};
    for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++)
        om_set(span, "double", om_double(doubles[i]));
    om_set(span, "nan", om_double((double)NAN));
    om_set(span, "-inf", om_double(-(double)INFINITY));
    span->dropped_attributes_count = span->dropped_events_count = span->dropped_links_count = UINT32_MAX;
    span->flags = UINT32_MAX;
    span->kind = 5;
    om_replace(&span->trace_state, "a=1,b=2");
    om_fail(span, "");
    om_add_event(span, "", UINT64_MAX);
    om_add_link(span, "ff", ""); /* ids of lengths they should not have */
    om_add_span(scope, EXTREME_ID, 2, 1, "", 5, 4);
    struct request encoded = om_finish(request);
    return (struct bytes){encoded.data, encoded.size};
}

static void extremes_make_the_round_trip(void **state)
{
    (void)state;
    round_trip(EXTREME_ID, extremes());
}

/* ---- lanes ---- */

static struct sample samples[SPANS];

/* Children that overlap, leave their parents' time, have parents elsewhere or nowhere, last no time at all; the same in every run. */
static void make_spans(void)
{
    static const char *const services[SERVICES] = {"api", "db", "agent"};
    static char names[8][16];
    uint64_t seed = 42;
    for (unsigned i = 0; i < SPANS; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        unsigned random = (unsigned)(seed >> 33);
        const struct sample *parent = i ? &samples[random % i] : NULL;
        bool stray = random >> 8 & 1; /* outside of its parent's time */
        uint64_t start = !parent || stray ? 1000000 + (random >> 4) % 100000 : parent->start + (random >> 5) % (parent->end - parent->start + 1);
        uint64_t longest = !parent || stray ? 20000 : parent->end - start;
        snprintf(names[i % 8], sizeof names[i % 8], "name %u", i % 8);
        samples[i] = (struct sample){.trace = 7, .id = i + 1, .parent = parent ? parent->id : 0, .name = names[i % 8], .start = start,
                                     .end = start + (random >> 9) % (longest + 1), .service = services[(random >> 3) % SERVICES]};
        if (i % 10 == 9)
            samples[i] = (struct sample){.trace = 7, .id = i + 1, .parent = samples[i - 1].id, .name = "same time", .start = samples[i - 1].start,
                                         .end = samples[i - 1].end, .service = samples[i - 1].service};
    }
    samples[5].parent = 6; /* its own parent */
    samples[6].parent = 8;
    samples[7].parent = 7; /* two that are each other's */
    samples[8].parent = 999999;
}

#define LANES_ID "ab000000000000000000000000000007"

static void send_lanes(void)
{
    make_spans();
    must_take(post(encode(samples, SPANS)));
}

static uint64_t nanoseconds(const json_t *number)
{
    return (uint64_t)(json_number_value(number) * 1000 + 0.5);
}

struct lane {
    int64_t key; /* process and thread */
    uint64_t open[SPANS + 1]; /* ends */
    unsigned depth;
    uint64_t last;
};

static struct lane *find_lane(struct lane **lanes, int64_t key)
{
    size_t i = 0;
    while (lanes[i] && lanes[i]->key != key)
        i++;
    if (!lanes[i]) {
        lanes[i] = calloc(1, sizeof **lanes);
        lanes[i]->key = key;
    }
    return lanes[i];
}

static void chrome_events_nest_in_their_threads(void **state)
{
    (void)state;
    send_lanes();
    json_t *file = parse(get("/api/traces/" LANES_ID ".chrome.json"));
    static struct lane *lanes[MAX_LANES + 1];
    size_t spans = 0, processes = 0, index;
    json_t *event;
    assert_string_equal(text_of(json_object_get(file, "otherData"), "trace_id"), LANES_ID);
    json_array_foreach(json_object_get(file, "traceEvents"), index, event) {
        const char *phase = text_of(event, "ph");
        processes += strcmp(phase, "M") == 0;
        if (strcmp(phase, "X") != 0)
            continue;
        spans++;
        struct lane *lane = find_lane(lanes, json_integer_value(json_object_get(event, "pid")) * 100000 +
                                                 json_integer_value(json_object_get(event, "tid")));
        uint64_t start = nanoseconds(json_object_get(event, "ts"));
        uint64_t end = start + nanoseconds(json_object_get(event, "dur"));
        assert_true(start >= lane->last);
        lane->last = start;
        while (lane->depth && lane->open[lane->depth - 1] <= start)
            lane->depth--;
        if (lane->depth && end > lane->open[lane->depth - 1])
            fail_msg("%s: from %llu to %llu is not inside of what is open until %llu", text_of(event, "name"), (unsigned long long)start,
                     (unsigned long long)end, (unsigned long long)lane->open[lane->depth - 1]);
        lane->open[lane->depth++] = end;
    }
    assert_int_equal(spans, SPANS);
    assert_int_equal(processes, SERVICES); /* the store joins resources that are equal */
    for (size_t i = 0; lanes[i]; i++)
        free(lanes[i]);
    json_decref(file);
}

static void speedscope_profiles_open_and_close(void **state)
{
    (void)state;
    send_lanes();
    json_t *file = parse(get("/api/traces/" LANES_ID ".speedscope.json"));
    size_t frames = json_array_size(json_object_get(json_object_get(file, "shared"), "frames"));
    size_t opened = 0, p, e;
    json_t *profile, *event;
    assert_int_equal(frames, 9);
    json_array_foreach(json_object_get(file, "profiles"), p, profile) {
        static json_int_t open[SPANS];
        size_t depth = 0;
        json_int_t last = 0;
        assert_string_equal(text_of(profile, "type"), "evented");
        json_array_foreach(json_object_get(profile, "events"), e, event) {
            json_int_t at = json_integer_value(json_object_get(event, "at"));
            json_int_t frame = json_integer_value(json_object_get(event, "frame"));
            assert_true(at >= last && frame >= 0 && (size_t)frame < frames);
            last = at;
            if (strcmp(text_of(event, "type"), "O") == 0) {
                open[depth++] = frame;
                opened++;
            } else {
                assert_true(depth > 0 && open[depth - 1] == frame);
                depth--;
            }
        }
        assert_int_equal(depth, 0);
        assert_true(last <= json_integer_value(json_object_get(profile, "endValue")));
    }
    assert_int_equal(opened, SPANS);
    json_decref(file);
}

/* Two children at once: the second one leaves its parent's lane; one behind them comes back. */
static void children_stay_with_their_parent(void **state)
{
    (void)state;
    free_reply(post(ENCODE({.trace = 7, .id = 1, .name = "root", .start = 1000, .end = 9000},
                           {.trace = 7, .id = 2, .parent = 1, .name = "first", .start = 2000, .end = 5000},
                           {.trace = 7, .id = 3, .parent = 1, .name = "beside", .start = 3000, .end = 4000},
                           {.trace = 7, .id = 4, .parent = 2, .name = "inner", .start = 2000, .end = 5000},
                           {.trace = 7, .id = 5, .parent = 1, .name = "behind", .start = 5000, .end = 9000},
                           {.trace = 7, .id = 6, .parent = 1, .name = "too long", .start = 6000, .end = 9001})));
    static const struct {
        const char *name;
        int thread;
    } expected[] = {{"root", 1}, {"first", 1}, {"inner", 1}, {"behind", 1}, {"beside", 2}, {"too long", 2}};
    json_t *file = parse(get("/api/traces/latest.chrome.json"));
    size_t index, found = 0;
    json_t *event;
    json_array_foreach(json_object_get(file, "traceEvents"), index, event) {
        if (strcmp(text_of(event, "ph"), "X") != 0)
            continue;
        assert_true(found < 6);
        assert_string_equal(text_of(event, "name"), expected[found].name);
        assert_int_equal(json_integer_value(json_object_get(event, "tid")), expected[found].thread);
        found++;
    }
    assert_int_equal(found, 6);
    json_decref(file);
}

static void chrome_events_say_what_spans_said(void **state)
{
    (void)state;
    struct request request = nested_trace(UNKNOWN_TRACE_ID, 1700000000000000001u);
    must_take(post((struct bytes){request.data, request.size}));
    struct reply reply = get("/api/traces/" NESTED_TRACE_ID ".chrome.json");
    static const char *const parts[] = {"\"displayTimeUnit\":\"ns\"", "\"start_unix_ns\":\"1700000000000000001\"", "\"ph\":\"i\"",
                                        "\"code\":\"9007199254740993\"", "\"ratio\":0.5,\"cached\":false,\"nothing\":null,\"key\":\"AP88\"",
                                        "\"ts\":0.000"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!strstr(reply.body, parts[i]))
            fail_msg("%s is not in %.2000s", parts[i], reply.body);
    json_error_t error;
    json_t *json = json_loadb(reply.body, reply.size, 0, &error);
    assert_non_null(json);
    json_decref(json);
    free_reply(reply);
}

static void what_is_not_there_is_said(void **state)
{
    (void)state;
    static const char *const paths[] = {"/api/traces/" UNKNOWN_TRACE_ID ".otlp.json", "/api/traces/" UNKNOWN_TRACE_ID ".chrome.json",
                                        "/api/traces/latest.speedscope.json", "/api/traces/" UNKNOWN_TRACE_ID ".json",
                                        "/api/traces/" UNKNOWN_TRACE_ID ".otlp.json/text", "/api/traces/.otlp.json"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct reply reply = get(paths[i]);
        assert_int_equal(reply.status, 404);
        assert_non_null(strstr(reply.body, "{\"error\":"));
        free_reply(reply);
    }
}

int main(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nested_traces_make_the_round_trip, start_viewer, stop_viewer),
        cmocka_unit_test_setup_teardown(extremes_make_the_round_trip, start_viewer, stop_viewer),
        cmocka_unit_test_setup_teardown(chrome_events_nest_in_their_threads, start_viewer, stop_viewer),
        cmocka_unit_test_setup_teardown(speedscope_profiles_open_and_close, start_viewer, stop_viewer),
        cmocka_unit_test_setup_teardown(children_stay_with_their_parent, start_viewer, stop_viewer),
        cmocka_unit_test_setup_teardown(chrome_events_say_what_spans_said, start_viewer, stop_viewer),
        cmocka_unit_test_setup_teardown(what_is_not_there_is_said, start_viewer, stop_viewer),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    curl_global_cleanup();
    return failed;
}
