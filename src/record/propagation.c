/* The process's propagators and what is done with them. (Specification: Propagators API, Composite and Global Propagators.) */
#include "propagation.h"

#include <string.h>

#include "context_values.h"

#define MAX_REGISTERED 32u
#define MAX_NAME 64u
#define MAX_FIELDS 64u

static const spw_propagator *const built_in[] = {
    &spw_propagator_tracecontext,
    &spw_propagator_baggage,
    &spw_propagator_b3,
    &spw_propagator_b3multi,
};
enum { BUILT_IN = sizeof built_in / sizeof built_in[0] };

static const spw_propagator *registered[MAX_REGISTERED]; /* atomic; filled from the front */

/* In force: up to the first NULL; atomic. Read without a lock: a propagator lives for ever, so any mix of an old and a new list is sound. */
static const spw_propagator *active[SPW_MAX_PROPAGATORS + 1] = { &spw_propagator_tracecontext, &spw_propagator_baggage };
static bool set_by_program; /* atomic */

static const spw_propagator *load(const spw_propagator *const *place)
{
    return __atomic_load_n(place, __ATOMIC_ACQUIRE);
}

static size_t load_active(const spw_propagator *out[SPW_MAX_PROPAGATORS])
{
    size_t count = 0;
    while (count < SPW_MAX_PROPAGATORS && (out[count] = load(&active[count])) != NULL)
        count++;
    return count;
}

/* ---- the list ---- */

static bool usable(const spw_propagator *p)
{
    return p && p->struct_size >= sizeof *p && p->name && *p->name && p->inject && p->extract;
}

static bool in_list(const spw_propagator *const *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i]->name, name) == 0)
            return true;
    }
    return false;
}

static void put_in_force(const spw_propagator *const *list, size_t count)
{
    for (size_t i = 0; i <= count; i++)
        __atomic_store_n(&active[i], i < count ? list[i] : NULL, __ATOMIC_RELEASE);
}

spw_result spw_propagators_set(const spw_propagator *const *list, size_t count)
{
    const spw_propagator *once[SPW_MAX_PROPAGATORS];
    size_t kept = 0;
    if (count > SPW_MAX_PROPAGATORS || (count && !list))
        return SPW_ERR_INVALID;
    for (size_t i = 0; i < count; i++) {
        if (!usable(list[i]))
            return SPW_ERR_INVALID;
        if (!in_list(once, kept, list[i]->name))
            once[kept++] = list[i];
    }
    __atomic_store_n(&set_by_program, true, __ATOMIC_RELEASE);
    put_in_force(once, kept);
    return SPW_OK;
}

size_t spw_propagators_get(const spw_propagator **out, size_t room)
{
    const spw_propagator *list[SPW_MAX_PROPAGATORS];
    size_t count = load_active(list);
    for (size_t i = 0; i < count && i < room; i++)
        out[i] = list[i];
    return count;
}

/* ---- names ---- */

const spw_propagator *spw_propagator_find(const char *name)
{
    for (size_t i = 0; name && i < BUILT_IN; i++) {
        if (strcmp(built_in[i]->name, name) == 0)
            return built_in[i];
    }
    const spw_propagator *p;
    for (size_t i = 0; name && i < MAX_REGISTERED && (p = load(&registered[i])) != NULL; i++) {
        if (strcmp(p->name, name) == 0)
            return p;
    }
    return NULL;
}

