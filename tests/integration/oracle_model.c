#include "oracle_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef Opentelemetry__Proto__Common__V1__KeyValue key_value;

enum { MAX_KEY = 1024, MAX_TEXT = 65536, RESERVE = 4096, MOST_BYTES = (1 << 20) - 8, FRAME_HEAD = 8 };

static const uint64_t SLACK_NS = 10000000000; /* of the clock, and of a thread that was not let on in between */

static model_text copy(const char *text, size_t size)
{
    model_text out = { malloc(size + 1), size };
    if (size)
        memcpy(out.data, text, size);
    out.data[size] = '\0';
    return out;
}

static model_text repair(const char *text, size_t size, size_t most)
{
    model_text out;
    out.data = oracle_repair(text, size, most, &out.size);
    return out;
}

model_text model_name(const char *text, size_t size, size_t most)
{
    size_t cut = size < most ? size : most;
    while (cut && cut < size && ((unsigned char)text[cut] & 0xc0) == 0x80)
        cut--;
    return oracle_is_utf8(text, cut) ? copy(text, cut) : repair(text, cut, most < MAX_KEY ? most : MAX_KEY);
}

/* ---- sizes, as protobuf-c packs them ---- */

static size_t varint(size_t v)
{
    size_t n = 1;
    while (v >>= 7)
        n++;
    return n;
}

static size_t field(size_t size)
{
    return 1 + varint(size) + size;
}

static size_t stride(size_t wire)
{
    return (FRAME_HEAD + wire + 7) / 8 * 8;
}

static size_t packed(const model_attr *attr)
{
    key_value pair = OPENTELEMETRY__PROTO__COMMON__V1__KEY_VALUE__INIT;
    pair.key = attr->key.data;
    pair.value = attr->value;
    return opentelemetry__proto__common__v1__key_value__get_packed_size(&pair);
}

/* ---- attributes ---- */

static void free_attr(model_attr *attr)
{
    free(attr->key.data);
    oracle_value_free(attr->value);
}

static bool is_pinned(const model_limits *limits, const char *key)
{
    for (size_t i = 0; i < limits->pinned_count; i++)
        if (strcmp(limits->pinned[i], key) == 0)
            return true;
    return limits->pinned_count == 0 && strcmp(key, "error.type") == 0;
}

/* False when it can never be an attribute; its key is there nevertheless, when it is one. */
static bool convert(const model_limits *limits, const spw_attr *from, model_attr *out)
{
    *out = (model_attr){ .pinned = false };
    if (!from->key.data || !from->key.size || from->key.size > MAX_KEY)
        return false;
    out->key = repair(from->key.data, from->key.size, MAX_KEY);
    out->pinned = is_pinned(limits, out->key.data);
    out->value = oracle_value_new(limits->characters, &from->value);
    if (out->value)
        out->stride = stride(field(packed(out)));
    return out->value != NULL;
}

static model_attr *find(const model_attrs *attrs, const model_text *key)
{
    for (size_t i = 0; i < attrs->count; i++)
        if (attrs->items[i].key.size == key->size && memcmp(attrs->items[i].key.data, key->data, key->size) == 0)
            return &attrs->items[i];
    return NULL;
}

static void append(model_attrs *attrs, model_attr attr)
{
    attrs->items = realloc(attrs->items, (attrs->count + 1) * sizeof attr);
    attrs->items[attrs->count++] = attr;
}

/* What is kept (the name, the status, pinned attributes) has a reserve past the span's bytes. */
static bool has_room(const model_span *span, const model_limits *limits, size_t bytes, bool kept)
{
    size_t most = limits->span_bytes < MOST_BYTES - RESERVE ? limits->span_bytes : MOST_BYTES - RESERVE;
    return span->live + bytes <= most + (kept ? RESERVE : 0);
}

