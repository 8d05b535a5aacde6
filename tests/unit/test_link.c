/* Links: what arrives of them, from where, and how many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "support/capture.h"

typedef Opentelemetry__Proto__Trace__V1__Span__Link capture_link;

static capture *c;

static int start(void **state)
{
    (void)state;
    alarm(60);
    c = capture_new();
    capture_start(c, NULL);
    return 0;
}

static int start_small(void **state)
{
    (void)state;
    alarm(60);
    spw_options options = SPW_OPTIONS_INIT;
    options.max_links = 2;
    options.max_link_attributes = 1;
    c = capture_new();
    capture_start(c, &options);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    alarm(0);
    capture_stop(c);
    return 0;
}

static const capture_span *end(spw_span span, const char *name)
{
    spw_span_end(span);
    assert_int_equal(spw_flush(20000), SPW_OK);
    const capture_span *got = capture_named(c, name);
    assert_non_null(got);
    return got;
}

static spw_span remote(const char *trace_state)
{
    spw_span span;
    assert_true(spw_traceparent_parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", trace_state, &span));
    return span;
}

static void expect_ids(const capture_link *link, const spw_span *to)
{
    assert_int_equal(link->trace_id.len, 16);
    assert_int_equal(link->span_id.len, 8);
    assert_memory_equal(link->trace_id.data, to->trace_id, 16);
    assert_memory_equal(link->span_id.data, to->span_id, 8);
}

static void links_of_the_start_and_later_ones_keep_their_order(void **state)
{
    (void)state;
    const spw_attr attrs[] = { spw_attr_string("role", "producer"), spw_attr_int("n", 1) };
    spw_span local = spw_span_start(NULL, "local", NULL), far = remote("vendor=1");
    const spw_link links[] = { { far, attrs, 2 }, { local, NULL, 5 } };
    spw_span_options options = SPW_SPAN_OPTIONS_INIT;
    options.links = links;
    options.link_count = 2;
    spw_span span = spw_span_start(NULL, "linking", &options);
    spw_add_link(span, far, attrs + 1, 1);
    spw_span_end(local);
    const capture_span *got = end(span, "linking");
    assert_int_equal(got->n_links, 3);
    assert_int_equal(got->dropped_links_count, 0);
    expect_ids(got->links[0], &far);
    expect_ids(got->links[1], &local);
    expect_ids(got->links[2], &far);
    assert_int_equal(got->links[0]->flags, 0x301); /* sampled, has-is-remote, is-remote */
    assert_int_equal(got->links[1]->flags, 0x103); /* sampled, random, has-is-remote */
    assert_string_equal(got->links[0]->trace_state, "vendor=1");
    assert_string_equal(got->links[1]->trace_state, "");
    assert_int_equal(got->links[0]->n_attributes, 2);
    assert_int_equal(got->links[1]->n_attributes, 0);
    assert_string_equal(capture_find(got->links[0]->attributes, 2, "role")->value->string_value, "producer");
    assert_string_equal(got->links[2]->attributes[0]->key, "n");
}

/* "as long as either the attribute set or TraceState is non-empty" */
static void a_link_to_no_span_needs_something_to_say(void **state)
{
    (void)state;
    const spw_attr attr = spw_attr_string("why", "batch");
    const spw_span none = { .handle = 0 };
    spw_span half = remote(NULL), with_state = remote("vendor=1");
    memset(half.span_id, 0, 8);
    memset(with_state.trace_id, 0, 16);
    spw_span span = spw_span_start(NULL, "invalid", NULL);
    spw_add_link(span, none, NULL, 0);
    spw_add_link(span, none, &attr, 0);
    spw_add_link(span, half, NULL, 0);
    spw_add_link(span, none, &attr, 1);
    spw_add_link(span, with_state, NULL, 0);
    const capture_span *got = end(span, "invalid");
    assert_int_equal(got->n_links, 2);
    assert_int_equal(got->dropped_links_count, 0); /* ignored is not dropped */
    expect_ids(got->links[0], &none);
    assert_int_equal(got->links[0]->n_attributes, 1);
    assert_string_equal(got->links[1]->trace_state, "vendor=1");
}

static void links_over_128_are_counted(void **state)
{
    (void)state;
    static spw_link links[100];
    spw_span_options options = SPW_SPAN_OPTIONS_INIT;
    for (int i = 0; i < 100; i++)
        links[i].span = remote(NULL);
    options.links = links;
    options.link_count = 100;
    spw_span span = spw_span_start(NULL, "many", &options);
    for (int i = 0; i < 100; i++)
        spw_add_link(span, remote(NULL), NULL, 0);
    const capture_span *got = end(span, "many");
    assert_int_equal(got->n_links, 128);
    assert_int_equal(got->dropped_links_count, 72);
    assert_int_equal(got->dropped_attributes_count + got->dropped_events_count, 0);
    spw_stats stats = SPW_STATS_INIT;
    spw_stats_get(&stats);
    assert_int_equal(stats.links_dropped, 72);
}

