#include "support/sampling.h"

#include <spanwire/propagation.h>
#include <stdlib.h>
#include <string.h>

spw_span sampling_parent(bool remote, bool sampled)
{
    spw_span parent = { 0 };
    memset(parent.trace_id, 0xab, sizeof parent.trace_id);
    memset(parent.span_id, 0xcd, sizeof parent.span_id);
    parent.flags = (uint8_t)(SPW_FLAG_RANDOM | (sampled ? SPW_FLAG_SAMPLED : 0));
    parent.is_remote = remote;
    return parent;
}

static spw_sampling_result ask(spw_sampler *sampler, const spw_span *parent, uint64_t low, uint8_t flags)
{
    static const spw_context root = { 0 };
    spw_context context = root;
    if (parent)
        context.span = *parent;
    spw_sampling_input input = { .struct_size = sizeof input,
                                 .context = &context,
                                 .parent = parent ? &context.span : NULL,
                                 .flags = flags,
                                 .name = { "span", 4 },
                                 .kind = SPW_KIND_INTERNAL };
    for (int i = 0; i < 8; i++) {
        input.trace_id[i] = 0xee;
        input.trace_id[8 + i] = (uint8_t)(low >> (56 - 8 * i));
    }
    spw_sampling_result result = { .struct_size = sizeof result, .trace_state = parent ? parent->trace_state : 0 };
    sampler->sample(sampler, &input, &result);
    return result;
}

spw_sampling_result sampling_ask(spw_sampler *sampler, const spw_span *parent, uint64_t low)
{
    return ask(sampler, parent, low, parent ? parent->flags : SPW_FLAG_RANDOM);
}

spw_sampling_result sampling_ask_not_random(spw_sampler *sampler, uint64_t low)
{
    return ask(sampler, NULL, low, 0);
}

uint64_t sampling_random(uint64_t *seed)
{
    uint64_t z = *seed += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static void probe_sample(spw_sampler *base, const spw_sampling_input *input, spw_sampling_result *result)
{
    (void)input;
    sampling_probe *self = (sampling_probe *)(void *)base;
    __atomic_add_fetch(&self->asked, 1, __ATOMIC_RELAXED);
    result->decision = self->decision;
}

static void probe_destroy(spw_sampler *base)
{
    __atomic_add_fetch(&((sampling_probe *)(void *)base)->destroyed, 1, __ATOMIC_RELAXED);
}

void sampling_probe_init(sampling_probe *self, spw_sampling_decision decision)
{
    *self = (sampling_probe){ { sizeof self->base, "Probe", probe_sample, probe_destroy }, decision, 0, 0 };
}

const char *sampling_state_text(uint32_t trace_state)
{
    static char text[513];
    const spw_span span = { .trace_state = trace_state };
    (void)spw_trace_state(span, text, sizeof text);
    return text;
}

uint32_t sampling_state(const char *text)
{
    spw_span span;
    if (!spw_traceparent_parse("00-0123456789abcdef0123456789abcdef-0123456789abcdef-01", text, &span))
        abort();
    return span.trace_state;
}
