/* Redaction: redact.h. */
#include "sdk/redact.h"

#include "record/wire.h"
#include "sdk/value.h"

enum { KEEP_BYTES = 256 * 1024, TAG_RECORD = 0x12, TAG_KEY = 0x0a, TAG_VALUE = 0x12 };

/* Field numbers of a message that has attributes. */
struct shape {
    uint32_t attributes, dropped;
};

static const struct shape span_shape = { 9, 10 }, event_shape = { 3, 4 }, link_shape = { 4, 5 };
enum { SPAN_EVENTS = 11, SPAN_LINKS = 13 };

/* A field as it stands: `from` its tag to `to`. `payload` is what follows the tag, and the length where there is one. */
struct field {
    uint32_t number, type;
    uint64_t value; /* of a varint */
    const uint8_t *from, *payload, *to;
};

static bool take_varint(const uint8_t **at, const uint8_t *end, uint64_t *out)
{
    *out = 0;
    for (unsigned shift = 0; shift < 64 && *at < end; shift += 7) {
        uint8_t byte = *(*at)++;
        *out |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return true;
    }
    return false;
}

/* The record was read as a whole before it came here: false only at the end. */
static bool take_field(const uint8_t **at, const uint8_t *end, struct field *f)
{
    uint64_t tag, size = 0;
    f->from = *at;
    if (*at >= end || !take_varint(at, end, &tag))
        return false;
    f->number = (uint32_t)(tag >> 3);
    f->type = (uint32_t)(tag & 7);
    f->payload = *at;
    switch (f->type) {
    case 0:
        if (!take_varint(at, end, &f->value))
            return false;
        break;
    case 1: size = 8; break;
    case 5: size = 4; break;
    case 2:
        if (!take_varint(at, end, &size))
            return false;
        f->payload = *at;
        break;
    default: return false;
    }
    if (size > (uint64_t)(end - *at))
        return false;
    *at += size;
    f->to = *at;
    return true;
}

static void put_raw(struct spw__buffer *out, const struct field *f)
{
    spw__buffer_put(out, f->from, (size_t)(f->to - f->from));
}

/* A KeyValue with the key it had and the value it was given. False: that is no value. */
static bool put_replaced(struct spw__redactor *r, struct spw__buffer *out, uint32_t number, spw_view key, const spw_value *value)
{
    spw__buffer_clear(&r->value);
    if (!spw__value_encode(&r->value, value)) {
        out->too_large |= r->value.too_large;
        out->no_memory |= r->value.no_memory;
        return spw__buffer_failed(&r->value);
    }
    size_t size = 2 + spw__varint_size(key.size) + key.size + spw__varint_size(r->value.size) + r->value.size;
    spw__buffer_put_varint(out, number << 3 | 2);
    spw__buffer_put_varint(out, size);
    spw__buffer_put_field(out, TAG_KEY, key.data, key.size);
    spw__buffer_put_field(out, TAG_VALUE, r->value.data, r->value.size);
    return true;
}

/* Asks about one attribute. What cannot be read, or is answered by no answer, goes: nothing passes that was not allowed to. */
static bool pass_attribute(struct spw__redactor *r, const spw_redaction_input *whose, struct spw__buffer *out, const struct field *f, bool *changed)
{
    spw_attr_iter one = { f->from, f->to, f->number, 0 };
    spw_attr attr;
    if (spw_attr_next(&one, &attr)) {
        spw_view key = attr.key;
        spw_redaction answer = r->fn(r->arg, whose, &attr);
        if (answer == SPW_REDACT_KEEP) {
            put_raw(out, f);
            return true;
        }
        *changed = true;
        if (answer == SPW_REDACT_REPLACE)
            return put_replaced(r, out, f->number, key, &attr.value);
    }
    *changed = true;
    return false;
}

static void put_dropped(struct spw__buffer *out, const struct shape *shape, uint64_t dropped)
{
    if (!dropped)
        return;
    spw__buffer_put_varint(out, shape->dropped << 3);
    spw__buffer_put_varint(out, dropped < UINT32_MAX ? dropped : UINT32_MAX);
}

/* What every message with attributes has; false: the field is something else. */
static bool pass_common(struct spw__redactor *r, const spw_redaction_input *whose, struct spw__buffer *out, const struct shape *shape,
                        const struct field *f, uint64_t *recorded, uint64_t *taken_out)
{
    bool changed = false;
    if (f->number == shape->attributes && f->type == 2) {
        *taken_out += !pass_attribute(r, whose, out, f, &changed);
        r->changed |= changed;
    } else if (f->number == shape->dropped && f->type == 0) {
        *recorded = f->value;
    } else {
        return false;
    }
    return true;
}

