/* Start, flush, shutdown, exit and what a forked child sees of them. */
#include "sdk/sdk.h"

#include <spanwire/allocator.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "record/platform.h"
#include "sdk/adapter.h"
#include "sdk/config.h"
#include "sdk/diag.h"
#include "sdk/last_thread.h"
#include "sdk/pump.h"
#include "sdk/registry.h"
#include "sdk/resource.h"

#define DEFAULT_TIMEOUT_MS 5000u
#define JOIN_MS 50u     /* for a worker that has not answered in its time */
#define REFUSED_MS 1000u /* a shutdown with the default time waits no longer for a receiver that refuses connections */
#define USERS_MS 1000u  /* for threads that have the answer to their flush to return with it */
#define QUIESCE_MS 100u /* for threads inside a recording call when the gate closes: nanoseconds, unless the system stops them */

struct spw__sdk spw__sdk = { .lifecycle = PTHREAD_MUTEX_INITIALIZER, .users_lock = PTHREAD_MUTEX_INITIALIZER, .pump_fd = -1 };

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

/* A time limit, and what is left of it. */
struct countdown {
    uint64_t begun_ns;
    uint32_t timeout_ms;
};

static struct countdown countdown_from(uint32_t timeout_ms)
{
    return (struct countdown){ spw__mono_ns(), timeout_ms };
}

static uint32_t left_of(const struct countdown *time)
{
    uint64_t spent = (spw__mono_ns() - time->begun_ns) / 1000000;
    return spent < time->timeout_ms ? time->timeout_ms - (uint32_t)spent : 0;
}

/* On the monotonic clock, which no static initialiser gives: nobody is to wait an hour because somebody has set the wall clock back by one. */
static void make_condition(void)
{
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&spw__sdk.unused, &attr);
    pthread_condattr_destroy(&attr);
}

/* In a forked child everything starts anew, and what was the parent's is left untouched: a worker that does not run here, a lock that
 * another thread held at the time, perhaps inside its first spw_start(). */
static void forget_parent(void)
{
    spw__sdk = (struct spw__sdk){ .pump_fd = -1 };
    pthread_mutex_init(&spw__sdk.lifecycle, NULL);
    pthread_mutex_init(&spw__sdk.users_lock, NULL);
    make_condition();
    spw__worker_forget();
    spw__last_thread_forget();
}

__attribute__((constructor)) static void prepare(void)
{
    make_condition();
    (void)pthread_atfork(NULL, NULL, forget_parent);
}

/* After a raw clone no such handler has run. The gate page tells, because the kernel has wiped it, once a start has come to its end. */
static void forget_parent_of_clone(void)
{
    if (__atomic_load_n(&spw__sdk.engine, __ATOMIC_RELAXED) && !spw__engine_current())
        forget_parent();
}

/* The lifecycle's lock. The program's log function hears what is said under it afterwards: it may wait for a lock of the program's, whose
 * holder waits for this one. */
static void lock(struct spw__diag_kept *said)
{
    pthread_mutex_lock(&spw__sdk.lifecycle);
    spw__diag_keep(said);
}

static void unlock(struct spw__diag_kept *said)
{
    pthread_mutex_unlock(&spw__sdk.lifecycle);
    spw__diag_say_kept(said);
}

/* ---- threads that use the worker ---- */

/* With the lifecycle's lock. */
static struct spw__worker *enter(void)
{
    pthread_mutex_lock(&spw__sdk.users_lock);
    spw__sdk.users += spw__sdk.worker != NULL;
    pthread_mutex_unlock(&spw__sdk.users_lock);
    return spw__sdk.worker;
}

bool spw__sdk_try_enter(struct spw__worker **worker)
{
    if (pthread_mutex_trylock(&spw__sdk.lifecycle) != 0)
        return false;
    *worker = enter();
    pthread_mutex_unlock(&spw__sdk.lifecycle);
    return true;
}

void spw__sdk_leave(void)
{
    pthread_mutex_lock(&spw__sdk.users_lock);
    if (--spw__sdk.users == 0)
        pthread_cond_broadcast(&spw__sdk.unused);
    pthread_mutex_unlock(&spw__sdk.users_lock);
}

/* Those of a worker that has stopped have their answer, and only have to take it. */
static bool await_users(uint32_t timeout_ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(timeout_ms / 1000);
    pthread_mutex_lock(&spw__sdk.users_lock);
    while (timeout_ms && spw__sdk.users && pthread_cond_timedwait(&spw__sdk.unused, &spw__sdk.users_lock, &until) == 0)
        ;
    bool none = !spw__sdk.users;
    pthread_mutex_unlock(&spw__sdk.users_lock);
    return none;
}

/* ---- start ---- */

