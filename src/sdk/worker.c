#include "sdk/worker.h"

#include <spanwire/allocator.h>

#include "record/sampler.h"
#include "sdk/diag.h"
#include "sdk/reap.h"

#define TRIM_AFTER_MS 10000u

void spw__worker_wake(void *worker)
{
    spw__loop_wake(((struct spw__worker *)worker)->loop);
}

/* ---- recorders with something to drain ---- */

static void activate(struct spw__worker *w, struct spw__recorder *recorder)
{
    if (recorder->active)
        return;
    recorder->active = true;
    recorder->active_next = w->active;
    w->active = recorder;
}

static void collect_ready(struct spw__worker *w)
{
    struct spw__recorder *r = spw__queue_take_ready(w->engine);
    while (r) {
        struct spw__recorder *next = r->ready_next;
        activate(w, r);
        r = next;
    }
}

/* Whether every pipeline stands at the end of the recorder's rows. */
static bool drained(const struct spw__worker *w, const struct spw__recorder *r)
{
    uint64_t written = __atomic_load_n(&r->written, __ATOMIC_ACQUIRE);
    for (uint32_t i = 0; i < w->pipeline_count; i++)
        if (r->passed[i] < written)
            return false;
    return true;
}

/* False: one that was drained a moment ago has got something new. */
static bool retire_drained(struct spw__worker *w)
{
    bool all = true;
    for (struct spw__recorder **at = &w->active; *at;) {
        struct spw__recorder *r = *at;
        bool done = drained(w, r);
        for (uint32_t i = 0; done && i < w->pipeline_count; i++)
            spw__pipeline_settle(&w->pipelines[i], r);
        if (done && spw__queue_retire(w->engine, r)) {
            *at = r->active_next;
            r->active = false;
        } else {
            at = &r->active_next;
            all &= !done;
        }
    }
    return all;
}

static void on_trim(void *arg)
{
    struct spw__worker *w = arg;
    spw__queue_trim(w->engine);
}

/* ---- flushing ---- */

static void begin_flush(struct spw__worker *w, struct spw__flush *f)
{
    uint32_t count = __atomic_load_n(&w->engine->recorder_count, __ATOMIC_ACQUIRE);
    for (uint32_t i = 0; i < count; i++) {
        struct spw__recorder *r = w->engine->recorders[i];
        r->flush_target = __atomic_load_n(&r->written, __ATOMIC_ACQUIRE);
        if (!drained(w, r) && !__atomic_exchange_n(&r->ready, 1, __ATOMIC_ACQ_REL))
            activate(w, r);
    }
    collect_ready(w);
    for (uint32_t i = 0; i < w->pipeline_count; i++) {
        f->losses[i] = w->pipelines[i].losses;
        spw__pipeline_hurry(&w->pipelines[i]);
    }
    f->begun = true;
}

void spw__worker_free_flush(const struct spw__worker *w, struct spw__flush *f)
{
    if (f != &w->last)
        spw_free(f);
}

/* What the waiting caller is told; also clears the way for the next flush. */
static void finish_flush(struct spw__worker *w, struct spw__flush *f, spw_result result)
{
    spw_loop_disarm(w->loop, &w->flush_deadline);
    for (uint32_t i = 0; i < w->pipeline_count && result == SPW_OK; i++)
        if (w->pipelines[i].losses != f->losses[i])
            result = SPW_ERR_INCOMPLETE;
    pthread_mutex_lock(&w->lock);
    struct spw__flush **at = &w->flushes;
    while (*at != f)
        at = &(*at)->next;
    *at = f->next;
    w->serving = NULL;
    f->result = result;
    f->finished = true;
    if (f->stop)
        w->ended = true;
    if (f->abandoned)
        spw__worker_free_flush(w, f);
    pthread_cond_broadcast(&w->done);
    pthread_mutex_unlock(&w->lock);
}

