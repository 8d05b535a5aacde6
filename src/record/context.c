/* Contexts: the thread's stack of them, attach and detach. (Specification: Context.) */
#include <spanwire/context.h>
#include <string.h>

#include "platform.h"
#include "text.h"
#include "thread.h"

#define MAX_DEPTH 65536u

static uint64_t misuse; /* atomic */

uint64_t spw__detach_misuse(void)
{
    return __atomic_load_n(&misuse, __ATOMIC_RELAXED);
}

static void count_misuse(void)
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

spw_context spw_context_current(void)
{
    const spw_context *top = spw__thread_context(spw__self);
    return top ? *top : (spw_context){ 0 };
}

spw_span spw_span_current(void)
{
    return spw_context_current().span;
}

spw_context spw_context_with_span(const spw_context *base, spw_span span)
{
    spw_context context = base ? *base : (spw_context){ 0 };
    context.span = span;
    return context;
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
        memcpy(entries, cell->entries, cell->depth * sizeof *entries);
        __atomic_signal_fence(__ATOMIC_SEQ_CST);
        cell->entries = entries;
        cell->capacity = capacity;
    }
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    cell->growing = false;
    return entries != NULL;
}

/* A token names the cell, the place and the sequence number of the attach. */
static uint64_t token_id(const struct spw__cell *cell, uint32_t index, uint32_t sequence)
{
    return (uint64_t)(cell->id & 0xffff) << 48 | (uint64_t)(index & 0xffff) << 32 | sequence;
}

spw_token spw_context_attach(const spw_context *context)
{
    static const spw_context root = { 0 };
    const spw_context *c = context ? context : &root;
    return spw__attach(&c->span, c->values);
}

spw_token spw__attach(const spw_span *span, const void *values)
{
    const spw_token nothing = { 0 };
    struct spw__thread *thread = spw__thread_get();
    if (!thread) {
        count_misuse();
        return nothing;
    }
    struct spw__cell *cell = thread->cell;
    if (__builtin_expect(cell->depth == cell->capacity && !grow(cell), 0)) {
        count_misuse();
        return nothing;
    }
    /* Raise first, fill, then make live: a handler in between attaches above and finds the entry below still dead. */
    uint32_t index = cell->depth++;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    struct spw__attached *entry = &cell->entries[index];
    for (size_t i = 0; i < sizeof *span; i += 8) {
        uint64_t word;
        memcpy(&word, (const char *)span + i, 8);
        memcpy((char *)&entry->context.span + i, &word, 8);
        __asm__("" : : : "memory"); /* not joined into larger ones */
    }
    entry->context.values = values;
    uint32_t sequence = ++cell->sequence ? cell->sequence : ++cell->sequence;
    entry->sequence = sequence;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    entry->live = 1;
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
    struct spw__attached *entry = cell && index < cell->depth ? &cell->entries[index] : NULL;
    if (!entry || !entry->live || token_id(cell, index, entry->sequence) != token.id) {
        count_misuse();
        return false;
    }
    entry->live = 0;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    while (cell->depth && !cell->entries[cell->depth - 1].live)
        cell->depth--;
    return true;
}
