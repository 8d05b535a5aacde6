/* Options over environment over defaults, into one model. */
#include "sdk/config.h"

#include <stdlib.h>
#include <string.h>

#include "sdk/config_env.h"
#include "sdk/diag.h"

/* What the recording engine reserves places for (record/slot.h, finish.h, engine.c, segment.h). */
#define MIN_SPAN_BYTES 880u
#define MAX_SPAN_BYTES (1024u * 1024u)
#define MAX_ATTRIBUTES 2048u
#define MAX_OPEN_SPANS (1u << 18)
#define MAX_OVERFLOW_BYTES (256ull << 20)
#define MAX_BUFFER_BYTES (4ull << 30)
#define MAX_NAME_BYTES 64 /* of an exporter */

static const struct spw__pipeline_config default_pipeline = {
    .max_queue_size = 2048, .max_export_batch_size = 512, .schedule_delay_ms = 5000, .export_timeout_ms = 30000
};

static void set_defaults(struct spw__config *out)
{
    memset(out, 0, sizeof *out);
    out->sampler = SPW__SAMPLER_PARENTBASED_ALWAYS_ON;
    out->limits.attributes = out->limits.events = out->limits.links = 128;
    out->limits.event_attributes = out->limits.link_attributes = 128;
    out->limits.value_length = UINT32_MAX;
    out->limits.span_bytes = MAX_SPAN_BYTES;
    out->limits.open_spans = 16384;
    out->limits.buffer_bytes = out->limits.overflow_bytes = 64u * 1024u * 1024u;
    out->exit_timeout_ms = 1000;
    out->log_level = SPW_LOG_INFO;
}

/* A caller built against an older header has a shorter struct, one against a newer a longer: what is missing is zero. */
static bool options_copy(spw_options *out, const spw_options *options)
{
    static const spw_options init = SPW_OPTIONS_INIT;
    *out = init;
    if (!options)
        return true;
    if (options->struct_size < offsetof(spw_options, service_version) || options->struct_size > SPW__MAX_OPTIONS_SIZE)
        return false;
    memcpy(out, options, options->struct_size < sizeof *out ? options->struct_size : sizeof *out);
    return true;
}

static bool pipeline_copy(spw_pipeline_options *out, const spw_options *options, size_t index)
{
    static const spw_pipeline_options init = SPW_PIPELINE_OPTIONS_INIT;
    size_t stride = options->pipelines->struct_size; /* the caller's sizeof, the same for all */
    const spw_pipeline_options *from = (const void *)((const char *)options->pipelines + index * stride);
    *out = init;
    if (stride < offsetof(spw_pipeline_options, max_queue_size) || stride > 4096 || stride % _Alignof(spw_pipeline_options) ||
        from->struct_size != stride)
        return false;
    memcpy(out, from, stride < sizeof *out ? stride : sizeof *out);
    return true;
}

static bool owns(const struct spw__config *config, const spw_exporter *exporter)
{
    for (size_t i = 0; i < SPW__MAX_PIPELINES; i++) {
        if (config->pipelines[i].exporter == exporter)
            return true;
    }
    return false;
}

static void exporter_destroy(spw_exporter *exporter)
{
    if (exporter && exporter->destroy)
        exporter->destroy(exporter);
}

/* "spw_start() takes it over, also when it fails": before anything can fail, so that free destroys every one of them, once. */
static spw_result adopt_exporters(struct spw__config *out, const spw_options *options, spw_error *error)
{
    if (options->pipeline_count && !options->pipelines)
        return spw__fail(error, SPW_ERR_INVALID, "pipeline_count is set, but pipelines is NULL");
    spw_result result = SPW_OK;
    for (size_t i = 0; i < options->pipeline_count && i < SPW__MAX_PIPELINES; i++) {
        spw_pipeline_options from;
        if (!pipeline_copy(&from, options, i))
            return spw__fail(error, SPW_ERR_INVALID, "pipelines[%zu].struct_size is wrong; begin each with SPW_PIPELINE_OPTIONS_INIT", i);
        if (from.exporter && owns(out, from.exporter))
            result = spw__fail(error, SPW_ERR_INVALID, "pipelines[%zu] has the exporter object of another pipeline; make one for each", i);
        else
            out->pipelines[i].exporter = from.exporter;
    }
    out->pipeline_count = options->pipeline_count < SPW__MAX_PIPELINES ? options->pipeline_count : SPW__MAX_PIPELINES;
    for (size_t i = SPW__MAX_PIPELINES; i < options->pipeline_count; i++) {
        spw_pipeline_options from;
        if (pipeline_copy(&from, options, i) && !owns(out, from.exporter))
            exporter_destroy(from.exporter);
    }
    if (options->pipeline_count > SPW__MAX_PIPELINES)
        return spw__fail(error, SPW_ERR_INVALID, "%zu pipelines; %d are possible", options->pipeline_count, SPW__MAX_PIPELINES);
    return result;
}

