/* The whole SDK: scenario.h. */
#include <pthread.h>
#include <spanwire/processor.h>
#include <spanwire/config.h>
#include <spanwire/exporter.h>
#include <spanwire/sampler.h>
#include <spanwire/spanwire.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sweep/scenario.h"

enum { SPANS = 20, FLUSH_MS = 60, SHUTDOWN_MS = 60, PATIENCE_MS = 20000 };

/* ---- spans of every kind ---- */

static spw_value nested(void)
{
    static const int64_t numbers[] = { 1, 2, 3 };
    static spw_value leaves[3], branches[2];
    static spw_attr entries[2];
    for (int i = 0; i < 3; i++)
        leaves[i] = spw_value_int(numbers[i]);
    branches[0] = spw_value_array(leaves, 3);
    branches[1] = spw_value_string("leaf");
    entries[0] = spw_attr_value("branches", spw_value_array(branches, 2));
    entries[1] = spw_attr_string("plain", "value");
    return spw_value_map(entries, 2);
}

/* 100 KiB: in extents, then in a chunk of its own. */
static void set_much(spw_span span)
{
    static char text[4096];
    memset(text, 't', sizeof text);
    for (int i = 0; i < 25; i++) {
        char key[8] = { 'k', (char)('a' + i), 0 };
        spw_set_string_n(span, key, text, sizeof text);
    }
}

static void fill(spw_span span, int number)
{
    const spw_value value = nested();
    const spw_attr attrs[] = { spw_attr_int("a", 1), spw_attr_string("b", "two") };
    spw_set_int(span, "number", number);
    spw_set_value(span, "nested", &value);
    spw_add_event(span, "event", attrs, 2);
    spw_add_link(span, span, attrs, 2);
    spw_set_strings(span, "strings", (const char *const[]){ "x", "y" }, 2);
    if (number % 4 == 0)
        set_much(span);
    if (number % 5 == 0)
        spw_record_exception(span, "Type", "message", "stack", attrs, 2);
    spw_update_name(span, "another name");
}

static void record(int count)
{
    static const spw_attr scope_attrs[] = { { { "k", 1 }, { SPW_VALUE_INT, { .i = 1 } } } };
    static spw_tracer tracer = SPW_TRACER_INIT_WITH("sweep", "1", "https://example.com/schema", scope_attrs, 1);
    for (int i = 0; i < count; i++) {
        spw_scope scope = spw_scope_start(&tracer, "span", NULL);
        fill(scope.span, i);
        spw_scope_end(&scope);
    }
}

static void *record_elsewhere(void *arg)
{
    record(SPANS);
    return arg;
}

/* Half of them on a thread of its own; how many. */
static unsigned record_all(void)
{
    pthread_t thread;
    record(SPANS);
    if (pthread_create(&thread, NULL, record_elsewhere, NULL) != 0)
        return SPANS;
    pthread_join(thread, NULL);
    return 2 * SPANS;
}

/* ---- the books ---- */

static bool adds_up(const spw_pipeline_stats *p)
{
    uint64_t sum = p->exported + p->rejected + p->filtered + p->queued + p->in_flight;
    for (int cause = 0; cause < SPW_DROP_CAUSES; cause++)
        sum += p->dropped[cause];
    return sum == p->ended;
}

static bool all_add_up(const spw_stats *stats)
{
    bool all = true;
    for (uint32_t i = 0; i < stats->pipeline_count; i++)
        all &= adds_up(&stats->pipelines[i]);
    return all;
}

