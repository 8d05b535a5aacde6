/* Queries against wire bytes. Contract: query_match.h. */
#include "query_match.h"

#include <math.h>
#include <string.h>

#include "text.h"

enum { ID_SIZE = 16 };

/* ---- values ---- */

static void to_operand(enum spwv_any kind, const struct spwv_field *field, struct spwv_operand *operand)
{
    *operand = (struct spwv_operand){.type = SPWV_OPERAND_OTHER};
    switch (kind) {
    case SPWV_ANY_STRING:
        operand->type = SPWV_OPERAND_TEXT;
        operand->text = field->bytes;
        break;
    case SPWV_ANY_BOOL:
        operand->type = SPWV_OPERAND_BOOL;
        operand->integer = field->value != 0;
        break;
    case SPWV_ANY_INT:
        operand->type = SPWV_OPERAND_INT;
        operand->integer = (int64_t)field->value;
        break;
    case SPWV_ANY_DOUBLE:
        memcpy(&operand->real, &field->value, sizeof operand->real);
        operand->type = isnan(operand->real) ? SPWV_OPERAND_OTHER : SPWV_OPERAND_DOUBLE;
        break;
    default: break;
    }
}

void spwv_operands_of(struct spwv_operands *operands, struct spwv_slice any)
{
    struct spwv_field field;
    *operands = (struct spwv_operands){.any = any};
    if (spwv_otlp_read_any(any, &field) == SPWV_ANY_ARRAY) {
        operands->is_array = true;
        operands->elements = spwv_wire_of(field.bytes);
    }
}

bool spwv_next_operand(struct spwv_operands *operands, struct spwv_operand *operand)
{
    bool first = !operands->started;
    struct spwv_slice any = operands->any;
    struct spwv_field field;
    operands->started = true;
    if (operands->is_array && !spwv_otlp_each(&operands->elements, SPWV_CONTAINER_VALUES, &any)) {
        *operand = (struct spwv_operand){.type = SPWV_OPERAND_OTHER};
        return first;
    }
    if (!operands->is_array && !first)
        return false;
    to_operand(spwv_otlp_read_any(any, &field), &field, operand);
    return true;
}

