/*
 * Texts (or any bytes) numbered by their first appearance: equal ones have one number.
 *
 * Ownership: the bytes are copied; spwv_intern_fini() frees them. Threads: a table belongs to one.
 * Failure and limits: those of the buffers behind it, which share the budget; `failed` is set, and numbers mean nothing from there on.
 * The table is seeded anew each time, so that a sender cannot choose texts that meet.
 */
#ifndef SPWV_INTERN_H
#define SPWV_INTERN_H

#include "buf.h"

#define SPWV_NOT_INTERNED UINT32_MAX

struct spwv_intern {
    struct spwv_buf bytes;
    struct spwv_buf places; /* of each in `bytes` */
    struct spwv_buf slots;  /* number + 1; a power of two of them */
    uint64_t seed;
    uint32_t count;
    bool failed;
};

void spwv_intern_init(struct spwv_intern *intern, size_t max, struct spwv_budget *budget);
void spwv_intern_fini(struct spwv_intern *intern);

/* Its number, a new one where it has none. */
uint32_t spwv_intern_add(struct spwv_intern *intern, struct spwv_slice text);

/* Its number, or SPWV_NOT_INTERNED. */
uint32_t spwv_intern_find(const struct spwv_intern *intern, struct spwv_slice text);

/* Lives until the next one is added. */
struct spwv_slice spwv_intern_at(const struct spwv_intern *intern, uint32_t number);

#endif
