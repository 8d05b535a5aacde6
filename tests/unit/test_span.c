/* One span after the other: what each call of the API leaves on the wire. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "support/capture.h"

static capture *c;

static int start(void **state)
{
    (void)state;
    c = capture_new();
    capture_start(c, NULL);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    assert_false(spw_span_is_valid(spw_span_current()));
    capture_stop(c);
    return 0;
}

static const capture_span *sent(const char *name)
{
    assert_int_equal(spw_flush(20000), SPW_OK);
    const capture_span *span = capture_named(c, name);
    assert_non_null(span);
    return span;
}

static const capture_span *end(spw_span span, const char *name)
{
    spw_span_end(span);
    return sent(name);
}

static void a_bare_span_is_a_sampled_internal_root(void **state)
{
    (void)state;
    spw_span span = spw_span_start(NULL, "bare", NULL);
    assert_int_equal(span.flags, SPW_FLAG_SAMPLED | SPW_FLAG_RANDOM);
    assert_int_equal(span.is_remote, 0);
    const capture_span *got = end(span, "bare");
    assert_int_equal(got->flags, 0x103);
    assert_int_equal(got->kind, SPW_KIND_INTERNAL);
    assert_int_equal(got->parent_span_id.len, 0);
    assert_int_equal(got->trace_id.len, 16);
    assert_int_equal(got->n_attributes + got->n_events + got->n_links, 0);
    assert_null(got->status);
    assert_string_equal(got->trace_state, "");
    assert_true(got->end_time_unix_nano >= got->start_time_unix_nano);
}

static void kinds_out_of_range_are_internal(void **state)
{
    (void)state;
    static const int kinds[] = { -1, 0, 1, 2, 3, 4, 5, 6, 1000 };
    static const char *const names[] = { "-1", "0", "1", "2", "3", "4", "5", "6", "1000" };
    for (size_t i = 0; i < 9; i++) {
        spw_span_options options = SPW_SPAN_OPTIONS_INIT;
        options.kind = (spw_span_kind)kinds[i];
        const capture_span *got = end(spw_span_start(NULL, names[i], &options), names[i]);
        assert_int_equal(got->kind, kinds[i] >= 1 && kinds[i] <= 5 ? kinds[i] : 1);
    }
}

/* Of an older version: what it has counts, the rest is as if unsaid. Of a newer one: it begins as ours. */
static void options_of_another_size_are_read_as_far_as_they_go(void **state)
{
    (void)state;
    struct {
        spw_span_options options;
        uint64_t later[4];
    } newer = { SPW_SPAN_OPTIONS_INIT, { 1, 2, 3, 4 } };
    newer.options.struct_size = sizeof newer;
    newer.options.kind = SPW_KIND_SERVER;
    assert_int_equal(end(spw_span_start(NULL, "newer", &newer.options), "newer")->kind, SPW_KIND_SERVER);

    spw_span_options older = SPW_SPAN_OPTIONS_INIT;
    older.kind = SPW_KIND_CLIENT;
    older.start_unix_ns = 5;
    older.struct_size = offsetof(spw_span_options, start_unix_ns);
    const capture_span *got = end(spw_span_start(NULL, "older", &older), "older");
    assert_int_equal(got->kind, SPW_KIND_CLIENT);
    assert_int_not_equal(got->start_time_unix_nano, 5);

    older.struct_size = 0;
    assert_int_equal(end(spw_span_start(NULL, "unsaid", &older), "unsaid")->kind, SPW_KIND_INTERNAL);
}

