/*
 * The recording calls in any order, with any arguments, on up to 8 spans: nothing crashes, every ended span arrives, its bytes are OTLP, no
 * key stands twice, and the limits hold. Pinned keys have the value last set, and the status is the one that counts, however full a span is.
 */
#include <spanwire/exporter.h>
#include <spanwire/spanwire.h>

#include "fuzz/input.h"
#include "opentelemetry/proto/trace/v1/trace.pb-c.h"

enum { SPANS = 8, MAX_ATTRS = 6, LIMIT = 20 };

static spw_exporter *memory;
static spw_span spans[SPANS];
static uint64_t ended_before;

/* What is expected of a span, known by its id when it arrives. */
enum { PINS = 3, RECORDS = 400 };
static const char *const pins[PINS] = { "pin.0", "pin.1", "error.type" };
struct expected {
    uint8_t span_id[8];
    bool set[PINS];
    int64_t value[PINS];
    int status;
};
static struct expected records[RECORDS];
static size_t record_count;
static struct expected *open_record[SPANS];

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    static spw_pipeline_options pipeline = SPW_PIPELINE_OPTIONS_INIT;
    spw_options options = SPW_OPTIONS_INIT;
    memory = spw_memory_exporter_new(100000);
    pipeline.exporter = memory;
    options.pipelines = &pipeline;
    options.pipeline_count = 1;
    options.max_attributes = options.max_events = options.max_links = LIMIT;
    options.max_span_bytes = 100000;
    options.pinned_keys = pins;
    options.pinned_key_count = PINS;
    options.exit_timeout_ms = SPW_NOW;
    options.log_level = SPW_LOG_ERROR;
    return spw_start(&options) == SPW_OK ? 0 : 1;
}

/* Texts of one input live until its end. */
static char *texts[4096];
static size_t text_count;

static const char *text(struct input *in, size_t *size)
{
    uint8_t kind = input_byte(in);
    if (kind == 255)
        return *size = 0, NULL;
    size_t want = kind < 200 ? kind % 24 : kind < 250 ? input_number(in, 1) : input_number(in, 2);
    if (text_count == sizeof texts / sizeof texts[0])
        return *size = 4, "text";
    return texts[text_count++] = input_text(in, want, size);
}

/* Values nest as far as the input says; what they are made of is kept in one place. */
static spw_value values[2048];
static spw_attr entries[2048];
static size_t value_count, entry_count;

static spw_value scalar(struct input *in)
{
    size_t size;
    const char *t;
    uint64_t bits;
    double d;
    switch (input_byte(in) % 6) {
    case 0: return spw_value_int((int64_t)input_number(in, 8));
    case 1:
        bits = input_number(in, 8);
        memcpy(&d, &bits, 8);
        return spw_value_double(d);
    case 2: return spw_value_bool(input_byte(in) & 1);
    case 3: t = text(in, &size); return spw_value_bytes(t, size);
    case 4: return spw_value_empty();
    default: t = text(in, &size); return spw_value_string_n(t, size);
    }
}

/* From the inside out: each turn may wrap what there is in an array or a map, with scalars beside it. */
static spw_value value(struct input *in)
{
    spw_value v = scalar(in);
    for (unsigned wraps = input_byte(in) % 80; wraps && in->left; wraps--) {
        size_t beside = input_byte(in) % 3, n = beside + 1;
        if (value_count + n > 2048 || entry_count + n > 2048)
            break;
        if (input_byte(in) & 1) {
            spw_value *at = &values[value_count];
            value_count += n;
            at[0] = v;
            for (size_t i = 1; i < n; i++)
                at[i] = scalar(in);
            v = spw_value_array(at, n);
        } else {
            spw_attr *at = &entries[entry_count];
            entry_count += n;
            for (size_t i = 0; i < n; i++) {
                size_t size;
                const char *key = text(in, &size);
                at[i] = (spw_attr){ { key, size }, i ? scalar(in) : v };
            }
            v = spw_value_map(at, n);
        }
    }
    return v;
}

static size_t attributes(struct input *in, spw_attr out[MAX_ATTRS])
{
    size_t n = input_byte(in) % (MAX_ATTRS + 1);
    for (size_t i = 0; i < n; i++) {
        size_t size;
        const char *key = text(in, &size);
        out[i] = (spw_attr){ { key, size }, value(in) };
    }
    return n;
}

static void start(struct input *in, spw_span *span)
{
    spw_attr attrs[MAX_ATTRS], link_attrs[MAX_ATTRS];
    size_t size;
    spw_context parent = spw_context_with_span(NULL, spans[input_byte(in) % SPANS]);
    spw_link link = { spans[input_byte(in) % SPANS], link_attrs, attributes(in, link_attrs) };
    spw_span_options options = SPW_SPAN_OPTIONS_INIT;
    options.kind = (spw_span_kind)(input_byte(in) % 8);
    options.parent = input_byte(in) & 1 ? &parent : NULL;
    options.attributes = attrs;
    options.attribute_count = attributes(in, attrs);
    options.links = &link;
    options.link_count = input_byte(in) & 1;
    options.start_unix_ns = input_byte(in) & 1 ? input_number(in, 8) : 0;
    spw_span_end(*span); /* or its slot would be held for good */
    *span = spw_span_start(NULL, text(in, &size), &options);
    open_record[span - spans] = NULL;
    if (!span->handle || record_count == RECORDS)
        return;
    struct expected *e = open_record[span - spans] = &records[record_count++];
    *e = (struct expected){ .status = SPW_STATUS_UNSET };
    memcpy(e->span_id, span->span_id, 8);
}

