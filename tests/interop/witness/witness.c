/*
 * witness SAID KEPT
 *
 * Records spans of every sort and writes down, as OTLP JSON lines, what it asked for (SAID: a time only where it gave one) and what the
 * memory exporter was given beside the OTLP exporter (KEPT). Another program compares both with what a collector received.
 *
 * Commands on standard input, each answered by a line: `record COUNT PAUSE_US` (on four threads), `flush TIMEOUT_MS`. At the end of the
 * input it writes KEPT, shuts down, and says the account of the OTLP pipeline.
 */
#include <inttypes.h>
#include <pthread.h>
#include <spanwire/spanwire.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "json.h"

enum { THREADS = 4, MAX_SPANS = 65536, LIMIT = 128 /* attributes or events of a span, by default */, HUGE_BYTES = 200000 };

/* ---- what is recorded ---- */

static FILE *said;
static pthread_mutex_t said_lock = PTHREAD_MUTEX_INITIALIZER;
static char huge[HUGE_BYTES + 1];

static uint32_t dice(uint64_t *state, uint32_t sides)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33) % sides;
}

/* A text as it is given, and as it must arrive: the same, or, for attribute values that are not UTF-8, as bytes, and for names repaired. */
typedef struct text {
    const char *given;
    size_t size;
    const char *repaired; /* NULL: it is UTF-8 */
} text;
#define TEXT(s) { s, sizeof(s) - 1, NULL }
#define BROKEN(s, r) { s, sizeof(s) - 1, r }
static const text TEXTS[] = {
    TEXT("plain"),
    TEXT(""),
    TEXT("quotes \" and \\ and </script>"),
    TEXT("\t\r\n\x01\x1f\x7f"),
    TEXT("Gr\xc3\xbc\xc3\x9f" "e, \xe4\xb8\x96\xe7\x95\x8c, \xf0\x9f\x90\x98, e\xcc\x81, \xe2\x80\xae" "rtl"),
    TEXT("\xef\xbf\xbf\xf4\x8f\xbf\xbf\xed\x9f\xbf\xee\x80\x80"), /* the edges of what UTF-8 may hold */
    BROKEN("lone \xff byte", "lone \xef\xbf\xbd byte"),
    BROKEN("cut \xe4\xb8", "cut \xef\xbf\xbd\xef\xbf\xbd"),
    BROKEN("surrogate \xed\xa0\x80", "surrogate \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"),
    BROKEN("overlong \xc0\xaf", "overlong \xef\xbf\xbd\xef\xbf\xbd"),
};
enum { TEXT_COUNT = sizeof TEXTS / sizeof TEXTS[0] };

static spw_view as_name(const text *t)
{
    return t->repaired ? (spw_view){ t->repaired, strlen(t->repaired) } : (spw_view){ t->given, t->size };
}

/* An attribute as it is given and as it must arrive. */
typedef struct pair {
    spw_attr given, expected;
} pair;

static pair text_pair(const char *key, const text *t)
{
    pair p = { spw_attr_string_n(key, t->given, t->size), spw_attr_string_n(key, t->given, t->size) };
    if (t->repaired)
        p.expected = spw_attr_bytes(key, t->given, t->size);
    return p;
}

static pair any_pair(const char *key, uint64_t *state)
{
    static const int64_t ints[] = { 0, 1, -1, 127, 128, INT32_MAX, INT64_MAX, INT64_MIN };
    static const double doubles[] = { 0.0, -0.0, 1.0, 0.1, -1e308, 5e-324, 1e22, 123456789.123456789, __builtin_inf(), -__builtin_inf(),
                                      __builtin_nan("") };
    static const uint8_t bytes[] = { 0, 1, 2, 0x7f, 0x80, 0xfe, 0xff, 0 };
    spw_attr a;
    switch (dice(state, 8)) {
    case 0: a = spw_attr_int(key, ints[dice(state, 8)]); break;
    case 1: a = spw_attr_double(key, doubles[dice(state, 11)]); break;
    case 2: a = spw_attr_bool(key, dice(state, 2)); break;
    case 3: a = spw_attr_bytes(key, bytes, dice(state, 9)); break;
    case 4: a = spw_attr_string_n(key, "nul\0inside", 10); break;
    case 5: a = (spw_attr){ .key = { key, strlen(key) } }; break; /* empty */
    default: return text_pair(key, &TEXTS[dice(state, TEXT_COUNT)]);
    }
    return (pair){ a, a };
}

