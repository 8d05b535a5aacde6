#include "list.h"

#include "attr.h"

/* Measures one attribute, and writes it when there is a writer; 0 when it cannot be recorded. */
static uint32_t visit(const struct spw__list *list, const spw_attr *attr, struct spw__writer *writer)
{
    struct spw__measured m;
    if (!spw__measure(&list->limits, attr->key, &attr->value, &m))
        return 0;
    if (writer)
        spw__put_measured(writer, list->tag, &m);
    return spw__framed(m.size);
}

/* Apart from the above, because of the sizes on its stack. */
static __attribute__((noinline)) uint32_t visit_tree(const struct spw__list *list, const spw_attr *attr, struct spw__writer *writer)
{
    struct spw__measured m;
    struct spw__sizes sizes;
    if (!spw__measure_tree(&list->limits, attr->key, &attr->value, &m, &sizes))
        return 0;
    if (writer) {
        spw__put_measured_head(writer, list->tag, &m);
        spw__tree_write(&list->limits, &attr->value, &sizes, writer);
    }
    return spw__framed(m.size);
}

static bool usable(spw_view key)
{
    return key.data && key.size && key.size <= SPW__MAX_KEY;
}

/* Visits the attributes that count. Both passes see the same. */
static void visit_all(const struct spw__list *list, struct spw__writer *writer, uint32_t *bytes, uint32_t *dropped)
{
    uint32_t taken = 0;
    *bytes = *dropped = 0;
    for (size_t i = 0; i < list->attrs.count; i++) {
        const spw_attr *attr = spw__attrs_at(&list->attrs, i);
        if (list->overwritten[i / 64] >> (i % 64) & 1 && usable(attr->key))
            continue; /* one that is no key is dropped, and counted, for itself */
        uint32_t size = taken == list->most ? 0 : spw__is_tree(&attr->value) ? visit_tree(list, attr, writer) : visit(list, attr, writer);
        if (!size) {
            ++*dropped;
            continue;
        }
        taken++;
        *bytes = size > SPW__MAX_SPAN_BYTES || *bytes + size > SPW__MAX_SPAN_BYTES ? SPW__MAX_SPAN_BYTES + 1 : *bytes + size;
    }
}

void spw__list_measure(struct spw__list *list)
{
    /* Of a list far over the limit the rest is not looked at. */
    size_t given = list->attrs.count, most = list->most < SPW__MAX_LIST / 4 ? 4 * list->most : SPW__MAX_LIST;
    if (list->attrs.own_count > most)
        list->attrs.own_count = most;
    list->attrs.count = given < most ? given : most;
    spw__attrs_mark_overwritten(&list->attrs, list->overwritten);
    visit_all(list, NULL, &list->bytes, &list->dropped);
    list->dropped += (uint32_t)(given - list->attrs.count);
}

void spw__list_write(const struct spw__list *list, struct spw__writer *writer)
{
    uint32_t bytes, dropped;
    visit_all(list, writer, &bytes, &dropped);
}
