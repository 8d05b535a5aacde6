/* Handles among threads: spans set and ended by several at once, ended elsewhere, and handles of spans that have ended. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "record/slot.h"
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

enum { THREADS = 4 };

static void run_threads(void *(*fn)(void *))
{
    pthread_t threads[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, fn, (void *)i), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

enum { MANY = 4000 };
static spw_span many[MANY];

static void *end_a_share(void *arg)
{
    for (size_t i = (uintptr_t)arg; i < MANY; i += THREADS) {
        spw_set(many[i], "ended.by", (int)(uintptr_t)arg);
        spw_span_end(many[i]);
    }
    return NULL;
}

static void spans_may_end_on_other_threads(void **state)
{
    (void)state;
    for (int i = 0; i < MANY; i++) {
        many[i] = spw_span_start(NULL, "span", NULL);
        spw_set(many[i], "i", i);
    }
    run_threads(end_a_share);
    flush();
    assert_int_equal(capture_count(c), MANY);
    for (size_t i = 0; i < MANY; i++) {
        const capture_span *span = capture_at(c, i);
        int64_t number = capture_int(span, "i");
        assert_in_range(number, 0, MANY - 1);
        assert_memory_equal(span->span_id.data, many[number].span_id, 8);
        assert_int_equal(capture_int(span, "ended.by"), number % THREADS);
    }
}

static uint64_t at_once;

static void *end_them_all(void *arg)
{
    __atomic_add_fetch(&at_once, 1, __ATOMIC_ACQ_REL);
    while (__atomic_load_n(&at_once, __ATOMIC_ACQUIRE) < THREADS)
        ;
    for (int i = 0; i < MANY; i++)
        spw_span_end(many[i]);
    return arg;
}

static void a_span_ended_by_all_is_one_record(void **state)
{
    (void)state;
    for (int i = 0; i < MANY; i++)
        many[i] = spw_span_start(NULL, "span", NULL);
    at_once = 0;
    run_threads(end_them_all);
    flush();
    assert_int_equal(capture_count(c), MANY);
    assert_int_equal(capture_stats(0).ended, MANY);
}

static spw_span common;
enum { KEYS = 20, ROUNDS = 300 };

/* A value that shows when it is torn: its letters and its length say who wrote it when. */
static size_t make_value(char *out, uintptr_t thread, int key, int round)
{
    size_t size = 10 + (size_t)(key * 7 + round) % 300;
    memset(out, 'a' + (int)thread * 6 + round % 6, size);
    out[size] = '\0';
    return size;
}

static void *set_own_keys(void *arg)
{
    uintptr_t me = (uintptr_t)arg;
    char key[32], value[320];
    for (int round = 0; round < ROUNDS; round++)
        for (int i = 0; i < KEYS; i++) {
            snprintf(key, sizeof key, "%u.%d", (unsigned)me, i);
            make_value(value, me, i, round);
            spw_set_string(common, key, value);
        }
    return NULL;
}

static bool one_of_its_values(const char *value, unsigned thread, int key, int *round)
{
    char want[320];
    for (*round = ROUNDS; (*round)-- > 0;) {
        make_value(want, thread, key, *round);
        if (strcmp(want, value) == 0)
            return true;
    }
    return false;
}

static void threads_that_set_one_span_do_not_hurt_each_other(void **state)
{
    (void)state;
    common = spw_span_start(NULL, "common", NULL);
    run_threads(set_own_keys);
    spw_span_end(common);
    flush();
    const capture_span *got = capture_named(c, "common");
    /* A set that meets a compaction, or a log that another thread, stopped in the middle of its set, keeps from being compacted, is counted. */
    assert_true(got->n_attributes == THREADS * KEYS || (got->n_attributes >= KEYS && got->dropped_attributes_count > 0));
    for (size_t i = 0; i < got->n_attributes; i++) {
        unsigned thread;
        int key, round;
        assert_int_equal(sscanf(got->attributes[i]->key, "%u.%d", &thread, &key), 2);
        assert_ptr_equal(capture_find(got->attributes, got->n_attributes, got->attributes[i]->key), got->attributes[i]);
        assert_true(one_of_its_values(got->attributes[i]->value->string_value, thread, key, &round));
        assert_true(round == ROUNDS - 1 || got->dropped_attributes_count > 0);
    }
}

static uint64_t turn, ended_handle;

static void *set_while_it_ends(void *arg)
{
    char key[8] = { (char)('k' + (int)(uintptr_t)arg), 0 }, value[320];
    uint64_t seen = 0;
    for (;;) {
        uint64_t now = __atomic_load_n(&turn, __ATOMIC_ACQUIRE);
        if (now == UINT64_MAX)
            return NULL;
        if (now == seen)
            continue;
        seen = now;
        const spw_span span = { .handle = __atomic_load_n(&ended_handle, __ATOMIC_ACQUIRE) };
        for (int round = 0; round < 40; round++) {
            make_value(value, (uintptr_t)arg, 0, round * 37 % ROUNDS);
            spw_set_string(span, key, value);
            spw_add_event(span, key, NULL, 0);
        }
    }
}

