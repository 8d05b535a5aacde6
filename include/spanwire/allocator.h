/**
 * @file allocator.h
 * Where the libraries get their memory, if not from malloc.
 *
 * Covers     What libspanwire, libspanwire-sdk and the built-in exporters would take from malloc: configuration, contexts with values,
 *            batches, requests. Not: finished spans and open ones, which lie in memory mapped from the system at the first use and are never
 *            in any heap (spw_options.max_buffer_bytes and its neighbours bound it); what libcurl, zlib and the C library allocate for
 *            themselves (curl_global_init_mem() is for the first); the programs `spanwire` and its viewer.
 * Threads    All may be called from any thread, none from a signal handler. Recording spans calls none of them.
 * Ownership  Memory from spw_allocate() and its neighbours goes back by spw_free() only, and nothing else may be given to spw_free().
 * Failure    NULL when there is no memory, as malloc. The libraries live with that everywhere; it never ends the program.
 *
 *     static void *pool_allocate(void *arg, size_t size) { return pool_get(arg, size); }
 *     ...
 *     int main(void)
 *     {
 *         spw_allocator allocator = SPW_ALLOCATOR_INIT;
 *         allocator.allocate = pool_allocate;
 *         ...
 *         spw_allocator_set(&allocator);   // before anything else of spanwire
 */
#ifndef SPANWIRE_ALLOCATOR_H
#define SPANWIRE_ALLOCATOR_H

#include <spanwire/common.h>

#ifdef __cplusplus
extern "C" {
#endif

/** An allocator. Begin with SPW_ALLOCATOR_INIT, and set all three functions. Thread-safe; memory aligned as malloc's; must not call spanwire. `size` is never 0. */
typedef struct spw_allocator {
    size_t struct_size;
    void *(*allocate)(void *arg, size_t size);
    /** As realloc: `memory` is never NULL and stays valid when this fails. */
    void *(*reallocate)(void *arg, void *memory, size_t size);
    void (*release)(void *arg, void *memory); /**< `memory` is never NULL */
    void *arg;
} spw_allocator;
#define SPW_ALLOCATOR_INIT { sizeof(spw_allocator), NULL, NULL, NULL, NULL }

/**
 * Puts an allocator in place of malloc, for good: it must stay usable until the process ends. Copies the struct. To be called once, before
 * anything else of spanwire and before there are threads that use it: SPW_ERR_ALREADY_STARTED when memory has been allocated before, or an
 * allocator set. SPW_ERR_INVALID when a function is missing. Does not block or allocate.
 */
SPW_API spw_result spw_allocator_set(const spw_allocator *allocator);

/** @name For exporters and other extensions: memory from the same place. A size of 0 counts as 1. @{ */

/** `size` bytes, not initialised. */
SPW_API SPW_MUST_USE void *spw_allocate(size_t size);

/** `count` times `size` bytes, all zero; NULL also when the product overflows. */
SPW_API SPW_MUST_USE void *spw_allocate_zeroed(size_t count, size_t size);

/** As realloc: NULL for `memory` allocates; on failure the old memory stays. */
SPW_API SPW_MUST_USE void *spw_reallocate(void *memory, size_t size);

/** A copy of a text; NULL for NULL. */
SPW_API SPW_MUST_USE char *spw_strdup(const char *text);

/** A copy of at most `size` bytes of a text, terminated. */
SPW_API SPW_MUST_USE char *spw_strndup(const char *text, size_t size);

/** Gives memory back; NULL is harmless. */
SPW_API void spw_free(void *memory);
/** @} */

#ifdef __cplusplus
}
#endif
#endif
