/* spw_config_each(): the model, setting by setting, each with its source. */
#include <spanwire/allocator.h>
#include <spanwire/config.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/config_env.h"
#include "sdk/config_parts.h"
#include "sdk/config_table.h"
#include "sdk/diag.h"

enum { VALUE_BYTES = 1024, PATH_BYTES = 256, SOURCE_BYTES = 128, LINE_BYTES = VALUE_BYTES + PATH_BYTES + SOURCE_BYTES, MAX_PROBLEMS = 64 };

struct printer {
    spw_config_entry_fn fn;
    void *arg;
    char *problems[MAX_PROBLEMS]; /* what loading said, owned */
    spw_log_level levels[MAX_PROBLEMS];
    size_t problem_count;
};

static void print(const struct printer *p, const char *path, const char *value, const char *source)
{
    char line[LINE_BYTES];
    if (*source)
        snprintf(line, sizeof line, "%-57s %-38s %s", path, value, source);
    else
        snprintf(line, sizeof line, "%-57s %s", path, value);
    spw_config_entry entry = { sizeof entry, path, value, source, line };
    p->fn(p->arg, &entry);
}

static void source_text(const struct spw__source *source, char *out, size_t size)
{
    switch (source->origin) {
    case SPW__FROM_DEFAULT: snprintf(out, size, "default"); return;
    case SPW__FROM_ENVIRONMENT: snprintf(out, size, "%s", source->name); return;
    case SPW__FROM_CODE: snprintf(out, size, "code: %s", source->name); return;
    }
}

static void print_setting(const struct printer *p, const char *path, const struct spw__setting *setting, const void *model,
                          const struct spw__source *source)
{
    char value[VALUE_BYTES], text[SOURCE_BYTES];
    spw__setting_print(setting, model, value, sizeof value);
    source_text(source, text, sizeof text);
    print(p, path, value, text);
}

/* ---- pipelines ---- */

static void print_pipeline(const struct printer *p, const struct spw__config *config, size_t index)
{
    const struct spw__pipeline_config *pipeline = &config->pipelines[index];
    char path[PATH_BYTES], source[SOURCE_BYTES];
    const char *mode = pipeline->mode == SPW_PIPELINE_SIMPLE ? "simple" : "batch";
    const char *name = pipeline->exporter ? pipeline->exporter->name : pipeline->exporter_name;
    bool in_code = config->sources[SPW__SET_EXPORTERS].origin == SPW__FROM_CODE;
    source_text(&config->sources[SPW__SET_EXPORTERS], source, sizeof source);
    snprintf(path, sizeof path, "tracer_provider.processors[%zu].%s.exporter", index, mode);
    print(p, path, name ? name : "(none)", source);
    for (size_t i = 0; i < SPW__PIPELINE_SETTINGS; i++) {
        if (pipeline->mode == SPW_PIPELINE_SIMPLE && (i == SPW__SET_SCHEDULE_DELAY || i == SPW__SET_MAX_BATCH_SIZE || i == SPW__SET_MAX_EXPORTS))
            continue; /* one at a time, at once */
        snprintf(path, sizeof path, "tracer_provider.processors[%zu].%s.%s", index, mode, spw__pipeline_settings[i].path);
        print_setting(p, path, &spw__pipeline_settings[i], pipeline, &pipeline->sources[i]);
    }
    snprintf(path, sizeof path, "tracer_provider.processors[%zu].%s.filter", index, mode);
    print(p, path, pipeline->filter ? "(function)" : "(none)", pipeline->filter && in_code ? "code: filter" : "default");
    snprintf(path, sizeof path, "tracer_provider.processors[%zu].%s.redact", index, mode);
    print(p, path, pipeline->redact ? "(function)" : "(none)", pipeline->redact && in_code ? "code: redact" : "default");
}

static void print_pipelines(const struct printer *p, const struct spw__config *config)
{
    char source[SOURCE_BYTES];
    if (!config->pipeline_count) {
        source_text(&config->sources[SPW__SET_EXPORTERS], source, sizeof source);
        print(p, "tracer_provider.processors", "(none)", source);
    }
    for (size_t i = 0; i < config->pipeline_count; i++)
        print_pipeline(p, config, i);
}

/* ---- the resource ---- */

static void print_container(const spw_value *value, char *out, size_t size)
{
    bool array = value->type == SPW_VALUE_ARRAY;
    snprintf(out, size, "(%s of %zu)", array ? "array" : "map", array ? value->u.array.count : value->u.map.count);
}

/* Whoever reads this may show it to others: what sounds secret is not said, nor are arguments. */
static void attribute_text(const spw_attr *attr, char *out, size_t size)
{
    spw_view view = attr->value.u.view;
    if (spw__sounds_secret(attr->key)) {
        snprintf(out, size, "***");
        return;
    }
    switch (attr->value.type) {
    case SPW_VALUE_STRING: snprintf(out, size, "%.*s%s", view.size > 256 ? 256 : (int)view.size, view.data, view.size > 256 ? "..." : ""); return;
    case SPW_VALUE_BYTES: snprintf(out, size, "(%zu bytes)", view.size); return;
    case SPW_VALUE_BOOL: snprintf(out, size, "%s", attr->value.u.b ? "true" : "false"); return;
    case SPW_VALUE_INT: snprintf(out, size, "%lld", (long long)attr->value.u.i); return;
    case SPW_VALUE_DOUBLE: snprintf(out, size, "%g", attr->value.u.d); return;
    case SPW_VALUE_ARRAY:
    case SPW_VALUE_MAP: print_container(&attr->value, out, size); return;
    default: snprintf(out, size, "(none)"); return;
    }
}