static bool check_books(struct scenario *s, const char *when, unsigned recorded)
{
    spw_stats stats = SPW_STATS_INIT;
    spw_stats_get(&stats);
    for (int i = 0; i < PATIENCE_MS / 10 && !all_add_up(&stats); i++) { /* a worker that the shutdown left behind is not at rest yet */
        usleep(10000);
        spw_stats_get(&stats);
    }
    for (uint32_t i = 0; i < stats.pipeline_count; i++) {
        const spw_pipeline_stats *p = &stats.pipelines[i];
        s->oom += p->dropped[SPW_DROP_OOM];
        if (!adds_up(p))
            return scenario_fail(s, "%s: the account of %s does not add up", when, p->name);
        uint64_t known = p->ended + stats.spans_not_sampled + stats.spans_record_only + stats.spans_record_only_lost;
        if (known != recorded)
            return scenario_fail(s, "%s: %s knows of %llu spans, not %u", when, p->name, (unsigned long long)known, recorded);
    }
    return true;
}

/* ---- sessions ---- */

static void quiet(void *arg, spw_log_level level, const char *text)
{
    (void)arg;
    (void)level;
    (void)text;
}

/* What the last shutdown left behind may take a moment to go. A start takes its objects over, also when it fails: each has its own. */
static spw_result start_with_patience(spw_result (*start)(spw_error *error), spw_error *error)
{
    spw_result result;
    for (int i = 0; (result = start(error)) == SPW_ERR_ALREADY_STARTED && i < PATIENCE_MS / 10; i++)
        usleep(10000);
    return result;
}

/* What a start may say: it is there, or there is no memory, no thread, no descriptor. */
static bool starts(struct scenario *s, const char *when, spw_result result, const spw_error *error)
{
    if (result == SPW_OK)
        return true;
    if (result != SPW_ERR_NO_MEMORY && result != SPW_ERR_SYSTEM)
        scenario_fail(s, "%s: spw_start says %d: %s", when, (int)result, error->text);
    else if (!error->text[0])
        scenario_fail(s, "%s: spw_start does not say why it failed", when);
    return false;
}

static void use_session(struct scenario *s, const char *when, bool started)
{
    unsigned recorded = record_all();
    (void)spw_flush(FLUSH_MS);
    recorded += record_all();
    (void)spw_flush(FLUSH_MS);
    (void)spw_shutdown(SHUTDOWN_MS);
    if (started)
        (void)check_books(s, when, recorded);
}

static void by_environment(struct scenario *s)
{
    spw_error error = SPW_ERROR_INIT;
    spw_options options = SPW_OPTIONS_INIT;
    options.error = &error;
    options.log_fn = quiet;
    use_session(s, "by the environment", starts(s, "by the environment", spw_start(&options), &error));
}

static spw_redaction redact(void *arg, const spw_redaction_input *input, spw_attr *attr)
{
    (void)arg;
    (void)input;
    if (attr->key.size == 2 && attr->key.data[0] == 'k')
        attr->value = spw_value_string("replaced by something else");
    return attr->key.size == 2 ? SPW_REDACT_REPLACE : SPW_REDACT_KEEP;
}

static bool filter(void *arg, const spw_span_view *span)
{
    (void)arg;
    return span->events.at != span->events.end;
}

static void look(spw_processor *self, const spw_span_view *span)
{
    (void)self;
    (void)span;
}

static spw_processor processor = { .struct_size = sizeof processor, .name = "looker", .on_end = look };

/* Composable samplers in each other; NULL when there was no memory for one, which the rest then is destroyed with. */
static spw_sampler *make_sampler(void)
{
    static const spw_attr attrs[] = { { { "sampler", 7 }, { SPW_VALUE_BOOL, { .b = true } } } };
    spw_sampling_rule rule = { NULL, NULL, spw_composable_probability(1.0) };
    return spw_sampler_always_record(
        spw_sampler_composite(spw_composable_annotating(attrs, 1, spw_composable_parent_threshold(spw_composable_rule_based(&rule, 1)))));
}

static void print(void *arg, const spw_config_entry *entry)
{
    (void)arg;
    (void)entry;
}

