/*
 * A processor and a sampler of your own. Of 1,000 requests one in ten is sent, health checks never; yet all of them are counted, because the
 * processor sees what the sampler would drop. It also copies the baggage entry `tenant` to every span.
 *
 *     processor        sends to OTEL_EXPORTER_OTLP_ENDPOINT; OTEL_TRACES_EXPORTER=console shows the spans here
 */
#include <inttypes.h>
#include <spanwire/processor.h>
#include <spanwire/sampler.h>
#include <spanwire/spanwire.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

typedef struct request_counter {
    spw_processor base; /* first, so that a pointer to one is a pointer to the other */
    atomic_uint_fast64_t seen, failed;
} request_counter;

/* On the thread that starts the span, by many at once: no locks, no waiting. */
static void count_start(spw_processor *base, spw_span span, const spw_context *parent)
{
    (void)base;
    const char *tenant = spw_baggage_get(parent, "tenant");
    if (tenant)
        spw_set_string(span, "tenant", tenant);
}

static void count_end(spw_processor *base, const spw_span_view *span)
{
    request_counter *self = (request_counter *)base;
    atomic_fetch_add(&self->seen, 1);
    if (span->status == SPW_STATUS_ERROR)
        atomic_fetch_add(&self->failed, 1);
}

static spw_result count_shutdown(spw_processor *base, uint32_t timeout_ms)
{
    (void)timeout_ms;
    request_counter *self = (request_counter *)base;
    printf("%" PRIuFAST64 " requests, %" PRIuFAST64 " failed\n", atomic_load(&self->seen), atomic_load(&self->failed));
    return SPW_OK;
}

static bool is_health_check(void *arg, const spw_sampling_input *input)
{
    return spw_view_is(input->name, arg);
}

/* Children do as their parents; new traces by the first rule that applies. What is dropped is still recorded for the processors. */
static spw_sampler *make_sampler(void)
{
    const spw_sampling_rule rules[] = {
        { is_health_check, "GET /health", spw_composable_always_off() },
        { NULL, NULL, spw_composable_probability(0.1) },
    };
    spw_composable *by_rule = spw_composable_rule_based(rules, sizeof rules / sizeof *rules);
    return spw_sampler_always_record(spw_sampler_composite(spw_composable_parent_threshold(by_rule)));
}

static void serve(int number)
{
    SPW_SPAN(request, number % 4 ? "GET /things" : "GET /health");
    if (number % 100 == 1)
        spw_fail(request, "timeout", "no answer from the database in 5 s");
}

int main(void)
{
    static request_counter counter = {
        .base = { .struct_size = sizeof(spw_processor),
                  .name = "request counter",
                  .on_start = count_start,
                  .on_end = count_end,
                  .shutdown = count_shutdown }, /* no destroy: it is static */
    };
    spw_processor *processors[] = { &counter.base };
    spw_error error = SPW_ERROR_INIT;
    spw_options options = SPW_OPTIONS_INIT;
    options.service_name_default = "processor-sample";
    options.processors = processors;
    options.processor_count = 1;
    options.sampler = make_sampler();
    options.error = &error;
    if (spw_start(&options) != SPW_OK)
        fprintf(stderr, "no telemetry: %s\n", error.text);

    spw_context tagged = spw_baggage_set(NULL, "tenant", "acme");
    spw_token token = spw_context_attach(&tagged);
    for (int i = 0; i < 1000; i++)
        serve(i);
    spw_context_detach(token);
    spw_context_release(&tagged);

    spw_shutdown(SPW_DEFAULT_TIMEOUT_MS);
    return 0;
}
