/* Handles: stale, ended, foreign, made up; slots that run out. Many threads at one span: test_slot_threads.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "record/slot.h"
#include "record/thread.h"
#include "record/wire.h"
#include "support/capture.h"

static capture *c;

static int start(void **state)
{
    (void)state;
    alarm(100);
    c = capture_new();
    capture_start(c, NULL);
    return 0;
}

static int start_slots(uint32_t slots)
{
    spw_options options = SPW_OPTIONS_INIT;
    options.max_open_spans = slots;
    c = capture_new();
    capture_start(c, &options);
    return 0;
}

static int start_ten_slots(void **state)
{
    (void)state;
    return start_slots(10);
}

static int start_hundred_slots(void **state)
{
    (void)state;
    return start_slots(100);
}

static int stop(void **state)
{
    (void)state;
    capture_stop(c);
    return 0;
}

static void flush(void)
{
    assert_int_equal(spw_flush(20000), SPW_OK);
    capture_check_accounts();
}

static void try_everything(spw_span span)
{
    const spw_attr list[] = { spw_attr_int("stale", 1), spw_attr_string("stale text", "x") };
    spw_set_string(span, "stale", "x");
    spw_set_string_n(span, "stale", "x", 1);
    spw_set_bytes(span, "stale", "x", 1);
    spw_set_int(span, "stale", 1);
    spw_set_uint(span, "stale", UINT64_MAX);
    spw_set_double(span, "stale", 1.0);
    spw_set_bool(span, "stale", true);
    spw_set_attrs(span, list, 2);
    spw_set_int(span, NULL, 1);
    spw_add_event(span, "stale", list, 2);
    spw_add_event_at(span, "stale", 1, NULL, 0);
    spw_record_error(span, "stale", "stale");
    spw_set_status(span, SPW_STATUS_ERROR, "stale");
    spw_fail(span, "stale", "stale");
    spw_update_name(span, "stale");
    assert_false(spw_is_recording(span));
    spw_span_end(span);
    spw_span_end_at(span, 1);
}

static void expect_untouched(const capture_span *span)
{
    assert_non_null(span);
    assert_int_equal(span->n_attributes, 0);
    assert_int_equal(span->n_events, 0);
    assert_int_equal(span->dropped_attributes_count, 0);
    assert_null(span->status);
}

static void an_ended_span_takes_nothing(void **state)
{
    (void)state;
    spw_span span = spw_span_start(NULL, "ended", NULL);
    assert_true(spw_is_recording(span));
    spw_span_end(span);
    assert_false(spw_is_recording(span));
    try_everything(span);
    spw_span heir = spw_span_start(NULL, "heir", NULL); /* in the same slot */
    assert_int_equal(spw__handle_index(heir.handle), spw__handle_index(span.handle));
    assert_true(heir.handle != span.handle);
    try_everything(span);
    assert_true(spw_is_recording(heir));
    spw_span_end(heir);
    flush();
    assert_int_equal(capture_count(c), 2);
    expect_untouched(capture_named(c, "ended"));
    expect_untouched(capture_named(c, "heir"));
}

static void made_up_handles_are_harmless(void **state)
{
    (void)state;
    spw_span live = spw_span_start(NULL, "live", NULL);
    static const uint64_t flips[] = { 1ull << 24, 1ull << 25, 1ull << 63, 1ull << 40, 0xffffffffffull << 24, 1, 2, 0x800000, 0xffffff };
    for (size_t i = 0; i < sizeof flips / sizeof flips[0]; i++) {
        spw_span other = live;
        other.handle ^= flips[i];
        try_everything(other);
    }
    srandom(5);
    for (int i = 0; i < 100000; i++) {
        spw_span other = live;
        other.handle = (uint64_t)random() << 33 ^ (uint64_t)random() << 12 ^ (uint64_t)random();
        if (i % 2)
            other.handle = (other.handle & ~0xffffffull) | spw__handle_index(live.handle);
        if (other.handle != live.handle)
            try_everything(other);
    }
    try_everything((spw_span){ 0 });
    assert_true(spw_is_recording(live));
    spw_span_end(live);
    flush();
    assert_int_equal(capture_count(c), 1);
    expect_untouched(capture_named(c, "live"));
}

/* A slot that nobody has used yet, between its taking and its opening. */
static void a_handle_of_no_generation_meets_no_open_slot(void **state)
{
    (void)state;
    struct spw__engine *engine = spw__engine_current();
    uint32_t index;
    do
        index = spw__pool_take(&engine->slots);
    while (!index); /* that handle would be 0 */
    const struct spw__slot *slot = spw__pool_at(&engine->slots, index);
    const uint64_t newborn = slot->word;
    const spw_span forged = { .handle = index };
    assert_int_equal(newborn >> SPW__GENERATION_SHIFT, 0);
    try_everything(forged);
    assert_false(spw_is_recording(forged));
    assert_true(slot->word == newborn);
    spw__pool_give(&engine->slots, index);
    for (int i = 0; i < 40; i++) {
        spw_span span = spw_span_start(NULL, "heir", NULL);
        try_everything(forged);
        spw_span_end(span);
    }
    flush();
    assert_int_equal(capture_count(c), 40);
    for (size_t i = 0; i < 40; i++)
        expect_untouched(capture_at(c, i));
}

