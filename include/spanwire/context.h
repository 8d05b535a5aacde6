/**
 * @file context.h
 * Spans and contexts as values, what a context carries besides, and the context that is current on a thread.
 * (Specification: Context; Trace API, SpanContext.)
 *
 * Threads    A context is immutable: hand it to another thread, keep it. "Current" is per thread.
 * Ownership  The type says it. A function that returns a `spw_context` returns one that is the caller's, OWNED: to be given back once with
 *            spw_context_release(), on any thread. A `const spw_context *` is lent: read it, make others from it, and for later or for another
 *            thread take one of your own with spw_context_capture() or spw_context_retain(). What has a count is only what a context carries
 *            besides its span (baggage, values of your own): one that carries nothing, as spw_context_with_span() of the root context, may be
 *            copied and forgotten like an int. An ended span stays a valid parent. Functions take their own count of what they keep;
 *            detaching gives back that of spw_context_attach().
 * Failure    Nothing here fails the program. Detaching twice, in any order, on the wrong thread or the wrong stack is harmless; the misuse is
 *            counted. Out of memory, a function that adds something returns its base, OWNED, and counts. See spw_context_stats_get().
 * Cost       None of it blocks. Attaching maps memory at a thread's first attach, and when it nests deeper than it ever did (doubling, at
 *            most 65,536 deep). Functions that return an OWNED context changed in something call malloc, except for spw_context_capture()
 *            and spw_context_retain().
 * Signals    A handler may attach and detach, and read what is current; it must detach itself what it attached, and call nothing that
 *            allocates. What it attaches must carry nothing, or something that is owned elsewhere until it has detached.
 *
 *     // in the thread that hands out work                 // in the worker thread
 *     job->context = spw_context_capture();                 spw_token t = spw_context_attach(&job->context);
 *     pool_submit(job);                                     SPW_SPAN(work, "handle job");   // a child of the submitter's span
 *                                                           ...
 *                                                           spw_context_detach(t);
 *                                                           spw_context_release(&job->context);
 */
#ifndef SPANWIRE_CONTEXT_H
#define SPANWIRE_CONTEXT_H

#include <spanwire/common.h>

