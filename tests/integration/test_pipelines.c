/* Many pipelines at once: filters, redaction, the simple mode, exact accounts, and what one must never do to another. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <opentelemetry/proto/collector/trace/v1/trace_service.pb-c.h>
#include <spanwire/exporter.h>
#include <spanwire/spanwire.h>

#include "support/capture.h"
#include "support/fail_alloc.h"
#include "support/http_peer.h"
#include "support/script_exporter.h"

#define SECRET "canary-4be1c7"

static uint64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- an exporter that keeps the raw bytes of every request ---- */

enum answer { DELIVER, NEVER, REFUSE, REJECT_ONE, RETRY_EACH_ONCE };

struct sink {
    spw_exporter base;
    enum answer answer;
    pthread_mutex_t lock;
    uint8_t *bytes;
    size_t size, capacity;
    size_t *requests; /* where each begins */
    size_t request_count;
    size_t spans, largest, largest_request, submits;
    uint64_t last_sequence;
    bool owned, destroyed; /* by the SDK */
    spw_export_done_fn done; /* while NEVER has a batch */
    void *token;
};

static void keep(struct sink *s, const spw_batch *batch)
{
    size_t size = spw_batch_encoded_size(batch);
    if (s->size + size > s->capacity) {
        s->capacity = (s->size + size) * 2;
        s->bytes = realloc(s->bytes, s->capacity);
    }
    s->requests = realloc(s->requests, (s->request_count + 1) * sizeof *s->requests);
    s->requests[s->request_count++] = s->size;
    assert_int_equal(spw_batch_encode(batch, s->bytes + s->size, size), size);
    s->size += size;
    s->spans += spw_batch_count(batch);
    s->largest = spw_batch_count(batch) > s->largest ? spw_batch_count(batch) : s->largest;
    s->largest_request = size > s->largest_request ? size : s->largest_request;
}

static void sink_submit(spw_exporter *base, const spw_batch *batch, spw_export_done_fn done, void *token)
{
    struct sink *s = (struct sink *)base;
    spw_export_result result = SPW_EXPORT_RESULT_INIT;
    pthread_mutex_lock(&s->lock);
    s->submits++;
    bool again = s->last_sequence == spw_batch_sequence(batch);
    s->last_sequence = spw_batch_sequence(batch);
    if (s->answer == REFUSE) {
        result.status = SPW_EXPORT_PERMANENT;
    } else if (s->answer == RETRY_EACH_ONCE && !again) {
        result.status = SPW_EXPORT_RETRY;
        result.retry_after_ms = 1;
    } else {
        result.rejected = s->answer == REJECT_ONE;
        keep(s, batch);
    }
    s->done = done;
    s->token = token;
    pthread_mutex_unlock(&s->lock);
    if (s->answer != NEVER)
        done(token, &result);
}

static void sink_cancel(spw_exporter *base)
{
    (void)base;
}

static void sink_destroy(spw_exporter *base)
{
    struct sink *s = (struct sink *)base;
    pthread_mutex_lock(&s->lock);
    s->destroyed = true;
    pthread_mutex_unlock(&s->lock);
}

static struct sink *sink_new(enum answer answer)
{
    struct sink *s = calloc(1, sizeof *s);
    assert_non_null(s);
    pthread_mutex_init(&s->lock, NULL);
    s->answer = answer;
    s->base = (spw_exporter){ .struct_size = sizeof s->base, .name = "sink", .submit = sink_submit, .cancel = sink_cancel,
                              .destroy = sink_destroy };
    return s;
}

/* One that blocks is destroyed on its own thread, some time after the shutdown. */
static void sink_free(struct sink *s)
{
    for (bool done = !s->owned; !done; usleep(500)) {
        pthread_mutex_lock(&s->lock);
        done = s->destroyed;
        pthread_mutex_unlock(&s->lock);
    }
    free(s->bytes);
    free(s->requests);
    free(s);
}