void model_set(model_span *span, const model_limits *limits, const spw_attr *attr)
{
    model_attr fresh;
    if (!convert(limits, attr, &fresh)) {
        span->attrs.dropped++;
        free_attr(&fresh);
        return;
    }
    model_attr *old = find(&span->attrs, &fresh.key);
    if (!has_room(span, limits, fresh.stride, fresh.pinned) || (!old && !fresh.pinned && span->attrs.plain == limits->attributes)) {
        span->attrs.dropped++;
        free_attr(&fresh);
        return;
    }
    span->live += fresh.stride;
    if (old) {
        span->live -= old->stride;
        free_attr(old);
        *old = fresh;
    } else {
        append(&span->attrs, fresh);
        span->attrs.plain += !fresh.pinned;
    }
}

/* ---- the rest ---- */

static model_attrs list_attrs(const model_limits *limits, const spw_attr *attrs, size_t count, size_t most, size_t *bytes)
{
    model_attrs out = { NULL, 0, 0, 0 };
    model_attr *all = calloc(count + 1, sizeof *all);
    for (size_t i = 0; i < count; i++)
        (void)convert(limits, &attrs[i], &all[i]);
    *bytes = 0;
    for (size_t i = 0; i < count; i++) {
        bool again = false; /* of equal keys the last counts, also when its value cannot be recorded */
        for (size_t j = i + 1; j < count && all[i].key.data && !again; j++)
            again = all[j].key.data && strcmp(all[i].key.data, all[j].key.data) == 0;
        bool keep = !again && all[i].value && out.count < most;
        out.dropped += !again && !keep;
        if (keep) {
            *bytes += field(packed(&all[i]));
            append(&out, all[i]);
        } else {
            free_attr(&all[i]);
        }
    }
    free(all);
    return out;
}

static void free_attrs(model_attrs *attrs)
{
    for (size_t i = 0; i < attrs->count; i++)
        free_attr(&attrs->items[i]);
    free(attrs->items);
}

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void model_add_event(model_span *span, const model_limits *limits, const char *name, uint64_t unix_ns, const spw_attr *attrs, size_t count)
{
    size_t size = spw__len(name), bytes;
    model_event event = { .unix_ns = unix_ns, .earliest = now_ns() - SLACK_NS, .latest = now_ns() + SLACK_NS };
    event.name = repair(name ? name : "", size, MAX_KEY);
    event.attrs = list_attrs(limits, attrs, count, limits->event_attributes, &bytes);
    bytes += 9 + field(event.name.size) + (event.attrs.dropped ? 1 + varint(event.attrs.dropped) : 0);
    if (!has_room(span, limits, stride(field(bytes)), false) || span->event_count == limits->events) {
        span->dropped_events++;
        free(event.name.data);
        free_attrs(&event.attrs);
        return;
    }
    span->live += stride(field(bytes));
    span->events = realloc(span->events, (span->event_count + 1) * sizeof event);
    span->events[span->event_count++] = event;
}

void model_add_exception(model_span *span, const model_limits *limits, const char *const texts[3], const spw_attr *attrs, size_t count)
{
    static const char *const keys[3] = { "exception.type", "exception.message", "exception.stacktrace" };
    spw_attr *all = calloc(count + 3, sizeof *all);
    size_t n = 0;
    for (int i = 0; i < 3; i++)
        if (texts[i])
            all[n++] = spw_attr_string(keys[i], texts[i]);
    if (count)
        memcpy(all + n, attrs, count * sizeof *all);
    model_add_event(span, limits, "exception", 0, all, n + count);
    free(all);
}

