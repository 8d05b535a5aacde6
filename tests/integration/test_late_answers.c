/*
 * An exporter that answers from a thread of its own, which the system stops in the middle of the answer: what it still stands in is not freed. The
 * linker puts our spw__loop_wake() before the SDK's, the last thing that an answer does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>
#include <spanwire/spanwire.h>
#include <unistd.h>

#include "sdk/loop.h"
#include "sdk/sdk.h"
#include "support/capture.h"

enum { STOPPED_MS = 200, PATIENCE_MS = 20000 };

static __thread bool answering;
static unsigned stopped, resumed, freed_under_it; /* atomic */
static unsigned over;                             /* atomic: the shutdown, or the start, has come back */

void __real_spw__loop_wake(spw_loop *loop);
void __wrap_spw__loop_wake(spw_loop *loop);

void __wrap_spw__loop_wake(spw_loop *loop)
{
    if (answering) {
        __atomic_store_n(&stopped, 1, __ATOMIC_SEQ_CST);
        for (int i = 0; i < STOPPED_MS && !__atomic_load_n(&over, __ATOMIC_SEQ_CST); i++)
            usleep(1000);
        __atomic_store_n(&freed_under_it, __atomic_load_n(&over, __ATOMIC_SEQ_CST), __ATOMIC_SEQ_CST);
        if (__atomic_load_n(&over, __ATOMIC_SEQ_CST))
            return; /* or it would write to whatever has that descriptor by now */
    }
    __real_spw__loop_wake(loop);
}

/* ---- the exporter ---- */

static struct request {
    spw_export_done_fn done;
    void *token;
} request;
static unsigned may_answer; /* atomic */

static void *answer(void *arg)
{
    const spw_export_result result = SPW_EXPORT_RESULT_INIT;
    while (!__atomic_load_n(&may_answer, __ATOMIC_SEQ_CST))
        usleep(1000);
    answering = true;
    request.done(request.token, &result);
    __atomic_store_n(&resumed, 1, __ATOMIC_SEQ_CST);
    return arg;
}

static void submit(spw_exporter *self, const spw_batch *batch, spw_export_done_fn done, void *token)
{
    pthread_t thread;
    (void)self, (void)batch;
    request = (struct request){ done, token };
    assert_int_equal(pthread_create(&thread, NULL, answer, NULL), 0);
    pthread_detach(thread);
}

static bool await(const unsigned *flag)
{
    for (int i = 0; i < PATIENCE_MS && !__atomic_load_n(flag, __ATOMIC_SEQ_CST); i++)
        usleep(1000);
    return __atomic_load_n(flag, __ATOMIC_SEQ_CST);
}

static void start_and_record(void)
{
    static spw_exporter exporter;
    exporter = (spw_exporter){ .struct_size = sizeof exporter, .name = "late", .submit = submit };
    spw_pipeline_options pipeline = SPW_PIPELINE_OPTIONS_INIT;
    pipeline.exporter = &exporter;
    pipeline.schedule_delay_ms = 1;
    spw_options options = SPW_OPTIONS_INIT;
    options.pipelines = &pipeline;
    options.pipeline_count = 1;
    options.log_level = SPW_LOG_ERROR;
    stopped = resumed = freed_under_it = over = may_answer = 0;
    assert_int_equal(spw_start(&options), SPW_OK);
    spw_span_end(spw_span_start(NULL, "one", NULL));
}

/* The worker finds the answer without having been woken for it, and the shutdown is done. */
static void a_shutdown_waits_for_who_answers(void **state)
{
    (void)state;
    start_and_record();
    __atomic_store_n(&may_answer, 1, __ATOMIC_SEQ_CST);
    assert_true(await(&stopped));
    assert_int_equal(spw_shutdown(PATIENCE_MS), SPW_OK);
    __atomic_store_n(&over, 1, __ATOMIC_SEQ_CST);
    assert_true(await(&resumed));
    assert_false(freed_under_it);
    assert_null(spw__sdk.left);
    assert_int_equal(capture_stats(0).exported, 1);
}

/* The exporter cannot be cancelled and keeps its batch; it answers when a start looks whether it has. */
static void a_start_waits_for_who_answers(void **state)
{
    (void)state;
    start_and_record();
    while (!capture_stats(0).in_flight)
        usleep(1000);
    assert_int_equal(spw_shutdown(50), SPW_ERR_TIMEOUT);
    assert_non_null(spw__sdk.left);
    __atomic_store_n(&may_answer, 1, __ATOMIC_SEQ_CST);
    assert_true(await(&stopped));
    spw_options options = SPW_OPTIONS_INIT;
    spw_pipeline_options pipeline = SPW_PIPELINE_OPTIONS_INIT;
    pipeline.exporter_name = "memory";
    options.pipelines = &pipeline;
    options.pipeline_count = 1;
    assert_int_equal(spw_start(&options), SPW_OK);
    __atomic_store_n(&over, 1, __ATOMIC_SEQ_CST);
    assert_true(await(&resumed));
    assert_false(freed_under_it);
    assert_int_equal(spw_shutdown(PATIENCE_MS), SPW_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_shutdown_waits_for_who_answers),
        cmocka_unit_test(a_start_waits_for_who_answers),
    };
    return cmocka_run_group_tests_name("late answers", tests, NULL, NULL);
}