static size_t locked(struct sink *s, const size_t *field)
{
    pthread_mutex_lock(&s->lock);
    size_t value = *field;
    pthread_mutex_unlock(&s->lock);
    return value;
}

static bool wait_for(struct sink *s, const size_t *field, size_t want)
{
    for (uint64_t until = now_ms() + 20000; locked(s, field) < want;) {
        if (now_ms() > until)
            return false;
        usleep(500);
    }
    return true;
}

static bool leaks(const struct sink *s)
{
    return s->size && memmem(s->bytes, s->size, SECRET, sizeof SECRET - 1);
}

typedef Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceRequest request;

static request *decode(const struct sink *s, size_t index)
{
    size_t end = index + 1 < s->request_count ? s->requests[index + 1] : s->size;
    request *r = opentelemetry__proto__collector__trace__v1__export_trace_service_request__unpack(NULL, end - s->requests[index],
                                                                                                   s->bytes + s->requests[index]);
    assert_non_null(r);
    assert_true(capture_all_known(&r->base));
    return r;
}

static void release(request *r)
{
    opentelemetry__proto__collector__trace__v1__export_trace_service_request__free_unpacked(r, NULL);
}

/* ---- what pipelines are made of ---- */

static bool is_even(void *arg, const spw_span_view *span)
{
    (void)arg;
    spw_attr attr;
    for (spw_attr_iter it = span->attributes; spw_attr_next(&it, &attr);)
        if (attr.key.size == 1 && attr.key.data[0] == 'n')
            return attr.value.u.i % 2 == 0;
    return false;
}

static bool nothing(void *arg, const spw_span_view *span)
{
    (void)arg;
    (void)span;
    return false;
}

static bool is_secret(const spw_attr *attr)
{
    return attr->key.size >= 6 && memcmp(attr->key.data, "secret", 6) == 0;
}

static spw_redaction drop_secrets(void *arg, const spw_redaction_input *input, spw_attr *attr)
{
    (void)arg;
    (void)input;
    return is_secret(attr) ? SPW_REDACT_DROP : SPW_REDACT_KEEP;
}

/* `arg` is the text in their place. */
static spw_redaction replace_secrets(void *arg, const spw_redaction_input *input, spw_attr *attr)
{
    (void)input;
    if (!is_secret(attr))
        return SPW_REDACT_KEEP;
    attr->value = spw_value_string(arg);
    return SPW_REDACT_REPLACE;
}

static spw_pipeline_options pipeline_to(struct sink *s)
{
    spw_pipeline_options p = SPW_PIPELINE_OPTIONS_INIT;
    p.exporter = &s->base;
    s->owned = true;
    p.schedule_delay_ms = 2;
    p.max_queue_size = 65536;
    return p;
}

static void start(const spw_pipeline_options *pipelines, size_t count)
{
    spw_error error = SPW_ERROR_INIT;
    spw_options options = SPW_OPTIONS_INIT;
    options.service_name = "pipelines";
    options.pipelines = pipelines;
    options.pipeline_count = count;
    options.log_level = SPW_LOG_NONE + 1;
    options.error = &error;
    if (spw_start(&options) != SPW_OK)
        fail_msg("%s", error.text);
}

/* A span with a number, and with secrets in all the places attributes can be. */
static void record(int n)
{
    spw_value list[] = { spw_value_string("in a list: " SECRET), spw_value_int(n) };
    spw_attr entries[] = { spw_attr_string("deep", "in a map: " SECRET), spw_attr_array("list", list, 2) };
    spw_attr there[] = { spw_attr_int("kept", n), spw_attr_string("secret.there", SECRET) };
    spw_span span = spw_span_start(NULL, "work", NULL);
    spw_set_int(span, "n", n);
    spw_set_string(span, "secret", SECRET);
    spw_value map = spw_value_map(entries, 2);
    spw_set_value(span, "secret.map", &map);
    spw_set_string(span, "open", "to everybody");
    spw_add_event(span, "event", there, 2);
    spw_add_link(span, span, there, 2);
    spw_span_end(span);
}

