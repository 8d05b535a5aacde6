/* Readers of single OTLP messages and the walk over a request's spans. Contracts: otlp.h. */
#include "otlp.h"

#include <string.h>

static void read_status(struct spwv_slice raw, struct spwv_span *span)
{
    struct spwv_wire wire = spwv_wire_of(raw);
    struct spwv_field field;
    while (spwv_wire_next(&wire, &field) > 0) {
        if (field.number == 2)
            span->status_message = field.bytes;
        else if (field.number == 3)
            span->status_code = (uint32_t)field.value;
    }
}

void spwv_otlp_read_span(struct spwv_slice raw, struct spwv_span *span)
{
    *span = (struct spwv_span){.raw = raw};
    struct spwv_wire wire = spwv_wire_of(raw);
    struct spwv_field field;
    while (spwv_wire_next(&wire, &field) > 0) {
        switch (field.number) {
        case 1: span->trace_id = field.bytes; break;
        case 2: span->span_id = field.bytes; break;
        case 3: span->trace_state = field.bytes; break;
        case 4: span->parent_span_id = field.bytes; break;
        case 5: span->name = field.bytes; break;
        case 6: span->kind = (uint32_t)field.value; break;
        case 7: span->start_unix_ns = field.value; break;
        case 8: span->end_unix_ns = field.value; break;
        case 10: span->dropped_attributes_count = (uint32_t)field.value; break;
        case 12: span->dropped_events_count = (uint32_t)field.value; break;
        case 14: span->dropped_links_count = (uint32_t)field.value; break;
        case 15: read_status(field.bytes, span); break;
        case 16: span->flags = (uint32_t)field.value; break;
        default: break;
        }
    }
}

void spwv_otlp_read_event(struct spwv_slice raw, struct spwv_event *event)
{
    *event = (struct spwv_event){.raw = raw};
    struct spwv_wire wire = spwv_wire_of(raw);
    struct spwv_field field;
    while (spwv_wire_next(&wire, &field) > 0) {
        switch (field.number) {
        case 1: event->time_unix_ns = field.value; break;
        case 2: event->name = field.bytes; break;
        case 4: event->dropped_attributes_count = (uint32_t)field.value; break;
        default: break;
        }
    }
}

void spwv_otlp_read_link(struct spwv_slice raw, struct spwv_link *link)
{
    *link = (struct spwv_link){.raw = raw};
    struct spwv_wire wire = spwv_wire_of(raw);
    struct spwv_field field;
    while (spwv_wire_next(&wire, &field) > 0) {
        switch (field.number) {
        case 1: link->trace_id = field.bytes; break;
        case 2: link->span_id = field.bytes; break;
        case 3: link->trace_state = field.bytes; break;
        case 5: link->dropped_attributes_count = (uint32_t)field.value; break;
        case 6: link->flags = (uint32_t)field.value; break;
        default: break;
        }
    }
}

/* Strings or messages 1 and 2 of a message, the last of each. */
static void read_two(struct spwv_slice raw, struct spwv_slice *first, struct spwv_slice *second)
{
    *first = *second = (struct spwv_slice){NULL, 0};
    struct spwv_wire wire = spwv_wire_of(raw);
    struct spwv_field field;
    while (spwv_wire_next(&wire, &field) > 0) {
        if (field.number == 1)
            *first = field.bytes;
        else if (field.number == 2)
            *second = field.bytes;
    }
}

void spwv_otlp_read_key_value(struct spwv_slice raw, struct spwv_key_value *kv)
{
    read_two(raw, &kv->key, &kv->value);
}

enum spwv_any spwv_otlp_read_any(struct spwv_slice any, struct spwv_field *value)
{
    struct spwv_wire wire = spwv_wire_of(any);
    struct spwv_field field;
    enum spwv_any kind = SPWV_ANY_EMPTY;
    while (spwv_wire_next(&wire, &field) > 0)
        if (field.number >= SPWV_ANY_STRING && field.number <= SPWV_ANY_BYTES) {
            kind = (enum spwv_any)field.number;
            *value = field;
        }
    return kind;
}

