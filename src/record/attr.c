#include "attr.h"

bool spw__measure_tree(const struct spw__limits *limits, spw_view key, const spw_value *value, struct spw__measured *out,
                       struct spw__sizes *sizes)
{
    if (!spw__measure_key(key, out) || !spw__tree_measure(limits, value, sizes))
        return false;
    spw__measure_container(value->type == SPW_VALUE_MAP ? SPW__ANY_MAP : SPW__ANY_ARRAY, sizes->of[0], &out->any);
    spw__measure_pair(out);
    return true;
}

void spw__put_measured_head(struct spw__writer *writer, uint8_t tag, const struct spw__measured *m)
{
    uint8_t head[16], *p = head;
    *p++ = tag;
    p = spw__put_varint(p, m->size);
    *p++ = SPW__TAG_KEY;
    p = spw__put_varint(p, m->key_size);
    spw__writer_put(writer, head, (size_t)(p - head));
    spw__writer_put(writer, m->key, m->key_size);
    p = head;
    *p++ = SPW__TAG_VALUE;
    p = spw__put_varint(p, m->any.middle_size + m->any.value_size);
    spw__writer_put(writer, head, (size_t)(p - head));
    spw__writer_put(writer, m->any.middle, m->any.middle_size);
}
