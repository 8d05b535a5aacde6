/*
 * A slot holds one span while it is open: a fixed head, then an append-only log of frames (attributes, events, name, status), each already
 * wire bytes. One atomic word says everything that concurrent writers must agree on:
 *
 *     generation 40 | closed 1 | exclusive 1 | writers 5 | cursor 17 (in 8-byte units)
 *
 * To append: reserve room and count yourself a writer in one compare-and-swap, encode, leave by one subtraction. Nobody waits (but for a compaction of a long span, briefly), so it works
 * from several threads and in signal handlers. End closes the log; the last one out finishes the span. A stale handle fails the generation.
 * The log's first part lies in the slot; what is longer spills into extents of 4 KiB found through a table. Slots are type-stable.
 */
#ifndef SPW_RECORD_SLOT_H
#define SPW_RECORD_SLOT_H

#include "engine.h"

#define SPW__SLOT_SIZE 1024u
#define SPW__SLOT_HEAD 144u
#define SPW__SLOT_LOG (SPW__SLOT_SIZE - SPW__SLOT_HEAD)
#define SPW__EXTENT_SIZE 4096u
#define SPW__MAX_SPAN_BYTES (1u << 20)
#define SPW__RESERVE 4096u /* bytes past a span's limit for what must not be lost: its name, its status and pinned attributes */
#define SPW__EXTENTS (SPW__MAX_SPAN_BYTES / SPW__EXTENT_SIZE)

#define SPW__CURSOR_BITS 17u
#define SPW__CURSOR_MASK ((1ull << SPW__CURSOR_BITS) - 1)
#define SPW__WRITER (1ull << SPW__CURSOR_BITS)
#define SPW__WRITERS_MASK (31ull << SPW__CURSOR_BITS)
#define SPW__EXCLUSIVE (1ull << 22)
#define SPW__CLOSED (1ull << 23)
#define SPW__GENERATION_SHIFT 24u
#define SPW__GENERATION_PRIVATE 1u /* odd: of a span that ends, for the processors' on_ending alone; see hooks_end.c */

enum spw__frame_kind { SPW__FRAME_DEAD, SPW__FRAME_ATTRIBUTE, SPW__FRAME_EVENT, SPW__FRAME_NAME, SPW__FRAME_STATUS, SPW__FRAME_STATE, SPW__FRAME_LINK };

struct spw__frame {
    uint32_t size; /* of the wire bytes that follow */
    uint8_t kind;
    uint8_t mark; /* low byte of the generation once the bytes are there: readable from outside */
    uint16_t hash; /* of an attribute's key; a status's code */
};

struct spw__slot {
    uint64_t word;          /* atomic */
    uint64_t base_unix_ns; /* the span's clock: what time it was when it was started; atomic: children read it */
    uint64_t base_mono_ns; /* atomic */
    uint64_t start_unix_ns; /* as recorded; differs from the base when it was given */
    uint64_t end_unix_ns;
    uint64_t end_mono_ns;
    uint16_t scope; /* as in the record's header */
    uint16_t head_size;
    uint32_t session;
    uint32_t table;              /* of SPW__EXTENTS extents, each + 1: its place among engine->tables, + 1; atomic; kept for good */
    uint32_t dropped_attributes; /* atomic */
    uint32_t dropped_events;     /* atomic */
    uint32_t dropped_links;      /* atomic */
    uint64_t compact_at; /* log size at which compaction is tried next; touched only by who holds `exclusive`, read by all */
    uint8_t head[64];    /* wire bytes of the scalars; the end time is filled in last */
    uint8_t log[SPW__SLOT_LOG];
};
/* Where in the head the bytes lie: trace id 18, span id 10, kind 2, start 9, end 9, flags 6, each with its tag. */
#define SPW__HEAD_TRACE_ID 2u
#define SPW__HEAD_SPAN_ID 20u
#define SPW__HEAD_END 40u
#define SPW__HEAD_FLAGS 50u

_Static_assert(sizeof(struct spw__slot) == SPW__SLOT_SIZE, "the log starts where SPW__SLOT_HEAD says");

static inline uint32_t spw__handle_index(uint64_t handle)
{
    return (uint32_t)(handle & 0xffffff);
}

static inline uint64_t spw__handle_generation(uint64_t handle)
{
    return handle >> 24;
}

/* What a thread may keep at hand, so that idle ones never hold more than an eighth of the slots from the others. */
static inline uint32_t spw__slot_share(const struct spw__engine *engine)
{
    uint32_t threads = __atomic_load_n(&engine->live_threads, __ATOMIC_RELAXED);
    uint32_t share = __atomic_load_n(&engine->slots.limit, __ATOMIC_RELAXED) / (8 * (threads ? threads : 1));
    return share < SPW__SLOT_CACHE ? share : SPW__SLOT_CACHE;
}

