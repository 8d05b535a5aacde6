#include "queue.h"

#include "platform.h"

#define MAX_CHUNK_PAGES 16u          /* 64 KiB */
#define BUSY_CHUNK_NS 100000000u     /* filled faster than this: the next one is larger */

uint32_t spw__queue_step(const struct spw__engine *engine)
{
    int64_t limit = INT64_MAX;
    for (uint32_t i = 0; i < engine->lane_count; i++)
        limit = engine->lanes[i].limit < limit ? engine->lanes[i].limit : limit;
    uint32_t threads = __atomic_load_n(&engine->live_threads, __ATOMIC_RELAXED);
    int64_t step = limit / (8 * (int64_t)(threads ? threads : 1));
    return step < 1 ? 1 : step > 16 ? 16 : (uint32_t)step;
}

/* What a thread may hold in a chunk that it does not fill: all of them together an eighth of the memory, or a page each. */
static uint32_t most_pages(const struct spw__engine *engine)
{
    uint32_t threads = __atomic_load_n(&engine->live_threads, __ATOMIC_RELAXED);
    uint32_t share = __atomic_load_n(&engine->segments.limit, __ATOMIC_RELAXED) * SPW__SEGMENT_PAGES / (8 * (threads ? threads : 1));
    return share < 1 ? 1 : share > MAX_CHUNK_PAGES ? MAX_CHUNK_PAGES : share;
}

/* Larger chunks for a thread that fills them fast, small ones for the many that do not. */
static uint32_t pages_for(struct spw__recorder *recorder, uint32_t least, uint64_t now_ns)
{
    uint32_t want = recorder->next_pages ? recorder->next_pages : 1;
    if (recorder->chunk) {
        bool fast = now_ns - recorder->chunk_opened_ns < BUSY_CHUNK_NS;
        uint32_t most = most_pages(recorder->engine);
        want = fast ? want * 2 : want / 2;
        want = want < 1 ? 1 : want > most ? most : want;
    }
    recorder->next_pages = want;
    return least > want ? least : want;
}

static bool open_chunk(struct spw__recorder *recorder, uint32_t pages, uint64_t now_ns)
{
    struct spw__segments *segments = &recorder->engine->segments;
    uint32_t reference = spw__segments_take(segments, pages);
    if (!reference)
        return false;
    struct spw__chunk *chunk = spw__segments_at(segments, reference);
    *chunk = (struct spw__chunk){
        .magic = SPW__CHUNK_MAGIC,
        .pages = pages,
        .recorder = recorder->id,
        .sequence = recorder->chunks++,
        .capacity = pages * SPW__PAGE_SIZE,
        .signal = SPW__SIGNAL_TRACES,
        .committed = sizeof(struct spw__chunk),
        .reference = reference,
    };
    if (recorder->chunk)
        __atomic_store_n(&recorder->chunk->next, reference, __ATOMIC_RELEASE);
    else
        __atomic_store_n(&recorder->first, reference, __ATOMIC_RELEASE);
    recorder->chunk = chunk;
    recorder->used = sizeof(struct spw__chunk);
    recorder->chunk_opened_ns = now_ns;
    return true;
}

bool spw__queue_open_chunk(struct spw__recorder *recorder, uint32_t stride, uint64_t now_ns)
{
    uint32_t least = ((uint32_t)sizeof(struct spw__chunk) + stride + SPW__PAGE_SIZE - 1) / SPW__PAGE_SIZE;
    return open_chunk(recorder, pages_for(recorder, least, now_ns), now_ns) || open_chunk(recorder, least, now_ns);
}

void spw__queue_seal(struct spw__recorder *recorder, uint64_t now_ns)
{
    /* The worker may have passed the record by now and stand at its end: it has to be told that the chunk ends there too. */
    if (recorder->chunk->pages > most_pages(recorder->engine) && open_chunk(recorder, 1, now_ns))
        spw__queue_tell(recorder);
}

/* At most one call for each sleep of the worker: whoever turns the flag over makes it. */
static void wake_worker(struct spw__engine *engine)
{
    if (__atomic_exchange_n(&engine->worker_asleep, 0, __ATOMIC_ACQ_REL)) {
        __atomic_add_fetch(&engine->wakeups, 1, __ATOMIC_RELAXED);
        engine->wake(engine->wake_arg);
    }
}

void spw__queue_publish(struct spw__recorder *recorder)
{
    struct spw__engine *engine = recorder->engine;
    for (uint32_t i = 0; i < engine->lane_count; i++) {
        uint32_t n = recorder->unpublished[i];
        if (!n)
            continue;
        struct spw__lane *lane = &engine->lanes[i];
        int64_t depth = __atomic_add_fetch(&lane->depth, n, __ATOMIC_SEQ_CST);
        __atomic_store_n(&recorder->unpublished[i], 0, __ATOMIC_RELAXED);
        if (depth >= __atomic_load_n(&lane->wake_at, __ATOMIC_RELAXED) && __atomic_load_n(&engine->worker_asleep, __ATOMIC_SEQ_CST))
            wake_worker(engine);
    }
}

