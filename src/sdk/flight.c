/* One batch on its way: flight.h. */
#include "sdk/flight.h"

#include <spanwire/allocator.h>
#include <string.h>

#include "sdk/gather.h"
#include "sdk/worker.h"

static void add(uint64_t *counter, uint64_t n)
{
    __atomic_add_fetch(counter, n, __ATOMIC_RELAXED);
}

/* ---- the answer ---- */

/* From the moment that the answer is there the worker may act on it, and be freed: it counts who is still in here. */
static void on_answer(void *token, const spw_export_result *result)
{
    struct spw__flight *f = token;
    struct spw__worker *worker = f->pipeline->worker;
    __atomic_add_fetch(&worker->answering, 1, __ATOMIC_RELAXED); /* seen by who sees the answer */
    f->answer = *result;
    f->answer.text[sizeof f->answer.text - 1] = '\0';
    __atomic_store_n(&f->answered, 1, __ATOMIC_RELEASE);
    if (spw__worker_current() != worker)
        spw__loop_wake(worker->loop);
    __atomic_sub_fetch(&worker->answering, 1, __ATOMIC_RELEASE);
}

bool spw__flight_answered(const struct spw__flight *f)
{
    return f->state == SPW__FLIGHT_EXPORTING && __atomic_load_n(&f->answered, __ATOMIC_ACQUIRE);
}

/* The exporter had its time. One that cannot be cancelled goes on; so do we. */
static void on_expiry(void *arg)
{
    struct spw__flight *f = arg;
    if (f->state != SPW__FLIGHT_EXPORTING || !f->exporter->cancel)
        return;
    f->exporter->cancel(f->exporter);
    if (spw__flight_answered(f))
        return; /* it came at the last moment: take it as it is */
    spw_export_result late = SPW_EXPORT_RESULT_INIT;
    late.status = SPW_EXPORT_RETRY;
    late.ambiguous = 1;
    memcpy(late.text, "no answer within the export timeout", sizeof "no answer within the export timeout");
    on_answer(f, &late);
}

/* ---- its life ---- */

spw_result spw__flight_init(struct spw__flight *f, struct spw__pipeline *p, spw_view resource)
{
    *f = (struct spw__flight){ .pipeline = p, .expiry = { .fn = on_expiry, .arg = f } };
    f->batch = spw__batch_new(p->engine, p->config.max_export_batch_size, resource);
    f->ranges = spw_allocate_zeroed(p->config.max_export_batch_size, sizeof *f->ranges);
    return f->batch && f->ranges ? SPW_OK : SPW_ERR_NO_MEMORY;
}

void spw__flight_fini(struct spw__flight *f)
{
    if (f->exporter && f->exporter->destroy)
        f->exporter->destroy(f->exporter);
    f->exporter = NULL;
    spw__batch_free(f->batch);
    spw__batch_free(f->lent);
    spw_free(f->ranges);
    f->batch = f->lent = NULL;
    f->ranges = NULL;
}

/* ---- one batch ---- */

static void enlist(struct spw__flight *f)
{
    struct spw__pipeline *p = f->pipeline;
    f->next = NULL;
    f->attempts = 0;
    f->first_try_ms = spw_loop_now_ms(p->worker->loop);
    if (p->newest)
        p->newest->next = f;
    else
        p->oldest = f;
    p->newest = f;
    p->unlanded += (int64_t)f->batch->count;
}

void spw__flight_submit(struct spw__flight *f)
{
    struct spw__pipeline *p = f->pipeline;
    if (f->state == SPW__FLIGHT_FREE)
        enlist(f);
    f->state = SPW__FLIGHT_EXPORTING;
    f->pressed = false;
    add(&p->account->in_flight, f->batch->count);
    __atomic_store_n(&f->answered, 0, __ATOMIC_RELAXED);
    if (p->config.export_timeout_ms)
        spw_loop_arm(p->worker->loop, &f->expiry, p->config.export_timeout_ms);
    add(f->attempts++ ? &p->account->retries : &p->account->batches, 1);
    f->exporter->submit(f->exporter, f->batch, on_answer, f);
}

void spw__flight_press(struct spw__flight *f)
{
    if (f->state != SPW__FLIGHT_EXPORTING || f->pressed || spw__flight_answered(f))
        return;
    f->pressed = true;
    if (f->exporter->flush)
        f->exporter->flush(f->exporter);
}

/* The exporter is done with the batch, or we are with the exporter. */
static void take_back(struct spw__flight *f)
{
    spw_loop_disarm(f->pipeline->worker->loop, &f->expiry);
    __atomic_sub_fetch(&f->pipeline->account->in_flight, f->batch->count, __ATOMIC_RELAXED);
    f->state = SPW__FLIGHT_WAITING;
}

void spw__flight_take_answer(struct spw__flight *f)
{
    __atomic_store_n(&f->answered, 0, __ATOMIC_RELAXED);
    take_back(f);
}

/* From the oldest on, those that have their end. */
static void pass_landed(struct spw__pipeline *p)
{
    struct spw__flight *f;
    while ((f = p->oldest) && f->state == SPW__FLIGHT_LANDED) {
        p->oldest = f->next;
        if (!p->oldest)
            p->newest = NULL;
        spw__gather_pass(p, f);
        f->state = SPW__FLIGHT_FREE;
    }
}

void spw__flight_land(struct spw__flight *f)
{
    struct spw__pipeline *p = f->pipeline;
    if (f->state == SPW__FLIGHT_FREE)
        enlist(f); /* nothing in it was this pipeline's, but older batches have not passed what it stepped over */
    f->state = SPW__FLIGHT_LANDED;
    p->unlanded -= (int64_t)f->batch->count;
    pass_landed(p); /* before the queue has room again: who paces itself by that finds the memory given back */
    __atomic_sub_fetch(&p->lane->depth, (int64_t)f->batch->count, __ATOMIC_RELAXED);
}

bool spw__flight_cancel(struct spw__flight *f)
{
    if (f->state != SPW__FLIGHT_EXPORTING || spw__flight_answered(f))
        return false;
    if (f->exporter->cancel)
        f->exporter->cancel(f->exporter);
    if (spw__flight_answered(f))
        return false;
    take_back(f); /* `answered` stays as it is: one that keeps the batch may say so at this moment */
    return !f->exporter->cancel;
}

bool spw__flight_lends(const struct spw__flight *f)
{
    return f->lent && !__atomic_load_n(&f->answered, __ATOMIC_ACQUIRE);
}
