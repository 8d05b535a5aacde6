/* Pipelines: those of the options, or those that OTEL_TRACES_EXPORTER names. */
#include <spanwire/allocator.h>
#include <string.h>

#include "sdk/config_env.h"
#include "sdk/config_parts.h"
#include "sdk/config_table.h"
#include "sdk/diag.h"
#include "sdk/registry.h"

#define CONSOLE_DELAY_MS 100 /* a person waits for it, but what ends together is to be seen together */
#define MAX_NAME_BYTES 64 /* of an exporter */

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

/* ---- exporter objects ---- */

static bool owns(const struct spw__config *config, const spw_exporter *exporter)
{
    for (size_t i = 0; i < SPW__MAX_PIPELINES; i++) {
        if (config->pipelines[i].exporter == exporter)
            return true;
    }
    return false;
}

/* Whether one of the pipelines before it, from the first that nobody will run, has the same exporter. */
static bool came_before(const spw_options *options, size_t index, const spw_exporter *exporter)
{
    for (size_t i = SPW__MAX_PIPELINES; i < index; i++) {
        spw_pipeline_options from;
        if (pipeline_copy(&from, options, i) && from.exporter == exporter)
            return true;
    }
    return false;
}

static void exporter_destroy(const struct spw__config *config, spw_exporter *exporter)
{
    if (!config->borrowed && exporter && exporter->struct_size >= sizeof *exporter && exporter->destroy)
        exporter->destroy(exporter);
}

spw_result spw__config_adopt(struct spw__config *out, const spw_options *options, spw_error *error)
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
        if (pipeline_copy(&from, options, i) && !owns(out, from.exporter) && !came_before(options, i, from.exporter))
            exporter_destroy(out, from.exporter);
    }
    if (options->pipeline_count > SPW__MAX_PIPELINES)
        return spw__fail(error, SPW_ERR_INVALID, "%zu pipelines; %d are possible", options->pipeline_count, SPW__MAX_PIPELINES);
    return result;
}

void spw__config_pipelines_free(struct spw__config *config)
{
    for (size_t i = 0; i < SPW__MAX_PIPELINES; i++) {
        spw_free(config->pipelines[i].exporter_name);
        config->pipelines[i].exporter_name = NULL;
        exporter_destroy(config, config->pipelines[i].exporter);
        config->pipelines[i].exporter = NULL;
    }
    config->pipeline_count = 0;
}

/* ---- one pipeline ---- */

/* A batch larger than the queue could never fill; said only when somebody asked for it. */
static void clamp_batch(struct spw__pipeline_config *p)
{
    if (p->max_export_batch_size <= p->max_queue_size)
        return;
    if (p->sources[SPW__SET_MAX_BATCH_SIZE].origin != SPW__FROM_DEFAULT)
        spw__diag(SPW_LOG_WARN, "%s: a batch of %u records is larger than the queue of %u: %u is used",
                  p->sources[SPW__SET_MAX_BATCH_SIZE].name, p->max_export_batch_size, p->max_queue_size, p->max_queue_size);
    p->max_export_batch_size = p->max_queue_size;
}

static spw_result load_base(struct spw__pipeline_config *base, spw_error *error)
{
    spw_result result = SPW_OK;
    *base = (struct spw__pipeline_config){ .mode = SPW_PIPELINE_BATCH };
    for (size_t i = 0; result == SPW_OK && i < SPW__PIPELINE_SETTINGS; i++) {
        const struct spw__setting *setting = &spw__pipeline_settings[i];
        result = spw__setting_default(setting, base, &base->sources[i], error);
        if (result == SPW_OK)
            result = spw__setting_environment(setting, base, &base->sources[i], error);
    }
    return result;
}

static spw_result load_options(struct spw__pipeline_config *p, const spw_pipeline_options *from, spw_error *error)
{
    spw_result result = SPW_OK;
    if (from->mode != SPW_PIPELINE_BATCH && from->mode != SPW_PIPELINE_SIMPLE)
        return spw__fail(error, SPW_ERR_INVALID, "a pipeline's mode is %d; use SPW_PIPELINE_BATCH or SPW_PIPELINE_SIMPLE", (int)from->mode);
    for (size_t i = 0; result == SPW_OK && i < SPW__PIPELINE_SETTINGS; i++)
        result = spw__setting_options(&spw__pipeline_settings[i], from, p, &p->sources[i], error);
    p->mode = from->mode;
    if (p->mode == SPW_PIPELINE_SIMPLE) {
        p->max_export_batch_size = 1;
        p->schedule_delay_ms = 0;
    }
    if (p->max_concurrent_exports > 1 && (p->exporter || p->mode == SPW_PIPELINE_SIMPLE))
        return spw__fail(error, SPW_ERR_INVALID,
                         p->exporter ? "max_concurrent_exports is %u, but an exporter object takes one batch at a time; register a factory "
                                       "(spw_exporter_register) and name it"
                                     : "max_concurrent_exports is %u, but SPW_PIPELINE_SIMPLE exports one span after the other; use "
                                       "SPW_PIPELINE_BATCH",
                         p->max_concurrent_exports);
    p->filter = from->filter;
    p->filter_arg = from->filter_arg;
    p->redact = from->redact;
    p->redact_arg = from->redact_arg;
    return result;
}