struct range {
    int from, to;
};

static void *record_range(void *arg)
{
    const struct range *r = arg;
    for (int n = r->from; n < r->to; n++)
        record(n);
    return NULL;
}

static void record_from_threads(int count)
{
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    struct range ranges[THREADS];
    for (int t = 0; t < THREADS; t++) {
        ranges[t] = (struct range){ count * t / THREADS, count * (t + 1) / THREADS };
        assert_int_equal(pthread_create(&threads[t], NULL, record_range, &ranges[t]), 0);
    }
    for (int t = 0; t < THREADS; t++)
        pthread_join(threads[t], NULL);
}

static uint64_t all_dropped(const spw_pipeline_stats *p)
{
    uint64_t sum = 0;
    for (int c = 0; c < SPW_DROP_CAUSES; c++)
        sum += p->dropped[c];
    return sum;
}

/* ---- sixteen of them ---- */

enum {
    PLAIN, EVEN, DROPS, GROWS, SIMPLE, SMALL_BATCHES, DEAD, REFUSED, REJECTED, RETRIED, NOTHING, EVEN_AND_SHORT, BLOCKING, SMALL_REQUESTS, SIMPLE_EVEN,
    MEMORY, PIPELINES
};

static char long_text[4001];

static void set_up_sixteen(spw_pipeline_options *p, struct sink **s)
{
    memset(long_text, 'x', sizeof long_text - 1);
    for (int i = 0; i < PIPELINES; i++) {
        s[i] = sink_new(i == DEAD ? NEVER : i == REFUSED ? REFUSE : i == REJECTED ? REJECT_ONE : i == RETRIED ? RETRY_EACH_ONCE : DELIVER);
        p[i] = pipeline_to(s[i]);
    }
    p[EVEN].filter = p[EVEN_AND_SHORT].filter = p[SIMPLE_EVEN].filter = is_even;
    p[NOTHING].filter = nothing;
    p[DROPS].redact = drop_secrets;
    p[GROWS].redact = p[EVEN_AND_SHORT].redact = p[SMALL_REQUESTS].redact = replace_secrets;
    p[GROWS].redact_arg = p[SMALL_REQUESTS].redact_arg = long_text;
    p[EVEN_AND_SHORT].redact_arg = "***";
    p[SIMPLE].mode = p[SIMPLE_EVEN].mode = SPW_PIPELINE_SIMPLE;
    p[SMALL_BATCHES].max_export_batch_size = 7;
    p[DEAD].max_queue_size = 100;
    p[DEAD].max_export_batch_size = 50;
    p[BLOCKING].exporter->flags = SPW_EXPORTER_BLOCKS;
    p[SMALL_REQUESTS].exporter->max_request_bytes = 40000; /* two spans of four long values each */
    s[MEMORY]->owned = false;
    p[MEMORY].exporter = spw_memory_exporter_new(100000);
}

static bool all_done_but(uint32_t dead, spw_stats *stats)
{
    spw_stats_get(stats);
    for (uint32_t i = 0; i < stats->pipeline_count; i++)
        if (i != dead && stats->pipelines[i].queued + stats->pipelines[i].in_flight)
            return false;
    return true;
}

