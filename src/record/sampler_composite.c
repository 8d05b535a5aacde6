/* The sampler that decides by an intent, and the probability sampler, which is one. (Specification: Trace SDK, CompositeSampler, ProbabilitySampler.) */
#include <spanwire/allocator.h>
#include <string.h>

#include "sampler.h"

struct composite {
    spw_sampler base;
    spw_composable *delegate;
};

/* "A Randomness value R derived from the TraceState or TraceId": the rightmost 7 bytes of it. */
static uint64_t randomness_of(const struct spw__ot *ot, const uint8_t trace_id[16])
{
    if (ot->has_randomness)
        return ot->randomness;
    uint64_t value = 0;
    for (int i = 9; i < 16; i++)
        value = value << 8 | trace_id[i];
    return value;
}

/* One list as it is; several copied together, as far as there is room. */
static void put_attributes(spw_sampling_result *result, const spw_sampling_intent *intent)
{
    if (intent->list_count == 1) {
        result->attributes = intent->lists[0].attributes;
        result->attribute_count = intent->lists[0].count;
        return;
    }
    const size_t room = sizeof result->space / sizeof *result->space;
    for (size_t i = 0; i < intent->list_count; i++)
        for (size_t j = 0; j < intent->lists[i].count && result->attribute_count < room; j++)
            result->space[result->attribute_count++] = intent->lists[i].attributes[j];
    result->attributes = result->space;
}

static void sample(spw_sampler *base, const spw_sampling_input *input, spw_sampling_result *result)
{
    spw_composable *delegate = ((struct composite *)(void *)base)->delegate;
    spw_sampling_intent intent;
    intent.struct_size = sizeof intent;
    intent.threshold = SPW_THRESHOLD_NEVER;
    intent.adjusted_count_reliable = false;
    intent.list_count = 0;
    intent.trace_state = NULL;
    delegate->intend(delegate, input, &intent);

    struct spw__ot ot;
    spw__ot_read(result->trace_state, &ot);
    /* "Root Samplers MAY insert an explicit randomness value [...] in cases where an explicit randomness value is not already set." */
    if (!input->parent && !(input->flags & SPW_FLAG_RANDOM) && !ot.has_randomness) {
        ot.has_randomness = true;
        ot.randomness = spw__random_56();
    }
    /* "When a ProbabilitySampler Sampler makes a decision for a non-root Span using TraceID randomness when the Trace random flag was not set, the
     * SDK SHOULD issue a warning": a threshold of 0 is no decision. */
    if (input->parent && !(input->flags & SPW_FLAG_RANDOM) && !ot.has_randomness && intent.adjusted_count_reliable && intent.threshold)
        spw__sampler_concern(SPW__RANDOMNESS_PRESUMED);
    bool possible = intent.threshold < SPW_THRESHOLD_NEVER;
    uint64_t randomness = intent.adjusted_count_reliable ? randomness_of(&ot, input->trace_id) : possible ? spw__random_56() : 0;
    bool sampled = possible && randomness >= intent.threshold;

    result->decision = sampled ? SPW_SAMPLING_RECORD_AND_SAMPLE : SPW_SAMPLING_DROP;
    if (intent.trace_state)
        result->trace_state = intent.trace_state(intent.trace_state_arg, result->trace_state, result->decision);
    ot.has_threshold = sampled && intent.adjusted_count_reliable;
    ot.threshold = intent.threshold;
    result->trace_state = spw__ot_write(result->trace_state, &ot);
    if (sampled && intent.list_count)
        put_attributes(result, &intent);
}

static void destroy(spw_sampler *base)
{
    spw_composable_destroy(((struct composite *)(void *)base)->delegate);
    spw_free(base);
}

static spw_sampler *make(spw_composable *delegate, const char *text)
{
    const char *description;
    struct composite *self = delegate ? spw__sampler_memory(sizeof *self, text, &description) : NULL;
    if (!self) {
        spw_composable_destroy(delegate);
        return NULL;
    }
    self->base = (spw_sampler){ sizeof self->base, description, sample, destroy };
    self->delegate = delegate;
    return &self->base;
}

spw_sampler *spw_sampler_composite(spw_composable *delegate)
{
    struct spw__text text = { .size = 0 };
    spw__text_put(&text, "Composite{");
    spw__text_put(&text, delegate && delegate->description ? delegate->description : "");
    spw__text_put(&text, "}");
    return make(delegate, text.text);
}

spw_sampler *spw_sampler_probability(double ratio)
{
    if (!(ratio >= 0 && ratio <= 1))
        return NULL;
    if (ratio < 0x1p-56)
        return spw_sampler_always_off();
    struct spw__text text = { .size = 0 };
    spw__text_put(&text, "ProbabilitySampler{");
    spw__text_put_number(&text, ratio);
    spw__text_put(&text, "}");
    return make(spw_composable_probability(ratio), text.text);
}