static void attributes_of_links_have_their_own_limit(void **state)
{
    (void)state;
    static char keys[300][16];
    spw_attr list[300];
    for (int i = 0; i < 300; i++) {
        snprintf(keys[i], sizeof keys[i], "k%d", i % 200);
        list[i] = spw_attr_int(keys[i], i);
    }
    const spw_attr few[] = { spw_attr_int("a", 1), spw_attr_int("", 2), spw_attr_int("a", 3) };
    spw_span span = spw_span_start(NULL, "attributes", NULL);
    spw_add_link(span, remote(NULL), list, 128);
    spw_add_link(span, remote(NULL), list, 300);
    spw_add_link(span, remote(NULL), few, 3);
    const capture_span *got = end(span, "attributes");
    assert_int_equal(got->links[0]->n_attributes, 128);
    assert_int_equal(got->links[0]->dropped_attributes_count, 0);
    assert_int_equal(got->links[1]->n_attributes, 128);
    assert_int_equal(got->links[1]->dropped_attributes_count, 72);
    assert_int_equal(got->links[2]->n_attributes, 1);
    assert_int_equal(got->links[2]->dropped_attributes_count, 1);
    assert_int_equal(got->links[2]->attributes[0]->value->int_value, 3);
    assert_int_equal(got->dropped_attributes_count, 0);
}

static void the_limits_on_links_can_be_set(void **state)
{
    (void)state;
    const spw_attr attrs[] = { spw_attr_int("a", 1), spw_attr_int("b", 2) };
    spw_span span = spw_span_start(NULL, "small", NULL);
    for (int i = 0; i < 5; i++)
        spw_add_link(span, remote(NULL), attrs, 2);
    const capture_span *got = end(span, "small");
    assert_int_equal(got->n_links, 2);
    assert_int_equal(got->dropped_links_count, 3);
    assert_int_equal(got->links[1]->n_attributes, 1);
    assert_int_equal(got->links[1]->dropped_attributes_count, 1);
}

static void a_link_that_does_not_fit_is_dropped_and_its_span_kept(void **state)
{
    (void)state;
    static char text[600000];
    memset(text, 'x', sizeof text);
    const spw_attr big = spw_attr_string_n("big", text, sizeof text);
    spw_span span = spw_span_start(NULL, "large", NULL);
    spw_add_link(span, remote(NULL), &big, 1);
    spw_add_link(span, remote(NULL), &big, 1);
    spw_add_link(span, remote(NULL), NULL, 0);
    const capture_span *got = end(span, "large");
    assert_int_equal(got->n_links, 2);
    assert_int_equal(got->dropped_links_count, 1);
    assert_int_equal(strlen(got->links[0]->attributes[0]->value->string_value), sizeof text);
}

static void spans_that_do_not_record_take_no_links(void **state)
{
    (void)state;
    spw_span far = remote(NULL);
    spw_add_link(far, far, NULL, 0);
    spw_span span = spw_span_start(NULL, "ended", NULL);
    spw_span_end(span);
    spw_add_link(span, far, NULL, 0);
    assert_int_equal(spw_flush(20000), SPW_OK);
    assert_int_equal(capture_named(c, "ended")->n_links, 0);
    far.flags = 0;
    spw_context context = spw_context_with_span(NULL, far);
    const spw_link link = { far, NULL, 0 };
    spw_span_options options = SPW_SPAN_OPTIONS_INIT;
    options.parent = &context;
    options.links = &link;
    options.link_count = 1;
    assert_int_equal(spw_span_start(NULL, "not sampled", &options).handle, 0);
}

static void *add_links(void *arg)
{
    spw_span span = *(spw_span *)arg;
    for (int i = 0; i < 30; i++)
        spw_add_link(span, span, NULL, 0);
    return NULL;
}

static void several_threads_add_links_to_one_span(void **state)
{
    (void)state;
    pthread_t threads[6];
    spw_span span = spw_span_start(NULL, "threads", NULL);
    for (int i = 0; i < 6; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add_links, &span), 0);
    for (int i = 0; i < 6; i++)
        pthread_join(threads[i], NULL);
    const capture_span *got = end(span, "threads");
    assert_int_equal(got->n_links, 128);
    assert_int_equal(got->dropped_links_count, 180 - 128);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, start, stop)
    const struct CMUnitTest tests[] = {
        TEST(links_of_the_start_and_later_ones_keep_their_order),
        TEST(a_link_to_no_span_needs_something_to_say),
        TEST(links_over_128_are_counted),
        TEST(attributes_of_links_have_their_own_limit),
        cmocka_unit_test_setup_teardown(the_limits_on_links_can_be_set, start_small, stop),
        TEST(a_link_that_does_not_fit_is_dropped_and_its_span_kept),
        TEST(spans_that_do_not_record_take_no_links),
        TEST(several_threads_add_links_to_one_span),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