static spw_exporter *make_exporter(struct spw__config *config, struct spw__pipeline_config *pipeline, spw_error *error)
{
    spw_exporter *exporter = pipeline->exporter;
    pipeline->exporter = NULL; /* the config owned it until now */
    if (!exporter) {
        const spw_exporter_settings settings = { .struct_size = sizeof settings, .otlp = &config->otlp,
                                                 .user_agent_prefix = config->user_agent_prefix, .log_fn = spw__diag_line };
        exporter = spw__exporter_make(pipeline->exporter_name, &settings, error);
        if (!exporter)
            spw__diag(SPW_LOG_ERROR, "%s", error->text); /* a factory fills *error, and says nothing */
    }
    if (!exporter || !(exporter->flags & SPW_EXPORTER_BLOCKS))
        return exporter;
    if (config->pump)
        spw__diag(SPW_LOG_INFO, "exporter %s blocks: it has a thread of its own, in pump mode too", exporter->name);
    return spw__adapter_new(exporter, error);
}

static struct spw__engine *configure_engine(const struct spw__config *config, struct spw__worker *worker, spw_error *error)
{
    struct spw__engine_settings settings = {
        .layout = SPW__ENGINE_LAYOUT,
        .lane_count = (uint32_t)config->pipeline_count,
        .limits = { .attributes = config->limits.attributes,
                    .events = config->limits.events,
                    .links = config->limits.links,
                    .event_attributes = config->limits.event_attributes,
                    .link_attributes = config->limits.link_attributes,
                    .value_length = config->limits.value_length,
                    .span_bytes = config->limits.span_bytes },
        .open_spans = config->limits.open_spans,
        .buffer_bytes = config->limits.buffer_bytes,
        .overflow_bytes = config->limits.overflow_bytes,
        .pinned_keys = (const char *const *)config->limits.pinned_keys,
        .pinned_key_count = config->limits.pinned_key_count,
        .wake = spw__worker_wake,
        .wake_arg = worker,
        .hooks = spw__extensions_hooks(&worker->extensions, (spw_view){ (const char *)worker->resource, worker->resource_size }),
        .clock = worker->extensions.clock,
    };
    if (spw__engine_layout() != SPW__ENGINE_LAYOUT) {
        spw__fail(error, SPW_ERR_MISMATCH, "libspanwire and libspanwire-sdk are of different versions; install both from one release");
        return NULL;
    }
    for (size_t i = 0; i < config->pipeline_count; i++) {
        settings.lane_limits[i] = config->pipelines[i].max_queue_size;
        settings.lane_wake_at[i] = config->pipelines[i].max_export_batch_size;
    }
    struct spw__engine *engine = spw__engine_configure(&settings);
    if (!engine)
        spw__fail(error, SPW_ERR_NO_MEMORY, "no address space for the recording engine; check the limit of virtual memory (ulimit -v)");
    return engine;
}

/* Somebody may be reading the statistics: no byte of these is written but as part of a word. */
static void clear_account(struct spw__account *account)
{
    uint64_t *words = (uint64_t *)(void *)account;
    for (size_t i = 0; i < sizeof *account / sizeof *words; i++)
        __atomic_store_n(&words[i], 0, __ATOMIC_RELAXED);
}

static void name_account(struct spw__account *account, const char *name)
{
    struct spw__account named = { .name = "" };
    strncpy(named.name, name ? name : "unnamed", sizeof named.name - 1);
    for (size_t i = 0; i < SPW__ACCOUNT_NAME_WORDS; i++)
        __atomic_store_n(&account->name_words[i], named.name_words[i], __ATOMIC_RELAXED);
}

static spw_result build_pipeline(struct spw__config *config, uint32_t at, struct spw__worker *worker, spw_view resource, spw_error *error)
{
    struct spw__pipeline_config *from = &config->pipelines[at];
    struct spw__pipeline *pipeline = &worker->pipelines[at];
    struct spw__account *account = &spw__sdk.accounts[at];
    worker->pipeline_count = at + 1;
    if (spw__pipeline_init(pipeline, worker, worker->engine, at, from, resource, account) != SPW_OK)
        return spw__fail(error, SPW_ERR_NO_MEMORY, "no memory for pipeline %u", at);
    for (uint32_t i = 0; i < from->max_concurrent_exports; i++) {
        spw_exporter *exporter = make_exporter(config, from, error);
        if (!exporter)
            return error->code ? error->code : SPW_ERR_INVALID;
        name_account(account, exporter->name);
        spw__pipeline_take_exporter(pipeline, i, exporter);
    }
    return SPW_OK;
}

static spw_result build_pipelines(struct spw__config *config, struct spw__worker *worker, spw_view resource, spw_error *error)
{
    spw_result result = SPW_OK;
    for (size_t i = 0; i < SPW__MAX_PIPELINES; i++)
        clear_account(&spw__sdk.accounts[i]);
    for (uint32_t i = 0; result == SPW_OK && i < config->pipeline_count; i++)
        result = build_pipeline(config, i, worker, resource, error);
    return result;
}

