/* The program's log function: who calls it, with what held, and how often. */
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
#include "support/script_exporter.h"

/* ---- a log function that waits for another thread of the program, which waits for us ---- */

static unsigned heard, stuck;

static void *flush(void *arg)
{
    (void)spw_flush(1);
    return arg;
}

static void hear_and_wait(void *arg, spw_log_level level, const char *text)
{
    (void)arg;
    (void)level;
    (void)text;
    pthread_t thread;
    struct timespec until;
    if (pthread_create(&thread, NULL, flush, NULL) != 0)
        abort();
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 5;
    heard++;
    if (pthread_timedjoin_np(thread, NULL, &until) != 0) {
        stuck++;
        pthread_detach(thread);
    }
}

static void submit_slowly(spw_exporter *self, const spw_batch *batch, spw_export_done_fn done, void *token)
{
    (void)self;
    (void)batch;
    usleep(600000);
    const spw_export_result ok = SPW_EXPORT_RESULT_INIT;
    done(token, &ok);
}

static spw_exporter slow = { .struct_size = sizeof slow, .name = "slow", .submit = submit_slowly };

/* What start and shutdown have to say comes when they are done. */
static void it_may_wait_for_who_waits_for_us(void **state)
{
    (void)state;
    spw_pipeline_options pipeline = SPW_PIPELINE_OPTIONS_INIT;
    pipeline.exporter = &slow;
    pipeline.schedule_delay_ms = 1;
    spw_options options = SPW_OPTIONS_INIT;
    options.pipelines = &pipeline;
    options.pipeline_count = 1;
    options.max_attributes = 1u << 20; /* too many: said in the start */
    options.log_fn = hear_and_wait;
    for (unsigned round = 0; round < 2; round++) { /* the first start finds no engine to wait for */
        heard = stuck = 0;
        spw_result result;
        while ((result = spw_start(&options)) == SPW_ERR_ALREADY_STARTED) /* the slow one still has its batch */
            usleep(50000);
        assert_int_equal(result, SPW_OK);
        assert_true(heard >= 1);
        spw_span_end(spw_span_start(NULL, "span", NULL));
        unsigned before = heard;
        usleep(50000); /* in submit by now */
        (void)spw_shutdown(20);
        assert_true(heard > before); /* that something is left behind */
        assert_int_equal(stuck, 0);
    }
    while (spw_start(&options) != SPW_OK) /* lets go of what was left behind */
        usleep(50000);
}

/* ---- a queue that overflows ---- */

static pthread_t recording;
static unsigned lines, by_the_recording_thread;
static char first_line[512];

static void count(void *arg, spw_log_level level, const char *text)
{
    (void)arg;
    if (level != SPW_LOG_WARN)
        return;
    if (__atomic_add_fetch(&lines, 1, __ATOMIC_SEQ_CST) == 1)
        snprintf(first_line, sizeof first_line, "%s", text);
    if (pthread_equal(pthread_self(), recording))
        __atomic_add_fetch(&by_the_recording_thread, 1, __ATOMIC_SEQ_CST);
}

static void a_full_queue_is_said_once_and_by_the_worker(void **state)
{
    (void)state;
    capture *c = capture_new();
    spw_pipeline_options pipeline = capture_pipeline(c);
    pipeline.max_queue_size = 100;
    spw_options options = SPW_OPTIONS_INIT;
    options.pipelines = &pipeline;
    options.pipeline_count = 1;
    options.log_fn = count;
    recording = pthread_self();
    assert_int_equal(spw_start(&options), SPW_OK);
    lines = 0;
    capture_hold(c, true);
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < 300; i++)
            spw_span_end(spw_span_start(NULL, "span", NULL));
        capture_hold(c, false);
        (void)spw_flush(5000); /* wakes the worker, empties the queue */
        capture_hold(c, true);
    }
    capture_hold(c, false);
    (void)spw_shutdown(5000);
    assert_int_equal(lines, 1);
    assert_non_null(strstr(first_line, "queue_full"));
    assert_int_equal(by_the_recording_thread, 0);
    capture_free(c);
}

/* ---- trouble that gets worse ---- */

static char said[2048]; /* by the worker; read after the shutdown */

static void keep(void *arg, spw_log_level level, const char *text)
{
    size_t used = strlen(said);
    (void)arg;
    snprintf(said + used, sizeof said - used, "%d %s\n", (int)level, text);
}

