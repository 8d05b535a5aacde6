/* Handles: stale, ended, foreign, made up; ends and sets from many threads; slots that run out. */
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

/* ---- threads ---- */

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
        TEST(an_ended_span_takes_nothing, start),
        TEST(made_up_handles_are_harmless, start),
        TEST(a_handle_of_no_generation_meets_no_open_slot, start),
        TEST(generations_of_a_slot_never_repeat, start),
        TEST(an_ended_span_is_still_a_parent, start),
        TEST(slots_run_out_and_come_back, start_ten_slots),
        TEST(an_idle_thread_leaves_the_slots_to_others, start_hundred_slots),
        TEST(spans_may_end_on_other_threads, start),
        TEST(a_span_ended_by_all_is_one_record, start),
        TEST(threads_that_set_one_span_do_not_hurt_each_other, start),
        TEST(a_span_may_end_while_it_is_set, start),
        TEST(an_end_waits_for_no_writer, start),
        TEST(an_ended_handle_never_reaches_the_next_owner, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