static void configure_diagnostics(struct spw__config *out, const spw_options *options)
{
    out->log_fn = options->log_fn;
    out->log_arg = options->log_arg;
    spw__diag_configure(SPW_LOG_INFO, out->log_fn, out->log_arg); /* a wrong OTEL_LOG_LEVEL is reported, too */
    bool valid = options->log_level > SPW_LOG_NONE && options->log_level <= SPW_LOG_DEBUG;
    out->log_level = valid ? options->log_level : spw__env_log_level();
    spw__diag_configure(out->log_level, out->log_fn, out->log_arg);
}

static uint32_t either(uint32_t option, uint32_t otherwise)
{
    return option ? option : otherwise;
}

/* SPW_NOW and SPW_NEVER are how the options say 0. */
static uint32_t either_ms(uint32_t option, uint32_t otherwise)
{
    return option == SPW_NOW ? 0 : either(option, otherwise);
}

/* A batch larger than the queue could never fill; said only when somebody asked for it. */
static void clamp_batch(struct spw__pipeline_config *p, bool said)
{
    if (p->max_export_batch_size <= p->max_queue_size)
        return;
    if (said)
        spw__diag(SPW_LOG_WARN, "a batch of %u records is larger than the queue of %u: %u is used", p->max_export_batch_size,
                  p->max_queue_size, p->max_queue_size);
    p->max_export_batch_size = p->max_queue_size;
}

static spw_result set_name(struct spw__pipeline_config *p, const char *name, size_t size, spw_error *error)
{
    p->exporter_name = strndup(name, size);
    return p->exporter_name ? SPW_OK : spw__fail(error, SPW_ERR_NO_MEMORY, "out of memory while reading the configuration");
}

static spw_result load_mode(struct spw__pipeline_config *p, const spw_pipeline_options *from, spw_error *error)
{
    if (from->mode != SPW_PIPELINE_BATCH && from->mode != SPW_PIPELINE_SIMPLE)
        return spw__fail(error, SPW_ERR_INVALID, "a pipeline's mode is %d; use SPW_PIPELINE_BATCH or SPW_PIPELINE_SIMPLE", (int)from->mode);
    if (from->mode == SPW_PIPELINE_SIMPLE) {
        p->max_export_batch_size = 1;
        p->schedule_delay_ms = 0;
    }
    return SPW_OK;
}

static spw_result load_pipeline(struct spw__pipeline_config *p, const spw_pipeline_options *from, const struct spw__pipeline_config *base,
                                bool batch_said, spw_error *error)
{
    spw_exporter *exporter = p->exporter;
    *p = *base;
    p->exporter = exporter;
    if (exporter && (!exporter->submit || !exporter->name))
        return spw__fail(error, SPW_ERR_INVALID, "an exporter object has no %s", exporter->name ? "submit function" : "name");
    const char *name = from->exporter_name && *from->exporter_name ? from->exporter_name : "otlp";
    if (strlen(name) > MAX_NAME_BYTES)
        return spw__fail(error, SPW_ERR_INVALID, "an exporter_name is longer than %d bytes", MAX_NAME_BYTES);
    if (!exporter && strcmp(name, "console") == 0)
        p->schedule_delay_ms = 0; /* a person waits for it: what the specification calls a simple processor */
    p->max_queue_size = either(from->max_queue_size, p->max_queue_size);
    p->max_export_batch_size = either(from->max_export_batch_size, p->max_export_batch_size);
    p->schedule_delay_ms = either_ms(from->schedule_delay_ms, p->schedule_delay_ms);
    p->export_timeout_ms = either_ms(from->export_timeout_ms, p->export_timeout_ms);
    p->max_age_ms = from->max_age_ms;
    p->filter = from->filter;
    p->filter_arg = from->filter_arg;
    p->redact = from->redact;
    p->redact_arg = from->redact_arg;
    if (p->max_queue_size > SPW__ENV_MAX_NUMBER || p->max_export_batch_size > SPW__ENV_MAX_NUMBER)
        return spw__fail(error, SPW_ERR_INVALID, "max_queue_size and max_export_batch_size go up to %u", SPW__ENV_MAX_NUMBER);
    spw_result result = load_mode(p, from, error);
    if (result != SPW_OK)
        return result;
    clamp_batch(p, batch_said || from->max_export_batch_size);
    return exporter ? SPW_OK : set_name(p, name, strlen(name), error);
}

