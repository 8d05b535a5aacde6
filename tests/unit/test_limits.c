/* What a span may hold, and that everything over it is counted on the wire. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "support/capture.h"

static capture *c;

static int stop(void **state)
{
    (void)state;
    alarm(0);
    capture_stop(c);
    return 0;
}

static int start_with(const spw_options *options)
{
    alarm(60); /* a search without an end is a failure, not a wait */
    c = capture_new();
    capture_start(c, options);
    return 0;
}

static int start(void **state)
{
    (void)state;
    return start_with(NULL);
}

static const capture_span *finish(spw_span span, const char *name)
{
    spw_span_end(span);
    assert_int_equal(spw_flush(20000), SPW_OK);
    const capture_span *found = capture_named(c, name);
    assert_non_null(found);
    return found;
}

static void set_numbered(spw_span span, int number, int64_t value)
{
    char key[32];
    snprintf(key, sizeof key, "key.%d", number);
    spw_set_int(span, key, value);
}

static void expect_numbered(const capture_span *span, int from, int to, int64_t less)
{
    char key[32];
    for (int i = from; i < to; i++) {
        snprintf(key, sizeof key, "key.%d", i);
        assert_int_equal(capture_int(span, key), i - less);
    }
}

static void the_first_128_keys_are_kept_and_may_be_overwritten(void **state)
{
    (void)state;
    spw_span span = spw_span_start(NULL, "128", NULL);
    for (int i = 0; i < 128; i++)
        set_numbered(span, i, -1);
    for (int i = 128; i < 200; i++)
        set_numbered(span, i, i);
    for (int i = 0; i < 128; i++)
        set_numbered(span, i, i); /* not new */
    const capture_span *got = finish(span, "128");
    assert_int_equal(got->n_attributes, 128);
    assert_int_equal(got->dropped_attributes_count, 72);
    expect_numbered(got, 0, 128, 0);
    spw_stats stats = SPW_STATS_INIT;
    spw_stats_get(&stats);
    assert_int_equal(stats.attributes_dropped, 72);
}

static void exactly_128_drop_nothing(void **state)
{
    (void)state;
    spw_span span = spw_span_start(NULL, "exact", NULL);
    for (int i = 0; i < 128; i++)
        set_numbered(span, i, i);
    const capture_span *got = finish(span, "exact");
    assert_int_equal(got->n_attributes, 128);
    assert_int_equal(got->dropped_attributes_count, 0);
}

/* The keys are compared one by one up to 16, then found in a table: both sides of the step. */
static void every_count_of_keys_is_right(void **state)
{
    (void)state;
    char name[16];
    for (int n = 0; n <= 40; n++) {
        snprintf(name, sizeof name, "n%d", n);
        spw_span span = spw_span_start(NULL, name, NULL);
        for (int round = 0; round < 3; round++)
            for (int i = 0; i < n; i++)
                set_numbered(span, i, i - round);
        const capture_span *got = finish(span, name);
        assert_int_equal(got->n_attributes, n);
        expect_numbered(got, 0, n, 2);
    }
}

static void a_million_sets_of_one_key_keep_the_last(void **state)
{
    (void)state;
    spw_span span = spw_span_start(NULL, "million", NULL);
    spw_set(span, "before", "stays");
    for (int64_t i = 0; i < 1000000; i++)
        spw_set_int(span, "counter", i);
    spw_set(span, "after", "fits");
    const capture_span *got = finish(span, "million");
    assert_int_equal(got->n_attributes, 3);
    assert_int_equal(got->dropped_attributes_count, 0);
    assert_int_equal(capture_int(got, "counter"), 999999);
    assert_string_equal(capture_string(got, "before"), "stays");
    assert_string_equal(capture_string(got, "after"), "fits");
}

static void long_values_set_over_and_over_keep_the_last(void **state)
{
    (void)state;
    static char text[100001];
    spw_span span = spw_span_start(NULL, "long", NULL);
    for (int i = 0; i < 200; i++) {
        memset(text, 'a' + i % 26, 100000);
        spw_set_string(span, i % 2 ? "odd" : "even", text);
    }
    const capture_span *got = finish(span, "long");
    assert_int_equal(got->dropped_attributes_count, 0);
    assert_int_equal(strlen(capture_string(got, "odd")), 100000);
    assert_int_equal(capture_string(got, "odd")[99999], 'a' + 199 % 26);
    assert_int_equal(capture_string(got, "even")[0], 'a' + 198 % 26);
}

