#include "slot.h"

#include <sched.h>
#include <string.h>

#include "finish.h"
#include "platform.h"
#include "thread.h"

#define PAUSES 100u            /* about a microsecond */
#define EXCLUSIVE_NS 5000000u  /* for a compaction of another thread to end; it takes microseconds unless that thread is not running */
#define WRITERS_NS 200000u     /* for writers to leave before a span is shown to processors */
#define SECLUDE_NS 20000u      /* for writers to leave before a compaction; one of them may be who we, a signal handler, interrupted */
#define UNITS_MAX ((uint32_t)SPW__CURSOR_MASK)

static inline void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* ---- extents ---- */

static uint32_t *table_of(struct spw__engine *engine, const struct spw__slot *slot)
{
    uint32_t table = __atomic_load_n(&slot->table, __ATOMIC_ACQUIRE);
    return table ? spw__pool_at(&engine->tables, table - 1) : NULL;
}

static uint8_t *extent_at(struct spw__engine *engine, const struct spw__slot *slot, uint32_t number)
{
    uint32_t *table = table_of(engine, slot);
    uint32_t extent = __atomic_load_n(&table[number], __ATOMIC_ACQUIRE);
    return spw__pool_at(&engine->extents, extent - 1);
}

/* Puts an item of the pool where there is none; whoever comes second gives his back. */
static bool install(struct spw__pool *pool, uint32_t *place)
{
    if (__atomic_load_n(place, __ATOMIC_ACQUIRE))
        return true;
    uint32_t item = spw__pool_take(pool);
    if (item == SPW__POOL_NONE)
        return false;
    uint32_t none = 0;
    if (!__atomic_compare_exchange_n(place, &none, item + 1, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        spw__pool_give(pool, item);
    return true;
}

/* Sees to memory for the log up to `end`. Done before reserving, so that a reservation never fails half-way. */
static bool ensure_extents(struct spw__engine *engine, struct spw__slot *slot, uint32_t from, uint32_t end)
{
    if (!install(&engine->tables, &slot->table)) /* zeroed: no table is ever used twice */
        return false;
    uint32_t *table = table_of(engine, slot);
    uint32_t first = from > SPW__SLOT_LOG ? (from - SPW__SLOT_LOG) / SPW__EXTENT_SIZE : 0;
    uint32_t last = (end - SPW__SLOT_LOG - 1) / SPW__EXTENT_SIZE;
    for (uint32_t i = first; i <= last; i++)
        if (!install(&engine->extents, &table[i]))
            return false;
    return true;
}

/* ---- reserve, write, commit ---- */

/* Bounded patience: some pauses, then the processor to others until the time is over. Only for several threads on one long span. */
struct patience {
    uint32_t pauses;
    uint64_t until; /* mono ns; 0: not begun */
};

/* Whether we are a signal handler that interrupted the library on this thread: then what we wait for may be waiting for us. */
static bool interrupts_library(void)
{
    const struct spw__thread *thread = spw__self;
    const struct spw__recorder *recorder = thread ? thread->recorder : NULL;
    return recorder && __atomic_load_n(&recorder->busy, __ATOMIC_RELAXED);
}

static bool pause_a_little(struct patience *patience)
{
    if (patience->pauses >= PAUSES)
        return false;
    patience->pauses++;
    relax();
    return true;
}

static bool wait_a_little(struct patience *patience, uint64_t most_ns)
{
    if (pause_a_little(patience))
        return true;
    uint64_t now = spw__mono_ns();
    if (!patience->until)
        patience->until = now + most_ns;
    sched_yield();
    return now < patience->until;
}

enum joined { JOINED, SPAN_GONE, NO_TIME };

/* Counts us a writer without room, so that the slot stays this span's while we note something on it. */
static enum joined join(struct spw__slot *slot, uint64_t handle, struct patience *patience)
{
    uint64_t word = __atomic_load_n(&slot->word, __ATOMIC_ACQUIRE);
    for (;;) {
        if (word >> SPW__GENERATION_SHIFT != spw__handle_generation(handle) || (word & SPW__CLOSED))
            return SPAN_GONE;
        if ((word & SPW__WRITERS_MASK) == SPW__WRITERS_MASK || (word & SPW__EXCLUSIVE)) {
            if (interrupts_library() || !wait_a_little(patience, EXCLUSIVE_NS))
                return NO_TIME;
            word = __atomic_load_n(&slot->word, __ATOMIC_ACQUIRE);
            continue;
        }
        if (__atomic_compare_exchange_n(&slot->word, &word, word + SPW__WRITER, true, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE))
            return JOINED;
    }
}

/* Which counter; NULL for what is not counted by itself. */
static uint32_t *counter_of(struct spw__slot *slot, enum spw__frame_kind kind)
{
    return kind == SPW__FRAME_ATTRIBUTE ? &slot->dropped_attributes
           : kind == SPW__FRAME_EVENT   ? &slot->dropped_events
           : kind == SPW__FRAME_LINK    ? &slot->dropped_links
                                        : NULL;
}

static void count_lost(struct spw__engine *engine, enum spw__frame_kind kind)
{
    uint64_t *counter = kind == SPW__FRAME_ATTRIBUTE ? &engine->attributes_lost
                        : kind == SPW__FRAME_EVENT   ? &engine->events_lost
                                                     : &engine->links_lost;
    __atomic_add_fetch(counter, 1, __ATOMIC_RELAXED);
}

/* Notes a drop on its span, or, when that cannot be had in time, in the engine: counted it is in any case. */
static void count_drop(struct spw__engine *engine, uint64_t handle, enum spw__frame_kind kind, struct patience *patience)
{
    struct spw__slot *slot = spw__slot_of(engine, handle);
    uint32_t *counter = slot ? counter_of(slot, kind) : NULL;
    if (!counter)
        return;
    enum joined joined = join(slot, handle, patience);
    if (joined == SPAN_GONE)
        return; /* an ended span takes nothing, good or bad */
    if (joined == NO_TIME) {
        count_lost(engine, kind);
        return;
    }
    __atomic_add_fetch(counter, 1, __ATOMIC_RELAXED);
    spw__slot_leave(engine, slot);
}

void spw__slot_count_drop(struct spw__engine *engine, uint64_t handle, enum spw__frame_kind kind)
{
    struct patience patience = { 0, 0 };
    count_drop(engine, handle, kind, &patience);
}

void spw__slot_await_writers(const struct spw__slot *slot)
{
    struct patience patience = { 0, 0 };
    while ((__atomic_load_n(&slot->word, __ATOMIC_ACQUIRE) & (SPW__WRITERS_MASK | SPW__EXCLUSIVE)) != SPW__WRITER)
        if (interrupts_library() || !wait_a_little(&patience, WRITERS_NS))
            return;
}

/* Keeps new writers out and waits for those inside to leave: a moment, or, when room is needed, a little longer. They may be inside still
 * (one may be us, interrupted). False: the span is gone, or another thread is at it. */
static bool seclude(struct spw__slot *slot, uint64_t handle, bool needed, uint64_t *size)
{
    uint64_t word = __atomic_load_n(&slot->word, __ATOMIC_ACQUIRE);
    do {
        if (word >> SPW__GENERATION_SHIFT != spw__handle_generation(handle) || (word & (SPW__CLOSED | SPW__EXCLUSIVE)))
            return false;
        if ((word & SPW__WRITERS_MASK) == SPW__WRITERS_MASK)
            return false; /* an end that finds so many relies on it that nobody else is exclusive */
    } while (!__atomic_compare_exchange_n(&slot->word, &word, word | SPW__EXCLUSIVE, true, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE));
    struct patience patience = { 0, 0 };
    bool patient = true;
    while (((word = __atomic_load_n(&slot->word, __ATOMIC_ACQUIRE)) & SPW__WRITERS_MASK) && patient)
        patient = needed ? wait_a_little(&patience, SECLUDE_NS) : pause_a_little(&patience);
    *size = (word & SPW__CURSOR_MASK) * 8;
    return true;
}

/*
 * Throws out dead frames, so that a span whose keys are set over and over does not grow. Tried each time the log has doubled, whether that
 * came to anything or not, and when it is full: `needed`; not when we interrupted the library on this thread.
 */
static void try_compact(struct spw__engine *engine, struct spw__slot *slot, uint64_t handle, bool needed)
{
    bool reentrant;
    struct spw__recorder *recorder = spw__enter(engine, &reentrant);
    if (!recorder)
        return;
    uint64_t size = 0;
    if (!seclude(slot, handle, needed, &size)) {
        spw__leave(recorder);
        return;
    }
    /* From here nobody moves the cursor; an end may come, and counts as a writer until it has noted its time. */
    uint64_t word = __atomic_load_n(&slot->word, __ATOMIC_ACQUIRE);
    if (!(word & (SPW__WRITERS_MASK | SPW__CLOSED)))
        size = spw__compact(recorder, slot, (uint32_t)size);
    __atomic_store_n(&slot->compact_at, size * 2 < 2 * SPW__SLOT_LOG ? 2 * SPW__SLOT_LOG : size * 2, __ATOMIC_RELAXED);
    spw__leave(recorder);
    uint64_t want;
    do
        want = (word & ~(SPW__EXCLUSIVE | SPW__CURSOR_MASK)) | size / 8;
    while (!__atomic_compare_exchange_n(&slot->word, &word, want, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
    if (spw__word_last_out(want))
        spw__finish(engine, slot);
}

/* What a reservation went through so far. */
struct attempt {
    struct patience patience;
    bool compacted;
    bool kept;
};

/* How long the log may become. The cursor's range bounds it with the reserve. */
static uint32_t most_bytes(const struct spw__engine *engine, bool kept)
{
    uint32_t limit = spw__limit(&engine->limits.span_bytes), most = UNITS_MAX * 8 - SPW__RESERVE;
    return (limit < most ? limit : most) + (kept ? SPW__RESERVE : 0);
}

enum room { ROOM, LOOK_AGAIN, NO_ROOM };

/* What may keep a reservation from being one compare-and-swap. ROOM holds for exactly this `word`. */
static enum room make_room(struct spw__engine *engine, struct spw__slot *slot, uint64_t handle, uint64_t word, uint32_t units,
                           struct attempt *attempt)
{
    if ((word & SPW__EXCLUSIVE) || (word & SPW__WRITERS_MASK) == SPW__WRITERS_MASK) {
        return !interrupts_library() && wait_a_little(&attempt->patience, EXCLUSIVE_NS) ? LOOK_AGAIN : NO_ROOM;
    }
    uint64_t cursor = word & SPW__CURSOR_MASK;
    uint64_t end = (cursor + units) * 8;
    bool over = end > most_bytes(engine, attempt->kept);
    bool due = end > __atomic_load_n(&slot->compact_at, __ATOMIC_RELAXED);
    if ((over || due) && !attempt->compacted) {
        attempt->compacted = true;
        try_compact(engine, slot, handle, over);
        return LOOK_AGAIN;
    }
    if (over)
        return NO_ROOM;
    return end <= SPW__SLOT_LOG || ensure_extents(engine, slot, (uint32_t)cursor * 8, (uint32_t)end) ? ROOM : NO_ROOM;
}

bool spw__slot_reserve(struct spw__engine *engine, uint64_t handle, uint32_t size, enum spw__frame_kind kind, bool kept,
                       struct spw__writer *out)
{
    struct spw__slot *slot = spw__slot_of(engine, handle);
    if (__builtin_expect(!slot, 0))
        return false;
    if (__builtin_expect(size > SPW__MAX_SPAN_BYTES, 0)) {
        spw__slot_count_drop(engine, handle, kind);
        return false;
    }
    uint32_t units = spw__frame_stride(size) / 8;
    struct attempt attempt = { { 0, 0 }, false, kept };
    uint64_t word = __atomic_load_n(&slot->word, __ATOMIC_ACQUIRE);
    for (;;) {
        if (word >> SPW__GENERATION_SHIFT != spw__handle_generation(handle) || (word & SPW__CLOSED))
            return false;
        if (__builtin_expect(!spw__word_plain(word, units), 0)) {
            enum room room = make_room(engine, slot, handle, word, units, &attempt);
            if (room == NO_ROOM) {
                count_drop(engine, handle, kind, &attempt.patience);
                return false;
            }
            if (room == LOOK_AGAIN) {
                word = __atomic_load_n(&slot->word, __ATOMIC_ACQUIRE);
                continue;
            }
        }
        if (__atomic_compare_exchange_n(&slot->word, &word, word + SPW__WRITER + units, false, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE))
            break;
    }
    out->engine = engine;
    out->slot = slot;
    out->frame = (uint32_t)(word & SPW__CURSOR_MASK) * 8;
    out->at = out->frame + (uint32_t)sizeof(struct spw__frame);
    out->flat = spw__slot_flat(engine, slot, out->at, size);
    return true;
}

bool spw__slot_reserve_new(struct spw__slot *slot, uint32_t *cursor, uint32_t size, struct spw__writer *out)
{
    if (size > SPW__SLOT_LOG || *cursor + spw__frame_stride(size) > SPW__SLOT_LOG)
        return false;
    out->slot = slot;
    out->frame = *cursor;
    out->at = *cursor + (uint32_t)sizeof(struct spw__frame);
    out->flat = slot->log + out->at;
    *cursor += spw__frame_stride(size);
    return true;
}

/* The piece of the log at `at`, and how far it goes. */
static uint8_t *piece(struct spw__engine *engine, const struct spw__slot *slot, uint32_t at, uint32_t *left)
{
    if (at < SPW__SLOT_LOG) {
        *left = SPW__SLOT_LOG - at;
        return (uint8_t *)(uintptr_t)(slot->log + at);
    }
    uint32_t beyond = at - SPW__SLOT_LOG;
    *left = SPW__EXTENT_SIZE - beyond % SPW__EXTENT_SIZE;
    return extent_at(engine, slot, beyond / SPW__EXTENT_SIZE) + beyond % SPW__EXTENT_SIZE;
}

uint8_t *spw__slot_flat_beyond(struct spw__engine *engine, const struct spw__slot *slot, uint32_t at, uint32_t size)
{
    if (!size)
        return NULL; /* a frame at the very end of a piece: nothing follows it */
    uint32_t left;
    uint8_t *p = piece(engine, slot, at, &left);
    return size <= left ? p : NULL;
}

void spw__slot_write(struct spw__writer *writer, const void *from, uint32_t size)
{
    const uint8_t *source = from;
    while (size) {
        uint32_t left;
        uint8_t *to = piece(writer->engine, writer->slot, writer->at, &left);
        uint32_t n = size < left ? size : left;
        memcpy(to, source, n);
        writer->at += n;
        source += n;
        size -= n;
    }
}

void spw__slot_read(struct spw__engine *engine, const struct spw__slot *slot, uint32_t at, void *to, uint32_t size)
{
    uint8_t *target = to;
    while (size) {
        uint32_t left;
        const uint8_t *from = piece(engine, slot, at, &left);
        uint32_t n = size < left ? size : left;
        memcpy(target, from, n);
        at += n;
        target += n;
        size -= n;
    }
}

void spw__slot_commit(struct spw__writer *writer, uint64_t handle, uint32_t size, enum spw__frame_kind kind, uint16_t hash)
{
    uint32_t left;
    struct spw__frame *frame = (struct spw__frame *)(void *)piece(writer->engine, writer->slot, writer->frame, &left);
    frame->size = size;
    frame->kind = (uint8_t)kind;
    frame->hash = hash;
    __atomic_store_n(&frame->mark, (uint8_t)spw__handle_generation(handle), __ATOMIC_RELEASE);
    spw__slot_leave(writer->engine, writer->slot);
}

static __attribute__((noinline)) void release_extents(struct spw__engine *engine, uint32_t *table)
{
    for (uint32_t i = 0; i < SPW__EXTENTS; i++) {
        if (!__atomic_load_n(&table[i], __ATOMIC_RELAXED))
            continue; /* an exchange is twenty times a load, and nearly all are empty */
        uint32_t extent = __atomic_exchange_n(&table[i], 0, __ATOMIC_ACQ_REL);
        if (extent)
            spw__pool_give(&engine->extents, extent - 1);
    }
    /* The table itself stays with the slot: a stale writer may still look at it, and long spans come again. */
}

void spw__slot_release(struct spw__engine *engine, struct spw__recorder *recorder, struct spw__slot *slot)
{
    uint32_t *table = table_of(engine, slot);
    if (__builtin_expect(table != NULL, 0))
        release_extents(engine, table);
    uint32_t index = (uint32_t)(((uint8_t *)slot - engine->slots.base) / SPW__SLOT_SIZE);
    if (recorder && recorder->cached < __atomic_load_n(&engine->slot_share, __ATOMIC_RELAXED))
        recorder->cache[recorder->cached++] = index;
    else
        spw__pool_give(&engine->slots, index);
}
