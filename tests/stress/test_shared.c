/*
 * What pipelines, threads and readers share, all at once: several pipelines at their own pace over the same rows, chunks left early and taken
 * out of the middle, tracers met for the first time by many threads, one baggage in many contexts, and spw_stats_get() asked all the while.
 * Meant for ThreadSanitizer: tests/model/models.txt says which structure is looked at where. SPW_STRESS_SCALE multiplies the work (1).
 */
#include <pthread.h>
#include <setjmp.h>
#include <spanwire/baggage.h>
#include <spanwire/spanwire.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/script_exporter.h"

enum { THREADS = 4, PIPELINES = 3, TRACERS = 64 };

static int scale(void)
{
    const char *text = getenv("SPW_STRESS_SCALE");
    int n = text ? atoi(text) : 1;
    return n > 0 && n < 1000 ? n : 1;
}

static void run_threads(void *(*body)(void *), void *arg)
{
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, body, arg), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

static bool stop; /* atomic */

/* What is counted never goes back, whenever it is asked. */
static void *ask_on(void *arg)
{
    (void)arg;
    uint64_t ended = 0, exported = 0;
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        spw_stats s = SPW_STATS_INIT;
        spw_stats_get(&s);
        if (s.pipeline_count == 0)
            continue;
        assert_true(s.pipelines[0].ended >= ended && s.pipelines[0].exported >= exported);
        ended = s.pipelines[0].ended;
        exported = s.pipelines[0].exported;
    }
    return NULL;
}

/* ---- pipelines at their own pace ---- */

/* Small spans, and now and then one larger than a page, after which its chunk is left. */
static void *record_mixed(void *arg)
{
    static char big[30000];
    int n = *(int *)arg;
    for (int i = 0; i < n; i++) {
        spw_span span = spw_span_start(NULL, i % 16 ? "small" : "big", NULL);
        spw_set_int(span, "i", i);
        if (i % 16 == 0)
            spw_set_string_n(span, "text", big, sizeof big - (size_t)i % 20000);
        spw_span_end(span);
    }
    return NULL;
}

static bool every_other(void *arg, const spw_span_view *span)
{
    (void)arg;
    return span->attributes.at != NULL && span->name.size == 5;
}

/* The first takes all, the second little, the third is refused again and again and lags: its chunks stay, others' are taken out. */
static void start_pipelines(struct script_exporter *exporters[PIPELINES])
{
    spw_pipeline_options pipelines[PIPELINES];
    for (int i = 0; i < PIPELINES; i++) {
        static const spw_pipeline_options init = SPW_PIPELINE_OPTIONS_INIT;
        exporters[i] = script_exporter_new();
        pipelines[i] = init;
        pipelines[i].exporter = script_exporter_base(exporters[i]);
        pipelines[i].max_queue_size = i == 2 ? 300 : 1u << 20;
        pipelines[i].max_export_batch_size = i == 1 ? 7 : 200;
        pipelines[i].schedule_delay_ms = 1 + (uint32_t)i;
    }
    pipelines[1].filter = every_other;
    for (int i = 0; i < 40; i++)
        script_exporter_push(exporters[2], (struct script_answer){ .status = SPW_EXPORT_RETRY, .retry_after_ms = 2 });
    spw_options options = SPW_OPTIONS_INIT;
    options.pipelines = pipelines;
    options.pipeline_count = PIPELINES;
    options.max_buffer_bytes = 8u << 20; /* so that pages are used again and again, and looked for */
    assert_int_equal(spw_start(&options), SPW_OK);
}

static void test_pipelines_at_their_own_pace(void **state)
{
    (void)state;
    int n = 2000 * scale();
    struct script_exporter *exporters[PIPELINES];
    pthread_t reader;
    start_pipelines(exporters);
    __atomic_store_n(&stop, false, __ATOMIC_RELAXED);
    assert_int_equal(pthread_create(&reader, NULL, ask_on, NULL), 0);
    for (int round = 0; round < 4; round++) {
        run_threads(record_mixed, &n);
        spw_result flushed = spw_flush(20000); /* spans dropped for want of room are said here, and counted */
        assert_true(flushed == SPW_OK || flushed == SPW_ERR_INCOMPLETE);
    }
    __atomic_store_n(&stop, true, __ATOMIC_RELAXED);
    pthread_join(reader, NULL);
    assert_identity();
    spw_stats s = SPW_STATS_INIT;
    spw_stats_get(&s);
    assert_int_equal(s.spans_open, 0);
    for (int i = 0; i < PIPELINES; i++) {
        assert_int_equal(s.pipelines[i].ended, 4 * THREADS * (uint64_t)n);
        assert_int_equal(s.pipelines[i].exported, script_exporter_spans(exporters[i]));
        assert_int_equal(s.pipelines[i].queued, 0);
    }
    assert_true(script_exporter_retries_same(exporters[2]));
    assert_int_equal(spw_shutdown(20000), SPW_OK);
    for (int i = 0; i < PIPELINES; i++)
        script_exporter_free(exporters[i]);
}

