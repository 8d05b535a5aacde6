/* A pipeline: when it gathers, sends, flushes and gives up. pipeline.h; what answers mean is in pipeline_answer.c. */
#include "sdk/pipeline.h"

#include <spanwire/allocator.h>

#include "sdk/gather.h"
#include "sdk/pipeline_answer.h"
#include "sdk/worker.h"

#define MAX_REDACTED_BYTES ((size_t)64 << 20) /* of one span */

void spw__pipeline_drop(struct spw__pipeline *p, spw_drop_cause cause, uint64_t n)
{
    __atomic_add_fetch(&p->account->dropped[cause], n, __ATOMIC_RELAXED);
    p->losses += n;
}

/* ---- timers ---- */

static void on_delay(void *arg)
{
    struct spw__pipeline *p = arg;
    p->scheduled = false;
    p->due = true; /* of what waits by then, step sees more: the worker has collected first */
}

static void on_pause(void *arg)
{
    spw__pipeline_resume(arg, false);
}

/* ---- its life ---- */

spw_result spw__pipeline_init(struct spw__pipeline *p, struct spw__worker *worker, struct spw__engine *engine, uint32_t index,
                              const struct spw__pipeline_config *config, spw_view resource, struct spw__account *account)
{
    *p = (struct spw__pipeline){
        .worker = worker,
        .engine = engine,
        .lane = &engine->lanes[index],
        .account = account,
        .index = index,
        .config = *config,
        .delay = { .fn = on_delay, .arg = p },
        .pause = { .fn = on_pause, .arg = p },
    };
    p->flights = spw_allocate_zeroed(config->max_concurrent_exports, sizeof *p->flights);
    for (uint32_t i = 0; p->flights && i < config->max_concurrent_exports; i++)
        if (spw__flight_init(&p->flights[i], p, resource) != SPW_OK)
            return SPW_ERR_NO_MEMORY;
    return p->flights ? SPW_OK : SPW_ERR_NO_MEMORY;
}

void spw__pipeline_take_exporter(struct spw__pipeline *p, uint32_t at, spw_exporter *exporter)
{
    size_t most = exporter->max_request_bytes;
    if (at == 0)
        spw__redactor_init(&p->redactor, p->config.redact, p->config.redact_arg, most && most < MAX_REDACTED_BYTES ? most : MAX_REDACTED_BYTES);
    p->flights[at].exporter = exporter;
}

void spw__pipeline_fini(struct spw__pipeline *p)
{
    for (uint32_t i = 0; p->flights && i < p->config.max_concurrent_exports; i++)
        spw__flight_fini(&p->flights[i]);
    spw__redactor_fini(&p->redactor);
    spw_free(p->flights);
    p->flights = NULL;
}

/* ---- steps ---- */

/* One that may be gathered into now, or NULL. */
static struct spw__flight *spare_flight(const struct spw__pipeline *p)
{
    if (spw__pipeline_troubled(p))
        return NULL;
    for (uint32_t i = 0; i < p->config.max_concurrent_exports; i++)
        if (p->flights[i].state == SPW__FLIGHT_FREE && p->flights[i].batch)
            return &p->flights[i];
    return NULL;
}

static bool answered(const struct spw__pipeline *p)
{
    bool any = false;
    for (uint32_t i = 0; i < p->config.max_concurrent_exports; i++)
        any |= spw__flight_answered(&p->flights[i]);
    return any;
}

static bool take_answers(struct spw__pipeline *p)
{
    bool did = false;
    for (uint32_t i = 0; i < p->config.max_concurrent_exports; i++) {
        if (spw__flight_answered(&p->flights[i])) {
            spw__pipeline_take_answer(p, &p->flights[i]);
            did = true;
        }
    }
    return did;
}

/* False: nothing there is this pipeline's, or whole yet. */
static bool begin_batch(struct spw__pipeline *p, struct spw__flight *flight)
{
    if (spw__gather(p, flight)) {
        p->refused = false;
        spw__flight_submit(flight);
        return true;
    }
    p->quota = 0;
    if (flight->range_count)
        spw__flight_land(flight);
    return false;
}

