/* Lanes for spans that overlap. Contract: export_trace.h. */
#include "export_trace.h"

#include <stdlib.h>
#include <string.h>

struct lane {
    uint64_t free_at; /* the end of the lowest span in it */
    int top;          /* the span that is open in it; -1: none */
};

struct by_id {
    uint8_t id[8];
    int place;
};

struct layout {
    struct spwv_export_span *spans;
    int count;
    struct lane *lanes; /* of the resource at hand */
    unsigned lane_count;
    unsigned *heap; /* all of them, the one that is free first on top */
    struct by_id *by_id;
};

/* Depths before they are known; the real ones count from 1. */
static const unsigned unknown = 0;
static const unsigned on_the_way = ~0u;

/* ---- parents ---- */

static int compare_ids(const void *a, const void *b)
{
    const struct by_id *left = a;
    const struct by_id *right = b;
    return memcmp(left->id, right->id, sizeof left->id);
}

static void find_parents(struct layout *layout)
{
    for (int i = 0; i < layout->count; i++) {
        memcpy(layout->by_id[i].id, layout->spans[i].id, sizeof layout->by_id[i].id);
        layout->by_id[i].place = i;
    }
    qsort(layout->by_id, (size_t)layout->count, sizeof *layout->by_id, compare_ids);
    for (int i = 0; i < layout->count; i++) {
        struct spwv_export_span *span = &layout->spans[i];
        struct by_id key;
        memcpy(key.id, span->parent_id, sizeof key.id);
        const struct by_id *found =
            span->has_parent ? bsearch(&key, layout->by_id, (size_t)layout->count, sizeof key, compare_ids) : NULL;
        span->parent = found ? found->place : -1;
    }
}

/* Up to a span whose depth is known, then down the same way; `below` holds the way back. A cycle ends where it meets itself. */
static void find_depths(struct layout *layout)
{
    struct spwv_export_span *spans = layout->spans;
    for (int i = 0; i < layout->count; i++) {
        int way = -1;
        int at = i;
        while (at >= 0 && spans[at].depth == unknown) {
            spans[at].depth = on_the_way;
            spans[at].below = way;
            way = at;
            at = spans[at].parent;
        }
        unsigned depth = at < 0 || spans[at].depth == on_the_way ? 0 : spans[at].depth;
        while (way >= 0) {
            int next = spans[way].below;
            spans[way].depth = ++depth;
            spans[way].below = -1;
            way = next;
        }
    }
}

/* ---- orders ---- */

static int compare_u64(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

/* A parent comes before the children that began with it. */
static int compare_times(const struct spwv_export_span *left, const struct spwv_export_span *right)
{
    int order = compare_u64(left->start, right->start);
    if (!order)
        order = compare_u64(right->end, left->end);
    if (!order)
        order = compare_u64(left->depth, right->depth);
    return order ? order : memcmp(left->id, right->id, sizeof left->id);
}

static int compare_by_resource(const void *a, const void *b)
{
    const struct spwv_export_span *left = a;
    const struct spwv_export_span *right = b;
    int order = compare_u64(left->resource, right->resource);
    return order ? order : compare_times(left, right);
}

static int compare_by_lane(const void *a, const void *b)
{
    const struct spwv_export_span *left = a;
    const struct spwv_export_span *right = b;
    int order = compare_u64(left->resource, right->resource);
    if (!order)
        order = compare_u64(left->lane, right->lane);
    return order ? order : compare_times(left, right);
}

/* ---- lanes ---- */

static bool is_before(const struct layout *layout, unsigned left, unsigned right)
{
    int order = compare_u64(layout->lanes[left].free_at, layout->lanes[right].free_at);
    return order ? order < 0 : left < right;
}

static void swap(unsigned *heap, unsigned a, unsigned b)
{
    unsigned lane = heap[a];
    heap[a] = heap[b];
    heap[b] = lane;
}

static void sift_down(struct layout *layout)
{
    unsigned at = 0;
    for (;;) {
        unsigned first = at;
        for (unsigned child = 2 * at + 1; child <= 2 * at + 2 && child < layout->lane_count; child++)
            if (is_before(layout, layout->heap[child], layout->heap[first]))
                first = child;
        if (first == at)
            return;
        swap(layout->heap, at, first);
        at = first;
    }
}

static void sift_up(struct layout *layout, unsigned at)
{
    for (; at && is_before(layout, layout->heap[at], layout->heap[(at - 1) / 2]); at = (at - 1) / 2)
        swap(layout->heap, at, (at - 1) / 2);
}

/* In the lane of its parent, when nothing else runs there above it. */
static bool enter_parents_lane(struct layout *layout, int index)
{
    struct spwv_export_span *span = &layout->spans[index];
    const struct spwv_export_span *parent = span->parent >= 0 ? &layout->spans[span->parent] : NULL;
    if (!parent || parent->resource != span->resource || span->parent >= index || span->end > parent->end)
        return false;
    struct lane *lane = &layout->lanes[parent->lane];
    while (lane->top >= 0 && layout->spans[lane->top].end <= span->start)
        lane->top = layout->spans[lane->top].below;
    if (lane->top != span->parent)
        return false;
    span->lane = parent->lane;
    span->below = lane->top;
    lane->top = index;
    return true;
}

static void enter_free_lane(struct layout *layout, int index)
{
    struct spwv_export_span *span = &layout->spans[index];
    bool reuse = layout->lane_count && layout->lanes[layout->heap[0]].free_at <= span->start;
    span->lane = reuse ? layout->heap[0] : layout->lane_count;
    span->below = -1;
    layout->lanes[span->lane] = (struct lane){span->end, index};
    if (reuse) {
        sift_down(layout);
    } else {
        layout->heap[layout->lane_count] = layout->lane_count;
        sift_up(layout, layout->lane_count++);
    }
}

static void lay_out(struct layout *layout)
{
    for (int i = 0; i < layout->count; i++) {
        if (i && layout->spans[i].resource != layout->spans[i - 1].resource)
            layout->lane_count = 0;
        if (!enter_parents_lane(layout, i))
            enter_free_lane(layout, i);
    }
}

/* Parents twice: places change with the order. */
static void sort_and_lay_out(struct layout *layout)
{
    size_t count = (size_t)layout->count;
    find_parents(layout);
    find_depths(layout);
    qsort(layout->spans, count, sizeof *layout->spans, compare_by_resource);
    find_parents(layout);
    lay_out(layout);
    qsort(layout->spans, count, sizeof *layout->spans, compare_by_lane);
}

bool spwv_export_lanes(struct spwv_export_trace *trace)
{
    struct layout layout = {.spans = spwv_export_spans(trace), .count = spwv_export_span_count(trace)};
    size_t count = (size_t)layout.count;
    struct spwv_buf rooms[3];
    for (int i = 0; i < 3; i++)
        spwv_buf_init(&rooms[i], trace->spans.max, trace->spans.budget);
    layout.lanes = (struct lane *)(void *)spwv_buf_reserve(&rooms[0], count * sizeof *layout.lanes);
    layout.heap = (unsigned *)(void *)spwv_buf_reserve(&rooms[1], count * sizeof *layout.heap);
    layout.by_id = (struct by_id *)(void *)spwv_buf_reserve(&rooms[2], count * sizeof *layout.by_id);
    bool ok = count == 0 || (layout.lanes && layout.heap && layout.by_id);
    if (ok && count)
        sort_and_lay_out(&layout);
    for (int i = 0; i < 3; i++)
        spwv_buf_fini(&rooms[i]);
    return ok;
}
