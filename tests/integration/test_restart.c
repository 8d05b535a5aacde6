/* A thread that stands inside a recording call while the SDK is shut down: what it writes late, and what the next start makes of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "record/queue.h"
#include "record/thread.h"
#include "sdk/sdk.h"
#include "support/capture.h"
#include "support/script_exporter.h"

/* ---- the thread: goes in, waits to be told, writes one record into a chunk of its own, goes out ---- */

struct straggler {
    pthread_t thread;
    uint32_t inside, write, outside; /* atomic; in this order */
};

static void await(const uint32_t *flag)
{
    while (!__atomic_load_n(flag, __ATOMIC_ACQUIRE))
        usleep(1000);
}

static void *straggle(void *arg)
{
    struct straggler *s = arg;
    static const uint8_t span[] = { 0x12, 0x02, 0x2a, 0x00 };
    spw_span_end(spw_span_start(NULL, "in time", NULL));
    bool reentrant, urgent;
    struct spw__recorder *r = spw__enter(spw__engine_current(), &reentrant);
    if (!r)
        abort();
    uint32_t lanes = spw__queue_admit(r, &urgent);
    __atomic_store_n(&s->inside, 1, __ATOMIC_RELEASE);
    await(&s->write);
    if (!spw__queue_open_chunk(r, SPW__PAGE_SIZE, spw__mono_ns()))
        abort();
    spw__bump(&r->ended, 1);
    uint8_t *room = spw__queue_reserve(r, sizeof span, lanes, spw__mono_ns());
    if (!room)
        abort();
    memcpy(room, span, sizeof span);
    spw__queue_commit(r, sizeof span, 0, lanes, urgent);
    spw__leave(r);
    __atomic_store_n(&s->outside, 1, __ATOMIC_RELEASE);
    return NULL;
}

static void begin_to_straggle(struct straggler *s)
{
    *s = (struct straggler){ .inside = 0 };
    assert_int_equal(pthread_create(&s->thread, NULL, straggle, s), 0);
    await(&s->inside);
}

static void end_straggling(struct straggler *s)
{
    __atomic_store_n(&s->write, 1, __ATOMIC_RELEASE);
    pthread_join(s->thread, NULL);
}

/* ---- sessions ---- */

enum { MOST = 3, ALL = 1000, PATIENCE_MS = 20000, PAUSE_MS = 100 };
static capture *all[ALL]; /* an exporter is not free before the SDK has let go of it */
static size_t made;
static capture **captures; /* of this session */

static spw_result try_start(size_t count, spw_error *error)
{
    spw_pipeline_options pipelines[MOST];
    spw_options options = SPW_OPTIONS_INIT;
    captures = &all[made];
    assert_true(made + count <= ALL);
    for (size_t i = 0; i < count; i++) {
        all[made++] = capture_new();
        pipelines[i] = capture_pipeline(captures[i]);
    }
    options.pipelines = pipelines;
    options.pipeline_count = count;
    options.log_level = SPW_LOG_ERROR;
    options.error = error;
    return spw_start(&options);
}

/* A worker that a busy machine has kept from answering the shutdown in its time may still be there for a moment. */
static void start(size_t count)
{
    spw_error error = SPW_ERROR_INIT;
    spw_result result = try_start(count, &error);
    for (int waited = 0; result == SPW_ERR_ALREADY_STARTED && waited < PATIENCE_MS; waited += PAUSE_MS) {
        usleep(PAUSE_MS * 1000);
        result = try_start(count, &error);
    }
    if (result != SPW_OK)
        fail_msg("%s", error.text);
}

static int stop(void **state)
{
    (void)state;
    (void)spw_shutdown(2000);
    while (made)
        capture_free(all[--made]);
    return 0;
}

static uint64_t held_bytes(void)
{
    spw_stats stats = SPW_STATS_INIT;
    spw_stats_get(&stats);
    return stats.buffer_bytes;
}

enum { SPANS = 3000 };

static void *record(void *arg)
{
    for (int i = 0; i < SPANS; i++)
        spw_span_end(spw_span_start(NULL, "new", NULL));
    return arg;
}

/* A session with that many pipelines gets its own records, each once, and gives all memory back. */
static void expect_a_session_like_any_other(size_t count)
{
    pthread_t heir; /* to the rows of the thread that came late */
    assert_int_equal(pthread_create(&heir, NULL, record, NULL), 0);
    pthread_join(heir, NULL);
    assert_int_equal(spw_flush(20000), SPW_OK);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(capture_count(captures[i]), SPANS);
        assert_int_equal(capture_stats(i).ended, SPANS);
        assert_int_equal(capture_stats(i).queued, 0);
    }
    capture_check_accounts();
    assert_true(held_bytes() <= 16u * 65536);
}

