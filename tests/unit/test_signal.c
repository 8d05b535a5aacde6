/* Signal handlers that record: on a thread that records, that is met for the first time, that is in the middle of a set. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "record/slot.h"
#include "record/thread.h"
#include "support/capture.h"
#include "support/cost.h"

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

static uint32_t handled, hammering;

static void record_in_handler(int signal)
{
    (void)signal;
    spw_span current = spw_span_current();
    spw_add_event(current, "signal", NULL, 0);
    spw_set(current, "signal", 1);
    spw_span_end(spw_span_start(NULL, "from the handler", NULL));
    spw_token token = spw_context_attach(spw_context_current());
    (void)spw_context_detach(token);
    __atomic_add_fetch(&handled, 1, __ATOMIC_RELEASE);
}

static void handle_signal(void)
{
    struct sigaction action = { .sa_handler = record_in_handler, .sa_flags = SA_RESTART };
    sigaction(SIGUSR1, &action, NULL);
}

static pthread_t target;

static void *shoot(void *arg)
{
    while (__atomic_load_n(&hammering, __ATOMIC_ACQUIRE)) {
        pthread_kill(target, SIGUSR1);
        usleep(100);
    }
    return arg;
}

static void a_signal_handler_may_record(void **state)
{
    (void)state;
    handle_signal();
    hammering = 1;
    handled = 0;
    target = pthread_self();
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, shoot, NULL), 0);
    int spans = 0;
    while (__atomic_load_n(&handled, __ATOMIC_ACQUIRE) < 2000) {
        SPW_SPAN(outer, "outer");
        SPW_SPAN(inner, "inner");
        spw_set(inner, "k", "v");
        spans += 2;
        if (spans % 10000 == 0)
            (void)spw_flush(5000);
    }
    __atomic_store_n(&hammering, 0, __ATOMIC_RELEASE);
    pthread_join(thread, NULL);
    assert_false(spw_span_is_valid(spw_span_current()));
    flush();
    spw_pipeline_stats stats = capture_stats(0);
    uint64_t full = stats.dropped[SPW_DROP_QUEUE_FULL], kept_out = stats.dropped[SPW_DROP_REENTRANT];
    assert_int_equal(stats.ended, (uint64_t)spans + handled);
    assert_int_equal(stats.exported + full + kept_out, stats.ended);
    assert_int_equal(capture_count(c), stats.exported);
}

static void *first_span_of_a_thread(void *arg)
{
    spw_span span = spw_span_start(NULL, "first", NULL);
    spw_span_end(span);
    return arg;
}

/* The handler comes while the thread is still being made known to the library. */
static void a_handler_may_interrupt_a_threads_first_span(void **state)
{
    (void)state;
    handle_signal();
    handled = 0;
    struct spw__engine *engine = spw__engine_current();
    pthread_mutex_lock(&engine->lock); /* where a thread's first span waits */
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, first_span_of_a_thread, NULL), 0);
    usleep(50000);
    pthread_kill(thread, SIGUSR1);
    for (int i = 0; i < 2000 && !__atomic_load_n(&handled, __ATOMIC_ACQUIRE); i++)
        usleep(1000);
    pthread_mutex_unlock(&engine->lock);
    pthread_join(thread, NULL);
    assert_int_equal(handled, 1);
    flush();
    assert_non_null(capture_named(c, "first"));
}

/*
 * A handler that interrupted its own thread in the middle of a set cannot know it, and waits in vain for that set to come to its end before
 * it compacts a long span. With a signal every 50 us a wait of 200 us each time would be the end of the program.
 */
static void a_handler_in_the_middle_of_a_set_does_not_wait_for_it(void **state)
{
    (void)state;
    enum { SETS = 5000, FRAME = 16 };
    spw_span span = spw_span_start(NULL, "long", NULL);
    struct spw__engine *engine = spw__engine_current();
    struct spw__writer interrupted;
    assert_true(spw__slot_reserve(engine, span.handle, FRAME, SPW__FRAME_DEAD, false, &interrupted));
    uint64_t begun = cost_cpu_ns();
    for (int i = 0; i < SETS; i++)
        spw_set_int(span, "counter", i);
    uint64_t took = cost_cpu_ns() - begun;
    spw__slot_commit(&interrupted, span.handle, FRAME, SPW__FRAME_DEAD, 0);
    spw_span_end(span);
    flush();
    const capture_span *got = capture_named(c, "long");
    assert_int_equal(got->n_attributes, 1);
    assert_int_equal(got->attributes[0]->value->int_value, SETS - 1);
    assert_true(took < COST_FACTOR * 20000000ull); /* it was a second */
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, start, stop)
    const struct CMUnitTest tests[] = {
        TEST(a_signal_handler_may_record),
        TEST(a_handler_may_interrupt_a_threads_first_span),
        TEST(a_handler_in_the_middle_of_a_set_does_not_wait_for_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