/*
 * The worker has gone and no batch is lent: nobody knows the exporters any more, not even who still stands inside a flush or a recording call.
 * Those on threads of their own have that time to come to an end; at least JOIN_MS. The accounts stay.
 */
static void finish_pipelines(struct spw__worker *worker, uint32_t timeout_ms)
{
    uint64_t until = spw__mono_ns() + (timeout_ms > JOIN_MS ? timeout_ms : JOIN_MS) * 1000000ull;
    for (uint32_t i = 0; i < worker->pipeline_count; i++)
        for (uint32_t j = 0; worker->pipelines[i].flights && j < worker->pipelines[i].config.max_concurrent_exports; j++)
            spw__adapter_dismiss(worker->pipelines[i].flights[j].exporter, until);
    for (uint32_t i = 0; i < worker->pipeline_count; i++)
        spw__pipeline_fini(&worker->pipelines[i]);
    worker->pipeline_count = 0;
}

static void free_worker(struct spw__worker *worker, uint32_t timeout_ms)
{
    finish_pipelines(worker, timeout_ms);
    spw__loop_destroy(worker->loop);
    spw__extensions_destroy(&worker->extensions);
    spw_free(worker->resource);
    spw_free(worker);
}

/*
 * Exit handlers behind ours take down what the worker may stand in: the TLS library, while it reads certificates. So it is waited for, though
 * what it does is for nobody any more; also when a shutdown has left it behind.
 */
static void await_left(uint32_t timeout_ms)
{
    if (spw__sdk.left && !spw__worker_current())
        (void)spw__worker_join(spw__sdk.left, timeout_ms > JOIN_MS ? timeout_ms : JOIN_MS);
}

/*
 * Runs at exit() and at return from main, if the program did not shut down itself: delivers what is left, for at most exit_timeout_ms and
 * not at all when nobody listens.
 */
static void at_exit(void)
{
    if (!spw__engine_current())
        return; /* a forked child */
    uint32_t timeout = spw__sdk.exit_timeout_ms;
    const struct timespec pause = { 0, 1000000 };
    /* Who holds the lock may be a thread that shuts down: it gets our time. Or this one, inside a log function; then the time is lost. */
    while (pthread_mutex_trylock(&spw__sdk.lifecycle) != 0) {
        if (!timeout)
            return;
        timeout--;
        nanosleep(&pause, NULL);
    }
    struct spw__diag_kept said;
    spw__diag_keep(&said);
    struct spw__worker *worker = spw__sdk.worker;
    struct countdown time = countdown_from(timeout);
    if (worker) {
        spw__pump_close(worker);
        worker->quiet = spw__engine_close(worker->engine, QUIESCE_MS);
        if (spw__worker_current() != worker)
            (void)spw__worker_flush(worker, timeout, true, 0);
        spw__sdk.left = worker; /* its memory stays: other threads may still run */
        spw__sdk.worker = NULL;
        await_left(0);
        if (worker->quiet && await_users(0))
            (void)spw__extensions_shutdown(&worker->extensions, left_of(&time));
    }
    await_left(left_of(&time));
    unlock(&said);
}

static spw_result start_worker(struct spw__config *config, struct spw__worker *worker, spw_error *error)
{
    worker->pumped = config->pump;
    worker->loop = spw__loop_new(error);
    if (!worker->loop)
        return error->code;
    const struct spw_resource_builder *resource = &config->resource;
    const char *schema_url = resource->conflict ? NULL : resource->schema_url;
    if (spw__resource_encode(resource->attrs, resource->count, schema_url, &worker->resource, &worker->resource_size) != SPW_OK)
        return spw__fail(error, SPW_ERR_NO_MEMORY, "no memory for the resource");
    worker->engine = configure_engine(config, worker, error);
    if (!worker->engine)
        return error->code;
    spw_result result = build_pipelines(config, worker, (spw_view){ (const char *)worker->resource, worker->resource_size }, error);
    if (result != SPW_OK)
        return result;
    return spw__worker_start(worker, error);
}

