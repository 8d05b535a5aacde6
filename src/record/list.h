/*
 * The attributes of an event or a link: given at once, so what counts is settled when they are recorded. Of equal keys the last wins; what
 * is over the limit, or cannot be recorded, is counted. SPW__MAX_LIST are looked at; the others are counted as dropped.
 */
#ifndef SPW_RECORD_LIST_H
#define SPW_RECORD_LIST_H

#include "key.h"
#include "slot.h"

struct spw__list {
    struct spw__attrs attrs;
    struct spw__limits limits; /* see spw__limits_now() */
    uint32_t most;             /* that are kept */
    uint8_t tag;               /* of the field in its message */
    /* spw__list_measure()'s answers */
    uint32_t bytes;
    uint32_t dropped;
    uint64_t overwritten[SPW__MAX_LIST / 64]; /* a bit each */
};

/* Sums what spw__list_write() will write. `attrs`, `limits`, `most` and `tag` are set. More than a span may hold is SPW__MAX_SPAN_BYTES + 1. */
void spw__list_measure(struct spw__list *list);
void spw__list_write(const struct spw__list *list, struct spw__writer *writer);

#endif
