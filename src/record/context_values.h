/*
 * What a context carries besides its span: baggage, values, a few flags. One immutable, counted block; a context points at it, and a change
 * makes a new one. Values that have a release function, and the baggage, have counts of their own, since several blocks share them.
 */
#ifndef SPW_RECORD_CONTEXT_VALUES_H
#define SPW_RECORD_CONTEXT_VALUES_H

#include <spanwire/context.h>

enum {
    SPW__VALUES_SUPPRESSED = 1, /* spans started under it do not record */
    SPW__VALUES_DEBUG = 2,      /* the trace came with B3's debug flag, and hands it on */
};

struct spw__baggage;

struct spw__box {
    uint32_t references; /* atomic */
    const spw_context_key *key;
    void *value;
};

struct spw_context_values {
    uint32_t references; /* atomic */
    uint16_t flags;
    uint16_t count;
    struct spw__baggage *baggage; /* NULL: none */
    struct spw__box *boxes[];
};

void spw__values_retain(const struct spw_context_values *values);
void spw__values_release(const struct spw_context_values *values);

/* A copy of the context's block to change and to hand to spw__context_take(), with room for one value more. NULL: out of memory. */
struct spw_context_values *spw__values_copy(const spw_context *base);

/* `base` with that block, which is taken over; an empty one is none. NULL: `base` as it is, counted. OWNED. */
spw_context spw__context_take(const spw_context *base, struct spw_context_values *values);

/* `base` with the flag on or off. OWNED. */
spw_context spw__context_with_flag(const spw_context *base, uint16_t flag, bool on);

static inline bool spw__values_have(const struct spw_context_values *values, uint16_t flag)
{
    return __builtin_expect(values != NULL, 0) && (values->flags & flag);
}

/* `context`, or what is current on this thread for NULL. */
const spw_context *spw__context_or_current(const spw_context *context);

#endif
