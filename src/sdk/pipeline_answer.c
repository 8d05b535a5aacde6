/*
 * What becomes of a batch by its exporter's answer: pipeline_answer.h.
 *
 * A receiver that fails is asked by one batch at a time, whatever the number of exports: the first failure begins a pause, in which nothing is
 * sent; after it the oldest of the failed batches goes alone. Fails it, too, there is another pause, a longer one; else the others follow at once.
 */
#include "sdk/pipeline_answer.h"

#include "record/platform.h"
#include "sdk/diag.h"
#include "sdk/worker.h"

#define BACKOFF_FIRST_MS 1000u
#define BACKOFF_MOST_MS 30000u
#define RETRY_AFTER_MOST_MS 300000u

static void add(uint64_t *counter, uint64_t n)
{
    __atomic_add_fetch(counter, n, __ATOMIC_RELAXED);
}

/* ---- what is said ---- */

/* Once an episode for each kind of trouble, and nothing that is less than what was said already. */
static void complain(struct spw__pipeline *p, const struct spw__flight *f, enum spw__trouble trouble, const char *what)
{
    unsigned told = trouble == SPW__KEPT ? SPW__KEPT | SPW__LOST : trouble;
    if (!(p->said & told))
        spw__diag(trouble == SPW__LOST ? SPW_LOG_ERROR : SPW_LOG_WARN, "exporter %s: %s: %s", p->account->name, what,
                  f->answer.text[0] ? f->answer.text : "no reason given");
    p->said |= trouble;
}

/* What is over is forgotten: if it comes again, that is another episode. */
static void judge_delivery(struct spw__pipeline *p, const struct spw__flight *f, uint64_t rejected)
{
    bool troubled = p->said & (SPW__KEPT | SPW__LOST | SPW__REFUSED);
    bool advised = !rejected && f->answer.text[0];
    p->said &= (rejected ? SPW__REFUSED : 0u) | (advised ? SPW__ADVISED : 0u);
    if (troubled && !rejected)
        spw__diag(SPW_LOG_INFO, "exporter %s: delivering again", p->account->name);
    if (rejected)
        complain(p, f, SPW__REFUSED, "the receiver refused some spans");
    else if (advised)
        complain(p, f, SPW__ADVISED, "the receiver says");
}

/* ---- trying again ---- */

static uint64_t jitter(uint64_t most)
{
    uint64_t random;
    spw__random(&random, sizeof random);
    return most ? random % most + 1 : 0;
}

/* `asked_ms`: the receiver's wish. What fails while others wait already makes the pause no longer, unless the receiver wants it. */
static void pause_sending(struct spw__pipeline *p, uint64_t asked_ms)
{
    p->failures += !p->pausing;
    uint32_t before = p->failures ? p->failures - 1 : 0; /* 0: a batch has come through beside the pause */
    uint32_t doublings = before < 5 ? before : 5;
    uint64_t most = (uint64_t)BACKOFF_FIRST_MS << doublings;
    uint64_t wait = jitter(most < BACKOFF_MOST_MS ? most : BACKOFF_MOST_MS);
    if (asked_ms)
        wait = asked_ms < RETRY_AFTER_MOST_MS ? asked_ms : RETRY_AFTER_MOST_MS;
    if (p->pausing && (!asked_ms || spw_loop_now_ms(p->worker->loop) + wait <= p->pause.due_ms))
        return;
    p->pausing = true;
    spw_loop_arm(p->worker->loop, &p->pause, wait);
}

static struct spw__flight *oldest_waiting(const struct spw__pipeline *p)
{
    struct spw__flight *f = p->oldest;
    while (f && f->state != SPW__FLIGHT_WAITING)
        f = f->next;
    return f;
}

bool spw__pipeline_troubled(const struct spw__pipeline *p)
{
    return p->pausing || p->knocking || oldest_waiting(p);
}

void spw__pipeline_resume(struct spw__pipeline *p, bool all)
{
    struct spw__flight *f;
    spw_loop_disarm(p->worker->loop, &p->pause);
    p->pausing = p->knocking = false;
    while ((f = oldest_waiting(p))) {
        p->refused = false;
        p->knocking = !all;
        spw__flight_submit(f); /* if it answers at once, that is looked at later */
        if (!all)
            return;
    }
}

/* Those for which it has taken too long. */
static void give_up_old(struct spw__pipeline *p)
{
    uint64_t now = spw_loop_now_ms(p->worker->loop);
    for (struct spw__flight *f = p->oldest, *next; p->config.max_age_ms && f; f = next) {
        next = f->next; /* landing may free this one and, with it, older ones only */
        if (f->state != SPW__FLIGHT_WAITING || now - f->first_try_ms < p->config.max_age_ms)
            continue;
        complain(p, f, SPW__LOST, "given up after the maximum age");
        spw__pipeline_drop(p, SPW_DROP_RETRY_EXHAUSTED, f->batch->count);
        spw__flight_land(f);
    }
}

static void failed(struct spw__pipeline *p, struct spw__flight *f)
{
    p->knocking = false;
    p->refused = f->answer.refused;
    uint64_t asked_ms = f->answer.retry_after_ms;
    give_up_old(p);
    if (f->state == SPW__FLIGHT_WAITING)
        complain(p, f, SPW__KEPT, "not delivered, kept and tried again");
    if (oldest_waiting(p))
        pause_sending(p, asked_ms);
    else
        p->failures = 0;
}

/* ---- its end ---- */

/* The receiver has spoken: what waits for that may follow, unless another has been told to pause meanwhile. */
static void answered_well(struct spw__pipeline *p)
{
    p->failures = 0;
    p->knocking = false;
    if (!p->pausing && !p->closing)
        spw__pipeline_resume(p, true);
}

static void delivered(struct spw__pipeline *p, struct spw__flight *f)
{
    uint64_t n = f->batch->count;
    uint64_t rejected = f->answer.rejected < n ? f->answer.rejected : n;
    if (f->answer.malformed)
        add(&p->account->malformed, 1);
    p->losses += rejected;
    judge_delivery(p, f, rejected);
    spw__flight_land(f); /* first: who paces itself by what was exported finds the room there */
    add(&p->account->rejected, rejected);
    add(&p->account->exported, n - rejected);
    answered_well(p);
}

void spw__pipeline_take_answer(struct spw__pipeline *p, struct spw__flight *f)
{
    spw__flight_take_answer(f);
    add(&p->account->ambiguous, f->batch->count * (uint64_t)f->answer.ambiguous);
    switch (f->answer.status) {
    case SPW_EXPORT_DELIVERED:
        delivered(p, f);
        return;
    case SPW_EXPORT_RETRY:
        failed(p, f);
        return;
    case SPW_EXPORT_PERMANENT:
    default:
        complain(p, f, SPW__LOST, "the batch was refused for good and is dropped");
        spw__pipeline_drop(p, SPW_DROP_PERMANENT, f->batch->count);
        spw__flight_land(f);
        answered_well(p);
    }
}