spw_result spw_propagator_register(const spw_propagator *propagator)
{
    if (!usable(propagator) || strcmp(propagator->name, "none") == 0 || spw_propagator_find(propagator->name))
        return SPW_ERR_INVALID;
    for (size_t i = 0; i < MAX_REGISTERED; i++) {
        const spw_propagator *empty = NULL;
        if (__atomic_compare_exchange_n(&registered[i], &empty, propagator, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
            return SPW_OK;
        if (strcmp(empty->name, propagator->name) == 0)
            return SPW_ERR_INVALID;
    }
    return SPW_ERR_NO_MEMORY;
}

/* The next name of a list, trimmed, at most MAX_NAME - 1 bytes of it. False past the last. */
static bool next_name(const char **list, char name[MAX_NAME])
{
    if (!**list)
        return false;
    const char *from = *list, *to = from + strcspn(from, ",");
    *list = *to ? to + 1 : to;
    while (from < to && strchr(" \t", *from))
        from++;
    while (to > from && strchr(" \t", to[-1]))
        to--;
    size_t size = (size_t)(to - from) < MAX_NAME ? (size_t)(to - from) : MAX_NAME - 1;
    memcpy(name, from, size);
    name[size] = '\0';
    return true;
}

bool spw__propagators_from_list(const char *list, void (*unknown)(void *arg, const char *name), void *arg)
{
    const spw_propagator *chosen[SPW_MAX_PROPAGATORS];
    size_t count = 0;
    bool any = false;
    for (char name[MAX_NAME]; list && next_name(&list, name);) {
        const spw_propagator *p = spw_propagator_find(name);
        any |= p || strcmp(name, "none") == 0;
        if (p && count < SPW_MAX_PROPAGATORS && !in_list(chosen, count, name))
            chosen[count++] = p;
        if (!p && *name && strcmp(name, "none") != 0 && unknown)
            unknown(arg, name);
    }
    if (!any || __atomic_load_n(&set_by_program, __ATOMIC_ACQUIRE))
        return false;
    put_in_force(chosen, count);
    return true;
}

/* ---- fields ---- */

static void each_field(const spw_propagator *p, void (*visit)(void *arg, const char *name), void *arg)
{
    for (const char *const *field = p->fields; field && *field; field++)
        visit(arg, *field);
}

void spw__propagation_each_field(void (*visit)(void *arg, const char *name), void *arg)
{
    const spw_propagator *list[SPW_MAX_PROPAGATORS];
    size_t count = load_active(list);
    for (size_t i = 0; i < count; i++)
        each_field(list[i], visit, arg);
    for (size_t i = 0; i < BUILT_IN; i++)
        each_field(built_in[i], visit, arg);
}

struct field_list {
    const char *names[MAX_FIELDS];
    size_t count;
};

static void add_field(void *arg, const char *name)
{
    struct field_list *list = arg;
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->names[i], name) == 0)
            return;
    }
    if (list->count < MAX_FIELDS)
        list->names[list->count++] = name;
}

size_t spw_propagation_fields(const char **out, size_t room)
{
    const spw_propagator *list[SPW_MAX_PROPAGATORS];
    size_t count = load_active(list);
    struct field_list fields = { .count = 0 };
    for (size_t i = 0; i < count; i++)
        each_field(list[i], add_field, &fields);
    for (size_t i = 0; i < fields.count && i < room; i++)
        out[i] = fields.names[i];
    return fields.count;
}

/* ---- in and out ---- */

void spw_inject_by(const spw_propagator *const *list, size_t count, const spw_context *context, spw_carrier_set_fn set, void *carrier)
{
    context = spw__context_or_current(context);
    for (size_t i = 0; context && set && i < count; i++)
        list[i]->inject(list[i], context, set, carrier);
}

spw_context spw_extract_by(const spw_propagator *const *list, size_t count, const spw_context *base, const spw_getter *getter, void *carrier)
{
    spw_context context = spw_context_retain(base);
    for (size_t i = 0; getter && getter->get && i < count; i++)
        list[i]->extract(list[i], &context, getter, carrier);
    return context;
}

void spw_inject(const spw_context *context, spw_carrier_set_fn set, void *carrier)
{
    const spw_propagator *list[SPW_MAX_PROPAGATORS];
    spw_inject_by(list, load_active(list), context, set, carrier);
}

spw_context spw_extract_with(const spw_context *base, const spw_getter *getter, void *carrier)
{
    const spw_propagator *list[SPW_MAX_PROPAGATORS];
    return spw_extract_by(list, load_active(list), base, getter, carrier);
}

spw_context spw_extract(const spw_context *base, spw_carrier_get_fn get, void *carrier)
{
    const spw_getter getter = { .struct_size = sizeof getter, .get = get };
    return spw_extract_with(base, &getter, carrier);
}
