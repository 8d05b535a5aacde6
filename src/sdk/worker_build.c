#include "sdk/worker_build.h"

#include <spanwire/allocator.h>
#include <string.h>

#include "record/platform.h"
#include "sdk/adapter.h"
#include "sdk/diag.h"
#include "sdk/lifecycle.h"
#include "sdk/registry.h"
#include "sdk/resource.h"
#include "sdk/sdk.h"

/* ---- its parts ---- */

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

static spw_result build(struct spw__config *config, struct spw__worker *worker, spw_error *error)
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

spw_result spw__worker_build(struct spw__worker **out, struct spw__config *config, spw_error *error)
{
    spw_exporters_register_builtin();
    struct spw__worker *worker = spw_allocate_zeroed(1, sizeof *worker);
    if (!worker)
        return spw__fail(error, SPW_ERR_NO_MEMORY, "no memory for the worker");
    spw__extensions_take(&worker->extensions, config);
    spw_result result = build(config, worker, error);
    if (result != SPW_OK)
        spw__worker_free(worker, 0);
    else
        *out = worker;
    return result;
}

/* ---- its end ---- */

bool spw__worker_lends(const struct spw__worker *worker)
{
    bool lent = false;
    for (uint32_t i = 0; i < worker->pipeline_count; i++)
        lent |= spw__pipeline_lends(&worker->pipelines[i]);
    return lent || !spw__worker_await_answers(worker);
}

void spw__worker_finish_pipelines(struct spw__worker *worker, uint32_t timeout_ms)
{
    uint64_t until = spw__mono_ns() + (timeout_ms > SPW__GRACE_MS ? timeout_ms : SPW__GRACE_MS) * 1000000ull;
    for (uint32_t i = 0; i < worker->pipeline_count; i++)
        for (uint32_t j = 0; worker->pipelines[i].flights && j < worker->pipelines[i].config.max_concurrent_exports; j++)
            spw__adapter_dismiss(worker->pipelines[i].flights[j].exporter, until);
    for (uint32_t i = 0; i < worker->pipeline_count; i++)
        spw__pipeline_fini(&worker->pipelines[i]);
    worker->pipeline_count = 0;
}

void spw__worker_free(struct spw__worker *worker, uint32_t timeout_ms)
{
    spw__worker_finish_pipelines(worker, timeout_ms);
    spw__loop_destroy(worker->loop);
    spw__extensions_destroy(&worker->extensions);
    spw_free(worker->resource);
    spw_free(worker);
}
