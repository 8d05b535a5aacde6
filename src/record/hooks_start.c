/* The start of a span that has somebody to ask or to tell. (Specification: Trace SDK, SDK Span creation, OnStart, ID Generators.) */
#include <string.h>

#include "engine.h"
#include "hooks.h"

static uint32_t kinds_of(const struct spw__hooks *hooks)
{
    uint32_t kinds = hooks->sampler ? SPW__HOOK_SAMPLER : 0;
    kinds |= hooks->sampler == spw_sampler_always_off() ? SPW__HOOK_NOTHING_SAMPLED : 0;
    kinds |= hooks->ids ? SPW__HOOK_IDS : 0;
    for (uint32_t i = 0; i < hooks->processor_count; i++) {
        kinds |= hooks->processors[i]->on_start ? SPW__HOOK_ON_START : 0;
        kinds |= hooks->processors[i]->on_ending ? SPW__HOOK_ON_ENDING : 0;
        kinds |= hooks->processors[i]->on_end ? SPW__HOOK_ON_END : 0;
    }
    return kinds;
}

void spw__hooks_set(struct spw__hooks *to, const struct spw__hooks *from)
{
    uint32_t kinds = kinds_of(from);
    __atomic_store_n(&to->kinds, 0, __ATOMIC_RELAXED);
    to->processor_count = from->processor_count;
    to->sampler = from->sampler;
    to->ids = from->ids;
    memcpy(to->processors, from->processors, sizeof to->processors);
    to->read = from->read;
    to->resource = from->resource;
    __atomic_store_n(&to->kinds, kinds, __ATOMIC_RELEASE);
}

/* ---- ids ---- */

static bool is_zero(const uint8_t *id, size_t size)
{
    static const uint8_t zero[16] = { 0 };
    return memcmp(id, zero, size) == 0;
}

static void random_id(struct spw__ids *ids, uint8_t *out, size_t size)
{
    for (size_t i = 0; i < size; i += 8) {
        uint64_t id = spw__ids_nonzero(ids);
        memcpy(out + i, &id, 8);
    }
}

/* An id by the generator's function; ours when it has none, or makes an invalid one. */
static void make_span_id(struct spw__recorder *recorder, spw_id_generator *generator, uint8_t out[8])
{
    memset(out, 0, 8);
    if (generator && generator->span_id) {
        generator->span_id(generator, out);
        if (!is_zero(out, 8))
            return;
        spw__bump(&recorder->ids_replaced, 1);
    }
    random_id(&recorder->ids, out, 8);
}

/* True: the id's last 7 bytes are random. */
static bool make_trace_id(struct spw__recorder *recorder, spw_id_generator *generator, uint8_t out[16])
{
    memset(out, 0, 16);
    if (generator && generator->trace_id) {
        generator->trace_id(generator, out);
        if (!is_zero(out, 16))
            return generator->is_random;
        spw__bump(&recorder->ids_replaced, 1);
    }
    random_id(&recorder->ids, out, 16);
    return true;
}

void spw__hooks_identify(struct spw__recorder *recorder, spw_span *span, const spw_span *parent)
{
    spw_id_generator *generator = recorder->engine->hooks.ids;
    spw_span made = { 0 };
    if (parent) {
        memcpy(made.trace_id, parent->trace_id, sizeof made.trace_id);
        made.flags = parent->flags;
        made.trace_state = parent->trace_state;
    } else {
        made.flags = make_trace_id(recorder, generator, made.trace_id) ? SPW_FLAG_SAMPLED | SPW_FLAG_RANDOM : SPW_FLAG_SAMPLED;
    }
    make_span_id(recorder, generator, made.span_id);
    *span = made;
}

/* ---- the sampler ---- */

static void ask(spw_sampler *sampler, const spw_span *span, const struct spw__start *start, spw_sampling_result *result)
{
    static const spw_tracer own = SPW_TRACER_INIT(NULL, NULL);
    const spw_span_options *options = start->options;
    const uint8_t sampled = start->parent ? start->parent->flags & SPW_FLAG_SAMPLED : 0;
    spw_sampling_input input = {
        .struct_size = sizeof input,
        .context = start->context,
        .parent = start->parent,
        .flags = (uint8_t)((span->flags & SPW_FLAG_RANDOM) | sampled),
        .name = start->name,
        .kind = spw__kind_of(options),
        .tracer = start->tracer ? start->tracer : &own,
        .start_unix_ns = options ? options->start_unix_ns : 0,
    };
    memcpy(input.trace_id, span->trace_id, sizeof input.trace_id);
    if (options && options->attributes) {
        input.attributes = options->attributes;
        input.attribute_count = options->attribute_count;
    }
    if (options && options->links) {
        input.links = options->links;
        input.link_count = options->link_count;
    }
    sampler->sample(sampler, &input, result);
}

void spw__hooks_sample(const struct spw__hooks *hooks, spw_span *span, const struct spw__start *start, spw_sampling_result *result)
{
    result->struct_size = sizeof *result;
    result->decision = SPW_SAMPLING_DROP;
    result->trace_state = span->trace_state;
    result->attributes = NULL;
    result->attribute_count = 0;
    if (hooks->sampler)
        ask(hooks->sampler, span, start, result);
    else if (!start->parent || start->parent->flags & SPW_FLAG_SAMPLED)
        result->decision = SPW_SAMPLING_RECORD_AND_SAMPLE;
    span->trace_state = result->trace_state;
    span->flags &= (uint8_t)~SPW_FLAG_SAMPLED;
    if (result->decision == SPW_SAMPLING_RECORD_AND_SAMPLE)
        span->flags |= SPW_FLAG_SAMPLED;
    else if (result->decision != SPW_SAMPLING_RECORD_ONLY)
        result->decision = SPW_SAMPLING_DROP; /* also what is no decision at all */
}

/* ---- processors ---- */

void spw__hooks_started(struct spw__recorder *recorder, const spw_span *span, const struct spw__start *start)
{
    const struct spw__hooks *hooks = &recorder->engine->hooks;
    recorder->shown = span->handle;
    for (uint32_t i = 0; i < hooks->processor_count; i++)
        if (hooks->processors[i]->on_start)
            hooks->processors[i]->on_start(hooks->processors[i], *span, start->context);
    recorder->shown = 0;
}
