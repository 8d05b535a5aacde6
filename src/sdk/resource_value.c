/* Values that are trees, copied without recursion: one walk measures and judges, a second fills one block: nodes first, texts behind them. */
#include <spanwire/allocator.h>
#include <string.h>

#include "sdk/resource.h"

/* The rest of an array or a map on the way down. `values` or `entries` is set. */
struct level {
    const spw_value *values;
    const spw_attr *entries;
    size_t at, count;
    void *to; /* spw_value or spw_attr, when copying */
    size_t written;
};

struct measure {
    size_t nodes, text, most; /* bytes */
    unsigned containers;
};

static bool is_text(const spw_value *value)
{
    return value->type == SPW_VALUE_STRING || value->type == SPW_VALUE_BYTES;
}

static bool is_container(const spw_value *value)
{
    return value->type == SPW_VALUE_ARRAY || value->type == SPW_VALUE_MAP;
}

static struct level level_of(const spw_value *value)
{
    bool array = value->type == SPW_VALUE_ARRAY;
    return (struct level){ .values = array ? value->u.array.values : NULL,
                           .entries = array ? NULL : value->u.map.entries,
                           .count = array ? value->u.array.count : value->u.map.count };
}

/* Of equal keys the last counts. */
static bool is_overwritten(const struct level *level, size_t index)
{
    const spw_view key = level->entries[index].key;
    for (size_t i = index + 1; i < level->count; i++) {
        const spw_view later = level->entries[i].key;
        if (later.size == key.size && (!key.size || memcmp(later.data, key.data, key.size) == 0))
            return true;
    }
    return false;
}

/* Adds without passing `most`. */
static bool add(struct measure *m, size_t *sum, size_t count, size_t each)
{
    size_t room = m->most - m->nodes - m->text;
    if (count > room / each)
        return false;
    *sum += count * each;
    return true;
}

static spw_result measure_view(struct measure *m, spw_view view)
{
    if (view.size && !view.data)
        return SPW_ERR_INVALID;
    if (view.size > m->most || !add(m, &m->text, view.size + 1, 1))
        return SPW_ERR_INCOMPLETE;
    return SPW_OK;
}

/* One node; its children come later. */
static spw_result measure_node(struct measure *m, const spw_value *value, unsigned depth)
{
    struct level children;
    switch (value->type) {
    case SPW_VALUE_EMPTY:
    case SPW_VALUE_BOOL:
    case SPW_VALUE_INT:
    case SPW_VALUE_DOUBLE: return SPW_OK;
    case SPW_VALUE_STRING:
    case SPW_VALUE_BYTES: return measure_view(m, value->u.view);
    case SPW_VALUE_ARRAY:
    case SPW_VALUE_MAP: break;
    case SPW_VALUE_ENCODED_ARRAY:
    case SPW_VALUE_ENCODED_MAP:
    default: return SPW_ERR_INVALID;
    }
    children = level_of(value);
    if (depth > SPW__VALUE_MAX_DEPTH || ++m->containers > SPW__VALUE_MAX_CONTAINERS)
        return SPW_ERR_INVALID;
    if (children.count && !children.values && !children.entries)
        return SPW_ERR_INVALID;
    return add(m, &m->nodes, children.count, children.values ? sizeof(spw_value) : sizeof(spw_attr)) ? SPW_OK : SPW_ERR_INCOMPLETE;
}

static const spw_value *child_of(const struct level *level, size_t index)
{
    return level->values ? &level->values[index] : &level->entries[index].value;
}

static spw_result measure_tree(struct measure *m, const spw_value *root)
{
    struct level stack[SPW__VALUE_MAX_DEPTH];
    unsigned depth = 0;
    spw_result result = measure_node(m, root, 1);
    if (result == SPW_OK && is_container(root))
        stack[depth++] = level_of(root);
    while (result == SPW_OK && depth) {
        struct level *top = &stack[depth - 1];
        if (top->at == top->count) {
            depth--;
            continue;
        }
        const spw_value *child = child_of(top, top->at);
        if (top->entries)
            result = measure_view(m, top->entries[top->at].key);
        top->at++;
        if (result == SPW_OK)
            result = measure_node(m, child, depth + 1);
        if (result == SPW_OK && is_container(child))
            stack[depth++] = level_of(child);
    }
    return result;
}

/* What is left of the block. */
struct block {
    char *nodes, *text;
};

static spw_view place_text(struct block *block, spw_view view)
{
    spw_view out = { block->text, view.size };
    if (view.size)
        memcpy(block->text, view.data, view.size);
    block->text[view.size] = 0; /* terminated, for readers of C strings */
    block->text += view.size + 1;
    return out;
}

/* Copies the node; a container gets a place for its children, which *children then fills. */
static void place_node(struct block *block, spw_value *out, const spw_value *from, struct level *children)
{
    *out = *from;
    if (is_text(from))
        out->u.view = place_text(block, from->u.view);
    if (!is_container(from))
        return;
    *children = level_of(from);
    children->to = children->count ? block->nodes : NULL;
    block->nodes += children->count * (children->values ? sizeof(spw_value) : sizeof(spw_attr));
    if (from->type == SPW_VALUE_ARRAY)
        out->u.array.values = children->to;
    else
        out->u.map.entries = children->to;
}

/* The parent of `level` learns how many of its children were kept. */
static void close_level(const struct level *level, spw_value *parent)
{
    if (level->entries)
        parent->u.map.count = level->written;
}

static void place_tree(struct block *block, spw_value *out, const spw_value *root)
{
    struct level stack[SPW__VALUE_MAX_DEPTH];
    spw_value *parents[SPW__VALUE_MAX_DEPTH];
    unsigned depth = 0;
    parents[0] = out;
    place_node(block, out, root, &stack[0]);
    depth += is_container(root);
    while (depth) {
        struct level *top = &stack[depth - 1];
        if (top->at == top->count) {
            close_level(top, parents[depth - 1]);
            depth--;
            continue;
        }
        size_t index = top->at++;
        if (top->entries && is_overwritten(top, index))
            continue;
        const spw_value *child = child_of(top, index);
        spw_value *to = top->values ? (spw_value *)top->to + top->written : &((spw_attr *)top->to + top->written)->value;
        if (top->entries)
            ((spw_attr *)top->to + top->written)->key = place_text(block, top->entries[index].key);
        top->written++;
        struct level children;
        place_node(block, to, child, &children);
        if (is_container(child)) {
            parents[depth] = to;
            stack[depth++] = children;
        }
    }
}

spw_result spw__value_copy(spw_value *out, const spw_value *from, size_t most, size_t *bytes)
{
    struct measure m = { .most = most };
    spw_result result = measure_tree(&m, from);
    *bytes = m.nodes + m.text;
    if (result != SPW_OK)
        return result;
    *out = *from;
    if (!is_text(from) && !is_container(from))
        return SPW_OK;
    char *memory = *bytes ? spw_allocate(*bytes) : NULL;
    if (*bytes && !memory)
        return SPW_ERR_NO_MEMORY;
    struct block block = { memory, memory + m.nodes };
    place_tree(&block, out, from);
    return SPW_OK;
}

/* The block begins with what the value itself points to. */
void spw__value_free(spw_value *value)
{
    if (is_text(value))
        spw_free((void *)value->u.view.data);
    else if (value->type == SPW_VALUE_ARRAY)
        spw_free((void *)value->u.array.values);
    else if (value->type == SPW_VALUE_MAP)
        spw_free((void *)value->u.map.entries);
    value->type = SPW_VALUE_EMPTY;
}