static bool has_name(const struct spw__config *config, const char *name, size_t size)
{
    for (size_t i = 0; i < config->pipeline_count; i++) {
        if (strlen(config->pipelines[i].exporter_name) == size && memcmp(config->pipelines[i].exporter_name, name, size) == 0)
            return true;
    }
    return false;
}

/* One pipeline more, unless it is there already. */
static spw_result add_named(struct spw__config *out, spw_view name, const struct spw__pipeline_config *base, bool batch_said,
                            spw_error *error)
{
    char text[MAX_NAME_BYTES + 1];
    if (name.size > MAX_NAME_BYTES || out->pipeline_count == SPW__MAX_PIPELINES) {
        spw__diag(SPW_LOG_WARN, "OTEL_TRACES_EXPORTER: %.*s is ignored: %s", name.size > 40 ? 40 : (int)name.size, name.data,
                  name.size > MAX_NAME_BYTES ? "no exporter has so long a name" : "16 exporters are possible");
        return SPW_OK;
    }
    if (has_name(out, name.data, name.size))
        return SPW_OK;
    memcpy(text, name.data, name.size);
    text[name.size] = 0;
    spw_pipeline_options from = SPW_PIPELINE_OPTIONS_INIT;
    from.exporter_name = text;
    return load_pipeline(&out->pipelines[out->pipeline_count++], &from, base, batch_said, error);
}

/* OTEL_TRACES_EXPORTER: the known names in any case, others (a program may have registered them) as they are written. */
static spw_result load_named(struct spw__config *out, const struct spw__pipeline_config *base, bool batch_said, spw_error *error)
{
    static const char *const known[] = { "otlp", "console", "memory", NULL };
    static const char *const none_only[] = { "none", NULL };
    const char *list = spw__env_text("OTEL_TRACES_EXPORTER");
    spw_view item;
    bool none = false;
    spw_result result = SPW_OK;
    while (result == SPW_OK && list && spw__list_next(&list, &item)) {
        if (spw__choose(none_only, item.data, item.size)) {
            none = true;
            continue;
        }
        const char *name = spw__choose(known, item.data, item.size);
        item.data = name ? name : item.data;
        result = add_named(out, item, base, batch_said, error);
    }
    if (none && out->pipeline_count)
        spw__diag(SPW_LOG_WARN, "OTEL_TRACES_EXPORTER names none beside others: none is ignored");
    if (result == SPW_OK && !none && !out->pipeline_count) {
        spw_view otlp = { "otlp", 4 };
        result = add_named(out, otlp, base, batch_said, error);
    }
    return result;
}

static spw_result load_pipelines(struct spw__config *out, const spw_options *options, spw_error *error)
{
    struct spw__pipeline_config base = default_pipeline;
    bool batch_said;
    spw__env_batching(&base, &batch_said);
    if (!options->pipeline_count)
        return load_named(out, &base, batch_said, error);
    for (size_t i = 0; i < options->pipeline_count; i++) {
        spw_pipeline_options from;
        pipeline_copy(&from, options, i); /* checked when the exporters were adopted */
        spw_result result = load_pipeline(&out->pipelines[i], &from, &base, batch_said, error);
        if (result != SPW_OK)
            return result;
    }
    return SPW_OK;
}

/* A limit that is more than the engine has places for. */
static uint64_t at_most(const char *what, uint64_t value, uint64_t most)
{
    if (value <= most)
        return value;
    spw__diag(SPW_LOG_WARN, "%s is %llu; at most %llu is possible and is used", what, (unsigned long long)value, (unsigned long long)most);
    return most;
}