/* An event or a link, into r->part and from there into the span. */
static void pass_part(struct spw__redactor *r, const spw_redaction_input *whose, const struct field *part, const struct shape *shape)
{
    uint64_t recorded = 0, taken_out = 0;
    struct field f;
    spw__buffer_clear(&r->part);
    const uint8_t *read = part->payload;
    for (const uint8_t *at = read; take_field(&at, part->to, &f); read = at)
        if (!pass_common(r, whose, &r->part, shape, &f, &recorded, &taken_out))
            put_raw(&r->part, &f);
    r->changed |= read != part->to; /* what cannot be read goes */
    put_dropped(&r->part, shape, recorded + taken_out);
    spw__buffer_put_field(&r->span, (uint8_t)(part->number << 3 | 2), r->part.data, r->part.size);
    r->span.too_large |= r->part.too_large;
    r->span.no_memory |= r->part.no_memory;
}

static void pass_event(struct spw__redactor *r, const spw_span_view *span, const struct field *f)
{
    spw_event_iter one = { f->from, f->to, 0 };
    spw_event_view event = { 0 };
    (void)spw_event_next(&one, &event); /* what of it can be read */
    const spw_redaction_input whose = { sizeof whose, span, &event, NULL };
    pass_part(r, &whose, f, &event_shape);
}

static void pass_link(struct spw__redactor *r, const spw_span_view *span, const struct field *f)
{
    spw_link_iter one = { f->from, f->to, 0 };
    spw_link_view link = { 0 };
    (void)spw_link_next(&one, &link);
    const spw_redaction_input whose = { sizeof whose, span, NULL, &link };
    pass_part(r, &whose, f, &link_shape);
}

static void pass_span(struct spw__redactor *r, const spw_span_view *span)
{
    const spw_redaction_input own = { sizeof own, span, NULL, NULL };
    uint64_t recorded = 0, taken_out = 0;
    const uint8_t *at = (const uint8_t *)span->encoded.data;
    const uint8_t *end = at + span->encoded.size;
    for (struct field f; take_field(&at, end, &f);) {
        if (pass_common(r, &own, &r->span, &span_shape, &f, &recorded, &taken_out))
            continue;
        if (f.number == SPAN_EVENTS && f.type == 2)
            pass_event(r, span, &f);
        else if (f.number == SPAN_LINKS && f.type == 2)
            pass_link(r, span, &f);
        else
            put_raw(&r->span, &f);
    }
    put_dropped(&r->span, &span_shape, recorded + taken_out);
}

/* Where the Span begins in the buffer: room for its tag and length is left before it. */
enum { HEAD = 11 };

static spw_view framed(struct spw__redactor *r)
{
    size_t size = r->span.size - HEAD;
    uint8_t *from = r->span.data + HEAD - 1 - spw__varint_size(size);
    from[0] = TAG_RECORD;
    spw__put_varint(from + 1, size);
    return (spw_view){ (const char *)from, (size_t)(r->span.data + r->span.size - from) };
}

enum spw__redacted spw__redact(struct spw__redactor *r, const spw_span_view *span, spw_view *out)
{
    spw__buffer_clear(&r->span);
    (void)spw__buffer_extend(&r->span, HEAD);
    r->changed = false;
    pass_span(r, span);
    if (!r->changed) /* all were asked, and all are kept */
        return SPW__REDACTED_SAME;
    if (r->span.no_memory)
        return SPW__REDACTED_NO_MEMORY;
    if (r->span.too_large)
        return SPW__REDACTED_TOO_LARGE;
    *out = framed(r);
    return SPW__REDACTED_CHANGED;
}

void spw__redactor_init(struct spw__redactor *r, spw_redact_fn fn, void *arg, size_t most)
{
    *r = (struct spw__redactor){ .fn = fn, .arg = arg };
    r->span.most = r->part.most = r->value.most = most;
}

void spw__redactor_rest(struct spw__redactor *r)
{
    spw__buffer_trim(&r->span, KEEP_BYTES);
    spw__buffer_trim(&r->part, KEEP_BYTES);
    spw__buffer_trim(&r->value, KEEP_BYTES);
}

void spw__redactor_fini(struct spw__redactor *r)
{
    spw__buffer_free(&r->span);
    spw__buffer_free(&r->part);
    spw__buffer_free(&r->value);
}