bool spw__pipeline_step(struct spw__pipeline *p)
{
    bool did = take_answers(p);
    if (p->due) {
        p->due = false;
        p->quota = spw__gather_waiting(p);
    }
    struct spw__flight *flight = spare_flight(p);
    if (flight) {
        int64_t n = spw__gather_waiting(p);
        if ((p->quota > 0 || n >= p->config.max_export_batch_size) && n > 0 && begin_batch(p, flight)) {
            did = true;
        } else if (!p->scheduled && spw__gather_waiting(p) > 0) {
            p->scheduled = true;
            spw_loop_arm(p->worker->loop, &p->delay, p->config.schedule_delay_ms);
        }
    }
    /* While no more can be sent, more records are no reason to wake us; of the first one the worker is told in any case. */
    int64_t wake_at = spare_flight(p) ? p->unlanded + p->config.max_export_batch_size : INT64_MAX;
    __atomic_store_n(&p->lane->wake_at, wake_at, __ATOMIC_SEQ_CST);
    return did;
}

bool spw__pipeline_starved(const struct spw__pipeline *p)
{
    return spare_flight(p) && !p->scheduled;
}

bool spw__pipeline_has_work(const struct spw__pipeline *p)
{
    if (answered(p)) /* it came after the step, from submit() itself */
        return true;
    if (__atomic_load_n(&p->lane->depth, __ATOMIC_SEQ_CST) >= p->lane->wake_at)
        return true;
    return spw__pipeline_starved(p) && spw__gather_waiting(p) > 0;
}

/* ---- flushing ---- */

void spw__pipeline_hurry(struct spw__pipeline *p)
{
    p->quota = spw__gather_waiting(p);
    spw__pipeline_resume(p, true);
}

void spw__pipeline_press(struct spw__pipeline *p)
{
    for (struct spw__flight *f = p->oldest; f; f = f->next)
        spw__flight_press(f);
}

bool spw__pipeline_push(struct spw__pipeline *p)
{
    if (!spare_flight(p))
        return false;
    p->quota = p->quota > 0 ? p->quota : 1;
    return !p->oldest || spw__gather_waiting(p) > 0;
}

bool spw__pipeline_refused(const struct spw__pipeline *p)
{
    bool exporting = false;
    for (const struct spw__flight *f = p->oldest; f; f = f->next)
        exporting |= f->state == SPW__FLIGHT_EXPORTING;
    return p->pausing && p->refused && !exporting;
}

bool spw__pipeline_flushed(const struct spw__pipeline *p)
{
    uint32_t count = __atomic_load_n(&p->engine->recorder_count, __ATOMIC_ACQUIRE);
    for (uint32_t i = 0; i < count; i++)
        if (p->engine->recorders[i]->passed[p->index] < p->engine->recorders[i]->flush_target)
            return false;
    return true;
}

/* ---- the end ---- */

bool spw__pipeline_lends(const struct spw__pipeline *p)
{
    bool lends = false;
    for (uint32_t i = 0; i < p->config.max_concurrent_exports; i++)
        lends |= spw__flight_lends(&p->flights[i]);
    return lends;
}

static void abandon_flight(struct spw__pipeline *p, struct spw__flight *f, spw_drop_cause cause)
{
    bool lent = spw__flight_cancel(f);
    if (spw__flight_answered(f))
        spw__pipeline_take_answer(p, f); /* it came at the last moment: take it as it is */
    if (f->state == SPW__FLIGHT_WAITING) {
        spw__pipeline_drop(p, cause, f->batch->count);
        spw__flight_land(f);
    }
    if (lent) {
        f->lent = f->batch;
        f->batch = NULL; /* nothing is exported any more: what is left needs none */
    }
}

void spw__pipeline_abandon(struct spw__pipeline *p, spw_drop_cause cause)
{
    p->closing = true;
    spw_loop_disarm(p->worker->loop, &p->delay);
    p->scheduled = false;
    for (uint32_t i = 0; i < p->config.max_concurrent_exports; i++)
        abandon_flight(p, &p->flights[i], cause);
    spw_loop_disarm(p->worker->loop, &p->pause);
    p->pausing = p->knocking = false;
    spw__gather_discard(p, cause);
    p->closing = false;
}
