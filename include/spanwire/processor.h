/**
 * @file processor.h
 * What the SDK lets a program put in place of, or beside, its own: span processors, ids, the clock.
 * (Specification: Trace SDK, Span processor, ID Generators.)
 *
 * Pipelines (spw_options.pipelines) export; a processor here watches spans on the threads that start and end them, and may add to them.
 */
#ifndef SPANWIRE_PROCESSOR_H
#define SPANWIRE_PROCESSOR_H

#include <spanwire/exporter.h>
#include <spanwire/trace.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How many processors there may be. */
#define SPW_MAX_PROCESSORS 8

/**
 * A span processor. Begin with SPW_PROCESSOR_INIT; embed it as the first member of your own struct; leave what you do not need NULL.
 *
 * Threads    on_start, on_ending and on_end are called on the thread that starts or ends the span, by many threads at once: they must be
 *            thread-safe, must not block, and, when spans are recorded in signal handlers, be async-signal-safe. flush and shutdown are
 *            called on the thread that calls spw_flush() and spw_shutdown(). In the order of spw_options.processors.
 * Ownership  spw_start() takes it over, also when it fails. After shutdown no other call comes. When a thread is still inside one then,
 *            because it blocks, the processors are left to it: they are shut down and destroyed by the next spw_start() after it has gone on.
 * Sees       Every recorded span, also those of SPW_SAMPLING_RECORD_ONLY and those for which a queue has no room. Not: spans that were never
 *            recorded, and those counted `no_slot`, `reentrant`, `oom` or `already_shutdown`.
 * Inside     The setters of trace.h may be called, for any span. Spans that a processor starts or ends in on_start, on_ending and on_end
 *            are dropped and counted `reentrant`, and so is a span of others that another thread ends just while a processor sets something
 *            on it. These three must not call spw_start(), spw_flush() or spw_shutdown().
 */
typedef struct spw_processor {
    size_t struct_size;
    const char *name; /**< for diagnostics; lives as long as the processor */

    /**
     * A span has been started; it has its name, its attributes and links of the start and those of the sampler. The span may be kept, and
     * used until its end. `parent` is the parent context, borrowed, never NULL; a root's holds no valid span. (Specification: OnStart.)
     */
    void (*on_start)(struct spw_processor *self, spw_span span, const spw_context *parent);

    /**
     * A span ends; its end time is taken. This value of it, and no other, still takes attributes, events, links, a status and a name, and
     * only until the call returns: the value the program holds is that of an ended span already. Ending it again does nothing.
     * (Specification: OnEnding.)
     *
     * When another thread is in the middle of setting something on the span, this waits for it, 0.2 ms at most; past that on_ending and
     * on_end are called on that thread.
     */
    void (*on_ending)(struct spw_processor *self, spw_span span);

    /** A span has ended. The view is borrowed for the call; `span->scope` and `span->resource` are filled in. (Specification: OnEnd.) */
    void (*on_end)(struct spw_processor *self, const spw_span_view *span);

    /** Finish what is under way. What it does not answer in time counts as SPW_ERR_TIMEOUT. (Specification: ForceFlush.) */
    spw_result (*flush)(struct spw_processor *self, uint32_t timeout_ms);

    /** Called once, before destroy; includes what flush does. (Specification: Shutdown.) */
    spw_result (*shutdown)(struct spw_processor *self, uint32_t timeout_ms);

    /** Frees it. */
    void (*destroy)(struct spw_processor *self);
} spw_processor;
#define SPW_PROCESSOR_INIT { sizeof(spw_processor), NULL, NULL, NULL, NULL, NULL, NULL, NULL }

/**
 * Reads what a span holds at this moment into `out`, as it would be sent (`view->encoded`), and makes a view of it; the end time reads 0 while it is
 * open. For processors: only inside on_start, for the span just started, and inside on_ending, for the span that ends; false anywhere else,
 * and when `size` is too small (a span has at most max_span_bytes and about 100 bytes more). Costs what ending a span costs.
 */
SPW_API bool spw_span_snapshot(spw_span span, void *out, size_t size, spw_span_view *view);

/**
 * Makes the ids of spans. Begin with SPW_ID_GENERATOR_INIT. Called on the threads that start spans, by many at once: thread-safe, must not block. Ids that are all zero are
 * replaced by random ones and counted (spw_stats.ids_replaced). Borrowed until spw_shutdown() returns.
 * (Specification: ID Generators.)
 */
typedef struct spw_id_generator {
    size_t struct_size;
    void (*trace_id)(struct spw_id_generator *self, uint8_t out[16]); /**< for a root; NULL: random */
    void (*span_id)(struct spw_id_generator *self, uint8_t out[8]);   /**< NULL: random */
    bool is_random; /**< the last 7 bytes of trace ids are random: roots get SPW_FLAG_RANDOM (W3C Trace Context level 2) */
} spw_id_generator;
#define SPW_ID_GENERATOR_INIT { sizeof(spw_id_generator), NULL, NULL, false }

/**
 * A clock for tests; begin with SPW_CLOCK_INIT, and set both functions. It is what spans and events take their times from. Timeouts, delays and back-offs stay with the system's. Called by many
 * threads at once, in signal handlers too if spans are recorded there; must not block. Must stay valid until spw_shutdown() returns and no
 * thread is inside a recording call. mono_ns must not run backwards. The wall time is read about once a second of mono_ns, as the
 * system's is: a span ends at its start plus what mono_ns says has passed.
 */
typedef struct spw_clock {
    size_t struct_size;
    uint64_t (*unix_ns)(const struct spw_clock *self);
    uint64_t (*mono_ns)(const struct spw_clock *self);
} spw_clock;
#define SPW_CLOCK_INIT { sizeof(spw_clock), NULL, NULL }

#ifdef __cplusplus
}
#endif
#endif
