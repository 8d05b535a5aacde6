#include "engine.h"

#include <time.h>

#include "platform.h"
#include "queue.h"
#include "slot.h"

#define MAX_OPEN_SPANS (1u << 18)    /* address space for 256 MiB of slots */
#define MAX_EXTENTS (1u << 16)       /* and 256 MiB of overflow */

/* A page of its own, so that the kernel can wipe it in a forked child: there every entry point then sees a closed gate. */
spw__gate_page spw__gate __attribute__((aligned(4096)));

static uint32_t epochs; /* engines made by this process and its ancestors */

uint32_t spw__engine_layout(void)
{
    return SPW__ENGINE_LAYOUT;
}

/* After fork() the contexts attached before it are still attached: the child has to look for them, which a wiped page does not say. And
 * where the kernel cannot wipe, this closes the gate (but not after a raw clone). */
static void close_gate_in_child(void)
{
    spw__gate.state = SPW__GATE_CONTEXTS;
    spw__gate.engine = NULL;
    spw__gate.fork_epoch = 0;
}

static void guard_fork(void)
{
    static bool registered;
    if (!registered) /* first: a child forked in between must not lose the contexts */
        registered = pthread_atfork(NULL, NULL, close_gate_in_child) == 0;
    (void)spw__wipe_on_fork(&spw__gate, sizeof spw__gate);
}

static struct spw__engine *make_engine(void)
{
    struct spw__engine *engine = spw__map(sizeof *engine);
    if (!engine)
        return NULL;
    engine->layout = SPW__ENGINE_LAYOUT;
    pthread_mutex_init(&engine->lock, NULL);
    engine->fenced = !spw__membarrier_register();
    spw__scopes_init(&engine->scopes);
    if (!spw__pool_init(&engine->slots, sizeof(struct spw__slot), MAX_OPEN_SPANS) ||
        !spw__pool_init(&engine->extents, SPW__EXTENT_SIZE, MAX_EXTENTS) ||
        !spw__pool_init(&engine->tables, SPW__EXTENTS * sizeof(uint32_t), MAX_OPEN_SPANS)) {
        spw__pool_fini(&engine->slots);
        spw__pool_fini(&engine->extents);
        spw__unreserve(engine, sizeof *engine);
        return NULL;
    }
    engine->slots.newborn = SPW__CLOSED; /* a handle of generation 0 finds no open slot, not even between its taking and its opening */
    return engine;
}

static void set_limits(struct spw__limits *to, const struct spw__limits *from)
{
    __atomic_store_n(&to->attributes, from->attributes, __ATOMIC_RELAXED);
    __atomic_store_n(&to->events, from->events, __ATOMIC_RELAXED);
    __atomic_store_n(&to->links, from->links, __ATOMIC_RELAXED);
    __atomic_store_n(&to->link_attributes, from->link_attributes, __ATOMIC_RELAXED);
    __atomic_store_n(&to->event_attributes, from->event_attributes, __ATOMIC_RELAXED);
    __atomic_store_n(&to->value_length, from->value_length, __ATOMIC_RELAXED);
    __atomic_store_n(&to->span_bytes, from->span_bytes, __ATOMIC_RELAXED);
}

uint64_t spw__engine_open_spans(const struct spw__engine *engine)
{
    uint64_t started = __atomic_load_n(&engine->open_before, __ATOMIC_RELAXED), ended = 0;
    uint32_t count = __atomic_load_n(&engine->recorder_count, __ATOMIC_ACQUIRE);
    for (uint32_t i = 0; i < count; i++) {
        started += __atomic_load_n(&engine->recorders[i]->started, __ATOMIC_RELAXED);
        ended += __atomic_load_n(&engine->recorders[i]->ended, __ATOMIC_RELAXED);
        ended += __atomic_load_n(&engine->recorders[i]->record_only, __ATOMIC_RELAXED);
    }
    ended += __atomic_load_n(&engine->record_only_unfinished, __ATOMIC_RELAXED);
    for (int cause = 0; cause < SPW_DROP_CAUSES; cause++)
        ended += __atomic_load_n(&engine->lost_at_end[cause], __ATOMIC_RELAXED);
    return started > ended ? started - ended : 0;
}

static void clear(uint64_t *counter)
{
    __atomic_store_n(counter, 0, __ATOMIC_RELAXED);
}

static void reset_recorder(struct spw__engine *engine, struct spw__recorder *r)
{
    clear(&r->started);
    clear(&r->not_sampled);
    clear(&r->ended);
    clear(&r->record_only);
    clear(&r->ids_replaced);
    clear(&r->events_dropped);
    clear(&r->attributes_dropped);
    clear(&r->links_dropped);
    spw__queue_restart(engine, r);
}

/* Nobody records and no worker runs: what earlier sessions counted and left is cleared. Slots that are still open stay theirs. The lanes
 * are still those of the last session. Somebody may be reading the counters all the same. */
