/*
 * One in-memory model of the configuration, shaped like the declarative schema 1.1. Options win over the environment, the environment over
 * the defaults; every value remembers which it was. config_table.c lists the settings; spw__config_load() fills the model. Owns copies of
 * all its strings.
 */
#ifndef SPW_SDK_CONFIG_H
#define SPW_SDK_CONFIG_H

#include <spanwire/exporter.h>
#include <spanwire/processor.h>
#include <spanwire/sampler.h>

#include "sdk/resource.h"

#define SPW__MAX_PIPELINES SPW_MAX_PIPELINES
#define SPW__MAX_OPTIONS_SIZE 65536u /* a larger struct_size is none */
#define SPW__MAX_PINNED_KEYS 16

/* Where a value comes from. */
enum spw__origin { SPW__FROM_DEFAULT, SPW__FROM_ENVIRONMENT, SPW__FROM_CODE };

struct spw__source {
    enum spw__origin origin;
    const char *name; /* of the variable or the option; NULL: the default. Static storage */
};

/* The settings of config_table.c, in its order. */
enum spw__setting_id {
    SPW__SET_DISABLED,
    SPW__SET_LOG_LEVEL,
    SPW__SET_PROPAGATORS,
    SPW__SET_RESOURCE_ATTRIBUTES,
    SPW__SET_SERVICE_NAME,
    SPW__SET_SERVICE_NAME_DEFAULT,
    SPW__SET_SERVICE_VERSION,
    SPW__SET_SCHEMA_URL,
    SPW__SET_DETECTORS,
    SPW__SET_ENTITIES,
    SPW__SET_SAMPLER,
    SPW__SET_SAMPLER_ARG,
    SPW__SET_MAX_VALUE_LENGTH,
    SPW__SET_MAX_ATTRIBUTES,
    SPW__SET_MAX_EVENTS,
    SPW__SET_MAX_LINKS,
    SPW__SET_MAX_EVENT_ATTRIBUTES,
    SPW__SET_MAX_LINK_ATTRIBUTES,
    SPW__SET_EXPORTERS,
    SPW__SET_ENDPOINT,
    SPW__SET_PROTOCOL,
    SPW__SET_HEADERS,
    SPW__SET_COMPRESSION,
    SPW__SET_TIMEOUT,
    SPW__SET_CERTIFICATE,
    SPW__SET_CLIENT_KEY,
    SPW__SET_CLIENT_CERTIFICATE,
    SPW__SET_PROXY,
    SPW__SET_PROXY_CERTIFICATE,
    SPW__SET_CONNECTION_AGE,
    SPW__SET_USER_AGENT_PREFIX,
    SPW__SET_MAX_SPAN_BYTES,
    SPW__SET_MAX_OPEN_SPANS,
    SPW__SET_MAX_BUFFER_BYTES,
    SPW__SET_MAX_OVERFLOW_BYTES,
    SPW__SET_EXIT_TIMEOUT,
    SPW__SET_PUMP,
    SPW__SETTINGS
};

/* The settings of each pipeline. */
enum spw__pipeline_setting_id {
    SPW__SET_SCHEDULE_DELAY,
    SPW__SET_EXPORT_TIMEOUT,
    SPW__SET_MAX_QUEUE_SIZE,
    SPW__SET_MAX_BATCH_SIZE,
    SPW__SET_MAX_AGE,
    SPW__SET_MAX_EXPORTS,
    SPW__PIPELINE_SETTINGS
};

/* One processor + exporter. Exactly one of exporter_name and exporter is set. */
struct spw__pipeline_config {
    char *exporter_name;
    spw_exporter *exporter;
    uint32_t max_queue_size;
    uint32_t max_export_batch_size; /* <= max_queue_size */
    uint32_t schedule_delay_ms;
    uint32_t export_timeout_ms; /* 0: none */
    uint32_t max_age_ms;        /* 0: never */
    uint32_t max_concurrent_exports; /* >= 1; 1 with an exporter object */
    spw_pipeline_mode mode;
    spw_filter_fn filter; /* NULL: every span */
    void *filter_arg;
    spw_redact_fn redact; /* NULL: as recorded */
    void *redact_arg;
    struct spw__source sources[SPW__PIPELINE_SETTINGS];
};

struct spw__config {
    bool disabled; /* OTEL_SDK_DISABLED */
    char *propagators;
    struct {
        const char *attributes; /* OTEL_RESOURCE_ATTRIBUTES, valid */
        const char *service_name, *service_name_default, *service_version, *schema_url, *detectors, *entities;
    } identity;
    struct spw_resource_builder resource; /* merged; see config_resource.c */
    struct spw__pipeline_config pipelines[SPW__MAX_PIPELINES];
    size_t pipeline_count;    /* 0: OTEL_TRACES_EXPORTER=none */
    const char *exporters;    /* the list that made the pipelines, unless options named them */
    spw_otlp_settings otlp;   /* strings owned */
    const char *user_agent_prefix;
    spw_sampler *sampler;     /* the options' or a made one, owned; who takes it sets this to NULL */
    bool sampler_made;
    const char *sampler_name; /* of OTEL_TRACES_SAMPLER; of no meaning with one from the options */
    const char *sampler_text; /* OTEL_TRACES_SAMPLER_ARG, NULL where it is of no use */
    double sampler_ratio;     /* for the samplers that have one */
    spw_processor *processors[SPW_MAX_PROCESSORS]; /* owned; who takes them sets the count to 0 */
    size_t processor_count;
    spw_id_generator *id_generator; /* NULL: random ids */
    const spw_clock *clock;         /* NULL: the system's */
    struct {
        uint32_t attributes, events, links, event_attributes, link_attributes;
        uint32_t value_length; /* characters; UINT32_MAX: none */
        uint32_t span_bytes;
        uint32_t open_spans;
        uint64_t buffer_bytes, overflow_bytes;
        char *pinned_keys[SPW__MAX_PINNED_KEYS];
        size_t pinned_key_count;
    } limits;
    uint32_t exit_timeout_ms;
    bool pump; /* no worker thread */
    spw_log_level log_level;
    spw_log_fn log_fn;
    void *log_arg;
    bool borrowed; /* only looked at: the objects in the options stay the caller's */
    struct spw__source sources[SPW__SETTINGS];
};

/*
 * Fills *out from options (may be NULL) and the environment; configures the diagnostics first, then reports every setting it could not take.
 * A wrong environment variable is warned about and its default used. A wrong option, OTEL_CONFIG_FILE set, protocol grpc or an endpoint
 * that cannot be one is a failure with cause and cure. *out is always safe to free.
 */
spw_result spw__config_load(struct spw__config *out, const spw_options *options, spw_error *error);

/* The same to look at: takes nothing over, leaves the diagnostics as they are, reads everything even when disabled or partly wrong; the
 * first failure is the result. */
spw_result spw__config_look(struct spw__config *out, const spw_options *options, spw_error *error);

/*
 * For options that a start cannot use: destroys the objects in them, which are the SDK's also when it fails. But not those that `in_use`
 * knows: a second start with the options of the first must not take its objects from under it.
 */
void spw__config_discard(const spw_options *options, bool (*in_use)(const void *arg, const void *object), const void *arg);

/* Frees the strings, and destroys the objects that are still there: exporters, the sampler, processors. */
void spw__config_free(struct spw__config *config);

#endif
