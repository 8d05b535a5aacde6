/* Pump mode and the threads it runs on: several that step, flush and stop at once; signals, callbacks, an exporter that blocks its host. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spanwire/pump.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "support/host_loop.h"
#include "support/script_exporter.h"

static uint64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void record(int n)
{
    for (int i = 0; i < n; i++)
        spw_span_end(spw_span_start(NULL, "work", NULL));
}

static bool all_exported(void *arg)
{
    return account().exported == *(const uint64_t *)arg;
}

/* By somebody else's steps. */
static bool exported(uint64_t n)
{
    for (uint64_t until = now_ms() + 20000; !all_exported(&n);) {
        if (now_ms() >= until)
            return false;
        usleep(1000);
    }
    return true;
}

static void say_nothing(void *arg, spw_log_level level, const char *text)
{
    (void)arg;
    (void)level;
    (void)text;
}

static spw_result try_start(spw_exporter *exporter)
{
    spw_pipeline_options pipeline = SPW_PIPELINE_OPTIONS_INIT;
    pipeline.exporter = exporter;
    pipeline.schedule_delay_ms = 1;
    spw_options options = SPW_OPTIONS_INIT;
    options.pipelines = &pipeline;
    options.pipeline_count = 1;
    options.log_fn = say_nothing;
    options.exit_timeout_ms = SPW_NOW;
    options.pump = true;
    return spw_start(&options);
}

static struct script_exporter *start(void)
{
    struct script_exporter *e = script_exporter_new();
    assert_int_equal(try_start(script_exporter_base(e)), SPW_OK);
    return e;
}

/* ---- other threads ---- */

static void another_thread_may_pump(void **state)
{
    (void)state;
    struct script_exporter *e = start();
    struct host_loop *host = host_loop_start();
    for (uint64_t n = 1; n <= 20; n++) {
        record(50);
        assert_true(exported(50 * n));
    }
    host_loop_stop(host);
    spw_shutdown(20000);
    assert_identity();
    script_exporter_free(e);
}

/* A loop may sleep by an old timeout when a flush has left something for later: it is called. */
static void a_flush_that_leaves_something_calls_the_loop(void **state)
{
    (void)state;
    struct script_exporter *e = start();
    script_exporter_push(e, (struct script_answer){ .status = SPW_EXPORT_RETRY, .retry_after_ms = 300 });
    assert_int_equal(spw_pump_timeout_ms(), -1);
    record(5);
    assert_int_equal(spw_flush(1), SPW_ERR_TIMEOUT); /* takes the wake-up of the records with it */
    assert_true(host_loop_ready(0));
    int timeout = spw_pump_timeout_ms();
    assert_true(timeout >= 0 && timeout <= 301);
    uint64_t all = 5;
    assert_true(host_loop_until(all_exported, &all, 20000));
    assert_int_equal(spw_flush(20000), SPW_OK);
    spw_shutdown(1000);
    script_exporter_free(e);
}

/* While another thread waits for an answer that does not come, the loop that is pumped otherwise sleeps, and a step returns. */
static void a_flush_elsewhere_lets_the_loop_sleep(void **state)
{
    (void)state;
    struct script_exporter *e = start();
    script_exporter_push(e, (struct script_answer){ .hang = true });
    struct host_loop *host = host_loop_start();
    record(5);
    while (script_exporter_submits(e) == 0)
        usleep(1000);
    uint64_t before = host_loop_turns(host);
    assert_int_equal(spw_flush(400), SPW_ERR_TIMEOUT);
    assert_true(host_loop_turns(host) - before < 50); /* a loop that spins turns a hundred thousand times */
    assert_int_equal(spw_shutdown(200), SPW_ERR_TIMEOUT);
    assert_true(host_loop_turns(host) - before < 50);
    host_loop_stop(host);
    assert_identity();
    script_exporter_free(e);
}

/* ---- everything at once ---- */

enum { ROUNDS = 30, STEPPERS = 2, FLUSHERS = 2, RECORDERS = 2 };
static uint32_t over, failed; /* atomic */

static void *step_on(void *arg)
{
    while (!__atomic_load_n(&over, __ATOMIC_RELAXED)) {
        struct pollfd p = { .fd = spw_pump_fd(), .events = POLLIN };
        int timeout = spw_pump_timeout_ms();
        if (p.fd >= 0)
            poll(&p, 1, timeout >= 0 && timeout < 2 ? timeout : 2);
        spw_result result = spw_pump_step();
        if (result != SPW_OK && result != SPW_ERR_NOT_STARTED)
            __atomic_add_fetch(&failed, 1, __ATOMIC_RELAXED);
    }
    return arg;
}

static void *flush_on(void *arg)
{
    while (!__atomic_load_n(&over, __ATOMIC_RELAXED)) {
        spw_result result = spw_flush(20000);
        if (result != SPW_OK && result != SPW_ERR_NOT_STARTED)
            __atomic_add_fetch(&failed, 1, __ATOMIC_RELAXED);
        usleep(500);
    }
    return arg;
}