static void sixteen_at_once_with_exact_accounts(void **state)
{
    (void)state;
    enum { N = 2000 };
    struct sink *s[PIPELINES];
    spw_pipeline_options p[PIPELINES];
    set_up_sixteen(p, s);
    start(p, PIPELINES);
    record_from_threads(N);
    spw_stats stats = SPW_STATS_INIT;
    for (int i = 0; i < 100 && !all_done_but(DEAD, &stats); i++)
        assert_int_equal(spw_flush(500), SPW_ERR_TIMEOUT); /* the dead one never */
    capture_check_accounts();
    for (int i = 0; i < PIPELINES; i++) {
        const spw_pipeline_stats *a = &stats.pipelines[i];
        bool halved = i == EVEN || i == EVEN_AND_SHORT || i == SIMPLE_EVEN;
        assert_int_equal(a->ended, N);
        assert_int_equal(a->filtered, halved ? N / 2 : i == NOTHING ? N : 0);
        if (i == DEAD) {
            assert_int_equal(a->in_flight, 50);
            assert_int_equal(a->exported, 0);
            assert_int_equal(a->dropped[SPW_DROP_QUEUE_FULL] + a->queued + a->in_flight, N);
            assert_true(a->queued + a->in_flight <= 100 + 4 * 16);
            continue;
        }
        assert_int_equal(a->queued + a->in_flight, 0);
        assert_int_equal(a->dropped[SPW_DROP_PERMANENT], i == REFUSED ? N : 0);
        assert_int_equal(all_dropped(a), i == REFUSED ? N : 0);
        assert_int_equal(a->rejected, i == REJECTED ? a->batches : 0);
        assert_int_equal(a->retries, i == RETRIED ? a->batches : 0);
        if (i != MEMORY && i != REFUSED)
            assert_int_equal(s[i]->spans, a->exported + a->rejected);
    }
    assert_int_equal(s[SIMPLE]->largest, 1);
    assert_int_equal(s[SIMPLE]->submits, N);
    assert_int_equal(s[SIMPLE_EVEN]->submits, N / 2);
    assert_int_equal(s[SMALL_BATCHES]->largest, 7);
    assert_int_equal(s[NOTHING]->submits, 0);
    assert_true(s[SMALL_REQUESTS]->largest_request <= 40000);
    assert_int_equal(spw_memory_exporter_count(p[MEMORY].exporter), N);
    for (int i = 0; i < PIPELINES; i++) {
        bool hides = i == DROPS || i == GROWS || i == EVEN_AND_SHORT || i == SMALL_REQUESTS || i == NOTHING || i == REFUSED || i == MEMORY;
        assert_int_equal(leaks(s[i]), !hides);
    }
    (void)spw_shutdown(300);
    spw_stats_get(&stats);
    capture_check_accounts();
    const spw_pipeline_stats *dead = &stats.pipelines[DEAD];
    assert_int_equal(dead->dropped[SPW_DROP_QUEUE_FULL] + dead->dropped[SPW_DROP_SHUTDOWN_DEADLINE], N);
    for (int i = 0; i < PIPELINES; i++)
        sink_free(s[i]);
}

/* ---- redaction touches its own pipeline only ---- */

static void check_secrets(Opentelemetry__Proto__Common__V1__KeyValue *const *attrs, size_t count, size_t want, uint32_t dropped, uint32_t want_dropped)
{
    size_t secrets = 0;
    for (size_t i = 0; i < count; i++)
        secrets += strncmp(attrs[i]->key, "secret", 6) == 0;
    assert_int_equal(secrets, want);
    assert_int_equal(dropped, want_dropped);
}

/* `left`: whether the secret attributes are still there under their keys. */
static void check_spans(const struct sink *s, size_t count, bool left)
{
    size_t seen = 0;
    for (size_t i = 0; i < s->request_count; i++) {
        request *r = decode(s, i);
        Opentelemetry__Proto__Trace__V1__ScopeSpans *group = r->resource_spans[0]->scope_spans[0];
        for (size_t k = 0; k < group->n_spans; k++, seen++) {
            const capture_span *span = group->spans[k];
            assert_string_equal(capture_string(span, "open"), "to everybody");
            check_secrets(span->attributes, span->n_attributes, left ? 2 : 0, span->dropped_attributes_count, left ? 0 : 2);
            check_secrets(span->events[0]->attributes, span->events[0]->n_attributes, left, span->events[0]->dropped_attributes_count, !left);
            check_secrets(span->links[0]->attributes, span->links[0]->n_attributes, left, span->links[0]->dropped_attributes_count, !left);
            assert_int_equal(span->links[0]->span_id.len, 8);
        }
        release(r);
    }
    assert_int_equal(seen, count);
}

