/*
 * One in-memory model of the configuration, shaped like the declarative schema 1.1. Options win over the environment, the environment over
 * the defaults. Owns copies of all its strings.
 */
#ifndef SPW_SDK_CONFIG_H
#define SPW_SDK_CONFIG_H

#include <spanwire/exporter.h>

#define SPW__MAX_PIPELINES 16
#define SPW__MAX_OPTIONS_SIZE 65536u /* a larger struct_size is none */

/* One processor + exporter. Exactly one of exporter_name and exporter is set. */
struct spw__pipeline_config {
    char *exporter_name;
    spw_exporter *exporter;
    uint32_t max_queue_size;
    uint32_t max_export_batch_size; /* <= max_queue_size */
    uint32_t schedule_delay_ms;
    uint32_t export_timeout_ms; /* 0: none */
    uint32_t max_age_ms;        /* 0: never */
    spw_filter_fn filter;       /* NULL: takes all */
    void *filter_arg;
    spw_redact_fn redact; /* NULL: none */
    void *redact_arg;
};

enum spw__sampler_kind { SPW__SAMPLER_PARENTBASED_ALWAYS_ON };

struct spw__config {
    bool disabled; /* OTEL_SDK_DISABLED */
    /* resource, already merged: detectors < OTEL_RESOURCE_ATTRIBUTES < OTEL_SERVICE_NAME < options */
    spw_attr *resource;
    size_t resource_count;
    struct spw__pipeline_config pipelines[SPW__MAX_PIPELINES];
    size_t pipeline_count; /* 0: OTEL_TRACES_EXPORTER=none */
    spw_otlp_settings otlp; /* strings owned */
    char *user_agent_prefix; /* NULL: none */
    enum spw__sampler_kind sampler;
    struct {
        uint32_t attributes, events, links, event_attributes, link_attributes;
        uint32_t value_length; /* characters; UINT32_MAX: none */
        uint32_t span_bytes;
        uint32_t open_spans;
        uint64_t buffer_bytes, overflow_bytes;
    } limits;
    uint32_t exit_timeout_ms;
    spw_log_level log_level;
    spw_log_fn log_fn;
    void *log_arg;
};

/*
 * Fills *out from options (may be NULL) and the environment; configures the diagnostics first, then reports every setting it could not take.
 * A wrong environment variable is warned about and its default used. A wrong option, OTEL_CONFIG_FILE set, protocol grpc or an endpoint
 * that cannot be one is a failure with cause and cure. *out is always safe to free.
 */
spw_result spw__config_load(struct spw__config *out, const spw_options *options, spw_error *error);

/* Frees the strings; exporter objects still in `pipelines[i].exporter` are destroyed. */
void spw__config_free(struct spw__config *config);

#endif
