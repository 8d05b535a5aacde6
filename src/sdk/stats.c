/* spw_stats_get(): sums what producers and pipelines counted, without a lock. */
#include <string.h>

#include "sdk/sdk.h"

static uint64_t load(const uint64_t *counter)
{
    return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

/* The recorders' own counters, of living threads and dead ones alike. */
struct sums {
    uint64_t started, not_sampled, record_only, ended, ids_replaced, attributes, events, links;
    uint64_t queue_full[SPW__MAX_LANES];
    int64_t unpublished[SPW__MAX_LANES];
};

static void sum_recorders(const struct spw__engine *engine, struct sums *s)
{
    memset(s, 0, sizeof *s);
    uint32_t count = __atomic_load_n(&engine->recorder_count, __ATOMIC_ACQUIRE);
    uint32_t lanes = __atomic_load_n(&engine->lane_count, __ATOMIC_RELAXED);
    for (uint32_t i = 0; i < count; i++) {
        const struct spw__recorder *r = engine->recorders[i];
        s->started += load(&r->started);
        s->not_sampled += load(&r->not_sampled);
        s->record_only += load(&r->record_only);
        s->ended += load(&r->ended);
        s->ids_replaced += load(&r->ids_replaced);
        s->attributes += load(&r->attributes_dropped);
        s->events += load(&r->events_dropped);
        s->links += load(&r->links_dropped);
        for (uint32_t lane = 0; lane < lanes; lane++) {
            s->queue_full[lane] += load(&r->queue_full[lane]);
            s->unpublished[lane] += __atomic_load_n(&r->unpublished[lane], __ATOMIC_RELAXED);
        }
    }
}

static void fill_pipeline(spw_pipeline_stats *out, const struct spw__engine *engine, uint32_t lane, const struct sums *sums)
{
    const struct spw__account *a = &spw__sdk.accounts[lane];
    uint64_t name[SPW__ACCOUNT_NAME_WORDS];
    for (size_t i = 0; i < SPW__ACCOUNT_NAME_WORDS; i++)
        name[i] = load(&a->name_words[i]);
    memcpy(out->name, name, sizeof out->name);
    out->ended = sums->ended;
    out->exported = load(&a->exported);
    out->rejected = load(&a->rejected);
    out->filtered = load(&a->filtered);
    for (int c = 0; c < SPW_DROP_CAUSES; c++) {
        uint64_t lost = load(&engine->lost_at_start[c]) + load(&engine->lost_at_end[c]); /* before any pipeline: for each of them */
        out->ended += lost;
        out->dropped[c] = load(&a->dropped[c]) + lost;
    }
    out->dropped[SPW_DROP_QUEUE_FULL] += sums->queue_full[lane];
    out->in_flight = load(&a->in_flight);
    int64_t held = __atomic_load_n(&engine->lanes[lane].depth, __ATOMIC_RELAXED) + sums->unpublished[lane];
    out->queued = held > (int64_t)out->in_flight ? (uint64_t)held - out->in_flight : 0;
    if (load(&a->over)) { /* from a thread that stood inside a recording call: nobody takes it any more */
        out->dropped[SPW_DROP_ALREADY_SHUTDOWN] += out->queued;
        out->queued = 0;
    }
    out->batches = load(&a->batches);
    out->retries = load(&a->retries);
    out->ambiguous = load(&a->ambiguous);
    out->malformed_responses = load(&a->malformed);
}

void spw_stats_get(spw_stats *out)
{
    size_t size = out->struct_size < sizeof *out ? out->struct_size : sizeof *out;
    spw_stats now = { .struct_size = size };
    const struct spw__engine *engine = spw__engine_current();
    if (engine) {
        struct sums sums;
        sum_recorders(engine, &sums);
        now.spans_started = sums.started;
        now.spans_not_sampled = sums.not_sampled;
        now.spans_record_only = sums.record_only;
        now.spans_record_only_lost = load(&engine->record_only_no_slot) + load(&engine->record_only_unfinished);
        now.ids_replaced = sums.ids_replaced;
        now.on_end_missed = load(&engine->on_end_missed);
        now.spans_open = spw__engine_open_spans(engine);
        now.attributes_dropped = sums.attributes + load(&engine->attributes_lost);
        now.events_dropped = sums.events + load(&engine->events_lost);
        now.links_dropped = sums.links + load(&engine->links_lost);
        now.buffer_bytes = (uint64_t)__atomic_load_n(&engine->segments.pages_taken, __ATOMIC_RELAXED) * SPW__PAGE_SIZE;
        now.wakeups = load(&engine->wakeups);
        now.threads = __atomic_load_n(&engine->live_threads, __ATOMIC_RELAXED);
        now.pipeline_count = __atomic_load_n(&spw__sdk.pipeline_count, __ATOMIC_ACQUIRE);
        for (uint32_t i = 0; i < now.pipeline_count; i++)
            fill_pipeline(&now.pipelines[i], engine, i, &sums);
    }
    now.detach_misuse = spw__detach_misuse();
    now.trace_states_lost = spw__trace_states_lost();
    memcpy(out, &now, size);
}

const char *spw_drop_cause_name(spw_drop_cause cause)
{
    static const char *const names[SPW_DROP_CAUSES] = {
        [SPW_DROP_QUEUE_FULL] = "queue_full",
        [SPW_DROP_TOO_LARGE] = "too_large",
        [SPW_DROP_PERMANENT] = "permanent",
        [SPW_DROP_RETRY_EXHAUSTED] = "retry_exhausted",
        [SPW_DROP_SHUTDOWN_DEADLINE] = "shutdown_deadline",
        [SPW_DROP_ALREADY_SHUTDOWN] = "already_shutdown",
        [SPW_DROP_NO_SLOT] = "no_slot",
        [SPW_DROP_REENTRANT] = "reentrant",
        [SPW_DROP_OOM] = "oom",
    };
    return (unsigned)cause < SPW_DROP_CAUSES ? names[cause] : "unknown";
}
