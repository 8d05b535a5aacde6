/* Exporters on threads of their own: cancelled from the worker's, destroyed before a shutdown returns, or left behind, and that is said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "support/capture.h"

/* ---- an exporter whose submit() waits until it is cancelled, or let go ---- */

enum habit { WAITS, ANSWERS, COMES_BACK_WITHOUT_AN_ANSWER };

struct blocking {
    spw_exporter base;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    enum habit habit; /* of the first submit; later ones deliver */
    bool cancelled, let_go, destroyed;
    unsigned submits, cancels, spans;
    pthread_t submit_thread, cancel_thread, destroy_thread;
};

static void submit(spw_exporter *base, const spw_batch *batch, spw_export_done_fn done, void *token)
{
    struct blocking *b = (struct blocking *)base;
    spw_export_result result = SPW_EXPORT_RESULT_INIT;
    pthread_mutex_lock(&b->lock);
    bool first = b->submits++ == 0;
    b->submit_thread = pthread_self();
    pthread_cond_broadcast(&b->changed);
    while (first && b->habit == WAITS && !b->cancelled && !b->let_go)
        pthread_cond_wait(&b->changed, &b->lock);
    bool later = first && b->habit == COMES_BACK_WITHOUT_AN_ANSWER;
    if (b->cancelled && first)
        result.status = SPW_EXPORT_PERMANENT; /* ignored: the SDK has given it up */
    else if (!later)
        b->spans += (unsigned)spw_batch_count(batch);
    pthread_mutex_unlock(&b->lock);
    if (!later)
        done(token, &result);
}

static void cancel(spw_exporter *base)
{
    struct blocking *b = (struct blocking *)base;
    pthread_mutex_lock(&b->lock);
    b->cancels++;
    b->cancelled = true;
    b->cancel_thread = pthread_self();
    pthread_cond_broadcast(&b->changed);
    pthread_mutex_unlock(&b->lock);
}

static void let_go(spw_exporter *base)
{
    struct blocking *b = (struct blocking *)base;
    pthread_mutex_lock(&b->lock);
    b->let_go = true;
    pthread_cond_broadcast(&b->changed);
    pthread_mutex_unlock(&b->lock);
}

static void destroy(spw_exporter *base)
{
    struct blocking *b = (struct blocking *)base;
    pthread_mutex_lock(&b->lock);
    b->destroyed = true;
    b->destroy_thread = pthread_self();
    pthread_cond_broadcast(&b->changed);
    pthread_mutex_unlock(&b->lock);
}

static struct blocking *blocking_new(enum habit habit)
{
    struct blocking *b = calloc(1, sizeof *b);
    assert_non_null(b);
    b->base = (spw_exporter){ .struct_size = sizeof b->base, .name = "blocking", .flags = SPW_EXPORTER_BLOCKS, .submit = submit,
                              .cancel = cancel, .destroy = destroy };
    b->habit = habit;
    pthread_mutex_init(&b->lock, NULL);
    pthread_cond_init(&b->changed, NULL);
    return b;
}

static bool is_destroyed(struct blocking *b)
{
    pthread_mutex_lock(&b->lock);
    bool destroyed = b->destroyed;
    pthread_mutex_unlock(&b->lock);
    return destroyed;
}

/* Lets it go when it still waits, and waits until it is destroyed. */
static void blocking_free(struct blocking *b)
{
    pthread_mutex_lock(&b->lock);
    b->let_go = true;
    pthread_cond_broadcast(&b->changed);
    while (!b->destroyed)
        pthread_cond_wait(&b->changed, &b->lock);
    pthread_mutex_unlock(&b->lock);
    free(b);
}

static void await_submit(struct blocking *b)
{
    pthread_mutex_lock(&b->lock);
    while (!b->submits)
        pthread_cond_wait(&b->changed, &b->lock);
    pthread_mutex_unlock(&b->lock);
}

/* ---- around it ---- */

static unsigned left_behind; /* lines that say so */

static void hear(void *arg, spw_log_level level, const char *text)
{
    (void)arg;
    left_behind += level == SPW_LOG_WARN && strstr(text, "did not come back") != NULL;
}

static void start(struct blocking **exporters, size_t count, uint32_t export_timeout_ms)
{
    spw_pipeline_options pipelines[16];
    spw_options options = SPW_OPTIONS_INIT;
    for (size_t i = 0; i < count; i++) {
        pipelines[i] = (spw_pipeline_options)SPW_PIPELINE_OPTIONS_INIT;
        pipelines[i].exporter = &exporters[i]->base;
        pipelines[i].schedule_delay_ms = 1;
        pipelines[i].export_timeout_ms = export_timeout_ms;
    }
    options.pipelines = pipelines;
    options.pipeline_count = count;
    options.log_fn = hear;
    left_behind = 0;
    assert_int_equal(spw_start(&options), SPW_OK);
}

static void record_one(void)
{
    spw_span_end(spw_span_start(NULL, "one", NULL));
}

static uint64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- tests ---- */