static unsigned char fold(unsigned char c)
{
    return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

/* An empty text may be NULL: nothing is added to it. */
static bool folded_at(struct spwv_slice text, size_t at, struct spwv_slice part)
{
    for (size_t i = 0; i < part.size; i++)
        if (fold(text.data[at + i]) != fold(part.data[i]))
            return false;
    return true;
}

bool spwv_text_contains(struct spwv_slice text, struct spwv_slice part)
{
    for (size_t i = 0; i + part.size <= text.size; i++)
        if (folded_at(text, i, part))
            return true;
    return false;
}

static int compare_texts(struct spwv_slice a, struct spwv_slice b)
{
    size_t size = a.size < b.size ? a.size : b.size;
    int order = size ? memcmp(a.data, b.data, size) : 0;
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

static bool ordered(uint8_t compare, int order)
{
    switch (compare) {
    case SPWV_EQ: return order == 0;
    case SPWV_NE: return order != 0;
    case SPWV_LT: return order < 0;
    case SPWV_LE: return order <= 0;
    case SPWV_GT: return order > 0;
    case SPWV_GE: return order >= 0;
    default: return false;
    }
}

bool spwv_query_compare_int(const struct spwv_query_node *node, int64_t value)
{
    if (node->value == SPWV_VALUE_INT)
        return ordered(node->compare, (value > node->number.integer) - (value < node->number.integer));
    long double wide = value; /* whole where it has 64 bits of mantissa or more */
    return ordered(node->compare, (wide > (long double)node->number.real) - (wide < (long double)node->number.real));
}

static bool compare_double(const struct spwv_query_node *node, double value)
{
    long double wide = value;
    long double with = node->value == SPWV_VALUE_INT ? (long double)node->number.integer : (long double)node->number.real;
    return ordered(node->compare, (wide > with) - (wide < with));
}

static bool is_truth(struct spwv_slice text, bool truth)
{
    struct spwv_slice word = {(const uint8_t *)(truth ? "true" : "false"), truth ? 4 : 5};
    return text.size == word.size && folded_at(text, 0, word);
}

bool spwv_query_compare(const struct spwv_query *query, const struct spwv_query_node *node, const struct spwv_operand *operand)
{
    struct spwv_slice text = spwv_query_text(query, node->text);
    bool number = node->value == SPWV_VALUE_INT || node->value == SPWV_VALUE_DOUBLE;
    bool equality = node->compare == SPWV_EQ || node->compare == SPWV_NE;
    if (node->compare == SPWV_HAS)
        return true;
    if (node->compare == SPWV_CONTAINS)
        return operand->type == SPWV_OPERAND_TEXT && spwv_text_contains(operand->text, text);
    if (operand->type == SPWV_OPERAND_TEXT && (!number || equality))
        return ordered(node->compare, compare_texts(operand->text, text));
    if (operand->type == SPWV_OPERAND_INT && number)
        return spwv_query_compare_int(node, operand->integer);
    if (operand->type == SPWV_OPERAND_DOUBLE && number)
        return compare_double(node, operand->real);
    bool equal = operand->type == SPWV_OPERAND_BOOL && node->value == SPWV_VALUE_WORD && is_truth(text, operand->integer != 0);
    return equality && equal == (node->compare == SPWV_EQ);
}

static bool value_holds(const struct spwv_query *query, const struct spwv_query_node *node, struct spwv_slice any)
{
    struct spwv_operands operands;
    struct spwv_operand operand;
    spwv_operands_of(&operands, any);
    while (spwv_next_operand(&operands, &operand))
        if (spwv_query_compare(query, node, &operand))
            return true;
    return false;
}

bool spwv_query_attribute_holds(const struct spwv_query *query, const struct spwv_query_node *node, struct spwv_slice message, uint32_t field)
{
    struct spwv_slice key = spwv_query_text(query, node->key);
    struct spwv_wire wire = spwv_wire_of(message);
    struct spwv_slice raw;
    while (spwv_otlp_each(&wire, field, &raw)) {
        struct spwv_key_value kv;
        spwv_otlp_read_key_value(raw, &kv);
        if (kv.key.size == key.size && (!key.size || memcmp(kv.key.data, key.data, key.size) == 0) && value_holds(query, node, kv.value))
            return true;
    }
    return false;
}

/* ---- one span ---- */

static int64_t to_time(uint64_t ns)
{
    return ns > INT64_MAX ? INT64_MAX : (int64_t)ns;
}

static bool attribute_holds(const struct spwv_query *query, const struct spwv_query_node *node, const struct spwv_match_span *span)
{
    if (node->where != SPWV_ON_RESOURCE && spwv_query_attribute_holds(query, node, span->span->raw, SPWV_SPAN_ATTRIBUTES))
        return true;
    if (node->where != SPWV_ON_SPAN && spwv_query_attribute_holds(query, node, span->resource, SPWV_RESOURCE_ATTRIBUTES))
        return true;
    return node->where == SPWV_ANYWHERE && spwv_query_attribute_holds(query, node, span->scope, SPWV_SCOPE_ATTRIBUTES);
}

static bool span_holds(const struct spwv_query *query, const struct spwv_query_node *node, const struct spwv_match_span *from)
{
    const struct spwv_span *span = from->span;
    struct spwv_operand text = {.type = SPWV_OPERAND_TEXT, .text = node->field == SPWV_FIELD_SERVICE ? from->service : span->name};
    int64_t start = to_time(span->start_unix_ns);
    int64_t end = to_time(span->end_unix_ns);
    uint8_t first[ID_SIZE], last[ID_SIZE];
    switch (node->field) {
    case SPWV_FIELD_ATTRIBUTE: return attribute_holds(query, node, from);
    case SPWV_FIELD_SERVICE:
    case SPWV_FIELD_NAME: return spwv_query_compare(query, node, &text);
    case SPWV_FIELD_KIND: return spwv_query_compare_int(node, span->kind);
    case SPWV_FIELD_STATUS: return spwv_query_compare_int(node, span->status_code);
    case SPWV_FIELD_SPAN_DURATION: return spwv_query_compare_int(node, end > start ? end - start : 0);
    case SPWV_FIELD_TEXT:
        return spwv_query_compare(query, node, &text) || (spwv_query_id_range(spwv_query_text(query, node->text), first, last) &&
                                                          memcmp(span->trace_id.data, first, ID_SIZE) >= 0 &&
                                                          memcmp(span->trace_id.data, last, ID_SIZE) <= 0);
    default: return false; /* the trace's */
    }
}

/* ---- the whole ---- */

bool spwv_query_id_range(struct spwv_slice hex, uint8_t first[ID_SIZE], uint8_t last[ID_SIZE])
{
    char low[2 * ID_SIZE];
    char high[2 * ID_SIZE];
    if (!hex.size || hex.size > sizeof low)
        return false;
    memset(low, '0', sizeof low);
    memset(high, 'f', sizeof high);
    memcpy(low, hex.data, hex.size);
    memcpy(high, hex.data, hex.size);
    return spwv_hex_decode(low, sizeof low, first) && spwv_hex_decode(high, sizeof high, last);
}

bool spwv_query_trace_condition(const struct spwv_query *query, const struct spwv_query_node *node, const struct spwv_match_trace *trace,
                                bool *holds)
{
    uint8_t first[ID_SIZE], last[ID_SIZE];
    switch (node->field) {
    case SPWV_FIELD_DURATION: *holds = spwv_query_compare_int(node, trace->duration); return true;
    case SPWV_FIELD_SPANS: *holds = spwv_query_compare_int(node, trace->spans); return true;
    case SPWV_FIELD_ERRORS: *holds = spwv_query_compare_int(node, trace->errors); return true;
    case SPWV_FIELD_TOKENS: *holds = spwv_query_compare_int(node, trace->tokens); return true;
    case SPWV_FIELD_START: *holds = spwv_query_compare_int(node, trace->start); return true;
    case SPWV_FIELD_TRACE:
        *holds = (spwv_query_id_range(spwv_query_text(query, node->text), first, last) && memcmp(trace->trace_id, first, ID_SIZE) >= 0 &&
                  memcmp(trace->trace_id, last, ID_SIZE) <= 0) == (node->compare == SPWV_EQ);
        return true;
    default: return false;
    }
}

void spwv_match_begin(struct spwv_match *match, const struct spwv_query *query)
{
    *match = (struct spwv_match){.query = query};
}

/* Conditions' truths as a stack of bits: the parser's limits keep it below 64. */
struct truths {
    uint64_t bits;
    unsigned count;
};

static void push(struct truths *truths, bool truth)
{
    truths->bits = truths->bits << 1 | truth;
    truths->count++;
}

static void join(struct truths *truths, uint8_t op)
{
    uint64_t right = truths->bits & 1;
    if (op == SPWV_QUERY_NOT) {
        truths->bits ^= 1;
        return;
    }
    truths->bits >>= 1;
    truths->bits = op == SPWV_QUERY_AND ? truths->bits & (right | ~(uint64_t)1) : truths->bits | right;
}

void spwv_match_add(struct spwv_match *match, const struct spwv_match_span *span)
{
    const struct spwv_query *query = match->query;
    struct truths truths = {0};
    unsigned condition = 0, group = 0;
    for (size_t i = 0; i < query->count; i++) {
        const struct spwv_query_node *node = &query->nodes[i];
        bool holds;
        switch (node->op) {
        case SPWV_QUERY_CONDITION:
            holds = span_holds(query, node, span);
            match->conditions |= (uint64_t)holds << condition++;
            push(&truths, holds);
            break;
        case SPWV_QUERY_SPAN_BEGIN: break;
        case SPWV_QUERY_SPAN_END: match->groups |= (truths.bits & 1) << group++; break;
        default: join(&truths, node->op);
        }
    }
}

bool spwv_match_end(const struct spwv_match *match, const struct spwv_match_trace *trace)
{
    const struct spwv_query *query = match->query;
    struct truths truths = {0};
    unsigned condition = 0, group = 0;
    bool in_span = false;
    for (size_t i = 0; i < query->count; i++) {
        const struct spwv_query_node *node = &query->nodes[i];
        bool holds;
        switch (node->op) {
        case SPWV_QUERY_CONDITION:
            if (!spwv_query_trace_condition(query, node, trace, &holds))
                holds = match->conditions >> condition & 1;
            condition++;
            if (!in_span)
                push(&truths, holds);
            break;
        case SPWV_QUERY_SPAN_BEGIN: in_span = true; break;
        case SPWV_QUERY_SPAN_END:
            in_span = false;
            push(&truths, match->groups >> group++ & 1);
            break;
        default:
            if (!in_span)
                join(&truths, node->op);
        }
    }
    return !query->count || (truths.bits & 1);
}
