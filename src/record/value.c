#include "value.h"

#include "key.h"

enum { TAG_ELEMENT = 0x0a }; /* of an ArrayValue; the entries of a KeyValueList have the same */

#define MOST_COMPARISONS (1u << 17) /* of keys, in a tree whose maps say some of them twice */

/* ---- walking ---- */

/* A container that has been entered. */
struct level {
    const spw_value *of;
    size_t next; /* the child to come; the one at hand is before it */
    uint32_t place; /* its size's, among the sizes */
    enum spw__doubles doubles;
};

struct walk {
    uint32_t depth;
    uint32_t met; /* containers so far */
    uint32_t looked;
    struct level levels[SPW_MAX_VALUE_DEPTH];
};

static struct spw__attrs entries_of(const spw_value *map)
{
    return (struct spw__attrs){ .given = map->u.map.entries, .count = map->u.map.entries ? map->u.map.count : 0 };
}

static bool enter(struct walk *walk, const spw_value *container)
{
    if (walk->depth == SPW_MAX_VALUE_DEPTH || walk->met == SPW__MAX_CONTAINERS)
        return false;
    struct level *level = &walk->levels[walk->depth++];
    *level = (struct level){ .of = container, .place = walk->met++ };
    if (container->type == SPW_VALUE_MAP) {
        const struct spw__attrs entries = entries_of(container);
        if (entries.count > SPW__MAX_MAP)
            return false;
        level->doubles = spw__attrs_doubles(&entries);
    }
    return true;
}

/* The next child that counts; NULL when there is none, or no more patience with equal keys. */
static const spw_value *next_child(struct walk *walk, struct level *level)
{
    if (level->of->type == SPW_VALUE_ARRAY) {
        size_t count = level->of->u.array.values ? level->of->u.array.count : 0;
        return level->next < count ? &level->of->u.array.values[level->next++] : NULL;
    }
    const struct spw__attrs entries = entries_of(level->of);
    while (level->next < entries.count && walk->looked <= MOST_COMPARISONS) {
        size_t i = level->next++;
        if (!spw__attrs_overwritten(&entries, i, level->doubles, &walk->looked))
            return &entries.given[i].value;
    }
    return NULL;
}

/* The key of the child at hand. */
static spw_view key_at_hand(const struct level *level, char scratch[SPW__MAX_KEY])
{
    return spw__key_text(level->of->u.map.entries[level->next - 1].key, scratch);
}

/* An empty key is not written: that is what a KeyValue without one has. */
static uint32_t key_bytes(spw_view key)
{
    return key.size ? spw__framed((uint32_t)key.size) : 0;
}

/* ---- sizes ---- */

/* Adds a child whose AnyValue has `any` bytes to its container. False: too much. */
static bool add_child(const struct level *level, uint32_t any, struct spw__sizes *sizes)
{
    uint32_t inner = any;
    if (any > SPW__MAX_SPAN_BYTES)
        return false;
    if (level->of->type == SPW_VALUE_MAP) {
        char scratch[SPW__MAX_KEY];
        if (level->of->u.map.entries[level->next - 1].key.size > SPW__MAX_KEY)
            return false;
        inner = key_bytes(key_at_hand(level, scratch)) + spw__framed(any);
    }
    uint32_t *size = &sizes->of[level->place];
    *size += spw__framed(inner);
    return *size <= SPW__MAX_SPAN_BYTES;
}

/* Measures one child: a scalar is added, a container entered. */
static bool measure_child(const struct spw__limits *limits, struct walk *walk, const spw_value *child, struct spw__sizes *sizes)
{
    if (spw__is_tree(child)) {
        if (!enter(walk, child))
            return false;
        sizes->of[walk->met - 1] = 0;
        return true;
    }
    struct spw__scalar scalar;
    return spw__measure_scalar(limits, child, &scalar) &&
           add_child(&walk->levels[walk->depth - 1], scalar.middle_size + scalar.value_size, sizes);
}

