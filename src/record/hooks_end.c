/*
 * The end of a span that processors look at. (Specification: Trace SDK, OnEnding, OnEnd.)
 *
 * "The SDK MUST guarantee that the span can no longer be modified by any other thread before invoking OnEnding": a span that ends is closed
 * to its handle for good. For on_ending the slot is opened once more under the next, odd generation, whose handle only the processors are
 * given, and then closed again. So nothing on the way of a setter knows of this.
 */
#include <string.h>

#include "engine.h"
#include "finish.h"
#include "hooks.h"
#include "queue.h"
#include "slot.h"
#include "thread.h"
#include "tracestate.h"
#include "wire.h"

#define KEPT_SCRATCH 65536u /* what a thread keeps of it after a long span */

/* ---- a slot's span ---- */

/* The trace state is the first frame, if there is one: `1a size text`. */
static uint32_t trace_state_of(const struct spw__slot *slot, uint64_t word)
{
    const struct spw__frame *frame = (const struct spw__frame *)(const void *)slot->log;
    if (!(word & SPW__CURSOR_MASK) || frame->kind != SPW__FRAME_STATE)
        return 0;
    const uint8_t *p = slot->log + sizeof *frame + 1;
    uint32_t head = 1 + (*p & 0x80 ? 2 : 1);
    return spw__trace_state_intern((const char *)slot->log + sizeof *frame + head, frame->size - head);
}

static spw_span span_of(const struct spw__engine *engine, const struct spw__slot *slot, uint64_t word)
{
    spw_span span = { 0 };
    uint64_t index = (uint64_t)((const uint8_t *)slot - engine->slots.base) / SPW__SLOT_SIZE;
    span.handle = (word >> SPW__GENERATION_SHIFT | SPW__GENERATION_PRIVATE) << SPW__GENERATION_SHIFT | index;
    memcpy(span.trace_id, slot->head + SPW__HEAD_TRACE_ID, sizeof span.trace_id);
    memcpy(span.span_id, slot->head + SPW__HEAD_SPAN_ID, sizeof span.span_id);
    span.flags = slot->head[SPW__HEAD_FLAGS];
    span.trace_state = trace_state_of(slot, word);
    return span;
}

/* ---- on_ending ---- */

/* False: a thread that a processor has given the value to is just writing to the span. The last one out finishes it. */
static bool close_again(struct spw__slot *slot)
{
    uint64_t word = __atomic_load_n(&slot->word, __ATOMIC_ACQUIRE);
    while (!__atomic_compare_exchange_n(&slot->word, &word, word | SPW__CLOSED, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        ;
    return spw__word_last_out(word | SPW__CLOSED);
}

bool spw__hooks_ending(struct spw__recorder *recorder, struct spw__slot *slot)
{
    const struct spw__hooks *hooks = &recorder->engine->hooks;
    uint64_t word = __atomic_load_n(&slot->word, __ATOMIC_ACQUIRE);
    if (!(hooks->kinds & SPW__HOOK_ON_ENDING) || (word >> SPW__GENERATION_SHIFT & SPW__GENERATION_PRIVATE))
        return true;
    const spw_span span = span_of(recorder->engine, slot, word);
    uint64_t open = span.handle >> SPW__GENERATION_SHIFT << SPW__GENERATION_SHIFT | (word & SPW__CURSOR_MASK);
    __atomic_store_n(&slot->word, open, __ATOMIC_RELEASE);
    recorder->shown = span.handle;
    for (uint32_t i = 0; i < hooks->processor_count; i++)
        if (hooks->processors[i]->on_ending)
            hooks->processors[i]->on_ending(hooks->processors[i], span);
    recorder->shown = 0;
    return close_again(slot);
}

/* ---- reading ---- */

/* Keeps everybody out; false when somebody is inside, which takes a processor that hands the value on before it returns. */
static bool take_alone(struct spw__slot *slot, uint64_t handle)
{
    uint64_t word = __atomic_load_n(&slot->word, __ATOMIC_ACQUIRE);
    do {
        if (word >> SPW__GENERATION_SHIFT != spw__handle_generation(handle) || word & (SPW__CLOSED | SPW__EXCLUSIVE | SPW__WRITERS_MASK))
            return false;
    } while (!__atomic_compare_exchange_n(&slot->word, &word, word | SPW__EXCLUSIVE, true, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE));
    return true;
}

static void leave_alone(struct spw__engine *engine, struct spw__slot *slot)
{
    uint64_t word = __atomic_and_fetch(&slot->word, ~SPW__EXCLUSIVE, __ATOMIC_ACQ_REL);
    if (spw__word_last_out(word))
        spw__finish(engine, slot); /* as reentrant: it was ended behind the back of the processor that looks at it */
}

bool spw_span_snapshot(spw_span span, void *out, size_t size, spw_span_view *view)
{
    struct spw__engine *engine = spw__engine_current();
    struct spw__recorder *recorder = spw__self ? spw__self->recorder : NULL;
    if (!engine || !recorder || recorder->engine != engine || !span.handle || recorder->shown != span.handle || !engine->hooks.read)
        return false;
    struct spw__slot *slot = spw__slot_of(engine, span.handle);
    if (!slot || !take_alone(slot, span.handle))
        return false;
    bool ending = spw__handle_generation(span.handle) & SPW__GENERATION_PRIVATE;
    uint32_t length = spw__encode(recorder, slot, ending ? slot->end_unix_ns : 0, out, size);
    uint32_t scope = slot->scope;
    leave_alone(engine, slot);
    return length && engine->hooks.read(engine, out, length, scope, view);
}

/* ---- on_end ---- */

uint8_t *spw__hooks_scratch(struct spw__recorder *recorder)
{
    if (!recorder->scratch)
        recorder->scratch = spw__map(SPW__SCRATCH_SIZE);
    return recorder->scratch;
}

static void give_back(struct spw__recorder *recorder, uint32_t used)
{
    if (used > KEPT_SCRATCH)
        spw__release_pages(recorder->scratch + KEPT_SCRATCH, SPW__SCRATCH_SIZE - KEPT_SCRATCH);
}

void spw__hooks_ended(struct spw__recorder *recorder, uint32_t length, uint32_t scope)
{
    const struct spw__hooks *hooks = &recorder->engine->hooks;
    spw_span_view view;
    if (hooks->read && hooks->read(recorder->engine, recorder->scratch, length, scope, &view))
        for (uint32_t i = 0; i < hooks->processor_count; i++)
            if (hooks->processors[i]->on_end)
                hooks->processors[i]->on_end(hooks->processors[i], &view);
    give_back(recorder, length);
}
