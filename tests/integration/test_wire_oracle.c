/*
 * Thousands of random spans through the public API, the real exporter and HTTP; what arrives is decoded by protobuf-c and by protoc and compared,
 * field by field, with a model of each span. Prints its seed; SPW_SEED=<n> repeats a run, SPW_SPANS=<n> makes it longer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "integration/oracle_draw.h"
#include "integration/oracle_model.h"
#include "integration/oracle_protoc.h"
#include "support/capture.h"
#include "support/http_peer.h"

typedef Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceRequest request;
typedef Opentelemetry__Proto__Trace__V1__ScopeSpans scope_spans;

static struct drawn linked[5];
static spw_attr linked_list[5];

/* ---- spans ---- */

/* Something that can be a parent. */
struct place {
    spw_span span;
    char state[513];
    bool odd_time; /* its start, or an ancestor's, was given */
};

enum { MOST_OPEN = 14, HISTORY = 32, TRACERS = 6 };
static struct {
    model_span *model;
    struct place place;
    spw_scope scope;
    bool scoped;
} open[MOST_OPEN];
static size_t open_count;
static struct place history[HISTORY];
static size_t history_count;
static model_span **models;
static size_t model_count, not_recorded;
static model_limits limits;

static spw_tracer tracers[TRACERS] = {
    SPW_TRACER_INIT("", NULL), SPW_TRACER_INIT("lib-a", "1.0"), SPW_TRACER_INIT("lib-a", "2.0"),
    SPW_TRACER_INIT("lib-b", NULL), { .name = "lib-a", .version = "1.0", .schema_url = "https://example.org/schema" },
    SPW_TRACER_INIT("n\xff", ""),
};
static const char *const scope_texts[TRACERS][3] = {
    { "", "", "" }, { "lib-a", "1.0", "" }, { "lib-a", "2.0", "" }, { "lib-b", "", "" }, { "lib-a", "1.0", "https://example.org/schema" },
    { "n\xef\xbf\xbd", "", "" },
};

static uint64_t real_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* The youngest that is still attached. */
static const struct place *current(void)
{
    static const struct place root;
    const struct place *found = &root;
    for (size_t i = 0; i < open_count; i++)
        if (open[i].scoped && spw_span_is_valid(open[i].place.span))
            found = &open[i].place;
    return found;
}

static struct place draw_remote(void)
{
    static const size_t sizes[] = { 1, 20, 100, 250, 256 };
    struct place place = { .odd_time = false };
    char parent[SPW_TRACEPARENT_SIZE];
    unsigned flags = one_in(5) ? (unsigned)below(2) * 2 : 1 + (unsigned)below(2) * 2;
    snprintf(parent, sizeof parent, "00-%016llx%016llx-%016llx-%02x", (unsigned long long)chance(), (unsigned long long)(chance() | 1),
             (unsigned long long)(chance() | 1), flags);
    if (one_in(2)) { /* up to 256 + 256: the longest there is */
        size_t first = sizes[below(5)], second = sizes[below(4)];
        char value[257];
        memset(value, (int)('a' + below(26)), 256);
        snprintf(place.state, sizeof place.state, "v%zu=%.*s,w=%.*s", below(9), (int)(first - (first > 3 ? 3 : 0)), value,
                 (int)second, value);
    }
    assert_true(spw_traceparent_parse(parent, place.state, &place.span));
    return place;
}

static const char *draw_name(void)
{
    static char name[70100];
    if (one_in(30) && limits.span_bytes > 200000) {
        memcpy(name, long_text, 70000);
        name[long_size()] = '\0';
    } else if (one_in(20)) {
        size_t size = 400 + below(200);
        memcpy(name, long_text, size);
        name[size] = '\0';
    } else {
        make_text(name, 120, one_in(10));
    }
    return one_in(50) ? NULL : name;
}

/* The library keeps a few thousand trace states; one that has been recycled meanwhile reads as empty, and nothing else. */
static void forget_lost_state(struct place *place)
{
    char now[513];
    if (spw_trace_state(place->span, now, sizeof now))
        assert_string_equal(now, place->state);
    else
        place->state[0] = '\0';
}

