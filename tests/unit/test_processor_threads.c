/* Span processors and threads: those that write while a span ends, many at once, one that blocks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <string.h>

#include "support/recorder.h"
#include "support/sampling.h"

static capture *c;

/* Threads that write to the span as it ends: everything of theirs is there before on_ending, or not at all. */
static uint32_t writers_stop; /* atomic */
static uint32_t changed_meanwhile;

static void watch_at_end(spw_span span)
{
    static _Thread_local uint8_t before[65536], after[65536];
    spw_span_view first, second;
    if (!spw_span_snapshot(span, before, sizeof before, &first))
        return;
    for (int i = 0; i < 3; i++)
        sched_yield();
    bool same = spw_span_snapshot(span, after, sizeof after, &second) && first.encoded.size == second.encoded.size &&
                memcmp(first.encoded.data, second.encoded.data, first.encoded.size) == 0;
    if (!same)
        __atomic_add_fetch(&changed_meanwhile, 1, __ATOMIC_RELAXED);
    spw_set_bool(span, "watched", true);
}

static spw_span shared[64]; /* words stored one by one; a torn value is a stale one */
static uint64_t shared_handles[64];

static void *write_all(void *arg)
{
    (void)arg;
    for (unsigned i = 0; !__atomic_load_n(&writers_stop, __ATOMIC_RELAXED); i++) {
        spw_span span = { .handle = __atomic_load_n(&shared_handles[i % 64], __ATOMIC_RELAXED) };
        if (span.handle)
            spw_set_int(span, "w", i);
    }
    return NULL;
}

static void nobody_else_changes_a_span_in_on_ending(void **state)
{
    (void)state;
    recorder a = recorder_make("1");
    a.ending = watch_at_end;
    changed_meanwhile = 0;
    writers_stop = 0;
    c = recorder_start_one(&a, NULL);
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, write_all, NULL);
    enum { ROUNDS = 60 };
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < 64; i++) {
            shared[i] = spw_span_start(NULL, "shared", NULL);
            __atomic_store_n(&shared_handles[i], shared[i].handle, __ATOMIC_RELAXED);
        }
        for (int i = 0; i < 64; i++)
            spw_span_end(shared[i]);
    }
    __atomic_store_n(&writers_stop, 1, __ATOMIC_RELAXED);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(changed_meanwhile, 0);
    assert_int_equal(spw_flush(20000), SPW_OK);
    size_t count = capture_count(c);
    assert_int_equal(count + capture_stats(0).dropped[SPW_DROP_REENTRANT], ROUNDS * 64);
    for (size_t i = 0; i < count; i++)
        assert_non_null(capture_find(capture_at(c, i)->attributes, capture_at(c, i)->n_attributes, "watched"));
    capture_stop(c);
}

/* A processor hands the value of on_ending to another thread, which is not allowed: nothing breaks. */
static uint64_t leaked; /* atomic */

static void leak_at_end(spw_span span)
{
    __atomic_store_n(&leaked, span.handle, __ATOMIC_RELEASE);
    for (int i = 0; i < 5; i++)
        sched_yield();
}

static void *use_leaked(void *arg)
{
    (void)arg;
    while (!__atomic_load_n(&writers_stop, __ATOMIC_RELAXED)) {
        spw_span span = { .handle = __atomic_load_n(&leaked, __ATOMIC_ACQUIRE) };
        if (span.handle) {
            spw_set_string(span, "leaked", "a value that takes a little while to copy, but not too long");
            spw_span_end(span);
        }
    }
    return NULL;
}

static void a_value_leaked_from_on_ending_does_no_harm(void **state)
{
    (void)state;
    recorder a = recorder_make("1");
    a.ending = leak_at_end;
    writers_stop = 0;
    c = recorder_start_one(&a, NULL);
    pthread_t thread;
    pthread_create(&thread, NULL, use_leaked, NULL);
    enum { COUNT = 3000 };
    for (int i = 0; i < COUNT; i++)
        spw_span_end(spw_span_start(NULL, "leaky", NULL));
    __atomic_store_n(&writers_stop, 1, __ATOMIC_RELAXED);
    pthread_join(thread, NULL);
    assert_int_equal(spw_flush(20000), SPW_OK);
    assert_int_equal(capture_count(c), COUNT);
    spw_stats now = SPW_STATS_INIT;
    spw_stats_get(&now);
    assert_int_equal(now.spans_open, 0);
    capture_stop(c);
}

