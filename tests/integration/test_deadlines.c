/* Calls that change the SDK's life, beside each other and within each other: each keeps its own time, and none waits for itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>
#include <spanwire/processor.h>
#include <spanwire/spanwire.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "support/script_exporter.h"

enum { LONG_MS = 15000, SHORT_MS = 50, FAR_BELOW_MS = 10000, HANGS_S = 60 };

static uint64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- beside a long shutdown ---- */

static spw_result long_result;

static void *shut_down_long(void *arg)
{
    long_result = spw_shutdown(LONG_MS);
    return arg;
}

static bool gate_is_closed(void)
{
    spw_span span = spw_span_start(NULL, "is it closed", NULL);
    bool closed = !spw_is_recording(span);
    spw_span_end(span);
    return closed;
}

/* A receiver that never answers; another thread gives it a long time to. */
static pthread_t begin_long_shutdown(struct script_exporter *e)
{
    pthread_t thread;
    script_exporter_push(e, (struct script_answer){ .hang = true });
    script_start(e, NULL);
    spw_span_end(spw_span_start(NULL, "held", NULL));
    assert_int_equal(pthread_create(&thread, NULL, shut_down_long, NULL), 0);
    while (!gate_is_closed())
        usleep(1000);
    return thread;
}

static void beside_a_long_shutdown(spw_result (*call)(uint32_t), uint32_t timeout_ms)
{
    struct script_exporter *e = script_exporter_new();
    pthread_t thread = begin_long_shutdown(e);
    uint64_t begun = now_ms();
    assert_int_equal(call(timeout_ms), SPW_ERR_TIMEOUT);
    assert_true(now_ms() - begun < FAR_BELOW_MS);
    pthread_join(thread, NULL);
    assert_int_equal(long_result, SPW_ERR_TIMEOUT);
    assert_true(account().dropped[SPW_DROP_SHUTDOWN_DEADLINE] >= 1);
    assert_identity();
    script_exporter_free(e);
}

static void a_flush_keeps_its_time_beside_a_shutdown(void **state)
{
    (void)state;
    beside_a_long_shutdown(spw_flush, SHORT_MS);
}

static void a_shutdown_keeps_its_time_beside_another(void **state)
{
    (void)state;
    beside_a_long_shutdown(spw_shutdown, SHORT_MS);
}

static void now_is_now(void **state)
{
    (void)state;
    beside_a_long_shutdown(spw_shutdown, SPW_NOW);
}

/* ---- within a callback ---- */

static unsigned refusals;

static void call_all(void)
{
    spw_options options = SPW_OPTIONS_INIT;
    refusals += spw_flush(SHORT_MS) == SPW_ERR_NOT_STARTED;
    refusals += spw_shutdown(SHORT_MS) == SPW_ERR_INVALID;
    refusals += spw_start(&options) == SPW_ERR_ALREADY_STARTED;
    refusals += spw_pump_step() == SPW_ERR_NOT_STARTED;
}

static void answer(spw_exporter *self, const spw_batch *batch, spw_export_done_fn done, void *token)
{
    const spw_export_result result = SPW_EXPORT_RESULT_INIT;
    (void)self, (void)batch;
    done(token, &result);
}

static void destroy_with_calls(spw_exporter *self)
{
    (void)self;
    call_all();
}

static spw_exporter *make_with_calls(void *arg, const spw_exporter_settings *settings, spw_error *error)
{
    static spw_exporter exporter = SPW_EXPORTER_INIT;
    (void)arg, (void)settings, (void)error;
    exporter.name = "calling";
    exporter.submit = answer;
    exporter.destroy = destroy_with_calls;
    call_all();
    return &exporter;
}

static spw_result shut_down_with_calls(spw_processor *self, uint32_t timeout_ms)
{
    (void)self, (void)timeout_ms;
    call_all();
    return SPW_OK;
}

/* An exporter being made and destroyed, a processor being shut down: all under a lock of ours. */
static void none_waits_for_itself(void **state)
{
    (void)state;
    static spw_processor processor = SPW_PROCESSOR_INIT;
    static spw_processor *const processors[] = { &processor };
    processor.shutdown = shut_down_with_calls;
    assert_int_equal(spw_exporter_register("calling", make_with_calls, NULL), SPW_OK);
    spw_pipeline_options pipeline = SPW_PIPELINE_OPTIONS_INIT;
    pipeline.exporter_name = "calling";
    spw_options options = SPW_OPTIONS_INIT;
    options.pipelines = &pipeline;
    options.pipeline_count = 1;
    options.processors = processors;
    options.processor_count = 1;
    options.log_level = SPW_LOG_ERROR;
    refusals = 0;
    alarm(HANGS_S); /* or the test waits for ever */
    assert_int_equal(spw_start(&options), SPW_OK);
    assert_int_equal(refusals, 4);
    spw_span_end(spw_span_start(NULL, "one", NULL));
    assert_int_equal(spw_shutdown(20000), SPW_OK);
    alarm(0);
    assert_int_equal(refusals, 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flush_keeps_its_time_beside_a_shutdown),
        cmocka_unit_test(a_shutdown_keeps_its_time_beside_another),
        cmocka_unit_test(now_is_now),
        cmocka_unit_test(none_waits_for_itself),
    };
    return cmocka_run_group_tests_name("deadlines", tests, NULL, NULL);
}
