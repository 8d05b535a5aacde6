/* What the SDK makes of a sampler's answer. The samplers themselves: test_sampler.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <spanwire/processor.h>
#include <stdlib.h>
#include <string.h>

#include "record/engine.h"
#include "support/capture.h"
#include "support/sampling.h"

/* A sampler that answers as the test says, and keeps what it was asked. */
static struct {
    spw_sampler base;
    spw_sampling_decision decision;
    const spw_attr *attributes;
    size_t attribute_count;
    uint32_t trace_state;
    bool sets_state, starts_span;
    /* what it was asked */
    unsigned asked, destroyed;
    spw_sampling_input input;
    spw_span parent;
    char name[32];
    spw_span started;
} scripted;

static void scripted_sample(spw_sampler *self, const spw_sampling_input *input, spw_sampling_result *result)
{
    (void)self;
    scripted.asked++;
    scripted.input = *input;
    if (input->parent)
        scripted.parent = *input->parent;
    size_t size = input->name.size < 31 ? input->name.size : 31;
    memcpy(scripted.name, input->name.data, size);
    scripted.name[size] = '\0';
    result->decision = scripted.decision;
    result->attributes = scripted.attributes;
    result->attribute_count = scripted.attribute_count;
    if (scripted.sets_state)
        result->trace_state = scripted.trace_state;
    if (scripted.starts_span) {
        scripted.started = spw_span_start(NULL, "of the sampler", NULL);
        spw_span_end(scripted.started);
    }
}

static void scripted_destroy(spw_sampler *self)
{
    (void)self;
    scripted.destroyed++;
}

static capture *c;

static void start_with(spw_sampler *sampler)
{
    c = capture_new();
    spw_options options = SPW_OPTIONS_INIT;
    options.sampler = sampler;
    capture_start(c, &options);
}

static void start_scripted(spw_sampling_decision decision)
{
    memset(&scripted, 0, sizeof scripted);
    scripted.base = (spw_sampler){ sizeof scripted.base, "Scripted", scripted_sample, scripted_destroy };
    scripted.decision = decision;
    start_with(&scripted.base);
}

static spw_stats stats(void)
{
    spw_stats now = SPW_STATS_INIT;
    spw_stats_get(&now);
    return now;
}

static void a_sampler_sees_what_the_start_says(void **state)
{
    (void)state;
    start_scripted(SPW_SAMPLING_RECORD_AND_SAMPLE);
    const spw_attr attributes[] = { spw_attr_int("a", 1), spw_attr_string("b", "two") };
    spw_span other = sampling_parent(true, true);
    const spw_link links[] = { { other, NULL, 0 } };
    spw_context parent = { .span = sampling_parent(true, false) };
    parent.span.trace_state = sampling_state("k=v");
    spw_span_options options = SPW_SPAN_OPTIONS_INIT;
    options.kind = SPW_KIND_SERVER;
    options.parent = &parent;
    options.attributes = attributes;
    options.attribute_count = 2;
    options.links = links;
    options.link_count = 1;
    options.start_unix_ns = 12345;
    spw_tracer tracer = SPW_TRACER_INIT("asking", "1.0");
    spw_span span = spw_span_start(&tracer, "asked", &options);
    assert_int_equal(scripted.asked, 1);
    assert_int_equal(scripted.input.struct_size, sizeof(spw_sampling_input));
    assert_string_equal(scripted.name, "asked");
    assert_int_equal(scripted.input.kind, SPW_KIND_SERVER);
    assert_ptr_equal(scripted.input.context, &parent);
    assert_memory_equal(&scripted.parent, &parent.span, sizeof parent.span);
    assert_memory_equal(scripted.input.trace_id, parent.span.trace_id, 16);
    assert_int_equal(scripted.input.flags, SPW_FLAG_RANDOM);
    assert_ptr_equal(scripted.input.attributes, attributes);
    assert_int_equal(scripted.input.attribute_count, 2);
    assert_ptr_equal(scripted.input.links, links);
    assert_int_equal(scripted.input.link_count, 1);
    assert_ptr_equal(scripted.input.tracer, &tracer);
    assert_int_equal(scripted.input.start_unix_ns, 12345);
    /* sampled against its parent's flag; the trace state goes on */
    assert_int_equal(span.flags, SPW_FLAG_SAMPLED | SPW_FLAG_RANDOM);
    assert_string_equal(sampling_state_text(span.trace_state), "k=v");
    spw_span_end(span);
    assert_int_equal(spw_flush(20000), SPW_OK);
    assert_string_equal(capture_named(c, "asked")->trace_state, "k=v");

    spw_span root = spw_span_start(NULL, "root", NULL);
    assert_null(scripted.input.parent);
    assert_non_null(scripted.input.context);
    assert_int_equal(scripted.input.kind, SPW_KIND_INTERNAL);
    assert_memory_equal(scripted.input.trace_id, root.trace_id, 16);
    assert_int_equal(scripted.input.flags, SPW_FLAG_RANDOM);
    assert_non_null(scripted.input.tracer);
    assert_null(scripted.input.tracer->name);
    assert_int_equal(scripted.input.start_unix_ns, 0);
    spw_span_end(root);
    capture_stop(c);
    assert_int_equal(scripted.destroyed, 1);
}

