/* Values as JSON, with an explicit stack. Contract: value_json.h. */
#include "value_json.h"

#include <string.h>

struct container {
    struct spwv_wire values;
    bool is_map;
};

struct stack {
    struct container open[SPWV_MAX_VALUE_DEPTH];
    size_t depth;
};

static void typed(struct spwv_json *json, const char *type)
{
    spwv_json_key(json, "type");
    spwv_json_text(json, type);
    spwv_json_key(json, "value");
}

static double to_double(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Writes the type and value of an object that is open. True: a container was opened instead, its object stays open. */
static bool open_value(struct spwv_json *json, struct stack *stack, struct spwv_slice any)
{
    struct spwv_field field;
    enum spwv_any kind = spwv_otlp_read_any(any, &field);
    if ((kind == SPWV_ANY_ARRAY || kind == SPWV_ANY_MAP) && stack->depth < SPWV_MAX_VALUE_DEPTH) {
        typed(json, kind == SPWV_ANY_ARRAY ? "array" : "map");
        spwv_json_begin(json, '[');
        stack->open[stack->depth++] = (struct container){spwv_wire_of(field.bytes), kind == SPWV_ANY_MAP};
        return true;
    }
    switch (kind) {
    case SPWV_ANY_STRING: typed(json, "string"); spwv_json_string(json, field.bytes); break;
    case SPWV_ANY_BOOL: typed(json, "bool"); spwv_json_bool(json, field.value != 0); break;
    case SPWV_ANY_INT: typed(json, "int"); spwv_json_i64(json, (int64_t)field.value); break;
    case SPWV_ANY_DOUBLE: typed(json, "double"); spwv_json_double(json, to_double(field.value)); break;
    case SPWV_ANY_BYTES: typed(json, "bytes"); spwv_json_base64(json, field.bytes); break;
    default: typed(json, "empty"); spwv_json_null(json);
    }
    return false;
}

/* One element: {"type","value"}, or a KeyValue with its key before. */
static void element(struct spwv_json *json, struct stack *stack, struct spwv_slice raw, bool is_key_value)
{
    spwv_json_begin(json, '{');
    struct spwv_slice any = raw;
    if (is_key_value) {
        struct spwv_key_value kv;
        spwv_otlp_read_key_value(raw, &kv);
        spwv_json_key(json, "key");
        spwv_json_string(json, kv.key);
        any = kv.value;
    }
    if (!open_value(json, stack, any))
        spwv_json_end(json, '}');
}

static void write_whole(struct spwv_json *json, struct spwv_slice raw, bool is_key_value)
{
    struct stack stack;
    stack.depth = 0;
    element(json, &stack, raw, is_key_value);
    while (stack.depth && !json->out->failed) {
        struct container *top = &stack.open[stack.depth - 1];
        struct spwv_slice next;
        if (spwv_otlp_each(&top->values, SPWV_CONTAINER_VALUES, &next)) {
            element(json, &stack, next, top->is_map);
        } else {
            spwv_json_end(json, ']');
            spwv_json_end(json, '}');
            stack.depth--;
        }
    }
}

void spwv_json_key_value(struct spwv_json *json, struct spwv_slice raw)
{
    write_whole(json, raw, true);
}

void spwv_json_value(struct spwv_json *json, struct spwv_slice any)
{
    write_whole(json, any, false);
}

void spwv_json_attributes(struct spwv_json *json, struct spwv_slice message, uint32_t field)
{
    spwv_json_key(json, "attributes");
    spwv_json_begin(json, '[');
    struct spwv_wire wire = spwv_wire_of(message);
    struct spwv_slice raw;
    while (!json->out->failed && spwv_otlp_each(&wire, field, &raw))
        spwv_json_key_value(json, raw);
    spwv_json_end(json, ']');
}
