/* The resource on the wire: what the options, the environment and the detectors say arrives in every request, with its Schema URL. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <opentelemetry/proto/collector/trace/v1/trace_service.pb-c.h>
#include <spanwire/spanwire.h>

#include "support/capture.h"

typedef Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceRequest request;

/* Keeps the last request, decoded, and what the public reader saw of its resource. */
struct keeper {
    spw_exporter base;
    request *last;
    size_t attributes_read;
    char schema_url_read[128];
};

static void keep(spw_exporter *self, const spw_batch *batch, spw_export_done_fn done, void *token)
{
    struct keeper *k = (struct keeper *)(void *)self;
    size_t size = spw_batch_encoded_size(batch);
    uint8_t *bytes = malloc(size);
    assert_int_equal(spw_batch_encode(batch, bytes, size), size);
    if (k->last)
        opentelemetry__proto__collector__trace__v1__export_trace_service_request__free_unpacked(k->last, NULL);
    k->last = opentelemetry__proto__collector__trace__v1__export_trace_service_request__unpack(NULL, size, bytes);
    free(bytes);
    spw_attr attr;
    k->attributes_read = 0;
    for (spw_attr_iter it = spw_batch_resource(batch); spw_attr_next(&it, &attr);)
        k->attributes_read++;
    spw_view url = spw_batch_resource_schema_url(batch);
    snprintf(k->schema_url_read, sizeof k->schema_url_read, "%.*s", (int)url.size, url.data ? url.data : "");
    spw_export_result ok = SPW_EXPORT_RESULT_INIT;
    done(token, &ok);
}

/* One span through a fresh SDK with these options; the request is the keeper's. */
static void send_one(struct keeper *k, spw_options *options)
{
    spw_pipeline_options pipeline = SPW_PIPELINE_OPTIONS_INIT;
    memset(k, 0, sizeof *k);
    k->base = (spw_exporter){ .struct_size = sizeof k->base, .name = "keeper", .submit = keep };
    pipeline.exporter = &k->base;
    options->pipelines = &pipeline;
    options->pipeline_count = 1;
    assert_int_equal(spw_start(options), SPW_OK);
    spw_span_end(spw_span_start(NULL, "one", NULL));
    assert_int_equal(spw_shutdown(20000), SPW_OK);
}

static void forget(struct keeper *k)
{
    opentelemetry__proto__collector__trace__v1__export_trace_service_request__free_unpacked(k->last, NULL);
}

static const Opentelemetry__Proto__Trace__V1__ResourceSpans *sent(const struct keeper *k)
{
    assert_non_null(k->last);
    assert_int_equal(k->last->n_resource_spans, 1);
    assert_true(capture_all_known(&k->last->base));
    const Opentelemetry__Proto__Trace__V1__ResourceSpans *spans = k->last->resource_spans[0];
    assert_int_equal(k->attributes_read, spans->resource->n_attributes);
    assert_string_equal(k->schema_url_read, spans->schema_url);
    assert_int_equal(spans->n_scope_spans, 1);
    return spans;
}

static const Opentelemetry__Proto__Common__V1__AnyValue *value(const Opentelemetry__Proto__Trace__V1__ResourceSpans *spans, const char *key)
{
    const capture_attr *attr = capture_find(spans->resource->attributes, spans->resource->n_attributes, key);
    assert_non_null(attr);
    return attr->value;
}

static int clean(void **state)
{
    (void)state;
    clearenv();
    return 0;
}

static void the_defaults_are_sent(void **state)
{
    (void)state;
    struct keeper k;
    spw_options options = SPW_OPTIONS_INIT;
    send_one(&k, &options);
    const Opentelemetry__Proto__Trace__V1__ResourceSpans *spans = sent(&k);
    assert_string_equal(spans->schema_url, SPW_RESOURCE_SCHEMA_URL);
    assert_string_equal(value(spans, "telemetry.sdk.name")->string_value, "spanwire");
    assert_string_equal(value(spans, "telemetry.sdk.language")->string_value, "c");
    assert_string_equal(value(spans, "os.type")->string_value, "linux");
    assert_int_equal(strncmp(value(spans, "service.name")->string_value, "unknown_service:", 16), 0);
    forget(&k);
}

