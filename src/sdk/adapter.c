#include "sdk/adapter.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <spanwire/allocator.h>
#include <stdio.h>
#include <time.h>

#include "record/engine.h"
#include "sdk/batch.h"
#include "sdk/diag.h"

#define PARTING_MS 200 /* an exporter that has answered needs no longer to return and to be destroyed */

/* Shared by the worker and the exporter's thread; the last of the two frees it. */
struct adapter {
    spw_exporter base;
    spw_exporter *inner;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct spw_batch *batch; /* waiting to be exported, or being exported, until it is answered */
    pthread_t thread;
    bool running;            /* the inner exporter has it, and has not answered */
    bool left;               /* the SDK is gone */
    bool gone;               /* the inner exporter is destroyed */
    bool alone;              /* the SDK did not wait for that: the thread frees all */
    spw_export_done_fn done; /* NULL: cancelled */
    void *token;
};

static void destroy_inner(struct adapter *a)
{
    if (a->inner->destroy)
        a->inner->destroy(a->inner);
}

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

static void *exporter_thread(void *arg)
{
    struct adapter *a = arg;
    spw_error error = SPW_ERROR_INIT;
    spw__thread_suppress();
    if (a->inner->start && a->inner->start(a->inner, NULL, &error) != SPW_OK)
        spw__diag(SPW_LOG_ERROR, "exporter %s did not start: %s", a->inner->name, error.text);
    pthread_mutex_lock(&a->lock);
    for (;;) {
        while (!a->left && !a->batch)
            pthread_cond_wait(&a->wake, &a->lock);
        if (a->left)
            break;
        a->running = true;
        pthread_mutex_unlock(&a->lock);
        a->inner->submit(a->inner, a->batch, inner_done, a);
        pthread_mutex_lock(&a->lock);
        while (a->running)
            pthread_cond_wait(&a->wake, &a->lock);
    }
    pthread_mutex_unlock(&a->lock);
    destroy_inner(a);
    pthread_mutex_lock(&a->lock);
    a->gone = true;
    bool alone = a->alone;
    pthread_cond_broadcast(&a->wake);
    pthread_mutex_unlock(&a->lock);
    if (alone)
        free_adapter(a);
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

static void adapter_cancel(spw_exporter *self)
{
    struct adapter *a = (struct adapter *)self;
    pthread_mutex_lock(&a->lock);
    a->done = NULL;
    pthread_mutex_unlock(&a->lock);
}

/* With the lock. Whether the exporter is destroyed before it is not worth waiting any longer. */
static bool await_parting(struct adapter *a)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += PARTING_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    int rc = 0;
    while (!a->gone && rc != ETIMEDOUT)
        rc = pthread_cond_timedwait(&a->wake, &a->lock, &until);
    return a->gone;
}

/* Tells the thread to go. One that blocks is left behind, and frees everything when it can. */
static void adapter_destroy(spw_exporter *self)
{
    struct adapter *a = (struct adapter *)self;
    pthread_t thread = a->thread;
    pthread_mutex_lock(&a->lock);
    a->done = NULL;
    a->left = true;
    pthread_cond_broadcast(&a->wake);
    bool gone = !a->batch && await_parting(a);
    a->alone = !gone;
    pthread_mutex_unlock(&a->lock);
    if (gone) {
        pthread_join(thread, NULL);
        free_adapter(a);
    } else {
        pthread_detach(thread);
    }
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
                              .submit = adapter_submit, .cancel = adapter_cancel, .destroy = adapter_destroy };
    a->inner = inner;
    pthread_mutex_init(&a->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&a->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);

    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&a->thread, NULL, exporter_thread, a);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc) {
        spw__fail(error, SPW_ERR_SYSTEM, "no thread for exporter %s; check the limit of processes (ulimit -u)", inner->name);
        destroy_inner(a);
        free_adapter(a);
        return NULL;
    }
    return &a->base;
}
