/*
 * The check of a whole request before anything reads it. Iterative: a stack of open messages, at most MAX_OPEN of them.
 * A known field of another wire type is an error here, where a lenient decoder would skip it: the sender has a bug and should hear of it.
 */
#include "otlp.h"

#include <stdio.h>

/* Above the value of an exemplar's attribute, the deepest place for one, are 8 messages; a map inside a map adds 3. */
enum { MAX_OPEN = 8 + 3 * SPWV_MAX_VALUE_DEPTH };

struct open_message {
    struct spwv_wire wire;
    enum spwv_message message;
};

struct check {
    struct open_message open[MAX_OPEN];
    size_t depth;
    size_t value_depth;
    size_t elements;
    const uint8_t *start;
    struct spwv_error *error;
};

static bool fail(struct check *check, enum spwv_message in, const uint8_t *at, const char *cause)
{
    snprintf(check->error->text, sizeof check->error->text, "%s in %s at byte %zu", cause, spwv_otlp_message_name(in),
             (size_t)(at - check->start));
    return false;
}

static bool push(struct check *check, enum spwv_message message, struct spwv_slice bytes)
{
    if (++check->elements > SPWV_MAX_ELEMENTS)
        return fail(check, message, bytes.data, "more than 4000000 messages (send smaller batches)");
    if (message == SPWV_ANY_VALUE && ++check->value_depth > SPWV_MAX_VALUE_DEPTH)
        return fail(check, message, bytes.data, "values nested more than 64 deep");
    if (check->depth == MAX_OPEN)
        return fail(check, message, bytes.data, "messages nested too deep");
    check->open[check->depth++] = (struct open_message){spwv_wire_of(bytes), message};
    return true;
}

static bool check_packed(struct check *check, enum spwv_message in, const uint8_t *at, const struct spwv_field *field, enum spwv_wire_type type)
{
    struct spwv_wire wire = spwv_wire_of(field->bytes);
    uint64_t value;
    while (wire.at != wire.end)
        if (!spwv_wire_value(&wire, type, &value))
            return fail(check, in, at, "packed numbers, cut short,");
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
        check->value_depth -= top->message == SPWV_ANY_VALUE;
        check->depth--;
        return true;
    }
    const struct spwv_otlp_field *known = spwv_otlp_field(top->message, field.number);
    if (!known)
        return true; /* a later version's field */
    enum spwv_wire_type wanted = spwv_otlp_wire_type(known);
    if (field.type == SPWV_BYTES && spwv_otlp_is_packed(known))
        return check_packed(check, top->message, at, &field, wanted);
    if (field.type != wanted)
        return fail(check, top->message, at, "a field has another type than OTLP gives it");
    return known->kind != SPWV_KIND_MESSAGE || push(check, (enum spwv_message)known->message, field.bytes);
}

bool spwv_otlp_check(enum spwv_message message, struct spwv_slice request, struct spwv_error *error)
{
    struct check check;
    check.depth = check.value_depth = check.elements = 0;
    check.start = request.data;
    check.error = error;
    if (!push(&check, message, request))
        return false;
    while (check.depth)
        if (!step(&check))
            return false;
    return true;
}