static unsigned times_said(const char *text)
{
    unsigned count = 0;
    for (const char *at = said; (at = strstr(at, text)); at++)
        count++;
    return count;
}

/* "Kept and tried again" must not be the last word on spans that are dropped after all. */
static void a_loss_is_said_after_a_warning(void **state)
{
    (void)state;
    struct script_exporter *e = script_exporter_new();
    spw_pipeline_options pipeline = SPW_PIPELINE_OPTIONS_INIT;
    spw_options options = SPW_OPTIONS_INIT;
    pipeline.exporter = script_exporter_base(e);
    pipeline.schedule_delay_ms = 60000;
    options.pipelines = &pipeline;
    options.pipeline_count = 1;
    options.log_level = SPW_LOG_INFO;
    options.log_fn = keep;
    static const spw_export_status answers[] = { SPW_EXPORT_RETRY,     SPW_EXPORT_RETRY,     SPW_EXPORT_PERMANENT, /* one batch */
                                                 SPW_EXPORT_PERMANENT, SPW_EXPORT_DELIVERED, /* the trouble is over, */
                                                 SPW_EXPORT_PERMANENT };                     /* and the next is new */
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
        script_exporter_push(e, (struct script_answer){ .status = answers[i], .retry_after_ms = 1 });
    assert_int_equal(spw_start(&options), SPW_OK);
    for (int batch = 0; batch < 4; batch++) {
        spw_span_end(spw_span_start(NULL, "span", NULL));
        (void)spw_flush(5000);
    }
    (void)spw_shutdown(5000);
    assert_int_equal(script_exporter_submits(e), 6);
    assert_int_equal(times_said("kept and tried again"), 1);
    assert_int_equal(times_said("1 exporter script: the batch was refused for good"), 2);
    assert_int_equal(times_said("delivering again"), 1);
    script_exporter_free(e);
}

/* Partial successes: once while they go on, and again when there was a batch without one in between. */
static void what_a_receiver_refuses_is_said_once_an_episode(void **state)
{
    (void)state;
    struct script_exporter *e = script_exporter_new();
    spw_pipeline_options pipeline = SPW_PIPELINE_OPTIONS_INIT;
    spw_options options = SPW_OPTIONS_INIT;
    pipeline.exporter = script_exporter_base(e);
    pipeline.schedule_delay_ms = 60000;
    options.pipelines = &pipeline;
    options.pipeline_count = 1;
    options.log_level = SPW_LOG_INFO;
    options.log_fn = keep;
    said[0] = '\0';
    static const struct script_answer answers[] = {
        { .rejected = 1 }, { .rejected = 1 }, { .rejected = 1 }, /* one episode, */
        { .status = SPW_EXPORT_DELIVERED },                      /* over, */
        { .rejected = 1 }, { .status = SPW_EXPORT_PERMANENT }, { .rejected = 1 }, /* another, in which something is lost, too */
    };
    enum { BATCHES = sizeof answers / sizeof answers[0] };
    for (size_t i = 0; i < BATCHES; i++)
        script_exporter_push(e, answers[i]);
    assert_int_equal(spw_start(&options), SPW_OK);
    for (size_t batch = 0; batch < BATCHES; batch++) {
        spw_span_end(spw_span_start(NULL, "span", NULL));
        assert_int_equal(spw_flush(20000), answers[batch].rejected || answers[batch].status ? SPW_ERR_INCOMPLETE : SPW_OK);
    }
    (void)spw_shutdown(5000);
    assert_int_equal(script_exporter_submits(e), BATCHES);
    assert_int_equal(times_said("refused some spans"), 2);
    assert_int_equal(times_said("delivering again"), 1);
    assert_int_equal(times_said("refused for good"), 1);
    script_exporter_free(e);
}

static int stop(void **state)
{
    (void)state;
    (void)spw_shutdown(2000);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(it_may_wait_for_who_waits_for_us, stop),
        cmocka_unit_test_teardown(a_full_queue_is_said_once_and_by_the_worker, stop),
        cmocka_unit_test_teardown(a_loss_is_said_after_a_warning, stop),
        cmocka_unit_test_teardown(what_a_receiver_refuses_is_said_once_an_episode, stop),
    };
    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
