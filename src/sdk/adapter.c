#include "sdk/adapter.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <spanwire/allocator.h>
#include <stdio.h>
#include <time.h>

#include "record/engine.h"
#include "record/platform.h"
#include "sdk/batch.h"
#include "sdk/diag.h"
#include "sdk/last_thread.h"

#define PARTING_MS 200u /* an exporter that has answered needs no longer to return and to be destroyed */

/* Shared by the SDK and the exporter's thread; the last of the two frees it. */
struct adapter {
    spw_exporter base;
    spw_exporter *inner;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;     /* monotonic clock */
    struct spw_batch *batch; /* waiting to be exported, or being exported, until it is answered */
    bool running;            /* the inner exporter has it, and has not answered */
    bool inside;             /* the thread is inside submit(), or just about to be */
    bool cancelled;          /* the exporter was told to give up what is running */
    bool in_vain;            /* perhaps before that had begun */
    bool dismissed;          /* the thread is to go */
    uint64_t until_ns;       /* so long it is waited for then */
    bool gone;               /* the exporter is destroyed, and the thread about to end */
    bool abandoned;          /* nobody waits any more: the thread frees all of this */
    spw_export_done_fn done; /* NULL: cancelled */
    void *token;
};

static void free_adapter(struct adapter *a)
{
    spw__batch_free(a->batch);
    pthread_cond_destroy(&a->wake);
    pthread_mutex_destroy(&a->lock);
    spw_free(a);
}

/* What the inner exporter calls; it may do so on a thread of its own, later. */
static void inner_done(void *token, const spw_export_result *result)
{
    struct adapter *a = token;
    pthread_mutex_lock(&a->lock);
    struct spw_batch *batch = a->running ? a->batch : NULL;
    if (a->running) {
        a->batch = NULL; /* first: the worker may hand over the next at once */
        a->running = false;
        if (a->done)
            a->done(a->token, result);
        a->done = NULL;
        pthread_cond_broadcast(&a->wake);
    }
    pthread_mutex_unlock(&a->lock);
    spw__batch_free(batch);
}

/* What is running will not be answered any more. */
static void give_up(struct adapter *a)
{
    pthread_mutex_lock(&a->lock);
    struct spw_batch *unanswered = a->running ? a->batch : NULL;
    if (a->running)
        a->batch = NULL;
    a->running = false;
    pthread_mutex_unlock(&a->lock);
    spw__batch_free(unanswered);
}

/* Exports one batch, to its answer or its end; false: the thread is to go. */
static bool export_next(struct adapter *a)
{
    pthread_mutex_lock(&a->lock);
    while (!a->dismissed && !a->batch)
        pthread_cond_wait(&a->wake, &a->lock);
    if (a->dismissed) {
        pthread_mutex_unlock(&a->lock);
        return false;
    }
    const struct spw_batch *batch = a->batch;
    a->running = a->inside = true;
    a->cancelled = false;
    pthread_mutex_unlock(&a->lock);
    a->inner->submit(a->inner, batch, inner_done, a);
    pthread_mutex_lock(&a->lock);
    a->inside = false;
    while (a->running && !a->cancelled)
        pthread_cond_wait(&a->wake, &a->lock);
    bool again = a->running && a->in_vain;
    pthread_mutex_unlock(&a->lock);
    if (again)
        a->inner->cancel(a->inner); /* now that submit() has returned it is over for certain */
    give_up(a);
    return true;
}

static void *exporter_thread(void *arg)
{
    struct adapter *a = arg;
    spw_error error = SPW_ERROR_INIT;
    spw__last_thread_begin();
    spw__thread_suppress();
    if (a->inner->start && a->inner->start(a->inner, NULL, &error) != SPW_OK)
        spw__diag(SPW_LOG_ERROR, "exporter %s did not start: %s", a->inner->name, error.text);
    while (export_next(a))
        ;
    if (a->inner->destroy)
        a->inner->destroy(a->inner);
    pthread_mutex_lock(&a->lock);
    a->gone = true;
    bool ours = a->abandoned;
    pthread_cond_broadcast(&a->wake);
    pthread_mutex_unlock(&a->lock);
    if (ours)
        free_adapter(a);
    spw__last_thread_end();
    return NULL;
}

static void adapter_submit(spw_exporter *self, const spw_batch *batch, spw_export_done_fn done, void *token)
{
    struct adapter *a = (struct adapter *)self;
    struct spw_batch *copy = spw__batch_detach(batch);
    pthread_mutex_lock(&a->lock);
    bool busy = a->batch != NULL; /* still with a batch the SDK has given up */
    if (copy && !busy) {
        a->batch = copy;
        a->done = done;
        a->token = token;
        pthread_cond_broadcast(&a->wake);
    }
    pthread_mutex_unlock(&a->lock);
    if (copy && !busy)
        return;
    spw__batch_free(copy);
    spw_export_result retry = SPW_EXPORT_RESULT_INIT;
    retry.status = SPW_EXPORT_RETRY;
    snprintf(retry.text, sizeof retry.text, busy ? "it is still busy with a batch that took longer than the export timeout" : "no memory for a copy of the batch");
    done(token, &retry);
}