/* "IsRecording will be false, the Span will not be recorded and all events and attributes will be dropped"; it has an id of its own. */
static void a_dropped_span_carries_its_context(void **state)
{
    (void)state;
    start_scripted(SPW_SAMPLING_DROP);
    scripted.sets_state = true;
    scripted.trace_state = sampling_state("dropped=1");
    spw_context parent = { .span = sampling_parent(true, true) };
    spw_span_options options = SPW_SPAN_OPTIONS_INIT;
    options.parent = &parent;
    spw_span span = spw_span_start(NULL, "dropped", &options);
    assert_int_equal(span.handle, 0);
    assert_false(spw_is_recording(span));
    assert_true(spw_span_is_valid(span));
    assert_memory_equal(span.trace_id, parent.span.trace_id, 16);
    assert_memory_not_equal(span.span_id, parent.span.span_id, 8);
    assert_int_equal(span.flags, SPW_FLAG_RANDOM);
    assert_string_equal(sampling_state_text(span.trace_state), "dropped=1");
    spw_span_end(span);
    assert_int_equal(stats().spans_not_sampled, 1);
    assert_int_equal(stats().spans_started, 0);
    scripted.decision = (spw_sampling_decision)17; /* no decision at all */
    assert_int_equal(spw_span_start(NULL, "odd", NULL).handle, 0);
    assert_int_equal(stats().spans_not_sampled, 2);
    assert_int_equal(spw_flush(20000), SPW_OK);
    assert_int_equal(capture_count(c), 0);
    capture_stop(c);
}

static void a_span_recorded_only_is_never_exported(void **state)
{
    (void)state;
    start_scripted(SPW_SAMPLING_RECORD_ONLY);
    for (int i = 0; i < 100; i++) {
        spw_span span = spw_span_start(NULL, "only", NULL);
        assert_true(spw_is_recording(span));
        assert_false(spw_span_is_sampled(span));
        assert_int_equal(span.flags, SPW_FLAG_RANDOM);
        spw_set_int(span, "i", i);
        spw_span_end(span);
    }
    spw_span open = spw_span_start(NULL, "open", NULL);
    assert_int_equal(stats().spans_open, 1);
    assert_int_equal(stats().spans_record_only, 100);
    spw_span_end(open);
    scripted.decision = SPW_SAMPLING_RECORD_AND_SAMPLE;
    spw_span_end(spw_span_start(NULL, "both", NULL));
    assert_int_equal(spw_flush(20000), SPW_OK);
    assert_int_equal(capture_count(c), 1);
    assert_int_equal(stats().spans_started, 102);
    assert_int_equal(stats().spans_record_only, 101);
    assert_int_equal(stats().spans_open, 0);
    assert_int_equal(capture_stats(0).ended, 1);
    capture_stop(c); /* checks the accounts */
}

