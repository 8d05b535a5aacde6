/*
 * Queries over the store against a slow, obvious evaluator: random traces, random queries, the same traces must come out; in every order and
 * page by page. The evaluator knows the samples' values, not their bytes. Then what the index leaves to the spans: long texts, many
 * attributes, many spans; eviction and deletion; the time a query may take; what completion has seen.
 */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "query_model.h"

enum { QUERIES = 1500 };

static struct spwv_error error;

/* ---- the store with the model's traces ---- */

static struct spwv_store *store;

static void send_span(unsigned trace, unsigned number)
{
    struct request bytes = model_request(trace, number);
    put(store, (struct bytes){bytes.data, bytes.size});
}

static int open_model(void **state)
{
    (void)state;
    model_fill();
    store = spwv_store_sqlite_open(NULL, 1 << 20, &error); /* a small store has small blocks: many of them */
    if (!store)
        return -1;
    for (unsigned j = 0; j < MODEL_SPANS; j++)
        for (unsigned i = 0; i < MODEL_TRACES; i++) /* spans of a trace come apart */
            if (j < model_traces[i].count)
                send_span(i, j);
    struct spwv_store_info info;
    store->info(store, &info);
    return info.traces == MODEL_TRACES ? 0 : -1;
}

static int close_model(void **state)
{
    (void)state;
    store->destroy(store);
    return 0;
}

struct found {
    unsigned order[MODEL_TRACES * 2];
    unsigned count;
    struct spwv_trace_summary last;
};

static void on_trace(void *arg, const struct spwv_trace_summary *trace)
{
    struct found *found = arg;
    assert_true(found->count < MODEL_TRACES * 2);
    found->order[found->count++] = trace->trace_id[0] - 1u;
    found->last = *trace;
}

static void on_service(void *arg, struct spwv_slice service)
{
    (void)arg;
    (void)service;
}

static struct spwv_query query;
static struct spwv_list_result result;

static bool ask(const char *text, struct spwv_trace_filter filter, struct found *found)
{
    struct spwv_query_error mistake;
    struct spwv_list_sink sink = {found, on_trace, on_service};
    if (!spwv_query_parse(text, strlen(text), &query, &mistake))
        fail_msg("%s: at %zu: %s", text, mistake.at, mistake.text);
    filter.query = &query;
    filter.limit = filter.limit ? filter.limit : MODEL_TRACES;
    return store->list(store, &filter, &sink, &result, &error);
}

static unsigned count_in(const struct spwv_histogram *histogram, bool errors)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < histogram->count; i++)
        sum += errors ? histogram->buckets[i].errors : histogram->buckets[i].traces;
    return (unsigned)sum;
}

static void check_query(const char *text, const struct term *term)
{
    struct found found = {.count = 0};
    bool seen[MODEL_TRACES] = {false};
    unsigned wanted = 0, wanted_errors = 0;
    if (!ask(text, (struct spwv_trace_filter){0}, &found))
        fail_msg("%s: %s", text, error.text);
    for (unsigned i = 0; i < found.count; i++)
        seen[found.order[i]] = true;
    for (unsigned i = 0; i < MODEL_TRACES; i++) {
        bool holds = model_trace_holds(term, &model_traces[i]);
        wanted += holds;
        wanted_errors += holds && model_errors_of(&model_traces[i]) > 0;
        if (holds != seen[i])
            fail_msg("%s: trace %u is %s", text, i, seen[i] ? "in the list and should not" : "missing");
    }
    assert_int_equal(found.count, wanted);
    static struct spwv_histogram histogram;
    struct spwv_trace_filter filter = {.query = &query};
    histogram.count = 1 + model_below(30);
    assert_true(store->histogram(store, &filter, &histogram, &result, &error));
    assert_int_equal(count_in(&histogram, false), wanted);
    assert_int_equal(count_in(&histogram, true), wanted_errors);
}

static void queries_find_what_a_slow_search_finds(void **state)
{
    (void)state;
    uint64_t verified = 0;
    for (unsigned i = 0; i < QUERIES; i++) {
        char text[8000];
        model_used = 0;
        const struct term *term = model_random_term(model_below(4), false);
        model_print(term, text, sizeof text);
        if (strlen(text) > SPWV_QUERY_MAX_TEXT)
            continue;
        check_query(text, term);
        verified += result.verified;
    }
    assert_true(verified > 1000); /* and the index left some to the spans */
}

/* ---- orders and pages ---- */

static int64_t key_of(enum spwv_sort sort, unsigned trace)
{
    switch (sort) {
    case SPWV_SORT_DURATION: return model_duration_of(&model_traces[trace]);
    case SPWV_SORT_SPANS: return model_traces[trace].count;
    case SPWV_SORT_ERRORS: return model_errors_of(&model_traces[trace]);
    case SPWV_SORT_TOKENS: return 0; /* none has any: all are equal */
    default: return (int64_t)model_traces[trace].start;
    }
}