static void print_resource(const struct printer *p, const struct spw__config *config)
{
    char path[PATH_BYTES], value[VALUE_BYTES];
    for (size_t i = 0; i < config->resource.count; i++) {
        const spw_attr *attr = &config->resource.attrs[i];
        snprintf(path, sizeof path, "resource{%.*s}", attr->key.size > 200 ? 200 : (int)attr->key.size, attr->key.data);
        attribute_text(attr, value, sizeof value);
        print(p, path, value, "merged");
    }
    const char *url = config->resource.conflict ? NULL : config->resource.schema_url;
    print(p, "resource{schema_url}", url ? url : "(none)", "merged");
}

/* ---- the rest ---- */

static void print_sampler(const struct printer *p, const struct spw__config *config)
{
    char source[SOURCE_BYTES];
    bool from_code = config->sampler && !config->sampler_made;
    const char *value = from_code ? spw_sampler_description(config->sampler) : config->sampler_name;
    source_text(&config->sources[SPW__SET_SAMPLER], source, sizeof source);
    print(p, spw__settings[SPW__SET_SAMPLER].path, value ? value : "(none)", source);
}

/* The ratio that holds, also where nobody gave one. */
static void print_sampler_ratio(const struct printer *p, const struct spw__config *config)
{
    char value[32], source[SOURCE_BYTES];
    bool has_one = config->sampler_made && strstr(config->sampler_name, "traceidratio");
    snprintf(value, sizeof value, "%g", config->sampler_ratio);
    source_text(&config->sources[SPW__SET_SAMPLER_ARG], source, sizeof source);
    print(p, spw__settings[SPW__SET_SAMPLER_ARG].path, has_one ? value : "(none)", source);
}

static void print_settings(const struct printer *p, const struct spw__config *config)
{
    for (size_t i = 0; i < SPW__SETTINGS; i++) {
        if (i == SPW__SET_EXPORTERS)
            print_pipelines(p, config);
        else if (i == SPW__SET_SAMPLER_ARG)
            print_sampler_ratio(p, config);
        else if (i == SPW__SET_SAMPLER)
            print_sampler(p, config);
        else
            print_setting(p, spw__settings[i].path, &spw__settings[i], config, &config->sources[i]);
    }
}

static void print_objects(const struct printer *p, const struct spw__config *config)
{
    char path[PATH_BYTES];
    print(p, "tracer_provider.id_generator", config->id_generator ? "(object)" : "random", config->id_generator ? "code: id_generator" : "default");
    print(p, "distribution.spanwire.clock", config->clock ? "(object)" : "system", config->clock ? "code: clock" : "default");
    for (size_t i = 0; i < config->processor_count; i++) {
        const char *name = config->processors[i]->name;
        snprintf(path, sizeof path, "distribution.spanwire.processors[%zu]", i);
        print(p, path, name ? name : "(unnamed)", "code: processors");
    }
}

static void print_pinned_keys(const struct printer *p, const struct spw__config *config)
{
    char path[PATH_BYTES];
    if (!config->limits.pinned_key_count)
        print(p, "distribution.spanwire.pinned_keys", "error.type", "default");
    for (size_t i = 0; i < config->limits.pinned_key_count; i++) {
        snprintf(path, sizeof path, "distribution.spanwire.pinned_keys[%zu]", i);
        print(p, path, config->limits.pinned_keys[i], "code: pinned_keys");
    }
}

static void print_unused(void *arg, const char *name, const char *note)
{
    print(arg, name, "(set)", note);
}

/* Said while loading, printed at the end: what comes first is what holds. */
static void keep_problem(void *arg, spw_log_level level, const char *text)
{
    struct printer *p = arg;
    if (p->problem_count == MAX_PROBLEMS)
        return;
    char *copy = spw_strdup(text);
    if (!copy)
        return;
    p->levels[p->problem_count] = level;
    p->problems[p->problem_count++] = copy;
}

static void print_problems(struct printer *p)
{
    for (size_t i = 0; i < p->problem_count; i++) {
        print(p, p->levels[i] == SPW_LOG_ERROR ? "error" : "warning", p->problems[i], "");
        spw_free(p->problems[i]);
    }
}

spw_result spw_config_each(const spw_options *options, spw_config_entry_fn fn, void *arg)
{
    if (!fn)
        return SPW_ERR_INVALID;
    struct printer p = { .fn = fn, .arg = arg };
    struct spw__config config;
    spw_error error = SPW_ERROR_INIT;
    spw__diag_divert(SPW_LOG_WARN, keep_problem, &p);
    spw_result result = spw__config_look(&config, options, &error);
    spw__diag_divert(SPW_LOG_NONE, NULL, NULL);
    print_settings(&p, &config);
    print_objects(&p, &config);
    print_pinned_keys(&p, &config);
    print_resource(&p, &config);
    spw__config_unused(print_unused, &p);
    print_problems(&p);
    spw__config_free(&config);
    return result;
}