/* What happens to the others before any pipeline is counted for each; these are no pipeline's. */
static void a_span_recorded_only_is_lost_apart(void **state)
{
    (void)state;
    memset(&scripted, 0, sizeof scripted);
    scripted.base = (spw_sampler){ sizeof scripted.base, "Scripted", scripted_sample, scripted_destroy };
    scripted.decision = SPW_SAMPLING_RECORD_ONLY;
    c = capture_new();
    spw_options options = SPW_OPTIONS_INIT;
    options.sampler = &scripted.base;
    options.max_open_spans = 16;
    capture_start(c, &options);
    spw_span spans[40];
    for (int i = 0; i < 40; i++)
        spans[i] = spw_span_start(NULL, "many", NULL);
    uint64_t refused = stats().spans_record_only_lost;
    assert_in_range(refused, 1, 24);
    assert_int_equal(capture_stats(0).ended, 0);
    for (int i = 0; i < 39; i++)
        spw_span_end(spans[i]);
    bool last = spans[39].handle;
    assert_int_equal(spw_shutdown(20000), SPW_OK);
    spw_span_end(spans[39]);
    assert_int_equal(stats().spans_record_only_lost, refused + last);
    assert_int_equal(stats().spans_open, 0);
    assert_int_equal(capture_stats(0).ended, 0);
    capture_free(c);
}

static void a_samplers_attributes_come_after_the_spans_own(void **state)
{
    (void)state;
    start_scripted(SPW_SAMPLING_RECORD_AND_SAMPLE);
    const spw_attr of_sampler[] = { spw_attr_string("rule", "r1"), spw_attr_int("both", 2) };
    scripted.attributes = of_sampler;
    scripted.attribute_count = 2;
    scripted.sets_state = true;
    scripted.trace_state = sampling_state("ot=th:8");
    static char long_value[2000]; /* does not fit the slot's own part, so it is set late */
    memset(long_value, 'x', sizeof long_value - 1);
    const spw_attr own[] = { spw_attr_int("both", 1), spw_attr_string("long", long_value) };
    spw_span_options options = SPW_SPAN_OPTIONS_INIT;
    options.attributes = own;
    options.attribute_count = 2;
    spw_span_end(spw_span_start(NULL, "added", &options));
    assert_int_equal(spw_flush(20000), SPW_OK);
    const capture_span *got = capture_named(c, "added");
    assert_string_equal(capture_string(got, "rule"), "r1");
    assert_int_equal(capture_int(got, "both"), 2);
    assert_string_equal(capture_string(got, "long"), long_value);
    assert_string_equal(got->trace_state, "ot=th:8");
    capture_stop(c);
}

static void a_samplers_own_span_is_dropped(void **state)
{
    (void)state;
    start_scripted(SPW_SAMPLING_RECORD_AND_SAMPLE);
    scripted.starts_span = true;
    spw_span_end(spw_span_start(NULL, "asks", NULL));
    assert_int_equal(scripted.asked, 1);
    assert_int_equal(scripted.started.handle, 0);
    assert_int_equal(spw_flush(20000), SPW_OK);
    assert_int_equal(capture_count(c), 1);
    assert_int_equal(capture_stats(0).dropped[SPW_DROP_REENTRANT], 1);
    capture_stop(c);
}

static void children_of_unsampled_parents_can_be_sampled(void **state)
{
    (void)state;
    start_with(spw_sampler_always_on());
    SPW_SPAN(parent, "parent");
    spw_context unsampled = { .span = sampling_parent(false, false) };
    spw_span_options options = SPW_SPAN_OPTIONS_INIT;
    options.parent = &unsampled;
    spw_span child = spw_span_start(NULL, "child", &options);
    assert_true(spw_is_recording(child) && spw_span_is_sampled(child));
    spw_span_end(child);
    spw_scope_end(&spw__scope_parent);
    assert_int_equal(spw_flush(20000), SPW_OK);
    assert_int_equal(capture_count(c), 2);
    capture_stop(c);
}