static void trees_are_sent(void **state)
{
    (void)state;
    struct keeper k;
    spw_options options = SPW_OPTIONS_INIT;
    const spw_value zones[] = { spw_value_string("a"), spw_value_int(2) };
    const spw_attr labels[] = { spw_attr_string("team", "x"), spw_attr_array("zones", zones, 2) };
    const spw_attr attrs[] = { spw_attr_map("labels", labels, 2) };
    options.resource_attributes = attrs;
    options.resource_attribute_count = 1;
    setenv("OTEL_RESOURCE_ATTRIBUTES", "labels=environment,only.env=1", 1);
    send_one(&k, &options);
    const Opentelemetry__Proto__Trace__V1__ResourceSpans *spans = sent(&k);
    const Opentelemetry__Proto__Common__V1__KeyValueList *map = value(spans, "labels")->kvlist_value;
    assert_int_equal(map->n_values, 2);
    assert_int_equal(map->values[1]->value->array_value->values[1]->int_value, 2);
    assert_string_equal(value(spans, "only.env")->string_value, "1");
    forget(&k);
}

static void sources_that_disagree_send_no_schema_url(void **state)
{
    (void)state;
    struct keeper k;
    spw_options options = SPW_OPTIONS_INIT;
    options.log_level = SPW_LOG_ERROR;
    options.resource_schema_url = "https://example.com/1.0";
    send_one(&k, &options);
    assert_string_equal(sent(&k)->schema_url, "");
    forget(&k);
    options.resource_detectors = "none";
    send_one(&k, &options);
    assert_string_equal(sent(&k)->schema_url, "https://example.com/1.0");
    assert_int_equal(sent(&k)->resource->n_attributes, 4);
    forget(&k);
}

static void a_disabled_sdk_sends_nothing(void **state)
{
    (void)state;
    struct keeper k = { .base = { .struct_size = sizeof k.base, .name = "keeper", .submit = keep } };
    spw_pipeline_options pipeline = SPW_PIPELINE_OPTIONS_INIT;
    spw_options options = SPW_OPTIONS_INIT;
    pipeline.exporter = &k.base;
    options.pipelines = &pipeline;
    options.pipeline_count = 1;
    options.disabled = true;
    assert_int_equal(spw_start(&options), SPW_OK);
    spw_span span = spw_span_start(NULL, "none", NULL);
    assert_false(spw_is_recording(span));
    spw_span_end(span);
    assert_int_equal(spw_shutdown(20000), SPW_OK);
    assert_null(k.last);
}

static void ignore(void *arg, const spw_config_entry *entry)
{
    (void)entry;
    ++*(int *)arg;
}

/* Looking at another configuration leaves the running one as it is. */
static void printing_disturbs_nobody(void **state)
{
    (void)state;
    capture *c = capture_new();
    int entries = 0;
    capture_start(c, NULL);
    spw_span span = spw_span_start(NULL, "through", NULL);
    setenv("OTEL_BSP_MAX_QUEUE_SIZE", "many", 1);
    setenv("OTEL_TRACES_EXPORTER", "console", 1);
    assert_int_equal(spw_config_each(NULL, ignore, &entries), SPW_OK);
    spw_span_end(span);
    assert_true(entries > 40);
    assert_int_equal(spw_flush(20000), SPW_OK);
    assert_non_null(capture_named(c, "through"));
    capture_stop(c);
}

#define TEST(name) cmocka_unit_test_setup(name, clean)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_defaults_are_sent),
        TEST(trees_are_sent),
        TEST(sources_that_disagree_send_no_schema_url),
        TEST(a_disabled_sdk_sends_nothing),
        TEST(printing_disturbs_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
