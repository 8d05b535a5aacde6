/* Contexts: the thread's stack of them, attach and detach. (Specification: Context.) */
#include <spanwire/context.h>
#include <string.h>

#include "context_values.h"
#include "platform.h"
#include "text.h"
#include "thread.h"

#define MAX_DEPTH 65536u

static uint64_t misuse; /* atomic */

uint64_t spw__detach_misuse(void)
{
    return __atomic_load_n(&misuse, __ATOMIC_RELAXED);
}

void spw__count_misuse(void)
{
    __atomic_add_fetch(&misuse, 1, __ATOMIC_RELAXED);
}

void spw_trace_id_hex(spw_span span, char out[33])
{
    spw__hex(out, span.trace_id, 16);
    out[32] = '\0';
}

void spw_span_id_hex(spw_span span, char out[17])
{
    spw__hex(out, span.span_id, 8);
    out[16] = '\0';
}

static const spw_context root;

const spw_context *spw_context_current(void)
{
    const spw_context *top = spw__thread_context(spw__self);
    return top ? top : &root;
}

spw_span spw_span_current(void)
{
    return spw_context_current()->span;
}

spw_context spw_context_capture(void)
{
    const spw_context *top = spw__thread_context(spw__self);
    return spw_context_retain(top);
}

spw_context spw_context_with_span(const spw_context *base, spw_span span)
{
    spw_context context = spw_context_retain(base);
    context.span = span;
    return context;
}

/* Read and written in one go, each time anew: a handler may change them between any two instructions, though it leaves as many live as it found. */
static uint32_t depth_of(const struct spw__cell *cell)
{
    return __atomic_load_n(&cell->depth, __ATOMIC_RELAXED);
}

