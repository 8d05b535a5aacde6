/* A hash table with open addressing over numbered texts. Contract: intern.h. */
#include "intern.h"

#include <string.h>
#include <time.h>

enum { FIRST_SLOTS = 64 };

struct place {
    size_t at;
    size_t size;
};

void spwv_intern_init(struct spwv_intern *intern, size_t max, struct spwv_budget *budget)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    *intern = (struct spwv_intern){.seed = (uint64_t)now.tv_nsec * 0x9E3779B97F4A7C15u ^ (uint64_t)(uintptr_t)intern};
    spwv_buf_init(&intern->bytes, max, budget);
    spwv_buf_init(&intern->places, max, budget);
    spwv_buf_init(&intern->slots, max, budget);
}

void spwv_intern_fini(struct spwv_intern *intern)
{
    spwv_buf_fini(&intern->bytes);
    spwv_buf_fini(&intern->places);
    spwv_buf_fini(&intern->slots);
}

static uint64_t mixed(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * 0x9E3779B97F4A7C15u;
    return hash ^ hash >> 29;
}

static uint64_t hash_of(const struct spwv_intern *intern, struct spwv_slice text)
{
    uint64_t hash = mixed(intern->seed, text.size), word;
    size_t at = 0;
    for (; text.size - at >= sizeof word; at += sizeof word) {
        memcpy(&word, text.data + at, sizeof word);
        hash = mixed(hash, word);
    }
    word = 0;
    if (at < text.size)
        memcpy(&word, text.data + at, text.size - at);
    return mixed(hash, word);
}

struct spwv_slice spwv_intern_at(const struct spwv_intern *intern, uint32_t number)
{
    const struct place *place = (const struct place *)(const void *)intern->places.data + number;
    if (!place->size) /* while all texts are empty there are no bytes to point into */
        return (struct spwv_slice){(const uint8_t *)"", 0};
    return (struct spwv_slice){(const uint8_t *)intern->bytes.data + place->at, place->size};
}

static bool is_equal(struct spwv_slice a, struct spwv_slice b)
{
    return a.size == b.size && (!a.size || memcmp(a.data, b.data, a.size) == 0);
}

/* The slot that holds the text, or the free one where it belongs. There is always a free one. */
static uint32_t *slot_of(const struct spwv_intern *intern, struct spwv_slice text)
{
    uint32_t *slots = (uint32_t *)(void *)intern->slots.data;
    size_t mask = intern->slots.size / sizeof *slots - 1;
    size_t at = (size_t)hash_of(intern, text) & mask;
    while (slots[at] && !is_equal(spwv_intern_at(intern, slots[at] - 1), text))
        at = (at + 1) & mask;
    return &slots[at];
}

/* At most half of the slots are taken. */
static bool has_room(struct spwv_intern *intern)
{
    size_t slots = intern->slots.size / sizeof(uint32_t);
    if (2 * (size_t)(intern->count + 1) <= slots)
        return true;
    size_t size = (slots ? 2 * slots : FIRST_SLOTS) * sizeof(uint32_t);
    char *data = spwv_buf_reserve(&intern->slots, size - intern->slots.size);
    if (!data)
        return false;
    memset(intern->slots.data, 0, size);
    intern->slots.size = size;
    for (uint32_t i = 0; i < intern->count; i++)
        *slot_of(intern, spwv_intern_at(intern, i)) = i + 1;
    return true;
}

uint32_t spwv_intern_add(struct spwv_intern *intern, struct spwv_slice text)
{
    if (intern->failed || !has_room(intern)) {
        intern->failed = true;
        return 0;
    }
    uint32_t *slot = slot_of(intern, text);
    if (*slot)
        return *slot - 1;
    struct place place = {intern->bytes.size, text.size};
    spwv_buf_add(&intern->bytes, text.data, text.size);
    spwv_buf_add(&intern->places, &place, sizeof place);
    intern->failed = intern->bytes.failed || intern->places.failed;
    if (intern->failed)
        return 0;
    *slot = ++intern->count;
    return intern->count - 1;
}

uint32_t spwv_intern_find(const struct spwv_intern *intern, struct spwv_slice text)
{
    if (!intern->count)
        return SPWV_NOT_INTERNED;
    const uint32_t *slot = slot_of(intern, text);
    return *slot ? *slot - 1 : SPWV_NOT_INTERNED;
}