/* Which parent, and whether to say so. */
static struct place draw_parent(spw_span_options *options, spw_context *context)
{
    size_t r = below(10);
    if (r < 5 || (r < 7 && !history_count))
        return *current();
    struct place parent = { .odd_time = false };
    if (r < 7)
        parent = history[below(history_count < HISTORY ? history_count : HISTORY)];
    else if (r == 7)
        parent = draw_remote();
    *context = spw_context_with_span(NULL, parent.span);
    options->parent = context;
    return parent;
}

static void remember(const struct place *place)
{
    history[history_count++ % HISTORY] = *place;
}

/* Where a link may lead: to a span of the past, a remote one, or none. */
static struct place draw_target(void)
{
    struct place none = { .odd_time = false };
    if (history_count && !one_in(3))
        return history[below(history_count < HISTORY ? history_count : HISTORY)];
    return one_in(3) ? none : draw_remote();
}

enum { MOST_LINKS = 200 };
static struct place targets[MOST_LINKS];
static spw_link links[MOST_LINKS];

/* All with the attributes that were drawn last, or none. */
static size_t draw_links(void)
{
    size_t n = one_in(60) ? below(MOST_LINKS) : one_in(3) ? below(4) : 0;
    size_t attributes = one_in(3) ? below(5) : 0;
    for (size_t i = 0; i < attributes && n; i++) {
        draw_attr(&linked[i]);
        linked_list[i] = linked[i].attr;
    }
    for (size_t i = 0; i < n; i++) {
        targets[i] = draw_target();
        links[i] = (spw_link){ targets[i].span, linked_list, one_in(2) ? attributes : 0 };
    }
    for (size_t i = 0; i < n; i++)
        forget_lost_state(&targets[i]);
    return n;
}

static void model_start(model_span *m, const struct place *parent, const spw_span_options *options, const char *name, size_t attrs)
{
    m->parent = parent->span;
    m->kind = options->kind;
    m->start_unix_ns = options->start_unix_ns;
    snprintf(m->trace_state, sizeof m->trace_state, "%s", parent->state);
    if (parent->state[0]) {
        size_t size = strlen(parent->state);
        m->live += (8 + 1 + (size < 128 ? 1u : 2u) + size + 7) / 8 * 8;
    }
    model_rename(m, &limits, name);
    for (size_t i = 0; i < attrs; i++)
        model_set(m, &limits, &drawn_list[i]);
    for (size_t i = 0; i < options->link_count; i++)
        model_add_link(m, &limits, links[i].span, targets[i].state, links[i].attributes, links[i].attribute_count);
}

static void start_span(void)
{
    spw_span_options options = SPW_SPAN_OPTIONS_INIT;
    spw_context context;
    struct place parent = draw_parent(&options, &context);
    options.kind = (spw_span_kind)below(6);
    options.attribute_count = draw_list(MOST_DRAWN);
    options.attributes = drawn_list;
    options.link_count = draw_links();
    options.links = links;
    forget_lost_state(&parent);
    options.start_unix_ns = one_in(12) ? 1 + chance() % 4000000000000000000u : 0;
    bool plain = !options.parent && one_in(3);
    if (plain)
        options = (spw_span_options)SPW_SPAN_OPTIONS_INIT;
    int tracer = (int)below(TRACERS);
    spw_tracer *which = tracer == 0 && one_in(2) ? NULL : &tracers[tracer];
    const char *name = draw_name();

    open[open_count].scoped = one_in(2);
    open[open_count].scope = (spw_scope){ .span = { .handle = 0 } };
    uint64_t before = real_ns();
    spw_span span;
    if (open[open_count].scoped) {
        open[open_count].scope = spw_scope_start(which, name, plain ? NULL : &options);
        span = open[open_count].scope.span;
    } else {
        span = spw_span_start(which, name, plain ? NULL : &options);
    }
    bool recorded = !spw_span_is_valid(parent.span) || spw_span_is_sampled(parent.span);
    assert_int_equal(span.handle != 0, recorded);
    assert_true(spw_span_is_valid(span));

    struct place *place = &open[open_count].place;
    *place = parent;
    place->span = span;
    place->odd_time |= options.start_unix_ns != 0;
    remember(place);
    open[open_count].model = NULL;
    if (recorded) {
        model_span *m = calloc(1, sizeof *m);
        open[open_count].model = models[model_count++] = m;
        m->span = span;
        m->tracer = tracer;
        model_start(m, &parent, &options, name, options.attribute_count);
        m->earliest = place->odd_time ? 0 : before - 100000000;
        m->latest = place->odd_time ? UINT64_MAX : real_ns() + 100000000;
    } else {
        not_recorded++;
    }
    open_count++;
}

