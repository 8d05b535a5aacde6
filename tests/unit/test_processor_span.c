/* Span processors: what they see of a span, and what they may still change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "support/recorder.h"
#include "support/sampling.h"

static capture *c;

/* ---- on_start ---- */

static spw_span started;
static spw_context started_under;

static void set_at_start(spw_span span, const spw_context *parent)
{
    started = span;
    started_under = *parent;
    spw_set_string(span, "by.processor", "yes");
    spw_set_int(span, "own", 2);
    spw_add_event(span, "started", NULL, 0);
    spw_update_name(span, "renamed");
}

static void on_start_can_add_to_the_span(void **state)
{
    (void)state;
    recorder a = recorder_make("1");
    a.starting = set_at_start;
    c = recorder_start_one(&a, NULL);
    const spw_attr own = spw_attr_int("own", 1);
    spw_span_options options = SPW_SPAN_OPTIONS_INIT;
    options.attributes = &own;
    options.attribute_count = 1;
    spw_span span = spw_span_start(NULL, "named", &options);
    assert_memory_equal(&span, &started, sizeof span); /* the same value as the user is given */
    assert_false(spw_span_is_valid(started_under.span));
    spw_set_int(span, "later", 3);
    spw_context under = { .span = span };
    options.parent = &under;
    spw_span_end(spw_span_start(NULL, "child", &options));
    assert_memory_equal(&started_under.span, &span, sizeof span);
    spw_span_end(span);
    assert_int_equal(spw_flush(20000), SPW_OK);
    assert_int_equal(capture_count(c), 2);
    const capture_span *got = capture_at(c, 1);
    assert_string_equal(got->name, "renamed");
    assert_string_equal(capture_string(got, "by.processor"), "yes");
    assert_int_equal(capture_int(got, "own"), 2);
    assert_int_equal(capture_int(got, "later"), 3);
    assert_int_equal(got->n_events, 1);
    capture_stop(c);
}

/* "It SHOULD be possible to keep a reference to this span object and updates to the span SHOULD be reflected in it." */
static void the_span_of_on_start_can_be_kept(void **state)
{
    (void)state;
    recorder a = recorder_make("1");
    a.starting = set_at_start;
    c = recorder_start_one(&a, NULL);
    spw_span span = spw_span_start(NULL, "kept", NULL);
    assert_true(spw_is_recording(started));
    spw_set_int(started, "kept", 1);
    spw_span_end(span);
    assert_false(spw_is_recording(started));
    assert_int_equal(capture_int(recorder_sent(c, "renamed"), "kept"), 1);
    capture_stop(c);
}

/* ---- on_ending ---- */

static spw_span ending_value;
static bool was_recording, user_was_recording;

static void change_at_end(spw_span span)
{
    ending_value = span;
    was_recording = spw_is_recording(span);
    user_was_recording = spw_is_recording(started);
    spw_set_int(started, "by.user.value", 1); /* the user's value is that of an ended span */
    spw_set_int(span, "own", 9);
    static char long_value[3000];
    memset(long_value, 'y', sizeof long_value - 1);
    spw_set_string(span, "long", long_value);
    spw_add_event(span, "ending", NULL, 0);
    spw_set_status(span, SPW_STATUS_ERROR, "judged");
    spw_add_link(span, sampling_parent(true, true), NULL, 0);
    spw_span_end(span); /* does nothing */
    spw_span_end_at(span, 1);
    spw_set_int(span, "after", 1);
}

