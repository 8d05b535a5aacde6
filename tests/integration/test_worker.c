/* What wakes the worker, what it may sleep over, and what becomes of one that an exporter holds. */
#include <pthread.h>
#include <setjmp.h>
#include <spanwire/exporter.h>
#include <spanwire/spanwire.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "record/queue.h"
#include "record/thread.h"
#include "sdk/sdk.h"
#include "support/script_exporter.h"

static uint64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static bool within(uint64_t ms, bool (*done)(void))
{
    for (uint64_t until = now_ms() + ms; !done();) {
        if (now_ms() >= until)
            return false;
        usleep(1000);
    }
    return true;
}

static void record_one(void)
{
    spw_span_end(spw_span_start(NULL, "one", NULL));
}

/* ---- an exporter whose answers the test gives, from its own thread ---- */

struct manual {
    spw_exporter base;
    uint64_t spans, submits, flushes; /* atomic */
    uint64_t submit_sleep_ms;
    bool answer_at_cancel, answer_at_flush;
    bool held, inside; /* submit() does not return; atomic */
    const spw_batch *batch;
    spw_export_done_fn done;
    void *token;
};

static struct manual all_manuals[32], *manuals = all_manuals; /* two for each start: one of before may still be in use */

static void manual_answer(struct manual *m)
{
    spw_export_result ok = SPW_EXPORT_RESULT_INIT;
    m->done(m->token, &ok);
}

static void manual_submit(spw_exporter *base, const spw_batch *batch, spw_export_done_fn done, void *token)
{
    struct manual *m = (struct manual *)base;
    if (m->submit_sleep_ms)
        usleep((useconds_t)m->submit_sleep_ms * 1000);
    __atomic_store_n(&m->inside, true, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&m->held, __ATOMIC_SEQ_CST))
        usleep(1000);
    m->done = done;
    m->token = token;
    m->batch = batch;
    __atomic_add_fetch(&m->spans, spw_batch_count(batch), __ATOMIC_SEQ_CST);
    __atomic_add_fetch(&m->submits, 1, __ATOMIC_SEQ_CST);
}

static void manual_cancel(spw_exporter *base)
{
    struct manual *m = (struct manual *)base;
    if (m->answer_at_cancel)
        manual_answer(m); /* as if another thread's answer had come an instant before */
}

static void manual_flush(spw_exporter *base)
{
    struct manual *m = (struct manual *)base;
    __atomic_add_fetch(&m->flushes, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&m->answer_at_flush, __ATOMIC_SEQ_CST))
        manual_answer(m);
}

static bool first_submitted(void)
{
    return __atomic_load_n(&manuals[0].submits, __ATOMIC_SEQ_CST) >= 1;
}

static bool first_submitted_again(void)
{
    return __atomic_load_n(&manuals[0].submits, __ATOMIC_SEQ_CST) >= 2;
}

static bool one_exported(void)
{
    return account().exported == 1;
}

static bool both_submitted(void)
{
    return first_submitted() && __atomic_load_n(&manuals[1].submits, __ATOMIC_SEQ_CST) >= 1;
}

static bool second_submitted_again(void)
{
    return __atomic_load_n(&manuals[1].submits, __ATOMIC_SEQ_CST) >= 2;
}

static spw_result manual_start(size_t count, uint32_t export_timeout_ms)
{
    spw_pipeline_options pipelines[2];
    manuals += 2;
    assert_true(manuals + 2 <= all_manuals + 32);
    for (size_t i = 0; i < count; i++) {
        manuals[i].base = (spw_exporter){ .struct_size = sizeof manuals[i].base, .name = "manual", .submit = manual_submit,
                                         .flush = manual_flush, .cancel = manual_cancel };
        pipelines[i] = (spw_pipeline_options)SPW_PIPELINE_OPTIONS_INIT;
        pipelines[i].exporter = &manuals[i].base;
        pipelines[i].schedule_delay_ms = 1;
        pipelines[i].export_timeout_ms = export_timeout_ms;
    }
    spw_options options = SPW_OPTIONS_INIT;
    options.pipelines = pipelines;
    options.pipeline_count = count;
    options.log_level = SPW_LOG_NONE;
    options.exit_timeout_ms = SPW_NOW;
    return spw_start(&options);
}

/* ---- flushing ---- */

/* An exporter that answers within submit() answers on the worker itself, which must not go to sleep over it. */
static void test_flush_cuts_a_back_off_short(void **state)
{
    (void)state;
    struct script_exporter *e = script_exporter_new();
    script_exporter_push(e, (struct script_answer){ .status = SPW_EXPORT_RETRY, .retry_after_ms = 60000 });
    spw_pipeline_options p = SPW_PIPELINE_OPTIONS_INIT;
    p.schedule_delay_ms = 1;
    script_start(e, &p);
    record_one();
    for (uint64_t until = now_ms() + 2000; script_exporter_submits(e) < 1 && now_ms() < until;)
        usleep(1000);
    usleep(20000);
    assert_int_equal(spw_flush(20000), SPW_OK); /* and not after 60 s */
    spw_shutdown(1000);
    script_exporter_free(e);
}

