#include "config_fixture.h"

char said[65536];
int warnings;
spw_error error;

void hear(void *arg, spw_log_level level, const char *text)
{
    (void)arg;
    warnings += level <= SPW_LOG_WARN;
    size_t at = strlen(said);
    snprintf(said + at, sizeof said - at, "%s\n", text);
}

int fresh(void **state)
{
    (void)state;
    clearenv();
    said[0] = 0;
    warnings = 0;
    return 0;
}

spw_result load(struct spw__config *config, spw_options *options)
{
    static spw_options plain;
    spw_options init = SPW_OPTIONS_INIT;
    if (!options) {
        plain = init;
        options = &plain;
    }
    options->log_fn = hear;
    memset(&error, 0, sizeof error);
    return spw__config_load(config, options, &error);
}

const spw_attr *attribute(const struct spw__config *config, const char *key)
{
    const spw_attr *found = NULL;
    for (size_t i = 0; i < config->resource.count; i++) {
        const spw_attr *a = &config->resource.attrs[i];
        if (a->key.size == strlen(key) && memcmp(a->key.data, key, a->key.size) == 0) {
            assert_null(found); /* one key, one attribute */
            found = a;
        }
    }
    return found;
}

void assert_text(const struct spw__config *config, const char *key, const char *value)
{
    const spw_attr *a = attribute(config, key);
    assert_non_null(a);
    assert_int_equal(a->value.type, SPW_VALUE_STRING);
    assert_string_equal(a->value.u.view.data, value);
}

static void assert_default_limits(const struct spw__config *c)
{
    assert_int_equal(c->limits.attributes, 128);
    assert_int_equal(c->limits.events, 128);
    assert_int_equal(c->limits.links, 128);
    assert_int_equal(c->limits.event_attributes, 128);
    assert_int_equal(c->limits.link_attributes, 128);
    assert_int_equal(c->limits.value_length, UINT32_MAX);
    assert_int_equal(c->limits.span_bytes, 1024 * 1024);
    assert_int_equal(c->limits.open_spans, 16384);
    assert_int_equal(c->limits.buffer_bytes, 64 << 20);
    assert_int_equal(c->limits.overflow_bytes, 64 << 20);
    assert_int_equal(c->limits.pinned_key_count, 0);
}

void assert_defaults(const struct spw__config *c)
{
    assert_false(c->disabled);
    assert_int_equal(c->pipeline_count, 1);
    assert_string_equal(c->pipelines[0].exporter_name, "otlp");
    assert_int_equal(c->pipelines[0].mode, SPW_PIPELINE_BATCH);
    assert_int_equal(c->pipelines[0].max_queue_size, 2048);
    assert_int_equal(c->pipelines[0].max_export_batch_size, 512);
    assert_int_equal(c->pipelines[0].schedule_delay_ms, 5000);
    assert_int_equal(c->pipelines[0].export_timeout_ms, 30000);
    assert_int_equal(c->pipelines[0].max_age_ms, 0);
    assert_string_equal(c->otlp.endpoint, "http://localhost:4318");
    assert_false(c->otlp.endpoint_is_signal);
    assert_string_equal(c->otlp.protocol, "http/protobuf");
    assert_string_equal(c->otlp.compression, "none");
    assert_int_equal(c->otlp.timeout_ms, 10000);
    assert_null(c->otlp.headers);
    assert_null(c->user_agent_prefix);
    assert_string_equal(c->propagators, "tracecontext,baggage");
    assert_string_equal(c->sampler_name, "parentbased_always_on");
    assert_true(c->sampler_ratio == 1.0);
    assert_int_equal(c->exit_timeout_ms, 1000);
    assert_false(c->pump);
    assert_int_equal(c->log_level, SPW_LOG_INFO);
    assert_default_limits(c);
}

static void look(void *arg, const spw_config_entry *entry)
{
    struct seen *s = arg;
    bool problem = strcmp(entry->path, "warning") == 0 || strcmp(entry->path, "error") == 0;
    size_t at = strlen(s->problems);
    if (problem) {
        s->warned++;
        snprintf(s->problems + at, sizeof s->problems - at, "%s\n", entry->value);
    } else if (strcmp(entry->path, s->path) == 0) {
        s->times++;
        snprintf(s->value, sizeof s->value, "%s", entry->value);
        snprintf(s->source, sizeof s->source, "%s", entry->source);
    }
}

spw_result print(const spw_options *options, const char *path, struct seen *out)
{
    memset(out, 0, sizeof *out);
    out->path = path;
    return spw_config_each(options, look, out);
}