static void *record_on(void *arg)
{
    while (!__atomic_load_n(&over, __ATOMIC_RELAXED)) {
        record(10);
        usleep(200);
    }
    return arg;
}

static void restarts_beside_threads_that_step_and_flush(void **state)
{
    (void)state;
    static void *(*const roles[])(void *) = { step_on, step_on, flush_on, flush_on, record_on, record_on };
    pthread_t threads[sizeof roles / sizeof *roles];
    struct script_exporter *all[ROUNDS];
    over = failed = 0;
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, roles[i], NULL), 0);
    uint64_t delivered = 0;
    for (int i = 0; i < ROUNDS; i++) {
        all[i] = start();
        usleep(20000);
        assert_int_equal(spw_shutdown(20000), SPW_OK);
        delivered += account().exported;
        assert_int_equal(account().exported, script_exporter_spans(all[i]));
        assert_int_equal(account().queued + account().in_flight, 0);
    }
    __atomic_store_n(&over, 1, __ATOMIC_RELAXED);
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < ROUNDS; i++)
        script_exporter_free(all[i]);
    assert_int_equal(failed, 0);
    assert_true(delivered > 0);
    assert_identity();
}

/* ---- an exporter that does what it should not, on the program's thread ---- */

struct rude {
    spw_exporter base;
    void (*act)(struct rude *self);
    uint32_t held;    /* atomic: while set, submit does not return */
    uint32_t entered; /* atomic */
    spw_result step, flush, shutdown, start;
};

static void rude_submit(spw_exporter *base, const spw_batch *batch, spw_export_done_fn done, void *token)
{
    struct rude *r = (struct rude *)base;
    const spw_export_result ok = SPW_EXPORT_RESULT_INIT;
    (void)batch;
    r->act(r);
    done(token, &ok);
}

static void rude_start(struct rude *r, void (*act)(struct rude *self))
{
    *r = (struct rude){ .base = { .struct_size = sizeof r->base, .name = "rude", .submit = rude_submit }, .act = act };
    assert_int_equal(try_start(&r->base), SPW_OK);
}

static bool run_until_exported(uint64_t n)
{
    return host_loop_until(all_exported, &n, 20000);
}

static void call_back(struct rude *r)
{
    r->step = spw_pump_step();
    r->flush = spw_flush(20000);
    r->shutdown = spw_shutdown(20000);
    r->start = spw_start(NULL);
}

static void calls_from_within_are_refused(void **state)
{
    (void)state;
    static struct rude r;
    rude_start(&r, call_back);
    record(1);
    assert_true(run_until_exported(1));
    for (int round = 0; round < 2; round++) {
        assert_int_equal(r.step, SPW_ERR_INVALID);
        assert_int_equal(r.flush, SPW_ERR_INVALID);
        assert_int_equal(r.shutdown, SPW_ERR_INVALID);
        assert_int_equal(r.start, SPW_ERR_ALREADY_STARTED);
        r.step = r.flush = r.shutdown = r.start = SPW_OK;
        record(1);
        assert_int_equal(spw_shutdown(20000), SPW_OK); /* the second time from within a shutdown, which has locks */
    }
}

static void record_its_own(struct rude *r)
{
    record(1);
    r->entered++;
}

/* An exporter's telemetry would feed itself; the program's own, on the same thread, goes on. */
static void what_an_exporter_records_is_not_recorded(void **state)
{
    (void)state;
    static struct rude r;
    record(1); /* the thread records already */
    rude_start(&r, record_its_own);
    for (uint64_t n = 1; n <= 10; n++) {
        record(1);
        assert_true(run_until_exported(n));
    }
    assert_int_equal(r.entered, 10);
    assert_int_equal(account().ended, 10);
    assert_int_equal(spw_shutdown(20000), SPW_OK);
    assert_identity();
}

static void write_to_nobody(struct rude *r)
{
    int ends[2];
    (void)r;
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    assert_int_equal(write(ends[1], "x", 1), -1);
    assert_int_equal(errno, EPIPE);
    close(ends[1]);
}

static void sigpipe_does_not_reach_the_program(void **state)
{
    (void)state;
    static struct rude r;
    sigset_t before, after;
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    void (*handler)(int) = signal(SIGPIPE, SIG_DFL);
    rude_start(&r, write_to_nobody);
    record(1);
    assert_true(run_until_exported(1));
    record(1);
    assert_int_equal(spw_shutdown(20000), SPW_OK);
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    assert_memory_equal(&before, &after, sizeof(unsigned long));
    assert_ptr_equal(signal(SIGPIPE, handler), SIG_DFL);
}

static uint64_t handled; /* atomic */

static void on_alarm(int number)
{
    (void)number;
    int saved = errno;
    record(1);
    __atomic_add_fetch(&handled, 1, __ATOMIC_SEQ_CST);
    errno = saved;
}

static void set_timer(timer_t timer, long every_ns)
{
    const struct itimerspec when = { { 0, every_ns }, { 0, every_ns } };
    assert_int_equal(timer_settime(timer, 0, &when, NULL), 0);
}

static bool enough_handled(void *arg)
{
    (void)arg;
    return __atomic_load_n(&handled, __ATOMIC_SEQ_CST) >= 300;
}