/* The default in all but name costs what the default costs: nobody is asked. */
static void the_default_sampler_is_not_asked(void **state)
{
    (void)state;
    start_with(spw_sampler_parent_based(spw_sampler_always_on(), NULL));
    assert_null(spw__engine_current()->hooks.sampler);
    assert_int_equal(spw__engine_current()->hooks.kinds, 0);
    capture_stop(c);
    start_with(spw_sampler_parent_based(spw_sampler_always_off(), NULL));
    assert_non_null(spw__engine_current()->hooks.sampler);
    assert_int_equal(spw_span_start(NULL, "off", NULL).handle, 0);
    capture_stop(c);
}

static void threads_and_the_probability_sampler_agree(void **state)
{
    (void)state;
    start_with(spw_sampler_parent_based(spw_sampler_probability(0.25), NULL));
    unsigned kept = 0;
    for (int i = 0; i < 4000; i++) {
        spw_span root = spw_span_start(NULL, "root", NULL);
        kept += spw_is_recording(root);
        assert_int_equal(root.trace_id[9] >= 0xc0, spw_is_recording(root));
        assert_string_equal(sampling_state_text(root.trace_state), spw_is_recording(root) ? "ot=th:c" : "");
        spw_context context = { .span = root };
        spw_span_options options = SPW_SPAN_OPTIONS_INIT;
        options.parent = &context;
        spw_span child = spw_span_start(NULL, "child", &options);
        assert_int_equal(spw_is_recording(child), spw_is_recording(root));
        assert_int_equal(child.trace_state, root.trace_state);
        spw_span_end(child);
        spw_span_end(root);
    }
    assert_in_range(kept, 850, 1150);
    assert_int_equal(spw_flush(20000), SPW_OK);
    assert_int_equal(capture_count(c), 2 * kept);
    capture_stop(c);
}

static void watch_start(spw_processor *self, spw_span span, const spw_context *parent)
{
    (void)self;
    (void)span;
    (void)parent;
}

static bool enabled_with(spw_sampler *sampler, bool pipeline, bool processor)
{
    spw_processor watcher = { .struct_size = sizeof watcher, .name = "watcher", .on_start = watch_start };
    spw_processor *const list[] = { &watcher };
    spw_options options = SPW_OPTIONS_INIT;
    options.sampler = sampler;
    options.processors = list;
    options.processor_count = processor;
    setenv("OTEL_TRACES_EXPORTER", pipeline ? "memory" : "none", 1);
    assert_int_equal(spw_start(&options), SPW_OK);
    unsetenv("OTEL_TRACES_EXPORTER");
    bool enabled = spw_tracer_enabled(NULL);
    assert_int_equal(spw_shutdown(20000), SPW_OK);
    assert_false(spw_tracer_enabled(NULL));
    return enabled;
}

static void a_tracer_is_enabled_when_somebody_listens(void **state)
{
    (void)state;
    assert_true(enabled_with(NULL, true, false));
    assert_true(enabled_with(NULL, false, true));
    assert_false(enabled_with(NULL, false, false));
    assert_false(enabled_with(spw_sampler_always_off(), true, false));
    assert_false(enabled_with(spw_sampler_always_off(), true, true)); /* it would see nothing */
    assert_true(enabled_with(spw_sampler_always_record(spw_sampler_always_off()), true, true));
    assert_true(enabled_with(spw_sampler_trace_id_ratio(0.5), true, false));
}

static void a_sampler_is_destroyed_when_the_start_fails(void **state)
{
    (void)state;
    memset(&scripted, 0, sizeof scripted);
    scripted.base = (spw_sampler){ sizeof scripted.base, "Scripted", scripted_sample, scripted_destroy };
    spw_options options = SPW_OPTIONS_INIT;
    options.sampler = &scripted.base;
    options.max_span_bytes = UINT32_MAX; /* wrong */
    assert_int_equal(spw_start(&options), SPW_ERR_INVALID);
    assert_int_equal(scripted.destroyed, 1);

    options.max_span_bytes = 0;
    setenv("OTEL_SDK_DISABLED", "true", 1);
    assert_int_equal(spw_start(&options), SPW_OK);
    unsetenv("OTEL_SDK_DISABLED");
    assert_int_equal(scripted.destroyed, 2);

    start_with(NULL);
    assert_int_equal(spw_start(&options), SPW_ERR_ALREADY_STARTED);
    assert_int_equal(scripted.destroyed, 3);
    capture_stop(c);

    spw_error error = SPW_ERROR_INIT;
    spw_sampler broken = { sizeof broken, "Broken", NULL, NULL };
    options.sampler = &broken;
    options.error = &error;
    assert_int_equal(spw_start(&options), SPW_ERR_INVALID);
    assert_non_null(strstr(error.text, "sample"));
}