static void values_given_at_the_start_are_overwritten_like_any_other(void **state)
{
    (void)state;
    static char text[30001];
    spw_attr list[100];
    memset(text, 'x', 30000);
    for (int i = 0; i < 100; i++)
        list[i] = spw_attr_string_n("text", text, (size_t)(30000 - i));
    spw_span_options options = SPW_SPAN_OPTIONS_INIT;
    options.attributes = list;
    options.attribute_count = 100;
    const capture_span *got = finish(spw_span_start(NULL, "start", &options), "start");
    assert_int_equal(got->dropped_attributes_count, 0);
    assert_int_equal(strlen(capture_string(got, "text")), 30000 - 99);
}

static void a_hundred_thousand_keys_are_counted(void **state)
{
    (void)state;
    spw_span span = spw_span_start(NULL, "many", NULL);
    for (int i = 0; i < 100000; i++)
        set_numbered(span, i, i);
    const capture_span *got = finish(span, "many");
    assert_int_equal(got->n_attributes, 128);
    assert_int_equal(got->dropped_attributes_count, 100000 - 128);
    expect_numbered(got, 0, 128, 0);
}

static int start_unlimited(void **state)
{
    (void)state;
    spw_options options = SPW_OPTIONS_INIT;
    options.max_attributes = options.max_events = options.max_event_attributes = UINT32_MAX;
    return start_with(&options);
}

/* Limits as high as can be asked for: whatever is kept is right, the rest is counted, and it ends. */
static void no_limit_on_keys_is_no_trap(void **state)
{
    (void)state;
    spw_span span = spw_span_start(NULL, "unlimited", NULL);
    for (int i = 0; i < 20000; i++)
        set_numbered(span, i, i);
    const spw_attr two[] = { spw_attr_int("one", 1), spw_attr_int("two", 2) };
    for (int i = 0; i < 300; i++)
        spw_add_event(span, "event", two, 2);
    const capture_span *got = finish(span, "unlimited");
    assert_int_equal(got->n_attributes + got->dropped_attributes_count, 20000);
    assert_true(got->n_attributes >= 2048);
    assert_int_equal(got->n_events, 300);
    assert_int_equal(got->events[299]->n_attributes, 2);
    assert_int_equal(got->events[299]->dropped_attributes_count, 0);
    expect_numbered(got, 0, 2048, 0);
}

/* Processor time of a span with 20,000 keys of that form, most of them over the limit. */
static uint64_t cost_of_keys(const char *form)
{
    struct timespec begun, ended;
    char key[64];
    spw_span span = spw_span_start(NULL, form, NULL);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begun);
    for (int i = 0; i < 20000; i++) {
        snprintf(key, sizeof key, form, i);
        spw_set_int(span, key, i);
    }
    const capture_span *got = finish(span, form);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ended);
    assert_int_equal(got->n_attributes, 2048);
    assert_int_equal(got->dropped_attributes_count, 20000 - 2048);
    return (uint64_t)(ended.tv_sec - begun.tv_sec) * 1000000000u + (uint64_t)ended.tv_nsec - (uint64_t)begun.tv_nsec;
}

/* The quick hash of a key looks at its ends only: of the second kind all have the same. */
static void keys_that_begin_and_end_alike_cost_no_more(void **state)
{
    (void)state;
    uint64_t apart = cost_of_keys("%05d.the.middle.is.the.same");
    uint64_t alike = cost_of_keys("the.ends.%05d.are.the.same");
    assert_true(alike < 10 * apart); /* compared with all that have the same hash, it was some hundred times */
}

