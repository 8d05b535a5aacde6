/* W3C Trace Context level 2, in and out, without an SDK. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <spanwire/spanwire.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "record/platform.h"
#include "support/cost.h"

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"
#define SPAN "00f067aa0ba902b7"
#define PARENT "00-" TRACE "-" SPAN "-01"

struct row {
    const char *field;
    int flags; /* -1: refused */
};

static const struct row rows[] = {
    { PARENT, 1 },
    { "00-" TRACE "-" SPAN "-00", 0 },
    { "00-" TRACE "-" SPAN "-02", 2 },
    { "00-" TRACE "-" SPAN "-03", 3 },
    { "00-" TRACE "-" SPAN "-ff", 3 }, /* unknown bits are ignored */
    { "00-" TRACE "-" SPAN "-fc", 0 },
    { "01-" TRACE "-" SPAN "-01", 1 }, /* later versions: the first four fields */
    { "cc-" TRACE "-" SPAN "-03-what-the-future-brings", 3 },
    { "fe-" TRACE "-" SPAN "-01-", 1 },
    { "01-" TRACE "-" SPAN "-01.more", -1 },
    { "01-" TRACE "-" SPAN "-012", -1 },
    { "ff-" TRACE "-" SPAN "-01", -1 },
    { "00-" TRACE "-" SPAN "-01-", -1 }, /* version 00 ends there */
    { "00-" TRACE "-" SPAN "-01-extra", -1 },
    { "00-" TRACE "-" SPAN "-0", -1 },
    { "00-" TRACE "-" SPAN, -1 },
    { "00-" TRACE "-" SPAN "-", -1 },
    { "00_" TRACE "-" SPAN "-01", -1 },
    { "00-" TRACE "_" SPAN "-01", -1 },
    { "00-" TRACE "-" SPAN "_01", -1 },
    { "00-00000000000000000000000000000000-" SPAN "-01", -1 },
    { "00-" TRACE "-0000000000000000-01", -1 },
    { "00-4BF92F3577B34DA6A3CE929D0E0E4736-" SPAN "-01", -1 }, /* lower case only */
    { "00-" TRACE "-00F067AA0BA902B7-01", -1 },
    { "00-" TRACE "-" SPAN "-0A", -1 },
    { "0A-" TRACE "-" SPAN "-01", -1 },
    { "0x-" TRACE "-" SPAN "-01", -1 },
    { "00-4bf92f3577b34da6a3ce929d0e0e473g-" SPAN "-01", -1 },
    { "00-" TRACE "-00f067aa0ba902b.-01", -1 },
    { " " PARENT, -1 },
    { PARENT " ", -1 },
    { "", -1 },
    { "00", -1 },
    { "-", -1 },
    { NULL, -1 },
};

static void traceparents_are_read_as_the_standard_says(void **state)
{
    (void)state;
    static const spw_span none;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        spw_span span;
        memset(&span, 0xee, sizeof span);
        bool taken = spw_traceparent_parse(rows[i].field, NULL, &span);
        if (taken != (rows[i].flags >= 0))
            fail_msg("%s was %s", rows[i].field ? rows[i].field : "NULL", taken ? "taken" : "refused");
        if (!taken) {
            assert_memory_equal(&span, &none, sizeof span);
            continue;
        }
        char hex[33];
        spw_trace_id_hex(span, hex);
        assert_string_equal(hex, TRACE);
        spw_span_id_hex(span, hex);
        assert_string_equal(hex, SPAN);
        assert_int_equal(span.flags, rows[i].flags);
        assert_int_equal(span.is_remote, 1);
        assert_true(span.handle == 0 && span.trace_state == 0);
    }
}

static void a_field_cut_anywhere_is_refused(void **state)
{
    (void)state;
    for (size_t size = 0; size < strlen(PARENT); size++) {
        char *cut = strndup(PARENT, size); /* on the heap, so that reading past it shows */
        spw_span span;
        assert_false(spw_traceparent_parse(cut, NULL, &span));
        free(cut);
    }
}

static void what_is_written_is_version_00(void **state)
{
    (void)state;
    char out[SPW_TRACEPARENT_SIZE];
    spw_span span;
    assert_true(spw_traceparent_parse("cc-" TRACE "-" SPAN "-ff-more", NULL, &span));
    assert_true(spw_traceparent_format(span, out));
    assert_string_equal(out, "00-" TRACE "-" SPAN "-03");
    span.flags = 0xfd;
    assert_true(spw_traceparent_format(span, out));
    assert_string_equal(out, PARENT);
    memset(span.span_id, 0, 8);
    assert_false(spw_traceparent_format(span, out));
    assert_string_equal(out, "");
    assert_false(spw_traceparent_format((spw_span){ 0 }, out));
}