static void ok_wins_over_error_and_error_over_unset(void **state)
{
    (void)state;
    static const struct {
        const char *name, *codes; /* u, o, e and f: two errors with their messages; x: no code */
        int code;
        const char *message;
    } rows[] = {
        { "none", "u", 0, "" },       { "error", "e", 2, "e" },   { "ok", "o", 1, "" },      { "ok is final", "oe", 1, "" },
        { "ok over error", "eo", 1, "" }, { "the last error", "ef", 2, "f" }, { "unset changes nothing", "eu", 2, "e" },
        { "no code", "ex", 2, "e" }, { "all", "ueoufexo", 1, "" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        spw_span span = spw_span_start(NULL, rows[i].name, NULL);
        for (const char *p = rows[i].codes; *p; p++) {
            const char text[2] = { *p, 0 };
            int code = *p == 'u' ? 0 : *p == 'o' ? 1 : *p == 'x' ? 7 : 2;
            spw_set_status(span, (spw_status_code)code, text);
        }
        const capture_span *got = end(span, rows[i].name);
        assert_int_equal(got->status ? (int)got->status->code : 0, rows[i].code);
        assert_string_equal(got->status ? got->status->message : "", rows[i].message);
    }
}

static void an_error_without_a_message_has_none(void **state)
{
    (void)state;
    spw_span span = spw_span_start(NULL, "error", NULL);
    spw_set_status(span, SPW_STATUS_ERROR, "first");
    spw_set_status(span, SPW_STATUS_ERROR, NULL);
    const capture_span *got = end(span, "error");
    assert_int_equal(got->status->code, 2);
    assert_string_equal(got->status->message, "");
}

static void failures_and_errors_met(void **state)
{
    (void)state;
    spw_span span = spw_span_start(NULL, "failed", NULL);
    spw_record_error(span, "ENOENT", "no such file");
    spw_fail(span, "timeout", "no answer in 5 s");
    spw_record_error(span, NULL, NULL);
    const capture_span *got = end(span, "failed");
    assert_string_equal(capture_string(got, "error.type"), "timeout");
    assert_string_equal(got->status->message, "no answer in 5 s");
    assert_int_equal(got->n_events, 2);
    const capture_event *event = got->events[0];
    assert_string_equal(event->name, "exception");
    assert_string_equal(capture_find(event->attributes, event->n_attributes, "exception.type")->value->string_value, "ENOENT");
    assert_string_equal(capture_find(event->attributes, event->n_attributes, "exception.message")->value->string_value, "no such file");
}

static void names_may_be_empty_wrong_or_replaced(void **state)
{
    (void)state;
    spw_span_end(spw_span_start(NULL, NULL, NULL));
    assert_string_equal(sent("")->name, "");
    assert_non_null(end(spw_span_start(NULL, "bad\xffname", NULL), "bad\xef\xbf\xbdname"));
    spw_span span = spw_span_start(NULL, "first", NULL);
    spw_update_name(span, "second");
    spw_update_name(span, "third");
    assert_non_null(end(span, "third"));
    span = spw_span_start(NULL, "to be emptied", NULL);
    spw_update_name(span, NULL);
    spw_span_end(span);
    assert_int_equal(spw_flush(20000), SPW_OK);
    assert_null(capture_named(c, "to be emptied"));
    assert_int_equal(capture_count(c), 4);
}

static void no_name_and_no_message_are_no_trouble(void **state)
{
    (void)state;
    spw_span span = spw_span_start(NULL, "nothing", NULL);
    spw_add_event(span, NULL, NULL, 0);
    spw_add_event(span, NULL, NULL, 5);
    spw_set_status(span, SPW_STATUS_ERROR, NULL);
    spw_set_string(span, "null", NULL);
    spw_set_bytes(span, "no bytes", NULL, 0);
    const capture_span *got = end(span, "nothing");
    assert_int_equal(got->n_events, 2);
    assert_string_equal(got->events[0]->name, "");
    assert_string_equal(capture_string(got, "null"), "");
    assert_int_equal(capture_find(got->attributes, got->n_attributes, "no bytes")->value->bytes_value.len, 0);
}

static void spw_set_knows_every_integer_type(void **state)
{
    (void)state;
    spw_span span = spw_span_start(NULL, "set", NULL);
    bool yes = true;
    spw_set(span, "bool", yes);
    spw_set(span, "char", (char)'c');
    spw_set(span, "schar", (signed char)-3);
    spw_set(span, "uchar", (unsigned char)255);
    spw_set(span, "short", (short)-4);
    spw_set(span, "ushort", (unsigned short)65535);
    spw_set(span, "int", -5);
    spw_set(span, "uint", 4294967295u);
    spw_set(span, "long", -6l);
    spw_set(span, "ulong", 6ul);
    spw_set(span, "llong", INT64_MIN);
    spw_set(span, "ullong", 18446744073709551615ull);
    spw_set(span, "most", (uint64_t)INT64_MAX);
    spw_set(span, "most and one", (uint64_t)INT64_MAX + 1);
    spw_set(span, "float", 1.5f);
    const capture_span *got = end(span, "set");
    assert_int_equal(got->n_attributes, 15);
    assert_int_equal(capture_find(got->attributes, 15, "bool")->value->bool_value, 1);
    assert_int_equal(capture_int(got, "char"), 'c');
    assert_int_equal(capture_int(got, "schar"), -3);
    assert_int_equal(capture_int(got, "uchar"), 255);
    assert_int_equal(capture_int(got, "ushort"), 65535);
    assert_int_equal(capture_int(got, "uint"), 4294967295);
    assert_int_equal(capture_int(got, "llong"), INT64_MIN);
    assert_string_equal(capture_string(got, "ullong"), "18446744073709551615");
    assert_int_equal(capture_int(got, "most"), INT64_MAX);
    assert_string_equal(capture_string(got, "most and one"), "9223372036854775808");
    assert_true(capture_find(got->attributes, 15, "float")->value->double_value > 1.4);
}

static void a_key_may_change_its_type(void **state)
{
    (void)state;
    spw_span span = spw_span_start(NULL, "types", NULL);
    spw_set(span, "k", "text");
    spw_set(span, "k", 1.5);
    spw_set_bytes(span, "k", "b", 1);
    spw_set(span, "k", 7);
    const capture_span *got = end(span, "types");
    assert_int_equal(got->n_attributes, 1);
    assert_int_equal(capture_int(got, "k"), 7);
}

static uint64_t real_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void times_contain_each_other(void **state)
{
    (void)state;
    const uint64_t slack = 100000000;
    uint64_t before = real_ns() - slack;
    {
        SPW_SPAN(outer, "outer");
        SPW_SPAN(inner, "inner");
        spw_add_event(inner, "event", NULL, 0);
    }
    uint64_t after = real_ns() + slack;
    assert_int_equal(spw_flush(20000), SPW_OK);
    const capture_span *outer = capture_named(c, "outer"), *inner = capture_named(c, "inner");
    assert_true(before <= outer->start_time_unix_nano && outer->end_time_unix_nano <= after);
    assert_true(outer->start_time_unix_nano <= inner->start_time_unix_nano);
    assert_true(inner->start_time_unix_nano <= inner->events[0]->time_unix_nano);
    assert_true(inner->events[0]->time_unix_nano <= inner->end_time_unix_nano);
    assert_true(inner->end_time_unix_nano <= outer->end_time_unix_nano);
    assert_memory_equal(inner->parent_span_id.data, outer->span_id.data, 8);
}

static void times_may_be_given(void **state)
{
    (void)state;
    spw_span_options options = SPW_SPAN_OPTIONS_INIT;
    options.start_unix_ns = 1000;
    spw_span span = spw_span_start(NULL, "given", &options);
    spw_add_event_at(span, "event", 1500, NULL, 0);
    spw_span_end_at(span, 2000);
    const capture_span *got = sent("given");
    assert_int_equal(got->start_time_unix_nano, 1000);
    assert_int_equal(got->events[0]->time_unix_nano, 1500);
    assert_int_equal(got->end_time_unix_nano, 2000);
    span = spw_span_start(NULL, "backwards", &options);
    spw_span_end_at(span, 999);
    assert_int_equal(sent("backwards")->end_time_unix_nano, 1000);
}

static void a_parent_that_is_not_sampled_has_no_recorded_children(void **state)
{
    (void)state;
    spw_context remote = { 0 };
    memset(remote.span.trace_id, 3, 16);
    memset(remote.span.span_id, 4, 8);
    remote.span.flags = SPW_FLAG_RANDOM;
    remote.span.is_remote = 1;
    spw_span_options options = SPW_SPAN_OPTIONS_INIT;
    options.parent = &remote;
    spw_scope scope = spw_scope_start(NULL, "not sampled", &options);
    assert_int_equal(scope.span.handle, 0);
    assert_int_equal(scope.span.flags, SPW_FLAG_RANDOM);
    assert_int_equal(scope.span.is_remote, 0);
    assert_memory_equal(scope.span.trace_id, remote.span.trace_id, 16);
    assert_memory_not_equal(scope.span.span_id, remote.span.span_id, 8);
    spw_span child = spw_span_start(NULL, "its child", NULL);
    assert_int_equal(child.handle, 0);
    assert_memory_equal(child.trace_id, remote.span.trace_id, 16);
    spw_scope_end(&scope);
    assert_int_equal(spw_flush(20000), SPW_OK);
    spw_stats stats = SPW_STATS_INIT;
    spw_stats_get(&stats);
    assert_int_equal(stats.spans_not_sampled, 2);
    assert_int_equal(stats.spans_started, 0);
    assert_int_equal(capture_count(c), 0);
}

/* A long trace state beside a long name: both arrive. */
static void long_trace_states_arrive_beside_long_names(void **state)
{
    (void)state;
    for (size_t size = 400; size <= 512; size += 4) {
        char trace_state[513], name[445];
        memset(trace_state, 'v', sizeof trace_state);
        memcpy(trace_state, "a=", 2);
        memcpy(trace_state + 258, ",b=", 3);
        trace_state[size] = '\0';
        memset(name, 'n', sizeof name);
        name[size - 100] = '\0';
        spw_context remote = { 0 };
        assert_true(spw_traceparent_parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", trace_state, &remote.span));
        spw_span_options options = SPW_SPAN_OPTIONS_INIT;
        options.parent = &remote;
        const capture_span *got = end(spw_span_start(NULL, name, &options), name);
        assert_string_equal(got->trace_state, trace_state);
        assert_int_equal(got->flags, 0x301);
    }
}

static void scopes_follow_their_tracers(void **state)
{
    (void)state;
    static spw_tracer a = SPW_TRACER_INIT("a", "1"), same = SPW_TRACER_INIT("a", "1"), none = SPW_TRACER_INIT(NULL, NULL);
    spw_tracer *const tracers[] = { &a, NULL, &same, &none, &a };
    static const char *const names[] = { "a", "", "a", "", "a" };
    for (size_t i = 0; i < 5; i++)
        spw_span_end(spw_span_start(tracers[i], names[i], NULL)); /* each named as its scope */
    assert_int_equal(a.cache, same.cache);
    assert_int_equal(spw_flush(20000), SPW_OK);
    assert_int_equal(capture_count(c), 5);
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(capture_scope_at(c, i)->name, capture_at(c, i)->name);
}

static spw_tracer own_tracer = SPW_TRACER_INIT("own", "2.0");

static void the_conveniences_say_the_same_in_fewer_words(void **state)
{
    (void)state;
    spw_span linked = spw_span_start(NULL, "linked", NULL);
    assert_null(SPW_TRACER); /* this file has none of its own */
    {
        SPW_SPAN_KIND(client, "client", SPW_KIND_CLIENT);
        SPW_SPAN_WITH(full, "full", &own_tracer,
                      SPW_SPAN_OPTIONS(.kind = SPW_KIND_PRODUCER, SPW_WITH_ATTRS(spw_attr_int("a", 1), spw_attr_bool("b", true)),
                                       SPW_WITH_LINKS({ .span = linked, SPW_WITH_ATTRS(spw_attr_int("n", 2)) }, { .span = client })));
        SPW_SPAN_WITH(plain, "plain", SPW_TRACER, SPW_SPAN_OPTIONS());
        assert_true(spw_is_recording(full) && spw_is_recording(plain));
    }
    const capture_span *got = end(linked, "full");
    assert_int_equal(got->kind, SPW_KIND_PRODUCER);
    assert_int_equal(got->n_attributes, 2);
    assert_int_equal(got->n_links, 2);
    assert_memory_equal(got->links[0]->span_id.data, linked.span_id, 8);
    assert_int_equal(got->links[0]->attributes[0]->value->int_value, 2);
    assert_int_equal(got->links[1]->n_attributes, 0);
    assert_int_equal(capture_named(c, "client")->kind, SPW_KIND_CLIENT);
    assert_int_equal(capture_named(c, "plain")->kind, SPW_KIND_INTERNAL);
    assert_memory_equal(capture_named(c, "plain")->parent_span_id.data, got->span_id.data, 8);
}

static void a_span_is_a_parent_in_a_word(void **state)
{
    (void)state;
    spw_span session = spw_span_start(NULL, "session", NULL);
    spw_span_end(spw_span_start(NULL, "statement", SPW_SPAN_OPTIONS(SPW_WITH_PARENT(session), .kind = SPW_KIND_SERVER)));
    const capture_span *got = end(session, "statement");
    assert_memory_equal(got->parent_span_id.data, session.span_id, 8);
    assert_int_equal(got->kind, SPW_KIND_SERVER);
}

#define SPW_DEFAULT_TRACER own_tracer /* after the include */

static void a_file_may_name_its_tracer_late(void **state)
{
    (void)state;
    assert_ptr_equal(SPW_TRACER, &own_tracer);
    {
        SPW_SPAN(late, "late");
    }
    spw_flush(20000);
    for (size_t i = 0; i < capture_count(c); i++)
        if (strcmp(capture_at(c, i)->name, "late") == 0)
            assert_string_equal(capture_scope_at(c, i)->name, "own");
    assert_non_null(capture_named(c, "late"));
}

#undef SPW_DEFAULT_TRACER

static void a_span_records_until_it_has_ended(void **state)
{
    (void)state;
    spw_span span = spw_span_start(NULL, "records", NULL), remote = { 0 };
    assert_true(spw_is_recording(span));
    spw_span_end(span);
    assert_false(spw_is_recording(span));
    assert_false(spw_is_recording(remote));
    spw_set(span, "late", 1); /* and nothing of this is kept */
    spw_add_event(span, "late", NULL, 0);
    spw_set_status(span, SPW_STATUS_ERROR, "late");
    spw_update_name(span, "late");
    spw_record_error(span, "late", "late");
    spw_fail_errno(span, 2, "late");
    spw_span_end_at(span, 5);
    const capture_span *got = sent("records");
    assert_int_equal(got->n_attributes + got->n_events + got->dropped_attributes_count, 0);
    assert_null(got->status);
    assert_true(got->end_time_unix_nano > 5);
}

static void a_tracer_is_enabled_while_the_sdk_runs(void **state)
{
    (void)state;
    assert_true(spw_tracer_enabled(NULL));
    assert_true(spw_tracer_enabled(&own_tracer));
    assert_int_equal(spw_shutdown(20000), SPW_OK);
    assert_false(spw_tracer_enabled(&own_tracer));
}

static void *ids_of_a_thread(void *arg)
{
    spw_span *out = arg;
    for (int i = 0; i < 5000; i++) {
        out[i] = spw_span_start(NULL, "id", NULL);
        spw_span_end(out[i]);
    }
    return NULL;
}

static int by_id(const void *a, const void *b)
{
    return memcmp(((const spw_span *)a)->span_id, ((const spw_span *)b)->span_id, 8);
}

static void no_id_comes_twice(void **state)
{
    (void)state;
    static spw_span spans[20000];
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ids_of_a_thread, spans + i * 5000), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    qsort(spans, 20000, sizeof spans[0], by_id);
    for (int i = 1; i < 20000; i++) {
        assert_true(by_id(&spans[i - 1], &spans[i]) < 0);
        assert_memory_not_equal(spans[i - 1].trace_id, spans[i].trace_id, 16);
    }
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, start, stop)
    const struct CMUnitTest tests[] = {
        TEST(a_bare_span_is_a_sampled_internal_root),
        TEST(kinds_out_of_range_are_internal),
        TEST(options_of_another_size_are_read_as_far_as_they_go),
        TEST(ok_wins_over_error_and_error_over_unset),
        TEST(an_error_without_a_message_has_none),
        TEST(failures_and_errors_met),
        TEST(names_may_be_empty_wrong_or_replaced),
        TEST(no_name_and_no_message_are_no_trouble),
        TEST(spw_set_knows_every_integer_type),
        TEST(a_key_may_change_its_type),
        TEST(times_contain_each_other),
        TEST(times_may_be_given),
        TEST(a_parent_that_is_not_sampled_has_no_recorded_children),
        TEST(long_trace_states_arrive_beside_long_names),
        TEST(scopes_follow_their_tracers),
        TEST(the_conveniences_say_the_same_in_fewer_words),
        TEST(a_span_is_a_parent_in_a_word),
        TEST(a_file_may_name_its_tracer_late),
        TEST(a_span_records_until_it_has_ended),
        TEST(a_tracer_is_enabled_while_the_sdk_runs),
        TEST(no_id_comes_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
