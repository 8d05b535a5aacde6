/* Start, flush, shutdown and exit. */
#include "sdk/sdk.h"

#include <stdlib.h>

#include "sdk/adapter.h"
#include "sdk/config.h"
#include "sdk/diag.h"
#include "sdk/lifecycle.h"
#include "sdk/pump.h"
#include "sdk/worker_build.h"

#define DEFAULT_TIMEOUT_MS 5000u
#define REFUSED_MS 1000u /* a shutdown with the default time waits no longer for a receiver that refuses connections */
#define USERS_MS 1000u   /* for threads that have the answer to their flush to return with it */
#define QUIESCE_MS 100u  /* for threads inside a recording call when the gate closes: nanoseconds, unless the system stops them */

/* Whoever wants to wait for ever has named no time either: what flushes has an end always. */
static bool is_default(uint32_t timeout_ms)
{
    return timeout_ms == SPW_DEFAULT_TIMEOUT_MS || timeout_ms == SPW_NEVER;
}

static uint32_t timeout_of(uint32_t timeout_ms)
{
    if (is_default(timeout_ms))
        return DEFAULT_TIMEOUT_MS;
    return timeout_ms == SPW_NOW ? 0 : timeout_ms;
}

/* ---- start ---- */

/*
 * Exit handlers behind ours take down what the worker may stand in: the TLS library, while it reads certificates. So it is waited for, though
 * what it does is for nobody any more; also when a shutdown has left it behind.
 */
static void await_left(uint32_t timeout_ms)
{
    if (spw__sdk.left && !spw__worker_current())
        (void)spw__worker_join(spw__sdk.left, timeout_ms > SPW__GRACE_MS ? timeout_ms : SPW__GRACE_MS);
}

/*
 * Runs at exit() and at return from main, if the program did not shut down itself: delivers what is left, for at most exit_timeout_ms and
 * not at all when nobody listens.
 */
static void at_exit(void)
{
    if (!spw__engine_current())
        return; /* a forked child */
    struct spw__countdown time = spw__countdown_from(spw__sdk.exit_timeout_ms);
    struct spw__diag_kept said;
    /* Who holds the lock may be a thread that shuts down: it gets our time. This one does, when what we call under it has called exit(). */
    if (spw__lifecycle_held() || !spw__lifecycle_lock_within(&said, &time))
        return;
    struct spw__worker *worker = spw__sdk.worker;
    if (worker) {
        spw__pump_close(worker);
        worker->quiet = spw__engine_close(worker->engine, QUIESCE_MS);
        if (spw__worker_current() != worker)
            (void)spw__worker_flush(worker, spw__countdown_left_ms(&time), true, 0);
        spw__sdk.left = worker; /* its memory stays: other threads may still run */
        spw__sdk_set_worker(NULL);
        await_left(0);
        if (worker->quiet && spw__sdk_await_users(0))
            (void)spw__extensions_shutdown(&worker->extensions, spw__countdown_left_ms(&time));
    }
    await_left(spw__countdown_left_ms(&time));
    spw__lifecycle_unlock(&said);
}

static spw_result already_started(spw_error *error)
{
    return spw__fail(error, SPW_ERR_ALREADY_STARTED, "spw_start(): already started; call it once, or shut down first");
}

/*
 * What the last shutdown had to leave behind. A worker goes on with the rows until its exporter lets go of it: two at once would give back
 * the same memory twice. A thread that stood inside a recording call still writes to them: they cannot be cleared under it.
 */
static spw_result release_left(spw_error *error)
{
    struct spw__worker *left = spw__sdk.left;
    if (!left)
        return SPW_OK;
    if (!spw__worker_join(left, 0) || spw__worker_lends(left))
        return spw__fail(error, SPW_ERR_ALREADY_STARTED,
                         "spw_start(): an exporter still holds what it had before the shutdown; start when it has answered");
    if (!left->quiet && !(left->quiet = spw__engine_close(left->engine, QUIESCE_MS)))
        return spw__fail(error, SPW_ERR_ALREADY_STARTED,
                         "spw_start(): a thread still stands inside a recording call that it entered before the shutdown; start when it has "
                         "gone on (it was stopped, is starved of processor time, or a callback in the call does not return)");
    if (!spw__sdk_await_users(USERS_MS))
        return spw__fail(error, SPW_ERR_ALREADY_STARTED,
                         "spw_start(): a thread is still inside a spw_flush() or spw_pump_step(); start when it has returned");
    (void)spw__extensions_shutdown(&left->extensions, 0);
    spw__worker_free(left, 0);
    spw__sdk.left = NULL;
    return SPW_OK;
}

