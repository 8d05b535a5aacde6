#include "sdk/pipeline.h"

#include <spanwire/allocator.h>
#include <stdlib.h>
#include <string.h>

#include "record/platform.h"
#include "sdk/diag.h"
#include "sdk/gather.h"
#include "sdk/worker.h"

#define BACKOFF_FIRST_MS 1000u
#define BACKOFF_MOST_MS 30000u
#define RETRY_AFTER_MOST_MS 300000u
#define MAX_REDACTED_BYTES ((size_t)64 << 20) /* of one span */

static void add(uint64_t *counter, uint64_t n)
{
    __atomic_add_fetch(counter, n, __ATOMIC_RELAXED);
}

void spw__pipeline_drop(struct spw__pipeline *p, spw_drop_cause cause, uint64_t n)
{
    add(&p->account->dropped[cause], n);
    p->losses += n;
}

/* The batch has an end: its records are passed, whatever became of them. */
static void pass_batch(struct spw__pipeline *p)
{
    spw__gather_pass(p);
    __atomic_sub_fetch(&p->lane->depth, (int64_t)p->batch->count, __ATOMIC_RELAXED);
    __atomic_store_n(&p->account->in_flight, 0, __ATOMIC_RELAXED);
    p->attempts = 0;
    p->state = SPW__IDLE;
}

/* ---- exporting ---- */

static void on_answer(void *token, const spw_export_result *result)
{
    struct spw__pipeline *p = token;
    p->answer = *result;
    p->answer.text[sizeof p->answer.text - 1] = '\0';
    __atomic_store_n(&p->answered, 1, __ATOMIC_RELEASE);
    if (spw__worker_current() != p->worker)
        spw__loop_wake(p->worker->loop);
}

static void submit(struct spw__pipeline *p)
{
    p->state = SPW__EXPORTING;
    p->refused = p->hurried = false;
    __atomic_store_n(&p->account->in_flight, p->batch->count, __ATOMIC_RELAXED);
    __atomic_store_n(&p->answered, 0, __ATOMIC_RELAXED);
    if (p->config.export_timeout_ms)
        spw_loop_arm(p->worker->loop, &p->expiry, p->config.export_timeout_ms);
    if (p->attempts++)
        add(&p->account->retries, 1);
    else
        add(&p->account->batches, 1);
    p->exporter->submit(p->exporter, p->batch, on_answer, p);
}

/* Once an episode for each kind of trouble, and nothing that is less than what was said already. */
static void complain(struct spw__pipeline *p, enum spw__trouble trouble, const char *what)
{
    unsigned told = trouble == SPW__KEPT ? SPW__KEPT | SPW__LOST : trouble;
    if (!(p->said & told))
        spw__diag(trouble == SPW__LOST ? SPW_LOG_ERROR : SPW_LOG_WARN, "exporter %s: %s: %s", p->account->name, what,
                  p->answer.text[0] ? p->answer.text : "no reason given");
    p->said |= trouble;
}

/* What is over is forgotten: if it comes again, that is another episode. */
static void judge_delivery(struct spw__pipeline *p, uint64_t rejected)
{
    bool troubled = p->said & (SPW__KEPT | SPW__LOST | SPW__REFUSED);
    bool advised = !rejected && p->answer.text[0];
    p->said &= (rejected ? SPW__REFUSED : 0u) | (advised ? SPW__ADVISED : 0u);
    if (troubled && !rejected)
        spw__diag(SPW_LOG_INFO, "exporter %s: delivering again", p->account->name);
    if (rejected)
        complain(p, SPW__REFUSED, "the receiver refused some spans");
    else if (advised)
        complain(p, SPW__ADVISED, "the receiver says");
}

static uint64_t jitter(uint64_t most)
{
    uint64_t random;
    spw__random(&random, sizeof random);
    return most ? random % most + 1 : 0;
}