static void on_ending_can_change_the_span(void **state)
{
    (void)state;
    recorder a = recorder_make("1");
    a.starting = set_at_start;
    a.ending = change_at_end;
    c = recorder_start_one(&a, NULL);
    spw_context parent = { .span = sampling_parent(true, true) };
    parent.span.trace_state = sampling_state("k=v");
    spw_span_options options = SPW_SPAN_OPTIONS_INIT;
    options.parent = &parent;
    spw_span span = spw_span_start(NULL, "ending", &options);
    spw_span_end(span);
    assert_true(was_recording);
    assert_false(user_was_recording);
    assert_memory_equal(ending_value.trace_id, span.trace_id, 16);
    assert_memory_equal(ending_value.span_id, span.span_id, 8);
    assert_int_equal(ending_value.flags, span.flags);
    assert_int_equal(ending_value.trace_state, span.trace_state);
    assert_int_not_equal(ending_value.handle, span.handle);
    assert_false(spw_is_recording(ending_value)); /* only until the call returned */
    spw_set_int(ending_value, "too.late", 1);
    const capture_span *got = recorder_sent(c, "renamed");
    assert_int_equal(capture_int(got, "own"), 9);
    assert_int_equal(capture_int(got, "after"), 1);
    assert_int_equal(capture_int(got, "by.user.value"), INT64_MIN);
    assert_int_equal(capture_int(got, "too.late"), INT64_MIN);
    assert_int_equal(strlen(capture_string(got, "long")), 2999);
    assert_int_equal(got->n_events, 2);
    assert_int_equal(got->n_links, 1);
    assert_string_equal(got->status->message, "judged");
    assert_string_equal(got->trace_state, "k=v");
    capture_stop(c);
}

/* "the OnEnding method duration is not included in the span duration" */
static void sleep_at_end(spw_span span)
{
    (void)span;
    const struct timespec pause = { 0, 50000000 };
    nanosleep(&pause, NULL);
}

static void the_time_in_on_ending_does_not_count(void **state)
{
    (void)state;
    recorder a = recorder_make("1");
    a.ending = sleep_at_end;
    c = recorder_start_one(&a, NULL);
    spw_span_end(spw_span_start(NULL, "short", NULL));
    const capture_span *got = recorder_sent(c, "short");
    assert_true(got->end_time_unix_nano - got->start_time_unix_nano < 50000000);
    capture_stop(c);
}

/* ---- on_end ---- */

static struct {
    unsigned count;
    char name[32], scope[32], status[32], state[32];
    int64_t number;
    unsigned events, services;
    size_t longest;
    uint64_t start, end;
    uint32_t flags;
    uint8_t trace_id[16], span_id[8], parent_id[8];
} seen;

static void copy_text(char to[32], spw_view from)
{
    size_t size = from.size < 31 ? from.size : 31;
    if (size)
        memcpy(to, from.data, size);
    to[size] = '\0';
}

static void look_at_end(const spw_span_view *span)
{
    seen.count++;
    copy_text(seen.name, span->name);
    copy_text(seen.scope, span->scope.name);
    copy_text(seen.status, span->status_message);
    copy_text(seen.state, span->trace_state);
    seen.start = span->start_unix_ns;
    seen.end = span->end_unix_ns;
    seen.flags = span->flags;
    memcpy(seen.trace_id, span->trace_id, 16);
    memcpy(seen.span_id, span->span_id, 8);
    memcpy(seen.parent_id, span->parent_span_id, 8);
    seen.number = -1;
    seen.events = 0;
    seen.longest = 0;
    spw_attr attr;
    for (spw_attr_iter it = span->attributes; spw_attr_next(&it, &attr);) {
        if (attr.key.size == 1 && attr.key.data[0] == 'n')
            seen.number = attr.value.u.i;
        if (attr.value.type == SPW_VALUE_STRING && attr.value.u.view.size > seen.longest)
            seen.longest = attr.value.u.view.size;
    }
    seen.services = 0;
    for (spw_attr_iter it = span->resource; spw_attr_next(&it, &attr);)
        seen.services += attr.key.size == 12 && memcmp(attr.key.data, "service.name", 12) == 0;
    spw_event_view event;
    for (spw_event_iter it = span->events; spw_event_next(&it, &event);)
        seen.events++;
}