/* Through the setter of its type, or the general one. */
static void set(spw_span span, const spw_attr *a, bool general)
{
    spw_view v = a->value.u.view;
    switch (general ? SPW_VALUE_EMPTY : a->value.type) {
    case SPW_VALUE_STRING: spw_set_string_n(span, a->key.data, v.data, v.size); break;
    case SPW_VALUE_BYTES: spw_set_bytes(span, a->key.data, v.data, v.size); break;
    case SPW_VALUE_INT: spw_set_int(span, a->key.data, a->value.u.i); break;
    case SPW_VALUE_DOUBLE: spw_set_double(span, a->key.data, a->value.u.d); break;
    case SPW_VALUE_BOOL: spw_set_bool(span, a->key.data, a->value.u.b); break;
    default: spw_set_attrs(span, a, 1); break;
    }
}

/* A span being recorded, and what was said to it. */
typedef struct recording {
    spw_span span;
    uint64_t *state;
    line l;
    FILE *attributes, *events;
    char *attributes_text, *events_text;
    size_t attributes_size, events_size, attribute_count, event_count;
} recording;

/* Of a pinned key, which has a place beyond the limit. */
static void say_pinned(recording *r, const spw_attr *expected)
{
    json_put_attr(r->attributes, r->attribute_count++ == 0, expected);
}

static void say_attr(recording *r, const spw_attr *expected)
{
    if (r->attribute_count >= LIMIT)
        r->l.dropped_attributes++;
    else
        say_pinned(r, expected);
}

static void add_attributes(recording *r)
{
    char key[32];
    uint32_t count = dice(r->state, 50) == 0 ? LIMIT + 40 : dice(r->state, 12); /* now and then more than are allowed */
    for (uint32_t i = 0; i < count; i++) {
        snprintf(key, sizeof key, "key.%u", i);
        pair p = any_pair(key, r->state);
        if (dice(r->state, 10) == 0 && r->attribute_count < LIMIT)
            spw_set_int(r->span, key, 7); /* set again below: the last value wins */
        set(r->span, &p.given, dice(r->state, 3) == 0);
        say_attr(r, &p.expected);
    }
}

static void add_odd_attributes(recording *r)
{
    if (dice(r->state, 3) == 0) {
        spw_set_uint(r->span, "unsigned", UINT64_MAX);
        spw_attr expected = spw_attr_string("unsigned", "18446744073709551615");
        say_attr(r, &expected);
        spw_set(r->span, "generic", (short)-3);
        expected = spw_attr_int("generic", -3);
        say_attr(r, &expected);
    }
    if (dice(r->state, 40) == 0) {
        spw_set_string(r->span, "huge", huge);
        spw_attr expected = spw_attr_string("huge", huge);
        say_attr(r, &expected);
    }
    if (dice(r->state, 20) == 0) {
        spw_set_int(r->span, "k\xc3\xbc \xff", 1);
        spw_attr expected = spw_attr_int("k\xc3\xbc \xef\xbf\xbd", 1);
        say_attr(r, &expected);
    }
}

static void add_event(recording *r)
{
    uint64_t unix_ns = dice(r->state, 2) ? 0 : 1700000000000000000u + dice(r->state, 1000000000);
    pair p[2] = { any_pair("first", r->state), any_pair("second", r->state) };
    spw_attr given[2] = { p[0].given, p[1].given };
    size_t count = dice(r->state, 3);
    const text *name = &TEXTS[dice(r->state, TEXT_COUNT)];
    if (unix_ns)
        spw_add_event_at(r->span, name->given, unix_ns, given, count);
    else
        spw_add_event(r->span, name->given, given, count);
    if (r->event_count >= LIMIT) {
        r->l.dropped_events++;
        return;
    }
    fprintf(r->events, "%s{\"timeUnixNano\":\"%" PRIu64 "\"", r->event_count++ ? "," : "", unix_ns);
    json_put_field(r->events, "name", as_name(name));
    fputs(",\"attributes\":[", r->events);
    for (size_t i = 0; i < count; i++)
        json_put_attr(r->events, i == 0, &p[i].expected);
    fputs("]}", r->events);
}

static void add_status(recording *r)
{
    const text *message = &TEXTS[dice(r->state, TEXT_COUNT)];
    switch (dice(r->state, 4)) {
    case 0:
        spw_set_status(r->span, SPW_STATUS_ERROR, message->given);
        r->l.status = SPW_STATUS_ERROR;
        r->l.status_message = as_name(message);
        break;
    case 1: /* Ok is final and has no description */
        spw_set_status(r->span, SPW_STATUS_OK, "not kept");
        spw_set_status(r->span, SPW_STATUS_ERROR, "too late");
        r->l.status = SPW_STATUS_OK;
        break;
    case 2: {
        spw_attr type = spw_attr_string("error.type", "timeout");
        spw_fail(r->span, "timeout", "no answer");
        say_pinned(r, &type);
        r->l.status = SPW_STATUS_ERROR;
        r->l.status_message = (spw_view){ "no answer", 9 };
        break;
    }
    default: break;
    }
}

