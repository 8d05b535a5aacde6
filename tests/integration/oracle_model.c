#include "oracle_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef Opentelemetry__Proto__Common__V1__KeyValue key_value;
typedef Opentelemetry__Proto__Common__V1__AnyValue any_value;

enum { MAX_KEY = 1024, MAX_TEXT = 65536, RESERVE = 4096, MOST_BYTES = (1 << 20) - 8, FRAME_HEAD = 8, SLACK_NS = 500000000 };

size_t model_character(const char *text, size_t size)
{
    static const uint32_t least[5] = { 0, 0, 0x80, 0x800, 0x10000 };
    const unsigned char *t = (const unsigned char *)text;
    size_t n = t[0] < 0x80 ? 1 : (t[0] & 0xe0) == 0xc0 ? 2 : (t[0] & 0xf0) == 0xe0 ? 3 : (t[0] & 0xf8) == 0xf0 ? 4 : 0;
    if (n < 2 || n > size)
        return n == 1;
    uint32_t point = t[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if (t[i] >> 6 != 2)
            return 0;
        point = point << 6 | (t[i] & 0x3fu);
    }
    return point >= least[n] && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff) ? n : 0;
}

static bool is_utf8(const char *text, size_t size)
{
    for (size_t i = 0, n; i < size; i += n)
        if (!(n = model_character(text + i, size - i)))
            return false;
    return true;
}

static model_text copy(const char *text, size_t size)
{
    model_text out = { malloc(size + 1), size, false };
    if (size)
        memcpy(out.data, text, size);
    out.data[size] = '\0';
    return out;
}

/* U+FFFD for each bad byte, as much as fits. */
static model_text repair(const char *text, size_t size, size_t most)
{
    model_text out = { malloc(3 * size + 1), 0, false };
    for (size_t i = 0; i < size;) {
        size_t n = model_character(text + i, size - i), bytes = n ? n : 3;
        if (out.size + bytes > most)
            break;
        memcpy(out.data + out.size, n ? text + i : "\xef\xbf\xbd", bytes);
        out.size += bytes;
        i += n ? n : 1;
    }
    out.data[out.size] = '\0';
    return out;
}

model_text model_name(const char *text, size_t size, size_t most)
{
    size_t cut = size < most ? size : most;
    while (cut && cut < size && ((unsigned char)text[cut] & 0xc0) == 0x80)
        cut--;
    return is_utf8(text, cut) ? copy(text, cut) : repair(text, cut, most < MAX_KEY ? most : MAX_KEY);
}

/* The size after the limit on characters; a bad byte is a character. */
static size_t cut_characters(const char *text, size_t size, size_t characters)
{
    size_t i = 0;
    for (; i < size && characters; characters--) {
        size_t n = model_character(text + i, size - i);
        i += n ? n : 1;
    }
    return i;
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
    any_value value = OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__INIT;
    key_value pair = OPENTELEMETRY__PROTO__COMMON__V1__KEY_VALUE__INIT;
    pair.key = attr->key.data;
    pair.value = &value;
    switch (attr->type) {
    case SPW_VALUE_BOOL:
        value.value_case = OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_BOOL_VALUE;
        break;
    case SPW_VALUE_INT:
        value.value_case = OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_INT_VALUE;
        value.int_value = attr->i;
        break;
    case SPW_VALUE_DOUBLE:
        value.value_case = OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_DOUBLE_VALUE;
        break;
    case SPW_VALUE_STRING: /* the same size as bytes, which may hold zeros */
    case SPW_VALUE_BYTES:
        value.value_case = OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_BYTES_VALUE;
        value.bytes_value.len = attr->text.size;
        value.bytes_value.data = (uint8_t *)attr->text.data;
        break;
    case SPW_VALUE_EMPTY:
    case SPW_VALUE_ARRAY:
    case SPW_VALUE_MAP:
    case SPW_VALUE_ENCODED_ARRAY:
    case SPW_VALUE_ENCODED_MAP:
        break;
    }
    return opentelemetry__proto__common__v1__key_value__get_packed_size(&pair);
}

/* ---- attributes ---- */

static void free_attr(model_attr *attr)
{
    free(attr->key.data);
    free(attr->text.data);
}