/* ---- tracers met for the first time ---- */

static spw_tracer tracers[TRACERS];
static char tracer_names[TRACERS][16];

static void *meet_tracers(void *arg)
{
    (void)arg;
    for (int i = 0; i < TRACERS; i++) {
        SPW_SPAN_WITH(span, "met", &tracers[i], NULL);
        spw_set(span, "i", i);
    }
    return NULL;
}

static void test_new_tracers(void **state)
{
    (void)state;
    for (int round = 0; round < 10 * scale(); round++) {
        struct script_exporter *e = script_exporter_new();
        spw_pipeline_options pipeline = SPW_PIPELINE_OPTIONS_INIT;
        for (int i = 0; i < TRACERS; i++) {
            snprintf(tracer_names[i], sizeof tracer_names[i], "scope %d", (i * 7 + round) % 100);
            tracers[i] = (spw_tracer)SPW_TRACER_INIT(tracer_names[i], "1");
        }
        script_start(e, &pipeline);
        run_threads(meet_tracers, NULL);
        assert_int_equal(spw_flush(20000), SPW_OK);
        assert_int_equal(script_exporter_spans(e), THREADS * TRACERS);
        assert_int_equal(spw_shutdown(20000), SPW_OK);
        script_exporter_free(e);
    }
}

/* ---- one baggage in many contexts ---- */

static void *carry_baggage(void *arg)
{
    const spw_context *shared = arg;
    for (int i = 0; i < 5000 * scale(); i++) {
        spw_context mine = spw_baggage_set(shared, i % 2 ? "shared" : "mine", "changed");
        spw_token token = spw_context_attach(&mine);
        assert_non_null(spw_baggage_get(NULL, "kept"));
        spw_context_release(&mine);
        spw_context_detach(token);
    }
    return NULL;
}

static void test_baggage(void **state)
{
    (void)state;
    spw_context first = spw_baggage_set(NULL, "kept", "1"), shared = spw_baggage_set(&first, "shared", "2");
    run_threads(carry_baggage, &shared);
    assert_string_equal(spw_baggage_get(&shared, "shared"), "2");
    assert_int_equal(spw_baggage_count(&shared), 2);
    spw_context_release(&first);
    spw_context_release(&shared);
}

/* ---- calls that wait for nobody, while sessions come and go ---- */

static spw_span open_span; /* of the session at hand or an earlier one; written before the threads run */

static void *call_on(void *arg)
{
    (void)arg;
    spw_span ended = spw_span_start(NULL, "ended", NULL);
    spw_span_end(ended);
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        spw_add_event(ended, "late", NULL, 0);
        spw_set_int(ended, "late", 1);
        spw_add_event(open_span, "event", NULL, 0);
        spw_set_int(open_span, "i", 1);
        spw_record_error(open_span, "type", "text");
        (void)spw_tracer_enabled(NULL);
        spw_stats s = SPW_STATS_INIT;
        spw_stats_get(&s);
        (void)spw_flush(0);
    }
    return NULL;
}

static void test_calls_beside_restarts(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    spw_pipeline_options pipeline = SPW_PIPELINE_OPTIONS_INIT;
    struct script_exporter *e = script_exporter_new();
    script_start(e, &pipeline);
    open_span = spw_span_start(NULL, "open", NULL);
    __atomic_store_n(&stop, false, __ATOMIC_RELAXED);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, call_on, NULL), 0);
    for (int round = 0; round < 20 * scale(); round++) {
        (void)spw_shutdown(5000);
        script_exporter_free(e);
        e = script_exporter_new();
        script_start(e, &pipeline);
        spw_span_end(spw_span_start(NULL, "one", NULL));
    }
    __atomic_store_n(&stop, true, __ATOMIC_RELAXED);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    spw_span_end(open_span);
    (void)spw_shutdown(20000);
    script_exporter_free(e);
}

static int end(void **state)
{
    (void)state;
    spw_shutdown(0);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_pipelines_at_their_own_pace, end),
        cmocka_unit_test_teardown(test_new_tracers, end),
        cmocka_unit_test(test_baggage),
        cmocka_unit_test_teardown(test_calls_beside_restarts, end),
    };
    return cmocka_run_group_tests_name("shared", tests, NULL, NULL);
}
