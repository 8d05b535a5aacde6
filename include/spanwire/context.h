/**
 * @file context.h
 * Spans and contexts as values, and the context that is current on a thread. (Specification: Context; Trace API, SpanContext.)
 *
 * Threads    A context is an immutable value: copy it, hand it to another thread, keep it. "Current" is per thread.
 * Ownership  Nothing to free. An ended span stays a valid parent.
 * Failure    Nothing here fails the program. Detaching twice, in any order or on the wrong thread is harmless; the misuse is counted.
 * Cost       None of it blocks. Attaching maps memory at a thread's first attach, and when it nests deeper than it ever did (doubling, at
 *            most 65,536 deep).
 *
 *     // in the thread that hands out work                 // in the worker thread
 *     job->context = spw_context_current();                 spw_token t = spw_context_attach(&job->context);
 *     pool_submit(job);                                     SPW_SPAN(work, "handle job");   // a child of the submitter's span
 *                                                           ...
 *                                                           spw_context_detach(t);
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

/** What travels: a span, and later baggage and values. All zero is the root context. */
typedef struct spw_context {
    spw_span span;
    const void *values; /**< NULL: baggage and user values come with a later version */
} spw_context;

/** Undoes one attach. Opaque; all zero is a token that undoes nothing. */
typedef struct spw_token {
    uint64_t id;
} spw_token;

/** Whether trace id and span id are both non-zero. */
static inline bool spw_span_is_valid(spw_span span)
{
    static const uint8_t zero[16] = { 0 };
    return __builtin_memcmp(span.trace_id, zero, 16) != 0 && __builtin_memcmp(span.span_id, zero, 8) != 0;
}

static inline bool spw_span_is_sampled(spw_span span)
{
    return (span.flags & SPW_FLAG_SAMPLED) != 0;
}

/** The trace id as 32 lower-case hex digits and a terminator. Async-signal-safe. */
SPW_API void spw_trace_id_hex(spw_span span, char out[33]);

/** The span id as 16 lower-case hex digits and a terminator. Async-signal-safe. */
SPW_API void spw_span_id_hex(spw_span span, char out[17]);

/**
 * Copies the span's W3C tracestate into `out` (always terminated when `size` > 0) and returns its full length. At most 512 bytes.
 * A state not used for the span of thousands of newer distinct states may have been recycled: then it is empty, and counted.
 */
SPW_API size_t spw_trace_state(spw_span span, char *out, size_t size);

/** The context current on this thread; the root context when none is. */
SPW_API spw_context spw_context_current(void);

/** The current span; the invalid span when none is. Async-signal-safe. */
SPW_API spw_span spw_span_current(void);

/** `base` with `span` as its span; NULL means the root context. */
SPW_API spw_context spw_context_with_span(const spw_context *base, spw_span span);

/**
 * Makes a copy of `context` current on this thread until the token is detached; NULL attaches the root context.
 * Past 65,536 nested contexts, or out of memory, nothing is attached (counted) and the token undoes nothing.
 */
SPW_API spw_token spw_context_attach(const spw_context *context);

/** Undoes an attach. False, and counted, when the token is not attached on this thread (any more). */
SPW_API bool spw_context_detach(spw_token token);

#ifdef __cplusplus
}
#endif
#endif