static void redaction_stays_in_its_pipeline(void **state)
{
    (void)state;
    enum { N = 300 };
    struct sink *before = sink_new(DELIVER), *drops = sink_new(RETRY_EACH_ONCE), *shortens = sink_new(DELIVER), *lengthens = sink_new(DELIVER),
                *after = sink_new(DELIVER);
    spw_pipeline_options p[5] = { pipeline_to(before), pipeline_to(drops), pipeline_to(shortens), pipeline_to(lengthens), pipeline_to(after) };
    memset(long_text, 'y', sizeof long_text - 1);
    p[1].redact = drop_secrets;
    p[2].redact = p[3].redact = replace_secrets;
    p[2].redact_arg = "";
    p[3].redact_arg = long_text;
    start(p, 5);
    for (int n = 0; n < N; n++)
        record(n);
    assert_int_equal(spw_flush(20000), SPW_OK);
    assert_int_equal(spw_shutdown(20000), SPW_OK);
    assert_false(leaks(drops) || leaks(shortens) || leaks(lengthens));
    assert_true(leaks(before) && leaks(after));
    check_spans(before, N, true);
    check_spans(drops, N, false);
    check_spans(shortens, N, true);
    check_spans(lengthens, N, true);
    check_spans(after, N, true);
    assert_true(lengthens->size > before->size + N * 3 * 4000);
    sink_free(before);
    sink_free(drops);
    sink_free(shortens);
    sink_free(lengthens);
    sink_free(after);
}

static void a_span_that_grows_too_large_is_counted(void **state)
{
    (void)state;
    struct sink *plain = sink_new(DELIVER), *grows = sink_new(DELIVER);
    spw_pipeline_options p[2] = { pipeline_to(plain), pipeline_to(grows) };
    memset(long_text, 'z', sizeof long_text - 1);
    p[0].schedule_delay_ms = p[1].schedule_delay_ms = 60000; /* all of it happens in the flush, which then says so */
    p[1].exporter->max_request_bytes = 10000; /* four values of 4,000 bytes are more */
    p[1].redact = replace_secrets;
    p[1].redact_arg = long_text;
    start(p, 2);
    for (int n = 0; n < 10; n++) {
        record(n);
        spw_span_end(spw_span_start(NULL, "small", NULL));
    }
    assert_int_equal(spw_flush(20000), SPW_ERR_INCOMPLETE);
    spw_pipeline_stats a = capture_stats(1);
    assert_int_equal(a.exported, 10);
    assert_int_equal(a.dropped[SPW_DROP_TOO_LARGE], 10);
    assert_int_equal(capture_stats(0).exported, 20);
    assert_true(grows->largest_request <= 10000);
    capture_check_accounts();
    spw_shutdown(1000);
    sink_free(plain);
    sink_free(grows);
}

static void what_cannot_be_redacted_is_not_sent(void **state)
{
    (void)state;
    struct sink *plain = sink_new(DELIVER), *redacts = sink_new(DELIVER);
    spw_pipeline_options p[2] = { pipeline_to(plain), pipeline_to(redacts) };
    static char huge[300001];
    memset(huge, 'h', sizeof huge - 1);
    p[0].schedule_delay_ms = p[1].schedule_delay_ms = 60000;
    p[1].redact = replace_secrets;
    p[1].redact_arg = huge;
    start(p, 2);
    fail_alloc_from(200000); /* only what redaction needs is so large here */
    for (int n = 0; n < 5; n++)
        record(n);
    assert_int_equal(spw_flush(20000), SPW_ERR_INCOMPLETE);
    assert_true(fail_alloc_stop());
    spw_pipeline_stats a = capture_stats(1);
    assert_int_equal(a.dropped[SPW_DROP_OOM], 5);
    assert_int_equal(a.exported, 0);
    assert_int_equal(redacts->submits, 0);
    assert_int_equal(capture_stats(0).exported, 5);
    record(5); /* and goes on when there is memory again */
    assert_int_equal(spw_flush(20000), SPW_OK);
    assert_int_equal(capture_stats(1).exported, 1);
    assert_false(leaks(redacts));
    capture_check_accounts();
    spw_shutdown(1000);
    sink_free(plain);
    sink_free(redacts);
}

