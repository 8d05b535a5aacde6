/* Collecting a trace's spans and finding its tree. Contract: waterfall_tree.h. */
#include "waterfall_tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "waterfall.h"

enum { MAX_TEXTS = 16 << 20 };

static struct spwv_tree_text keep(struct spwv_tree *tree, struct spwv_slice text)
{
    size_t size = text.size < SPWV_TREE_TEXT ? text.size : SPWV_TREE_TEXT;
    struct spwv_tree_text kept = {tree->texts.size, size};
    spwv_buf_add(&tree->texts, text.data, size);
    return tree->texts.failed ? (struct spwv_tree_text){0, 0} : kept;
}

struct spwv_slice spwv_tree_slice(const struct spwv_tree *tree, struct spwv_tree_text text)
{
    return text.size ? (struct spwv_slice){(const uint8_t *)tree->texts.data + text.at, text.size} : (struct spwv_slice){NULL, 0};
}

/* ---- the store's sink ---- */

static void on_trace(void *arg, const uint8_t *trace_id, uint64_t revision)
{
    struct spwv_tree *tree = arg;
    (void)revision;
    memcpy(tree->trace_id, trace_id, sizeof tree->trace_id);
}

static void on_resource(void *arg, const struct spwv_origin *resource)
{
    struct spwv_tree *tree = arg;
    if (tree->service_count >= SPWV_TEXT_SPANS)
        return;
    struct spwv_tree_text *services = realloc(tree->services, (tree->service_count + 1) * sizeof *services);
    if (!services) {
        tree->failed = true;
        return;
    }
    tree->services = services;
    services[tree->service_count++] = keep(tree, spwv_otlp_service(resource->raw));
}

static void on_scope(void *arg, const struct spwv_origin *scope)
{
    (void)arg;
    (void)scope;
}

static bool make_room(struct spwv_tree *tree)
{
    if (tree->count < tree->capacity)
        return true;
    int capacity = tree->capacity ? tree->capacity * 2 : 64;
    struct spwv_tree_span *spans = realloc(tree->spans, (size_t)capacity * sizeof *spans);
    if (!spans) {
        tree->failed = true;
        return false;
    }
    tree->spans = spans;
    tree->capacity = capacity;
    return true;
}

static void on_span(void *arg, const struct spwv_span *span, unsigned resource, unsigned scope)
{
    struct spwv_tree *tree = arg;
    (void)scope;
    uint64_t end = span->end_unix_ns > span->start_unix_ns ? span->end_unix_ns : span->start_unix_ns;
    tree->start = tree->total && tree->start < span->start_unix_ns ? tree->start : span->start_unix_ns;
    tree->end = tree->total && tree->end > end ? tree->end : end;
    tree->total++;
    tree->errors += span->status_code == SPWV_STATUS_ERROR;
    if (tree->count == SPWV_TEXT_SPANS || !make_room(tree))
        return;
    struct spwv_tree_span *to = &tree->spans[tree->count++];
    *to = (struct spwv_tree_span){.start = span->start_unix_ns, .end = end, .service = resource, .parent = -1, .first_child = -1,
                                  .next_sibling = -1};
    memcpy(to->id, span->span_id.data, sizeof to->id);
    to->has_parent = spwv_otlp_has_parent(span);
    if (to->has_parent)
        memcpy(to->parent_id, span->parent_span_id.data, sizeof to->parent_id);
    to->error = span->status_code == SPWV_STATUS_ERROR;
    to->name = keep(tree, span->name);
    if (to->error)
        to->message = keep(tree, span->status_message);
}

/* ---- the tree ---- */

struct place {
    uint8_t id[8];
    int span;
};

static int compare_places(const void *a, const void *b)
{
    return memcmp(((const struct place *)a)->id, ((const struct place *)b)->id, 8);
}

static bool find_parents(struct spwv_tree *tree)
{
    struct place *places = malloc(((size_t)tree->count + 1) * sizeof *places);
    if (!places)
        return false;
    for (int i = 0; i < tree->count; i++) {
        memcpy(places[i].id, tree->spans[i].id, 8);
        places[i].span = i;
    }
    qsort(places, (size_t)tree->count, sizeof *places, compare_places);
    for (int i = tree->count - 1; i >= 0; i--) { /* backwards: each goes to the front of its parent's list */
        struct spwv_tree_span *span = &tree->spans[i];
        struct place key;
        memcpy(key.id, span->parent_id, 8);
        const struct place *found = span->has_parent ? bsearch(&key, places, (size_t)tree->count, sizeof *places, compare_places) : NULL;
        tree->has_root |= !span->has_parent;
        span->orphan = span->has_parent && !found;
        if (!found || found->span == i)
            continue;
        span->parent = found->span;
        span->next_sibling = tree->spans[found->span].first_child;
        tree->spans[found->span].first_child = i;
    }
    free(places);
    return true;
}

/* Depth first from `top`, without a stack: down to children, across to siblings, up by parents. Spans shown before are passed by. */
static int list_from(struct spwv_tree *tree, int top, int row)
{
    int at = top;
    unsigned depth = 0;
    for (;;) {
        struct spwv_tree_span *span = &tree->spans[at];
        int next = -1;
        if (!span->shown) {
            span->shown = true;
            tree->rows[row++] = (struct spwv_tree_row){at, depth, at == top || span->next_sibling < 0};
            next = span->first_child;
            depth += next >= 0;
        }
        while (next < 0) { /* nothing below: the next one of the nearest list that has more */
            if (at == top)
                return row;
            next = tree->spans[at].next_sibling;
            if (next < 0) {
                at = tree->spans[at].parent;
                depth--;
            }
        }
        at = next;
        if (at == top)
            return row; /* a cycle has come round */
    }
}

static bool list_rows(struct spwv_tree *tree)
{
    tree->rows = malloc(((size_t)tree->count + 1) * sizeof *tree->rows);
    if (!tree->rows)
        return false;
    int row = 0;
    for (int i = 0; i < tree->count; i++)
        if (tree->spans[i].parent < 0)
            row = list_from(tree, i, row);
    for (int i = 0; i < tree->count; i++) /* what no root leads to is in a cycle, or below one */
        if (!tree->spans[i].shown) {
            tree->spans[i].orphan = true;
            row = list_from(tree, i, row);
        }
    tree->count = row;
    return true;
}

bool spwv_tree_read(struct spwv_tree *tree, struct spwv_store *store, const uint8_t *trace_id, struct spwv_error *error)
{
    *tree = (struct spwv_tree){0};
    spwv_buf_init(&tree->texts, MAX_TEXTS, NULL);
    struct spwv_trace_sink sink = {tree, on_trace, on_resource, on_scope, on_span};
    if (!store->read(store, trace_id, &sink, error))
        return false;
    if (!tree->failed && find_parents(tree) && list_rows(tree))
        return true;
    snprintf(error->text, sizeof error->text, "no memory to show the trace");
    return false;
}

void spwv_tree_fini(struct spwv_tree *tree)
{
    free(tree->spans);
    free(tree->services);
    free(tree->rows);
    spwv_buf_fini(&tree->texts);
}
