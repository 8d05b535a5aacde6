/* The spans of a batch as trees: console_tree.h. */
#include "console_tree.h"

#include <spanwire/allocator.h>
#include <stdlib.h>
#include <string.h>

#include "console_span.h"

#define NONE UINT32_MAX

enum { MAX_INDENT = 24 };

struct spw__console_node {
    uint8_t ids[24]; /* trace, span */
    uint8_t parent_id[8];
    uint64_t start_unix_ns;
    size_t index; /* in the batch */
    uint32_t parent, first_child, next;
    bool printed;
};

struct spw__console_key {
    uint8_t ids[24];
    uint32_t node;
};

typedef struct spw__console_node node;
typedef struct spw__console_key key;

/* What printing needs to know. */
struct printer {
    const spw_batch *batch;
    struct spw__console_text *text;
    spw__console_write_fn write;
    void *arg;
    spw_view service_name;
    uint8_t trace_id[16]; /* of the line last written above a trace */
    bool any;
};

/* ---- finding out who stands below whom ---- */

static int by_start(const void *a, const void *b)
{
    const node *x = a, *y = b;
    if (x->start_unix_ns != y->start_unix_ns)
        return x->start_unix_ns < y->start_unix_ns ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

static int by_ids(const void *a, const void *b)
{
    return memcmp(((const key *)a)->ids, ((const key *)b)->ids, sizeof ((const key *)a)->ids);
}

static uint32_t find(const struct spw__console_tree *tree, const uint8_t *trace_id, const uint8_t *span_id)
{
    key wanted;
    memcpy(wanted.ids, trace_id, 16);
    memcpy(wanted.ids + 16, span_id, 8);
    const key *found = bsearch(&wanted, tree->keys, tree->count, sizeof *tree->keys, by_ids);
    return found ? found->node : NONE;
}

/* From the last to the first, each put before its siblings: so they come to stand by their start. */
static void connect(struct spw__console_tree *tree)
{
    for (uint32_t i = tree->count; i-- > 0;) {
        node *n = &tree->nodes[i];
        n->parent = find(tree, n->ids, n->parent_id);
        if (n->parent == i)
            n->parent = NONE;
        if (n->parent == NONE)
            continue;
        n->next = tree->nodes[n->parent].first_child;
        tree->nodes[n->parent].first_child = i;
    }
}

/* Takes up to a window of spans in; false when there are none. */
static bool load(struct spw__console_tree *tree, spw_span_iter *it)
{
    spw_span_view span;
    tree->count = 0;
    while (tree->count < SPW__CONSOLE_WINDOW) {
        size_t index = it->index;
        if (!spw_span_next(it, &span))
            break;
        node *n = &tree->nodes[tree->count++];
        *n = (node){ .index = index, .start_unix_ns = span.start_unix_ns, .parent = NONE, .first_child = NONE, .next = NONE };
        memcpy(n->ids, span.trace_id, 16);
        memcpy(n->ids + 16, span.span_id, 8);
        memcpy(n->parent_id, span.parent_span_id, 8);
    }
    qsort(tree->nodes, tree->count, sizeof *tree->nodes, by_start);
    for (uint32_t i = 0; i < tree->count; i++) {
        memcpy(tree->keys[i].ids, tree->nodes[i].ids, sizeof tree->keys[i].ids);
        tree->keys[i].node = i;
    }
    qsort(tree->keys, tree->count, sizeof *tree->keys, by_ids);
    connect(tree);
    return tree->count > 0;
}

/* ---- printing ---- */

static bool read_at(const struct printer *p, size_t index, spw_span_view *out)
{
    spw_span_iter it = { .batch = p->batch, .index = index };
    return spw_span_next(&it, out);
}

static bool write_text(const struct printer *p)
{
    spw__console_end(p->text);
    return p->write(p->arg, p->text);
}

static void put_trace_line(struct printer *p, const spw_span_view *span)
{
    if (p->any && memcmp(p->trace_id, span->trace_id, sizeof p->trace_id) == 0)
        return;
    memcpy(p->trace_id, span->trace_id, sizeof p->trace_id);
    p->any = true;
    spw__console_trace(p->text, span, p->service_name);
}

static bool print_alone(struct printer *p, const spw_span_view *span)
{
    struct spw__console_place place = { "  ", "  ", NULL, 0 };
    spw__console_begin(p->text);
    put_trace_line(p, span);
    spw__console_span(p->text, span, &place);
    return write_text(p);
}

/* The lines that lead to a span from the spans above it: two pieces of three columns a level. Far down they stay where they are. */
static void draw(const struct spw__console_tree *tree, uint32_t at, uint32_t root, char *branch, char *trunk)
{
    uint32_t path[MAX_INDENT];
    unsigned depth = 0;
    for (uint32_t i = at; i != root && depth < MAX_INDENT; i = tree->nodes[i].parent)
        path[depth++] = i;
    strcpy(branch, "  ");
    strcpy(trunk, "  ");
    while (depth--) {
        bool more = tree->nodes[path[depth]].next != NONE;
        strcat(branch, depth ? (more ? "│  " : "   ") : (more ? "├─ " : "└─ "));
        strcat(trunk, more ? "│  " : "   ");
    }
    if (tree->nodes[at].first_child != NONE)
        strcat(trunk, "│");
    else
        strcat(trunk, " ");
}

static bool print_below(struct printer *p, struct spw__console_tree *tree, uint32_t at, uint32_t root)
{
    char branch[MAX_INDENT * 9 + 8], trunk[MAX_INDENT * 9 + 8];
    spw_span_view span, parent;
    node *n = &tree->nodes[at];
    n->printed = true;
    if (!read_at(p, n->index, &span) || !read_at(p, tree->nodes[n->parent].index, &parent))
        return true;
    draw(tree, at, root, branch, trunk);
    struct spw__console_place place = { branch, trunk, &parent, tree->nodes[root].start_unix_ns };
    spw__console_begin(p->text);
    spw__console_span(p->text, &span, &place);
    return write_text(p);
}

static bool print_root(struct printer *p, struct spw__console_tree *tree, uint32_t root, bool has_tree)
{
    spw_span_view span;
    struct spw__console_place place = { "  ", has_tree ? "  │" : "   ", NULL, 0 };
    tree->nodes[root].printed = true;
    if (!read_at(p, tree->nodes[root].index, &span))
        return true;
    spw__console_begin(p->text);
    put_trace_line(p, &span);
    spw__console_span(p->text, &span, &place);
    return write_text(p);
}

/* Down to the first child, then to the next sibling, then up. */
static bool print_tree(struct printer *p, struct spw__console_tree *tree, uint32_t root)
{
    const node *nodes = tree->nodes;
    if (!print_root(p, tree, root, nodes[root].first_child != NONE))
        return false;
    for (uint32_t at = root;;) {
        if (nodes[at].first_child != NONE) {
            at = nodes[at].first_child;
        } else {
            while (at != root && nodes[at].next == NONE)
                at = nodes[at].parent;
            if (at == root)
                return true;
            at = nodes[at].next;
        }
        if (!print_below(p, tree, at, root))
            return false;
    }
}

static bool is_waiting_root(const node *n)
{
    return !n->printed && n->parent == NONE;
}

/* The trees of the trace of this root, which is the first of them. */
static bool print_trace(struct printer *p, struct spw__console_tree *tree, uint32_t first)
{
    for (uint32_t i = first; i < tree->count; i++)
        if (is_waiting_root(&tree->nodes[i]) && memcmp(tree->nodes[i].ids, tree->nodes[first].ids, 16) == 0 && !print_tree(p, tree, i))
            return false;
    return true;
}

/* A trace after the other, by the start of its first tree. Spans that are each other's parents, which nobody honest sends, come last. */
static bool print_window(struct printer *p, struct spw__console_tree *tree)
{
    spw_span_view span;
    for (uint32_t i = 0; i < tree->count; i++)
        if (is_waiting_root(&tree->nodes[i]) && !print_trace(p, tree, i))
            return false;
    for (uint32_t i = 0; i < tree->count; i++)
        if (!tree->nodes[i].printed && read_at(p, tree->nodes[i].index, &span) && !print_alone(p, &span))
            return false;
    return true;
}

/* Without the memory for trees. */
static bool print_flat(struct printer *p)
{
    spw_span_view span;
    for (spw_span_iter it = spw_batch_spans(p->batch); spw_span_next(&it, &span);)
        if (!print_alone(p, &span))
            return false;
    return true;
}

static spw_view find_service(spw_attr_iter resource)
{
    for (spw_attr attr; spw_attr_next(&resource, &attr);)
        if (attr.value.type == SPW_VALUE_STRING && attr.key.size == 12 && memcmp(attr.key.data, "service.name", 12) == 0)
            return attr.value.u.view;
    return (spw_view){ NULL, 0 };
}

bool spw__console_tree_print(struct spw__console_tree *tree, struct spw__console_text *text, const spw_batch *batch, spw__console_write_fn write,
                             void *arg)
{
    struct printer p = { .batch = batch, .text = text, .write = write, .arg = arg, .service_name = find_service(spw_batch_resource(batch)) };
    if (!tree->nodes)
        tree->nodes = spw_allocate(SPW__CONSOLE_WINDOW * sizeof *tree->nodes);
    if (!tree->keys)
        tree->keys = spw_allocate(SPW__CONSOLE_WINDOW * sizeof *tree->keys);
    tree->flat |= !tree->nodes || !tree->keys;
    if (tree->flat)
        return print_flat(&p);
    for (spw_span_iter it = spw_batch_spans(batch); load(tree, &it);)
        if (!print_window(&p, tree))
            return false;
    return true;
}

void spw__console_tree_fini(struct spw__console_tree *tree)
{
    spw_free(tree->nodes);
    spw_free(tree->keys);
    *tree = (struct spw__console_tree){ NULL, NULL, 0, false };
}