bool spw__tree_measure(const struct spw__limits *limits, const spw_value *tree, struct spw__sizes *out)
{
    struct walk walk;
    walk.depth = walk.met = walk.looked = 0;
    if (!measure_child(limits, &walk, tree, out))
        return false;
    while (walk.depth) {
        struct level *level = &walk.levels[walk.depth - 1];
        const spw_value *child = next_child(&walk, level);
        if (walk.looked > MOST_COMPARISONS)
            return false;
        if (child) {
            if (!measure_child(limits, &walk, child, out))
                return false;
        } else if (--walk.depth && !add_child(level - 1, spw__framed(out->of[level->place]), out)) {
            return false;
        }
    }
    out->count = walk.met;
    return true;
}

/* ---- bytes ---- */

/* The head of a child of `any` bytes, as an element or, with its key, as an entry. */
static void put_head(const struct level *level, uint32_t any, struct spw__writer *writer)
{
    uint8_t head[16], *p = head;
    *p++ = TAG_ELEMENT;
    if (level->of->type == SPW_VALUE_MAP) {
        char scratch[SPW__MAX_KEY];
        spw_view key = key_at_hand(level, scratch);
        p = spw__put_varint(p, key_bytes(key) + spw__framed(any));
        if (key.size) {
            *p++ = SPW__TAG_KEY;
            p = spw__put_varint(p, key.size);
        }
        spw__writer_put(writer, head, (size_t)(p - head));
        spw__writer_put(writer, key.data, key.size);
        p = head;
        *p++ = SPW__TAG_VALUE;
    }
    p = spw__put_varint(p, any);
    spw__writer_put(writer, head, (size_t)(p - head));
}

void spw__tree_write(const struct spw__limits *limits, const spw_value *tree, const struct spw__sizes *sizes, struct spw__writer *writer)
{
    struct walk walk;
    walk.depth = walk.met = walk.looked = 0;
    (void)enter(&walk, tree);
    while (walk.depth) {
        struct level *level = &walk.levels[walk.depth - 1];
        const spw_value *child = next_child(&walk, level);
        if (!child) {
            walk.depth--;
            continue;
        }
        struct spw__scalar scalar;
        if (spw__is_tree(child))
            spw__measure_container(child->type == SPW_VALUE_MAP ? SPW__ANY_MAP : SPW__ANY_ARRAY, sizes->of[walk.met], &scalar);
        else
            (void)spw__measure_scalar(limits, child, &scalar);
        put_head(level, scalar.middle_size + scalar.value_size, writer);
        spw__writer_put(writer, scalar.middle, scalar.middle_size);
        if (spw__is_tree(child))
            (void)enter(&walk, child);
        else
            spw__writer_put(writer, scalar.value, scalar.value_size);
    }
}

/* ---- arrays of one type ---- */

static spw_value item_at(const struct spw__row *row, size_t i)
{
    if (row->type == SPW_VALUE_INT)
        return spw_value_int(((const int64_t *)row->items)[i]);
    if (row->type == SPW_VALUE_DOUBLE)
        return spw_value_double(((const double *)row->items)[i]);
    if (row->type == SPW_VALUE_BOOL)
        return spw_value_bool(((const bool *)row->items)[i]);
    const char *text = ((const char *const *)row->items)[i];
    return text ? spw_value_string(text) : spw_value_empty();
}

bool spw__row_measure(const struct spw__limits *limits, const struct spw__row *row, uint32_t *size)
{
    struct spw__scalar scalar;
    *size = 0;
    for (size_t i = 0; i < row->count && *size <= SPW__MAX_SPAN_BYTES; i++) {
        const spw_value item = item_at(row, i);
        (void)spw__measure_scalar(limits, &item, &scalar);
        *size += spw__framed(scalar.middle_size + scalar.value_size);
    }
    return *size <= SPW__MAX_SPAN_BYTES;
}

void spw__row_write(const struct spw__limits *limits, const struct spw__row *row, struct spw__writer *writer)
{
    struct spw__scalar scalar;
    for (size_t i = 0; i < row->count; i++) {
        const spw_value item = item_at(row, i);
        (void)spw__measure_scalar(limits, &item, &scalar);
        uint8_t head[8], *p = head;
        *p++ = TAG_ELEMENT;
        p = spw__put_varint(p, scalar.middle_size + scalar.value_size);
        spw__writer_put(writer, head, (size_t)(p - head));
        spw__writer_put(writer, scalar.middle, scalar.middle_size);
        spw__writer_put(writer, scalar.value, scalar.value_size);
    }
}