/* A pipeline that has nobody to talk to. */
static void give_up_refused(struct spw__worker *w)
{
    for (uint32_t i = 0; i < w->pipeline_count; i++) {
        if (spw__pipeline_refused(&w->pipelines[i]))
            spw__pipeline_abandon(&w->pipelines[i], SPW_DROP_SHUTDOWN_DEADLINE);
    }
}

/* Goes on with the pipelines that have not reached the target. True: all have. */
static bool drive_flush(struct spw__worker *w)
{
    bool flushed = true;
    for (uint32_t i = 0; i < w->pipeline_count; i++) {
        struct spw__pipeline *p = &w->pipelines[i];
        if (spw__pipeline_flushed(p))
            continue;
        flushed = false;
        spw__pipeline_press(p);
        if (spw__pipeline_push(p)) /* between two batches; or a thread is just about to put itself on the ready list: look again in a moment */
            spw_loop_arm(w->loop, &w->look_again, 1);
    }
    return flushed;
}

/* The flush to serve: the first on the list, but a shutdown goes before all. */
static struct spw__flush *next_flush(struct spw__worker *w)
{
    pthread_mutex_lock(&w->lock);
    struct spw__flush *f = w->flushes;
    while (f && !f->stop)
        f = f->next;
    if (!f)
        f = w->flushes;
    w->serving = f;
    pthread_mutex_unlock(&w->lock);
    return f;
}

/* Serves a flush; true when it has ended. */
static bool serve_flush(struct spw__worker *w, struct spw__flush *f)
{
    if (!f->begun)
        begin_flush(w, f);
    uint64_t now = spw_loop_now_ms(w->loop);
    bool stop = f->stop;
    if (stop && now >= f->refused_ms)
        give_up_refused(w);
    bool flushed = drive_flush(w);
    if (!flushed && now < f->deadline_ms) {
        uint64_t next = stop && now < f->refused_ms && f->refused_ms < f->deadline_ms ? f->refused_ms : f->deadline_ms;
        spw_loop_arm(w->loop, &w->flush_deadline, next - now);
        return false;
    }
    if (stop)
        for (uint32_t i = 0; i < w->pipeline_count; i++)
            spw__pipeline_abandon(&w->pipelines[i], SPW_DROP_SHUTDOWN_DEADLINE);
    finish_flush(w, f, flushed ? SPW_OK : SPW_ERR_TIMEOUT);
    while (stop && (f = next_flush(w))) { /* who else waits learns that this was the end */
        if (!f->begun)
            begin_flush(w, f);
        finish_flush(w, f, flushed ? SPW_OK : SPW_ERR_TIMEOUT);
    }
    return true;
}

/* Serves one flush after the other: a wake-up may stand for several. True when the worker is to end. */
static bool serve_flushes(struct spw__worker *w)
{
    for (struct spw__flush *f; (f = next_flush(w));) {
        bool stop = f->stop;
        if (!serve_flush(w, f))
            return false;
        if (stop)
            return true;
    }
    return false;
}

static void on_flush_timer(void *arg)
{
    (void)arg; /* enough that we woke: serve_flush() looks at the clock */
}

/* ---- what samplers have met ---- */

/* Once a session each. */
static void say_concerns(struct spw__worker *w)
{
    unsigned fresh = spw__sampler_concerns() & ~w->concerns;
    w->concerns |= fresh;
    if (fresh & SPW__RATIO_OF_A_CHILD)
        spw__diag(SPW_LOG_WARN, "a TraceIdRatioBased sampler decides for spans that have a parent: traces may come apart, and other SDKs decide "
                                "otherwise; put it below spw_sampler_parent_based(), or use spw_sampler_probability()");
    if (fresh & SPW__RANDOMNESS_PRESUMED)
        spw__diag(SPW_LOG_WARN, "a probability sampler takes trace ids for random that do not say so; upgrade the callers to W3C Trace Context "
                                "Level 2, which has a flag for it");
}

/* ---- a step ---- */

/*
 * True: nothing can be done before a timer, an answer or a recording thread wakes us. Sets the flag that those threads look at: a pipeline
 * that has nothing to send, and so no timer, must be told of the next record, whatever the others wait for.
 */
