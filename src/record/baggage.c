/* Baggage in contexts. (Specification: Baggage API, Operations and Context Interaction.) */
#include "baggage.h"

#include <spanwire/allocator.h>
#include <string.h>

#include "context_values.h"
#include "utf8.h"

static uint64_t lost; /* atomic */

uint64_t spw__baggage_lost(void)
{
    return __atomic_load_n(&lost, __ATOMIC_RELAXED);
}

void spw__baggage_count_lost(uint64_t entries)
{
    __atomic_add_fetch(&lost, entries, __ATOMIC_RELAXED);
}

/* ---- blocks ---- */

struct spw__baggage *spw__baggage_retain(struct spw__baggage *baggage)
{
    if (baggage)
        __atomic_add_fetch(&baggage->references, 1, __ATOMIC_RELAXED);
    return baggage;
}

void spw__baggage_release(struct spw__baggage *baggage)
{
    if (baggage && __atomic_sub_fetch(&baggage->references, 1, __ATOMIC_ACQ_REL) == 0)
        spw_free(baggage);
}

struct spw__baggage *spw__baggage_new(size_t entries, size_t bytes)
{
    const size_t terminators = 3;
    struct spw__baggage *baggage = spw_allocate(sizeof *baggage + entries * (sizeof baggage->entries[0] + terminators) + bytes);
    if (baggage)
        *baggage = (struct spw__baggage){ .references = 1, .room = (uint32_t)entries, .end = (char *)(baggage->entries + entries) };
    return baggage;
}

static spw_view append_text(struct spw__baggage *baggage, spw_view text)
{
    spw_view kept = { baggage->end, text.size };
    if (text.size)
        memcpy(baggage->end, text.data, text.size);
    baggage->end += text.size;
    *baggage->end++ = '\0';
    return kept;
}

void spw__baggage_append(struct spw__baggage *baggage, const spw_baggage_entry *entry)
{
    spw_baggage_entry *kept = &baggage->entries[baggage->count++];
    kept->name = append_text(baggage, entry->name);
    kept->value = append_text(baggage, entry->value);
    kept->metadata = append_text(baggage, entry->metadata);
}

static size_t entry_bytes(const spw_baggage_entry *entry)
{
    return entry->name.size + entry->value.size + entry->metadata.size;
}

static int find(const struct spw__baggage *baggage, spw_view name)
{
    for (uint32_t i = 0; baggage && i < baggage->count; i++) {
        const spw_view *candidate = &baggage->entries[i].name;
        if (candidate->size == name.size && memcmp(candidate->data, name.data, name.size) == 0)
            return (int)i;
    }
    return -1;
}

void spw__baggage_drop(struct spw__baggage *baggage, spw_view name)
{
    int at = find(baggage, name);
    if (at < 0)
        return;
    baggage->count--;
    memmove(&baggage->entries[at], &baggage->entries[at + 1], (baggage->count - (size_t)at) * sizeof baggage->entries[0]);
}

spw_context spw__baggage_into(const spw_context *base, struct spw__baggage *baggage)
{
    if (baggage && !baggage->count) {
        spw__baggage_release(baggage);
        baggage = NULL;
    }
    if (!baggage && !spw__baggage_of(base))
        return spw_context_retain(base);
    struct spw_context_values *values = spw__values_copy(base);
    if (values) {
        spw__baggage_release(values->baggage);
        values->baggage = baggage;
    } else {
        spw__baggage_release(baggage);
    }
    return spw__context_take(base, values);
}

const struct spw__baggage *spw__baggage_of(const spw_context *context)
{
    return context && context->values ? context->values->baggage : NULL;
}

/* ---- operations ---- */

bool spw__baggage_metadata_valid(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if ((c < 0x20 && c != '\t') || c > 0x7e || c == ',' || c == '"' || c == '\\')
            return false;
    }
    return true;
}

static bool valid(const spw_baggage_entry *entry)
{
    return entry->name.size && entry_bytes(entry) <= SPW_MAX_BAGGAGE_BYTES && spw__utf8_valid(entry->name.data, entry->name.size) &&
           spw__utf8_valid(entry->value.data, entry->value.size) &&
           spw__baggage_metadata_valid(entry->metadata.data, entry->metadata.size);
}

/* A copy without the entry of that name, with room for `more` bytes in one entry more. NULL: over a limit, or out of memory. */
static struct spw__baggage *copy_without(const struct spw__baggage *from, spw_view name, size_t more)
{
    int skip = find(from, name);
    size_t count = 0, bytes = more;
    for (uint32_t i = 0; from && i < from->count; i++) {
        if ((int)i != skip) {
            count++;
            bytes += entry_bytes(&from->entries[i]);
        }
    }
    if (count >= SPW_MAX_BAGGAGE_ENTRIES || bytes > SPW_MAX_BAGGAGE_BYTES)
        return NULL;
    struct spw__baggage *copy = spw__baggage_new(count + 1, bytes);
    for (uint32_t i = 0; copy && from && i < from->count; i++) {
        if ((int)i != skip)
            spw__baggage_append(copy, &from->entries[i]);
    }
    return copy;
}

spw_context spw_baggage_set_with_metadata(const spw_context *base, const char *name, const char *value, const char *metadata)
{
    const spw_baggage_entry entry = {
        .name = { name, spw__len(name) },
        .value = { value ? value : "", spw__len(value) },
        .metadata = { metadata ? metadata : "", spw__len(metadata) },
    };
    struct spw__baggage *baggage = valid(&entry) ? copy_without(spw__baggage_of(base), entry.name, entry_bytes(&entry)) : NULL;
    if (!baggage) {
        spw__baggage_count_lost(1);
        return spw_context_retain(base);
    }
    spw__baggage_append(baggage, &entry);
    return spw__baggage_into(base, baggage);
}

spw_context spw_baggage_set(const spw_context *base, const char *name, const char *value)
{
    return spw_baggage_set_with_metadata(base, name, value, NULL);
}

spw_context spw_baggage_remove(const spw_context *base, const char *name)
{
    const spw_view view = { name, spw__len(name) };
    const struct spw__baggage *old = spw__baggage_of(base);
    if (find(old, view) < 0)
        return spw_context_retain(base);
    struct spw__baggage *baggage = copy_without(old, view, 0);
    return baggage ? spw__baggage_into(base, baggage) : spw__context_take(base, NULL);
}

/* Out of memory, everything the context carries goes: what was to be kept from others must not travel. */
spw_context spw_baggage_clear(const spw_context *base)
{
    spw_context cleared = spw__baggage_into(base, NULL);
    if (spw__baggage_of(&cleared)) {
        const spw_context bare = { .span = cleared.span, .values = NULL };
        spw_context_release(&cleared);
        cleared = bare;
    }
    return cleared;
}

const char *spw_baggage_get(const spw_context *context, const char *name)
{
    const struct spw__baggage *baggage = spw__baggage_of(spw__context_or_current(context));
    int at = find(baggage, (spw_view){ name, spw__len(name) });
    return at < 0 ? NULL : baggage->entries[at].value.data;
}

size_t spw_baggage_count(const spw_context *context)
{
    const struct spw__baggage *baggage = spw__baggage_of(spw__context_or_current(context));
    return baggage ? baggage->count : 0;
}

bool spw_baggage_next(const spw_context *context, size_t *cursor, spw_baggage_entry *out)
{
    const struct spw__baggage *baggage = spw__baggage_of(spw__context_or_current(context));
    if (!baggage || *cursor >= baggage->count)
        return false;
    *out = baggage->entries[(*cursor)++];
    return true;
}