/* ---- many threads ---- */

static uint32_t starts, endings, ends; /* atomic */

static void count_start(spw_span span, const spw_context *parent)
{
    (void)parent;
    __atomic_add_fetch(&starts, 1, __ATOMIC_RELAXED);
    spw_set_int(span, "s", 1);
}

static void count_ending(spw_span span)
{
    __atomic_add_fetch(&endings, 1, __ATOMIC_RELAXED);
    spw_set_int(span, "g", 1);
}

static void count_end(const spw_span_view *span)
{
    unsigned attributes = 0;
    spw_attr attr;
    for (spw_attr_iter it = span->attributes; spw_attr_next(&it, &attr);)
        attributes++;
    if (attributes >= 3)
        __atomic_add_fetch(&ends, 1, __ATOMIC_RELAXED);
}

static void quiet_start(spw_processor *self, spw_span span, const spw_context *parent)
{
    ((recorder *)(void *)self)->starting(span, parent);
}

static void quiet_ending(spw_processor *self, spw_span span)
{
    ((recorder *)(void *)self)->ending(span);
}

static void quiet_end(spw_processor *self, const spw_span_view *span)
{
    ((recorder *)(void *)self)->ended(span);
}

enum { THREADS = 4, SPANS = 2000 };

static void *record_many(void *arg)
{
    (void)arg;
    for (int i = 0; i < SPANS; i++) {
        spw_span span = spw_span_start(NULL, "many", NULL);
        spw_set_int(span, "i", i);
        spw_span_end(span);
    }
    return NULL;
}

static void many_threads_at_once(void **state)
{
    (void)state;
    recorder a = recorder_make("1");
    a.base.on_start = quiet_start;
    a.base.on_ending = quiet_ending;
    a.base.on_end = quiet_end;
    a.starting = count_start;
    a.ending = count_ending;
    a.ended = count_end;
    starts = endings = ends = 0;
    c = recorder_start_one(&a, NULL);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, record_many, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(starts, THREADS * SPANS);
    assert_int_equal(endings, THREADS * SPANS);
    assert_int_equal(ends, THREADS * SPANS);
    assert_int_equal(spw_flush(20000), SPW_OK);
    assert_int_equal(capture_count(c), THREADS * SPANS);
    capture_stop(c);
}

/* ---- a processor that blocks ---- */

static sem_t entered, let_go;

static void block_at_start(spw_span span, const spw_context *parent)
{
    (void)span;
    (void)parent;
    sem_post(&entered);
    sem_wait(&let_go);
}

static void *start_one_span(void *arg)
{
    (void)arg;
    spw_span_end(spw_span_start(NULL, "blocked", NULL));
    return NULL;
}

static void a_processor_that_blocks_is_left_alone(void **state)
{
    (void)state;
    sem_init(&entered, 0, 0);
    sem_init(&let_go, 0, 0);
    static recorder a;
    a = recorder_make("1");
    a.starting = block_at_start;
    c = recorder_start_one(&a, NULL);
    pthread_t thread;
    pthread_create(&thread, NULL, start_one_span, NULL);
    sem_wait(&entered);
    (void)spw_shutdown(300);
    assert_string_equal(recorder_calls, "s1 "); /* neither shut down nor destroyed */
    sem_post(&let_go);
    pthread_join(thread, NULL);
    assert_string_equal(recorder_calls, "s1 ");
    capture_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_else_changes_a_span_in_on_ending),
        cmocka_unit_test(a_value_leaked_from_on_ending_does_no_harm),
        cmocka_unit_test(many_threads_at_once),
        cmocka_unit_test(a_processor_that_blocks_is_left_alone),
    };
    return cmocka_run_group_tests_name("processor_threads", tests, NULL, NULL);
}
