/*
 * The query language of the viewer: any text parses, or is refused with a place inside it and a text that ends; what is printed parses to
 * the same nodes and prints the same; the tree is whole, within its limits, and conditions on the trace never stand inside { }.
 */
#include "fuzz/input.h"

#include "query.h"

static struct spwv_query query, again;

static void inside(const struct spwv_query *q, struct spwv_query_span span)
{
    must((size_t)span.at + span.size <= q->text_size && q->text_size <= sizeof q->text);
}

static void check_condition(const struct spwv_query *q, const struct spwv_query_node *node)
{
    inside(q, node->key);
    inside(q, node->text);
    must(node->field <= SPWV_FIELD_START && node->where <= SPWV_ON_RESOURCE && node->compare <= SPWV_CONTAINS && node->value <= SPWV_VALUE_DOUBLE);
    must(node->field == SPWV_FIELD_ATTRIBUTE || (!node->where && !node->key.size));
    must((node->value == SPWV_VALUE_NONE) == (node->compare == SPWV_HAS));
    must(node->value != SPWV_VALUE_DOUBLE || node->number.real == node->number.real);
}

/* Postfix order: every operator finds its operands, and one tree is left. A { is closed around one operand, not inside another. */
static void check_tree(const struct spwv_query *q)
{
    size_t values[SPWV_QUERY_MAX_DEPTH + 2] = { 0 }, level = 0, terms = 0;
    must(q->count <= SPWV_QUERY_MAX_NODES);
    for (size_t i = 0; i < q->count; i++) {
        const struct spwv_query_node *node = &q->nodes[i];
        switch (node->op) {
        case SPWV_QUERY_CONDITION:
            check_condition(q, node);
            must(!level || node->field < SPWV_FIELD_DURATION);
            values[level]++;
            terms++;
            break;
        case SPWV_QUERY_AND:
        case SPWV_QUERY_OR:
            must(values[level] >= 2);
            values[level]--;
            break;
        case SPWV_QUERY_NOT: must(values[level] >= 1); break;
        case SPWV_QUERY_SPAN_BEGIN:
            must(level == 0);
            values[++level] = 0;
            break;
        case SPWV_QUERY_SPAN_END:
            must(level == 1 && values[1] == 1);
            values[--level]++;
            break;
        default: must(0);
        }
    }
    must(level == 0 && values[0] == (q->count > 0) && terms <= SPWV_QUERY_MAX_TERMS);
}

static bool same_text(struct spwv_query_span a, struct spwv_query_span b)
{
    return a.size == b.size && memcmp(query.text + a.at, again.text + b.at, a.size) == 0;
}

static void check_same(void)
{
    must(query.count == again.count);
    for (size_t i = 0; i < query.count; i++) {
        const struct spwv_query_node *a = &query.nodes[i], *b = &again.nodes[i];
        must(a->op == b->op);
        if (a->op != SPWV_QUERY_CONDITION)
            continue;
        must(a->field == b->field && a->where == b->where && a->compare == b->compare && a->value == b->value);
        must(same_text(a->key, b->key) && same_text(a->text, b->text));
        must(a->value < SPWV_VALUE_INT || memcmp(&a->number, &b->number, sizeof a->number) == 0);
    }
}

static void print(const struct spwv_query *q, struct spwv_buf *out)
{
    spwv_buf_init(out, 16 * SPWV_QUERY_MAX_TEXT, NULL);
    spwv_query_print(q, out);
    must(!out->failed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = { data, size };
    struct spwv_query_error error = { 0, 0, "" };
    size_t length;
    char *text = input_text(&in, size, &length);
    if (spwv_query_parse(text, length, &query, &error)) {
        struct spwv_buf once, twice;
        must(length <= SPWV_QUERY_MAX_TEXT);
        check_tree(&query);
        print(&query, &once);
        /* Quotes, and words between them, may make it longer than what may be written. */
        if (spwv_query_parse(once.data ? once.data : "", once.size, &again, &error)) {
            check_tree(&again);
            check_same();
            print(&again, &twice);
            must(once.size == twice.size && (!once.size || memcmp(once.data, twice.data, once.size) == 0));
            spwv_buf_fini(&twice);
        } else {
            must(once.size > SPWV_QUERY_MAX_TEXT);
        }
        spwv_buf_fini(&once);
    } else {
        must(error.at <= length && error.length <= length - error.at && error.text[0] && memchr(error.text, 0, sizeof error.text));
    }
    free(text);
    return 0;
}
