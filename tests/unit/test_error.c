/* Failures, exceptions and error numbers; and what is kept of them when a span has reached its limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "support/capture.h"

static capture *c;

static int start_with(const spw_options *options)
{
    alarm(60);
    c = capture_new();
    capture_start(c, options);
    return 0;
}

static int start(void **state)
{
    (void)state;
    return start_with(NULL);
}

static int start_small(void **state)
{
    (void)state;
    spw_options options = SPW_OPTIONS_INIT;
    options.max_attributes = 3;
    options.max_span_bytes = 2000;
    options.max_event_attributes = 2;
    return start_with(&options);
}

static int start_pinned(void **state)
{
    (void)state;
    static const char *const keys[] = { "session.id", "a key as long as two words of the machine" };
    spw_options options = SPW_OPTIONS_INIT;
    options.max_attributes = 1;
    options.pinned_keys = keys;
    options.pinned_key_count = 2;
    return start_with(&options);
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

static const char *event_text(const capture_event *event, const char *key)
{
    const capture_attr *attr = capture_find(event->attributes, event->n_attributes, key);
    return attr ? attr->value->string_value : NULL;
}

static void an_exception_is_an_event_of_that_name(void **state)
{
    (void)state;
    const spw_attr attrs[] = { spw_attr_bool("exception.escaped", true) };
    spw_span span = spw_span_start(NULL, "met", NULL);
    spw_record_exception(span, "ParseError", "line 3", "at parse()\nat main()", attrs, 1);
    spw_record_error(span, "ENOENT", "no such file");
    spw_record_exception(span, NULL, "no type", NULL, NULL, 0);
    spw_record_error(span, NULL, NULL);
    const capture_span *got = end(span, "met");
    assert_null(got->status); /* met is not failed */
    assert_int_equal(got->n_events, 4);
    for (int i = 0; i < 4; i++)
        assert_string_equal(got->events[i]->name, "exception");
    assert_int_equal(got->events[0]->n_attributes, 4);
    assert_string_equal(event_text(got->events[0], "exception.type"), "ParseError");
    assert_string_equal(event_text(got->events[0], "exception.message"), "line 3");
    assert_string_equal(event_text(got->events[0], "exception.stacktrace"), "at parse()\nat main()");
    assert_int_equal(got->events[1]->n_attributes, 2);
    assert_string_equal(event_text(got->events[1], "exception.type"), "ENOENT");
    assert_int_equal(got->events[2]->n_attributes, 1); /* what is not said is left out */
    assert_int_equal(got->events[3]->n_attributes, 0);
    assert_true(got->events[0]->time_unix_nano >= got->start_time_unix_nano);
    assert_true(got->events[3]->time_unix_nano <= got->end_time_unix_nano);
}

static void the_callers_attributes_win_over_the_exceptions(void **state)
{
    (void)state;
    const spw_attr attrs[] = { spw_attr_string("exception.message", "his"), spw_attr_int("n", 1), spw_attr_string("exception.type", "His") };
    spw_span span = spw_span_start(NULL, "wins", NULL);
    spw_record_exception(span, "Ours", "ours", "trace", attrs, 3);
    const capture_event *event = end(span, "wins")->events[0];
    assert_int_equal(event->n_attributes, 4);
    assert_int_equal(event->dropped_attributes_count, 0);
    assert_string_equal(event_text(event, "exception.message"), "his");
    assert_string_equal(event_text(event, "exception.type"), "His");
    assert_string_equal(event_text(event, "exception.stacktrace"), "trace");
}

static void exceptions_obey_the_limits_of_events(void **state)
{
    (void)state;
    const spw_attr attrs[] = { spw_attr_int("n", 1) };
    spw_span span = spw_span_start(NULL, "limits", NULL);
    spw_record_exception(span, "Type", "message", "trace", attrs, 1);
    const capture_event *event = end(span, "limits")->events[0];
    assert_int_equal(event->n_attributes, 2);
    assert_int_equal(event->dropped_attributes_count, 2);
    assert_string_equal(event_text(event, "exception.type"), "Type");
}

/* ---- error numbers ---- */

static void an_errno_is_told_by_its_name(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int number;
        const char *what, *type, *message;
    } rows[] = {
        { "enoent", ENOENT, "open config", "ENOENT", "open config: No such file or directory" },
        { "negated", -ECONNREFUSED, "connect", "ECONNREFUSED", "connect: Connection refused" },
        { "again", EWOULDBLOCK, "read", "EAGAIN", "read: Resource temporarily unavailable" },
        { "no what", EPIPE, NULL, "EPIPE", "Broken pipe" },
        { "none", 0, "nothing", "_OTHER", "nothing" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        spw_span span = spw_span_start(NULL, rows[i].name, NULL);
        errno = EDOM;
        spw_fail_errno(span, rows[i].number, rows[i].what);
        assert_int_equal(errno, EDOM);
        const capture_span *got = end(span, rows[i].name);
        assert_string_equal(capture_string(got, "error.type"), rows[i].type);
        assert_int_equal(got->status->code, SPW_STATUS_ERROR);
        assert_string_equal(got->status->message, rows[i].message);
    }
}