static void end_span(size_t i)
{
    model_span *m = open[i].model;
    if (open[i].scoped) {
        spw_scope_end(&open[i].scope);
    } else if (m && one_in(8)) {
        m->end_unix_ns = one_in(3) ? 5 : real_ns() + below(1000000000);
        spw_span_end_at(m->span, m->end_unix_ns);
    } else {
        spw_span_end(open[i].place.span);
    }
    if (m)
        m->ended = true;
    memmove(open + i, open + i + 1, (--open_count - i) * sizeof open[0]);
}

static void add_event(model_span *m)
{
    char name[200];
    make_text(name, sizeof name, one_in(8));
    size_t n = draw_list(limits.event_attributes < 50 ? limits.event_attributes * 3 : 200);
    uint64_t at = one_in(3) ? 1 + chance() / 2 : 0;
    if (at)
        spw_add_event_at(m->span, one_in(30) ? (name[0] = '\0', NULL) : name, at, n ? drawn_list : NULL, n);
    else
        spw_add_event(m->span, name, n ? drawn_list : NULL, n);
    model_add_event(m, &limits, name, at, drawn_list, n);
}

static void set_attributes(model_span *m)
{
    size_t n = one_in(60) ? 200 : 1 + below(5);
    if (one_in(150))
        n = 3000;
    for (size_t i = 0; i < n; i++) {
        draw_attr(&drawn[0]);
        set_drawn(m->span, &drawn[0]);
        model_set(m, &limits, &drawn[0].attr);
    }
}

static void add_link(model_span *m)
{
    size_t n = draw_links();
    for (size_t i = 0; i < n; i++) {
        spw_add_link(m->span, links[i].span, links[i].attribute_count ? links[i].attributes : NULL, links[i].attribute_count);
        model_add_link(m, &limits, links[i].span, targets[i].state, links[i].attributes, links[i].attribute_count);
    }
}

static void meet_exception(model_span *m)
{
    char message[100];
    make_text(message, sizeof message, one_in(5));
    const char *const texts[3] = { one_in(5) ? NULL : "SomeError", one_in(5) ? NULL : message, one_in(2) ? NULL : "at main()" };
    size_t n = draw_list(6);
    if (n && one_in(2))
        drawn_list[below(n)].key = (spw_view){ "exception.message", 17 };
    if (!n && !texts[2]) {
        spw_record_error(m->span, texts[0], texts[1]);
    } else {
        spw_record_exception(m->span, texts[0], texts[1], texts[2], n ? drawn_list : NULL, n);
    }
    model_add_exception(m, &limits, texts, drawn_list, n);
}

static void fail_span(model_span *m)
{
    bool by_number = one_in(2);
    const spw_attr type = spw_attr_string("error.type", by_number ? "ENOENT" : "timeout");
    if (by_number)
        spw_fail_errno(m->span, 2, "open");
    else
        spw_fail(m->span, "timeout", "no answer");
    model_set(m, &limits, &type);
    model_set_status(m, &limits, SPW_STATUS_ERROR, by_number ? "open: No such file or directory" : "no answer");
}

static void set_bad_keys(model_span *m)
{
    static char key[2000];
    memset(key, 'k', sizeof key);
    key[1023 + below(4)] = '\0';
    const spw_attr attr = spw_attr_int(key, 1), none = spw_attr_int(NULL, 1);
    spw_set_int(m->span, key, 1);
    model_set(m, &limits, &attr);
    spw_set_int(m->span, NULL, 1);
    model_set(m, &limits, &none);
}

static void set_status(model_span *m)
{
    char text[100];
    static const spw_status_code codes[] = { SPW_STATUS_UNSET, SPW_STATUS_OK, SPW_STATUS_ERROR, SPW_STATUS_ERROR, SPW_STATUS_ERROR };
    spw_status_code code = codes[below(5)];
    make_text(text, sizeof text, one_in(5));
    const char *message = one_in(5) ? NULL : text;
    spw_set_status(m->span, code, message);
    model_set_status(m, &limits, code, message);
}

