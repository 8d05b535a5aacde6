/* The table of OTLP's fields, version 1.11. Contract: otlp_fields.h. */
#include "otlp_fields.h"

#include <string.h>

#define SCALAR(name, kind) {name, SPWV_KIND_##kind, SPWV_NO_MESSAGE, false}
#define STRINGS(name) {name, SPWV_KIND_STRING, SPWV_NO_MESSAGE, true}
#define ONE(name, message) {name, SPWV_KIND_MESSAGE, SPWV_##message, false}
#define MANY(name, message) {name, SPWV_KIND_MESSAGE, SPWV_##message, true}

static const struct spwv_otlp_field fields[SPWV_MESSAGES][SPWV_MAX_FIELD + 1] = {
    [SPWV_REQUEST] = {[1] = MANY("resourceSpans", RESOURCE_SPANS)},
    [SPWV_RESOURCE_SPANS] = {[1] = ONE("resource", RESOURCE), [2] = MANY("scopeSpans", SCOPE_SPANS), [3] = SCALAR("schemaUrl", STRING)},
    [SPWV_SCOPE_SPANS] = {[1] = ONE("scope", SCOPE), [2] = MANY("spans", SPAN), [3] = SCALAR("schemaUrl", STRING)},
    [SPWV_RESOURCE] = {[1] = MANY("attributes", KEY_VALUE), [2] = SCALAR("droppedAttributesCount", UINT32),
                       [3] = MANY("entityRefs", ENTITY_REF)},
    [SPWV_SCOPE] = {[1] = SCALAR("name", STRING), [2] = SCALAR("version", STRING), [3] = MANY("attributes", KEY_VALUE),
                    [4] = SCALAR("droppedAttributesCount", UINT32)},
    [SPWV_SPAN] = {[1] = SCALAR("traceId", ID), [2] = SCALAR("spanId", ID), [3] = SCALAR("traceState", STRING),
                   [4] = SCALAR("parentSpanId", ID), [5] = SCALAR("name", STRING), [6] = SCALAR("kind", SPAN_KIND),
                   [7] = SCALAR("startTimeUnixNano", FIXED64), [8] = SCALAR("endTimeUnixNano", FIXED64), [9] = MANY("attributes", KEY_VALUE),
                   [10] = SCALAR("droppedAttributesCount", UINT32), [11] = MANY("events", EVENT), [12] = SCALAR("droppedEventsCount", UINT32),
                   [13] = MANY("links", LINK), [14] = SCALAR("droppedLinksCount", UINT32), [15] = ONE("status", STATUS),
                   [16] = SCALAR("flags", FIXED32)},
    [SPWV_EVENT] = {[1] = SCALAR("timeUnixNano", FIXED64), [2] = SCALAR("name", STRING), [3] = MANY("attributes", KEY_VALUE),
                    [4] = SCALAR("droppedAttributesCount", UINT32)},
    [SPWV_LINK] = {[1] = SCALAR("traceId", ID), [2] = SCALAR("spanId", ID), [3] = SCALAR("traceState", STRING),
                   [4] = MANY("attributes", KEY_VALUE), [5] = SCALAR("droppedAttributesCount", UINT32), [6] = SCALAR("flags", FIXED32)},
    [SPWV_STATUS] = {[2] = SCALAR("message", STRING), [3] = SCALAR("code", STATUS_CODE)},
    [SPWV_KEY_VALUE] = {[1] = SCALAR("key", STRING), [2] = ONE("value", ANY_VALUE), [3] = SCALAR("keyStrindex", INT32)},
    [SPWV_ANY_VALUE] = {[1] = SCALAR("stringValue", STRING), [2] = SCALAR("boolValue", BOOL), [3] = SCALAR("intValue", INT64),
                        [4] = SCALAR("doubleValue", DOUBLE), [5] = ONE("arrayValue", ARRAY_VALUE), [6] = ONE("kvlistValue", KEY_VALUE_LIST),
                        [7] = SCALAR("bytesValue", BYTES), [8] = SCALAR("stringValueStrindex", INT32)},
    [SPWV_ARRAY_VALUE] = {[1] = MANY("values", ANY_VALUE)},
    [SPWV_KEY_VALUE_LIST] = {[1] = MANY("values", KEY_VALUE)},
    [SPWV_ENTITY_REF] = {[1] = SCALAR("schemaUrl", STRING), [2] = SCALAR("type", STRING), [3] = STRINGS("idKeys"),
                         [4] = STRINGS("descriptionKeys")},
};

static const char *const names[SPWV_MESSAGES] = {
    "",      "ExportTraceServiceRequest", "ResourceSpans", "ScopeSpans", "Resource",     "InstrumentationScope", "Span", "Span.Event", "Span.Link",
    "Status", "KeyValue",                 "AnyValue",      "ArrayValue", "KeyValueList", "EntityRef"};

const char *spwv_otlp_message_name(enum spwv_message message)
{
    return names[message];
}

const struct spwv_otlp_field *spwv_otlp_field(enum spwv_message message, uint32_t number)
{
    if (number > SPWV_MAX_FIELD || !fields[message][number].name)
        return NULL;
    return &fields[message][number];
}

static bool is_camel(const char *name, struct spwv_slice key)
{
    return strlen(name) == key.size && memcmp(name, key.data, key.size) == 0;
}

static bool is_snake(const char *name, struct spwv_slice key)
{
    size_t at = 0;
    for (; *name; name++, at++) {
        bool upper = *name >= 'A' && *name <= 'Z';
        if (upper && (at == key.size || key.data[at++] != '_'))
            return false;
        if (at == key.size || key.data[at] != (upper ? *name | 0x20 : *name))
            return false;
    }
    return at == key.size;
}

uint32_t spwv_otlp_field_number(enum spwv_message message, struct spwv_slice key)
{
    for (uint32_t number = 1; number <= SPWV_MAX_FIELD; number++) {
        const char *name = fields[message][number].name;
        if (name && (is_camel(name, key) || is_snake(name, key)))
            return number;
    }
    return 0;
}

enum spwv_wire_type spwv_otlp_wire_type(const struct spwv_otlp_field *field)
{
    switch (field->kind) {
    case SPWV_KIND_MESSAGE:
    case SPWV_KIND_STRING:
    case SPWV_KIND_BYTES:
    case SPWV_KIND_ID: return SPWV_BYTES;
    case SPWV_KIND_FIXED32: return SPWV_FIXED32;
    case SPWV_KIND_FIXED64:
    case SPWV_KIND_DOUBLE: return SPWV_FIXED64;
    default: return SPWV_VARINT;
    }
}

bool spwv_otlp_enum_value(enum spwv_kind kind, struct spwv_slice name, int32_t *value)
{
    static const char *const kinds[] = {"SPAN_KIND_UNSPECIFIED", "SPAN_KIND_INTERNAL", "SPAN_KIND_SERVER",
                                        "SPAN_KIND_CLIENT",      "SPAN_KIND_PRODUCER", "SPAN_KIND_CONSUMER"};
    static const char *const codes[] = {"STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"};
    const char *const *known = kind == SPWV_KIND_SPAN_KIND ? kinds : codes;
    size_t count = kind == SPWV_KIND_SPAN_KIND ? sizeof kinds / sizeof *kinds : sizeof codes / sizeof *codes;
    for (size_t i = 0; i < count; i++)
        if (is_camel(known[i], name)) {
            *value = (int32_t)i;
            return true;
        }
    return false;
}
