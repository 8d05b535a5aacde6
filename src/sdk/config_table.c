/* The settings, one a row, in the order of the schema. To add one: a field in the model, an id in config.h, a row here, a row in its test. */
#include "sdk/config_table.h"

#include "sdk/config_env.h"

/* What the recording engine reserves places for (record/slot.h, finish.h, engine.c, segment.h). */
#define MAX_ATTRIBUTES 2048u
#define MIN_SPAN_BYTES 880u
#define MAX_SPAN_BYTES (1024u * 1024u)
#define MAX_OPEN_SPANS (1u << 18)
#define MAX_OVERFLOW_BYTES (256ull << 20)
#define MAX_BUFFER_BYTES (4ull << 30)
#define MAX_EXPORTS 16u /* each has an exporter, with its connection, and a batch */

#define IN_CODE(option) { offsetof(spw_options, option), #option }
#define IN_PIPELINE(option) { offsetof(spw_pipeline_options, option), #option }
#define FIELD(member) .field = offsetof(struct spw__config, member)
#define PIPELINE_FIELD(member) .field = offsetof(struct spw__pipeline_config, member)

#define PROVIDER "tracer_provider."
#define LIMITS PROVIDER "limits."
#define OTLP "exporter.otlp_http."
#define OURS "distribution.spanwire."
#define SIGNAL "OTEL_EXPORTER_OTLP_TRACES_"
#define GENERAL "OTEL_EXPORTER_OTLP_"

static const char *const levels[] = { "none", "error", "warn", "info", "debug", NULL };
static const char *const samplers[] = { "always_on",
                                        "always_off",
                                        "traceidratio",
                                        "parentbased_always_on",
                                        "parentbased_always_off",
                                        "parentbased_traceidratio",
                                        NULL };
static const char *const protocols[] = { "http/protobuf", "http/json", "grpc", NULL };
static const char *const compressions[] = { "none", "gzip", NULL };