static void set_pin(struct input *in, spw_span span, struct expected *e)
{
    uint8_t pin = input_byte(in) % PINS;
    int64_t value = (int64_t)input_number(in, 4);
    spw_set_int(span, pins[pin], value);
    if (e) {
        e->set[pin] = true;
        e->value[pin] = value;
    }
}

/* "The Status code Ok is final": then nothing changes it; Unset never does. */
static void set_status(struct input *in, spw_span span, struct expected *e)
{
    size_t size;
    int code = input_byte(in) % 4;
    const char *description = text(in, &size);
    spw_set_status(span, (spw_status_code)code, description);
    if (e && (code == SPW_STATUS_OK || (code == SPW_STATUS_ERROR && e->status != SPW_STATUS_OK)))
        e->status = code;
}

static void act(struct input *in)
{
    spw_attr attrs[MAX_ATTRS];
    size_t size, n;
    spw_span *span = &spans[input_byte(in) % SPANS];
    const char *t;
    spw_value v;
    struct expected *e = open_record[span - spans];
    switch (input_byte(in) % 17) {
    case 0: start(in, span); break;
    case 1: spw_span_end(*span), open_record[span - spans] = NULL; break;
    case 2: spw_span_end_at(*span, input_number(in, 8)), open_record[span - spans] = NULL; break;
    case 3: spw_set_int(*span, text(in, &size), (int64_t)input_number(in, 8)); break;
    case 4: t = text(in, &size); spw_set_string_n(*span, text(in, &n), t, size); break;
    case 5: v = value(in); spw_set_value(*span, text(in, &size), &v); break;
    case 6: n = attributes(in, attrs); spw_set_attrs(*span, attrs, n); break;
    case 7: n = attributes(in, attrs); spw_add_event(*span, text(in, &size), attrs, n); break;
    case 8: n = attributes(in, attrs); spw_add_event_at(*span, text(in, &size), input_number(in, 8), attrs, n); break;
    case 9: set_status(in, *span, e); break;
    case 10: spw_update_name(*span, text(in, &size)); break;
    case 11: /* says error.type too */
        t = text(in, &size);
        spw_fail(*span, t, text(in, &size));
        if (e) {
            e->status = e->status == SPW_STATUS_OK ? SPW_STATUS_OK : SPW_STATUS_ERROR;
            e->set[2] = false;
        }
        break;
    case 12: t = text(in, &size); spw_record_error(*span, t, text(in, &size)); break;
    case 13: n = attributes(in, attrs); spw_add_link(*span, spans[input_byte(in) % SPANS], attrs, n); break;
    case 14: /* a made-up handle */
        spw_span_end(*span);
        open_record[span - spans] = NULL;
        span->handle = input_number(in, 8);
        break;
    case 15: set_pin(in, *span, e); break;
    default: spw_set_double(*span, text(in, &size), (double)input_number(in, 2) / 3); break;
    }
}

static bool same_key(spw_view a, spw_view b)
{
    return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

static void check_keys(const spw_span_view *view)
{
    spw_attr attr, other;
    for (spw_attr_iter it = view->attributes; spw_attr_next(&it, &attr);)
        for (spw_attr_iter rest = it; spw_attr_next(&rest, &other);)
            must(!same_key(attr.key, other.key));
}

static void check_expected(const spw_span_view *view, const struct expected *e)
{
    spw_attr attr;
    must((int)view->status == e->status);
    for (size_t pin = 0; pin < PINS; pin++) {
        bool found = !e->set[pin];
        for (spw_attr_iter it = view->attributes; spw_attr_next(&it, &attr);)
            if (same_key(attr.key, (spw_view){ pins[pin], strlen(pins[pin]) }))
                found |= attr.value.type == SPW_VALUE_INT && attr.value.u.i == e->value[pin];
        must(found);
    }
}

static void check(const spw_span_view *view)
{
    Opentelemetry__Proto__Trace__V1__Span *span =
        opentelemetry__proto__trace__v1__span__unpack(NULL, view->encoded.size, (const uint8_t *)view->encoded.data);
    must(span != NULL);
    must(span->n_attributes <= LIMIT + 16 && span->n_events <= LIMIT && span->n_links <= LIMIT); /* and 16 pinned keys */
    must(span->trace_id.len == 16 && span->span_id.len == 8 && span->end_time_unix_nano >= span->start_time_unix_nano);
    opentelemetry__proto__trace__v1__span__free_unpacked(span, NULL);
    check_keys(view);
    for (size_t i = 0; i < record_count; i++)
        if (memcmp(records[i].span_id, view->span_id, 8) == 0)
            check_expected(view, &records[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = { data, size };
    text_count = value_count = entry_count = record_count = 0;
    memset(open_record, 0, sizeof open_record);
    for (int i = 0; in.left && i < 300; i++)
        act(&in);
    for (int i = 0; i < SPANS; i++) {
        spw_span_end(spans[i]);
        spans[i] = (spw_span){ 0 };
    }
    must(spw_flush(10000) == SPW_OK);
    spw_stats stats = SPW_STATS_INIT;
    spw_stats_get(&stats);
    must(spw_memory_exporter_count(memory) == stats.pipelines[0].ended - ended_before && stats.spans_open == 0);
    ended_before = stats.pipelines[0].ended;
    spw_span_view view;
    for (size_t i = 0; spw_memory_exporter_span(memory, i, &view); i++)
        check(&view);
    spw_memory_exporter_reset(memory);
    while (text_count)
        free(texts[--text_count]);
    return 0;
}