/* ---- tests ---- */

static void a_start_waits_for_the_thread_to_come_out(void **state)
{
    (void)state;
    struct straggler s;
    start(1);
    begin_to_straggle(&s);
    assert_int_equal(spw_shutdown(20000), SPW_OK);
    spw_error error = SPW_ERROR_INIT;
    assert_int_equal(try_start(1, &error), SPW_ERR_ALREADY_STARTED);
    assert_int_equal(error.code, SPW_ERR_ALREADY_STARTED);
    assert_non_null(strstr(error.text, "recording call"));
    end_straggling(&s);
    start(1);
    expect_a_session_like_any_other(1);
}

static void *release_soon(void *arg)
{
    struct straggler *s = arg;
    usleep(20000);
    __atomic_store_n(&s->write, 1, __ATOMIC_RELEASE);
    return NULL;
}

/* One that comes out a moment later is waited for. */
static void a_start_has_patience(void **state)
{
    (void)state;
    struct straggler s;
    pthread_t thread;
    spw_result result = SPW_ERR_INVALID;
    start(1);
    begin_to_straggle(&s);
    assert_int_equal(spw_shutdown(20000), SPW_OK);
    assert_int_equal(pthread_create(&thread, NULL, release_soon, &s), 0);
    spw_error error = SPW_ERROR_INIT;
    for (int i = 0; i < 100 && (result = try_start(1, &error)) == SPW_ERR_ALREADY_STARTED; i++)
        ; /* on a machine that is busy it may take more than one */
    pthread_join(thread, NULL);
    end_straggling(&s);
    assert_int_equal(result, SPW_OK);
    expect_a_session_like_any_other(1);
}

/* What was written after the shutdown belongs to the session that is over. */
static void a_late_record_goes_to_no_other_session(void **state)
{
    (void)state;
    struct straggler s;
    start(1);
    begin_to_straggle(&s);
    assert_int_equal(spw_shutdown(20000), SPW_OK);
    end_straggling(&s);
    start(3);
    expect_a_session_like_any_other(3);
}

/* ---- a record that comes when one pipeline has given up and the next one has not ---- */

static struct straggler between;

static void take_and_hang(spw_exporter *self, const spw_batch *batch, spw_export_done_fn done, void *token)
{
    (void)self;
    (void)batch;
    (void)done;
    (void)token;
}

static void cancel_nothing(spw_exporter *self)
{
    (void)self;
}

static void cancel_and_let_write(spw_exporter *self)
{
    (void)self;
    __atomic_store_n(&between.write, 1, __ATOMIC_RELEASE);
    await(&between.outside);
}

static void start_hanging(void)
{
    static spw_exporter hanging[2];
    spw_pipeline_options pipelines[2];
    for (int i = 0; i < 2; i++) {
        hanging[i] = (spw_exporter){ .struct_size = sizeof hanging[i], .name = "hanging", .submit = take_and_hang,
                                     .cancel = i ? cancel_and_let_write : cancel_nothing };
        pipelines[i] = (spw_pipeline_options)SPW_PIPELINE_OPTIONS_INIT;
        pipelines[i].exporter = &hanging[i];
        pipelines[i].schedule_delay_ms = 1;
    }
    spw_options options = SPW_OPTIONS_INIT;
    options.pipelines = pipelines;
    options.pipeline_count = 2;
    options.log_level = SPW_LOG_ERROR;
    assert_int_equal(spw_start(&options), SPW_OK);
}

static bool both_export(void)
{
    return capture_stats(0).in_flight && capture_stats(1).in_flight;
}

/* The two stand in different chunks then, and the first of them has been left by one of two. The next session has three. */
static void pipelines_that_stand_apart_begin_together(void **state)
{
    (void)state;
    start_hanging();
    begin_to_straggle(&between);
    for (int i = 0; i < 5000 && !both_export(); i++)
        usleep(1000);
    assert_true(both_export());
    assert_int_equal(spw_shutdown(150), SPW_ERR_TIMEOUT);
    pthread_join(between.thread, NULL);
    start(3);
    expect_a_session_like_any_other(3);
}

/* The thread knows nothing of exporters: they are destroyed, whatever becomes of it. What it still writes has its place in the books. */
static void exporters_are_destroyed_beside_the_thread(void **state)
{
    (void)state;
    struct straggler s;
    struct script_exporter *exporter = script_exporter_new();
    script_start(exporter, NULL);
    begin_to_straggle(&s);
    assert_int_equal(spw_shutdown(20000), SPW_OK);
    assert_true(script_exporter_destroyed(exporter));
    script_exporter_free(exporter); /* its memory is gone: who still reads it is found out */
    end_straggling(&s);
    assert_string_equal(capture_stats(0).name, "script");
    assert_int_equal(capture_stats(0).exported, 1);
    assert_int_equal(capture_stats(0).queued, 0); /* nobody will ever take it */
    assert_int_equal(capture_stats(0).dropped[SPW_DROP_ALREADY_SHUTDOWN], 1);
    capture_check_accounts();
    start(3);
    expect_a_session_like_any_other(3);
}