static void keys_that_are_none_are_counted(void **state)
{
    (void)state;
    char key[1026];
    memset(key, 'k', sizeof key);
    key[1025] = '\0';
    spw_attr bad_type = spw_attr_int("bad type", 1);
    bad_type.value.type = SPW_VALUE_ENCODED_MAP; /* for reading only */
    const spw_attr list[] = { spw_attr_int(NULL, 1), spw_attr_int("", 2), bad_type, spw_attr_int("good at start", 3), spw_attr_int(key, 4) };
    spw_span_options options = SPW_SPAN_OPTIONS_INIT;
    options.attributes = list;
    options.attribute_count = 5;
    spw_span span = spw_span_start(NULL, "keys", &options);
    spw_set_int(span, NULL, 1);
    spw_set_int(span, "", 2);
    spw_set_int(span, key, 3); /* 1025 */
    key[1024] = '\0';
    spw_set_int(span, key, 4);
    spw_set_attrs(span, list, 5);
    spw_set_attrs(span, NULL, 5);
    const capture_span *got = finish(span, "keys");
    assert_int_equal(got->n_attributes, 2);
    assert_int_equal(got->dropped_attributes_count, 4 + 3 + 4);
    assert_int_equal(capture_int(got, key), 4);
    assert_int_equal(capture_int(got, "good at start"), 3);
}

/* Different bytes that are repaired to the same key are the same key. */
static void repaired_keys_do_not_stand_twice(void **state)
{
    (void)state;
    const spw_attr list[] = { spw_attr_int("k\xff", 1), spw_attr_int("k\xfe", 2), spw_attr_int("", 3), spw_attr_int("", 4) };
    spw_span span = spw_span_start(NULL, "repaired", NULL);
    spw_set_attrs(span, list, 2);
    spw_add_event(span, "event", list, 4);
    const capture_span *got = finish(span, "repaired");
    assert_int_equal(got->n_attributes, 1);
    assert_int_equal(capture_int(got, "k\xef\xbf\xbd"), 2);
    assert_int_equal(got->events[0]->n_attributes, 1);
    assert_non_null(capture_find(got->events[0]->attributes, got->events[0]->n_attributes, "k\xef\xbf\xbd"));
    assert_int_equal(got->events[0]->dropped_attributes_count, 2);
}

/* ---- events ---- */

static void events_over_128_are_counted(void **state)
{
    (void)state;
    char name[16];
    spw_span span = spw_span_start(NULL, "events", NULL);
    for (int i = 0; i < 200; i++) {
        snprintf(name, sizeof name, "e%d", i);
        spw_add_event(span, name, NULL, 0);
    }
    const capture_span *got = finish(span, "events");
    assert_int_equal(got->n_events, 128);
    assert_int_equal(got->dropped_events_count, 72);
    assert_string_equal(got->events[127]->name, "e127");
    spw_stats stats = SPW_STATS_INIT;
    spw_stats_get(&stats);
    assert_int_equal(stats.events_dropped, 72);
}

static void attributes_of_events_have_their_own_limit(void **state)
{
    (void)state;
    static char keys[300][16];
    spw_attr list[600];
    for (int i = 0; i < 300; i++) {
        snprintf(keys[i], sizeof keys[i], "k%d", i);
        list[i] = spw_attr_int(keys[i], -i);
        list[300 + i] = spw_attr_int(keys[i], i);
    }
    spw_span span = spw_span_start(NULL, "list", NULL);
    spw_add_event(span, "128", list, 128);
    spw_add_event(span, "129", list, 129);
    spw_add_event(span, "300", list, 300);
    spw_add_event(span, "doubles", list + 200, 200); /* 200..299, then 0..99: all different */
    spw_add_event(span, "last wins", list + 250, 150 + 200);
    const capture_span *got = finish(span, "list");
    static const size_t kept[] = { 128, 128, 128, 128, 128 }, dropped[] = { 0, 1, 172, 72, 172 };
    for (int i = 0; i < 5; i++) {
        assert_int_equal(got->events[i]->n_attributes, kept[i]);
        assert_int_equal(got->events[i]->dropped_attributes_count, dropped[i]);
    }
    assert_int_equal(got->dropped_attributes_count, 0);
}

static void the_last_of_equal_keys_in_an_event_wins(void **state)
{
    (void)state;
    const spw_attr list[] = { spw_attr_int("a", 1), spw_attr_int("b", 2), spw_attr_int("a", 3), spw_attr_int("", 4), spw_attr_int("c", 5) };
    spw_span span = spw_span_start(NULL, "event", NULL);
    spw_add_event(span, "event", list, 5);
    const capture_event *event = finish(span, "event")->events[0];
    assert_int_equal(event->n_attributes, 3);
    assert_int_equal(event->dropped_attributes_count, 1);
    assert_int_equal(capture_find(event->attributes, 3, "a")->value->int_value, 3);
}