static void *flush_often(void *arg)
{
    uint64_t *failed = arg;
    for (int i = 0; i < 300; i++)
        if (spw_flush(20000) != SPW_OK)
            __atomic_add_fetch(failed, 1, __ATOMIC_RELAXED);
    return NULL;
}

/* Each is served, also when one wake-up stands for several of them. */
static void test_flushes_at_once(void **state)
{
    (void)state;
    struct script_exporter *e = script_exporter_new();
    script_start(e, NULL);
    pthread_t threads[4];
    uint64_t failed = 0, begun = now_ms();
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, flush_often, &failed), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(failed, 0);
    assert_true(now_ms() - begun < 15000); /* one that is not served takes its 20 s */
    spw_shutdown(1000);
    script_exporter_free(e);
}

static void *answer_later(void *arg)
{
    (void)arg;
    usleep(300000);
    manual_answer(&manuals[0]);
    return NULL;
}

static void test_flush_of_49_days(void **state)
{
    (void)state;
    assert_int_equal(manual_start(1, 0), SPW_OK);
    record_one();
    assert_true(within(20000, first_submitted));
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, answer_later, NULL), 0);
    assert_int_equal(spw_flush(4233600000), SPW_OK);
    pthread_join(thread, NULL);
    spw_shutdown(1000);
}

/* "ForceFlush: a hint to ensure that the export of any Spans the exporter has received prior to the call [is] completed as soon as possible". */
static void test_a_flush_tells_the_exporter(void **state)
{
    (void)state;
    assert_int_equal(manual_start(1, 0), SPW_OK);
    record_one();
    assert_true(within(20000, first_submitted));
    assert_int_equal(spw_flush(SPW_NOW), SPW_ERR_TIMEOUT);
    assert_int_equal(spw_flush(SPW_NOW), SPW_ERR_TIMEOUT);
    assert_int_equal(manuals[0].flushes, 1); /* once for one submit */
    manual_answer(&manuals[0]);
    __atomic_store_n(&manuals[0].answer_at_flush, true, __ATOMIC_SEQ_CST);
    record_one();
    assert_int_equal(spw_flush(20000), SPW_OK); /* it answers because of that alone */
    assert_int_equal(spw_flush(20000), SPW_OK);
    assert_int_equal(manuals[0].flushes, 2);
    assert_int_equal(spw_shutdown(20000), SPW_OK);
    assert_int_equal(manuals[0].flushes, 2);
}

/* ---- sleeping ---- */

/*
 * A thread that has asked for admission while a pipeline was exporting commits when that pipeline has gone idle; its recorder is still being
 * drained, for another pipeline hangs. Nothing else happens: the commit alone must bring the record out.
 */
static void test_commit_after_the_worker_fell_asleep(void **state)
{
    (void)state;
    assert_int_equal(manual_start(2, 60000), SPW_OK);
    struct spw__engine *engine = spw__engine_current();
    record_one();
    assert_true(within(20000, both_submitted));
    usleep(20000); /* asleep by now */

    static const uint8_t span[] = { 0x12, 0x02, 0x2a, 0x00 };
    bool reentrant, urgent;
    struct spw__recorder *recorder = spw__enter(engine, &reentrant);
    assert_non_null(recorder);
    if (!recorder)
        return; /* gcc at -O2 takes the assertion for one that returns */
    spw__bump(&recorder->ended, 1);
    uint32_t lanes = spw__queue_admit(recorder, &urgent);
    assert_int_equal(lanes, 3);
    uint8_t *room = spw__queue_reserve(recorder, sizeof span, lanes, spw__mono_ns());
    assert_non_null(room);
    manual_answer(&manuals[1]);
    usleep(50000); /* idle, and asleep again */
    memcpy(room, span, sizeof span);
    spw__queue_commit(recorder, sizeof span, 0, lanes, urgent);
    spw__leave(recorder);

    assert_true(within(20000, second_submitted_again));
    manual_answer(&manuals[0]);
    manual_answer(&manuals[1]);
    spw_shutdown(0);
}

/* An answer that comes just as the export's time is over is the answer. */
static void test_answer_at_the_last_moment(void **state)
{
    (void)state;
    assert_int_equal(manual_start(1, 50), SPW_OK);
    manuals[0].answer_at_cancel = true;
    record_one();
    assert_true(within(20000, first_submitted));
    assert_true(within(20000, one_exported));
    assert_int_equal(account().ambiguous, 0);
    record_one();
    assert_true(within(20000, first_submitted_again));
    (void)spw_shutdown(1); /* the same at the deadline of a shutdown */
    assert_int_equal(account().exported, 2);
    assert_int_equal(account().dropped[SPW_DROP_SHUTDOWN_DEADLINE], 0);
    assert_identity();
}

/* ---- a worker that is left behind ---- */

