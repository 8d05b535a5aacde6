/* OTLP messages as OTLP JSON: a stack of open messages, their fields in the order of their numbers. Contract: otlp_to_json.h. */
#include "otlp_to_json.h"

#include <string.h>

#include "otlp.h"

/* As many as spwv_otlp_check() lets through. Packed numbers are an array, not a level. */
enum { MAX_OPEN = 8 + 3 * SPWV_MAX_VALUE_DEPTH };

struct level {
    struct spwv_slice bytes;
    struct spwv_wire elements; /* what is left of a repeated field that is open */
    enum spwv_message message;
    uint32_t present; /* a bit for each field that is there */
    uint32_t number;  /* the field that comes next, or whose array is open */
    bool in_array;
};

struct stack {
    struct level open[MAX_OPEN];
    size_t depth;
};

/* The next field that OTLP knows with that type. */
static bool next_known(struct spwv_wire *wire, enum spwv_message message, struct spwv_field *field)
{
    while (spwv_wire_next(wire, field) > 0) {
        const struct spwv_otlp_field *known = spwv_otlp_field(message, field->number);
        if (known && (spwv_otlp_wire_type(known) == field->type || (field->type == SPWV_BYTES && spwv_otlp_is_packed(known))))
            return true;
    }
    return false;
}

/* Of the fields of a oneof only the last one is there. */
static uint32_t find_present(enum spwv_message message, struct spwv_slice bytes)
{
    struct spwv_wire wire = spwv_wire_of(bytes);
    struct spwv_field field;
    uint32_t present = 0;
    uint32_t oneof = spwv_otlp_oneof(message);
    while (next_known(&wire, message, &field)) {
        uint32_t bit = (uint32_t)1 << field.number;
        present = (bit & oneof ? present & ~oneof : present) | bit;
    }
    return present;
}

static struct spwv_field last_of(const struct level *level)
{
    struct spwv_wire wire = spwv_wire_of(level->bytes);
    struct spwv_field field, last = {0};
    while (next_known(&wire, level->message, &field))
        if (field.number == level->number)
            last = field;
    return last;
}

static void push(struct spwv_json *json, struct stack *stack, enum spwv_message message, struct spwv_slice bytes)
{
    spwv_json_begin(json, '{');
    if (stack->depth == MAX_OPEN) { /* cannot be after the check */
        spwv_json_end(json, '}');
        return;
    }
    stack->open[stack->depth++] =
        (struct level){.bytes = bytes, .message = message, .present = find_present(message, bytes), .number = 1};
}

/* ---- values ---- */

static bool is_default(const struct spwv_field *field)
{
    return field->type == SPWV_BYTES ? field->bytes.size == 0 : field->value == 0;
}

static void write_double(struct spwv_json *json, uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    spwv_json_double(json, value);
}

static void write_scalar(struct spwv_json *json, enum spwv_kind kind, const struct spwv_field *field)
{
    switch (kind) {
    case SPWV_KIND_STRING: spwv_json_string(json, field->bytes); break;
    case SPWV_KIND_BYTES: spwv_json_base64(json, field->bytes); break;
    case SPWV_KIND_ID: spwv_json_hex(json, field->bytes); break;
    case SPWV_KIND_BOOL: spwv_json_bool(json, field->value != 0); break;
    case SPWV_KIND_UINT32:
    case SPWV_KIND_FIXED32: spwv_json_count(json, (uint32_t)field->value); break;
    case SPWV_KIND_INT64:
    case SPWV_KIND_SFIXED64: spwv_json_i64(json, (int64_t)field->value); break;
    case SPWV_KIND_UINT64:
    case SPWV_KIND_FIXED64: spwv_json_u64(json, field->value); break;
    case SPWV_KIND_SINT32: spwv_json_int32(json, spwv_wire_sint32(field->value)); break;
    case SPWV_KIND_DOUBLE: write_double(json, field->value); break;
    default: spwv_json_int32(json, (int32_t)(uint32_t)field->value); /* INT32 and the enums */
    }
}

/* ---- structure ---- */

static void write_element(struct spwv_json *json, struct stack *stack, struct level *top, const struct spwv_otlp_field *known)
{
    struct spwv_slice element;
    if (!spwv_otlp_each(&top->elements, top->number, &element)) {
        spwv_json_end(json, ']');
        top->in_array = false;
        top->number++;
    } else if (known->kind == SPWV_KIND_MESSAGE) {
        push(json, stack, (enum spwv_message)known->message, element);
    } else {
        spwv_json_string(json, element); /* OTLP's only other repeated fields */
    }
}

static void write_numbers(struct spwv_json *json, const struct level *top, const struct spwv_otlp_field *known)
{
    struct spwv_numbers numbers = spwv_numbers_of(top->bytes, top->number, spwv_otlp_wire_type(known));
    struct spwv_field field = {.type = numbers.type};
    spwv_json_key(json, known->name);
    spwv_json_begin(json, '[');
    while (!json->out->failed && spwv_numbers_next(&numbers, &field.value))
        write_scalar(json, (enum spwv_kind)known->kind, &field);
    spwv_json_end(json, ']');
}

static void write_field(struct spwv_json *json, struct stack *stack, struct level *top, const struct spwv_otlp_field *known)
{
    if (spwv_otlp_is_packed(known)) {
        write_numbers(json, top, known);
        top->number++;
        return;
    }
    if (known->repeated) {
        spwv_json_key(json, known->name);
        spwv_json_begin(json, '[');
        top->elements = spwv_wire_of(top->bytes);
        top->in_array = true;
        return;
    }
    struct spwv_field field = last_of(top);
    top->number++;
    if (known->kind == SPWV_KIND_MESSAGE) {
        spwv_json_key(json, known->name);
        push(json, stack, (enum spwv_message)known->message, field.bytes);
    } else if (known->presence != SPWV_IMPLICIT || !is_default(&field)) {
        spwv_json_key(json, known->name);
        write_scalar(json, (enum spwv_kind)known->kind, &field);
    }
}

static void step(struct spwv_json *json, struct stack *stack)
{
    struct level *top = &stack->open[stack->depth - 1];
    while (top->number <= SPWV_MAX_FIELD && !(top->present >> top->number & 1))
        top->number++;
    if (top->number > SPWV_MAX_FIELD) {
        spwv_json_end(json, '}');
        stack->depth--;
        return;
    }
    const struct spwv_otlp_field *known = spwv_otlp_field(top->message, top->number);
    if (top->in_array)
        write_element(json, stack, top, known);
    else
        write_field(json, stack, top, known);
}

void spwv_otlp_to_json(struct spwv_json *json, enum spwv_message message, struct spwv_slice bytes)
{
    struct stack stack;
    stack.depth = 0;
    push(json, &stack, message, bytes);
    while (stack.depth && !json->out->failed)
        step(json, &stack);
}