/* On the worker's thread. The exporter's own is inside submit(), or waits for an answer that is to come later. */
static void adapter_cancel(spw_exporter *self)
{
    struct adapter *a = (struct adapter *)self;
    struct spw_batch *not_begun = NULL;
    pthread_mutex_lock(&a->lock);
    a->done = NULL;
    bool running = a->running && a->inner->cancel, inside = a->inside;
    if (!a->running) {
        not_begun = a->batch;
        a->batch = NULL;
    }
    pthread_mutex_unlock(&a->lock);
    spw__batch_free(not_begun);
    if (!running)
        return;
    a->inner->cancel(a->inner);
    pthread_mutex_lock(&a->lock);
    a->cancelled = true;
    a->in_vain = inside;
    pthread_cond_broadcast(&a->wake);
    pthread_mutex_unlock(&a->lock);
}

/* On the worker's thread, which is also the one that destroys: the exporter is there. */
static void adapter_flush(spw_exporter *self)
{
    spw_exporter *inner = ((struct adapter *)self)->inner;
    inner->flush(inner);
}

static void adapter_destroy(spw_exporter *self);

const spw_exporter *spw__adapter_inner(const spw_exporter *exporter)
{
    return exporter && exporter->destroy == adapter_destroy ? ((const struct adapter *)exporter)->inner : exporter;
}

void spw__adapter_dismiss(spw_exporter *exporter, uint64_t until_mono_ns)
{
    if (!exporter || exporter->destroy != adapter_destroy)
        return;
    struct adapter *a = (struct adapter *)exporter;
    pthread_mutex_lock(&a->lock);
    a->done = NULL;
    a->dismissed = true;
    a->until_ns = until_mono_ns;
    pthread_cond_broadcast(&a->wake);
    pthread_mutex_unlock(&a->lock);
}

/* With the lock. Whether the exporter is destroyed before there is no more time. */
static bool await_parting(struct adapter *a)
{
    uint64_t until_ns = a->until_ns, least_ns = spw__mono_ns() + PARTING_MS * 1000000u;
    if (!a->running && until_ns < least_ns)
        until_ns = least_ns;
    const struct timespec until = { (time_t)(until_ns / 1000000000u), (long)(until_ns % 1000000000u) };
    int rc = 0;
    while (!a->gone && rc != ETIMEDOUT)
        rc = pthread_cond_timedwait(&a->wake, &a->lock, &until);
    return a->gone;
}

static void adapter_destroy(spw_exporter *self)
{
    struct adapter *a = (struct adapter *)self;
    if (!a->dismissed)
        spw__adapter_dismiss(self, 0);
    pthread_mutex_lock(&a->lock);
    bool gone = await_parting(a);
    const char *name = a->base.name;
    if (!gone) {
        pthread_detach(a->thread);
        a->abandoned = true;
    }
    pthread_mutex_unlock(&a->lock);
    if (gone) {
        pthread_join(a->thread, NULL);
        free_adapter(a);
    } else {
        spw__diag(SPW_LOG_WARN, "shutdown: exporter %s did not come back in time; it keeps its thread, and is destroyed when it does", name);
    }
}

/* The thread handles no signal of the program's. */
static int start_thread(struct adapter *a)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&a->thread, NULL, exporter_thread, a);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

spw_exporter *spw__adapter_new(spw_exporter *inner, spw_error *error)
{
    struct adapter *a = spw_allocate_zeroed(1, sizeof *a);
    if (!a) {
        spw__fail(error, SPW_ERR_NO_MEMORY, "no memory for exporter %s", inner->name);
        if (inner->destroy)
            inner->destroy(inner);
        return NULL;
    }
    a->base = (spw_exporter){ .struct_size = sizeof a->base, .name = inner->name, .max_request_bytes = inner->max_request_bytes,
                              .submit = adapter_submit, .flush = inner->flush ? adapter_flush : NULL, .cancel = adapter_cancel,
                              .destroy = adapter_destroy };
    a->inner = inner;
    pthread_mutex_init(&a->lock, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&a->wake, &attr);
    pthread_condattr_destroy(&attr);
    if (start_thread(a) != 0) {
        spw__fail(error, SPW_ERR_SYSTEM, "no thread for exporter %s; check the limit of processes (ulimit -u)", inner->name);
        if (inner->destroy)
            inner->destroy(inner);
        free_adapter(a);
        return NULL;
    }
    return &a->base;
}
