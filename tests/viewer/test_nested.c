/* The API's answer for what is more than flat: nested values in every place, links, flags, schema URLs; and which traces are stored. */
#include "judge.h"
#include "nested_trace.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINKED_TRACE_ID "ab000000000000000000000000000009"
#define SPAN "$.spans[0]"
#define RESULT SPAN ".attributes[0]"
#define LINK SPAN ".links[0]"

static char *trace; /* the answer */

static void expect(const char *path, const char *value)
{
    const char *found = judge_ask(trace, path);
    if (strcmp(found, value) != 0)
        fail_msg("%.200s is %s, not %s", path, found, value);
}

static void expect_all(const char *const expected[][2], size_t count)
{
    for (size_t i = 0; i < count; i++)
        expect(expected[i][0], expected[i][1]);
}

#define EXPECT_ALL(table) expect_all(table, sizeof table / sizeof *table)

static int set_up(void **state)
{
    if (judge_begin(state) != 0)
        return -1;
    struct request request = nested_trace(LINKED_TRACE_ID, 1000);
    struct reply reply = post((struct bytes){request.data, request.size});
    assert_int_equal(reply.status, 200);
    assert_int_equal(reply.size, 0); /* all taken */
    free_reply(reply);
    trace = fetch("/api/traces/" NESTED_TRACE_ID);
    return 0;
}

static int tear_down(void **state)
{
    free(trace);
    return judge_end(state);
}

static void maps_and_arrays_keep_types_and_order(void **state)
{
    (void)state;
    static const char *const expected[][2] = {
        {RESULT ".key", "tool.result"},
        {RESULT ".type", "map"},
        {RESULT ".value[0]", "{\"key\":\"status\",\"type\":\"string\",\"value\":\"ok\"}"},
        {RESULT ".value[1]", "{\"key\":\"code\",\"type\":\"int\",\"value\":\"9007199254740993\"}"},
        {RESULT ".value[2]", "{\"key\":\"ratio\",\"type\":\"double\",\"value\":0.5}"},
        {RESULT ".value[3]", "{\"key\":\"cached\",\"type\":\"bool\",\"value\":false}"},
        {RESULT ".value[4]", "{\"key\":\"nothing\",\"type\":\"empty\",\"value\":null}"},
        {RESULT ".value[5]", "{\"key\":\"key\",\"type\":\"bytes\",\"value\":\"AP88\"}"},
        {RESULT ".value[6].type", "array"},
        {RESULT ".value[6].value[0].value[1]", "{\"key\":\"score\",\"type\":\"double\",\"value\":0.92}"},
        {RESULT ".value[6].value[1].value[0].value", HOSTILE},
        {RESULT ".value[7]", "{\"key\":\"no items\",\"type\":\"array\",\"value\":[]}"},
        {RESULT ".value[8].key", HOSTILE},
        {RESULT ".value[8].type", "map"},
        {RESULT ".value[9]", "(null)"},
        {SPAN ".attributes[3].value[999].value", "999000006993"},
    };
    EXPECT_ALL(expected);
}

static void values_of_full_depth_come_back_whole(void **state)
{
    (void)state;
    for (int which = 1; which <= 2; which++) { /* maps, arrays */
        char path[1024];
        int used = snprintf(path, sizeof path, SPAN ".attributes[%d]", which);
        for (int depth = 1; depth < NESTED_DEPTH; depth++)
            used += snprintf(path + used, sizeof path - (size_t)used, ".value[0]");
        snprintf(path + used, sizeof path - (size_t)used, ".type");
        expect(path, which == 1 ? "bytes" : "string");
        snprintf(path + used, sizeof path - (size_t)used, ".value");
        expect(path, which == 1 ? "AP88" : "the bottom");
    }
}

static void every_place_takes_nested_values(void **state)
{
    (void)state;
    static const char *const expected[][2] = {
        {"$.resources[0].attributes[1].value[1].value", "fe80::7"},
        {"$.scopes[0].attributes[0].value[0].key", "stream"},
        {SPAN ".events[0].attributes[0].value[0].value[0].value[0].value", "7"},
        {LINK ".attributes[1].value[0].value[1].value", "8"},
    };
    EXPECT_ALL(expected);
}

static void links_flags_and_schema_urls_come_back(void **state)
{
    (void)state;
    static const char *const expected[][2] = {
        {LINK ".trace_id", LINKED_TRACE_ID},
        {LINK ".span_id", LINKED_SPAN_ID},
        {LINK ".trace_state", "vendor=a,other=b"},
        {LINK ".flags", "769"},
        {LINK ".attributes[0].value", "evidence"},
        {LINK ".dropped_attributes_count", "2"},
        {SPAN ".links[1].trace_id", UNKNOWN_TRACE_ID},
        {SPAN ".links[2].span_id", NESTED_CHILD_ID},
        {SPAN ".links[3].trace_id", ""},
        {SPAN ".links[4]", "(null)"},
        {SPAN ".dropped_links_count", "3"},
        {SPAN ".flags", "259"},
        {"$.spans[1].flags", "768"},
        {"$.resources[0].schema_url", RESOURCE_SCHEMA_URL},
        {"$.scopes[0].schema_url", SCOPE_SCHEMA_URL},
    };
    EXPECT_ALL(expected);
}

static void expect_stored(const char *ids, const char *stored)
{
    char path[256];
    snprintf(path, sizeof path, "/api/stored?ids=%s", ids);
    char *json = fetch(path);
    assert_string_equal(judge_ask(json, "$.stored"), stored);
    free(json);
}

static void linked_traces_can_be_asked_for(void **state)
{
    (void)state;
    expect_stored("", "[]");
    expect_stored(LINKED_TRACE_ID "," UNKNOWN_TRACE_ID, "[]");
    expect_stored(UNKNOWN_TRACE_ID "," NESTED_TRACE_ID, "[\"" NESTED_TRACE_ID "\"]");
    free_reply(post(ENCODE({.trace = 9, .id = 3, .name = "linked", .start = 1, .end = 2})));
    expect_stored(LINKED_TRACE_ID "," NESTED_TRACE_ID, "[\"" LINKED_TRACE_ID "\",\"" NESTED_TRACE_ID "\"]");
    static const char *const bad[] = {"x", "ab", NESTED_TRACE_ID ",", NESTED_TRACE_ID "0", NESTED_TRACE_ID ";" NESTED_TRACE_ID, ","};
    char path[128];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(path, sizeof path, "/api/stored?ids=%s", bad[i]);
        struct reply reply = get(path);
        assert_int_equal(reply.status, 400);
        assert_non_null(strstr(reply.body, "32 hex digits"));
        free_reply(reply);
    }
}

static void at_most_128_ids_are_asked_for(void **state)
{
    (void)state;
    for (int ids = 128; ids <= 129; ids++) {
        char path[33 * 129 + 32] = "/api/stored?ids=" UNKNOWN_TRACE_ID;
        for (int i = 1; i < ids; i++)
            strcat(path, "," UNKNOWN_TRACE_ID);
        struct reply reply = get(path);
        assert_int_equal(reply.status, ids == 128 ? 200 : 400);
        free_reply(reply);
    }
}

int main(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(maps_and_arrays_keep_types_and_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(values_of_full_depth_come_back_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_place_takes_nested_values, set_up, tear_down),
        cmocka_unit_test_setup_teardown(links_flags_and_schema_urls_come_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(linked_traces_can_be_asked_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(at_most_128_ids_are_asked_for, set_up, tear_down),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    curl_global_cleanup();
    return failed;
}