/* Whether an exporter that cannot be cancelled still has a batch. */
static bool lends(const struct spw__worker *worker)
{
    bool lent = false;
    for (uint32_t i = 0; i < worker->pipeline_count; i++)
        lent |= spw__pipeline_lends(&worker->pipelines[i]);
    return lent;
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
    if (!spw__worker_join(left, 0) || lends(left))
        return spw__fail(error, SPW_ERR_ALREADY_STARTED,
                         "spw_start(): an exporter still holds what it had before the shutdown; start when it has answered");
    if (!left->quiet && !(left->quiet = spw__engine_close(left->engine, QUIESCE_MS)))
        return spw__fail(error, SPW_ERR_ALREADY_STARTED,
                         "spw_start(): a thread still stands inside a recording call that it entered before the shutdown; start when it has "
                         "gone on (it was stopped, is starved of processor time, or a callback in the call does not return)");
    if (!await_users(USERS_MS))
        return spw__fail(error, SPW_ERR_ALREADY_STARTED,
                         "spw_start(): a thread is still inside a spw_flush() or spw_pump_step(); start when it has returned");
    (void)spw__extensions_shutdown(&left->extensions, 0);
    free_worker(left, 0);
    spw__sdk.left = NULL;
    return SPW_OK;
}

static spw_result start_configured(struct spw__config *config, spw_error *error)
{
    spw_exporters_register_builtin();
    struct spw__worker *worker = spw_allocate_zeroed(1, sizeof *worker);
    if (!worker)
        return spw__fail(error, SPW_ERR_NO_MEMORY, "no memory for the worker");
    spw__extensions_take(&worker->extensions, config);
    spw_result result = start_worker(config, worker, error);
    if (result != SPW_OK) {
        free_worker(worker, 0);
        return result;
    }
    (void)atexit(at_exit); /* at each start: after the TLS library's own handler, so that it runs before it */
    spw__sdk.exit_timeout_ms = config->exit_timeout_ms;
    spw__sdk.worker = worker;
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
    forget_parent_of_clone();
    spw_error scratch = SPW_ERROR_INIT;
    spw_error *error = error_of(options, &scratch);
    *error = scratch;
    const struct spw__worker *calling = spw__worker_current();
    if (calling) { /* the lock may be this thread's own already */
        spw__config_discard(options, in_use, calling);
        return already_started(error);
    }
    struct spw__diag_kept said;
    lock(&said);
    spw_result result = start_locked(options, error);
    unlock(&said);
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
    /* The lock is not held while we wait: a shutdown need not wait for us, it ends the flush. */
    pthread_mutex_lock(&spw__sdk.lifecycle);
    struct spw__worker *worker = enter();
    pthread_mutex_unlock(&spw__sdk.lifecycle);
    if (!worker)
        return SPW_ERR_NOT_STARTED;
    /* First the processors: what they record while they finish is delivered, too. */
    struct countdown time = countdown_from(timeout_of(timeout_ms));
    spw_result processed = spw__extensions_flush(&worker->extensions, left_of(&time));
    spw_result result = spw__worker_flush(worker, left_of(&time), false, 0);
    spw__sdk_leave();
    return result == SPW_OK ? processed : result;
}

/* Stops the worker, shuts down the processors and frees what nobody holds any more. With the lifecycle's lock. */
static spw_result stop(struct spw__worker *worker, uint32_t timeout_ms)
{
    struct countdown time = countdown_from(timeout_of(timeout_ms));
    spw__pump_close(worker);
    worker->quiet = spw__engine_close(worker->engine, time.timeout_ms < QUIESCE_MS ? time.timeout_ms : QUIESCE_MS);
    /* Who named no time has no reason to believe that a receiver will yet appear. */
    uint32_t refused = is_default(timeout_ms) ? REFUSED_MS : time.timeout_ms;
    spw_result result = spw__worker_flush(worker, left_of(&time), true, refused);
    spw__sdk.worker = NULL;
    spw__sdk.left = worker;
    bool joined = spw__worker_join(worker, JOIN_MS), over = joined && !lends(worker);
    if (!worker->quiet) /* another look: it may have gone on meanwhile */
        worker->quiet = spw__engine_close(worker->engine, left_of(&time) < QUIESCE_MS ? left_of(&time) : QUIESCE_MS);
    bool alone = over && worker->quiet && await_users(USERS_MS);
    if (worker->quiet && await_users(0)) { /* before the exporters: one of those that does not come back would take all the time */
        spw_result processed = spw__extensions_shutdown(&worker->extensions, left_of(&time));
        result = result == SPW_OK ? processed : result;
    }
    if (over)
        finish_pipelines(worker, left_of(&time));
    if (alone) {
        free_worker(worker, 0);
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

spw_result spw_shutdown(uint32_t timeout_ms)
{
    if (spw__worker_current())
        return SPW_ERR_INVALID; /* it would wait for itself */
    __atomic_store_n(&spw__sdk.disabled, false, __ATOMIC_RELEASE);
    if (!spw__engine_current())
        return SPW_OK; /* never started, or a forked child: nothing to do */
    struct spw__diag_kept said;
    lock(&said);
    spw_result result = spw__sdk.worker ? stop(spw__sdk.worker, timeout_ms) : SPW_OK;
    unlock(&said);
    return result;
}
