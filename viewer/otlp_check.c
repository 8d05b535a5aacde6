/*
 * The check of a whole request before anything reads it. Iterative: a stack of open messages, at most MAX_OPEN of them.
 * A known field of another wire type is an error here, where a lenient decoder would skip it: the sender has a bug and should hear of it.
 */
#include "otlp.h"

#include <stdio.h>

enum message {
    NONE, /* no message: a scalar, a string, bytes */
    REQUEST,
    RESOURCE_SPANS,
    SCOPE_SPANS,
    RESOURCE,
    SCOPE,
    SPAN,
    EVENT,
    LINK,
    STATUS,
    KEY_VALUE,
    ANY_VALUE,
    ARRAY_VALUE,
    KEY_VALUE_LIST,
    ENTITY_REF,
    MESSAGES
};

/* Request to attribute value is 6 messages (an event's attribute: 7); a map inside a map adds 3. */
enum { MAX_FIELD = 16, MAX_OPEN = 8 + 3 * SPWV_MAX_VALUE_DEPTH };

struct rule {
    uint8_t known;
    uint8_t type;
    uint8_t child;
};

#define STRING {1, SPWV_BYTES, NONE}
#define VARINT {1, SPWV_VARINT, NONE}
#define FIXED64 {1, SPWV_FIXED64, NONE}
#define FIXED32 {1, SPWV_FIXED32, NONE}
#define SUB(message) {1, SPWV_BYTES, message}

static const struct rule rules[MESSAGES][MAX_FIELD + 1] = {
    [REQUEST] = {[1] = SUB(RESOURCE_SPANS)},
    [RESOURCE_SPANS] = {[1] = SUB(RESOURCE), [2] = SUB(SCOPE_SPANS), [3] = STRING},
    [SCOPE_SPANS] = {[1] = SUB(SCOPE), [2] = SUB(SPAN), [3] = STRING},
    [RESOURCE] = {[1] = SUB(KEY_VALUE), [2] = VARINT, [3] = SUB(ENTITY_REF)},
    [SCOPE] = {[1] = STRING, [2] = STRING, [3] = SUB(KEY_VALUE), [4] = VARINT},
    [SPAN] = {[1] = STRING, [2] = STRING, [3] = STRING, [4] = STRING, [5] = STRING, [6] = VARINT, [7] = FIXED64, [8] = FIXED64,
              [9] = SUB(KEY_VALUE), [10] = VARINT, [11] = SUB(EVENT), [12] = VARINT, [13] = SUB(LINK), [14] = VARINT, [15] = SUB(STATUS),
              [16] = FIXED32},
    [EVENT] = {[1] = FIXED64, [2] = STRING, [3] = SUB(KEY_VALUE), [4] = VARINT},
    [LINK] = {[1] = STRING, [2] = STRING, [3] = STRING, [4] = SUB(KEY_VALUE), [5] = VARINT, [6] = FIXED32},
    [STATUS] = {[2] = STRING, [3] = VARINT},
    [KEY_VALUE] = {[1] = STRING, [2] = SUB(ANY_VALUE), [3] = VARINT},
    [ANY_VALUE] = {[1] = STRING, [2] = VARINT, [3] = VARINT, [4] = FIXED64, [5] = SUB(ARRAY_VALUE), [6] = SUB(KEY_VALUE_LIST), [7] = STRING,
                   [8] = VARINT},
    [ARRAY_VALUE] = {[1] = SUB(ANY_VALUE)},
    [KEY_VALUE_LIST] = {[1] = SUB(KEY_VALUE)},
    [ENTITY_REF] = {[1] = STRING, [2] = STRING, [3] = STRING, [4] = STRING},
};

static const char *const names[MESSAGES] = {
    "",      "ExportTraceServiceRequest", "ResourceSpans", "ScopeSpans", "Resource",     "InstrumentationScope", "Span", "Span.Event", "Span.Link",
    "Status", "KeyValue",                 "AnyValue",      "ArrayValue", "KeyValueList", "EntityRef"};

struct open_message {
    struct spwv_wire wire;
    enum message message;
};

struct check {
    struct open_message open[MAX_OPEN];
    size_t depth;
    size_t value_depth;
    size_t elements;
    const uint8_t *start;
    struct spwv_error *error;
};

static bool fail(struct check *check, enum message in, const uint8_t *at, const char *cause)
{
    snprintf(check->error->text, sizeof check->error->text, "%s in %s at byte %zu", cause, names[in], (size_t)(at - check->start));
    return false;
}

static bool push(struct check *check, enum message message, struct spwv_slice bytes)
{
    if (++check->elements > SPWV_MAX_ELEMENTS)
        return fail(check, message, bytes.data, "more than 4000000 messages (send smaller batches)");
    if (message == ANY_VALUE && ++check->value_depth > SPWV_MAX_VALUE_DEPTH)
        return fail(check, message, bytes.data, "values nested more than 64 deep");
    if (check->depth == MAX_OPEN)
        return fail(check, message, bytes.data, "messages nested too deep");
    check->open[check->depth++] = (struct open_message){spwv_wire_of(bytes), message};
    return true;
}

static bool step(struct check *check)
{
    struct open_message *top = &check->open[check->depth - 1];
    const uint8_t *at = top->wire.at;
    struct spwv_field field;
    int more = spwv_wire_next(&top->wire, &field);
    if (more < 0)
        return fail(check, top->message, at, "not protobuf, or cut short,");
    if (more == 0) {
        check->value_depth -= top->message == ANY_VALUE;
        check->depth--;
        return true;
    }
    if (field.number > MAX_FIELD || !rules[top->message][field.number].known)
        return true; /* a later version's field */
    const struct rule *rule = &rules[top->message][field.number];
    if (rule->type != field.type)
        return fail(check, top->message, at, "a field has another type than OTLP gives it");
    return rule->child == NONE || push(check, (enum message)rule->child, field.bytes);
}

bool spwv_otlp_check(struct spwv_slice request, struct spwv_error *error)
{
    struct check check;
    check.depth = check.value_depth = check.elements = 0;
    check.start = request.data;
    check.error = error;
    if (!push(&check, REQUEST, request))
        return false;
    while (check.depth)
        if (!step(&check))
            return false;
    return true;
}
