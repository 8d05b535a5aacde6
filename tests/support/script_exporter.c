#include "support/script_exporter.h"

#include <pthread.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MAX_ANSWERS 64
#define MAX_NAMES (1u << 20)

struct script_exporter {
    spw_exporter base;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct script_answer answers[MAX_ANSWERS];
    size_t answer_count, next_answer;
    bool blocked, destroyed, different;
    size_t spans, submits, cancels;
    uint64_t last_sequence, last_sum;
    char (*names)[32];
    size_t name_count;
};

/* FNV-1a of the encoded body: enough to see that a retry is the same. */
static uint64_t body_sum(const spw_batch *batch)
{
    size_t size = spw_batch_encoded_size(batch);
    uint8_t *body = malloc(size ? size : 1);
    uint64_t h = 0xcbf29ce484222325u;
    if (body && spw_batch_encode(batch, body, size) == size)
        for (size_t i = 0; i < size; i++)
            h = (h ^ body[i]) * 0x100000001b3u;
    free(body);
    return h;
}

static void keep_names(struct script_exporter *e, const spw_batch *batch)
{
    spw_span_view span;
    for (spw_span_iter it = spw_batch_spans(batch); spw_span_next(&it, &span);) {
        if (e->name_count == MAX_NAMES)
            return;
        size_t n = span.name.size < 31 ? span.name.size : 31;
        memcpy(e->names[e->name_count], span.name.data, n);
        e->names[e->name_count++][n] = '\0';
    }
}

static void submit(spw_exporter *base, const spw_batch *batch, spw_export_done_fn done, void *token)
{
    struct script_exporter *e = (struct script_exporter *)base;
    pthread_mutex_lock(&e->lock);
    e->submits++;
    uint64_t sum = body_sum(batch);
    if (e->last_sequence == spw_batch_sequence(batch) && e->last_sum != sum)
        e->different = true;
    e->last_sequence = spw_batch_sequence(batch);
    e->last_sum = sum;
    struct script_answer a = { .status = SPW_EXPORT_DELIVERED };
    if (e->next_answer < e->answer_count)
        a = e->answers[e->next_answer++];
    while (e->blocked)
        pthread_cond_wait(&e->changed, &e->lock);
    if (a.status == SPW_EXPORT_DELIVERED && !a.hang) {
        e->spans += spw_batch_count(batch);
        keep_names(e, batch);
    }
    pthread_mutex_unlock(&e->lock);
    if (a.hang)
        return;
    spw_export_result result = SPW_EXPORT_RESULT_INIT;
    result.status = a.status;
    result.rejected = a.rejected;
    result.retry_after_ms = a.retry_after_ms;
    result.refused = a.refused;
    result.ambiguous = a.ambiguous;
    result.malformed = a.malformed;
    done(token, &result);
}

static void cancel(spw_exporter *base)
{
    struct script_exporter *e = (struct script_exporter *)base;
    pthread_mutex_lock(&e->lock);
    e->cancels++;
    pthread_mutex_unlock(&e->lock);
}

static void destroy(spw_exporter *base)
{
    struct script_exporter *e = (struct script_exporter *)base;
    pthread_mutex_lock(&e->lock);
    e->destroyed = true;
    pthread_cond_broadcast(&e->changed);
    pthread_mutex_unlock(&e->lock);
}

struct script_exporter *script_exporter_new(void)
{
    struct script_exporter *e = calloc(1, sizeof *e);
    assert_non_null(e);
    e->names = calloc(MAX_NAMES, sizeof *e->names);
    assert_non_null(e->names);
    e->base = (spw_exporter){ .struct_size = sizeof e->base, .name = "script", .submit = submit, .cancel = cancel, .destroy = destroy };
    pthread_mutex_init(&e->lock, NULL);
    pthread_cond_init(&e->changed, NULL);
    return e;
}

void script_exporter_free(struct script_exporter *e)
{
    pthread_mutex_lock(&e->lock);
    while (!e->destroyed)
        pthread_cond_wait(&e->changed, &e->lock);
    pthread_mutex_unlock(&e->lock);
    free(e->names);
    free(e);
}

spw_exporter *script_exporter_base(struct script_exporter *e)
{
    return &e->base;
}

void script_exporter_push(struct script_exporter *e, struct script_answer answer)
{
    pthread_mutex_lock(&e->lock);
    assert_true(e->answer_count < MAX_ANSWERS);
    e->answers[e->answer_count++] = answer;
    pthread_mutex_unlock(&e->lock);
}

void script_exporter_block(struct script_exporter *e)
{
    e->blocked = true;
    e->base.flags |= SPW_EXPORTER_BLOCKS;
}

void script_exporter_release(struct script_exporter *e)
{
    pthread_mutex_lock(&e->lock);
    e->blocked = false;
    pthread_cond_broadcast(&e->changed);
    pthread_mutex_unlock(&e->lock);
}

static size_t locked(struct script_exporter *e, const size_t *field)
{
    pthread_mutex_lock(&e->lock);
    size_t value = *field;
    pthread_mutex_unlock(&e->lock);
    return value;
}

size_t script_exporter_spans(struct script_exporter *e)
{
    return locked(e, &e->spans);
}

size_t script_exporter_submits(struct script_exporter *e)
{
    return locked(e, &e->submits);
}

size_t script_exporter_cancels(struct script_exporter *e)
{
    return locked(e, &e->cancels);
}

bool script_exporter_destroyed(struct script_exporter *e)
{
    pthread_mutex_lock(&e->lock);
    bool value = e->destroyed;
    pthread_mutex_unlock(&e->lock);
    return value;
}

bool script_exporter_retries_same(struct script_exporter *e)
{
    pthread_mutex_lock(&e->lock);
    bool same = !e->different;
    pthread_mutex_unlock(&e->lock);
    return same;
}

size_t script_exporter_named(struct script_exporter *e, const char *name)
{
    size_t n = 0;
    pthread_mutex_lock(&e->lock);
    for (size_t i = 0; i < e->name_count; i++)
        n += strcmp(e->names[i], name) == 0;
    pthread_mutex_unlock(&e->lock);
    return n;
}

void script_start(struct script_exporter *e, const spw_pipeline_options *pipeline)
{
    spw_pipeline_options p = SPW_PIPELINE_OPTIONS_INIT;
    if (pipeline)
        p = *pipeline;
    p.exporter = &e->base;
    spw_error error = SPW_ERROR_INIT;
    spw_options options = SPW_OPTIONS_INIT;
    options.service_name = "test";
    options.pipelines = &p;
    options.pipeline_count = 1;
    options.log_level = SPW_LOG_ERROR;
    options.error = &error;
    spw_result result = spw_start(&options);
    if (result != SPW_OK)
        fail_msg("spw_start: %s", error.text);
}

void assert_identity(void)
{
    spw_stats s = SPW_STATS_INIT;
    spw_stats_get(&s);
    for (uint32_t i = 0; i < s.pipeline_count; i++) {
        const spw_pipeline_stats *p = &s.pipelines[i];
        uint64_t dropped = 0;
        for (int c = 0; c < SPW_DROP_CAUSES; c++)
            dropped += p->dropped[c];
        assert_int_equal(p->ended, p->exported + p->rejected + p->filtered + dropped + p->queued + p->in_flight);
    }
}

spw_pipeline_stats account(void)
{
    spw_stats s = SPW_STATS_INIT;
    spw_stats_get(&s);
    assert_true(s.pipeline_count >= 1);
    return s.pipelines[0];
}