static spw_result load_limits(struct spw__config *out, const spw_options *options, spw_error *error)
{
    spw__env_limits(out);
    out->limits.attributes = either(options->max_attributes, out->limits.attributes);
    out->limits.events = either(options->max_events, out->limits.events);
    out->limits.event_attributes = either(options->max_event_attributes, out->limits.event_attributes);
    out->limits.value_length = either(options->max_value_length, out->limits.value_length);
    out->limits.span_bytes = either(options->max_span_bytes, out->limits.span_bytes);
    out->limits.open_spans = either(options->max_open_spans, out->limits.open_spans);
    out->limits.buffer_bytes = options->max_buffer_bytes ? options->max_buffer_bytes : out->limits.buffer_bytes;
    out->limits.overflow_bytes = options->max_overflow_bytes ? options->max_overflow_bytes : out->limits.overflow_bytes;
    out->limits.attributes = (uint32_t)at_most("the attribute count limit", out->limits.attributes, MAX_ATTRIBUTES);
    out->limits.open_spans = (uint32_t)at_most("max_open_spans", out->limits.open_spans, MAX_OPEN_SPANS);
    out->limits.buffer_bytes = at_most("max_buffer_bytes", out->limits.buffer_bytes, MAX_BUFFER_BYTES);
    out->limits.overflow_bytes = at_most("max_overflow_bytes", out->limits.overflow_bytes, MAX_OVERFLOW_BYTES);
    out->exit_timeout_ms = either_ms(options->exit_timeout_ms, out->exit_timeout_ms);
    if (out->limits.span_bytes < MIN_SPAN_BYTES || out->limits.span_bytes > MAX_SPAN_BYTES)
        return spw__fail(error, SPW_ERR_INVALID, "max_span_bytes is %u; use %u to %u", out->limits.span_bytes, MIN_SPAN_BYTES,
                         MAX_SPAN_BYTES);
    return SPW_OK;
}

/* Every part in turn; the first failure ends it. */
static spw_result load_parts(struct spw__config *out, const spw_options *options, spw_error *error)
{
    const char *file = getenv("OTEL_CONFIG_FILE"); /* whatever it holds: never ignored */
    if (file && *file)
        return spw__fail(
            error, SPW_ERR_INVALID,
            "OTEL_CONFIG_FILE is set, but this version reads no configuration files; unset it and use the other OTEL_* variables "
            "or spw_options");
    out->disabled = spw__env_bool("OTEL_SDK_DISABLED");
    if (out->disabled)
        return SPW_OK;
    spw_result result = load_pipelines(out, options, error);
    if (result == SPW_OK)
        result = spw__config_otlp(out, options, error);
    if (result == SPW_OK)
        result = load_limits(out, options, error);
    if (result == SPW_OK)
        result = spw__config_resource(out, options, error);
    if (result == SPW_OK) {
        spw__env_sampler();
        spw__env_propagators();
    }
    return result;
}

spw_result spw__config_load(struct spw__config *out, const spw_options *options, spw_error *error)
{
    set_defaults(out);
    spw_options copy;
    bool readable = options_copy(&copy, options);
    configure_diagnostics(out, &copy);
    if (!readable)
        return spw__fail(error, SPW_ERR_INVALID, "spw_options.struct_size is wrong; begin with SPW_OPTIONS_INIT");
    spw_result result = adopt_exporters(out, &copy, error);
    return result == SPW_OK ? load_parts(out, &copy, error) : result;
}

void spw__config_free(struct spw__config *config)
{
    for (size_t i = 0; i < SPW__MAX_PIPELINES; i++) {
        free(config->pipelines[i].exporter_name);
        config->pipelines[i].exporter_name = NULL;
        exporter_destroy(config->pipelines[i].exporter);
        config->pipelines[i].exporter = NULL;
    }
    config->pipeline_count = 0;
    const char **strings[] = { &config->otlp.endpoint,          &config->otlp.protocol,    &config->otlp.headers,
                               &config->otlp.compression,       &config->otlp.certificate, &config->otlp.client_key,
                               &config->otlp.client_certificate };
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) {
        free((void *)*strings[i]);
        *strings[i] = NULL;
    }
    free(config->user_agent_prefix);
    config->user_agent_prefix = NULL;
    spw__config_resource_free(config);
}