/* ---- a start that has to wait for a flush ---- */

/* As if a thread had just come into a flush, or gone out of it. */
static void set_users(uint32_t users)
{
    pthread_mutex_lock(&spw__sdk.users_lock);
    spw__sdk.users = users;
    pthread_cond_broadcast(&spw__sdk.unused);
    pthread_mutex_unlock(&spw__sdk.users_lock);
}

/* A session that a shutdown could not free. */
static void leave_a_session(void)
{
    struct straggler s;
    start(1);
    begin_to_straggle(&s);
    assert_int_equal(spw_shutdown(20000), SPW_OK);
    end_straggling(&s);
    assert_non_null(spw__sdk.left);
}

static void a_start_waits_a_second_for_a_flush(void **state)
{
    (void)state;
    spw_error error = SPW_ERROR_INIT;
    leave_a_session();
    set_users(1);
    assert_int_equal(try_start(1, &error), SPW_ERR_ALREADY_STARTED);
    assert_non_null(strstr(error.text, "spw_flush()"));
    set_users(0);
    start(1);
    expect_a_session_like_any_other(1);
}

struct starter {
    struct script_exporter *exporter;
    spw_result result;
};

static void *start_in_thread(void *arg)
{
    struct starter *starter = arg;
    spw_pipeline_options pipeline = SPW_PIPELINE_OPTIONS_INIT;
    pipeline.exporter = script_exporter_base(starter->exporter);
    spw_options options = SPW_OPTIONS_INIT;
    options.pipelines = &pipeline;
    options.pipeline_count = 1;
    options.log_level = SPW_LOG_ERROR;
    starter->result = spw_start(&options);
    return NULL;
}

/* Who waits does so with the lock: the others find a running SDK, and nothing that was left. */
static void of_several_starts_one_frees_what_is_left(void **state)
{
    (void)state;
    enum { STARTERS = 4 };
    pthread_t threads[STARTERS];
    struct starter starters[STARTERS];
    leave_a_session();
    set_users(1);
    for (int i = 0; i < STARTERS; i++) {
        starters[i].exporter = script_exporter_new();
        assert_int_equal(pthread_create(&threads[i], NULL, start_in_thread, &starters[i]), 0);
    }
    usleep(100000); /* until they wait; if they do not yet, this proves less */
    set_users(0);
    int started = 0;
    for (int i = 0; i < STARTERS; i++) {
        pthread_join(threads[i], NULL);
        started += starters[i].result == SPW_OK;
        assert_true(starters[i].result == SPW_OK || starters[i].result == SPW_ERR_ALREADY_STARTED);
    }
    assert_int_equal(started, 1);
    assert_null(spw__sdk.left);
    assert_int_equal(spw_shutdown(20000), SPW_OK);
    for (int i = 0; i < STARTERS; i++)
        script_exporter_free(starters[i].exporter);
}

/* ---- exporters that block ---- */

static void a_blocking_exporter_is_destroyed_by_the_shutdown(void **state)
{
    (void)state;
    for (int i = 0; i < 50; i++) {
        struct script_exporter *exporter = script_exporter_new();
        script_exporter_block(exporter);
        script_exporter_release(exporter); /* it may block, and does not */
        spw_pipeline_options pipeline = SPW_PIPELINE_OPTIONS_INIT;
        pipeline.exporter = script_exporter_base(exporter);
        spw_options options = SPW_OPTIONS_INIT;
        options.pipelines = &pipeline;
        options.pipeline_count = 1;
        assert_int_equal(spw_start(&options), SPW_OK);
        if (i % 2)
            spw_span_end(spw_span_start(NULL, "one", NULL));
        assert_int_equal(spw_shutdown(20000), SPW_OK);
        assert_true(script_exporter_destroyed(exporter));
        script_exporter_free(exporter);
    }
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_teardown(fn, stop)
    const struct CMUnitTest tests[] = {
        TEST(a_start_waits_for_the_thread_to_come_out),
        TEST(a_start_has_patience),
        TEST(a_late_record_goes_to_no_other_session),
        TEST(pipelines_that_stand_apart_begin_together),
        TEST(exporters_are_destroyed_beside_the_thread),
        TEST(a_start_waits_a_second_for_a_flush),
        TEST(of_several_starts_one_frees_what_is_left),
        TEST(a_blocking_exporter_is_destroyed_by_the_shutdown),
    };
    return cmocka_run_group_tests_name("restart", tests, NULL, NULL);
}