/* ---- tracestate ---- */

static char *repeat(const char *piece, size_t times)
{
    size_t size = strlen(piece);
    char *text = malloc(size * times + 1);
    for (size_t i = 0; i < times; i++)
        memcpy(text + i * size, piece, size);
    text[size * times] = '\0';
    return text;
}

/* The state the span ends up with; "" when dropped. The parent must stay in any case. */
static const char *read_state(const char *tracestate)
{
    static char out[600];
    spw_span span;
    assert_true(spw_traceparent_parse(PARENT, tracestate, &span));
    assert_true(spw_span_is_valid(span));
    size_t size = spw_trace_state(span, out, sizeof out);
    assert_int_equal(size, strlen(out));
    assert_int_equal(span.trace_state != 0, out[0] != 0);
    return out;
}

static void tracestates_are_cleaned_or_dropped_whole(void **state)
{
    (void)state;
    static const char *const states[][2] = {
        { "a=1", "a=1" },
        { "a=1,b=2", "a=1,b=2" },
        { " a=1 ,\tb=2\t", "a=1,b=2" },
        { "a=1,,b=2,", "a=1,b=2" },
        { ",", "" },
        { "  ", "" },
        { "", "" },
        { "0a=1", "0a=1" },
        { "tenant@vendor=x/y:z", "tenant@vendor=x/y:z" },
        { "a-_*/@9=~!", "a-_*/@9=~!" },
        { "a=in side", "a=in side" },
        { "a=1,a=2", "" },   /* a key twice */
        { "a=1,b=2,a=1", "" },
        { "ab=1,a=2", "ab=1,a=2" }, /* no prefix of another */
        { "a=1,ab=2", "a=1,ab=2" },
        { "A=1", "" },
        { "aB=1", "" },
        { "_a=1", "" },
        { "@a=1", "" },
        { "a", "" },
        { "=1", "" },
        { "a=", "" },
        { "a=1=2", "" },
        { "a=b\x01", "" },
        { "a=\xc3\xa9", "" },
        { "a b=1", "" },
        { "ok=1,bad", "" },
    };
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        assert_string_equal(read_state(states[i][0]), states[i][1]);
    assert_string_equal(read_state(NULL), "");
}

static void at_most_32_members_and_512_bytes(void **state)
{
    (void)state;
    char text[1200];
    for (int members = 31; members <= 33; members++) {
        size_t used = 0;
        for (int i = 0; i < members; i++)
            used += (size_t)snprintf(text + used, sizeof text - used, "%sk%d=v", i ? "," : "", i);
        assert_string_equal(read_state(text), members <= 32 ? text : "");
    }
    for (size_t size = 510; size <= 514; size++) { /* two members: at most 256 characters a value */
        memset(text, 'v', sizeof text);
        memcpy(text, "a=", 2);
        memcpy(text + 257, ",b=", 3);
        text[size] = '\0';
        char first[258];
        snprintf(first, sizeof first, "%.257s", text);
        assert_string_equal(read_state(text), size <= 512 ? text : first); /* whole members leave, from the end */
    }
    for (size_t value = 255; value <= 257; value++) {
        memset(text, 'v', sizeof text);
        memcpy(text, "a=", 2);
        text[2 + value] = '\0';
        assert_string_equal(read_state(text), value <= 256 ? text : "");
        memset(text, 'k', sizeof text);
        memcpy(text + value, "=v", 3);
        assert_string_equal(read_state(text), value <= 256 ? text : "");
    }
}

static void hostile_fields_cost_no_time(void **state)
{
    (void)state;
    static const char *const pieces[] = { ",", " ", "a=1,", "=", "a", "\xff", "a=1 ,", "," PARENT };
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        char *text = repeat(pieces[i], (1u << 20) / strlen(pieces[i]));
        spw_span span;
        uint64_t begun = cost_cpu_ns();
        for (int round = 0; round < 10; round++) {
            assert_string_equal(read_state(text), "");
            assert_false(spw_traceparent_parse(text, text, &span));
        }
        uint64_t each = (cost_cpu_ns() - begun) / 20;
        if (each > COST_FACTOR * 1000000)
            fail_msg("%llu ns for a megabyte of \"%s\"", (unsigned long long)each, pieces[i]);
        free(text);
    }
}