static spw_result load_pipeline(struct spw__pipeline_config *p, const spw_pipeline_options *from, const struct spw__pipeline_config *base,
                                spw_error *error)
{
    spw_exporter *exporter = p->exporter;
    *p = *base;
    p->exporter = exporter;
    if (exporter && exporter->struct_size < sizeof *exporter)
        return spw__fail(error, SPW_ERR_INVALID, "an exporter object's struct_size is wrong; begin with SPW_EXPORTER_INIT");
    if (exporter && (!exporter->submit || !exporter->name))
        return spw__fail(error, SPW_ERR_INVALID, "an exporter object has no %s", exporter->name ? "submit function" : "name");
    const char *name = from->exporter_name && *from->exporter_name ? from->exporter_name : "otlp";
    if (strlen(name) > MAX_NAME_BYTES)
        return spw__fail(error, SPW_ERR_INVALID, "an exporter_name is longer than %d bytes", MAX_NAME_BYTES);
    if (!exporter && strcmp(name, "console") == 0 && p->sources[SPW__SET_SCHEDULE_DELAY].origin == SPW__FROM_DEFAULT)
        p->schedule_delay_ms = CONSOLE_DELAY_MS;
    spw_result result = load_options(p, from, error);
    if (result != SPW_OK)
        return result;
    clamp_batch(p);
    if (exporter)
        return SPW_OK;
    p->exporter_name = spw_strdup(name);
    return p->exporter_name ? SPW_OK : spw__fail(error, SPW_ERR_NO_MEMORY, "out of memory while reading the configuration");
}

/* ---- OTEL_TRACES_EXPORTER ---- */

static bool has_name(const struct spw__config *config, const char *name, size_t size)
{
    for (size_t i = 0; i < config->pipeline_count; i++) {
        if (strlen(config->pipelines[i].exporter_name) == size && memcmp(config->pipelines[i].exporter_name, name, size) == 0)
            return true;
    }
    return false;
}

/* One pipeline more, unless it is there already. (Specification: "console" has a simple processor.) */
static spw_result add_named(struct spw__config *out, spw_view name, const struct spw__pipeline_config *base, spw_error *error)
{
    char text[MAX_NAME_BYTES + 1];
    if (name.size > MAX_NAME_BYTES || out->pipeline_count == SPW__MAX_PIPELINES) {
        spw__diag(SPW_LOG_WARN, "OTEL_TRACES_EXPORTER: %.*s is ignored: %s", name.size > 40 ? 40 : (int)name.size, name.data,
                  name.size > MAX_NAME_BYTES ? "no exporter has so long a name" : "16 exporters are possible");
        return SPW_OK;
    }
    if (!spw__exporter_is_known(name)) { /* "MUST generate a warning and gracefully ignore the setting" */
        spw__diag(SPW_LOG_WARN, "OTEL_TRACES_EXPORTER: %.*s is ignored: no exporter has this name; use otlp, console, file, otlp/stdout, memory, none, "
                                "or register it before spw_start()",
                  name.size > 40 ? 40 : (int)name.size, name.data);
        return SPW_OK;
    }
    if (has_name(out, name.data, name.size))
        return SPW_OK;
    memcpy(text, name.data, name.size);
    text[name.size] = 0;
    spw_pipeline_options from = SPW_PIPELINE_OPTIONS_INIT;
    from.exporter_name = text;
    from.mode = strcmp(text, "console") == 0 ? SPW_PIPELINE_SIMPLE : SPW_PIPELINE_BATCH;
    return load_pipeline(&out->pipelines[out->pipeline_count++], &from, base, error);
}

/* What can be said with better words than that the registry knows no such name. */
static const char *cure_of(spw_view name)
{
    static const char *const names[] = { "zipkin", "logging", "jaeger", NULL };
    static const char *const cures[] = { "Zipkin's format is deprecated; collectors take OTLP: use otlp", "it is deprecated; use console",
                                         "Jaeger takes OTLP: use otlp" };
    const char *name_found = spw__choose(names, name.data, name.size);
    for (size_t i = 0; name_found && names[i]; i++) {
        if (names[i] == name_found)
            return cures[i];
    }
    return NULL;
}

/* The known names in any case, others (a program may have registered them) as they are written. */
static spw_result load_named(struct spw__config *out, const struct spw__pipeline_config *base, spw_error *error)
{
    static const char *const known[] = { "otlp", "otlp/stdout", "console", "file", "memory", NULL };
    static const char *const none_only[] = { "none", NULL };
    const char *list = out->exporters;
    spw_view item;
    bool none = false;
    spw_result result = SPW_OK;
    while (result == SPW_OK && spw__list_next(&list, &item)) {
        if (spw__choose(none_only, item.data, item.size)) {
            none = true;
            continue;
        }
        if (cure_of(item)) {
            spw__diag(SPW_LOG_WARN, "OTEL_TRACES_EXPORTER: %.*s is ignored: %s", (int)item.size, item.data, cure_of(item));
            continue;
        }
        const char *name = spw__choose(known, item.data, item.size);
        item.data = name ? name : item.data;
        result = add_named(out, item, base, error);
    }
    if (none && out->pipeline_count)
        spw__diag(SPW_LOG_WARN, "OTEL_TRACES_EXPORTER names none beside others: none is ignored");
    if (result == SPW_OK && !none && !out->pipeline_count) {
        spw_view otlp = { "otlp", 4 };
        result = add_named(out, otlp, base, error);
    }
    return result;
}

spw_result spw__config_pipelines(struct spw__config *out, const spw_options *options, spw_error *error)
{
    struct spw__pipeline_config base;
    spw_result result = load_base(&base, error);
    if (result == SPW_OK && !options->pipeline_count)
        return load_named(out, &base, error);
    out->sources[SPW__SET_EXPORTERS] = (struct spw__source){ SPW__FROM_CODE, "pipelines" };
    for (size_t i = 0; result == SPW_OK && i < options->pipeline_count; i++) {
        spw_pipeline_options from;
        pipeline_copy(&from, options, i); /* checked when the exporters were adopted */
        result = load_pipeline(&out->pipelines[i], &from, &base, error);
    }
    return result;
}
