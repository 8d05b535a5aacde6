/* The process's propagators, for the SDK, and what the built-in ones share. */
#ifndef SPW_RECORD_PROPAGATION_H
#define SPW_RECORD_PROPAGATION_H

#include <spanwire/propagation.h>

/*
 * Makes a comma-separated list of names (OTEL_PROPAGATORS) the process's propagators. Names without a propagator are told to `unknown` (NULL:
 * nobody; terminated, at most 63 bytes) and left out; when no name is known, what was set stays. `none` is the empty list. A list the program
 * has set itself by spw_propagators_set() stays; `unknown` is called all the same. True: the list is in force now.
 */
SPW_API bool spw__propagators_from_list(const char *list, void (*unknown)(void *arg, const char *name), void *arg);

/* A field by its place among those of its name; NULL when there is none. */
static inline const char *spw__getter_at(const spw_getter *getter, void *carrier, const char *name, size_t index)
{
    if (getter->get_at)
        return getter->get_at(carrier, name, index);
    return index == 0 ? getter->get(carrier, name) : NULL;
}

/* Calls `visit` with every name a propagator may set: of all in the process's list and all built in, some twice. */
void spw__propagation_each_field(void (*visit)(void *arg, const char *name), void *arg);

#endif
