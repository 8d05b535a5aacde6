/*
 * Threads that are cancelled (pthread_cancel(3)): a call of ours is never left in the middle, with a lock held or a recorder open. The thread ends
 * at the next point of the program's own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>
#include <spanwire/spanwire.h>
#include <unistd.h>

#include "sdk/sdk.h"
#include "support/script_exporter.h"

enum { SPANS = 2000, FLUSH_MS = 1000, HANGS_S = 60 };

static unsigned reached; /* atomic: calls that have come back */

static void came_back(void)
{
    __atomic_add_fetch(&reached, 1, __ATOMIC_SEQ_CST);
}

/* AddressSanitizer does not know how a cancelled thread leaves its stack: so it does not come to that, unless within a call of ours. */
static void *end_if_cancellable(void)
{
    int state;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    return state == PTHREAD_CANCEL_ENABLE ? PTHREAD_CANCELED : NULL;
}

/* Runs it in a thread that is cancelled before it begins, and looks whether it comes to its end, and may be cancelled then as before. */
static void run_cancelled(void *(*body)(void *), unsigned calls)
{
    pthread_t thread;
    void *end = NULL;
    reached = 0;
    assert_int_equal(pthread_create(&thread, NULL, body, NULL), 0);
    assert_int_equal(pthread_join(thread, &end), 0);
    assert_int_equal(reached, calls);
    assert_ptr_equal(end, PTHREAD_CANCELED);
}

static void *record(void *arg)
{
    (void)arg;
    pthread_cancel(pthread_self());
    for (int i = 0; i < SPANS; i++)
        spw_span_end(spw_span_start(NULL, "one", NULL));
    came_back();
    return end_if_cancellable();
}

/* It wakes the worker, by a system call. */
static void a_recording_call_comes_to_its_end(void **state)
{
    (void)state;
    struct script_exporter *e = script_exporter_new();
    script_start(e, NULL);
    run_cancelled(record, 1);
    assert_int_equal(spw_shutdown(20000), SPW_OK);
    assert_null(spw__sdk.left);
    assert_int_equal(script_exporter_spans(e), SPANS);
    assert_identity();
    script_exporter_free(e);
}

static void *flush(void *arg)
{
    (void)arg;
    pthread_cancel(pthread_self());
    assert_int_equal(spw_flush(FLUSH_MS), SPW_ERR_TIMEOUT);
    came_back();
    return end_if_cancellable();
}

static void a_flush_comes_to_its_end(void **state)
{
    (void)state;
    struct script_exporter *e = script_exporter_new();
    script_exporter_push(e, (struct script_answer){ .hang = true });
    script_start(e, NULL);
    spw_span_end(spw_span_start(NULL, "one", NULL));
    run_cancelled(flush, 1);
    alarm(HANGS_S); /* or it waits for a lock that nobody will give back */
    assert_int_equal(spw_shutdown(100), SPW_ERR_TIMEOUT);
    alarm(0);
    assert_null(spw__sdk.left);
    assert_identity();
    script_exporter_free(e);
}

static struct script_exporter *started;

static void *live(void *arg)
{
    (void)arg;
    pthread_cancel(pthread_self());
    script_start(started, NULL);
    came_back();
    spw_span_end(spw_span_start(NULL, "one", NULL));
    came_back();
    assert_int_equal(spw_shutdown(20000), SPW_OK);
    came_back();
    return end_if_cancellable();
}

static void a_start_and_a_shutdown_come_to_their_end(void **state)
{
    (void)state;
    started = script_exporter_new();
    run_cancelled(live, 3);
    alarm(HANGS_S);
    assert_int_equal(spw_shutdown(100), SPW_OK);
    alarm(0);
    assert_int_equal(script_exporter_spans(started), 1);
    script_exporter_free(started);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_recording_call_comes_to_its_end),
        cmocka_unit_test(a_flush_comes_to_its_end),
        cmocka_unit_test(a_start_and_a_shutdown_come_to_their_end),
    };
    return cmocka_run_group_tests_name("cancel", tests, NULL, NULL);
}