/* Against a list searched entry by entry: every length around the blocks it is taken in, and keys that come twice near and far. */
static void the_last_of_equal_keys_wins_in_lists_of_any_length(void **state)
{
    (void)state;
    enum { MOST = 1300 };
    static char keys[MOST][24];
    static spw_attr list[MOST];
    srandom(7);
    for (int round = 0; round < 60; round++) {
        size_t count = 1 + (size_t)random() % MOST;
        long different = 1 + random() % (round % 3 ? 60 : 2000);
        size_t kept = 0;
        for (size_t i = 0; i < count; i++) {
            snprintf(keys[i], sizeof keys[i], "key.%ld%s", random() % different, round % 4 ? "" : "\xff");
            list[i] = spw_attr_int(keys[i], (int64_t)i);
        }
        spw_span span = spw_span_start(NULL, "lists", NULL);
        spw_add_event(span, "event", list, count);
        spw_span_end(span);
        assert_int_equal(spw_flush(20000), SPW_OK);
        const capture_event *event = capture_at(c, (size_t)round)->events[0];
        for (size_t i = 0; i < count; i++) {
            bool again = false;
            for (size_t j = i + 1; j < count && !again; j++)
                again = strcmp(keys[i], keys[j]) == 0;
            if (!again)
                assert_int_equal(event->attributes[kept++]->value->int_value, i);
        }
        assert_int_equal(event->n_attributes, kept);
        assert_int_equal(event->dropped_attributes_count, 0);
    }
}

/* Processor time of 4,096 attributes in events of `size`; equal keys are `apart` from each other. */
static uint64_t cost_of_events(size_t size, size_t apart, bool repaired)
{
    enum { COUNT = 4096, KEY = 1000 };
    static char keys[COUNT][KEY];
    static spw_attr list[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        memset(keys[i], 'k', KEY);
        keys[i][0] = repaired && i == 0 ? '\xff' : 'k'; /* one is enough */
        (void)snprintf(keys[i] + 500, 8, "%06zu", i % apart);
        keys[i][506] = 'k';
        list[i] = (spw_attr){ { keys[i], KEY }, spw_value_int(1) };
    }
    struct timespec begun, ended;
    spw_span span = spw_span_start(NULL, "cost", NULL);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begun);
    for (size_t i = 0; i < COUNT; i += size)
        spw_add_event(span, "event", list + i, size);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ended);
    spw_span_end(span);
    return (uint64_t)(ended.tv_sec - begun.tv_sec) * 1000000000u + (uint64_t)ended.tv_nsec - (uint64_t)begun.tv_nsec;
}

/* Doubles, near or far, and keys that must be repaired: no more than a few looks at each key. */
static void no_list_of_an_event_is_quadratic(void **state)
{
    (void)state;
    uint64_t in_small_lists = cost_of_events(64, 4096, false);
    assert_true(cost_of_events(4096, 4096, false) < 15 * in_small_lists);
    assert_true(cost_of_events(4096, 2048, false) < 15 * in_small_lists);
    assert_true(cost_of_events(4096, 3, false) < 15 * in_small_lists);
    assert_true(cost_of_events(4096, 4096, true) < 15 * in_small_lists);
}

/* ---- sizes ---- */

static int start_short(void **state)
{
    (void)state;
    spw_options options = SPW_OPTIONS_INIT;
    options.max_value_length = 5;
    return start_with(&options);
}

