/*
 * The recording engine: one for each process (a forked child makes its own), made by the first spw_start() and kept until the process
 * ends, because recording threads may be inside it at any time. The SDK configures it, opens and closes its gate and consumes its rows.
 * This header is the private seam between libspanwire and libspanwire-sdk; SPW__ENGINE_LAYOUT guards it.
 */
#ifndef SPW_RECORD_ENGINE_H
#define SPW_RECORD_ENGINE_H

#include <pthread.h>
#include <spanwire/sdk.h>
#include <spanwire/trace.h>

#include "clock.h"
#include "hooks.h"
#include "ids.h"
#include "key.h"
#include "pool.h"
#include "scope.h"
#include "segment.h"

#define SPW__MAX_LANES 16u
#define SPW__MAX_RECORDERS 65536u
#define SPW__SLOT_CACHE 16u
#define SPW__CACHE_LINE 64

/* Changes with anything in this header that both libraries read. */
#define SPW__ENGINE_LAYOUT (0x53505700u + 14u)

/* Read by setters without regard to starts and stops: through spw__limit(). */
struct spw__limits {
    uint32_t attributes, events, links, event_attributes, link_attributes;
    uint32_t value_length; /* code points; UINT32_MAX: none */
    uint32_t span_bytes;
};

/* What producers see of one pipeline. */
struct spw__lane {
    int64_t depth;   /* records published and not yet passed; may run below zero for a moment; atomic */
    int64_t limit;   /* atomic */
    int64_t wake_at; /* depth at which a sleeping worker is woken; atomic */
    uint32_t dropping; /* set by who drops a record as queue_full, cleared by the worker when it has seen it; atomic */
} __attribute__((aligned(SPW__CACHE_LINE)));

/* A place in a recorder's rows. reference 0: before its first chunk. */
struct spw__cursor {
    uint32_t reference;
    uint32_t offset;
};

/* What one thread records with. Type-stable; goes to another thread after its own has died. */
struct spw__recorder {
    /* the thread's own */
    uint32_t busy; /* inside the library: a signal handler must keep out; atomic */
    uint32_t id;
    struct spw__engine *engine;
    struct spw__ids ids;
    uint32_t cached; /* free slots at hand */
    uint32_t cache[SPW__SLOT_CACHE];
    struct spw__chunk *chunk; /* being filled */
    uint32_t used;
    uint32_t next_pages;
    uint32_t chunks; /* opened so far */
    uint64_t chunk_opened_ns;
    struct spw__sweep_table *sweep_table; /* see sweep_keys.h */
    uint64_t shown;   /* the span that processors may read just now; 0: none */
    uint8_t *scratch; /* for on_end: see hooks_end.c */
    /* written by the thread, read by anyone; plain stores */
    uint64_t record_only;  /* ended, and for processors alone */
    uint64_t ids_replaced; /* zeros of an id generator */
    uint64_t started, not_sampled, ended, events_dropped, attributes_dropped, links_dropped;
    uint64_t written;                         /* records committed */
    uint32_t unpublished[SPW__MAX_LANES];     /* records not yet added to lane.depth */
    uint64_t queue_full[SPW__MAX_LANES];
    /* handed between thread and worker */
    uint32_t ready __attribute__((aligned(SPW__CACHE_LINE))); /* on the ready list, or being drained; atomic */
    struct spw__recorder *ready_next;
    uint32_t first; /* reference of its first chunk ever; atomic */
    struct spw__recorder *idle_next; /* free list, under engine->lock */
    /* the worker's */
    struct spw__cursor cursors[SPW__MAX_LANES] __attribute__((aligned(SPW__CACHE_LINE)));
    uint64_t passed[SPW__MAX_LANES]; /* records the cursor has passed */
    uint64_t flush_target;
    struct spw__recorder *active_next;
    bool active;
};

