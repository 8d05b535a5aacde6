/* Options over environment over defaults, into one model. */
#include "sdk/config.h"

#include <spanwire/allocator.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/config_env.h"
#include "sdk/config_parts.h"
#include "sdk/config_table.h"
#include "sdk/diag.h"

/* A caller built against an older header has a shorter struct, one against a newer a longer: what is missing is zero. */
static bool options_copy(spw_options *out, const spw_options *options)
{
    static const spw_options init = SPW_OPTIONS_INIT;
    *out = init;
    if (!options)
        return true;
    if (options->struct_size < offsetof(spw_options, service_name_default) || options->struct_size > SPW__MAX_OPTIONS_SIZE)
        return false;
    memcpy(out, options, options->struct_size < sizeof *out ? options->struct_size : sizeof *out);
    return true;
}

/* ---- the table ---- */

/* Code first: where it speaks, what the environment says, right or wrong, is of no interest. */
static spw_result load_setting(struct spw__config *out, size_t id, const spw_options *options, spw_error *error)
{
    const struct spw__setting *setting = &spw__settings[id];
    struct spw__source *source = &out->sources[id];
    if (id == SPW__SET_SAMPLER && out->sampler) {
        *source = (struct spw__source){ SPW__FROM_CODE, "sampler" };
        return SPW_OK;
    }
    spw_result result = spw__setting_options(setting, options, out, source, error);
    if (result == SPW_OK && source->origin != SPW__FROM_CODE)
        result = spw__setting_environment(setting, out, source, error);
    return result;
}

static spw_result load_defaults(struct spw__config *out, spw_error *error)
{
    spw_result result = SPW_OK;
    for (size_t i = 0; result == SPW_OK && i < SPW__SETTINGS; i++) {
        if (i != SPW__SET_LOG_LEVEL)
            result = spw__setting_default(&spw__settings[i], out, &out->sources[i], error);
    }
    return result;
}

/* The log level came first. */
static spw_result load_settings(struct spw__config *out, const spw_options *options, bool early, spw_error *error)
{
    spw_result first = SPW_OK;
    for (size_t i = 0; i < SPW__SETTINGS; i++) {
        if (i == SPW__SET_LOG_LEVEL || spw__settings[i].early != early)
            continue;
        spw_result result = load_setting(out, i, options, error);
        first = first == SPW_OK ? result : first;
        if (result != SPW_OK && !out->borrowed)
            return result;
    }
    return first;
}

spw_result spw__config_pinned_keys(struct spw__config *out, const spw_options *options, spw_error *error)
{
    if (options->pinned_key_count > SPW__MAX_PINNED_KEYS || (options->pinned_key_count && !options->pinned_keys))
        return spw__fail(error, SPW_ERR_INVALID, "pinned_keys: %s", options->pinned_keys ? "at most 16 are possible" : "it is NULL");
    for (size_t i = 0; i < options->pinned_key_count; i++) {
        const char *key = options->pinned_keys[i];
        if (!key || !*key)
            return spw__fail(error, SPW_ERR_INVALID, "pinned_keys[%zu] is empty", i);
        out->limits.pinned_keys[i] = spw_strdup(key);
        if (!out->limits.pinned_keys[i])
            return spw__fail(error, SPW_ERR_NO_MEMORY, "out of memory while reading the configuration");
        out->limits.pinned_key_count = i + 1;
    }
    return SPW_OK;
}

/* ---- the whole ---- */

/* Before all else, so that everything is said to the right ear; allocates nothing. A wrong OTEL_LOG_LEVEL is reported, too: at the default
 * level. */
static void configure_diagnostics(struct spw__config *out, const spw_options *options)
{
    spw__setting_default(&spw__settings[SPW__SET_LOG_LEVEL], out, &out->sources[SPW__SET_LOG_LEVEL], NULL);
    out->log_fn = options->log_fn;
    out->log_arg = options->log_arg;
    if (!out->borrowed)
        spw__diag_configure(out->log_level, out->log_fn, out->log_arg);
    load_setting(out, SPW__SET_LOG_LEVEL, options, NULL);
    if (!out->borrowed)
        spw__diag_configure(out->log_level, out->log_fn, out->log_arg);
}

static spw_result check_file(spw_error *error)
{
    const char *file = getenv("OTEL_CONFIG_FILE"); /* whatever it holds: never ignored */
    if (!file || !*file)
        return SPW_OK;
    return spw__fail(error, SPW_ERR_INVALID,
                     "OTEL_CONFIG_FILE is set, but this version reads no configuration files; unset it and use the other OTEL_* variables "
                     "or spw_options");
}

typedef spw_result (*part_fn)(struct spw__config *out, const spw_options *options, spw_error *error);