static void reset_rows(struct spw__engine *engine)
{
    __atomic_store_n(&engine->open_before, spw__engine_open_spans(engine), __ATOMIC_RELAXED);
    __atomic_store_n(&engine->ready_head, NULL, __ATOMIC_RELAXED);
    clear(&engine->wakeups);
    clear(&engine->attributes_lost);
    clear(&engine->events_lost);
    clear(&engine->links_lost);
    clear(&engine->record_only_no_slot);
    clear(&engine->record_only_unfinished);
    clear(&engine->on_end_missed);
    for (int cause = 0; cause < SPW_DROP_CAUSES; cause++) {
        clear(&engine->lost_at_start[cause]);
        clear(&engine->lost_at_end[cause]);
    }
    uint32_t count = __atomic_load_n(&engine->recorder_count, __ATOMIC_ACQUIRE);
    for (uint32_t i = 0; i < count; i++)
        reset_recorder(engine, engine->recorders[i]);
}

static void set_lanes(struct spw__engine *engine, const struct spw__engine_settings *settings)
{
    for (uint32_t i = 0; i < settings->lane_count; i++) {
        struct spw__lane *lane = &engine->lanes[i];
        __atomic_store_n(&lane->depth, 0, __ATOMIC_RELAXED);
        __atomic_store_n(&lane->limit, settings->lane_limits[i], __ATOMIC_RELAXED);
        __atomic_store_n(&lane->wake_at, settings->lane_wake_at[i], __ATOMIC_RELAXED);
        __atomic_store_n(&lane->dropping, 0, __ATOMIC_RELAXED);
    }
    __atomic_store_n(&engine->lane_count, settings->lane_count, __ATOMIC_RELAXED);
    __atomic_store_n(&engine->lane_mask, (1u << settings->lane_count) - 1, __ATOMIC_RELAXED);
}

struct spw__engine *spw__engine_configure(const struct spw__engine_settings *settings)
{
    if (settings->layout != SPW__ENGINE_LAYOUT)
        return NULL;
    guard_fork();
    struct spw__engine *engine = spw__engine_current();
    if (!engine && !(engine = make_engine()))
        return NULL;
    pthread_mutex_lock(&engine->lock); /* threads are born and die at any time, and work out their shares from this */
    reset_rows(engine);
    set_lanes(engine, settings);
    set_limits(&engine->limits, &settings->limits);
    static const char *const error_type[] = { "error.type" };
    spw__pins_set(&engine->pins, settings->pinned_key_count ? settings->pinned_keys : error_type,
                  settings->pinned_key_count ? settings->pinned_key_count : 1);
    engine->wake = settings->wake;
    engine->wake_arg = settings->wake_arg;
    spw__pool_limit(&engine->slots, settings->open_spans);
    spw__pool_limit(&engine->extents, settings->overflow_bytes / SPW__EXTENT_SIZE);
    spw__segments_limit(&engine->segments, settings->buffer_bytes);
    __atomic_store_n(&engine->publish_step, spw__queue_step(engine), __ATOMIC_RELAXED);
    __atomic_store_n(&engine->slot_share, spw__slot_share(engine), __ATOMIC_RELAXED);
    pthread_mutex_unlock(&engine->lock);
    __atomic_store_n(&engine->clock.expires, 0, __ATOMIC_RELAXED); /* setters look whether the engine runs or not */
    __atomic_store_n(&engine->clock.custom, settings->clock, __ATOMIC_RELEASE);
    spw__hooks_set(&engine->hooks, &settings->hooks);
    /* Sessions differ between parent and child too: a tracer cached before the fork is looked up again after it. */
    engine->session = ++epochs;
    __atomic_store_n(&spw__gate.engine, engine, __ATOMIC_RELEASE);
    spw__gate.fork_epoch = engine->session;
    return engine;
}

void spw__engine_open(void)
{
    __atomic_or_fetch(&spw__gate.state, SPW__GATE_STARTED, __ATOMIC_SEQ_CST);
}

static bool nobody_inside(struct spw__engine *engine)
{
    uint32_t count = __atomic_load_n(&engine->recorder_count, __ATOMIC_ACQUIRE);
    for (uint32_t i = 0; i < count; i++)
        if (__atomic_load_n(&engine->recorders[i]->busy, __ATOMIC_ACQUIRE))
            return false;
    return true;
}

bool spw__engine_close(struct spw__engine *engine, uint32_t timeout_ms)
{
    __atomic_and_fetch(&spw__gate.state, ~SPW__GATE_STARTED, __ATOMIC_SEQ_CST);
    if (!engine->fenced)
        spw__membarrier();
    const struct timespec pause = { 0, 100000 };
    uint64_t until = spw__mono_ns() + (uint64_t)timeout_ms * 1000000u;
    bool quiet;
    while (!(quiet = nobody_inside(engine)) && spw__mono_ns() < until)
        nanosleep(&pause, NULL);
    /* From here on setters, which enter nothing, take the system's time. */
    __atomic_store_n(&engine->clock.custom, NULL, __ATOMIC_RELEASE);
    return quiet;
}

void spw__scope_lookup(struct spw__engine *engine, uint32_t number, struct spw__scope_parts *out)
{
    spw__scope_read(&engine->scopes, number, out);
}