static spw_result start_configured(struct spw__config *config, spw_error *error)
{
    struct spw__worker *worker = NULL;
    spw_result result = spw__worker_build(&worker, config, error);
    if (result != SPW_OK)
        return result;
    (void)atexit(at_exit); /* at each start: after the TLS library's own handler, so that it runs before it */
    spw__sdk.exit_timeout_ms = config->exit_timeout_ms;
    spw__sdk_set_worker(worker);
    __atomic_store_n(&spw__sdk.engine, worker->engine, __ATOMIC_RELEASE);
    __atomic_store_n(&spw__sdk.pipeline_count, (uint32_t)config->pipeline_count, __ATOMIC_RELEASE);
    spw__engine_open();
    spw__pump_open(worker);
    return SPW_OK;
}

/* Whether the running SDK has an exporter, a processor or a sampler already. */
static bool in_use(const void *arg, const void *object)
{
    const struct spw__worker *worker = arg;
    if (!worker)
        return false; /* not yet, or not any more */
    bool found = worker->extensions.sampler == object;
    for (uint32_t i = 0; i < worker->pipeline_count; i++)
        found |= spw__adapter_inner(worker->pipelines[i].flights[0].exporter) == object; /* of an object there is only one */
    for (uint32_t i = 0; i < worker->extensions.processor_count; i++)
        found |= worker->extensions.processors[i] == object;
    return found;
}

static spw_result start_locked(const spw_options *options, spw_error *error)
{
    if (spw__sdk.worker) {
        spw__config_discard(options, in_use, spw__sdk.worker);
        return already_started(error);
    }
    struct spw__config config;
    spw_result result = spw__config_load(&config, options, error);
    if (result == SPW_OK && !config.disabled)
        result = release_left(error);
    if (result == SPW_OK && !config.disabled)
        result = start_configured(&config, error);
    if (result == SPW_OK)
        __atomic_store_n(&spw__sdk.disabled, config.disabled, __ATOMIC_RELEASE);
    spw__config_free(&config);
    return result;
}

/* Where the caller wants to read why: his options may be of another version, shorter or longer, but must reach that far. */
static spw_error *error_of(const spw_options *options, spw_error *otherwise)
{
    bool told = options && options->struct_size >= offsetof(spw_options, error) + sizeof options->error &&
                options->struct_size <= SPW__MAX_OPTIONS_SIZE && options->error;
    return told ? options->error : otherwise;
}

spw_result spw_start(const spw_options *options)
{
    spw__sdk_forget_parent_of_clone();
    spw_error scratch = SPW_ERROR_INIT;
    spw_error *error = error_of(options, &scratch);
    *error = scratch;
    const struct spw__worker *calling = spw__worker_current();
    if (calling || spw__lifecycle_held()) {
        spw__config_discard(options, in_use, calling ? calling : spw__sdk.worker);
        return already_started(error);
    }
    struct spw__diag_kept said;
    spw__lifecycle_lock(&said);
    spw_result result = start_locked(options, error);
    spw__lifecycle_unlock(&said);
    return result;
}

/* ---- flush and shutdown ---- */

spw_result spw_flush(uint32_t timeout_ms)
{
    if (__atomic_load_n(&spw__sdk.disabled, __ATOMIC_ACQUIRE))
        return SPW_OK; /* nothing is recorded, so nothing is left */
    if (spw__worker_current())
        return SPW_ERR_INVALID; /* it would wait for itself */
    if (!spw__engine_current())
        return SPW_ERR_NOT_STARTED;
    struct spw__worker *worker = spw__sdk_enter(); /* without the lock: neither waits for the other, a shutdown ends the flush */
    if (!worker)
        return SPW_ERR_NOT_STARTED;
    int cancelling;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancelling); /* or a lock of the worker's would be held for ever */
    /* First the processors: what they record while they finish is delivered, too. */
    struct spw__countdown time = spw__countdown_from(timeout_of(timeout_ms));
    spw_result processed = spw__extensions_flush(&worker->extensions, spw__countdown_left_ms(&time));
    spw_result result = spw__worker_flush(worker, spw__countdown_left_ms(&time), false, 0);
    spw__sdk_leave();
    pthread_setcancelstate(cancelling, NULL);
    return result == SPW_OK ? processed : result;
}