/* Its submit() comes back, and the same batch is tried again: before, it was busy for ever. */
static void one_that_takes_too_long_is_cancelled(void **state)
{
    (void)state;
    struct blocking *b = blocking_new(WAITS);
    start(&b, 1, 100);
    record_one();
    assert_int_equal(spw_flush(20000), SPW_OK);
    assert_int_equal(b->cancels, 1);
    assert_int_equal(b->spans, 1);
    assert_false(pthread_equal(b->cancel_thread, b->submit_thread));
    assert_false(pthread_equal(b->cancel_thread, pthread_self()));
    assert_int_equal(capture_stats(0).exported, 1);
    assert_int_equal(capture_stats(0).dropped[SPW_DROP_PERMANENT], 0); /* what it said after the cancel */
    capture_check_accounts();
    assert_int_equal(spw_shutdown(20000), SPW_OK);
    blocking_free(b);
}

/* One that answers later, and is cancelled before: what it was given is not waited for any more. */
static void one_that_answers_never_is_cancelled(void **state)
{
    (void)state;
    struct blocking *b = blocking_new(COMES_BACK_WITHOUT_AN_ANSWER);
    start(&b, 1, 100);
    record_one();
    assert_int_equal(spw_flush(20000), SPW_OK);
    assert_in_range(b->cancels, 1, 2);
    assert_int_equal(b->spans, 1);
    assert_int_equal(spw_shutdown(20000), SPW_OK);
    blocking_free(b);
}

static void a_flush_reaches_it_while_it_blocks(void **state)
{
    (void)state;
    struct blocking *b = blocking_new(WAITS);
    b->base.flush = let_go;
    start(&b, 1, SPW_NEVER);
    record_one();
    await_submit(b);
    assert_int_equal(spw_flush(20000), SPW_OK);
    assert_int_equal(b->spans, 1);
    assert_int_equal(b->cancels, 0);
    assert_int_equal(spw_shutdown(20000), SPW_OK);
    blocking_free(b);
}

static void a_shutdown_cancels_and_destroys(void **state)
{
    (void)state;
    struct blocking *b = blocking_new(WAITS);
    start(&b, 1, SPW_NEVER);
    record_one();
    await_submit(b);
    assert_int_equal(spw_shutdown(100), SPW_ERR_TIMEOUT);
    assert_int_equal(b->cancels, 1);
    assert_true(is_destroyed(b));
    assert_true(pthread_equal(b->destroy_thread, b->submit_thread));
    assert_int_equal(left_behind, 0);
    assert_int_equal(capture_stats(0).dropped[SPW_DROP_SHUTDOWN_DEADLINE], 1);
    capture_check_accounts();
    blocking_free(b);
}

static void an_idle_one_is_destroyed_before_the_shutdown_returns(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        struct blocking *b = blocking_new(ANSWERS);
        start(&b, 1, SPW_NEVER);
        if (i % 2)
            record_one();
        assert_int_equal(spw_shutdown(20000), SPW_OK);
        assert_true(is_destroyed(b));
        assert_int_equal(b->spans, i % 2);
        blocking_free(b);
    }
}

enum { COUNT = 16 };

/* How long a shutdown takes that leaves that many behind. */
static uint64_t leave_behind(void)
{
    struct blocking *b[COUNT];
    for (int i = 0; i < COUNT; i++) {
        b[i] = blocking_new(WAITS);
        b[i]->base.cancel = NULL;
    }
    start(b, COUNT, SPW_NEVER);
    record_one();
    for (int i = 0; i < COUNT; i++)
        await_submit(b[i]);
    uint64_t begun = now_ms();
    assert_int_equal(spw_shutdown(100), SPW_ERR_TIMEOUT);
    uint64_t took = now_ms() - begun;
    assert_int_equal(left_behind, COUNT);
    for (int i = 0; i < COUNT; i++)
        assert_false(is_destroyed(b[i]));
    for (int i = 0; i < COUNT; i++)
        blocking_free(b[i]); /* waits for the destroy */
    return took;
}

/* Several of them cost the time of one: 150 ms, and what the machine takes; one after the other it would be 900. */
static void those_that_do_not_come_back_are_left_behind(void **state)
{
    (void)state;
    uint64_t took = leave_behind();
    for (int i = 0; i < 20 && took >= 600; i++)
        took = leave_behind();
    assert_true(took < 600);
    struct blocking *next = blocking_new(ANSWERS);
    start(&next, 1, SPW_NEVER); /* they hold nothing of ours */
    record_one();
    assert_int_equal(spw_shutdown(20000), SPW_OK);
    assert_int_equal(next->spans, 1);
    blocking_free(next);
}

static int stop(void **state)
{
    (void)state;
    (void)spw_shutdown(0);
    return 0;
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_teardown(fn, stop)
    const struct CMUnitTest tests[] = {
        TEST(one_that_takes_too_long_is_cancelled),
        TEST(one_that_answers_never_is_cancelled),
        TEST(a_flush_reaches_it_while_it_blocks),
        TEST(a_shutdown_cancels_and_destroys),
        TEST(an_idle_one_is_destroyed_before_the_shutdown_returns),
        TEST(those_that_do_not_come_back_are_left_behind),
    };
    return cmocka_run_group_tests_name("blocking", tests, NULL, NULL);
}