static void generations_of_a_slot_never_repeat(void **state)
{
    (void)state;
    enum { TIMES = 5000 };
    static spw_span old[TIMES];
    for (int i = 0; i < TIMES; i++) {
        old[i] = spw_span_start(NULL, "again", NULL);
        assert_int_equal(spw__handle_index(old[i].handle), spw__handle_index(old[0].handle));
        spw_span_end(old[i]);
    }
    spw_span live = spw_span_start(NULL, "live", NULL);
    for (int i = 0; i < TIMES; i++) {
        assert_true(old[i].handle != live.handle && (i == 0 || old[i].handle != old[i - 1].handle));
        spw_set(old[i], "stale", 1);
        spw_span_end(old[i]);
    }
    spw_span_end(live);
    flush();
    expect_untouched(capture_named(c, "live"));
    assert_int_equal(capture_count(c), TIMES + 1);
}

static void an_ended_span_is_still_a_parent(void **state)
{
    (void)state;
    spw_span parent = spw_span_start(NULL, "parent", NULL);
    spw_span_end(parent);
    for (int i = 0; i < 100; i++)
        spw_span_end(spw_span_start(NULL, "filler", NULL)); /* its slot has other owners meanwhile */
    spw_context context = spw_context_with_span(NULL, parent);
    spw_span_options options = SPW_SPAN_OPTIONS_INIT;
    options.parent = &context;
    spw_span_end(spw_span_start(NULL, "child", &options));
    flush();
    const capture_span *child = capture_named(c, "child"), *its_parent = capture_named(c, "parent");
    assert_memory_equal(child->parent_span_id.data, parent.span_id, 8);
    assert_memory_equal(child->trace_id.data, its_parent->trace_id.data, 16);
    assert_true(child->start_time_unix_nano >= its_parent->end_time_unix_nano);
}

/* ---- no slot ---- */

static void slots_run_out_and_come_back(void **state)
{
    (void)state;
    spw_span spans[15];
    for (int i = 0; i < 15; i++)
        spans[i] = spw_span_start(NULL, "span", NULL);
    for (int i = 0; i < 15; i++) {
        assert_int_equal(spans[i].handle != 0, i < 10);
        assert_true(spw_span_is_valid(spans[i])); /* the trace goes on */
        assert_true(spw_span_is_sampled(spans[i]));
    }
    try_everything(spans[12]);
    spw_span_end(spans[0]);
    spw_context context = spw_context_with_span(NULL, spans[12]);
    spw_span_options options = SPW_SPAN_OPTIONS_INIT;
    options.parent = &context;
    spw_span child = spw_span_start(NULL, "child", &options);
    assert_int_not_equal(child.handle, 0);
    spw_span_end(child);
    for (int i = 1; i < 15; i++)
        spw_span_end(spans[i]);
    flush();
    assert_int_equal(capture_count(c), 11);
    assert_memory_equal(capture_named(c, "child")->parent_span_id.data, spans[12].span_id, 8);
    assert_memory_equal(capture_named(c, "child")->trace_id.data, spans[12].trace_id, 16);
    spw_pipeline_stats stats = capture_stats(0);
    assert_int_equal(stats.dropped[SPW_DROP_NO_SLOT], 5);
    assert_int_equal(stats.ended, 16);
}

static sem_t begun, over;

static int open_hundred(spw_span *spans)
{
    int got = 0;
    for (int i = 0; i < 100; i++) {
        spans[i] = spw_span_start(NULL, "span", NULL);
        got += spans[i].handle != 0;
    }
    return got;
}

static void end_hundred(const spw_span *spans)
{
    for (int i = 0; i < 100; i++)
        spw_span_end(spans[i]);
}

static void *use_hundred_and_idle(void *arg)
{
    spw_span spans[100];
    (void)open_hundred(spans);
    end_hundred(spans);
    sem_post(&begun);
    sem_wait(&over);
    return arg;
}

/* What an idle thread keeps at hand is at most an eighth of what others may need. */
static void an_idle_thread_leaves_the_slots_to_others(void **state)
{
    (void)state;
    pthread_t thread;
    spw_span spans[100];
    sem_init(&begun, 0, 0);
    sem_init(&over, 0, 0);
    assert_int_equal(pthread_create(&thread, NULL, use_hundred_and_idle, NULL), 0);
    sem_wait(&begun);
    int got = open_hundred(spans);
    end_hundred(spans);
    sem_post(&over);
    pthread_join(thread, NULL);
    assert_in_range(got, 88, 100);
    flush();
}

int main(void)
{
#define TEST(fn, begin) cmocka_unit_test_setup_teardown(fn, begin, stop)
    const struct CMUnitTest tests[] = {
        TEST(an_ended_span_takes_nothing, start),
        TEST(made_up_handles_are_harmless, start),
        TEST(a_handle_of_no_generation_meets_no_open_slot, start),
        TEST(generations_of_a_slot_never_repeat, start),
        TEST(an_ended_span_is_still_a_parent, start),
        TEST(slots_run_out_and_come_back, start_ten_slots),
        TEST(an_idle_thread_leaves_the_slots_to_others, start_hundred_slots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
