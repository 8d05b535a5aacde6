/* A query as text, without recursion: what is left to print waits on a stack. Contract: query.h. */
#include <inttypes.h>
#include <string.h>

#include "query_lex.h"

enum { MAX_PARTS = 4 * SPWV_QUERY_MAX_NODES };

/* A node to print, or a text behind one. */
struct part {
    const char *text;
    size_t node;
};

struct printer {
    const struct spwv_query *query;
    struct spwv_buf *out;
    uint16_t first[SPWV_QUERY_MAX_NODES]; /* where the operand that ends at a node begins */
    struct part parts[MAX_PARTS];
    size_t count;
};

static void push(struct printer *printer, const char *text, size_t node)
{
    if (printer->count < MAX_PARTS) /* each node puts at most 4 there, once */
        printer->parts[printer->count++] = (struct part){text, node};
}

static void find_operands(struct printer *printer)
{
    uint16_t begin = 0;
    for (size_t i = 0; i < printer->query->count; i++) {
        uint16_t *first = printer->first;
        switch (printer->query->nodes[i].op) {
        case SPWV_QUERY_NOT: first[i] = first[i - 1]; break;
        case SPWV_QUERY_AND:
        case SPWV_QUERY_OR: first[i] = first[first[i - 1] - 1]; break;
        case SPWV_QUERY_SPAN_BEGIN: begin = (uint16_t)i; first[i] = begin; break;
        case SPWV_QUERY_SPAN_END: first[i] = begin; break;
        default: first[i] = (uint16_t)i;
        }
    }
}

static void quoted(struct spwv_buf *out, struct spwv_slice text)
{
    spwv_buf_add_char(out, '"');
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '"' || text.data[i] == '\\')
            spwv_buf_add_char(out, '\\');
        spwv_buf_add_char(out, (char)text.data[i]);
    }
    spwv_buf_add_char(out, '"');
}

static void field(const struct printer *printer, const struct spwv_query_node *node)
{
    static const char *const names[] = {"",      "service", "name",  "kind",   "status", "span.duration", "",
                                        "duration", "spans",   "errors", "tokens", "trace",  "start"};
    static const char *const places[] = {"", "span.", "resource."};
    if (node->compare == SPWV_HAS)
        spwv_buf_add_str(printer->out, "has ");
    if (node->field != SPWV_FIELD_ATTRIBUTE) {
        spwv_buf_add_str(printer->out, names[node->field]);
        return;
    }
    spwv_buf_add_str(printer->out, places[node->where]);
    quoted(printer->out, spwv_query_text(printer->query, node->key));
}

static void condition(const struct printer *printer, const struct spwv_query_node *node)
{
    static const char *const signs[] = {"", " = ", " != ", " < ", " <= ", " > ", " >= ", " ~ "};
    struct spwv_slice text = spwv_query_text(printer->query, node->text);
    if (node->field != SPWV_FIELD_TEXT) {
        field(printer, node);
        spwv_buf_add_str(printer->out, signs[node->compare]);
    }
    if (node->compare == SPWV_HAS)
        return;
    if (node->value == SPWV_VALUE_QUOTED)
        quoted(printer->out, text);
    else
        spwv_buf_add(printer->out, text.data, text.size);
}

/* In parentheses when it binds less than what it stands in: the right one of two alike too. */
static void side(struct printer *printer, size_t node, uint8_t outer, bool right)
{
    uint8_t op = printer->query->nodes[node].op;
    bool loose = (op == SPWV_QUERY_OR && (outer != SPWV_QUERY_OR || right)) ||
                 (op == SPWV_QUERY_AND && (outer == SPWV_QUERY_NOT || (outer == SPWV_QUERY_AND && right)));
    if (loose)
        push(printer, ")", 0);
    push(printer, NULL, node);
    if (loose)
        push(printer, "(", 0);
}

static void node(struct printer *printer, size_t i)
{
    uint8_t op = printer->query->nodes[i].op;
    switch (op) {
    case SPWV_QUERY_NOT:
        side(printer, i - 1, op, false);
        push(printer, "not ", 0);
        break;
    case SPWV_QUERY_AND:
    case SPWV_QUERY_OR:
        side(printer, i - 1, op, true);
        push(printer, op == SPWV_QUERY_AND ? " and " : " or ", 0);
        side(printer, (size_t)printer->first[i - 1] - 1, op, false);
        break;
    case SPWV_QUERY_SPAN_END:
        push(printer, " }", 0);
        push(printer, NULL, i - 1);
        push(printer, "{ ", 0);
        break;
    default: condition(printer, &printer->query->nodes[i]);
    }
}

void spwv_query_print(const struct spwv_query *query, struct spwv_buf *out)
{
    struct printer printer = {.query = query, .out = out};
    if (!query->count)
        return;
    find_operands(&printer);
    push(&printer, NULL, query->count - 1);
    while (printer.count) {
        struct part part = printer.parts[--printer.count];
        if (part.text)
            spwv_buf_add_str(out, part.text);
        else
            node(&printer, part.node);
    }
}