/* Whether no thread is inside a recording call. */
static bool close_gate(struct spw__worker *worker, const struct spw__countdown *time)
{
    uint32_t left_ms = spw__countdown_left_ms(time);
    return spw__engine_close(worker->engine, left_ms < QUIESCE_MS ? left_ms : QUIESCE_MS);
}

/* Stops the worker, shuts down the processors and frees what nobody holds any more. With the lifecycle's lock. */
static spw_result stop(struct spw__worker *worker, const struct spw__countdown *time, uint32_t refused_ms)
{
    spw__pump_close(worker);
    worker->quiet = close_gate(worker, time);
    spw_result result = spw__worker_flush(worker, spw__countdown_left_ms(time), true, refused_ms);
    spw__sdk_set_worker(NULL);
    spw__sdk.left = worker;
    bool joined = spw__worker_join(worker, SPW__GRACE_MS), over = joined && !spw__worker_lends(worker);
    if (!worker->quiet) /* another look: it may have gone on meanwhile */
        worker->quiet = close_gate(worker, time);
    bool alone = over && worker->quiet && spw__sdk_await_users(USERS_MS);
    if (worker->quiet && spw__sdk_await_users(0)) { /* before the exporters: one of those that does not come back would take all the time */
        spw_result processed = spw__extensions_shutdown(&worker->extensions, spw__countdown_left_ms(time));
        result = result == SPW_OK ? processed : result;
    }
    if (over)
        spw__worker_finish_pipelines(worker, spw__countdown_left_ms(time));
    if (alone) {
        spw__worker_free(worker, 0);
        spw__sdk.left = NULL;
        return result;
    }
    /* An exporter holds the worker or a batch, or a thread inside a recording call may yet wake it: its memory is left to them. */
    if (!joined)
        spw__diag(SPW_LOG_WARN, "shutdown: the worker did not stop in time and is left behind; an exporter blocks it");
    if (worker->extensions.processor_count && !worker->extensions.shut)
        spw__diag(SPW_LOG_WARN, "shutdown: a thread still stands inside a recording call or a flush; the processors are left as they are");
    return result;
}

/* With the lifecycle's lock, which it may have taken some of the time to get. */
static spw_result shut_down_locked(uint32_t timeout_ms, const struct spw__countdown *time)
{
    __atomic_store_n(&spw__sdk.disabled, false, __ATOMIC_RELEASE);
    if (!spw__sdk.worker)
        return SPW_OK;
    /* Who named no time has no reason to believe that a receiver will yet appear. */
    return stop(spw__sdk.worker, time, is_default(timeout_ms) ? REFUSED_MS : time->timeout_ms);
}

spw_result spw_shutdown(uint32_t timeout_ms)
{
    if (spw__worker_current() || spw__lifecycle_held())
        return SPW_ERR_INVALID; /* it would wait for itself */
    if (!spw__engine_current()) {
        __atomic_store_n(&spw__sdk.disabled, false, __ATOMIC_RELEASE);
        return SPW_OK; /* never started, or a forked child: nothing to do */
    }
    struct spw__countdown time = spw__countdown_from(timeout_of(timeout_ms)), patience = time;
    if (patience.timeout_ms < SPW__GRACE_MS)
        patience.timeout_ms = SPW__GRACE_MS; /* a start or a shutdown that is just about to end */
    struct spw__diag_kept said;
    if (!spw__lifecycle_lock_within(&said, &patience))
        return SPW_ERR_TIMEOUT;
    spw_result result = shut_down_locked(timeout_ms, &time);
    spw__lifecycle_unlock(&said);
    return result;
}
