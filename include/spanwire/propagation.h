/**
 * @file propagation.h
 * Trace context into and out of carriers: headers, environments, messages. (Specification: Propagators; W3C Trace Context level 2.)
 *
 * Threads    Every function may run on any thread at any time, with or without an SDK.
 * Ownership  Nothing is kept. Strings handed to a setter live until the setter returns.
 * Failure    Malformed input is ignored, as the standard asks; extraction then returns the base context unchanged.
 * Cost       Never blocks, never allocates. Input is read up to fixed limits (tracestate: 512 bytes, 32 members).
 *
 *     static void set_header(void *carrier, const char *name, const char *value) { headers_add(carrier, name, value); }
 *     ...
 *     spw_context here = spw_context_current();
 *     spw_inject(&here, set_header, request);
 */
#ifndef SPANWIRE_PROPAGATION_H
#define SPANWIRE_PROPAGATION_H

#include <spanwire/context.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Puts one field into a carrier. Names are lower-case; both strings are terminated. */
typedef void (*spw_carrier_set_fn)(void *carrier, const char *name, const char *value);

/** Returns a carrier's field (terminated, valid until the next call) or NULL. Compare names without case. */
typedef const char *(*spw_carrier_get_fn)(void *carrier, const char *name);

/** Room for a traceparent with its terminator. */
#define SPW_TRACEPARENT_SIZE 56

/** Writes `traceparent` (version 00). False, and an empty string, when the span is invalid. */
SPW_API bool spw_traceparent_format(spw_span span, char out[SPW_TRACEPARENT_SIZE]);

/**
 * Reads a traceparent and, unless NULL, a tracestate into `*out`, a remote span that does not record. Accepts versions 00 to fe as
 * level 2 asks; keeps the sampled and random flags. False, with `*out` all zero, when the traceparent is malformed. A malformed or
 * oversized tracestate is dropped; the parent stays.
 */
SPW_API bool spw_traceparent_parse(const char *traceparent, const char *tracestate, spw_span *out);

/** Sets `traceparent`, and `tracestate` when there is one. An invalid span sets nothing. */
SPW_API void spw_inject(const spw_context *context, spw_carrier_set_fn set, void *carrier);

/** `base` (NULL: root) with the remote span found in the carrier, else `base`. */
SPW_API spw_context spw_extract(const spw_context *base, spw_carrier_get_fn get, void *carrier);

/**
 * The context this process was started in: TRACEPARENT and TRACESTATE of the environment, else the root context.
 * (Specification: Environment Variables as Context Propagation Carriers.) Reads the environment: not while another thread changes it.
 */
SPW_API spw_context spw_context_from_environment(void);

#ifdef __cplusplus
}
#endif
#endif