static void every_order_pages_without_gap_or_overlap(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "error", "{ name = chat not a = 5 }", "a ~ ll or spans > 2"};
    for (unsigned i = 0; i < 5 * 2 * 4; i++) {
        struct spwv_trace_filter filter = {.sort = (enum spwv_sort)(i / 8), .ascending = i % 2, .limit = 1 + model_below(13)};
        const char *text = texts[i / 2 % 4];
        struct found whole = {.count = 0}, paged = {.count = 0};
        struct spwv_trace_filter all = filter;
        all.limit = MODEL_TRACES;
        assert_true(ask(text, all, &whole));
        assert_false(result.more);
        do {
            assert_true(ask(text, filter, &paged));
            filter.before = true;
            filter.before_key = paged.last.position_key;
            filter.before_id = paged.last.position_id;
        } while (result.more);
        assert_int_equal(paged.count, whole.count);
        assert_memory_equal(paged.order, whole.order, whole.count * sizeof *whole.order);
        for (unsigned j = 1; j < whole.count; j++) {
            int64_t before = key_of(filter.sort, whole.order[j - 1]), after = key_of(filter.sort, whole.order[j]);
            assert_true(filter.ascending ? before < after || (before == after && whole.order[j - 1] < whole.order[j])
                                         : before > after || (before == after && whole.order[j - 1] > whole.order[j]));
        }
    }
}

static void start_times_narrow_list_and_histogram(void **state)
{
    (void)state;
    static struct spwv_histogram histogram = {.count = 7};
    unsigned wanted = 0;
    struct found found = {.count = 0};
    struct spwv_trace_filter filter = {.from_ns = 1005, .to_ns = 1012};
    for (unsigned i = 0; i < MODEL_TRACES; i++)
        wanted += model_traces[i].start >= 1005 && model_traces[i].start < 1012;
    assert_true(ask("", filter, &found));
    assert_int_equal(found.count, wanted);
    filter.query = &query;
    assert_true(store->histogram(store, &filter, &histogram, &result, &error));
    assert_int_equal(histogram.bucket_ns, 1);
    assert_int_equal(histogram.from_ns, 1005);
    assert_int_equal(histogram.to_ns, 1012);
    for (unsigned b = 0; b < 7; b++) {
        unsigned in_bucket = 0;
        for (unsigned i = 0; i < MODEL_TRACES; i++)
            in_bucket += model_traces[i].start == 1005 + b;
        assert_int_equal(histogram.buckets[b].traces, in_bucket);
    }
}

static void a_query_ends_in_its_time(void **state)
{
    (void)state;
    struct found found = {.count = 0};
    char text[4096] = "";
    for (unsigned i = 0; i < 32; i++) /* every long text must be read */
        strcat(text, i ? " or a ~ zzz or b ~ zzz" : "a ~ zzz or b ~ zzz");
    unsigned stopped = 0;
    for (unsigned i = 0; i < 2000 && !stopped; i++)
        if (!ask(text, (struct spwv_trace_filter){.max_ms = 1}, &found)) {
            assert_true(result.stopped);
            assert_non_null(strstr(error.text, "stopped after 1 ms; narrow it"));
            stopped++;
        }
    assert_int_equal(stopped, 1);
    assert_true(ask("name = chat", (struct spwv_trace_filter){0}, &found)); /* the store goes on */
}

/* ---- eviction, deletion, completion ---- */

static struct found find(const char *text)
{
    struct found found = {.count = 0};
    if (!ask(text, (struct spwv_trace_filter){0}, &found))
        fail_msg("%s: %s", text, error.text);
    return found;
}

static void a_deleted_trace_is_gone_from_the_index(void **state)
{
    (void)state;
    bool was_there;
    uint8_t id[16] = {8, [15] = 1};
    unsigned before = find("").count;
    assert_true(store->remove(store, id, &was_there, &error));
    assert_true(was_there);
    assert_int_equal(find("").count, before - 1);
    assert_int_equal(find("not has nothing").count, before - 1);
    assert_true(store->remove(store, id, &was_there, &error));
    assert_false(was_there);
    send_span(7, 0); /* it may come again, and only what came again is found */
    assert_int_equal(find("").count, before);
    assert_int_equal(find("trace = 08 spans = 1").count, 1);
}

struct seen {
    char text[2000];
};