static void set_depth(struct spw__cell *cell, uint32_t depth)
{
    __atomic_store_n(&cell->depth, depth, __ATOMIC_RELAXED);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

static struct spw__attached *entries_of(const struct spw__cell *cell)
{
    return __atomic_load_n(&cell->entries, __ATOMIC_RELAXED);
}

/* The old entries stay mapped: a signal handler may be looking at them. Doubling, so at most as much again is lost. */
static bool grow(struct spw__cell *cell)
{
    if (cell->growing || cell->capacity >= MAX_DEPTH)
        return false;
    cell->growing = true;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    uint32_t capacity = cell->capacity * 2 < MAX_DEPTH ? cell->capacity * 2 : MAX_DEPTH;
    struct spw__attached *entries = spw__map(capacity * sizeof *entries);
    if (entries) {
        memcpy(entries, cell->entries, depth_of(cell) * sizeof *entries);
        __atomic_signal_fence(__ATOMIC_SEQ_CST);
        __atomic_store_n(&cell->entries, entries, __ATOMIC_RELAXED);
        cell->capacity = capacity;
    }
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    cell->growing = false;
    return entries != NULL;
}

/* A handler has made the stack larger while the entry was being filled in the smaller one. */
static void follow(struct spw__cell *cell, uint32_t index, const struct spw__attached *entry)
{
    struct spw__attached *entries;
    do {
        entries = entries_of(cell);
        entries[index].context = entry->context;
        entries[index].sequence = entry->sequence;
        __atomic_signal_fence(__ATOMIC_SEQ_CST);
        entries[index].live = SPW__LIVE;
        __atomic_signal_fence(__ATOMIC_SEQ_CST);
    } while (entries_of(cell) != entries);
}

/* A token names the cell, the place and the sequence number of the attach. */
static uint64_t token_id(const struct spw__cell *cell, uint32_t index, uint32_t sequence)
{
    return (uint64_t)(cell->id & 0xffff) << 48 | (uint64_t)(index & 0xffff) << 32 | sequence;
}

void spw__cell_empty(struct spw__cell *cell)
{
    struct spw__attached *entries = entries_of(cell);
    for (uint32_t i = depth_of(cell); i-- > 0;) {
        bool held = entries[i].live == SPW__LIVE && entries[i].context.values;
        entries[i].live = SPW__DEAD;
        set_depth(cell, i);
        if (held)
            spw__values_release(entries[i].context.values);
    }
}

spw_token spw_context_attach(const spw_context *context)
{
    const spw_context *c = context ? context : &root;
    return spw__attach(&c->span, c->values);
}

spw_token spw_span_attach(spw_span span)
{
    return spw__attach(&span, spw_context_current()->values);
}

spw_token spw__attach(const spw_span *span, const struct spw_context_values *values)
{
    const spw_token nothing = { 0 };
    struct spw__thread *thread = spw__thread_get();
    if (!thread) {
        spw__count_misuse();
        return nothing;
    }
    struct spw__cell *cell = thread->cell;
    /* Take a place, then claim it, fill it, make it live. A handler in between attaches above and finds the entry below not live; one that came
       before the claim has taken the dead place back when it left. */
    struct spw__attached *entries;
    uint32_t index;
    do {
        index = depth_of(cell);
        if (__builtin_expect(index == cell->capacity && !grow(cell), 0)) {
            spw__count_misuse();
            return nothing;
        }
        set_depth(cell, index + 1);
        entries = entries_of(cell);
        entries[index].live = SPW__CLAIMED;
        __atomic_signal_fence(__ATOMIC_SEQ_CST);
    } while (__builtin_expect(depth_of(cell) <= index, 0));
    struct spw__attached *entry = &entries[index];
    for (size_t i = 0; i < sizeof *span; i += 8) {
        uint64_t word;
        memcpy(&word, (const char *)span + i, 8);
        memcpy((char *)&entry->context.span + i, &word, 8);
        __asm__("" : : : "memory"); /* not joined into larger ones */
    }
    entry->context.values = values;
    if (__builtin_expect(values != NULL, 0))
        spw__values_retain(values);
    uint32_t sequence = ++cell->sequence ? cell->sequence : ++cell->sequence;
    entry->sequence = sequence;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    entry->live = SPW__LIVE;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    if (__builtin_expect(entries_of(cell) != entries, 0))
        follow(cell, index, entry);
    if (__builtin_expect(!(spw__gate_state() & SPW__GATE_CONTEXTS), 0))
        __atomic_or_fetch(&spw__gate.state, SPW__GATE_CONTEXTS, __ATOMIC_RELEASE);
    return (spw_token){ token_id(cell, index, sequence) };
}

bool spw_context_detach(spw_token token)
{
    if (!token.id)
        return false; /* the attach was refused, and counted then */
    struct spw__thread *thread = spw__self;
    struct spw__cell *cell = thread ? thread->cell : NULL;
    uint32_t index = (uint32_t)(token.id >> 32) & 0xffff;
    if (!cell || index >= depth_of(cell)) {
        spw__count_misuse();
        return false;
    }
    struct spw__attached *entries = entries_of(cell), *entry = &entries[index];
    if (entry->live != SPW__LIVE || token_id(cell, index, entry->sequence) != token.id) {
        spw__count_misuse();
        return false;
    }
    const struct spw_context_values *values = entry->context.values;
    entry->live = SPW__DEAD;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    while (__builtin_expect(entries_of(cell) != entries, 0)) { /* grown by a handler just now */
        entries = entries_of(cell);
        entries[index].live = SPW__DEAD;
        __atomic_signal_fence(__ATOMIC_SEQ_CST);
    }
    /* What a handler takes back in between is put back here, dead, and taken again. */
    for (uint32_t depth; (depth = depth_of(cell)) != 0 && entries[depth - 1].live == SPW__DEAD;)
        set_depth(cell, depth - 1);
    if (__builtin_expect(values != NULL, 0))
        spw__values_release(values); /* last: it may call a release function, and that may attach and detach */
    return true;
}