static void a_span_may_end_while_it_is_set(void **state)
{
    (void)state;
    enum { TURNS = 600 };
    pthread_t threads[2];
    turn = 0;
    for (uintptr_t i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, set_while_it_ends, (void *)i), 0);
    for (uint64_t i = 1; i <= TURNS; i++) {
        spw_span span = spw_span_start(NULL, "turn", NULL);
        __atomic_store_n(&ended_handle, span.handle, __ATOMIC_RELEASE);
        __atomic_store_n(&turn, i, __ATOMIC_RELEASE);
        for (unsigned spin = 0; spin < (i * 97) % 20000; spin++)
            __asm__ volatile("" ::: "memory");
        spw_span_end(span);
        usleep(200); /* the setters are done with this one, or set it after its end */
    }
    __atomic_store_n(&turn, UINT64_MAX, __ATOMIC_RELEASE);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    flush();
    assert_int_equal(capture_count(c), TURNS);
    for (size_t i = 0; i < TURNS; i++) {
        const capture_span *got = capture_at(c, i);
        assert_true(got->n_attributes <= 2);
        for (size_t k = 0; k < got->n_attributes; k++) {
            const char *value = got->attributes[k]->value->string_value;
            assert_int_equal(strspn(value, (const char[]){ value[0], 0 }), strlen(value));
            assert_int_equal((value[0] - 'a') / 6, got->attributes[k]->key[0] - 'k');
        }
        for (size_t k = 0; k < got->n_events; k++)
            assert_int_equal(strlen(got->events[k]->name), 1);
    }
}

/* As many writers as there can be, none of whom may be waited for: each may be a thread that a handler has interrupted to end this span. */
static void an_end_waits_for_no_writer(void **state)
{
    (void)state;
    enum { WRITERS = SPW__WRITERS_MASK / SPW__WRITER };
    static const uint8_t wire[] = { SPW__TAG_EVENT, 3, 0x12, 1, 'e' };
    struct spw__engine *engine = spw__engine_current();
    struct spw__writer writers[WRITERS];
    spw_span span = spw_span_start(NULL, "crowded", NULL);
    for (int i = 0; i < WRITERS; i++)
        assert_true(spw__slot_reserve(engine, span.handle, sizeof wire, SPW__FRAME_EVENT, false, &writers[i]));
    spw_span_end_at(span, UINT64_MAX - 1);
    assert_false(spw_is_recording(span));
    spw_span_end(span);
    spw_set_int(span, "late", 1);
    for (int i = 0; i < WRITERS; i++) {
        spw__writer_put(&writers[i], wire, sizeof wire);
        spw__slot_commit(&writers[i], span.handle, sizeof wire, SPW__FRAME_EVENT, 0);
    }
    flush();
    assert_int_equal(capture_count(c), 1);
    const capture_span *got = capture_named(c, "crowded");
    assert_int_equal(got->n_events, WRITERS);
    assert_int_equal(got->n_attributes, 0);
    assert_true(got->end_time_unix_nano == UINT64_MAX - 1);
}

static uint32_t hammering;

static void *hammer_ended_spans(void *arg)
{
    char text[600];
    memset(text, 's', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    while (__atomic_load_n(&hammering, __ATOMIC_ACQUIRE)) {
        const spw_span stale = { .handle = __atomic_load_n(&ended_handle, __ATOMIC_ACQUIRE) };
        spw_set_string(stale, "stale", text);
        spw_add_event(stale, "stale", NULL, 0);
        spw_set_int(stale, "", 1);
        spw_span_end(stale);
    }
    return arg;
}

static void an_ended_handle_never_reaches_the_next_owner(void **state)
{
    (void)state;
    enum { SPANS = 30000 };
    pthread_t threads[2];
    char text[500];
    memset(text, 't', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    hammering = 1;
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hammer_ended_spans, NULL), 0);
    for (int i = 0; i < SPANS; i++) {
        spw_span span = spw_span_start(NULL, "span", NULL);
        for (int k = 0; k < 3 && i % 4 == 0; k++)
            spw_set_string(span, k == 0 ? "a" : k == 1 ? "b" : "c", text); /* spills */
        spw_span_end(span);
        __atomic_store_n(&ended_handle, span.handle, __ATOMIC_RELEASE);
    }
    __atomic_store_n(&hammering, 0, __ATOMIC_RELEASE);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    flush();
    assert_int_equal(capture_count(c), SPANS);
    for (size_t i = 0; i < SPANS; i++) {
        const capture_span *got = capture_at(c, i);
        assert_true(got->n_attributes == 0 || got->n_attributes == 3);
        assert_int_equal(got->n_events + got->dropped_attributes_count + got->dropped_events_count, 0);
        assert_null(capture_string(got, "stale"));
    }
}

int main(void)
{
#define TEST(fn, begin) cmocka_unit_test_setup_teardown(fn, begin, stop)
    const struct CMUnitTest tests[] = {
        TEST(spans_may_end_on_other_threads, start),
        TEST(a_span_ended_by_all_is_one_record, start),
        TEST(threads_that_set_one_span_do_not_hurt_each_other, start),
        TEST(a_span_may_end_while_it_is_set, start),
        TEST(an_end_waits_for_no_writer, start),
        TEST(an_ended_handle_never_reaches_the_next_owner, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