/* ---- carriers ---- */

struct carrier {
    char names[4][16], values[4][1100];
    int count, asked;
};

static void put(void *arg, const char *name, const char *value)
{
    struct carrier *c = arg;
    snprintf(c->names[c->count], sizeof c->names[0], "%s", name);
    snprintf(c->values[c->count++], sizeof c->values[0], "%s", value);
}

/* Gives every answer from the same storage, as the contract allows. */
static const char *get(void *arg, const char *name)
{
    static char answer[1100];
    struct carrier *c = arg;
    c->asked++;
    for (int i = 0; i < c->count; i++)
        if (strcasecmp(c->names[i], name) == 0)
            return strcpy(answer, c->values[i]);
    return NULL;
}

static void what_is_injected_is_extracted(void **state)
{
    (void)state;
    struct carrier carrier = { .count = 0 };
    spw_context context = { 0 };
    assert_true(spw_traceparent_parse("00-" TRACE "-" SPAN "-03", "a=1 , b=2", &context.span));
    spw_inject(&context, put, &carrier);
    assert_int_equal(carrier.count, 2);
    assert_string_equal(carrier.names[0], "traceparent");
    assert_string_equal(carrier.values[0], "00-" TRACE "-" SPAN "-03");
    assert_string_equal(carrier.names[1], "tracestate");
    assert_string_equal(carrier.values[1], "a=1,b=2");
    spw_context back = spw_extract(NULL, get, &carrier);
    assert_memory_equal(&back, &context, sizeof back);
}

static void no_state_is_no_field_and_no_span_is_nothing(void **state)
{
    (void)state;
    struct carrier carrier = { .count = 0 };
    spw_context context = { 0 };
    spw_inject(&context, put, &carrier);
    spw_inject(NULL, put, &carrier);
    spw_inject(&context, NULL, &carrier);
    assert_int_equal(carrier.count, 0);
    assert_true(spw_traceparent_parse(PARENT, NULL, &context.span));
    spw_inject(&context, put, &carrier);
    assert_int_equal(carrier.count, 1);
}

static void extracting_nothing_leaves_the_base(void **state)
{
    (void)state;
    struct carrier empty = { .count = 0 }, rubbish = { .count = 0 }, long_one = { .count = 0 };
    spw_context base = { 0 };
    assert_true(spw_traceparent_parse(PARENT, "k=v", &base.span));
    spw_context got = spw_extract(&base, get, &empty);
    assert_memory_equal(&got, &base, sizeof got);
    put(&rubbish, "traceparent", "rubbish");
    put(&rubbish, "tracestate", "z=26");
    got = spw_extract(&base, get, &rubbish);
    assert_memory_equal(&got, &base, sizeof got);
    char *text = repeat("00-", 360);
    put(&long_one, "traceparent", text);
    got = spw_extract(&base, get, &long_one);
    assert_memory_equal(&got, &base, sizeof got);
    got = spw_extract(NULL, NULL, NULL);
    assert_false(spw_span_is_valid(got.span));
    free(text);
}

static void the_environment_is_a_carrier(void **state)
{
    (void)state;
    unsetenv("TRACEPARENT");
    setenv("TRACESTATE", "a=1", 1);
    assert_false(spw_span_is_valid(spw_context_from_environment().span));
    setenv("TRACEPARENT", PARENT, 1);
    spw_context context = spw_context_from_environment();
    char out[32];
    assert_true(spw_span_is_valid(context.span) && context.span.is_remote);
    spw_trace_state(context.span, out, sizeof out);
    assert_string_equal(out, "a=1");
    setenv("TRACEPARENT", "00-x", 1);
    assert_false(spw_span_is_valid(spw_context_from_environment().span));
    unsetenv("TRACEPARENT");
    unsetenv("TRACESTATE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(traceparents_are_read_as_the_standard_says),
        cmocka_unit_test(a_field_cut_anywhere_is_refused),
        cmocka_unit_test(what_is_written_is_version_00),
        cmocka_unit_test(tracestates_are_cleaned_or_dropped_whole),
        cmocka_unit_test(at_most_32_members_and_512_bytes),
        cmocka_unit_test(hostile_fields_cost_no_time),
        cmocka_unit_test(what_is_injected_is_extracted),
        cmocka_unit_test(no_state_is_no_field_and_no_span_is_nothing),
        cmocka_unit_test(extracting_nothing_leaves_the_base),
        cmocka_unit_test(the_environment_is_a_carrier),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