static void work_on(model_span *m)
{
    size_t r = below(25);
    if (r >= 23) {
        add_link(m);
    } else if (r >= 21) {
        meet_exception(m);
    } else if (r >= 20) {
        fail_span(m);
    } else if (r < 11) {
        set_attributes(m);
    } else if (r < 15) {
        add_event(m);
    } else if (r < 18) {
        set_status(m);
    } else if (r < 19) {
        const char *name = draw_name();
        spw_update_name(m->span, name);
        model_rename(m, &limits, name);
    } else {
        set_bad_keys(m);
    }
}

static void record(size_t spans)
{
    models = calloc(spans + 1, sizeof(model_span *));
    model_count = history_count = not_recorded = open_count = 0;
    while (model_count < spans) {
        size_t r = below(10);
        if (r < 3 && open_count < MOST_OPEN) {
            start_span();
        } else if (r < 5 && open_count) {
            end_span(below(open_count));
        } else if (open_count) {
            model_span *m = open[below(open_count)].model;
            if (m)
                work_on(m);
        }
        if (one_in(500))
            assert_int_equal(spw_flush(20000), SPW_OK);
        assert_memory_equal(spw_span_current().span_id, current()->span.span_id, 8);
    }
    while (open_count)
        end_span(open_count - 1);
    assert_false(spw_span_is_valid(spw_span_current()));
}

/* ---- judging ---- */

static int by_id(const void *a, const void *b)
{
    return memcmp((*(model_span *const *)a)->span.span_id, (*(model_span *const *)b)->span.span_id, 8);
}

static model_span *model_of(const capture_span *span)
{
    model_span key = { .ended = false }, *at = &key;
    if (span->span_id.len != 8)
        return NULL;
    memcpy(key.span.span_id, span->span_id.data, 8);
    model_span **found = bsearch(&at, models, model_count, sizeof *models, by_id);
    return found ? *found : NULL;
}

static void judge_scope(const scope_spans *group)
{
    for (size_t i = 0; i < group->n_spans; i++) {
        model_span *m = model_of(group->spans[i]);
        if (!m || m->seen)
            fail_msg("a span nobody recorded, or one twice: %s", group->spans[i]->name);
        m->seen = true;
        const char *wrong = model_compare(m, group->spans[i]);
        if (wrong)
            fail_msg("%s differs in span %.100s (live %zu)", wrong, group->spans[i]->name, m->live);
        const char *const *texts = scope_texts[m->tracer];
        assert_non_null(group->scope);
        assert_string_equal(group->scope->name, texts[0]);
        assert_string_equal(group->scope->version, texts[1]);
        assert_string_equal(group->schema_url, texts[2]);
    }
}

static size_t judge(const request *r)
{
    size_t spans = 0;
    assert_true(capture_all_known(&r->base));
    assert_int_equal(r->n_resource_spans, 1);
    const Opentelemetry__Proto__Trace__V1__ResourceSpans *resource = r->resource_spans[0];
    const capture_attr *service = capture_find(resource->resource->attributes, resource->resource->n_attributes, "service.name");
    assert_string_equal(service->value->string_value, "oracle");
    assert_true(resource->n_scope_spans <= TRACERS); /* gathered: each scope once */
    for (size_t i = 0; i < resource->n_scope_spans; i++) {
        assert_true(resource->scope_spans[i]->n_spans > 0);
        judge_scope(resource->scope_spans[i]);
        spans += resource->scope_spans[i]->n_spans;
    }
    return spans;
}

/* ---- the runs ---- */

static size_t span_target(void)
{
    const char *text = getenv("SPW_SPANS");
    return text ? strtoul(text, NULL, 10) : 3000;
}

static void start_sdk(http_peer *peer, const char *compression, spw_options *options)
{
    spw_pipeline_options pipeline = SPW_PIPELINE_OPTIONS_INIT;
    spw_error error = SPW_ERROR_INIT;
    pipeline.exporter_name = "otlp";
    pipeline.max_queue_size = 100000;
    pipeline.max_export_batch_size = 200;
    pipeline.schedule_delay_ms = 20;
    options->service_name = "oracle";
    options->pipelines = &pipeline;
    options->pipeline_count = 1;
    options->otlp_endpoint = http_peer_url(peer);
    options->otlp_compression = compression;
    options->max_buffer_bytes = 1u << 30;
    options->error = &error;
    if (spw_start(options) != SPW_OK)
        fail_msg("%s", error.text);
}