/* Puts the recorder on the ready list, unless it is there or being drained; wakes a worker that would not look by itself. */
void spw__queue_announce(struct spw__recorder *recorder)
{
    struct spw__engine *engine = recorder->engine;
    if (!__atomic_exchange_n(&recorder->ready, 1, __ATOMIC_ACQ_REL)) {
        struct spw__recorder *head = __atomic_load_n(&engine->ready_head, __ATOMIC_RELAXED);
        do
            recorder->ready_next = head;
        while (!__atomic_compare_exchange_n(&engine->ready_head, &head, recorder, true, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
    }
    if (__atomic_load_n(&engine->worker_asleep, __ATOMIC_SEQ_CST) == 2)
        wake_worker(engine);
}

struct spw__recorder *spw__queue_take_ready(struct spw__engine *engine)
{
    return __atomic_exchange_n(&engine->ready_head, NULL, __ATOMIC_SEQ_CST);
}

/*
 * A producer commits, then looks at `ready` and `worker_asleep`; the worker sets these, then looks at what is committed. One of the two must
 * see the other: the barrier makes every producer's commit visible here, or what we set visible to its look. Producers pay nothing for it.
 */
void spw__queue_barrier(const struct spw__engine *engine)
{
    if (engine->fenced)
        spw__full_fence();
    else
        spw__membarrier();
}

/* Whether a pipeline stands in a chunk that its thread has left: it has to go on to the next one, or the chunk would stay. */
static bool left_behind(const struct spw__engine *engine, const struct spw__recorder *recorder)
{
    for (uint32_t i = 0; i < engine->lane_count; i++) {
        uint32_t reference = recorder->cursors[i].reference;
        if (!reference)
            continue;
        const struct spw__chunk *chunk = spw__segments_at(&engine->segments, reference);
        if (__atomic_load_n(&chunk->next, __ATOMIC_ACQUIRE))
            return true;
    }
    return false;
}

bool spw__queue_retire(struct spw__engine *engine, struct spw__recorder *recorder)
{
    __atomic_store_n(&recorder->ready, 0, __ATOMIC_SEQ_CST);
    spw__queue_barrier(engine);
    bool fresh = __atomic_load_n(&recorder->written, __ATOMIC_ACQUIRE) != recorder->passed[0] || left_behind(engine, recorder);
    /* Something came: take the recorder back, unless its thread has announced it again by now (then it stands on the list). */
    return !fresh || __atomic_exchange_n(&recorder->ready, 1, __ATOMIC_ACQ_REL);
}

void spw__queue_release_chunk(struct spw__engine *engine, struct spw__chunk *chunk)
{
    chunk->magic = 0;
    spw__segments_give(&engine->segments, chunk->reference, chunk->pages);
}

/* The chunk that the last pipeline stands in; before it all are given back. */
static struct spw__chunk *oldest_chunk(const struct spw__engine *engine, const struct spw__recorder *recorder)
{
    struct spw__chunk *oldest = recorder->chunk;
    for (uint32_t i = 0; i < engine->lane_count; i++) {
        uint32_t reference = recorder->cursors[i].reference ? recorder->cursors[i].reference : recorder->first;
        struct spw__chunk *chunk = spw__segments_at(&engine->segments, reference);
        if ((int32_t)(chunk->sequence - oldest->sequence) < 0)
            oldest = chunk;
    }
    return oldest;
}

void spw__queue_restart(struct spw__engine *engine, struct spw__recorder *recorder)
{
    struct spw__cursor end = { 0, 0 };
    if (recorder->chunk) {
        for (struct spw__chunk *chunk = oldest_chunk(engine, recorder); chunk != recorder->chunk;) {
            struct spw__chunk *next = spw__segments_at(&engine->segments, chunk->next);
            spw__queue_release_chunk(engine, chunk);
            chunk = next;
        }
        recorder->chunk->pending = recorder->chunk->skipped = 0;
        end = (struct spw__cursor){ recorder->chunk->reference, recorder->used };
    }
    for (uint32_t i = 0; i < SPW__MAX_LANES; i++) {
        recorder->cursors[i] = end;
        recorder->passed[i] = recorder->written;
    }
    for (uint32_t i = 0; i < SPW__MAX_LANES; i++) { /* somebody may be reading them */
        __atomic_store_n(&recorder->unpublished[i], 0, __ATOMIC_RELAXED);
        __atomic_store_n(&recorder->queue_full[i], 0, __ATOMIC_RELAXED);
    }
    recorder->ready = 0;
    recorder->active = false;
    recorder->flush_target = 0;
}

void spw__queue_trim(struct spw__engine *engine)
{
    spw__segments_trim(&engine->segments);
}