static void on_end_sees_the_whole_span(void **state)
{
    (void)state;
    recorder a = recorder_make("1");
    a.ended = look_at_end;
    memset(&seen, 0, sizeof seen);
    c = recorder_start_one(&a, NULL);
    static spw_tracer tracer = SPW_TRACER_INIT("my-lib", "1.2");
    spw_context parent = { .span = sampling_parent(true, true) };
    parent.span.trace_state = sampling_state("k=v");
    spw_span_options options = SPW_SPAN_OPTIONS_INIT;
    options.parent = &parent;
    spw_span span = spw_span_start(&tracer, "whole", &options);
    spw_set_int(span, "n", 1);
    spw_set_int(span, "n", 2);
    spw_add_event(span, "one", NULL, 0);
    spw_set_status(span, SPW_STATUS_ERROR, "bad");
    spw_span_end(span);
    assert_int_equal(seen.count, 1);
    assert_string_equal(seen.name, "whole");
    assert_string_equal(seen.scope, "my-lib");
    assert_string_equal(seen.status, "bad");
    assert_string_equal(seen.state, "k=v");
    assert_int_equal(seen.number, 2);
    assert_int_equal(seen.events, 1);
    assert_int_equal(seen.services, 1);
    assert_int_equal(seen.flags, 0x303);
    assert_memory_equal(seen.trace_id, span.trace_id, 16);
    assert_memory_equal(seen.span_id, span.span_id, 8);
    assert_memory_equal(seen.parent_id, parent.span.span_id, 8);
    assert_true(seen.end >= seen.start && seen.start);
    const capture_span *got = recorder_sent(c, "whole");
    assert_int_equal(got->start_time_unix_nano, seen.start);
    assert_int_equal(got->end_time_unix_nano, seen.end);
    capture_stop(c);
}

static void on_end_sees_long_spans(void **state)
{
    (void)state;
    recorder a = recorder_make("1");
    a.ended = look_at_end;
    c = recorder_start_one(&a, NULL);
    static const size_t sizes[] = { 10, 900, 5000, 65000, 300000, 1000000, 20 };
    static char text[1000001];
    memset(text, 't', sizeof text - 1);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        spw_span span = spw_span_start(NULL, "long", NULL);
        spw_set_string_n(span, "text", text, sizes[i]);
        spw_span_end(span);
        assert_int_equal(seen.longest, sizes[i]);
    }
    assert_int_equal(spw_flush(20000), SPW_OK);
    assert_int_equal(capture_count(c), 7);
    spw_stats now = SPW_STATS_INIT;
    spw_stats_get(&now);
    assert_int_equal(now.on_end_missed, 0);
    capture_stop(c);
}

static void on_end_sees_spans_that_are_only_recorded(void **state)
{
    (void)state;
    recorder a = recorder_make("1");
    a.ended = look_at_end;
    memset(&seen, 0, sizeof seen);
    c = recorder_start_one(&a, spw_sampler_always_record(spw_sampler_always_off()));
    for (int i = 0; i < 10; i++)
        spw_span_end(spw_span_start(NULL, "only", NULL));
    assert_int_equal(seen.count, 10);
    assert_int_equal(seen.flags & SPW_FLAG_SAMPLED, 0);
    assert_int_equal(spw_flush(20000), SPW_OK);
    assert_int_equal(capture_count(c), 0);
    spw_stats now = SPW_STATS_INIT;
    spw_stats_get(&now);
    assert_int_equal(now.spans_record_only, 10);
    capture_stop(c);
}

static void on_end_sees_spans_that_the_queue_has_no_room_for(void **state)
{
    (void)state;
    recorder a = recorder_make("1");
    a.ended = look_at_end;
    memset(&seen, 0, sizeof seen);
    c = capture_new();
    spw_processor *const list[] = { &a.base };
    spw_pipeline_options pipeline = capture_pipeline(c);
    pipeline.max_queue_size = 8;
    spw_options options = SPW_OPTIONS_INIT;
    options.processors = list;
    options.processor_count = 1;
    options.pipelines = &pipeline;
    options.pipeline_count = 1;
    capture_hold(c, true);
    assert_int_equal(spw_start(&options), SPW_OK);
    for (int i = 0; i < 100; i++)
        spw_span_end(spw_span_start(NULL, "crowd", NULL));
    assert_int_equal(seen.count, 100);
    assert_true(capture_stats(0).dropped[SPW_DROP_QUEUE_FULL] > 0);
    capture_hold(c, false);
    assert_int_equal(spw_flush(20000), SPW_OK);
    capture_stop(c);
}

