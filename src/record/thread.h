/*
 * What a thread owns: its stack of contexts and its recorder. One thread-local pointer; the memory is recycled after the thread's death and
 * never given to anything else. All of it is made at the thread's first use, outside malloc.
 */
#ifndef SPW_RECORD_THREAD_H
#define SPW_RECORD_THREAD_H

#include "engine.h"
#include "platform.h"

enum { SPW__DEAD, SPW__LIVE, SPW__CLAIMED }; /* claimed: being filled, and nobody else's to take back */

struct spw__attached {
    spw_context context;
    uint32_t sequence;
    uint32_t live; /* written last, cleared first: a signal handler may look between any two steps */
};

/* The stack of contexts attached here; a fiber scheduler swaps the pointer to it. */
struct spw__cell {
    struct spw__attached *entries;
    uint32_t depth;
    uint32_t capacity;
    uint32_t sequence;
    uint32_t id;
    bool growing;
};

struct spw__thread {
    struct spw__cell *cell;
    struct spw__recorder *recorder; /* NULL, or of an earlier engine: see spw__enter() */
    bool suppressed;
    spw_context_stack *stack; /* that `cell` is in; NULL: own_cell */
    struct spw__thread *next; /* on the list of the dead */
    struct spw__cell own_cell;
};

#ifdef SPW_TLS_DYNAMIC
#define SPW__TLS_MODEL
#else
#define SPW__TLS_MODEL __attribute__((tls_model("initial-exec")))
#endif
extern __thread struct spw__thread *spw__self SPW__TLS_MODEL;

/* This thread's, made if need be. NULL: no memory, or we are a signal handler that interrupted the making. */
struct spw__thread *spw__thread_get(void);

/* spw_context_attach() of a span and values: copied a word at a time, because the span was written so a moment ago. */
spw_token spw__attach(const spw_span *span, const struct spw_context_values *values);

/* A name for a cell in its tokens, and where its sequence begins. */
void spw__cell_name(struct spw__cell *cell);

/* Detaches everything; no thread is at it. */
void spw__cell_empty(struct spw__cell *cell);

/* The thread lets go of the stack a fiber scheduler gave it. */
void spw__stack_leave(struct spw__thread *thread);

void spw__count_misuse(void);

/* The out-of-line half of spw__enter(). */
struct spw__recorder *spw__enter_slow(struct spw__engine *engine);

/*
 * Why spw__enter() gave this thread no recorder: SPW_DROP_REENTRANT, SPW_DROP_OOM, or SPW_DROP_CAUSES when the thread is an exporter's and is not
 * to record.
 */
spw_drop_cause spw__refusal(bool reentrant);

/* The context on top; NULL when none. */
static inline const spw_context *spw__thread_context(const struct spw__thread *thread)
{
    if (!thread)
        return NULL;
    const struct spw__cell *cell = thread->cell;
    for (uint32_t i = cell->depth; i-- > 0;)
        if (__builtin_expect(cell->entries[i].live == SPW__LIVE, 1))
            return &cell->entries[i].context;
    return NULL;
}

/* Before a look at the gate: if that is open, spw__engine_close() waits for us. */
static inline void spw__mark_busy(const struct spw__engine *engine, struct spw__recorder *recorder)
{
    __atomic_store_n(&recorder->busy, 1, __ATOMIC_RELAXED);
    if (engine->fenced)
        spw__full_fence();
    else
        __atomic_signal_fence(__ATOMIC_SEQ_CST); /* the other half is the membarrier there */
}

/*
 * Enters the library to record: this thread's recorder, marked busy, or NULL when nothing may be recorded now. *reentrant says that the
 * reason is a signal handler that interrupted the library on this thread.
 */
static inline struct spw__recorder *spw__enter(struct spw__engine *engine, bool *reentrant)
{
    *reentrant = false;
    struct spw__thread *thread = spw__self;
    struct spw__recorder *recorder = thread ? thread->recorder : NULL;
    if (__builtin_expect(!recorder || recorder->engine != engine, 0)) {
        recorder = spw__enter_slow(engine);
        if (!recorder)
            return NULL;
    }
    if (__builtin_expect(__atomic_load_n(&recorder->busy, __ATOMIC_RELAXED), 0)) {
        *reentrant = true;
        return NULL;
    }
    spw__mark_busy(engine, recorder);
    return recorder;
}

static inline void spw__leave(struct spw__recorder *recorder)
{
    __atomic_store_n(&recorder->busy, 0, __ATOMIC_RELEASE);
}

#endif