static void judge_bodies(http_peer *peer, const char *compression, bool protoc)
{
    size_t spans = 0;
    qsort(models, model_count, sizeof *models, by_id);
    for (size_t i = 0; i < http_peer_requests(peer); i++) {
        const http_peer_request *http = http_peer_request_at(peer, i);
        const char *encoding = http_peer_header(http, "Content-Encoding");
        assert_int_equal(encoding != NULL, strcmp(compression, "gzip") == 0);
        size_t size;
        uint8_t *body = http_peer_plain_body(http, &size);
        assert_non_null(body);
        request *r = opentelemetry__proto__collector__trace__v1__export_trace_service_request__unpack(NULL, size, body);
        assert_non_null(r);
        size_t n = judge(r);
        if (protoc)
            ask_protoc(r, body, size, n);
        spans += n;
        opentelemetry__proto__collector__trace__v1__export_trace_service_request__free_unpacked(r, NULL);
        free(body);
    }
    assert_int_equal(spans, model_count);
}

static void free_models(void)
{
    for (size_t i = 0; i < model_count; i++) {
        model_free(models[i]);
        free(models[i]);
    }
    free(models);
}

static void run(const char *compression, spw_options *options)
{
    bool protoc = system("protoc --version > /dev/null 2>&1") == 0;
    if (!protoc)
        printf("note: no protoc here, its opinion is not asked\n");
    printf("%s: SPW_SEED=%llu\n", compression, (unsigned long long)seed);
    http_peer *peer = http_peer_start();
    start_sdk(peer, compression, options);
    make_long_texts();
    record(span_target());
    assert_int_equal(spw_flush(60000), SPW_OK);
    capture_check_accounts();
    spw_stats stats = SPW_STATS_INIT;
    spw_stats_get(&stats);
    assert_int_equal(stats.spans_started, model_count);
    assert_int_equal(stats.spans_not_sampled, not_recorded);
    assert_int_equal(stats.spans_open, 0);
    assert_int_equal(stats.pipelines[0].exported, model_count);
    assert_true(not_recorded > 0 || model_count < 500);
    judge_bodies(peer, compression, protoc);
    assert_int_equal(spw_shutdown(20000), SPW_OK);
    http_peer_stop(peer);
    free_models();
}

static int shut_down(void **unused)
{
    (void)unused;
    (void)spw_shutdown(100);
    return 0;
}

static int set_seed(void **unused)
{
    (void)unused;
    const char *given = getenv("SPW_SEED");
    set_chance(given ? strtoul(given, NULL, 10) : (uint64_t)time(NULL) * 1000003u ^ (uint64_t)getpid());
    return 0;
}

static void with_the_default_limits(void **unused)
{
    (void)unused;
    spw_options options = SPW_OPTIONS_INIT;
    limits = (model_limits){ 128, 128, 128, 128, 128, SIZE_MAX, 1u << 20, NULL, 0 };
    run("none", &options);
}

static void with_short_limits_compressed(void **unused)
{
    (void)unused;
    spw_options options = SPW_OPTIONS_INIT;
    static const char *const pinned[] = { "key.7", "error.type", "k\xef\xbf\xbd" };
    limits = (model_limits){ 10, 3, 5, 4, 2, 50, 4096, pinned, 3 };
    options.max_links = 5;
    options.max_link_attributes = 2;
    options.pinned_keys = pinned;
    options.pinned_key_count = 3;
    options.max_attributes = 10;
    options.max_events = 3;
    options.max_event_attributes = 4;
    options.max_value_length = 50;
    options.max_span_bytes = 4096;
    run("gzip", &options);
}

static void with_few_bytes_a_span(void **unused)
{
    (void)unused;
    spw_options options = SPW_OPTIONS_INIT;
    limits = (model_limits){ 60, 128, 128, 128, 128, SIZE_MAX, 30000, NULL, 0 };
    options.max_attributes = 60;
    options.max_span_bytes = 30000;
    run("gzip", &options);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(with_the_default_limits, set_seed, shut_down),
        cmocka_unit_test_setup_teardown(with_short_limits_compressed, set_seed, shut_down),
        cmocka_unit_test_setup_teardown(with_few_bytes_a_span, set_seed, shut_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
