/* Values in contexts. (Specification: Context, Create a key, Get value, Set value.) */
#include "context_values.h"

#include <spanwire/allocator.h>

#include "baggage.h"
#include "engine.h"
#include "environment.h"
#include "thread.h"

static uint64_t lost; /* atomic */

static void count_lost(void)
{
    __atomic_add_fetch(&lost, 1, __ATOMIC_RELAXED);
}

void spw_context_stats_get(spw_context_stats *out)
{
    spw_context_stats counts = SPW_CONTEXT_STATS_INIT;
    size_t size = out->struct_size < sizeof counts ? out->struct_size : sizeof counts;
    counts.struct_size = out->struct_size;
    counts.misuse = spw__detach_misuse();
    counts.values_lost = __atomic_load_n(&lost, __ATOMIC_RELAXED);
    counts.baggage_lost = spw__baggage_lost();
    counts.trace_states_lost = spw__trace_states_lost();
    counts.fields_lost = spw__fields_lost();
    __builtin_memcpy(out, &counts, size);
}

/* ---- boxes and blocks ---- */

static void release_box(struct spw__box *box)
{
    if (__atomic_sub_fetch(&box->references, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    if (box->key->release)
        box->key->release(box->value);
    spw_free(box);
}

void spw__values_retain(const struct spw_context_values *values)
{
    struct spw_context_values *counted = (struct spw_context_values *)(uintptr_t)values; /* immutable but for its count */
    __atomic_add_fetch(&counted->references, 1, __ATOMIC_RELAXED);
}

void spw__values_release(const struct spw_context_values *values)
{
    struct spw_context_values *counted = (struct spw_context_values *)(uintptr_t)values;
    if (__atomic_sub_fetch(&counted->references, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    for (unsigned i = 0; i < counted->count; i++)
        release_box(counted->boxes[i]);
    spw__baggage_release(counted->baggage);
    spw_free(counted);
}

struct spw_context_values *spw__values_copy(const spw_context *base)
{
    const struct spw_context_values *from = base ? base->values : NULL;
    unsigned count = from ? from->count : 0;
    struct spw_context_values *values = spw_allocate(sizeof *values + (count + 1) * sizeof values->boxes[0]);
    if (!values)
        return NULL;
    *values = (struct spw_context_values){ .references = 1, .flags = from ? from->flags : 0, .count = (uint16_t)count };
    for (unsigned i = 0; i < count; i++) {
        values->boxes[i] = from->boxes[i];
        __atomic_add_fetch(&values->boxes[i]->references, 1, __ATOMIC_RELAXED);
    }
    values->baggage = spw__baggage_retain(from ? from->baggage : NULL);
    return values;
}

spw_context spw__context_take(const spw_context *base, struct spw_context_values *values)
{
    if (!values) {
        count_lost();
        return spw_context_retain(base);
    }
    spw_context context = { .span = base ? base->span : (spw_span){ 0 }, .values = values };
    if (!values->flags && !values->count && !values->baggage) {
        spw__values_release(values);
        context.values = NULL;
    }
    return context;
}

/* ---- contexts ---- */

spw_context spw_context_retain(const spw_context *context)
{
    if (!context)
        return (spw_context){ 0 };
    if (context->values)
        spw__values_retain(context->values);
    return *context;
}

void spw_context_release(spw_context *context)
{
    if (!context)
        return;
    const struct spw_context_values *values = context->values;
    *context = (spw_context){ 0 };
    if (values)
        spw__values_release(values);
}

const spw_context *spw__context_or_current(const spw_context *context)
{
    return context ? context : spw__thread_context(spw__self);
}

spw_context spw__context_with_flag(const spw_context *base, uint16_t flag, bool on)
{
    if (spw__values_have(base ? base->values : NULL, flag) == on)
        return spw_context_retain(base);
    struct spw_context_values *values = spw__values_copy(base);
    if (values)
        values->flags = (uint16_t)(on ? values->flags | flag : values->flags & ~flag);
    return spw__context_take(base, values);
}

spw_context spw_context_with_suppression(const spw_context *base)
{
    return spw__context_with_flag(base, SPW__VALUES_SUPPRESSED, true);
}

bool spw_context_is_suppressed(const spw_context *context)
{
    context = spw__context_or_current(context);
    return context && spw__values_have(context->values, SPW__VALUES_SUPPRESSED);
}

/* ---- values ---- */

static int find(const struct spw_context_values *values, const spw_context_key *key)
{
    for (int i = 0; values && i < values->count; i++) {
        if (values->boxes[i]->key == key)
            return i;
    }
    return -1;
}

void *spw_context_value(const spw_context *context, const spw_context_key *key)
{
    context = spw__context_or_current(context);
    int at = context ? find(context->values, key) : -1;
    return at < 0 ? NULL : context->values->boxes[at]->value;
}

static spw_context without_value(const spw_context *base, const spw_context_key *key)
{
    if (find(base ? base->values : NULL, key) < 0)
        return spw_context_retain(base);
    struct spw_context_values *values = spw__values_copy(base);
    if (values) {
        int at = find(values, key);
        struct spw__box *gone = values->boxes[at];
        values->boxes[at] = values->boxes[--values->count];
        release_box(gone); /* `base` still has it */
    }
    return spw__context_take(base, values);
}

/* Puts the box into the copy; false when there are too many. */
static bool put(struct spw_context_values *values, struct spw__box *box)
{
    int at = find(values, box->key);
    if (at >= 0)
        release_box(values->boxes[at]);
    else if (values->count == SPW_MAX_CONTEXT_VALUES)
        return false;
    else
        at = values->count++;
    values->boxes[at] = box;
    return true;
}

spw_context spw_context_with_value(const spw_context *base, const spw_context_key *key, void *value)
{
    if (!value)
        return without_value(base, key);
    struct spw__box *box = spw_allocate(sizeof *box);
    struct spw_context_values *values = spw__values_copy(base);
    if (box)
        *box = (struct spw__box){ 1, key, value };
    if (box && values && put(values, box))
        return spw__context_take(base, values);
    if (values)
        spw__values_release(values);
    spw_free(box);
    if (key->release)
        key->release(value);
    return spw__context_take(base, NULL);
}