static void processors_work_without_any_pipeline(void **state)
{
    (void)state;
    recorder a = recorder_make("1");
    a.ended = look_at_end;
    memset(&seen, 0, sizeof seen);
    spw_processor *const list[] = { &a.base };
    spw_options options = SPW_OPTIONS_INIT;
    options.processors = list;
    options.processor_count = 1;
    setenv("OTEL_TRACES_EXPORTER", "none", 1);
    assert_int_equal(spw_start(&options), SPW_OK);
    unsetenv("OTEL_TRACES_EXPORTER");
    spw_span_end(spw_span_start(NULL, "alone", NULL));
    assert_int_equal(seen.count, 1);
    assert_string_equal(seen.name, "alone");
    assert_int_equal(spw_shutdown(20000), SPW_OK);
}

/* ---- reading open spans ---- */

static uint8_t snapshot[16384];
static spw_span_view at_start, at_ending;
static bool read_at_start, read_at_ending, read_too_small, read_other;
static int64_t ending_count;
static char start_name[32], ending_name[32];

static void read_start(spw_span span, const spw_context *parent)
{
    read_other = spw_span_snapshot(parent->span, snapshot, sizeof snapshot, &at_start);
    read_too_small = spw_span_snapshot(span, snapshot, 20, &at_start);
    read_at_start = spw_span_snapshot(span, snapshot, sizeof snapshot, &at_start);
    copy_text(start_name, at_start.name);
}

static void read_ending(spw_span span)
{
    read_at_ending = spw_span_snapshot(span, snapshot, sizeof snapshot, &at_ending);
    copy_text(ending_name, at_ending.name);
    ending_count = 0;
    spw_attr attr;
    for (spw_attr_iter it = at_ending.attributes; spw_attr_next(&it, &attr);)
        ending_count++;
    spw_set_int(span, "attributes", ending_count);
}

static void a_processor_reads_the_span_it_is_shown(void **state)
{
    (void)state;
    recorder a = recorder_make("1");
    a.starting = read_start;
    a.ending = read_ending;
    c = recorder_start_one(&a, NULL);
    SPW_SPAN(outer, "outer");
    assert_true(read_at_start);
    const spw_attr own[] = { spw_attr_int("a", 1), spw_attr_int("b", 2) };
    spw_span_options options = SPW_SPAN_OPTIONS_INIT;
    options.attributes = own;
    options.attribute_count = 2;
    spw_span span = spw_span_start(NULL, "read", &options);
    assert_true(read_at_start);
    assert_false(read_other || read_too_small);
    assert_string_equal(start_name, "read");
    assert_int_equal(at_start.end_unix_ns, 0);
    spw_span_view view;
    assert_false(spw_span_snapshot(span, snapshot, sizeof snapshot, &view)); /* not here */
    for (int i = 0; i < 200; i++) {                                          /* some over the limit, one over and over */
        char key[16];
        snprintf(key, sizeof key, "k%d", i);
        spw_set_int(span, key, i);
        spw_set_int(span, "a", i);
    }
    spw_span_end(span);
    assert_true(read_at_ending);
    assert_true(at_ending.end_unix_ns >= at_ending.start_unix_ns && at_ending.start_unix_ns);
    assert_string_equal(ending_name, "read");
    assert_int_equal(ending_count, 128);
    assert_int_equal(at_ending.dropped_attributes, 74);
    const capture_span *got = recorder_sent(c, "read");
    assert_int_equal(got->n_attributes, 128);
    assert_int_equal(got->dropped_attributes_count, 75); /* the processor's own came too late, too */
    spw_stats now = SPW_STATS_INIT;
    spw_stats_get(&now);
    assert_int_equal(now.attributes_dropped, 75); /* once, however often it was read */
    spw_scope_end(&spw__scope_outer);
    capture_stop(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(on_start_can_add_to_the_span),
        cmocka_unit_test(the_span_of_on_start_can_be_kept),
        cmocka_unit_test(on_ending_can_change_the_span),
        cmocka_unit_test(the_time_in_on_ending_does_not_count),
        cmocka_unit_test(on_end_sees_the_whole_span),
        cmocka_unit_test(on_end_sees_long_spans),
        cmocka_unit_test(on_end_sees_spans_that_are_only_recorded),
        cmocka_unit_test(on_end_sees_spans_that_the_queue_has_no_room_for),
        cmocka_unit_test(processors_work_without_any_pipeline),
        cmocka_unit_test(a_processor_reads_the_span_it_is_shown),
    };
    return cmocka_run_group_tests_name("processor_span", tests, NULL, NULL);
}
