#include "sdk/overload.h"

#include "sdk/diag.h"
#include "sdk/worker.h"

#define CALM_MS 5000u

/* All there are, of every thread: asked once an episode. */
static uint64_t dropped_so_far(const struct spw__pipeline *p)
{
    uint32_t count = __atomic_load_n(&p->engine->recorder_count, __ATOMIC_ACQUIRE);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < count; i++)
        sum += __atomic_load_n(&p->engine->recorders[i]->queue_full[p->index], __ATOMIC_RELAXED);
    return sum;
}

static bool has_room(const struct spw__lane *lane)
{
    return __atomic_load_n(&lane->depth, __ATOMIC_RELAXED) <= __atomic_load_n(&lane->limit, __ATOMIC_RELAXED) / 2;
}

static void on_calm(void *arg)
{
    (void)arg; /* enough that we woke: spw__overload_look() looks at the clock */
}

static void begin(struct spw__pipeline *p)
{
    p->overload.said = true;
    p->overload.calm = (spw_timer){ .fn = on_calm };
    spw__diag(SPW_LOG_WARN,
              "exporter %s: its queue (%lld spans) or the buffer is full; new spans are dropped and counted as queue_full; see why delivery is "
              "slow, or raise max_queue_size or max_buffer_bytes",
              p->account->name, (long long)p->lane->limit);
}

static void end(struct spw__pipeline *p)
{
    uint64_t dropped = dropped_so_far(p);
    spw__diag(SPW_LOG_INFO, "exporter %s: its queue has room again; %llu spans were dropped meanwhile", p->account->name,
              (unsigned long long)(dropped - p->overload.dropped));
    p->overload.dropped = dropped;
    p->overload.said = false;
}

void spw__overload_look(struct spw__pipeline *p)
{
    struct spw__overload *o = &p->overload;
    bool dropping = __atomic_load_n(&p->lane->dropping, __ATOMIC_RELAXED);
    if (!dropping && !o->said)
        return;
    uint64_t now = spw_loop_now_ms(p->worker->loop);
    if (dropping) {
        __atomic_store_n(&p->lane->dropping, 0, __ATOMIC_RELAXED);
        o->dropped_ms = now;
        if (!o->said)
            begin(p);
    } else if (now - o->dropped_ms >= CALM_MS && has_room(p->lane)) {
        spw_loop_disarm(p->worker->loop, &o->calm);
        end(p);
    }
    if (o->said && !o->calm.armed && has_room(p->lane)) {
        uint64_t calm = now - o->dropped_ms;
        spw_loop_arm(p->worker->loop, &o->calm, calm < CALM_MS ? CALM_MS - calm : 0);
    }
}