static void back_off(struct spw__pipeline *p)
{
    uint64_t now = spw_loop_now_ms(p->worker->loop);
    p->refused = p->answer.refused;
    if (p->answer.ambiguous)
        add(&p->account->ambiguous, p->batch->count);
    if (p->config.max_age_ms && now - p->first_try_ms >= p->config.max_age_ms) {
        complain(p, SPW__LOST, "given up after the maximum age");
        spw__pipeline_drop(p, SPW_DROP_RETRY_EXHAUSTED, p->batch->count);
        pass_batch(p);
        return;
    }
    complain(p, SPW__KEPT, "not delivered, kept and tried again");
    uint32_t doublings = p->attempts < 6 ? p->attempts - 1 : 5;
    uint64_t most = (uint64_t)BACKOFF_FIRST_MS << doublings;
    uint64_t wait = jitter(most < BACKOFF_MOST_MS ? most : BACKOFF_MOST_MS);
    if (p->answer.retry_after_ms)
        wait = p->answer.retry_after_ms < RETRY_AFTER_MOST_MS ? p->answer.retry_after_ms : RETRY_AFTER_MOST_MS;
    __atomic_store_n(&p->account->in_flight, 0, __ATOMIC_RELAXED);
    p->state = SPW__BACKING_OFF;
    spw_loop_arm(p->worker->loop, &p->pause, wait);
}

static void delivered(struct spw__pipeline *p)
{
    uint64_t n = p->batch->count;
    uint64_t rejected = p->answer.rejected < n ? p->answer.rejected : n;
    if (p->answer.malformed)
        add(&p->account->malformed, 1);
    p->losses += rejected;
    judge_delivery(p, rejected);
    pass_batch(p); /* first: who paces itself by what was exported finds the room there */
    add(&p->account->rejected, rejected);
    add(&p->account->exported, n - rejected);
}

static void take_answer(struct spw__pipeline *p)
{
    __atomic_store_n(&p->answered, 0, __ATOMIC_RELAXED);
    spw_loop_disarm(p->worker->loop, &p->expiry);
    switch (p->answer.status) {
    case SPW_EXPORT_DELIVERED:
        delivered(p);
        return;
    case SPW_EXPORT_RETRY:
        back_off(p);
        return;
    case SPW_EXPORT_PERMANENT:
    default:
        complain(p, SPW__LOST, "the batch was refused for good and is dropped");
        spw__pipeline_drop(p, SPW_DROP_PERMANENT, p->batch->count);
        pass_batch(p);
    }
}

/* ---- timers ---- */

static bool answered(const struct spw__pipeline *p)
{
    return p->state == SPW__EXPORTING && __atomic_load_n(&p->answered, __ATOMIC_ACQUIRE);
}

static void on_delay(void *arg)
{
    struct spw__pipeline *p = arg;
    p->scheduled = false;
    p->due = true; /* of what waits by then, step sees more: the worker has collected first */
}

static void on_pause(void *arg)
{
    struct spw__pipeline *p = arg;
    if (p->state == SPW__BACKING_OFF)
        submit(p);
}

/* The exporter had its time. One that cannot be cancelled goes on; so do we. */
static void on_expiry(void *arg)
{
    struct spw__pipeline *p = arg;
    if (p->state != SPW__EXPORTING || !p->exporter->cancel)
        return;
    p->exporter->cancel(p->exporter);
    if (answered(p))
        return; /* it came at the last moment: take it as it is */
    spw_export_result late = SPW_EXPORT_RESULT_INIT;
    late.status = SPW_EXPORT_RETRY;
    late.ambiguous = true;
    memcpy(late.text, "no answer within the export timeout", sizeof "no answer within the export timeout");
    on_answer(p, &late);
}

/* ---- what the worker calls ---- */

spw_result spw__pipeline_init(struct spw__pipeline *p, struct spw__worker *worker, struct spw__engine *engine, uint32_t index,
                              const struct spw__pipeline_config *config, spw_exporter *exporter, spw_view resource,
                              struct spw__account *account)
{
    *p = (struct spw__pipeline){
        .worker = worker,
        .engine = engine,
        .lane = &engine->lanes[index],
        .account = account,
        .index = index,
        .config = *config,
        .exporter = exporter,
        .delay = { .fn = on_delay, .arg = p },
        .pause = { .fn = on_pause, .arg = p },
        .expiry = { .fn = on_expiry, .arg = p },
    };
    size_t most = exporter->max_request_bytes;
    spw__redactor_init(&p->redactor, config->redact, config->redact_arg, most && most < MAX_REDACTED_BYTES ? most : MAX_REDACTED_BYTES);
    p->batch = spw__batch_new(engine, config->max_export_batch_size, resource);
    p->ranges = spw_allocate_zeroed(config->max_export_batch_size, sizeof *p->ranges);
    return p->batch && p->ranges ? SPW_OK : SPW_ERR_NO_MEMORY;
}

