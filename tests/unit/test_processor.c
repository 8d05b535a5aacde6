/* Span processors: their order, their lives, what they may not do. What they do to a span: test_processor_span.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "support/recorder.h"
#include "support/sampling.h"

static capture *c;

/* ---- the order of things ---- */

/* "in the order they have been registered"; "All registered SpanProcessor OnEnding callbacks are executed before any [...] OnEnd" */
static void processors_are_called_in_their_order(void **state)
{
    (void)state;
    recorder a = recorder_make("1"), b = recorder_make("2"), none = recorder_make("3");
    none.base = (spw_processor){ .struct_size = sizeof(spw_processor), .name = "3", .destroy = a.base.destroy };
    spw_processor *const list[] = { &a.base, &none.base, &b.base };
    c = recorder_start(list, 3, NULL);
    spw_span_end(spw_span_start(NULL, "ordered", NULL));
    assert_string_equal(recorder_calls, "s1 s2 g1 g2 e1 e2 ");
    assert_int_equal(spw_flush(20000), SPW_OK);
    assert_string_equal(recorder_calls, "s1 s2 g1 g2 e1 e2 f1 f2 ");
    capture_stop(c);
    assert_string_equal(recorder_calls, "s1 s2 g1 g2 e1 e2 f1 f2 S1 S2 d1 d3 d2 ");
}

static void flush_and_shutdown_say_what_processors_say(void **state)
{
    (void)state;
    recorder a = recorder_make("1"), b = recorder_make("2");
    spw_processor *const list[] = { &a.base, &b.base };
    c = recorder_start(list, 2, NULL);
    b.answer = SPW_ERR_TIMEOUT;
    assert_int_equal(spw_flush(3000), SPW_ERR_TIMEOUT);
    assert_in_range(a.timeout_ms, 1000, 3000);
    assert_in_range(b.timeout_ms, 1000, a.timeout_ms);
    b.answer = SPW_ERR_SYSTEM;
    assert_int_equal(spw_shutdown(3000), SPW_ERR_SYSTEM);
    assert_in_range(b.timeout_ms, 1000, 3000);
    assert_int_equal(spw_shutdown(20000), SPW_OK);
    assert_string_equal(recorder_calls, "f1 f2 S1 S2 d1 d2 ");
    capture_free(c);
}

static void no_call_comes_after_the_shutdown(void **state)
{
    (void)state;
    recorder a = recorder_make("1");
    c = recorder_start_one(&a, NULL);
    spw_span open = spw_span_start(NULL, "open", NULL);
    assert_int_equal(spw_shutdown(20000), SPW_OK);
    spw_span_end(open);
    spw_span_end(spw_span_start(NULL, "late", NULL));
    assert_string_equal(recorder_calls, "s1 S1 d1 ");
    capture_free(c);
}

/* ---- spans of its own ---- */

static void start_inside(spw_span span, const spw_context *parent)
{
    (void)span;
    (void)parent;
    spw_span_end(spw_span_start(NULL, "inside", NULL));
}

static void start_inside_end(const spw_span_view *span)
{
    (void)span;
    spw_span_end(spw_span_start(NULL, "inside", NULL));
}

static void start_inside_ending(spw_span span)
{
    start_inside(span, NULL);
}

static void a_processors_own_spans_are_dropped(void **state)
{
    (void)state;
    recorder a = recorder_make("1");
    a.starting = start_inside;
    a.ending = start_inside_ending;
    a.ended = start_inside_end;
    c = recorder_start_one(&a, NULL);
    spw_span_end(spw_span_start(NULL, "outside", NULL));
    assert_string_equal(recorder_calls, "s1 g1 e1 ");
    assert_int_equal(spw_flush(20000), SPW_OK);
    assert_int_equal(capture_count(c), 1);
    assert_int_equal(capture_stats(0).dropped[SPW_DROP_REENTRANT], 3);
    capture_stop(c);
}

/* ---- starting with processors that are none ---- */

static void what_is_wrong_is_said_and_everything_destroyed(void **state)
{
    (void)state;
    recorder many[10];
    spw_processor *list[10];
    for (int i = 0; i < 10; i++) {
        many[i] = recorder_make("x");
        list[i] = &many[i].base;
    }
    spw_error error = SPW_ERROR_INIT;
    spw_options options = SPW_OPTIONS_INIT;
    options.error = &error;
    options.processors = list;
    options.processor_count = 10;
    recorder_calls[0] = '\0';
    assert_int_equal(spw_start(&options), SPW_ERR_INVALID);
    assert_string_equal(recorder_calls, "dx dx dx dx dx dx dx dx dx dx ");
    assert_non_null(strstr(error.text, "8 are possible"));

    recorder_calls[0] = '\0';
    options.processor_count = 2;
    list[1] = list[0];
    assert_int_equal(spw_start(&options), SPW_ERR_INVALID);
    assert_string_equal(recorder_calls, "dx ");

    list[1] = NULL;
    assert_int_equal(spw_start(&options), SPW_ERR_INVALID);
    many[0].base.struct_size = 8;
    assert_int_equal(spw_start(&options), SPW_ERR_INVALID);
    options.processors = NULL;
    assert_int_equal(spw_start(&options), SPW_ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(processors_are_called_in_their_order),
        cmocka_unit_test(flush_and_shutdown_say_what_processors_say),
        cmocka_unit_test(no_call_comes_after_the_shutdown),
        cmocka_unit_test(a_processors_own_spans_are_dropped),
        cmocka_unit_test(what_is_wrong_is_said_and_everything_destroyed),
    };
    return cmocka_run_group_tests_name("processor", tests, NULL, NULL);
}