/* NULL for a handle that never was. */
static inline struct spw__slot *spw__slot_of(struct spw__engine *engine, uint64_t handle)
{
    uint32_t index = spw__handle_index(handle);
    if (__builtin_expect(!engine || index >= __atomic_load_n(&engine->slots.fresh, __ATOMIC_ACQUIRE), 0))
        return NULL;
    return spw__pool_at(&engine->slots, index);
}

/* Whether room for a frame is one compare-and-swap away: it fits the slot's own log and nothing is in the way. */
static inline bool spw__word_plain(uint64_t word, uint32_t units)
{
    return ((word & SPW__CURSOR_MASK) + units) * 8 <= SPW__SLOT_LOG && !(word & SPW__EXCLUSIVE) &&
           (word & SPW__WRITERS_MASK) != SPW__WRITERS_MASK;
}

/* Whether who made the word so has to finish the span. */
static inline bool spw__word_last_out(uint64_t word)
{
    return (word & (SPW__CLOSED | SPW__EXCLUSIVE | SPW__WRITERS_MASK)) == SPW__CLOSED;
}

/* finish.h: frames the span, copies it into the thread's rows, releases the slot. */
void spw__finish(struct spw__engine *engine, struct spw__slot *slot);

/* A writer is done; the last one out of a closed slot finishes the span. */
static inline void spw__slot_leave(struct spw__engine *engine, struct spw__slot *slot)
{
    uint64_t word = __atomic_sub_fetch(&slot->word, SPW__WRITER, __ATOMIC_ACQ_REL);
    if (__builtin_expect(spw__word_last_out(word), 0))
        spw__finish(engine, slot);
}

static inline uint32_t spw__frame_stride(uint32_t size)
{
    return ((uint32_t)sizeof(struct spw__frame) + size + 7u) & ~7u;
}

/* Where a frame is being written: flat while it lies in one piece, else through spw__slot_write(). */
struct spw__writer {
    struct spw__engine *engine;
    struct spw__slot *slot;
    uint8_t *flat;
    uint32_t at;    /* offset in the log of the next byte */
    uint32_t frame; /* offset of the frame */
};

/*
 * Reserves room for a frame of `size` wire bytes; what is to be `kept` may go past the span's limit into the reserve. False: the span has
 * ended, or the bytes do not fit (then counted on the span).
 */
bool spw__slot_reserve(struct spw__engine *engine, uint64_t handle, uint32_t size, enum spw__frame_kind kind, bool kept,
                       struct spw__writer *out);

/* The same while the span is being started and nobody knows its handle; inline part only. */
bool spw__slot_reserve_new(struct spw__slot *slot, uint32_t *cursor, uint32_t size, struct spw__writer *out);

/* Copies into the log across extents. */
void spw__slot_write(struct spw__writer *writer, const void *from, uint32_t size);

/* Copies out of the log. */
void spw__slot_read(struct spw__engine *engine, const struct spw__slot *slot, uint32_t at, void *to, uint32_t size);

/* Where `size` bytes at `at` lie in one piece, or NULL. */
uint8_t *spw__slot_flat_beyond(struct spw__engine *engine, const struct spw__slot *slot, uint32_t at, uint32_t size);
static inline uint8_t *spw__slot_flat(struct spw__engine *engine, const struct spw__slot *slot, uint32_t at, uint32_t size)
{
    if (__builtin_expect(at + size <= SPW__SLOT_LOG, 1))
        return (uint8_t *)(uintptr_t)(slot->log + at);
    return spw__slot_flat_beyond(engine, slot, at, size);
}

/* Writes the frame's header and leaves; finishes the span when it was closed meanwhile and we are the last. */
void spw__slot_commit(struct spw__writer *writer, uint64_t handle, uint32_t size, enum spw__frame_kind kind, uint16_t hash);

/* Waits, not long, until nobody but the caller, who counts as one, writes to the slot. Not if the caller is a handler that interrupted one. */
void spw__slot_await_writers(const struct spw__slot *slot);

/* Counts one attribute, event or link that could not be recorded, on the span itself. */
void spw__slot_count_drop(struct spw__engine *engine, uint64_t handle, enum spw__frame_kind kind);

/* Gives the extents and the slot back. The caller is the last one out. */
void spw__slot_release(struct spw__engine *engine, struct spw__recorder *recorder, struct spw__slot *slot);

static inline void spw__writer_put(struct spw__writer *writer, const void *from, size_t size)
{
    if (size == 0)
        return; /* also of NULL */
    if (__builtin_expect(writer->flat != NULL, 1)) {
        __builtin_memcpy(writer->flat, from, size);
        writer->flat += size;
    } else {
        spw__slot_write(writer, from, (uint32_t)size);
    }
}

#endif