static spw_result late_settings(struct spw__config *out, const spw_options *options, spw_error *error)
{
    return load_settings(out, options, false, error);
}

static spw_result otlp(struct spw__config *out, const spw_options *options, spw_error *error)
{
    (void)options;
    return spw__config_otlp(out, error);
}

static spw_result sampler(struct spw__config *out, const spw_options *options, spw_error *error)
{
    (void)options;
    return spw__config_sampler(out, error);
}

static spw_result names(struct spw__config *out, const spw_options *options, spw_error *error)
{
    (void)out, (void)options, (void)error;
    spw__config_unused(NULL, NULL);
    return SPW_OK;
}

/* Every part in turn. The first failure ends a start; who only looks sees the rest as well. */
static spw_result load_parts(struct spw__config *out, const spw_options *options, spw_error *error)
{
    static const part_fn parts[] = { late_settings, spw__config_pipelines, otlp, sampler, spw__config_pinned_keys, spw__config_resource, names };
    spw_result first = check_file(error);
    if (first == SPW_OK || out->borrowed) {
        spw_result result = load_settings(out, options, true, error);
        if (result == SPW_OK)
            result = spw__config_propagators(out, error);
        first = first == SPW_OK ? result : first;
    }
    if (!out->borrowed && (first != SPW_OK || out->disabled))
        return first;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        spw_error later = SPW_ERROR_INIT;
        spw_result result = parts[i](out, options, first == SPW_OK ? error : &later);
        first = first == SPW_OK ? result : first;
        if (result == SPW_ERR_NO_MEMORY || (result != SPW_OK && !out->borrowed))
            return result;
    }
    return first;
}

/* All of them, also when one is wrong. */
static spw_result adopt(struct spw__config *out, const spw_options *options, spw_error *error)
{
    spw_error later = SPW_ERROR_INIT;
    spw_result result = spw__config_adopt(out, options, error);
    spw_result objects = spw__config_adopt_objects(out, options, result == SPW_OK ? error : &later);
    return result == SPW_OK ? objects : result;
}

static spw_result load(struct spw__config *out, const spw_options *options, spw_error *error)
{
    spw_options copy;
    bool readable = options_copy(&copy, options);
    configure_diagnostics(out, &copy);
    spw_result result = readable ? adopt(out, &copy, error)
                                 : spw__fail(error, SPW_ERR_INVALID, "spw_options.struct_size is wrong; begin with SPW_OPTIONS_INIT");
    if (result == SPW_OK || out->borrowed) {
        spw_error later = SPW_ERROR_INIT;
        spw_result loaded = load_defaults(out, result == SPW_OK ? error : &later);
        result = result == SPW_OK ? loaded : result;
    }
    return result == SPW_OK ? load_parts(out, &copy, error) : result;
}

spw_result spw__config_load(struct spw__config *out, const spw_options *options, spw_error *error)
{
    memset(out, 0, sizeof *out);
    return load(out, options, error);
}

spw_result spw__config_look(struct spw__config *out, const spw_options *options, spw_error *error)
{
    memset(out, 0, sizeof *out);
    out->borrowed = true;
    return load(out, options, error);
}

/* Takes out of the configuration what somebody has already. */
static void leave_in_use(struct spw__config *config, bool (*in_use)(const void *arg, const void *object), const void *arg)
{
    size_t processors = 0;
    for (size_t i = 0; i < SPW__MAX_PIPELINES; i++)
        if (config->pipelines[i].exporter && in_use(arg, config->pipelines[i].exporter))
            config->pipelines[i].exporter = NULL;
    for (size_t i = 0; i < config->processor_count; i++)
        if (!in_use(arg, config->processors[i]))
            config->processors[processors++] = config->processors[i];
    config->processor_count = processors;
    if (config->sampler && in_use(arg, config->sampler))
        config->sampler = NULL;
}

void spw__config_discard(const spw_options *options, bool (*in_use)(const void *arg, const void *object), const void *arg)
{
    struct spw__config config;
    spw_options copy;
    spw_error ignored = SPW_ERROR_INIT;
    memset(&config, 0, sizeof config);
    if (options_copy(&copy, options))
        (void)adopt(&config, &copy, &ignored);
    leave_in_use(&config, in_use, arg);
    spw__config_free(&config);
}

void spw__config_free(struct spw__config *config)
{
    spw__config_pipelines_free(config);
    spw__config_objects_free(config);
    for (size_t i = 0; i < SPW__SETTINGS; i++)
        spw__setting_free(&spw__settings[i], config);
    for (size_t i = 0; i < config->limits.pinned_key_count; i++)
        spw_free(config->limits.pinned_keys[i]);
    config->limits.pinned_key_count = 0;
    spw__resource_free(&config->resource);
}