void model_add_link(model_span *span, const model_limits *limits, spw_span to, const char *trace_state, const spw_attr *attrs, size_t count)
{
    size_t bytes, state = strlen(trace_state);
    if (!spw_span_is_valid(to) && !state && !count)
        return;
    model_link link = { .span = to, .attrs = list_attrs(limits, attrs, count, limits->link_attributes, &bytes) };
    snprintf(link.trace_state, sizeof link.trace_state, "%s", trace_state);
    bytes += field(16) + field(8) + (state ? field(state) : 0) + (link.attrs.dropped ? 1 + varint(link.attrs.dropped) : 0) + 5;
    if (!has_room(span, limits, stride(field(bytes)), false) || span->link_count == limits->links) {
        span->dropped_links++;
        free_attrs(&link.attrs);
        return;
    }
    span->live += stride(field(bytes));
    span->links = realloc(span->links, (span->link_count + 1) * sizeof link);
    span->links[span->link_count++] = link;
}

void model_set_status(model_span *span, const model_limits *limits, spw_status_code code, const char *text)
{
    if (code != SPW_STATUS_OK && code != SPW_STATUS_ERROR)
        return;
    model_text message = code == SPW_STATUS_ERROR ? model_name(text ? text : "", spw__len(text), MAX_TEXT) : copy("", 0);
    size_t bytes = stride(field((message.size ? field(message.size) : 0) + 2));
    if (!has_room(span, limits, bytes, true)) { /* rather no message than no status */
        message.data[message.size = 0] = '\0';
        bytes = stride(field(2));
    }
    if (!has_room(span, limits, bytes, true) || span->status == SPW_STATUS_OK) {
        free(message.data);
        return;
    }
    span->live += bytes - span->status_stride;
    span->status_stride = bytes;
    span->status = code;
    free(span->message.data);
    span->message = message;
}

void model_rename(model_span *span, const model_limits *limits, const char *name)
{
    model_text text = model_name(name ? name : "", spw__len(name), MAX_TEXT);
    size_t bytes = stride(field(text.size));
    if (!has_room(span, limits, bytes, true)) {
        free(text.data);
        return;
    }
    span->live += bytes - span->name_stride;
    span->name_stride = bytes;
    free(span->name.data);
    span->name = text;
}

void model_free(model_span *span)
{
    for (size_t i = 0; i < span->event_count; i++) {
        free(span->events[i].name.data);
        free_attrs(&span->events[i].attrs);
    }
    free(span->events);
    for (size_t i = 0; i < span->link_count; i++)
        free_attrs(&span->links[i].attrs);
    free(span->links);
    free_attrs(&span->attrs);
    free(span->name.data);
    free(span->message.data);
}

/* ---- comparing ---- */

static bool same_text(const model_text *want, const char *got)
{
    size_t size = want->data ? want->size : 0;
    return strlen(got) == size && (!size || memcmp(want->data, got, size) == 0);
}

static bool same_bytes(ProtobufCBinaryData got, const void *want, size_t size)
{
    return got.len == size && (!size || memcmp(got.data, want, size) == 0);
}

static const char *compare_attrs(const model_attrs *want, key_value *const *got, size_t count, uint32_t dropped)
{
    if (want->dropped != dropped) {
        fprintf(stderr, "DBG dropped %zu %u count %zu %zu\n", (size_t)want->dropped, dropped, want->count, count);
        return "dropped attributes";
    }
    if (want->count != count)
        return "number of attributes";
    for (size_t i = 0; i < count; i++) {
        const model_text key = { got[i]->key, strlen(got[i]->key) };
        for (size_t j = 0; j < i; j++)
            if (strcmp(got[j]->key, got[i]->key) == 0)
                return "one key twice";
        const model_attr *attr = find(want, &key);
        if (!attr)
            return "an attribute that was not set";
        if (!got[i]->value || !oracle_value_same(attr->value, got[i]->value))
            return "value of an attribute";
    }
    return NULL;
}