struct spw__engine {
    uint32_t layout;
    uint32_t session; /* counts starts; slots and tracers carry it */
    uint32_t lane_count; /* atomic, as is what follows: stored by a start, read beside it by who has not entered */
    uint32_t lane_mask;
    uint32_t publish_step; /* atomic; see queue.h */
    uint32_t slot_share;   /* free slots a thread may keep at hand; atomic; see slot.h */
    bool fenced;           /* no membarrier: producers fence themselves */
    struct spw__limits limits;
    struct spw__pins pins;
    struct spw__clock clock;
    struct spw__hooks hooks;
    void (*wake)(void *arg); /* async-signal-safe */
    void *wake_arg;
    struct spw__lane lanes[SPW__MAX_LANES];
    /* written by many */
    struct spw__recorder *ready_head __attribute__((aligned(SPW__CACHE_LINE))); /* atomic */
    uint32_t worker_asleep; /* atomic: 0 awake; 1 asleep, it looks again by itself; 2 asleep until a record comes */
    uint64_t wakeups;       /* atomic */
    uint64_t open_before; /* spans of earlier sessions that were open at the last start; atomic */
    uint64_t attributes_lost, events_lost, links_lost; /* that could not even be noted on their span; atomic */
    uint64_t lost_at_start[SPW_DROP_CAUSES]; /* spans that got no slot, for every pipeline; atomic */
    uint64_t lost_at_end[SPW_DROP_CAUSES];   /* spans that had one and went to no row: shut down, or reentrant; atomic */
    /* Spans for processors alone: without a slot at their start; shut down, or reentrant, at their end. All atomic. */
    uint64_t record_only_no_slot, record_only_unfinished;
    uint64_t on_end_missed; /* spans that a processor was not shown for want of memory; atomic */
    struct spw__pool slots;
    struct spw__pool extents;
    struct spw__pool tables; /* of extents: one for each slot that ever held a long span */
    struct spw__segments segments;
    /* set-up and thread birth and death only */
    pthread_mutex_t lock;
    struct spw__recorder *idle;
    uint32_t recorder_count; /* atomic */
    uint32_t live_threads;   /* atomic */
    struct spw__recorder *recorders[SPW__MAX_RECORDERS];
    struct spw__scopes scopes;
};

struct spw__engine_settings {
    uint32_t layout;
    uint32_t lane_count;
    uint32_t lane_limits[SPW__MAX_LANES];
    uint32_t lane_wake_at[SPW__MAX_LANES];
    struct spw__limits limits;
    const char *const *pinned_keys; /* at most SPW__MAX_PINS; none: error.type */
    size_t pinned_key_count;
    uint32_t open_spans;
    uint64_t buffer_bytes, overflow_bytes;
    void (*wake)(void *arg);
    void *wake_arg;
    struct spw__hooks hooks;
    const struct spw_clock *clock; /* NULL: the system's */
};

/* Finds or makes this process's engine and applies the settings. NULL: out of memory. The gate must be closed. */
SPW_API struct spw__engine *spw__engine_configure(const struct spw__engine_settings *settings);
SPW_API uint32_t spw__engine_layout(void);

/* Opens the gate for recording into the engine that was configured last. */
SPW_API void spw__engine_open(void);

/* Closes the gate and waits, at most `timeout_ms`, until no thread is inside. True: nobody is. */
SPW_API bool spw__engine_close(struct spw__engine *engine, uint32_t timeout_ms);

/* Spans that hold a slot: exact at rest, recent otherwise. */
SPW_API uint64_t spw__engine_open_spans(const struct spw__engine *engine);

/* The engine of this process, or NULL (never started, or this is a forked child). */
static inline struct spw__engine *spw__engine_current(void)
{
    return (struct spw__engine *)__atomic_load_n(&spw__gate.engine, __ATOMIC_ACQUIRE);
}

/* The worker's half of the rows. */
SPW_API struct spw__recorder *spw__queue_take_ready(struct spw__engine *engine);

/* Between what the worker sets and its last look at the rows before it sleeps; see queue.c. */
SPW_API void spw__queue_barrier(const struct spw__engine *engine);

/* Takes a drained recorder off the ready list for good if it has nothing new. False: it has, keep draining it. */
SPW_API bool spw__queue_retire(struct spw__engine *engine, struct spw__recorder *recorder);
SPW_API void spw__queue_release_chunk(struct spw__engine *engine, struct spw__chunk *chunk);
SPW_API void spw__queue_trim(struct spw__engine *engine);
SPW_API void spw__scope_lookup(struct spw__engine *engine, uint32_t number, struct spw__scope_parts *out);

/* Counters that contexts keep with or without an engine. */
SPW_API uint64_t spw__detach_misuse(void);
SPW_API uint64_t spw__trace_states_lost(void);

/* Keeps this thread's own recording out (an exporter's worker). */
SPW_API void spw__thread_suppress(void);

/* The same for a while, on a thread of the program's that does a worker's work; from no signal handler. */
struct spw__paused {
    struct spw__recorder *recorder;
    bool suppressed;
};
SPW_API struct spw__paused spw__thread_pause(void);
SPW_API void spw__thread_resume(struct spw__paused before);

static inline void spw__bump(uint64_t *counter, uint64_t by)
{
    /* One writer: no read-modify-write needed, only no tearing. */
    __atomic_store_n(counter, __atomic_load_n(counter, __ATOMIC_RELAXED) + by, __ATOMIC_RELAXED);
}

static inline uint32_t spw__limit(const uint32_t *limit)
{
    return __atomic_load_n(limit, __ATOMIC_RELAXED);
}

#endif