/* Two workers on one set of rows would give back the same memory twice: the next start waits until the first has gone. */
static void test_start_while_an_exporter_holds_the_worker(void **state)
{
    (void)state;
    assert_int_equal(manual_start(1, 0), SPW_OK);
    manuals[0].submit_sleep_ms = 600;
    record_one();
    assert_int_equal(spw_shutdown(50), SPW_ERR_TIMEOUT);
    spw_error error = SPW_ERROR_INIT;
    struct script_exporter *e = script_exporter_new();
    spw_pipeline_options p = SPW_PIPELINE_OPTIONS_INIT;
    p.exporter = script_exporter_base(e);
    spw_options options = SPW_OPTIONS_INIT;
    options.pipelines = &p;
    options.pipeline_count = 1;
    options.log_level = SPW_LOG_ERROR;
    options.error = &error;
    assert_int_equal(spw_start(&options), SPW_ERR_ALREADY_STARTED);
    assert_non_null(strstr(error.text, "exporter"));
    assert_true(script_exporter_destroyed(e));
    script_exporter_free(e);
    spw_result result = SPW_ERR_ALREADY_STARTED;
    for (int i = 0; i < 7 && result == SPW_ERR_ALREADY_STARTED; i++) {
        usleep(900000);
        result = manual_start(1, 0);
    }
    assert_int_equal(result, SPW_OK);
    spw_shutdown(0);
}

static bool first_inside(void)
{
    return __atomic_load_n(&manuals[0].inside, __ATOMIC_SEQ_CST);
}

static unsigned flushes_listed(void)
{
    unsigned count = 0;
    pthread_mutex_lock(&spw__sdk.worker->lock);
    for (const struct spw__flush *f = spw__sdk.worker->flushes; f; f = f->next)
        count++;
    pthread_mutex_unlock(&spw__sdk.worker->lock);
    return count;
}

/* Who flushes every second does not fill the memory; and what the first of them asked for is done when the worker comes back. */
static void test_flushes_do_not_pile_up_behind_a_held_worker(void **state)
{
    (void)state;
    assert_int_equal(manual_start(1, 0), SPW_OK);
    __atomic_store_n(&manuals[0].held, true, __ATOMIC_SEQ_CST);
    record_one();
    assert_true(within(20000, first_inside));
    for (int i = 0; i < 20; i++)
        assert_int_equal(spw_flush(1), SPW_ERR_TIMEOUT);
    assert_in_range(flushes_listed(), 1, 2);
    __atomic_store_n(&manuals[0].held, false, __ATOMIC_SEQ_CST);
    assert_true(within(20000, first_submitted));
    manual_answer(&manuals[0]);
    assert_true(within(20000, one_exported));
    assert_int_equal(spw_flush(20000), SPW_OK);
    assert_int_equal(flushes_listed(), 0);
}

/* Lent until done() returns, a shutdown's deadline or not. */
static void test_a_batch_stays_lent_to_an_exporter_without_cancel(void **state)
{
    (void)state;
    assert_int_equal(manual_start(1, 0), SPW_OK);
    manuals[0].base.cancel = NULL;
    record_one();
    assert_true(within(20000, first_submitted));
    record_one();
    assert_int_equal(spw_shutdown(20), SPW_ERR_TIMEOUT);
    assert_int_equal(account().dropped[SPW_DROP_SHUTDOWN_DEADLINE], 2);
    assert_identity();
    uint8_t body[4096];
    assert_int_equal(spw_batch_count(manuals[0].batch), 1);
    size_t size = spw_batch_encode(manuals[0].batch, body, sizeof body);
    assert_int_equal(size, spw_batch_encoded_size(manuals[0].batch));
    assert_true(size > 0);
    spw_options options = SPW_OPTIONS_INIT;
    options.log_level = SPW_LOG_ERROR;
    assert_int_equal(spw_start(&options), SPW_ERR_ALREADY_STARTED);
    manual_answer(&manuals[0]);
    assert_int_equal(manual_start(1, 0), SPW_OK);
    assert_identity();
    spw_shutdown(0);
}

static int stop(void **state)
{
    (void)state;
    spw_shutdown(0);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_flush_cuts_a_back_off_short, stop),
        cmocka_unit_test_teardown(test_flushes_at_once, stop),
        cmocka_unit_test_teardown(test_flush_of_49_days, stop),
        cmocka_unit_test_teardown(test_a_flush_tells_the_exporter, stop),
        cmocka_unit_test_teardown(test_commit_after_the_worker_fell_asleep, stop),
        cmocka_unit_test_teardown(test_answer_at_the_last_moment, stop),
        cmocka_unit_test_teardown(test_start_while_an_exporter_holds_the_worker, stop),
        cmocka_unit_test_teardown(test_flushes_do_not_pile_up_behind_a_held_worker, stop),
        cmocka_unit_test_teardown(test_a_batch_stays_lent_to_an_exporter_without_cancel, stop),
    };
    return cmocka_run_group_tests_name("worker", tests, NULL, NULL);
}
