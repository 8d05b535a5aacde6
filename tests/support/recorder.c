#include "support/recorder.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

char recorder_calls[512];
static pthread_mutex_t calls_lock = PTHREAD_MUTEX_INITIALIZER;

static void note(char letter, const spw_processor *self)
{
    pthread_mutex_lock(&calls_lock);
    size_t size = strlen(recorder_calls);
    if (size + 3 < sizeof recorder_calls)
        snprintf(recorder_calls + size, sizeof recorder_calls - size, "%c%s ", letter, self->name);
    pthread_mutex_unlock(&calls_lock);
}

static void on_start(spw_processor *self, spw_span span, const spw_context *parent)
{
    note('s', self);
    if (((recorder *)(void *)self)->starting)
        ((recorder *)(void *)self)->starting(span, parent);
}

static void on_ending(spw_processor *self, spw_span span)
{
    note('g', self);
    if (((recorder *)(void *)self)->ending)
        ((recorder *)(void *)self)->ending(span);
}

static void on_end(spw_processor *self, const spw_span_view *span)
{
    note('e', self);
    if (((recorder *)(void *)self)->ended)
        ((recorder *)(void *)self)->ended(span);
}

static spw_result on_flush(spw_processor *self, uint32_t timeout_ms)
{
    note('f', self);
    ((recorder *)(void *)self)->timeout_ms = timeout_ms;
    return ((recorder *)(void *)self)->answer;
}

static spw_result on_shutdown(spw_processor *self, uint32_t timeout_ms)
{
    note('S', self);
    ((recorder *)(void *)self)->timeout_ms = timeout_ms;
    return ((recorder *)(void *)self)->answer;
}

static void on_destroy(spw_processor *self)
{
    note('d', self);
}

recorder recorder_make(const char *name)
{
    return (recorder){ .base = { sizeof(spw_processor), name, on_start, on_ending, on_end, on_flush, on_shutdown, on_destroy } };
}

capture *recorder_start(spw_processor *const *processors, size_t count, spw_sampler *sampler)
{
    recorder_calls[0] = '\0';
    capture *c = capture_new();
    spw_options options = SPW_OPTIONS_INIT;
    options.processors = processors;
    options.processor_count = count;
    options.sampler = sampler;
    capture_start(c, &options);
    return c;
}

capture *recorder_start_one(recorder *one, spw_sampler *sampler)
{
    spw_processor *const list[] = { &one->base };
    return recorder_start(list, 1, sampler);
}

const capture_span *recorder_sent(capture *c, const char *name)
{
    assert_int_equal(spw_flush(20000), SPW_OK);
    const capture_span *span = capture_named(c, name);
    assert_non_null(span);
    return span;
}