/* False when it can never be an attribute. */
static bool convert(const model_limits *limits, const spw_attr *from, model_attr *out)
{
    *out = (model_attr){ .type = from->value.type };
    bool known = from->value.type != SPW_VALUE_ARRAY && from->value.type != SPW_VALUE_MAP && from->value.type <= SPW_VALUE_BYTES;
    if (!from->key.data || !from->key.size || from->key.size > MAX_KEY || !known)
        return false;
    out->key = is_utf8(from->key.data, from->key.size) ? copy(from->key.data, from->key.size)
                                                       : repair(from->key.data, from->key.size, MAX_KEY);
    const char *text = from->value.u.view.data;
    size_t size = from->value.u.view.size;
    if (out->type == SPW_VALUE_STRING) {
        out->text = copy(text, cut_characters(text, size, limits->characters));
        out->text.is_bytes = !is_utf8(out->text.data, out->text.size);
    } else if (out->type == SPW_VALUE_BYTES) {
        out->text = copy(text, size < limits->characters ? size : limits->characters);
        out->text.is_bytes = true;
    } else if (out->type == SPW_VALUE_INT) {
        out->i = from->value.u.i;
    } else if (out->type == SPW_VALUE_BOOL) {
        out->i = from->value.u.b;
    } else if (out->type == SPW_VALUE_DOUBLE) {
        out->d = from->value.u.d;
    }
    out->stride = stride(field(packed(out)));
    return true;
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
        return;
    }
    model_attr *old = find(&span->attrs, &fresh.key);
    if (!has_room(span, limits, fresh.stride, false) || (!old && span->attrs.count == limits->attributes)) {
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
    }
}

/* ---- the rest ---- */

static model_attrs event_attrs(const model_limits *limits, const spw_attr *attrs, size_t count, size_t *bytes)
{
    model_attrs out = { NULL, 0, 0 };
    model_attr *all = calloc(count + 1, sizeof *all);
    bool *skip = calloc(count + 1, sizeof *skip);
    for (size_t i = 0; i < count; i++)
        if (!convert(limits, &attrs[i], &all[i])) {
            skip[i] = true;
            out.dropped++;
        }
    for (size_t i = 0; i < count; i++)
        for (size_t j = i + 1; j < count && !skip[i]; j++)
            skip[i] = !skip[j] && all[i].key.size == all[j].key.size && memcmp(all[i].key.data, all[j].key.data, all[i].key.size) == 0;
    *bytes = 0;
    for (size_t i = 0; i < count; i++) {
        bool keep = !skip[i] && out.count < limits->event_attributes;
        out.dropped += !skip[i] && !keep;
        if (keep) {
            *bytes += field(packed(&all[i]));
            append(&out, all[i]);
        } else {
            free_attr(&all[i]);
        }
    }
    free(all);
    free(skip);
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
    event.name = size <= MAX_KEY && is_utf8(name ? name : "", size) ? copy(name, size) : repair(name, size, MAX_KEY);
    event.attrs = event_attrs(limits, attrs, count, &bytes);
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

static bool same_value(const model_attr *want, const any_value *got)
{
    switch (want->type) {
    case SPW_VALUE_STRING:
    case SPW_VALUE_BYTES:
        if (want->text.is_bytes)
            return got->value_case == OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_BYTES_VALUE &&
                   same_bytes(got->bytes_value, want->text.data, want->text.size);
        return got->value_case == OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_STRING_VALUE &&
               same_text(&want->text, got->string_value);
    case SPW_VALUE_BOOL:
        return got->value_case == OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_BOOL_VALUE && got->bool_value == (want->i != 0);
    case SPW_VALUE_INT:
        return got->value_case == OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_INT_VALUE && got->int_value == want->i;
    case SPW_VALUE_DOUBLE: /* by its bits: NaN, and -0.0 */
        return got->value_case == OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_DOUBLE_VALUE &&
               memcmp(&got->double_value, &want->d, 8) == 0;
    case SPW_VALUE_EMPTY:
        return got->value_case == OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE__NOT_SET;
    case SPW_VALUE_ARRAY:
    case SPW_VALUE_MAP:
    case SPW_VALUE_ENCODED_ARRAY:
    case SPW_VALUE_ENCODED_MAP:
        break;
    }
    return false;
}

static const char *compare_attrs(const model_attrs *want, key_value *const *got, size_t count, uint32_t dropped)
{
    if (want->dropped != dropped)
        return "dropped attributes";
    if (want->count != count)
        return "number of attributes";
    for (size_t i = 0; i < count; i++) {
        const model_text key = { got[i]->key, strlen(got[i]->key), false };
        for (size_t j = 0; j < i; j++)
            if (strcmp(got[j]->key, got[i]->key) == 0)
                return "one key twice";
        const model_attr *attr = find(want, &key);
        if (!attr)
            return "an attribute that was not set";
        if (!got[i]->value || !same_value(attr, got[i]->value))
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
    if (got->n_links || got->dropped_links_count)
        return "links";
    wrong = compare_attrs(&want->attrs, got->attributes, got->n_attributes, got->dropped_attributes_count);
    return wrong ? wrong : compare_events(want, got);
}