static void values_are_cut_by_characters(void **state)
{
    (void)state;
    spw_span span = spw_span_start(NULL, "a longer name is not cut", NULL);
    spw_set(span, "ascii", "123456789");
    spw_set(span, "exact", "12345");
    spw_set(span, "euros", "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac");
    spw_set(span, "faces", "\xf0\x9f\x98\x80\xf0\x9f\x98\x80");
    spw_set(span, "bad after the cut", "12345\xff");
    spw_set_bytes(span, "bytes", "123456789", 9);
    spw_set(span, "number", 123456789);
    const spw_attr list[] = { spw_attr_string("in an event", "123456789") };
    spw_add_event(span, "an event's name is not cut", list, 1);
    const capture_span *got = finish(span, "a longer name is not cut");
    assert_string_equal(capture_string(got, "ascii"), "12345");
    assert_string_equal(capture_string(got, "exact"), "12345");
    assert_string_equal(capture_string(got, "euros"), "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac");
    assert_string_equal(capture_string(got, "faces"), "\xf0\x9f\x98\x80\xf0\x9f\x98\x80");
    assert_string_equal(capture_string(got, "bad after the cut"), "12345");
    assert_int_equal(capture_find(got->attributes, got->n_attributes, "bytes")->value->bytes_value.len, 5);
    assert_int_equal(capture_int(got, "number"), 123456789);
    assert_string_equal(got->events[0]->name, "an event's name is not cut");
    assert_string_equal(got->events[0]->attributes[0]->value->string_value, "12345");
    assert_int_equal(got->dropped_attributes_count, 0); /* cut is not dropped */
}

static void a_span_over_a_mebibyte_keeps_what_fits(void **state)
{
    (void)state;
    static char text[300001];
    memset(text, 'x', 300000);
    spw_span span = spw_span_start(NULL, "large", NULL);
    for (int i = 0; i < 5; i++) {
        char key[8];
        snprintf(key, sizeof key, "k%d", i);
        spw_set_string(span, key, text);
    }
    spw_add_event(span, "small", NULL, 0);
    const spw_attr list[] = { spw_attr_string("big", text) };
    spw_add_event(span, "big", list, 1);
    spw_set_string(span, "k0", text); /* no room for a second copy: the first stays */
    spw_set_int(span, "small", 1);
    const capture_span *got = finish(span, "large");
    assert_int_equal(got->n_attributes, 4);
    assert_int_equal(got->dropped_attributes_count, 3);
    assert_int_equal(got->n_events, 1);
    assert_int_equal(got->dropped_events_count, 1);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(strlen(got->attributes[i]->value->string_value), 300000);
    assert_int_equal(capture_int(got, "small"), 1);
}

static void fifty_megabytes_among_512_spans(void **state)
{
    (void)state;
    size_t size = 50u << 20;
    char *text = malloc(size);
    memset(text, 'x', size);
    for (int i = 0; i < 512; i++) {
        char name[16];
        snprintf(name, sizeof name, "s%d", i);
        spw_span span = spw_span_start(NULL, name, NULL);
        spw_set(span, "i", i);
        if (i == 200) {
            spw_set_string_n(span, "huge", text, size);
            spw_set_bytes(span, "huge bytes", text, size);
            const spw_attr list[] = { spw_attr_string_n("huge", text, size), spw_attr_string_n("again", text, size) };
            spw_add_event(span, "huge", list, 2);
        }
        spw_span_end(span);
    }
    free(text);
    assert_int_equal(spw_flush(20000), SPW_OK);
    assert_int_equal(capture_count(c), 512);
    const capture_span *got = capture_named(c, "s200");
    assert_int_equal(got->dropped_attributes_count, 2);
    assert_int_equal(got->dropped_events_count, 1);
    assert_int_equal(capture_int(got, "i"), 200);
}

/* Every length around the borders of the slot and its extents, alone and behind others. */
static void every_length_around_the_borders_comes_through(void **state)
{
    (void)state;
    static const size_t borders[] = { 400, 444, 850, 888, 4096, 888 + 4096, 888 + 2 * 4096, 65536 };
    static char text[70000];
    char name[32];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)('a' + i % 25);
    for (size_t b = 0; b < sizeof borders / sizeof borders[0]; b++)
        for (size_t size = borders[b] - 30; size <= borders[b] + 10; size++) {
            snprintf(name, sizeof name, "%zu", size);
            spw_span span = spw_span_start(NULL, name, NULL);
            spw_set_string_n(span, "first", text, size);
            spw_set_int(span, "between", (int64_t)size);
            spw_set_string_n(span, "second", text + 1, size);
            spw_set_string_n(span, "first", text + 2, size);
            spw_span_end(span);
        }
    assert_int_equal(spw_flush(20000), SPW_OK);
    for (size_t i = 0; i < capture_count(c); i++) {
        const capture_span *got = capture_at(c, i);
        size_t size = strtoul(got->name, NULL, 10);
        assert_int_equal(got->n_attributes, 3);
        assert_int_equal(capture_int(got, "between"), size);
        assert_int_equal(strlen(capture_string(got, "first")), size);
        assert_memory_equal(capture_string(got, "first"), text + 2, size);
        assert_int_equal(strlen(capture_string(got, "second")), size);
        assert_memory_equal(capture_string(got, "second"), text + 1, size);
    }
}