/* ---- what the worker says of samplers ---- */

static unsigned of_ratios, of_randomness; /* lines; by the worker, read after the shutdown */

static void hear(void *arg, spw_log_level level, const char *text)
{
    (void)arg;
    of_ratios += level == SPW_LOG_WARN && strstr(text, "TraceIdRatioBased sampler decides for spans that have a parent") != NULL;
    of_randomness += level == SPW_LOG_WARN && strstr(text, "W3C Trace Context Level 2") != NULL;
}

/* Two roots, two children of each, two children of a remote parent with these flags; all in one session. */
static void record_under(spw_sampler *sampler, uint8_t flags)
{
    of_ratios = of_randomness = 0;
    c = capture_new();
    spw_options options = SPW_OPTIONS_INIT;
    options.sampler = sampler;
    options.log_fn = hear;
    capture_start(c, &options);
    for (int i = 0; i < 2; i++) {
        spw_context root = { .span = spw_span_start(NULL, "root", NULL) };
        spw_context remote = { .span = sampling_parent(true, true) };
        remote.span.flags = flags;
        spw_span_options child = SPW_SPAN_OPTIONS_INIT;
        child.parent = &root;
        spw_span_end(spw_span_start(NULL, "child", &child));
        spw_span_end(root.span);
        child.parent = &remote;
        spw_span_end(spw_span_start(NULL, "child of a remote one", &child));
        assert_int_equal(spw_flush(20000), SPW_OK);
    }
    capture_stop(c);
}

/* Once a session, and only when it is so. */
static void samplers_out_of_place_are_warned_of(void **state)
{
    (void)state;
    enum { SAMPLED = SPW_FLAG_SAMPLED, RANDOM = SPW_FLAG_SAMPLED | SPW_FLAG_RANDOM };
    for (int session = 0; session < 2; session++) {
        record_under(spw_sampler_trace_id_ratio(0.9), RANDOM);
        assert_int_equal(of_ratios, 1);
        assert_int_equal(of_randomness, 0);
    }
    record_under(spw_sampler_parent_based(spw_sampler_trace_id_ratio(0.9), NULL), SAMPLED);
    assert_int_equal(of_ratios + of_randomness, 0);
    record_under(spw_sampler_probability(0.9), SAMPLED);
    assert_int_equal(of_randomness, 1);
    assert_int_equal(of_ratios, 0);
    record_under(spw_sampler_probability(0.9), RANDOM);
    assert_int_equal(of_ratios + of_randomness, 0);
    record_under(spw_sampler_probability(1.0), SAMPLED); /* takes all: decides nothing by the id */
    assert_int_equal(of_ratios + of_randomness, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sampler_sees_what_the_start_says),
        cmocka_unit_test(a_dropped_span_carries_its_context),
        cmocka_unit_test(a_span_recorded_only_is_never_exported),
        cmocka_unit_test(a_span_recorded_only_is_lost_apart),
        cmocka_unit_test(a_samplers_attributes_come_after_the_spans_own),
        cmocka_unit_test(a_samplers_own_span_is_dropped),
        cmocka_unit_test(children_of_unsampled_parents_can_be_sampled),
        cmocka_unit_test(the_default_sampler_is_not_asked),
        cmocka_unit_test(threads_and_the_probability_sampler_agree),
        cmocka_unit_test(a_tracer_is_enabled_when_somebody_listens),
        cmocka_unit_test(a_sampler_is_destroyed_when_the_start_fails),
        cmocka_unit_test(samplers_out_of_place_are_warned_of),
    };
    return cmocka_run_group_tests_name("sampling", tests, NULL, NULL);
}