static bool prepare_sleep(struct spw__worker *w)
{
    bool again = !retire_drained(w), starved = false;
    for (uint32_t i = 0; i < w->pipeline_count; i++)
        starved |= spw__pipeline_starved(&w->pipelines[i]);
    __atomic_store_n(&w->engine->worker_asleep, starved ? 2 : 1, __ATOMIC_SEQ_CST);
    if (starved)
        spw__queue_barrier(w->engine);
    again |= __atomic_load_n(&w->engine->ready_head, __ATOMIC_SEQ_CST) != NULL;
    for (uint32_t i = 0; i < w->pipeline_count; i++)
        again |= spw__pipeline_has_work(&w->pipelines[i]);
    return !again;
}

static void start_exporter(struct spw__worker *w, spw_exporter *e)
{
    spw_error error = SPW_ERROR_INIT;
    if (e->start && e->start(e, w->loop, &error) != SPW_OK)
        spw__diag(SPW_LOG_ERROR, "exporter %s did not start: %s", e->name, error.text);
}

static void start_exporters(struct spw__worker *w)
{
    for (uint32_t i = 0; i < w->pipeline_count; i++)
        for (uint32_t j = 0; j < w->pipelines[i].config.max_concurrent_exports; j++)
            start_exporter(w, w->pipelines[i].flights[j].exporter);
}

/* On whichever thread comes first. */
static void begin(struct spw__worker *w)
{
    start_exporters(w);
    w->flush_deadline = (spw_timer){ .fn = on_flush_timer, .arg = w };
    w->look_again = (spw_timer){ .fn = on_flush_timer, .arg = w };
    w->reap_at = __atomic_load_n(&w->engine->segments.limit, __ATOMIC_RELAXED) * SPW__SEGMENT_PAGES / 8;
    w->trim = (spw_timer){ .fn = on_trim, .arg = w };
    w->begun = true;
}

static bool step_pipelines(struct spw__worker *w)
{
    bool did = false;
    for (uint32_t i = 0; i < w->pipeline_count; i++) {
        did |= spw__pipeline_step(&w->pipelines[i]);
        spw__overload_look(&w->pipelines[i]);
    }
    return did;
}

/* Who waits for this may free the worker at once. */
static void end(struct spw__worker *w)
{
    for (uint32_t i = 0; i < w->pipeline_count; i++)
        __atomic_store_n(&w->pipelines[i].account->over, 1, __ATOMIC_RELEASE);
    spw_loop_disarm(w->loop, &w->trim);
    spw_loop_disarm(w->loop, &w->look_again);
    pthread_mutex_lock(&w->lock);
    w->gone = true;
    pthread_cond_broadcast(&w->done);
    pthread_mutex_unlock(&w->lock);
}

static bool step(struct spw__worker *w, int max_wait_ms)
{
    if (!w->begun)
        begin(w);
    spw__loop_step(w->loop, w->rested ? max_wait_ms : 0);
    __atomic_store_n(&w->engine->worker_asleep, 0, __ATOMIC_SEQ_CST);
    collect_ready(w);
    bool did = step_pipelines(w);
    say_concerns(w);
    if (serve_flushes(w)) {
        end(w);
        return false;
    }
    spw__reap(w);
    if (did)
        spw_loop_arm(w->loop, &w->trim, TRIM_AFTER_MS);
    w->rested = !did && prepare_sleep(w);
    if (!w->rested)
        __atomic_store_n(&w->engine->worker_asleep, 0, __ATOMIC_SEQ_CST); /* nobody need wake who looks at once */
    return true;
}

static __thread const struct spw__worker *current;

bool spw__worker_step(struct spw__worker *w, int max_wait_ms)
{
    current = w;
    bool on = step(w, max_wait_ms);
    current = NULL;
    return on;
}

const struct spw__worker *spw__worker_current(void)
{
    return current;
}

void spw__worker_forget(void)
{
    current = NULL;
}

uint64_t spw__worker_due_ms(const struct spw__worker *w)
{
    return w->rested ? spw__loop_due_ms(w->loop) : 0;
}