static void long_names_are_cut_at_64_kib_on_a_character(void **state)
{
    (void)state;
    static char text[70002], event[1100];
    for (size_t i = 0; i + 1 < sizeof text; i += 2)
        memcpy(text + i, "\xc3\xa9", 2);
    text[70000] = '\0';
    memset(event, 'e', sizeof event - 1);
    for (size_t lead = 0; lead < 2; lead++) {
        text[0] = lead ? 'x' : '\xc3';
        text[1] = lead ? 'x' : '\xa9';
        spw_span_end(spw_span_start(NULL, text + lead, NULL)); /* even, odd: the cut falls between or within */
    }
    spw_span span = spw_span_start(NULL, "short", NULL);
    spw_add_event(span, event, NULL, 0);
    spw_set_status(span, SPW_STATUS_ERROR, text);
    const capture_span *got = finish(span, "short");
    assert_int_equal(strlen(got->events[0]->name), 1024);
    assert_in_range(strlen(got->status->message), 65535, 65536);
    assert_in_range(strlen(capture_at(c, 0)->name), 65535, 65536);
    assert_in_range(strlen(capture_at(c, 1)->name), 65535, 65536);
}

/* Room for sixteen spans over 800 bytes at a time; a hundred, in as many slots, one after the other. */
static int start_narrow(void **state)
{
    (void)state;
    spw_options options = SPW_OPTIONS_INIT;
    options.max_overflow_bytes = 16 * 4096;
    return start_with(&options);
}

static void long_spans_of_the_past_take_no_room(void **state)
{
    (void)state;
    enum { SPANS = 100 };
    static spw_span spans[SPANS];
    static char text[2001];
    memset(text, 'x', 2000);
    for (int i = 0; i < SPANS; i++)
        spans[i] = spw_span_start(NULL, "span", NULL);
    for (int i = 0; i < SPANS; i++) {
        spw_set_string(spans[i], "text", text);
        spw_span_end(spans[i]);
    }
    assert_int_equal(spw_flush(20000), SPW_OK);
    for (size_t i = 0; i < SPANS; i++)
        assert_non_null(capture_string(capture_at(c, i), "text"));
}

int main(void)
{
#define TEST(fn, begin) cmocka_unit_test_setup_teardown(fn, begin, stop)
    const struct CMUnitTest tests[] = {
        TEST(the_first_128_keys_are_kept_and_may_be_overwritten, start),
        TEST(exactly_128_drop_nothing, start),
        TEST(every_count_of_keys_is_right, start),
        TEST(a_million_sets_of_one_key_keep_the_last, start),
        TEST(long_values_set_over_and_over_keep_the_last, start),
        TEST(values_given_at_the_start_are_overwritten_like_any_other, start),
        TEST(a_hundred_thousand_keys_are_counted, start),
        TEST(keys_that_are_none_are_counted, start),
        TEST(repaired_keys_do_not_stand_twice, start),
        TEST(events_over_128_are_counted, start),
        TEST(attributes_of_events_have_their_own_limit, start),
        TEST(the_last_of_equal_keys_in_an_event_wins, start),
        TEST(the_last_of_equal_keys_wins_in_lists_of_any_length, start_unlimited),
        TEST(no_list_of_an_event_is_quadratic, start_unlimited),
        TEST(values_are_cut_by_characters, start_short),
        TEST(a_span_over_a_mebibyte_keeps_what_fits, start),
        TEST(fifty_megabytes_among_512_spans, start),
        TEST(every_length_around_the_borders_comes_through, start),
        TEST(long_names_are_cut_at_64_kib_on_a_character, start),
        TEST(no_limit_on_keys_is_no_trap, start_unlimited),
        TEST(keys_that_begin_and_end_alike_cost_no_more, start_unlimited),
        TEST(long_spans_of_the_past_take_no_room, start_narrow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