static const char *compare_events(const model_span *want, const Opentelemetry__Proto__Trace__V1__Span *got)
{
    if (want->dropped_events != got->dropped_events_count)
        return "dropped events";
    if (want->event_count != got->n_events)
        return "number of events";
    for (size_t i = 0; i < got->n_events; i++) {
        const model_event *event = &want->events[i];
        const Opentelemetry__Proto__Trace__V1__Span__Event *other = got->events[i];
        if (!same_text(&event->name, other->name))
            return "name of an event";
        uint64_t at = other->time_unix_nano;
        bool by_clock = want->start_unix_ns ? at >= event->earliest && at <= event->latest : at >= got->start_time_unix_nano;
        if (event->unix_ns ? at != event->unix_ns : !by_clock)
            return "time of an event";
        const char *wrong = compare_attrs(&event->attrs, other->attributes, other->n_attributes, other->dropped_attributes_count);
        if (wrong)
            return wrong;
    }
    return NULL;
}

static const char *compare_links(const model_span *want, const Opentelemetry__Proto__Trace__V1__Span *got)
{
    if (want->dropped_links != got->dropped_links_count)
        return "dropped links";
    if (want->link_count != got->n_links)
        return "number of links";
    for (size_t i = 0; i < got->n_links; i++) {
        const model_link *link = &want->links[i];
        const Opentelemetry__Proto__Trace__V1__Span__Link *other = got->links[i];
        if (!same_bytes(other->trace_id, link->span.trace_id, 16) || !same_bytes(other->span_id, link->span.span_id, 8))
            return "ids of a link";
        if (other->flags != (0x100u | link->span.flags | (link->span.is_remote ? 0x200u : 0)))
            return "flags of a link";
        if (strcmp(other->trace_state, link->trace_state) != 0)
            return "trace state of a link";
        const char *wrong = compare_attrs(&link->attrs, other->attributes, other->n_attributes, other->dropped_attributes_count);
        if (wrong)
            return wrong;
    }
    return NULL;
}

static const char *compare_identity(const model_span *want, const Opentelemetry__Proto__Trace__V1__Span *got)
{
    bool child = spw_span_is_valid(want->parent);
    uint32_t flags = 0x100u | want->span.flags | (child && want->parent.is_remote ? 0x200u : 0);
    if (!same_bytes(got->trace_id, want->span.trace_id, 16) || !same_bytes(got->span_id, want->span.span_id, 8))
        return "ids";
    if (!same_bytes(got->parent_span_id, want->parent.span_id, child ? 8 : 0))
        return "parent";
    if (child && memcmp(want->parent.trace_id, want->span.trace_id, 16) != 0)
        return "the trace of its parent";
    if (got->flags != flags)
        return "flags";
    if (strcmp(got->trace_state, want->trace_state) != 0)
        return "trace state";
    return NULL;
}

static const char *compare_times(const model_span *want, const Opentelemetry__Proto__Trace__V1__Span *got)
{
    uint64_t start = got->start_time_unix_nano, end = got->end_time_unix_nano;
    if (end < start)
        return "end before start";
    if (want->start_unix_ns ? start != want->start_unix_ns : start < want->earliest || start > want->latest)
        return "start";
    if (want->end_unix_ns && end != (want->end_unix_ns > start ? want->end_unix_ns : start))
        return "end";
    return NULL;
}

const char *model_compare(const model_span *want, const Opentelemetry__Proto__Trace__V1__Span *got)
{
    const char *wrong = compare_identity(want, got);
    if (!wrong)
        wrong = compare_times(want, got);
    if (wrong)
        return wrong;
    if (!same_text(&want->name, got->name))
        return "name";
    if ((int)got->kind != (int)(want->kind == SPW_KIND_UNSET ? SPW_KIND_INTERNAL : want->kind))
        return "kind";
    if ((got->status ? (int)got->status->code : 0) != (int)want->status)
        return "status";
    if (got->status && !same_text(&want->message, got->status->message))
        return "status message";
    wrong = compare_attrs(&want->attrs, got->attributes, got->n_attributes, got->dropped_attributes_count);
    if (!wrong)
        wrong = compare_events(want, got);
    return wrong ? wrong : compare_links(want, got);
}