static void numbers_that_are_none_are_other(void **state)
{
    (void)state;
    static const int numbers[] = { 9999, -9999, INT32_MAX, INT32_MIN, 41 };
    for (size_t i = 0; i < 5; i++) {
        char name[16];
        snprintf(name, sizeof name, "%zu", i);
        spw_span span = spw_span_start(NULL, name, NULL);
        spw_fail_errno(span, numbers[i], "call");
        const capture_span *got = end(span, name);
        assert_string_equal(capture_string(got, "error.type"), "_OTHER");
        assert_int_equal(strncmp(got->status->message, "call", 4), 0);
    }
}

static void a_long_what_is_cut_on_a_character(void **state)
{
    (void)state;
    char what[2000];
    for (size_t i = 0; i + 3 <= sizeof what; i += 3)
        memcpy(what + i, "\xe2\x82\xac", 3);
    what[1998] = '\0';
    spw_span span = spw_span_start(NULL, "cut", NULL);
    spw_fail_errno(span, EIO, what);
    const char *message = end(span, "cut")->status->message;
    assert_int_equal(strlen(message), 510 + strlen(": Input/output error"));
    assert_memory_equal(message + 507, "\xe2\x82\xac: Input/output error", 3 + strlen(": Input/output error"));
}

/* Every number the C library can describe has a name here. */
static void every_error_of_the_system_has_a_name(void **state)
{
    (void)state;
    char text[128], name[16];
    for (int number = 1; number < 200; number++) {
        snprintf(text, sizeof text, "%s", strerror(number));
        if (strncmp(text, "Unknown error", 13) == 0 || strncmp(text, "No error information", 20) == 0)
            continue;
        snprintf(name, sizeof name, "%d", number);
        spw_span span = spw_span_start(NULL, name, NULL);
        spw_fail_errno(span, number, NULL);
        const capture_span *got = end(span, name);
        assert_string_equal(got->status->message, text);
        assert_int_equal(capture_string(got, "error.type")[0], 'E');
    }
}

static void *fail_many(void *arg)
{
    spw_span *spans = arg;
    for (int i = 0; i < 50; i++)
        spw_fail_errno(spans[i], i % 2 ? ENOENT : EPERM, "call");
    return NULL;
}

static void threads_do_not_mix_their_texts(void **state)
{
    (void)state;
    static spw_span spans[4][50];
    pthread_t threads[4];
    for (int t = 0; t < 4; t++)
        for (int i = 0; i < 50; i++)
            spans[t][i] = spw_span_start(NULL, i % 2 ? "ENOENT" : "EPERM", NULL);
    for (int t = 0; t < 4; t++)
        assert_int_equal(pthread_create(&threads[t], NULL, fail_many, spans[t]), 0);
    for (int t = 0; t < 4; t++)
        pthread_join(threads[t], NULL);
    for (int t = 0; t < 4; t++)
        for (int i = 0; i < 50; i++)
            spw_span_end(spans[t][i]);
    assert_int_equal(spw_flush(20000), SPW_OK);
    for (size_t i = 0; i < 200; i++) {
        const capture_span *got = capture_at(c, i);
        assert_string_equal(capture_string(got, "error.type"), got->name);
        assert_string_equal(got->status->message,
                            strcmp(got->name, "EPERM") == 0 ? "call: Operation not permitted" : "call: No such file or directory");
    }
}

/* ---- at the limits ---- */

static void the_type_of_an_error_is_kept_past_the_count(void **state)
{
    (void)state;
    spw_span span = spw_span_start(NULL, "count", NULL);
    for (int i = 0; i < 10; i++) {
        char key[8];
        snprintf(key, sizeof key, "k%d", i);
        spw_set(span, key, i);
    }
    spw_fail(span, "first", "message");
    spw_fail(span, "timeout", "message");
    spw_set(span, "error.typ", "not pinned");
    spw_set(span, "error.type2", "not pinned");
    const capture_span *got = end(span, "count");
    assert_int_equal(got->n_attributes, 4); /* three, and the pinned one */
    assert_int_equal(got->dropped_attributes_count, 9);
    assert_string_equal(capture_string(got, "error.type"), "timeout");
    assert_int_equal(capture_int(got, "k2"), 2);
}