/* ---- the simple mode ---- */

static void answer(struct sink *s)
{
    spw_export_result ok = SPW_EXPORT_RESULT_INIT;
    s->done(s->token, &ok);
}

static void simple_sends_at_once_and_one_at_a_time(void **state)
{
    (void)state;
    struct sink *s = sink_new(NEVER);
    spw_pipeline_options p = pipeline_to(s);
    p.mode = SPW_PIPELINE_SIMPLE;
    p.schedule_delay_ms = 60000; /* of no effect, like the size */
    p.max_export_batch_size = 100;
    start(&p, 1);
    for (int n = 0; n < 5; n++)
        record(n);
    for (size_t i = 1; i <= 5; i++) {
        assert_true(wait_for(s, &s->submits, i)); /* with no flush */
        usleep(20000);
        assert_int_equal(locked(s, &s->submits), i); /* the next one waits for the answer */
        assert_int_equal(capture_stats(0).in_flight, 1);
        answer(s);
    }
    assert_int_equal(spw_flush(20000), SPW_OK);
    assert_int_equal(s->largest, 1);
    assert_int_equal(s->spans, 5);
    spw_shutdown(1000);
    sink_free(s);
}

/* The next batch may come the moment the last one is answered: its thread is ready for it. */
static void a_blocking_exporter_takes_one_after_the_other(void **state)
{
    (void)state;
    struct sink *s = sink_new(DELIVER);
    spw_pipeline_options p = pipeline_to(s);
    p.mode = SPW_PIPELINE_SIMPLE;
    s->base.flags = SPW_EXPORTER_BLOCKS;
    start(&p, 1);
    for (int n = 0; n < 2000; n++)
        record(n);
    assert_int_equal(spw_flush(20000), SPW_OK);
    assert_int_equal(capture_stats(0).exported, 2000);
    assert_int_equal(capture_stats(0).retries, 0);
    spw_shutdown(1000);
    sink_free(s);
}

/* ---- filters ---- */

static void filtered_spans_take_no_room_and_fail_no_flush(void **state)
{
    (void)state;
    struct sink *s = sink_new(DELIVER);
    spw_pipeline_options p = pipeline_to(s);
    p.filter = is_even;
    p.max_queue_size = 100;
    start(&p, 1);
    for (int round = 0; round < 20; round++) {
        for (int n = 0; n < 80; n++)
            record(2 * n + 1);
        assert_int_equal(spw_flush(20000), SPW_OK);
    }
    record(2);
    assert_int_equal(spw_flush(20000), SPW_OK);
    spw_pipeline_stats a = capture_stats(0);
    assert_int_equal(a.filtered, 1600);
    assert_int_equal(a.exported, 1);
    assert_int_equal(a.ended, 1601);
    assert_int_equal(all_dropped(&a), 0);
    spw_shutdown(1000);
    sink_free(s);
}

/* What is still there at the deadline is lost or filtered, each under its own name. */
static void a_deadline_keeps_the_filter_apart(void **state)
{
    (void)state;
    struct sink *s = sink_new(NEVER);
    spw_pipeline_options p = pipeline_to(s);
    p.filter = is_even;
    p.redact = drop_secrets;
    p.max_export_batch_size = 10;
    start(&p, 1);
    for (int n = 0; n < 100; n++)
        record(n);
    (void)spw_shutdown(100);
    spw_pipeline_stats a = capture_stats(0);
    assert_int_equal(a.filtered, 50);
    assert_int_equal(a.dropped[SPW_DROP_SHUTDOWN_DEADLINE], 50);
    capture_check_accounts();
    sink_free(s);
}