/* ---- trees of spans ---- */

static spw_tracer tracers[] = {
    SPW_TRACER_INIT("witness", "1.0"),
    SPW_TRACER_INIT("witness.unversioned", NULL),
    { 0, "witness.\xe4\xb8\x96", "2", "https://example.org/schema/1" },
};

/* Other programs' traces begin like this; in every second one there is a trace state. */
static const uint8_t REMOTE[12] = { 0x4b, 0xf9, 0x2f, 0x35, 0x77, 0xb3, 0x4d, 0xa6, 0xa3, 0xce, 0x92, 0x9d };

static const char *trace_state_of(const uint8_t trace_id[16])
{
    return memcmp(trace_id, REMOTE, sizeof REMOTE) == 0 && trace_id[15] & 2 ? "vendor=a1,other=b/c" : "";
}

static spw_context remote_parent(uint64_t *state)
{
    spw_span remote = { 0 };
    char traceparent[64];
    uint8_t number = (uint8_t)dice(state, 256);
    snprintf(traceparent, sizeof traceparent, "00-4bf92f3577b34da6a3ce929d%06x%02x-00f067aa%08x-%02x", dice(state, 0x1000000), number,
             dice(state, UINT32_MAX), dice(state, 2) ? 3 : 1);
    spw_traceparent_parse(traceparent, number & 2 ? "vendor=a1,other=b/c" : NULL, &remote);
    return spw_context_with_span(NULL, remote);
}

static void begin(recording *r, const spw_context *parent, uint64_t *state)
{
    *r = (recording){ .state = state };
    r->attributes = open_memstream(&r->attributes_text, &r->attributes_size);
    r->events = open_memstream(&r->events_text, &r->events_size);

    spw_tracer *tracer = &tracers[dice(state, 3)];
    r->l.scope = (spw_instrumentation_scope){ .name = { tracer->name, strlen(tracer->name) },
                                   .version = { tracer->version, spw__len(tracer->version) },
                                   .schema_url = { tracer->schema_url, spw__len(tracer->schema_url) } };
    const text *name = &TEXTS[dice(state, TEXT_COUNT)];
    r->l.name = as_name(name);
    pair first = any_pair("at.start", state);
    spw_span_options options = SPW_SPAN_OPTIONS_INIT;
    options.kind = (spw_span_kind)dice(state, 6);
    options.parent = parent;
    options.attributes = &first.given;
    options.attribute_count = dice(state, 2);
    options.start_unix_ns = dice(state, 2) ? 0 : 1600000000000000000u + dice(state, 1000000000);
    r->span = spw_span_start(tracer, name->given, &options);
    if (options.attribute_count)
        say_attr(r, &first.expected);
    r->l.kind = options.kind ? options.kind : SPW_KIND_INTERNAL;
    r->l.start_unix_ns = options.start_unix_ns;
    if (spw_span_is_valid(parent->span))
        r->l.parent_id = parent->span.span_id;
    r->l.flags = r->span.flags | 0x100u | (parent->span.is_remote ? 0x200u : 0); /* OTLP's has-is-remote and is-remote */
}

static void end(recording *r)
{
    r->l.trace_id = r->span.trace_id;
    r->l.span_id = r->span.span_id;
    const char *trace_state = trace_state_of(r->span.trace_id);
    r->l.trace_state = (spw_view){ trace_state, strlen(trace_state) };
    if (dice(r->state, 2)) {
        r->l.end_unix_ns = 1600000002000000000u + dice(r->state, 1000000000);
        if (!r->l.start_unix_ns)
            r->l.end_unix_ns = 0; /* it started later: not a time to say */
    }
    if (r->l.end_unix_ns)
        spw_span_end_at(r->span, r->l.end_unix_ns);
    else
        spw_span_end(r->span);
    spw_set_int(r->span, "after.the.end", 1); /* neither must arrive */
    spw_span_end(r->span);
    fclose(r->attributes);
    fclose(r->events);
    r->l.attributes = r->attributes_text;
    r->l.events = r->events_text;
    pthread_mutex_lock(&said_lock);
    json_put_line(said, &r->l);
    pthread_mutex_unlock(&said_lock);
    free(r->attributes_text);
    free(r->events_text);
}

