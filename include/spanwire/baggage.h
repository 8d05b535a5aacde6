/**
 * @file baggage.h
 * Baggage: names and values that travel with a request to every process it reaches. (Specification: Baggage API; W3C Baggage.)
 * Baggage is sent to others in clear text: nothing that they should not read. Clear it before a call to a party you do not trust.
 *
 * Threads    Baggage is a part of a context, which is an immutable value: any thread.
 * Ownership  What says OWNED returns a context to be given back with spw_context_release() (see context.h). Strings are copied. What is read
 *            out is good as long as the context it was read from.
 * Failure    What is not allowed, or over a limit, is refused: the base is returned, OWNED, and it is counted (spw_context_stats.baggage_lost).
 * Limits     In a process 256 entries and 65,536 bytes of names, values and metadata. Between processes, as W3C asks, 64 members and 8,192
 *            bytes of the encoded header: over that the rest is left behind, whole members from the end, and counted.
 * Cost       Changing costs a malloc and a copy of the whole. Reading allocates nothing. None of it blocks. With or without an SDK.
 *
 *     spw_context tagged = spw_baggage_set(spw_context_current(), "tenant", "acme");
 *     spw_token token = spw_context_attach(&tagged);
 *     call_the_next_service();                       // spw_inject() sends `baggage: tenant=acme`
 *     spw_context_detach(token);
 *     spw_context_release(&tagged);
 */
#ifndef SPANWIRE_BAGGAGE_H
#define SPANWIRE_BAGGAGE_H

#include <spanwire/context.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SPW_MAX_BAGGAGE_ENTRIES 256
#define SPW_MAX_BAGGAGE_BYTES 65536
#define SPW_MAX_BAGGAGE_MEMBERS 64        /**< in a carrier */
#define SPW_MAX_BAGGAGE_HEADER_BYTES 8192 /**< in a carrier */

/** One entry. Each view is followed by a terminator; a value from another process may also hold one. */
typedef struct spw_baggage_entry {
    spw_view name;
    spw_view value;
    spw_view metadata; /**< W3C properties, as `ttl=30;private`; empty: none */
} spw_baggage_entry;

/**
 * `base` (NULL: the root context) with `name` = `value` in its baggage, OWNED; a value already there is replaced, its metadata too. Both are
 * UTF-8; the name is not empty, and case counts. A name that is no HTTP token (letters, digits and ``!#$%&'*+-.^_`|~``) is kept in the process
 * and left behind at its border. NULL as value is the empty one. (Baggage API, Set Value.)
 */
SPW_API SPW_MUST_USE spw_context spw_baggage_set(const spw_context *base, const char *name, const char *value);

/** The same with metadata: printable ASCII without `,`, `"` and `\`, carried on as it is; NULL: none. OWNED. */
SPW_API SPW_MUST_USE spw_context spw_baggage_set_with_metadata(const spw_context *base, const char *name, const char *value, const char *metadata);

/** `base` without `name`, OWNED. (Remove Value.) */
SPW_API SPW_MUST_USE spw_context spw_baggage_remove(const spw_context *base, const char *name);

/** `base` without any baggage, OWNED: for a call to whom it is not meant for. Out of memory, values of other keys go too. (Clear
 *  Baggage in the Context.) */
SPW_API SPW_MUST_USE spw_context spw_baggage_clear(const spw_context *base);

/** The value at `name` in `context` (NULL: the current one), terminated; NULL when there is none. (Get Value.) */
SPW_API const char *spw_baggage_get(const spw_context *context, const char *name);

/** How many entries `context` (NULL: the current one) has. */
SPW_API size_t spw_baggage_count(const spw_context *context);

/**
 * The next entry, in the order they were set: `size_t at = 0; while (spw_baggage_next(&context, &at, &entry)) ...`. False past the last.
 * (Get All Values.)
 */
SPW_API bool spw_baggage_next(const spw_context *context, size_t *cursor, spw_baggage_entry *out);

#ifdef __cplusplus
}
#endif
#endif
