/* What starting a span and setting something on it share. */
#ifndef SPW_RECORD_SPAN_H
#define SPW_RECORD_SPAN_H

#include "platform.h"
#include "slot.h"

/* The time on a local span's own clock: its start plus the monotonic time since, so that children and events lie after it. Of any other
 * span, or NULL: the clock's. */
static inline uint64_t spw__span_time(struct spw__engine *engine, const spw_span *span, uint64_t mono)
{
    const struct spw__slot *slot = span && span->handle ? spw__slot_of(engine, span->handle) : NULL;
    if (slot) {
        /* Acquire, so that the look at the generation comes after: still the same span's means these were its times. */
        uint64_t unix_ns = __atomic_load_n(&slot->base_unix_ns, __ATOMIC_ACQUIRE);
        uint64_t since = __atomic_load_n(&slot->base_mono_ns, __ATOMIC_ACQUIRE);
        if (__atomic_load_n(&slot->word, __ATOMIC_RELAXED) >> SPW__GENERATION_SHIFT == spw__handle_generation(span->handle) && mono >= since)
            return unix_ns + (mono - since);
    }
    return spw__clock_unix(&engine->clock, mono);
}

/* The same for a handle, so that events lie between its span's start and its end; 0 without an engine. */
static inline uint64_t spw__span_now(struct spw__engine *engine, uint64_t handle)
{
    const spw_span self = { .handle = handle };
    return engine ? spw__span_time(engine, &self, spw__clock_mono(&engine->clock)) : 0;
}

#endif