#ifdef __cplusplus
extern "C" {
#endif

/** W3C trace flags (Trace Context level 2). */
#define SPW_FLAG_SAMPLED 0x01u
#define SPW_FLAG_RANDOM 0x02u

/**
 * A span, as a value of 40 bytes: who it is, and a handle to record with. All zero is the invalid span, on which every call is a no-op.
 * A handle of 0 does not record and needs no end, but still carries its context (not sampled, remote, no SDK started).
 */
typedef struct spw_span {
    uint64_t handle; /**< opaque: slot and generation; stale handles are harmless */
    uint8_t span_id[8];
    uint8_t trace_id[16];
    uint8_t flags;        /**< SPW_FLAG_* */
    uint8_t is_remote;    /**< 1: came from another process */
    uint16_t reserved;    /**< 0 */
    uint32_t trace_state; /**< opaque reference, 0 = none; read with spw_trace_state() */
} spw_span;

/** What a context carries besides its span. Opaque, immutable, counted. */
struct spw_context_values;

/** What travels: a span, baggage and values. All zero is the root context. */
typedef struct spw_context {
    spw_span span;
    const struct spw_context_values *values; /**< NULL: none */
} spw_context;

/** Undoes one attach. Opaque; all zero is a token that undoes nothing. */
typedef struct spw_token {
    uint64_t id;
} spw_token;

/** Whether trace id and span id are both non-zero. Any thread; async-signal-safe. (Specification: Trace API, IsValid.) */
SPW_INLINE bool spw_span_is_valid(spw_span span)
{
    static const uint8_t zero[16] = { 0 };
    return __builtin_memcmp(span.trace_id, zero, 16) != 0 && __builtin_memcmp(span.span_id, zero, 8) != 0;
}

/** Whether its sampled flag is set: what is told to other processes. Whether it records is spw_is_recording(). (Trace API, TraceFlags.) */
SPW_INLINE bool spw_span_is_sampled(spw_span span)
{
    return (span.flags & SPW_FLAG_SAMPLED) != 0;
}

/** Room for the ids in hex with their terminator. */
#define SPW_TRACE_ID_HEX_SIZE 33
#define SPW_SPAN_ID_HEX_SIZE 17

/** The trace id as 32 lower-case hex digits and a terminator. Async-signal-safe. */
SPW_API void spw_trace_id_hex(spw_span span, char out[SPW_TRACE_ID_HEX_SIZE]);

/** The span id as 16 lower-case hex digits and a terminator. Async-signal-safe. */
SPW_API void spw_span_id_hex(spw_span span, char out[SPW_SPAN_ID_HEX_SIZE]);

/**
 * Copies the span's W3C tracestate into `out` (always terminated when `size` > 0) and returns its full length. At most 512 bytes.
 * A state not used for the span of thousands of newer distinct states may have been recycled: then it is empty, and counted.
 */
SPW_API size_t spw_trace_state(spw_span span, char *out, size_t size);

/**
 * @name Operations on a span's W3C tracestate. A key is 1 to 256 of `a-z 0-9 _ - * / @`, a letter or digit first; a value 1 to 256 printable
 * ASCII characters but `,` and `=`, no space last. At most 32 members and 512 bytes.
 * They return a new span value; the trace state an SDK exports with a recording span is the one it was started with. They do not block or
 * allocate. (Specification: Trace API, TraceState; W3C Trace Context level 2, Mutating the tracestate field.)
 * @{
 */

/** Copies the value at `key` into `out` (always terminated when `size` > 0) and returns its full length; 0 when there is none. */
SPW_API size_t spw_trace_state_get(spw_span span, const char *key, char *out, size_t size);

/**
 * The span with `key` = `value` first in its trace state. Over 32 members the last leaves; over 512 bytes whole members leave, first those of
 * more than 128, then from the end, never the new one. A key or value that is not allowed changes nothing.
 */
SPW_API spw_span spw_trace_state_set(spw_span span, const char *key, const char *value);

/** The span without `key`. */
SPW_API spw_span spw_trace_state_remove(spw_span span, const char *key);
/** @} */

/** @name The current context. @{ */

/**
 * The context current on this thread; the root context when none is, never NULL. Lent, to this thread, until it is detached: as the base or the
 * parent of others, to look into. Does not allocate. Async-signal-safe. (Specification: Context, Get current Context.)
 */
SPW_API SPW_MUST_USE const spw_context *spw_context_current(void);

/** The same as a context of your own, OWNED: for what goes on later or elsewhere, as in pools, callbacks and event loops. Does not allocate. */
SPW_API SPW_MUST_USE spw_context spw_context_capture(void);

/** The current span; the invalid span when none is. Async-signal-safe. (Specification: Trace API, Context Interaction.) */
SPW_API spw_span spw_span_current(void);

/**
 * Makes a copy of `context` current on this thread until the token is detached; NULL attaches the root context. The context need not
 * outlive the call. Past 65,536 nested contexts, or out of memory, nothing is attached (counted) and the token undoes nothing.
 * Async-signal-safe but for a thread's first attach; allocates as the head of this file says. (Specification: Context, Attach Context.)
 */
SPW_API spw_token spw_context_attach(const spw_context *context);

/**
 * Makes `span` the current span on this thread, with what is current besides it (baggage, values), until the token is detached; whoever holds the
 * span goes on ending it. As spw_context_attach() of the current context with that span. (Specification: Trace API, Context Interaction.)
 */
SPW_API spw_token spw_span_attach(spw_span span);

/**
 * Undoes an attach. False, and counted, when the token is not attached on this thread (any more). It may give back the last count of a
 * value, and then calls its key's release function. Any order; on the thread that attached. Async-signal-safe for what a handler has attached.
 * (Specification: Context, Detach Context.)
 */
SPW_API bool spw_context_detach(spw_token token);
/** @} */

/** @name Contexts from contexts. `base` NULL is the root context throughout. @{ */

/** `base` with `span` as its span, OWNED. Does not allocate. (Specification: Trace API, Context Interaction.) */
SPW_API SPW_MUST_USE spw_context spw_context_with_span(const spw_context *base, spw_span span);

/** `context`, OWNED: takes a count of its own. Any thread. */
SPW_API SPW_MUST_USE spw_context spw_context_retain(const spw_context *context);

/** Gives an OWNED context back and makes it the root context. NULL, and contexts that carry nothing, are harmless. Any thread. */
SPW_API void spw_context_release(spw_context *context);

/**
 * `base` with suppression, OWNED: spans started under it do not record; they carry their parent. For what must not trace itself, as an
 * exporter's own requests.
 */
SPW_API SPW_MUST_USE spw_context spw_context_with_suppression(const spw_context *base);

/** Whether spans started under `context` (NULL: the current one) are suppressed. Async-signal-safe. */
SPW_API bool spw_context_is_suppressed(const spw_context *context);
/** @} */

/** What contexts and propagation could not do, since the process began. */
typedef struct spw_context_stats {
    size_t struct_size;
    uint64_t misuse;            /**< detached twice or elsewhere, attached too deep, a stack on two threads */
    uint64_t values_lost;       /**< values and changes of contexts: no memory, too many */
    uint64_t baggage_lost;      /**< baggage entries refused, or left behind at a process's border; see baggage.h */
    uint64_t trace_states_lost; /**< see spw_trace_state() */
    uint64_t fields_lost;       /**< propagation fields that did not fit an environment; see environment.h */
} spw_context_stats;
#define SPW_CONTEXT_STATS_INIT { sizeof(spw_context_stats), 0, 0, 0, 0, 0 }

/** Reads the counters, without a lock. Any thread, with or without an SDK. */
SPW_API void spw_context_stats_get(spw_context_stats *out);

/**
 * A key for values of your own. Its address is its identity, so make it a static object and hand out no key, but functions that use it; the
 * name is for people. It must live as long as values do: not in a library that is unloaded before.
 * (Specification: Context, Create a key.)
 */
typedef struct spw_context_key {
    const char *name;
    void (*release)(void *value); /**< NULL, or called once when the last context with the value has gone, on whatever thread that is */
} spw_context_key;

/** Values a context may carry, of different keys. */
#define SPW_MAX_CONTEXT_VALUES 64

/**
 * `base` with `value` at `key`, OWNED; a value already there is replaced, and NULL removes it. A key with a release function takes the value
 * over in any case: when there is no memory, or there are SPW_MAX_CONTEXT_VALUES already, it is released and `base` returned (counted).
 * (Specification: Context, Set value.)
 */
SPW_API SPW_MUST_USE spw_context spw_context_with_value(const spw_context *base, const spw_context_key *key, void *value);

/** The value at `key` in `context` (NULL: the current one); NULL when there is none. Good as long as the context. (Get value.) */
SPW_API void *spw_context_value(const spw_context *context, const spw_context_key *key);

/**
 * A key with typed functions, in one line at the top of a C file: `SPW_CONTEXT_KEY(request, struct request)` gives
 *
 *     spw_context request_with(const spw_context *base, struct request *value);   // OWNED, as spw_context_with_value()
 *     struct request *request_get(const spw_context *context);                    // as spw_context_value()
 *
 * What they point to is the caller's and must outlive the contexts. SPW_CONTEXT_KEY_OWNED(request, struct request, request_free) hands it
 * over: `void request_free(struct request *)` is called when the last context with it has gone.
 */
#define SPW_CONTEXT_KEY(name_, type_) SPW__CONTEXT_KEY(name_, type_, NULL)
#define SPW_CONTEXT_KEY_OWNED(name_, type_, release_)                                                                                      \
    static void name_##_release_value(void *value)                                                                                         \
    {                                                                                                                                      \
        release_((type_ *)value);                                                                                                          \
    }                                                                                                                                      \
    SPW__CONTEXT_KEY(name_, type_, name_##_release_value)
#define SPW__CONTEXT_KEY(name_, type_, release_)                                                                                           \
    static const spw_context_key name_##_key = { #name_, release_ };                                                                       \
    static inline __attribute__((unused)) spw_context name_##_with(const spw_context *base, type_ *value)                                  \
    {                                                                                                                                      \
        return spw_context_with_value(base, &name_##_key, (void *)value);                                                                  \
    }                                                                                                                                      \
    static inline __attribute__((unused)) type_ *name_##_get(const spw_context *context)                                                   \
    {                                                                                                                                      \
        return (type_ *)spw_context_value(context, &name_##_key);                                                                          \
    }                                                                                                                                      \
    struct spw_context_values /* takes the semicolon */

/**
 * @name Fibers and event loops.
 * What is attached on a thread is a stack. Who switches between several flows of control on one thread (coroutines, fibers, green threads)
 * gives each a stack of its own and swaps it with the flow; a flow may go on on another thread.
 *
 *     spw_context_stack *before = spw_context_stack_swap(fiber->contexts);
 *     swapcontext(&scheduler, &fiber->machine);
 *     spw_context_stack_swap(before);
 *
 * Tokens belong to the stack they were attached on: detached elsewhere they are harmless, and counted.
 * @{
 */
typedef struct spw_context_stack spw_context_stack;

/** An empty stack: the root context is current on it. One page of memory, of stacks destroyed before where there are; NULL when there is none. */
SPW_API SPW_MUST_USE spw_context_stack *spw_context_stack_new(void);

/** Detaches what is still attached on the stack and gives it back. It must not be current on any thread: then nothing is done (counted). */
SPW_API void spw_context_stack_destroy(spw_context_stack *stack);

/**
 * Makes `stack` the one of this thread (NULL: the thread's own) and returns the one it had (NULL: its own). A stack that is current on another
 * thread is not taken: nothing changes (counted). Two stores and an exchange; not from a signal handler.
 */
SPW_API spw_context_stack *spw_context_stack_swap(spw_context_stack *stack);
/** @} */

#ifdef __cplusplus
}
#endif
#endif
