/* Values as plain JSON, with an explicit stack. Contract: value_plain.h. */
#include "value_plain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

struct container {
    struct spwv_wire values;
    bool is_map;
};

struct stack {
    struct container open[SPWV_MAX_VALUE_DEPTH];
    size_t depth;
};

static const int64_t exact = (int64_t)1 << 53; /* a JSON number is a double to most who read it */

static void write_int(struct spwv_json *json, int64_t value)
{
    if (value >= 0 && value <= exact)
        spwv_json_count(json, (uint64_t)value);
    else if (value >= INT32_MIN && value < 0)
        spwv_json_int32(json, (int32_t)value);
    else
        spwv_json_i64(json, value);
}

static void write_double(struct spwv_json *json, uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    spwv_json_double(json, value);
}

/* A scalar is written; a container is opened and put on the stack. */
static void write_value(struct spwv_json *json, struct stack *stack, struct spwv_slice any)
{
    struct spwv_field value;
    switch (spwv_otlp_read_any(any, &value)) {
    case SPWV_ANY_STRING: spwv_json_string(json, value.bytes); return;
    case SPWV_ANY_BOOL: spwv_json_bool(json, value.value != 0); return;
    case SPWV_ANY_INT: write_int(json, (int64_t)value.value); return;
    case SPWV_ANY_DOUBLE: write_double(json, value.value); return;
    case SPWV_ANY_BYTES: spwv_json_base64(json, value.bytes); return;
    case SPWV_ANY_ARRAY:
    case SPWV_ANY_MAP: break;
    default: spwv_json_null(json); return;
    }
    if (stack->depth == SPWV_MAX_VALUE_DEPTH) { /* cannot be after the check */
        spwv_json_null(json);
        return;
    }
    bool is_map = value.number == SPWV_ANY_MAP;
    spwv_json_begin(json, is_map ? '{' : '[');
    stack->open[stack->depth++] = (struct container){spwv_wire_of(value.bytes), is_map};
}

static void write_pair(struct spwv_json *json, struct stack *stack, struct spwv_slice raw)
{
    struct spwv_key_value kv;
    spwv_otlp_read_key_value(raw, &kv);
    spwv_json_key_string(json, kv.key);
    write_value(json, stack, kv.value);
}

static void finish_value(struct spwv_json *json, struct stack *stack)
{
    while (stack->depth && !json->out->failed) {
        struct container *top = &stack->open[stack->depth - 1];
        struct spwv_slice next;
        if (!spwv_otlp_each(&top->values, SPWV_CONTAINER_VALUES, &next)) {
            spwv_json_end(json, top->is_map ? '}' : ']');
            stack->depth--;
        } else if (top->is_map) {
            write_pair(json, stack, next);
        } else {
            write_value(json, stack, next);
        }
    }
}

void spwv_json_plain_members(struct spwv_json *json, struct spwv_slice message, uint32_t field)
{
    struct stack stack;
    struct spwv_wire wire = spwv_wire_of(message);
    struct spwv_slice raw;
    stack.depth = 0;
    while (!json->out->failed && spwv_otlp_each(&wire, field, &raw)) {
        write_pair(json, &stack, raw);
        finish_value(json, &stack);
    }
}

static void write_cut(struct spwv_json *json, struct spwv_slice text, size_t size, size_t max)
{
    struct spwv_slice head = spwv_cut_text(text, max);
    char *cut = malloc(head.size + 64);
    if (!cut) {
        json->out->failed = true;
        return;
    }
    memcpy(cut, head.data ? head.data : (const uint8_t *)"", head.size);
    int more = snprintf(cut + head.size, 64, "%s(cut: %zu bytes in all)", head.size ? " ... " : "", size);
    spwv_json_string(json, (struct spwv_slice){(const uint8_t *)cut, head.size + (size_t)more});
    free(cut);
}

void spwv_json_plain_value_cut(struct spwv_json *json, struct spwv_slice any, size_t max)
{
    struct spwv_field value;
    struct stack stack;
    stack.depth = 0;
    if (any.size <= max) {
        write_value(json, &stack, any);
        finish_value(json, &stack);
    } else if (spwv_otlp_read_any(any, &value) == SPWV_ANY_STRING) {
        write_cut(json, value.bytes, value.bytes.size, max);
    } else {
        write_cut(json, (struct spwv_slice){NULL, 0}, any.size, max);
    }
}

void spwv_json_plain_member_cut(struct spwv_json *json, struct spwv_slice key_value, size_t max)
{
    struct spwv_key_value kv;
    spwv_otlp_read_key_value(key_value, &kv);
    spwv_json_key_string(json, spwv_cut_text(kv.key, max));
    spwv_json_plain_value_cut(json, kv.value, max);
}