/* What handlers record while the program pumps is delivered, all of it: they do not run inside a step. */
static void handlers_record_between_steps(void **state)
{
    (void)state;
    struct script_exporter *e = start();
    struct sigaction action = { .sa_handler = on_alarm, .sa_flags = SA_RESTART }, old;
    sigaction(SIGRTMIN, &action, &old);
    struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN };
    timer_t timer;
    assert_int_equal(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
    set_timer(timer, 1000000);
    bool enough = host_loop_until(enough_handled, NULL, 20000);
    set_timer(timer, 0);
    timer_delete(timer);
    assert_true(enough);
    assert_int_equal(spw_shutdown(20000), SPW_OK);
    sigaction(SIGRTMIN, &old, NULL);
    assert_int_equal(account().ended, handled);
    assert_int_equal(account().exported + account().dropped[SPW_DROP_REENTRANT], handled); /* those that met the loop's own recording, none */
    assert_int_equal(account().dropped[SPW_DROP_REENTRANT], 0);
    script_exporter_free(e);
}

/* ---- an exporter that blocks and has not said so ---- */

static void hold_up(struct rude *r)
{
    __atomic_store_n(&r->entered, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&r->held, __ATOMIC_SEQ_CST))
        usleep(1000);
}

static void *flush_long(void *arg)
{
    *(spw_result *)arg = spw_flush(20000);
    return NULL;
}

static void await_entered(const struct rude *r)
{
    for (uint64_t until = now_ms() + 20000; !__atomic_load_n(&r->entered, __ATOMIC_SEQ_CST) && now_ms() < until;)
        usleep(1000);
}

/* What wakes the worker while another thread has it does not call the program's loop, which could do nothing, over and over. */
static void a_loop_is_not_called_for_what_another_thread_does(void **state)
{
    (void)state;
    static struct rude r;
    rude_start(&r, hold_up);
    r.held = 1;
    record(3);
    pthread_t thread;
    spw_result flushed = SPW_ERR_INVALID;
    assert_int_equal(pthread_create(&thread, NULL, flush_long, &flushed), 0);
    await_entered(&r);
    struct host_loop *host = host_loop_start();
    assert_int_equal(spw_flush(300), SPW_ERR_TIMEOUT); /* it wakes the worker, and waits behind the other */
    assert_true(host_loop_turns(host) < 50);           /* in vain it turns ten thousand times in that time */
    __atomic_store_n(&r.held, 0, __ATOMIC_SEQ_CST);
    pthread_join(thread, NULL);
    assert_int_equal(flushed, SPW_OK);
    host_loop_stop(host);
    assert_int_equal(spw_shutdown(20000), SPW_OK);
    assert_identity();
}

/* It stops its host, not the thread that shuts down; what that began is ended by the host when it comes back. */
static void a_shutdown_leaves_a_step_behind(void **state)
{
    (void)state;
    static struct rude r;
    rude_start(&r, hold_up);
    r.held = 1;
    record(3);
    struct host_loop *host = host_loop_start();
    await_entered(&r);
    record(4);
    assert_int_equal(spw_pump_step(), SPW_OK); /* another thread is at it */
    assert_int_equal(spw_flush(10), SPW_ERR_TIMEOUT);
    assert_int_equal(spw_shutdown(20), SPW_ERR_TIMEOUT);
    assert_int_equal(spw_pump_fd(), -1);
    assert_int_equal(account().in_flight, 3);
    struct script_exporter *other = script_exporter_new();
    assert_int_equal(try_start(script_exporter_base(other)), SPW_ERR_ALREADY_STARTED);
    script_exporter_free(other);
    __atomic_store_n(&r.held, 0, __ATOMIC_SEQ_CST);
    host_loop_stop(host);
    assert_int_equal(account().in_flight + account().queued, 0);
    assert_identity();
    struct script_exporter *e = start();
    record(2);
    assert_int_equal(spw_shutdown(20000), SPW_OK);
    assert_int_equal(account().exported, 2);
    script_exporter_free(e);
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
        cmocka_unit_test_teardown(another_thread_may_pump, stop),
        cmocka_unit_test_teardown(a_flush_that_leaves_something_calls_the_loop, stop),
        cmocka_unit_test_teardown(a_flush_elsewhere_lets_the_loop_sleep, stop),
        cmocka_unit_test_teardown(restarts_beside_threads_that_step_and_flush, stop),
        cmocka_unit_test_teardown(calls_from_within_are_refused, stop),
        cmocka_unit_test_teardown(what_an_exporter_records_is_not_recorded, stop),
        cmocka_unit_test_teardown(sigpipe_does_not_reach_the_program, stop),
        cmocka_unit_test_teardown(handlers_record_between_steps, stop),
        cmocka_unit_test_teardown(a_loop_is_not_called_for_what_another_thread_does, stop),
        cmocka_unit_test_teardown(a_shutdown_leaves_a_step_behind, stop),
    };
    return cmocka_run_group_tests_name("pump_guest", tests, NULL, NULL);
}
