/**
 * @file propagation.h
 * Contexts into and out of carriers: headers, messages, environments (environment.h), HTTP (http.h, curl.h). (Specification: Propagators.)
 *
 * Which formats are used is decided by a list of propagators, one for the process: `tracecontext` (W3C Trace Context level 2) and `baggage`
 * (W3C Baggage) until the program or OTEL_PROPAGATORS says otherwise. It works with or without an SDK, and with a disabled one.
 *
 * Threads    Every function may run on any thread at any time. A call beside spw_propagators_set() may still see the old list, or some of each.
 * Ownership  Nothing is kept. Strings handed to a setter live until the setter returns. Extracted contexts are OWNED: see context.h.
 * Failure    Malformed input is ignored, as the standards ask; extraction then returns the base context.
 * Limits     Input is read up to fixed limits: traceparent 512 bytes; tracestate 2,048 of which 512 and 32 members are kept; baggage 8,192
 *            bytes and 64 members.
 * Cost       Never blocks. Trace context and B3 allocate nothing (except for B3's debug flag); baggage calls malloc.
 *
 *     static void set_header(void *carrier, const char *name, const char *value) { headers_add(carrier, name, value); }
 *     ...
 *     spw_inject(NULL, set_header, request);                             // what is current, into an outgoing request
 *
 *     spw_context from = spw_extract(NULL, get_header, request);         // what came with an incoming one
 *     spw_span_options options = SPW_SPAN_OPTIONS_INIT;
 *     options.kind = SPW_KIND_SERVER;
 *     options.parent = &from;
 *     SPW_SPAN_WITH(span, "GET /users/{id}", &tracer, &options);         // takes its own count of the baggage
 *     spw_context_release(&from);
 */
#ifndef SPANWIRE_PROPAGATION_H
#define SPANWIRE_PROPAGATION_H

#include <spanwire/context.h>

