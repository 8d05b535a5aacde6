/* Baggage as it lies in memory: one counted block of entries and, behind them, their text. Immutable once a context has it. */
#ifndef SPW_RECORD_BAGGAGE_H
#define SPW_RECORD_BAGGAGE_H

#include <spanwire/baggage.h>

struct spw__baggage {
    uint32_t references; /* atomic */
    uint32_t count;
    uint32_t room; /* entries there is room for */
    char *end;     /* of the text so far */
    spw_baggage_entry entries[];
};

struct spw__baggage *spw__baggage_retain(struct spw__baggage *baggage);
void spw__baggage_release(struct spw__baggage *baggage); /* NULL: nothing */

/* An empty block with room for so many entries of so many bytes in all. NULL: out of memory. */
struct spw__baggage *spw__baggage_new(size_t entries, size_t bytes);

/* Copies an entry to the end; the caller made the room. */
void spw__baggage_append(struct spw__baggage *baggage, const spw_baggage_entry *entry);

/* Takes out the entry of that name, if there is one; its text stays. */
void spw__baggage_drop(struct spw__baggage *baggage, spw_view name);

/* `base` with that baggage, which is taken over; NULL or an empty one: without any. OWNED. */
spw_context spw__baggage_into(const spw_context *base, struct spw__baggage *baggage);

const struct spw__baggage *spw__baggage_of(const spw_context *context);

/* What both sides of a border hold metadata to. */
bool spw__baggage_metadata_valid(const char *text, size_t size);

void spw__baggage_count_lost(uint64_t entries);
uint64_t spw__baggage_lost(void);

#endif