void spw__pipeline_fini(struct spw__pipeline *p)
{
    if (p->exporter && p->exporter->destroy)
        p->exporter->destroy(p->exporter);
    p->exporter = NULL;
    spw__batch_free(p->batch);
    spw__batch_free(p->lent);
    spw__redactor_fini(&p->redactor);
    spw_free(p->ranges);
    p->batch = p->lent = NULL;
    p->ranges = NULL;
}

/* False: nothing there is this pipeline's, or whole yet. */
static bool begin_batch(struct spw__pipeline *p)
{
    if (!spw__gather(p)) {
        p->quota = 0;
        return false;
    }
    p->first_try_ms = spw_loop_now_ms(p->worker->loop);
    submit(p);
    return true;
}

bool spw__pipeline_step(struct spw__pipeline *p)
{
    bool did = false;
    if (answered(p)) {
        take_answer(p);
        did = true;
    }
    if (p->due) {
        p->due = false;
        p->quota = spw__gather_waiting(p);
    }
    if (p->state == SPW__IDLE) {
        int64_t n = spw__gather_waiting(p);
        if ((p->quota > 0 || n >= p->config.max_export_batch_size) && n > 0 && begin_batch(p)) {
            did = true;
        } else if (!p->scheduled && spw__gather_waiting(p) > 0) {
            p->scheduled = true;
            spw_loop_arm(p->worker->loop, &p->delay, p->config.schedule_delay_ms);
        }
    }
    /* While a batch is out, or waits, more records are no reason to wake us; of the first one the worker is told in any case. */
    int64_t wake_at = p->state == SPW__IDLE ? p->config.max_export_batch_size : INT64_MAX;
    __atomic_store_n(&p->lane->wake_at, wake_at, __ATOMIC_SEQ_CST);
    return did;
}

bool spw__pipeline_starved(const struct spw__pipeline *p)
{
    return p->state == SPW__IDLE && !p->scheduled;
}

bool spw__pipeline_has_work(const struct spw__pipeline *p)
{
    if (answered(p)) /* it came after the step, from submit() itself */
        return true;
    if (__atomic_load_n(&p->lane->depth, __ATOMIC_SEQ_CST) >= p->lane->wake_at)
        return true;
    return spw__pipeline_starved(p) && spw__gather_waiting(p) > 0;
}

void spw__pipeline_hurry(struct spw__pipeline *p)
{
    p->quota = spw__gather_waiting(p);
    if (p->state == SPW__BACKING_OFF) {
        spw_loop_disarm(p->worker->loop, &p->pause);
        submit(p);
    }
}

void spw__pipeline_press(struct spw__pipeline *p)
{
    if (p->state != SPW__EXPORTING || p->hurried || answered(p))
        return;
    p->hurried = true;
    if (p->exporter->flush)
        p->exporter->flush(p->exporter);
}

bool spw__pipeline_flushed(const struct spw__pipeline *p)
{
    uint32_t count = __atomic_load_n(&p->engine->recorder_count, __ATOMIC_ACQUIRE);
    for (uint32_t i = 0; i < count; i++)
        if (p->engine->recorders[i]->passed[p->index] < p->engine->recorders[i]->flush_target)
            return false;
    return true;
}

bool spw__pipeline_lends(const struct spw__pipeline *p)
{
    return p->lent && !__atomic_load_n(&p->answered, __ATOMIC_ACQUIRE);
}

void spw__pipeline_abandon(struct spw__pipeline *p, spw_drop_cause cause)
{
    spw_loop_disarm(p->worker->loop, &p->delay);
    spw_loop_disarm(p->worker->loop, &p->pause);
    spw_loop_disarm(p->worker->loop, &p->expiry);
    if (p->state == SPW__EXPORTING && !answered(p) && p->exporter->cancel)
        p->exporter->cancel(p->exporter);
    if (answered(p))
        take_answer(p); /* it came at the last moment: take it as it is */
    bool lent = p->state == SPW__EXPORTING && !p->exporter->cancel;
    spw_loop_disarm(p->worker->loop, &p->pause);
    if (p->state != SPW__IDLE) {
        spw__pipeline_drop(p, cause, p->batch->count);
        pass_batch(p);
    }
    if (lent) {
        p->lent = p->batch;
        p->batch = NULL; /* nothing is exported any more: what is left needs none */
    }
    spw__gather_discard(p, cause);
}