static void an_unknown_mode_is_refused(void **state)
{
    (void)state;
    struct sink *s = sink_new(DELIVER);
    spw_pipeline_options p = pipeline_to(s);
    p.mode = (spw_pipeline_mode)7;
    spw_error error = SPW_ERROR_INIT;
    spw_options options = SPW_OPTIONS_INIT;
    options.pipelines = &p;
    options.pipeline_count = 1;
    options.error = &error;
    options.log_level = SPW_LOG_ERROR;
    assert_int_equal(spw_start(&options), SPW_ERR_INVALID);
    assert_non_null(strstr(error.text, "SPW_PIPELINE_SIMPLE"));
    sink_free(s);
}

/* An export timeout of SPW_NEVER: the exporter is not cancelled, however long it takes; with one of 50 ms it is, and tried again. */
static void an_export_timeout_can_be_none(void **state)
{
    (void)state;
    struct sink *patient = sink_new(NEVER), *hasty = sink_new(NEVER);
    spw_pipeline_options p[2] = { pipeline_to(patient), pipeline_to(hasty) };
    p[0].export_timeout_ms = SPW_NEVER;
    p[1].export_timeout_ms = 50;
    start(p, 2);
    record(1);
    assert_true(wait_for(hasty, &hasty->submits, 2));
    assert_int_equal(locked(patient, &patient->submits), 1);
    assert_int_equal(capture_stats(0).retries, 0);
    assert_int_equal(capture_stats(0).in_flight, 1);
    answer(patient);
    for (int i = 0; i < 20000 && !capture_stats(0).exported; i++)
        usleep(1000);
    assert_int_equal(capture_stats(0).exported, 1);
    (void)spw_shutdown(100);
    capture_check_accounts();
    sink_free(patient);
    sink_free(hasty);
}

/* What the options say of OTLP reaches the wire. */
static void options_of_otlp_reach_the_wire(void **state)
{
    (void)state;
    http_peer *peer = http_peer_start();
    spw_options options = SPW_OPTIONS_INIT;
    options.otlp_endpoint = http_peer_url(peer);
    options.otlp_protocol = "http/json";
    options.user_agent_prefix = "my-app/2.0";
    options.otlp_timeout_ms = SPW_NEVER;
    setenv("no_proxy", "*", 1);
    assert_int_equal(spw_start(&options), SPW_OK);
    record(1);
    assert_int_equal(spw_flush(20000), SPW_OK);
    const http_peer_request *r = http_peer_request_at(peer, 0);
    assert_non_null(r);
    assert_string_equal(http_peer_header(r, "Content-Type"), "application/json");
    assert_string_equal(http_peer_header(r, "User-Agent"), "my-app/2.0 OTel-OTLP-Exporter-C/" SPW_VERSION);
    assert_memory_equal(r->body, "{\"resourceSpans\":[", 18);
    spw_shutdown(1000);
    http_peer_stop(peer);
}

/* A test that fails must not take the others with it. */
static int stop(void **state)
{
    (void)state;
    (void)spw_shutdown(0);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(sixteen_at_once_with_exact_accounts, stop),
        cmocka_unit_test_teardown(redaction_stays_in_its_pipeline, stop),
        cmocka_unit_test_teardown(a_span_that_grows_too_large_is_counted, stop),
        cmocka_unit_test_teardown(what_cannot_be_redacted_is_not_sent, stop),
        cmocka_unit_test_teardown(simple_sends_at_once_and_one_at_a_time, stop),
        cmocka_unit_test_teardown(a_blocking_exporter_takes_one_after_the_other, stop),
        cmocka_unit_test_teardown(filtered_spans_take_no_room_and_fail_no_flush, stop),
        cmocka_unit_test_teardown(a_deadline_keeps_the_filter_apart, stop),
        cmocka_unit_test_teardown(an_unknown_mode_is_refused, stop),
        cmocka_unit_test_teardown(an_export_timeout_can_be_none, stop),
        cmocka_unit_test_teardown(options_of_otlp_reach_the_wire, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
