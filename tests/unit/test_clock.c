/* Times of spans by a clock that the test moves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <spanwire/processor.h>
#include <string.h>

#include "support/capture.h"

#define SECOND UINT64_C(1000000000)
#define WALL (UINT64_C(1700000000) * SECOND)

static struct {
    spw_clock base;
    uint64_t unix_ns, mono_ns; /* atomic */
} hand;

static uint64_t hand_unix(const spw_clock *self)
{
    (void)self;
    return __atomic_load_n(&hand.unix_ns, __ATOMIC_RELAXED);
}

static uint64_t hand_mono(const spw_clock *self)
{
    (void)self;
    return __atomic_load_n(&hand.mono_ns, __ATOMIC_RELAXED);
}

static void pass(uint64_t ns)
{
    hand.unix_ns += ns;
    hand.mono_ns += ns;
}

static capture *c;

static int start(void **state)
{
    (void)state;
    hand.base = (spw_clock){ sizeof hand.base, hand_unix, hand_mono };
    hand.unix_ns = WALL;
    hand.mono_ns = 500;
    c = capture_new();
    spw_options options = SPW_OPTIONS_INIT;
    options.clock = &hand.base;
    capture_start(c, &options);
    return 0;
}

static int stop(void **state)
{
    (void)state;
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

static void spans_and_events_take_the_clocks_time(void **state)
{
    (void)state;
    spw_span span = spw_span_start(NULL, "timed", NULL);
    pass(7);
    spw_add_event(span, "event", NULL, 0);
    pass(5);
    spw_span_end(span);
    const capture_span *got = sent("timed");
    assert_int_equal(got->start_time_unix_nano, WALL);
    assert_int_equal(got->events[0]->time_unix_nano, WALL + 7);
    assert_int_equal(got->end_time_unix_nano, WALL + 12);
}

/* The wall clock is put back an hour while a span is open: it and its children stay in order. */
static void a_step_of_the_wall_clock_does_not_tear_a_trace(void **state)
{
    (void)state;
    spw_span parent = spw_span_start(NULL, "parent", NULL);
    pass(3 * SECOND);
    hand.unix_ns -= 3600 * SECOND;
    spw_context context = { .span = parent };
    spw_span_options options = SPW_SPAN_OPTIONS_INIT;
    options.parent = &context;
    spw_span child = spw_span_start(NULL, "child", &options);
    pass(SECOND);
    spw_span_end(child);
    pass(SECOND);
    spw_span_end(parent);
    spw_span_end(spw_span_start(NULL, "fresh", NULL));
    const capture_span *p = sent("parent"), *k = sent("child"), *f = sent("fresh");
    assert_int_equal(p->start_time_unix_nano, WALL);
    assert_int_equal(k->start_time_unix_nano, WALL + 3 * SECOND);
    assert_int_equal(k->end_time_unix_nano, WALL + 4 * SECOND);
    assert_int_equal(p->end_time_unix_nano, WALL + 5 * SECOND);
    assert_int_equal(f->start_time_unix_nano, WALL + 5 * SECOND - 3600 * SECOND); /* a new trace knows the new time */
}

/* The wall clock is read once a second of monotonic time. */
static void the_wall_clock_is_read_now_and_then(void **state)
{
    (void)state;
    spw_span_end(spw_span_start(NULL, "first", NULL));
    hand.unix_ns += 10 * SECOND;
    hand.mono_ns += SECOND - 1;
    spw_span_end(spw_span_start(NULL, "still", NULL));
    hand.mono_ns += 1;
    spw_span_end(spw_span_start(NULL, "anew", NULL));
    assert_int_equal(sent("first")->start_time_unix_nano, WALL);
    assert_int_equal(sent("still")->start_time_unix_nano, WALL + SECOND - 1);
    assert_int_equal(sent("anew")->start_time_unix_nano, WALL + 10 * SECOND);
}

static void a_monotonic_clock_that_runs_backwards_ends_no_span_before_its_start(void **state)
{
    (void)state;
    spw_span span = spw_span_start(NULL, "back", NULL);
    hand.mono_ns -= 400;
    spw_span_end(span);
    const capture_span *got = sent("back");
    assert_int_equal(got->start_time_unix_nano, got->end_time_unix_nano);
}

static void timeouts_are_the_systems(void **state)
{
    (void)state;
    spw_span_end(spw_span_start(NULL, "flushed", NULL)); /* the clock stands still, and the pipeline's delay passes all the same */
    assert_non_null(sent("flushed"));
}

static void after_the_shutdown_the_clock_is_not_asked(void **state)
{
    (void)state;
    spw_span open = spw_span_start(NULL, "open", NULL);
    assert_int_equal(spw_shutdown(20000), SPW_OK);
    hand.base.mono_ns = NULL; /* would crash */
    hand.base.unix_ns = NULL;
    spw_add_event(open, "late", NULL, 0);
    spw_span_end(open);
}

static void half_a_clock_is_refused(void **state)
{
    (void)state;
    spw_clock half = { sizeof half, hand_unix, NULL };
    spw_options options = SPW_OPTIONS_INIT;
    options.clock = &half;
    assert_int_equal(spw_start(&options), SPW_ERR_INVALID);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)
    const struct CMUnitTest tests[] = {
        TEST(spans_and_events_take_the_clocks_time),
        TEST(a_step_of_the_wall_clock_does_not_tear_a_trace),
        TEST(the_wall_clock_is_read_now_and_then),
        TEST(a_monotonic_clock_that_runs_backwards_ends_no_span_before_its_start),
        TEST(timeouts_are_the_systems),
        TEST(after_the_shutdown_the_clock_is_not_asked),
        cmocka_unit_test(half_a_clock_is_refused),
    };
    return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