#ifdef __cplusplus
extern "C" {
#endif

/** @name Carriers. @{ */

/** Puts one field into a carrier, in place of one already there. Names are lower-case; both strings are terminated. (Setter, Set.) */
typedef void (*spw_carrier_set_fn)(void *carrier, const char *name, const char *value);

/** Returns a carrier's first field of that name (terminated, valid until the next call) or NULL. Compare names without case. (Get.) */
typedef const char *(*spw_carrier_get_fn)(void *carrier, const char *name);

/** A reader for carriers that may hold a field several times, or whose names can be listed. Begin with SPW_GETTER_INIT. */
typedef struct spw_getter {
    size_t struct_size;
    spw_carrier_get_fn get;
    const char *(*get_at)(void *carrier, const char *name, size_t index); /**< the index-th field of that name, or NULL; NULL: only `get` (GetAll) */
    const char *(*name_at)(void *carrier, size_t index); /**< the index-th name, or NULL past the last; NULL: cannot be listed (Keys) */
} spw_getter;
#define SPW_GETTER_INIT { sizeof(spw_getter), NULL, NULL, NULL }
/** @} */

/**
 * Puts `context` (NULL: the current one) into a carrier, by all propagators in their order. (Composite Inject.)
 * A carrier that is used again: take spw_propagation_fields() out of it first, because what is not there sets nothing.
 */
SPW_API void spw_inject(const spw_context *context, spw_carrier_set_fn set, void *carrier);

/** `base` (NULL: root) with what all propagators, in their order, find in the carrier. OWNED. (Composite Extract.) */
SPW_API SPW_MUST_USE spw_context spw_extract(const spw_context *base, spw_carrier_get_fn get, void *carrier);

/** The same by a getter that knows more. OWNED. */
SPW_API SPW_MUST_USE spw_context spw_extract_with(const spw_context *base, const spw_getter *getter, void *carrier);

/** @name Propagators. @{ */

/**
 * A format. Make it static: it is kept by its address until the process ends. Begin with SPW_PROPAGATOR_INIT.
 * Its functions are called on any thread, at once, and must not fail the program. (Specification: TextMapPropagator.)
 */
typedef struct spw_propagator spw_propagator;
struct spw_propagator {
    size_t struct_size;
    const char *name; /**< as OTEL_PROPAGATORS has it */
    /** Puts `context` (never NULL) into the carrier. */
    void (*inject)(const spw_propagator *self, const spw_context *context, spw_carrier_set_fn set, void *carrier);
    /** Changes `context`, which is OWNED by the caller, by what is in the carrier; leaves it as it is when nothing valid is. The span is set
     *  in place; anything else by a function that returns an OWNED context, the old one being released. */
    void (*extract)(const spw_propagator *self, spw_context *context, const spw_getter *getter, void *carrier);
    const char *const *fields; /**< names that inject may set, lower-case, NULL after the last */
    void *state;               /**< your own */
};
#define SPW_PROPAGATOR_INIT { sizeof(spw_propagator), NULL, NULL, NULL, NULL, NULL }

/**
 * The built-in propagators, besides `none`, which is the empty list.
 * B3: either reads a `b3` header, else the `X-B3-` ones; they differ in what they send. An absent sampling state is taken as not sampled. The
 * debug flag samples, and travels in what the context carries: to every context made from it, so not to one made of a bare span.
 */
SPW_API extern const spw_propagator spw_propagator_tracecontext; /**< `tracecontext`: traceparent, tracestate */
SPW_API extern const spw_propagator spw_propagator_baggage;      /**< `baggage` */
SPW_API extern const spw_propagator spw_propagator_b3;           /**< `b3`: one header */
SPW_API extern const spw_propagator spw_propagator_b3multi;      /**< `b3multi`: x-b3-traceid, x-b3-spanid, x-b3-sampled, x-b3-flags */

#define SPW_MAX_PROPAGATORS 16 /**< in the process's list */

/**
 * Makes these the process's propagators, in this order; a second of the same name is left out. None (count 0): nothing is propagated.
 * It wins over OTEL_PROPAGATORS and spw_options.propagators, before spw_start() or after it. SPW_ERR_INVALID: more than SPW_MAX_PROPAGATORS,
 * or one without a name, inject or extract; then nothing is changed. (Set Global Propagator.)
 */
SPW_API spw_result spw_propagators_set(const spw_propagator *const *list, size_t count);

/** Copies the process's propagators into `out`, at most `room`, and returns how many there are. (Get Global Propagator.) */
SPW_API size_t spw_propagators_get(const spw_propagator **out, size_t room);

/**
 * Makes a propagator known by its name, so that OTEL_PROPAGATORS can ask for it: call it before spw_start(). SPW_ERR_INVALID: without a name,
 * inject or extract, or the name is taken. SPW_ERR_NO_MEMORY: 32 are registered already.
 */
SPW_API spw_result spw_propagator_register(const spw_propagator *propagator);

/** The propagator of that name, built in or registered; NULL when there is none. Case counts. */
SPW_API const spw_propagator *spw_propagator_find(const char *name);

/** The names spw_inject() may set now, each once: copies at most `room` into `out` and returns how many there are. (Fields.) */
SPW_API size_t spw_propagation_fields(const char **out, size_t room);

/** @name The same by propagators of your own choice instead of the process's. (Create a Composite Propagator.) @{ */
/** As spw_inject(), by those of `list`. */
SPW_API void spw_inject_by(const spw_propagator *const *list, size_t count, const spw_context *context, spw_carrier_set_fn set, void *carrier);
/** As spw_extract_with(), by those of `list`. OWNED. */
SPW_API SPW_MUST_USE spw_context spw_extract_by(const spw_propagator *const *list, size_t count, const spw_context *base, const spw_getter *getter,
                                   void *carrier);
/** @} */
/** @} */

/** @name W3C Trace Context by hand, for formats that have a place for it. @{ */

/** Room for a traceparent with its terminator. */
#define SPW_TRACEPARENT_SIZE 56

/** Writes `traceparent` (version 00). False, and an empty string, when the span is invalid. Does not allocate. */
SPW_API bool spw_traceparent_format(spw_span span, char out[SPW_TRACEPARENT_SIZE]);

/**
 * Reads a traceparent and, unless NULL, a tracestate into `*out`, a remote span that does not record. Accepts versions 00 to fe as
 * level 2 asks; keeps the sampled and random flags. False, with `*out` all zero, when the traceparent is malformed. A malformed tracestate, or
 * one of more than 32 members, is dropped and the parent stays; of one over 512 bytes whole members leave, first those of more than 128, then
 * from the end.
 */
SPW_API bool spw_traceparent_parse(const char *traceparent, const char *tracestate, spw_span *out);
/** @} */

#ifdef __cplusplus
}
#endif
#endif