static size_t make_pipelines(spw_pipeline_options *p)
{
    size_t count = 0;
    spw_error error = SPW_ERROR_INIT;
    spw_file_exporter_options file = SPW_FILE_EXPORTER_OPTIONS_INIT;
    file.path = getenv("SPANWIRE_TRACES_FILE");
    file.max_file_bytes = 100000;
    spw_exporter *exporters[] = { NULL, spw_memory_exporter_new(1000), spw_file_exporter_new(&file, &error) };
    for (size_t i = 0; i < 3; i++) {
        if (i && !exporters[i])
            continue;
        p[count] = (spw_pipeline_options)SPW_PIPELINE_OPTIONS_INIT;
        p[count].exporter = exporters[i];
        p[count].exporter_name = "otlp";
        p[count].schedule_delay_ms = 10;
        p[count].filter = i == 1 ? filter : NULL;
        p[count++].redact = i == 2 ? redact : NULL;
    }
    return count;
}

static spw_result start_by_options(spw_error *error)
{
    static const spw_attr attrs[] = { { { "a", 1 }, { SPW_VALUE_INT, { .i = 1 } } } };
    static spw_processor *const processors[] = { &processor };
    spw_pipeline_options pipelines[3];
    spw_options options = SPW_OPTIONS_INIT;
    options.pipeline_count = make_pipelines(pipelines);
    options.pipelines = pipelines;
    options.sampler = make_sampler();
    options.processors = processors;
    options.processor_count = 1;
    options.otlp_protocol = "http/json";
    options.service_name = "sweep";
    options.resource_attributes = attrs;
    options.resource_attribute_count = 1;
    options.error = error;
    options.log_fn = quiet;
    return spw_start(&options);
}

static void by_options(struct scenario *s)
{
    spw_error error = SPW_ERROR_INIT;
    (void)spw_config_each(NULL, print, NULL);
    spw_result result = start_with_patience(start_by_options, &error);
    use_session(s, "by options", starts(s, "by options", result, &error));
}

bool scenario_sdk(struct scenario *s)
{
    by_environment(s);
    by_options(s);
    return !s->why[0];
}

/* ---- with memory again ---- */

static spw_exporter *memory; /* of the last start */

static spw_result start_plainly(spw_error *error)
{
    spw_pipeline_options pipelines[2] = { SPW_PIPELINE_OPTIONS_INIT, SPW_PIPELINE_OPTIONS_INIT };
    spw_options options = SPW_OPTIONS_INIT;
    pipelines[0].exporter = memory = spw_memory_exporter_new(1000);
    pipelines[1].exporter_name = "otlp";
    options.pipelines = pipelines;
    options.pipeline_count = 2;
    options.error = error;
    options.log_fn = quiet;
    return spw_start(&options);
}

static bool all_arrive(struct scenario *s)
{
    unsigned recorded = record_all();
    spw_result flushed = SPW_ERR_TIMEOUT;
    for (int i = 0; flushed == SPW_ERR_TIMEOUT && i < PATIENCE_MS / 50; i++)
        flushed = spw_flush(50); /* each cuts a back-off short */
    size_t kept = spw_memory_exporter_count(memory);
    spw_stats stats = SPW_STATS_INIT;
    spw_stats_get(&stats);
    if (flushed != SPW_OK || kept != recorded || stats.pipelines[1].exported != recorded || stats.attributes_dropped)
        return scenario_fail(s, "with memory again: flush says %d, %zu of %u are in memory, %llu sent, %llu attributes dropped", (int)flushed, kept,
                             recorded, (unsigned long long)stats.pipelines[1].exported, (unsigned long long)stats.attributes_dropped);
    return check_books(s, "with memory again", recorded);
}

bool scenario_afterwards(struct scenario *s)
{
    spw_error error = SPW_ERROR_INIT;
    if (start_with_patience(start_plainly, &error) != SPW_OK)
        return scenario_fail(s, "with memory again: spw_start says %s", error.text);
    bool good = all_arrive(s);
    spw_result result = spw_shutdown(PATIENCE_MS);
    return good && (result == SPW_OK || scenario_fail(s, "with memory again: spw_shutdown says %d", (int)result));
}