void spwv_otlp_read_scope(struct spwv_slice raw, struct spwv_scope *scope)
{
    read_two(raw, &scope->name, &scope->version);
}

bool spwv_otlp_each(struct spwv_wire *wire, uint32_t number, struct spwv_slice *bytes)
{
    struct spwv_field field;
    while (spwv_wire_next(wire, &field) > 0)
        if (field.number == number && field.type == SPWV_BYTES) {
            *bytes = field.bytes;
            return true;
        }
    return false;
}

struct spwv_slice spwv_otlp_service(struct spwv_slice resource)
{
    static const char key[] = "service.name";
    struct spwv_wire wire = spwv_wire_of(resource);
    struct spwv_slice raw;
    while (spwv_otlp_each(&wire, SPWV_RESOURCE_ATTRIBUTES, &raw)) {
        struct spwv_key_value kv;
        spwv_otlp_read_key_value(raw, &kv);
        if (kv.key.size != sizeof key - 1 || memcmp(kv.key.data, key, sizeof key - 1) != 0)
            continue;
        struct spwv_wire value = spwv_wire_of(kv.value);
        struct spwv_field field;
        if (spwv_wire_next(&value, &field) > 0 && field.number == 1 && field.type == SPWV_BYTES && field.bytes.size)
            return field.bytes;
    }
    static const char unknown[] = "unknown_service";
    return (struct spwv_slice){(const uint8_t *)unknown, sizeof unknown - 1};
}

void spwv_otlp_items(struct spwv_cursor *cursor, struct spwv_slice request)
{
    *cursor = (struct spwv_cursor){.request = spwv_wire_of(request)};
}

/* Of a ResourceSpans, a ScopeSpans and those of the other signals, which number these fields alike. They may stand behind what they describe. */
static struct spwv_origin read_origin(struct spwv_slice message)
{
    struct spwv_origin origin = {{NULL, 0}, {NULL, 0}};
    struct spwv_wire wire = spwv_wire_of(message);
    struct spwv_field field;
    while (spwv_wire_next(&wire, &field) > 0) {
        if (field.number == 1)
            origin.raw = field.bytes;
        else if (field.number == 3)
            origin.schema_url = field.bytes;
    }
    return origin;
}

bool spwv_otlp_next_item(struct spwv_cursor *cursor, struct spwv_slice *raw)
{
    for (;;) {
        if (spwv_otlp_each(&cursor->of_scope, 2, raw))
            return true;
        if (spwv_otlp_each(&cursor->of_resource, 2, raw)) {
            cursor->of_scope = spwv_wire_of(*raw);
            cursor->scope = read_origin(*raw);
        } else if (spwv_otlp_each(&cursor->request, 1, raw)) {
            cursor->of_resource = spwv_wire_of(*raw);
            cursor->resource = read_origin(*raw);
            cursor->service = spwv_otlp_service(cursor->resource.raw);
        } else {
            return false;
        }
        cursor->group++;
    }
}

bool spwv_otlp_is_id(struct spwv_slice id, size_t size)
{
    if (id.size != size)
        return false;
    for (size_t i = 0; i < size; i++)
        if (id.data[i])
            return true;
    return false;
}

bool spwv_otlp_has_parent(const struct spwv_span *span)
{
    return spwv_otlp_is_id(span->parent_span_id, 8);
}

const char *spwv_otlp_reject_reason(const struct spwv_span *span)
{
    if (!spwv_otlp_is_id(span->trace_id, 16))
        return "trace_id is not 16 bytes with one not zero";
    if (!spwv_otlp_is_id(span->span_id, 8))
        return "span_id is not 8 bytes with one not zero";
    if (span->parent_span_id.size != 0 && span->parent_span_id.size != 8)
        return "parent_span_id is neither empty nor 8 bytes";
    return NULL;
}
