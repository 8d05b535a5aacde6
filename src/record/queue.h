/*
 * The producer's half of the rows: admission, reserving room in the thread's chunk, publishing.
 *
 * Admission without a shared counter for each record: a thread adds what it wrote to lane.depth every publish_step records, and asks
 * "depth + my unpublished >= limit" by a plain load. Exact for one thread, never early, over by at most publish_step a thread.
 */
#ifndef SPW_RECORD_QUEUE_H
#define SPW_RECORD_QUEUE_H

#include "engine.h"
#include "platform.h"
#include "record.h"

/* Counts a record that a lane does not get. The worker, when it looks, says that it happened; a recording thread says nothing. */
static inline void spw__queue_drop(struct spw__recorder *recorder, uint32_t lane)
{
    uint32_t *dropping = &recorder->engine->lanes[lane].dropping;
    spw__bump(&recorder->queue_full[lane], 1);
    if (!__atomic_load_n(dropping, __ATOMIC_RELAXED))
        __atomic_store_n(dropping, 1, __ATOMIC_RELAXED);
}

/* The lanes that still take a record; counts queue_full for the others. *urgent: with this one a batch is full, say so at once. */
static inline uint32_t spw__queue_admit(struct spw__recorder *recorder, bool *urgent)
{
    struct spw__engine *engine = recorder->engine;
    uint32_t mask = engine->lane_mask;
    *urgent = false;
    for (uint32_t i = 0; i < engine->lane_count; i++) {
        int64_t depth = __atomic_load_n(&engine->lanes[i].depth, __ATOMIC_RELAXED) + recorder->unpublished[i];
        if (__builtin_expect(depth >= __atomic_load_n(&engine->lanes[i].limit, __ATOMIC_RELAXED), 0)) {
            mask &= ~(1u << i);
            spw__queue_drop(recorder, i);
        }
        *urgent |= depth + 1 >= __atomic_load_n(&engine->lanes[i].wake_at, __ATOMIC_RELAXED);
    }
    return mask;
}

bool spw__queue_open_chunk(struct spw__recorder *recorder, uint32_t stride, uint64_t now_ns);

/* After a long record: goes on in a chunk of a page when this one is so large that a thread which records no more must not keep it. */
void spw__queue_seal(struct spw__recorder *recorder, uint64_t now_ns);
void spw__queue_announce(struct spw__recorder *recorder);
void spw__queue_publish(struct spw__recorder *recorder);

/* Room for a record of `length` bytes; NULL, with queue_full counted for `lanes`, when there is no memory for it. */
static inline uint8_t *spw__queue_reserve(struct spw__recorder *recorder, uint32_t length, uint32_t lanes, uint64_t now_ns)
{
    uint32_t stride = spw__record_stride(length);
    if (__builtin_expect(!recorder->chunk || recorder->used + stride > recorder->chunk->capacity, 0) &&
        !spw__queue_open_chunk(recorder, stride, now_ns)) {
        for (uint32_t i = 0; i < recorder->engine->lane_count; i++)
            if (lanes >> i & 1)
                spw__queue_drop(recorder, i);
        return NULL;
    }
    return (uint8_t *)recorder->chunk + recorder->used + sizeof(struct spw__record);
}

/* After a change to the rows: sees to it that the worker looks at them, if it is not about to anyway. */
static inline void spw__queue_tell(struct spw__recorder *recorder)
{
    struct spw__engine *engine = recorder->engine;
    if (engine->fenced)
        spw__full_fence();
    else
        __atomic_signal_fence(__ATOMIC_SEQ_CST); /* the worker's membarrier is the other half, see spw__queue_barrier() */
    bool heard = __atomic_load_n(&recorder->ready, __ATOMIC_RELAXED) && __atomic_load_n(&engine->worker_asleep, __ATOMIC_RELAXED) != 2;
    if (__builtin_expect(!heard, 0))
        spw__queue_announce(recorder);
}

/* Makes the reserved record visible: one release store; then, now and then, the count, and a word to the worker. */
static inline void spw__queue_commit(struct spw__recorder *recorder, uint32_t length, uint32_t scope, uint32_t lanes, bool urgent)
{
    struct spw__engine *engine = recorder->engine;
    struct spw__record *record = (struct spw__record *)(void *)((uint8_t *)recorder->chunk + recorder->used);
    *record = (struct spw__record){
        .length = length,
        .scope = (uint16_t)scope,
        .lanes = (uint16_t)lanes,
        .commit = SPW__RECORD_COMMITTED,
        .signal = SPW__SIGNAL_TRACES,
        .items = 1,
    };
    recorder->used += spw__record_stride(length);
    spw__bump(&recorder->written, 1);

    bool publish = urgent;
    uint32_t step = __atomic_load_n(&engine->publish_step, __ATOMIC_RELAXED);
    for (uint32_t i = 0; i < engine->lane_count; i++) {
        uint32_t n = recorder->unpublished[i] + (lanes >> i & 1);
        __atomic_store_n(&recorder->unpublished[i], n, __ATOMIC_RELAXED);
        publish |= n >= step;
    }
    __atomic_store_n(&recorder->chunk->committed, recorder->used, __ATOMIC_RELEASE);
    spw__queue_tell(recorder);
    if (__builtin_expect(publish, 0))
        spw__queue_publish(recorder);
}

/*
 * Empties a recorder's rows for the next session and puts the cursors of all its pipelines, however many, at their end: gives back every
 * chunk but the one being filled. Nobody records and no worker runs; the engine still has the lanes of the last session.
 */
void spw__queue_restart(struct spw__engine *engine, struct spw__recorder *recorder);

/* How many records a thread may keep to itself before it publishes their count. */
uint32_t spw__queue_step(const struct spw__engine *engine);

#endif
