/* A full queue is said once, its end is said once, and neither by who fills it in turns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "record/queue.h"
#include "sdk/diag.h"
#include "sdk/worker.h"

static unsigned warnings, infos;
static char last[512];

static void hear(void *arg, spw_log_level level, const char *text)
{
    (void)arg;
    warnings += level == SPW_LOG_WARN;
    infos += level == SPW_LOG_INFO;
    snprintf(last, sizeof last, "%s", text);
}

/* A pipeline with nothing around it but what is looked at: a lane, one recorder, a loop. */
static struct spw__engine engine;
static struct spw__recorder recorder;
static struct spw__account account;
static struct spw__worker worker;
static struct spw__pipeline pipeline;

static int setup(void **state)
{
    (void)state;
    memset(&engine, 0, sizeof engine);
    memset(&recorder, 0, sizeof recorder);
    memset(&pipeline, 0, sizeof pipeline);
    spw__diag_configure(SPW_LOG_INFO, hear, NULL);
    warnings = infos = 0;
    engine.recorders[0] = &recorder;
    engine.recorder_count = 1;
    engine.lanes[2].limit = 100;
    recorder.engine = &engine;
    snprintf(account.name, sizeof account.name, "slow");
    worker.loop = spw__loop_new(NULL);
    assert_non_null(worker.loop);
    pipeline.worker = &worker;
    pipeline.engine = &engine;
    pipeline.lane = &engine.lanes[2];
    pipeline.account = &account;
    pipeline.index = 2;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    spw__loop_destroy(worker.loop);
    return 0;
}

static void drop(unsigned times)
{
    while (times--)
        spw__queue_drop(&recorder, 2);
}

/* As if so much time had passed. */
static void pass(uint64_t ms)
{
    pipeline.overload.dropped_ms -= ms;
}

static void look(void)
{
    spw__overload_look(&pipeline);
}

static void each_is_said_once(void **state)
{
    (void)state;
    look();
    assert_int_equal(warnings + infos, 0);
    engine.lanes[2].depth = 100;
    for (int i = 0; i < 3; i++) {
        drop(10);
        look();
        look();
    }
    assert_int_equal(warnings, 1);
    assert_non_null(strstr(last, "slow"));
    assert_non_null(strstr(last, "max_queue_size"));
    engine.lanes[2].depth = 0;
    look();
    assert_int_equal(infos, 0); /* not yet calm */
    pass(5000);
    look();
    look();
    assert_int_equal(infos, 1);
    assert_non_null(strstr(last, " 30 spans"));
    assert_false(pipeline.overload.calm.armed); /* nothing wakes an idle worker */
    drop(7); /* another time: counted anew */
    look();
    assert_int_equal(warnings, 2);
    pass(5000);
    look();
    assert_int_equal(infos, 2);
    assert_non_null(strstr(last, " 7 spans"));
}

static void a_queue_that_is_filled_and_emptied_in_turns_is_one_episode(void **state)
{
    (void)state;
    for (int i = 0; i < 50; i++) {
        engine.lanes[2].depth = 100;
        drop(1);
        look();
        engine.lanes[2].depth = 0;
        pass(3000);
        look();
    }
    assert_int_equal(warnings, 1);
    assert_int_equal(infos, 0);
}

static void a_queue_that_stays_full_is_not_over(void **state)
{
    (void)state;
    engine.lanes[2].depth = 100;
    drop(1);
    look();
    pass(60000);
    look();
    assert_int_equal(infos, 0);
    assert_false(pipeline.overload.calm.armed); /* its batches wake the worker; until then there is nothing to say */
    engine.lanes[2].depth = 51;
    look();
    assert_int_equal(infos, 0);
    engine.lanes[2].depth = 50;
    look();
    assert_int_equal(infos, 1);
}

static void an_idle_worker_is_woken_for_the_end(void **state)
{
    (void)state;
    drop(1);
    look();
    pass(4980);
    spw_loop_disarm(worker.loop, &pipeline.overload.calm);
    look();
    assert_true(pipeline.overload.calm.armed);
    while (pipeline.overload.calm.armed)
        spw__loop_step(worker.loop, -1);
    look();
    assert_int_equal(infos, 1);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(each_is_said_once),
        TEST(a_queue_that_is_filled_and_emptied_in_turns_is_one_episode),
        TEST(a_queue_that_stays_full_is_not_over),
        TEST(an_idle_worker_is_woken_for_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