static void on_item(void *arg, const struct spwv_seen_item *item)
{
    struct seen *seen = arg;
    size_t size = strlen(seen->text);
    snprintf(seen->text + size, sizeof seen->text - size, "%s%.*s%s ", item->quoted ? "'" : "", (int)item->text.size,
             (const char *)item->text.data, item->quoted ? "'" : "");
}

static const char *seen_of(struct spwv_seen_request request)
{
    static struct seen seen;
    struct spwv_seen_sink sink = {&seen, on_item};
    seen.text[0] = 0;
    request.limit = request.limit ? request.limit : 100;
    assert_true(store->seen(store, &request, &sink, &error));
    return seen.text;
}

static struct spwv_slice slice(const char *text)
{
    return (struct spwv_slice){(const uint8_t *)text, strlen(text)};
}

static void completion_knows_what_came(void **state)
{
    (void)state;
    const char *text = seen_of((struct spwv_seen_request){.what = SPWV_SEEN_KEYS, .where = SPWV_ON_SPAN});
    assert_non_null(strstr(text, "a "));
    assert_non_null(strstr(text, "filler "));
    assert_null(strstr(text, "service.name "));
    text = seen_of((struct spwv_seen_request){.what = SPWV_SEEN_KEYS, .prefix = slice("SER")});
    assert_string_equal(text, "service.name ");
    text = seen_of((struct spwv_seen_request){.what = SPWV_SEEN_VALUES, .field = SPWV_FIELD_NAME, .prefix = slice("ch")});
    assert_true(strcmp(text, "'chat' 'Chatter' ") == 0 || strcmp(text, "'Chatter' 'chat' ") == 0);
    text = seen_of((struct spwv_seen_request){.what = SPWV_SEEN_VALUES, .key = slice("a")});
    assert_non_null(strstr(text, "'ab' "));
    assert_non_null(strstr(text, "true "));
    assert_null(strstr(text, "lll")); /* what is cut is not offered */
    text = seen_of((struct spwv_seen_request){.what = SPWV_SEEN_VALUES, .key = slice("c"), .where = SPWV_ON_RESOURCE, .prefix = slice("x")});
    assert_string_equal(text, "'xABx' ");
    assert_string_equal(seen_of((struct spwv_seen_request){.what = SPWV_SEEN_VALUES, .key = slice("nothing")}), "");
}

static void eviction_takes_the_index_along(void **state)
{
    (void)state;
    struct spwv_store_info info;
    store = spwv_store_sqlite_open(NULL, 1 << 20, &error);
    assert_non_null(store);
    for (unsigned i = 0; i < 4000; i++) {
        char value[40], key[40], trace_id[33];
        om_resource_spans *resource;
        om_scope_spans *scope;
        om_request *request = om_begin("svc", &resource, &scope);
        snprintf(trace_id, sizeof trace_id, "%032x", i + 1);
        om_span *span = om_add_span(scope, trace_id, 1, 0, "n", 1000 + i, 2000 + i);
        for (unsigned j = 0; j < 10; j++) {
            snprintf(key, sizeof key, "k%u", j);
            snprintf(value, sizeof value, "value-%u-%u-and-some-more", i, j);
            om_set(span, key, om_text(value));
        }
        snprintf(key, sizeof key, "once.%u", i);
        om_set(span, key, om_int(1));
        struct request bytes = om_finish(request);
        put(store, (struct bytes){bytes.data, bytes.size});
        store->info(store, &info);
        assert_true(info.bytes <= 1 << 20);
    }
    assert_true(info.traces > 200); /* dead rows do not take the room of living traces */
    assert_int_equal(info.traces + info.evicted_traces, 4000);
    struct spwv_trace_filter filter = {.limit = 1};
    struct found found = {.count = 0};
    assert_true(ask("has once.3999", filter, &found));
    assert_int_equal(found.count, 1);
    found.count = 0;
    assert_true(ask("k3 = value-0-3-and-some-more or has once.0", filter, &found));
    assert_int_equal(found.count, 0);
    assert_string_equal(seen_of((struct spwv_seen_request){.what = SPWV_SEEN_KEYS, .prefix = slice("once.17")}), "");
    store->destroy(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(queries_find_what_a_slow_search_finds),
        cmocka_unit_test(every_order_pages_without_gap_or_overlap),
        cmocka_unit_test(start_times_narrow_list_and_histogram),
        cmocka_unit_test(a_query_ends_in_its_time),
        cmocka_unit_test(completion_knows_what_came),
        cmocka_unit_test(a_deleted_trace_is_gone_from_the_index),
    };
    const struct CMUnitTest others[] = {cmocka_unit_test(eviction_takes_the_index_along)};
    int failed = cmocka_run_group_tests(tests, open_model, close_model);
    return failed + cmocka_run_group_tests(others, NULL, NULL);
}