const struct spw__setting spw__settings[SPW__SETTINGS] = {
    [SPW__SET_DISABLED] = { "disabled", { "OTEL_SDK_DISABLED" }, { IN_CODE(disabled) }, FIELD(disabled), SPW__KIND_BOOL, .early = true },
    [SPW__SET_LOG_LEVEL] = { "log_level", { "OTEL_LOG_LEVEL" }, { IN_CODE(log_level) }, FIELD(log_level), SPW__KIND_LEVEL, .early = true,
                             .number = SPW_LOG_INFO, .choices = levels },
    [SPW__SET_PROPAGATORS] = { "propagator.composite_list", { "OTEL_PROPAGATORS" }, { IN_CODE(propagators) }, FIELD(propagators),
                               SPW__KIND_TEXT, .early = true, .text = "tracecontext,baggage" },

    [SPW__SET_RESOURCE_ATTRIBUTES] = { "resource.attributes_list", { "OTEL_RESOURCE_ATTRIBUTES" }, { { 0, NULL } },
                                       FIELD(identity.attributes), SPW__KIND_PAIRS },
    [SPW__SET_SERVICE_NAME] = { "resource.attributes.service.name", { "OTEL_SERVICE_NAME" }, { IN_CODE(service_name) },
                                FIELD(identity.service_name), SPW__KIND_TEXT },
    [SPW__SET_SERVICE_NAME_DEFAULT] = { OURS "service_name_default", { NULL }, { IN_CODE(service_name_default) },
                                        FIELD(identity.service_name_default), SPW__KIND_TEXT },
    [SPW__SET_SERVICE_VERSION] = { "resource.attributes.service.version", { NULL }, { IN_CODE(service_version) },
                                   FIELD(identity.service_version), SPW__KIND_TEXT },
    [SPW__SET_SCHEMA_URL] = { "resource.schema_url", { NULL }, { IN_CODE(resource_schema_url) }, FIELD(identity.schema_url),
                              SPW__KIND_TEXT },
    [SPW__SET_DETECTORS] = { "resource.detection/development.detectors", { NULL }, { IN_CODE(resource_detectors) },
                             FIELD(identity.detectors), SPW__KIND_TEXT, .nothing = "(all)" },
    [SPW__SET_ENTITIES] = { "resource.entities", { "OTEL_ENTITIES" }, { { 0, NULL } }, FIELD(identity.entities), SPW__KIND_TEXT },

    [SPW__SET_SAMPLER] = { PROVIDER "sampler", { "OTEL_TRACES_SAMPLER" }, { { 0, NULL } }, FIELD(sampler_name), SPW__KIND_CHOICE,
                           .text = "parentbased_always_on", .choices = samplers },
    [SPW__SET_SAMPLER_ARG] = { PROVIDER "sampler.ratio", { "OTEL_TRACES_SAMPLER_ARG" }, { { 0, NULL } }, FIELD(sampler_text),
                               SPW__KIND_TEXT },

    [SPW__SET_MAX_VALUE_LENGTH] = { LIMITS "attribute_value_length_limit",
                                    { "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT" },
                                    { IN_CODE(max_value_length) }, FIELD(limits.value_length), SPW__KIND_LENGTH, .most = UINT32_MAX,
                                    .number = UINT32_MAX },
    [SPW__SET_MAX_ATTRIBUTES] = { LIMITS "attribute_count_limit", { "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "OTEL_ATTRIBUTE_COUNT_LIMIT" },
                                  { IN_CODE(max_attributes) }, FIELD(limits.attributes), SPW__KIND_COUNT, .most = MAX_ATTRIBUTES,
                                  .number = 128 },
    [SPW__SET_MAX_EVENTS] = { LIMITS "event_count_limit", { "OTEL_SPAN_EVENT_COUNT_LIMIT" }, { IN_CODE(max_events) },
                              FIELD(limits.events), SPW__KIND_COUNT, .number = 128 },
    [SPW__SET_MAX_LINKS] = { LIMITS "link_count_limit", { "OTEL_SPAN_LINK_COUNT_LIMIT" }, { IN_CODE(max_links) }, FIELD(limits.links),
                             SPW__KIND_COUNT, .number = 128 },
    [SPW__SET_MAX_EVENT_ATTRIBUTES] = { LIMITS "event_attribute_count_limit", { "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT" },
                                        { IN_CODE(max_event_attributes) }, FIELD(limits.event_attributes), SPW__KIND_COUNT,
                                        .number = 128 },
    [SPW__SET_MAX_LINK_ATTRIBUTES] = { LIMITS "link_attribute_count_limit", { "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT" },
                                       { IN_CODE(max_link_attributes) }, FIELD(limits.link_attributes), SPW__KIND_COUNT, .number = 128 },

    [SPW__SET_EXPORTERS] = { PROVIDER "processors", { "OTEL_TRACES_EXPORTER" }, { { 0, NULL } }, FIELD(exporters), SPW__KIND_TEXT,
                             .text = "otlp" },
    [SPW__SET_ENDPOINT] = { OTLP "endpoint", { SIGNAL "ENDPOINT", GENERAL "ENDPOINT" },
                            { IN_CODE(otlp_traces_endpoint), IN_CODE(otlp_endpoint) }, FIELD(otlp.endpoint), SPW__KIND_URL,
                            .text = "http://localhost:4318" },
    [SPW__SET_PROTOCOL] = { OTLP "encoding", { SIGNAL "PROTOCOL", GENERAL "PROTOCOL" }, { IN_CODE(otlp_protocol) },
                            FIELD(otlp.protocol), SPW__KIND_CHOICE, .text = "http/protobuf", .choices = protocols },
    [SPW__SET_HEADERS] = { OTLP "headers_list", { SIGNAL "HEADERS", GENERAL "HEADERS" }, { IN_CODE(otlp_headers) }, FIELD(otlp.headers),
                           SPW__KIND_HEADERS },
    [SPW__SET_COMPRESSION] = { OTLP "compression", { SIGNAL "COMPRESSION", GENERAL "COMPRESSION" }, { IN_CODE(otlp_compression) },
                               FIELD(otlp.compression), SPW__KIND_CHOICE, .text = "none", .choices = compressions },
    [SPW__SET_TIMEOUT] = { OTLP "timeout", { SIGNAL "TIMEOUT", GENERAL "TIMEOUT" }, { IN_CODE(otlp_timeout_ms) }, FIELD(otlp.timeout_ms),
                           SPW__KIND_TIMEOUT, .number = 10000 },
    [SPW__SET_CERTIFICATE] = { OTLP "tls.ca_file", { SIGNAL "CERTIFICATE", GENERAL "CERTIFICATE" }, { IN_CODE(otlp_certificate) },
                               FIELD(otlp.certificate), SPW__KIND_FILE, .nothing = "(the system's)" },
    [SPW__SET_CLIENT_KEY] = { OTLP "tls.key_file", { SIGNAL "CLIENT_KEY", GENERAL "CLIENT_KEY" }, { IN_CODE(otlp_client_key) },
                              FIELD(otlp.client_key), SPW__KIND_FILE },
    [SPW__SET_CLIENT_CERTIFICATE] = { OTLP "tls.cert_file", { SIGNAL "CLIENT_CERTIFICATE", GENERAL "CLIENT_CERTIFICATE" },
                                      { IN_CODE(otlp_client_certificate) }, FIELD(otlp.client_certificate), SPW__KIND_FILE },
    [SPW__SET_PROXY] = { OTLP "proxy", { NULL }, { IN_CODE(otlp_proxy) }, FIELD(otlp.proxy), SPW__KIND_URL }, /* and config_proxy.c */
    [SPW__SET_PROXY_CERTIFICATE] = { OURS "proxy_ca_file", { "SPANWIRE_OTLP_PROXY_CERTIFICATE" }, { IN_CODE(otlp_proxy_certificate) },
                                     FIELD(otlp.proxy_certificate), SPW__KIND_FILE, .nothing = "(the system's)" },
    [SPW__SET_CONNECTION_AGE] = { OURS "max_connection_age", { NULL }, { IN_CODE(otlp_max_connection_age_ms) },
                                  FIELD(otlp.max_connection_age_ms), SPW__KIND_TIMEOUT, .number = 300000 },
    [SPW__SET_USER_AGENT_PREFIX] = { OURS "user_agent_prefix", { NULL }, { IN_CODE(user_agent_prefix) }, FIELD(user_agent_prefix),
                                     SPW__KIND_TEXT },

    [SPW__SET_MAX_SPAN_BYTES] = { OURS "max_span_bytes", { NULL }, { IN_CODE(max_span_bytes) }, FIELD(limits.span_bytes),
                                  SPW__KIND_COUNT, .strict = true, .min = MIN_SPAN_BYTES, .most = MAX_SPAN_BYTES,
                                  .number = MAX_SPAN_BYTES },
    [SPW__SET_MAX_OPEN_SPANS] = { OURS "max_open_spans", { NULL }, { IN_CODE(max_open_spans) }, FIELD(limits.open_spans),
                                  SPW__KIND_COUNT, .most = MAX_OPEN_SPANS, .number = 16384 },
    [SPW__SET_MAX_BUFFER_BYTES] = { OURS "max_buffer_bytes", { NULL }, { IN_CODE(max_buffer_bytes) }, FIELD(limits.buffer_bytes),
                                    SPW__KIND_BYTES, .most = MAX_BUFFER_BYTES, .number = 64ull << 20 },
    [SPW__SET_MAX_OVERFLOW_BYTES] = { OURS "max_overflow_bytes", { NULL }, { IN_CODE(max_overflow_bytes) },
                                      FIELD(limits.overflow_bytes), SPW__KIND_BYTES, .most = MAX_OVERFLOW_BYTES, .number = 64ull << 20 },
    [SPW__SET_EXIT_TIMEOUT] = { OURS "exit_timeout", { NULL }, { IN_CODE(exit_timeout_ms) }, FIELD(exit_timeout_ms), SPW__KIND_DELAY,
                                .number = 1000 },
    [SPW__SET_PUMP] = { OURS "pump", { NULL }, { IN_CODE(pump) }, FIELD(pump), SPW__KIND_BOOL },
};

/* Under `tracer_provider.processors[i].batch.`, or `simple.` */
const struct spw__setting spw__pipeline_settings[SPW__PIPELINE_SETTINGS] = {
    [SPW__SET_SCHEDULE_DELAY] = { "schedule_delay", { "OTEL_BSP_SCHEDULE_DELAY" }, { IN_PIPELINE(schedule_delay_ms) },
                                  PIPELINE_FIELD(schedule_delay_ms), SPW__KIND_DELAY, .number = 5000 },
    [SPW__SET_EXPORT_TIMEOUT] = { "export_timeout", { "OTEL_BSP_EXPORT_TIMEOUT" }, { IN_PIPELINE(export_timeout_ms) },
                                  PIPELINE_FIELD(export_timeout_ms), SPW__KIND_TIMEOUT, .number = 30000 },
    [SPW__SET_MAX_QUEUE_SIZE] = { "max_queue_size", { "OTEL_BSP_MAX_QUEUE_SIZE" }, { IN_PIPELINE(max_queue_size) },
                                  PIPELINE_FIELD(max_queue_size), SPW__KIND_COUNT, .min = 1, .number = 2048 },
    [SPW__SET_MAX_BATCH_SIZE] = { "max_export_batch_size", { "OTEL_BSP_MAX_EXPORT_BATCH_SIZE" }, { IN_PIPELINE(max_export_batch_size) },
                                  PIPELINE_FIELD(max_export_batch_size), SPW__KIND_COUNT, .min = 1, .number = 512 },
    [SPW__SET_MAX_AGE] = { "max_age", { NULL }, { IN_PIPELINE(max_age_ms) }, PIPELINE_FIELD(max_age_ms), SPW__KIND_TIMEOUT },
    [SPW__SET_MAX_EXPORTS] = { "max_concurrent_exports", { NULL }, { IN_PIPELINE(max_concurrent_exports) },
                               PIPELINE_FIELD(max_concurrent_exports), SPW__KIND_COUNT, .min = 1, .most = MAX_EXPORTS, .number = 1 },
};