static void pinned_attributes_do_not_displace_others(void **state)
{
    (void)state;
    spw_span span = spw_span_start(NULL, "first", NULL);
    spw_set(span, "error.type", "early");
    spw_set(span, "a", 1);
    spw_set(span, "b", 2);
    spw_set(span, "c", 3);
    spw_set(span, "d", 4);
    const capture_span *got = end(span, "first");
    assert_int_equal(got->n_attributes, 4);
    assert_int_equal(got->dropped_attributes_count, 1);
    assert_int_equal(capture_int(got, "c"), 3);
}

static void pinned_keys_can_be_chosen(void **state)
{
    (void)state;
    spw_span span = spw_span_start(NULL, "chosen", NULL);
    spw_set(span, "first", 1);
    spw_set(span, "session.id", "s");
    spw_set(span, "a key as long as two words of the machine", 2);
    spw_set(span, "a key as long as two words of the Machine", 3); /* begins and ends alike */
    spw_set(span, "error.type", "no longer pinned");
    const capture_span *got = end(span, "chosen");
    assert_int_equal(got->n_attributes, 3);
    assert_int_equal(got->dropped_attributes_count, 2);
    assert_string_equal(capture_string(got, "session.id"), "s");
    assert_int_equal(capture_int(got, "a key as long as two words of the machine"), 2);
}

/* A span whose bytes are used up still says that, and how, it failed. */
static void an_error_is_kept_when_the_bytes_are_used_up(void **state)
{
    (void)state;
    char text[600];
    memset(text, 'x', sizeof text);
    spw_span span = spw_span_start(NULL, "full", NULL);
    for (int i = 0; i < 10; i++) {
        const spw_attr attr = spw_attr_string_n("x", text, sizeof text);
        spw_add_event(span, "event", &attr, 1);
    }
    spw_set_string_n(span, "too much", text, sizeof text);
    spw_fail(span, "timeout", "no answer in 5 s");
    spw_update_name(span, "renamed");
    const capture_span *got = end(span, "renamed");
    assert_true(got->n_events > 0 && got->n_events < 4);
    assert_int_equal(got->n_events + got->dropped_events_count, 10);
    assert_int_equal(got->dropped_attributes_count, 1);
    assert_string_equal(capture_string(got, "error.type"), "timeout");
    assert_int_equal(got->status->code, SPW_STATUS_ERROR);
    assert_string_equal(got->status->message, "no answer in 5 s");
}

static void a_status_goes_without_its_message_when_that_is_too_long(void **state)
{
    (void)state;
    static char text[60000];
    memset(text, 'x', sizeof text - 1);
    spw_span span = spw_span_start(NULL, "long", NULL);
    spw_fail(span, "timeout", text);
    const capture_span *got = end(span, "long");
    assert_int_equal(got->status->code, SPW_STATUS_ERROR);
    assert_string_equal(got->status->message, "");
    assert_string_equal(capture_string(got, "error.type"), "timeout");
}

/* The reserve has an end, too. */
static void a_pinned_value_over_the_reserve_is_dropped_and_counted(void **state)
{
    (void)state;
    static char text[10000];
    memset(text, 'x', sizeof text);
    spw_span span = spw_span_start(NULL, "over", NULL);
    spw_set_string_n(span, "error.type", text, 5000);
    spw_set_string_n(span, "error.type", text, sizeof text);
    const capture_span *got = end(span, "over");
    assert_int_equal(strlen(capture_string(got, "error.type")), 5000); /* past 2,000, within 2,000 and 4 KiB */
    assert_int_equal(got->dropped_attributes_count, 1);
}

int main(void)
{
#define TEST(fn, begin) cmocka_unit_test_setup_teardown(fn, begin, stop)
    const struct CMUnitTest tests[] = {
        TEST(an_exception_is_an_event_of_that_name, start),
        TEST(the_callers_attributes_win_over_the_exceptions, start),
        TEST(exceptions_obey_the_limits_of_events, start_small),
        TEST(an_errno_is_told_by_its_name, start),
        TEST(numbers_that_are_none_are_other, start),
        TEST(a_long_what_is_cut_on_a_character, start),
        TEST(every_error_of_the_system_has_a_name, start),
        TEST(threads_do_not_mix_their_texts, start),
        TEST(the_type_of_an_error_is_kept_past_the_count, start_small),
        TEST(pinned_attributes_do_not_displace_others, start_small),
        TEST(pinned_keys_can_be_chosen, start_pinned),
        TEST(an_error_is_kept_when_the_bytes_are_used_up, start_small),
        TEST(a_status_goes_without_its_message_when_that_is_too_long, start_small),
        TEST(a_pinned_value_over_the_reserve_is_dropped_and_counted, start_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