static void record_one(const spw_context *parent, uint64_t *state, spw_context *as_parent)
{
    recording r;
    begin(&r, parent, state);
    add_attributes(&r);
    add_odd_attributes(&r);
    uint32_t events = dice(state, 60) == 0 ? LIMIT + 10 : dice(state, 4);
    for (uint32_t i = 0; i < events; i++)
        add_event(&r);
    add_status(&r);
    if (dice(state, 8) == 0) {
        spw_update_name(r.span, "renamed");
        r.l.name = (spw_view){ "renamed", 7 };
    }
    *as_parent = spw_context_with_span(NULL, r.span);
    end(&r);
}

typedef struct job {
    pthread_t thread;
    uint64_t seed;
    uint32_t count, pause_us;
} job;

/* Spans below earlier spans of the thread, below remote ones, or below none. */
static void *record_job(void *arg)
{
    job *j = arg;
    spw_context earlier[16];
    memset(earlier, 0, sizeof earlier); /* no parent at first */
    for (uint32_t i = 0; i < j->count; i++) {
        uint32_t sort = dice(&j->seed, 10);
        spw_context parent = sort == 0 ? (spw_context){ 0 } : sort == 1 ? remote_parent(&j->seed) : earlier[dice(&j->seed, 16)];
        record_one(&parent, &j->seed, &earlier[i % 16]);
        if (j->pause_us)
            usleep(j->pause_us);
    }
    return NULL;
}

static void record(uint32_t count, uint32_t pause_us)
{
    static uint64_t seed = 1;
    job jobs[THREADS];
    for (uint32_t i = 0; i < THREADS; i++) {
        jobs[i] = (job){ .seed = seed++, .count = count / THREADS + (i < count % THREADS), .pause_us = pause_us };
        if (pthread_create(&jobs[i].thread, NULL, record_job, &jobs[i]))
            abort();
    }
    for (uint32_t i = 0; i < THREADS; i++)
        pthread_join(jobs[i].thread, NULL);
}

/* ---- the program ---- */

static void obey(void)
{
    char command[80];
    unsigned first, second;
    while (fgets(command, sizeof command, stdin)) {
        if (sscanf(command, "record %u %u", &first, &second) == 2) {
            record(first, second);
            printf("recorded\n");
        } else if (sscanf(command, "flush %u", &first) == 1) {
            printf("%s\n", spw_result_text(spw_flush(first)));
        } else {
            printf("not understood: %s", command);
        }
    }
}

static void say_account(void)
{
    spw_stats stats = SPW_STATS_INIT;
    spw_stats_get(&stats);
    const spw_pipeline_stats *p = &stats.pipelines[0];
    uint64_t dropped = 0;
    for (size_t i = 0; i < SPW_DROP_CAUSES; i++)
        dropped += p->dropped[i];
    printf("ended %" PRIu64 " exported %" PRIu64 " rejected %" PRIu64 " dropped %" PRIu64 " left %" PRIu64 " ambiguous %" PRIu64
           " malformed %" PRIu64 "\n",
           p->ended, p->exported, p->rejected, dropped, p->queued + p->in_flight, p->ambiguous, p->malformed_responses);
}

int main(int argc, char **argv)
{
    if (argc != 3 || !(said = fopen(argv[1], "w"))) {
        fprintf(stderr, "usage: witness SAID KEPT\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    memset(huge, 'h', HUGE_BYTES);
    spw_exporter *memory = spw_memory_exporter_new(MAX_SPANS);
    spw_pipeline_options pipelines[2] = { SPW_PIPELINE_OPTIONS_INIT, SPW_PIPELINE_OPTIONS_INIT };
    pipelines[0].exporter_name = "otlp";
    pipelines[1].exporter = memory;
    pipelines[1].max_queue_size = MAX_SPANS;
    spw_error why = SPW_ERROR_INIT;
    spw_options options = SPW_OPTIONS_INIT;
    options.service_version = "1.2.3";
    options.pipelines = pipelines;
    options.pipeline_count = 2;
    options.error = &why;
    if (spw_start(&options) != SPW_OK) {
        fprintf(stderr, "witness: %s\n", why.text);
        return 1;
    }
    obey();
    (void)spw_flush(SPW_DEFAULT_TIMEOUT_MS); /* the memory exporter ends with the shutdown */
    if (!json_write_kept(argv[2], memory))
        perror(argv[2]);
    spw_result sent = spw_shutdown(SPW_DEFAULT_TIMEOUT_MS);
    say_account();
    return fclose(said) == 0 && sent == SPW_OK ? 0 : 1;
}
