#include "link.h"

#include "attr.h"
#include "list.h"
#include "tracestate.h"

enum {
    TAG_TRACE_ID = 0x0a,
    TAG_SPAN_ID = 0x12,
    TAG_TRACE_STATE = 0x1a,
    TAG_ATTRIBUTE = 0x22,
    TAG_DROPPED = 0x28,
    TAG_FLAGS = 0x35,
};
enum { HAS_IS_REMOTE = 0x100, IS_REMOTE = 0x200 };
enum { IDS_SIZE = 2 + 16 + 2 + 8, FLAGS_SIZE = 5 };

static void put_ids(struct spw__writer *writer, uint32_t size, const spw_span *to)
{
    uint8_t head[8 + IDS_SIZE], *p = head;
    *p++ = SPW__TAG_LINK;
    p = spw__put_varint(p, size);
    *p++ = TAG_TRACE_ID;
    *p++ = 16;
    p = spw__put_bytes(p, to->trace_id, 16);
    *p++ = TAG_SPAN_ID;
    *p++ = 8;
    p = spw__put_bytes(p, to->span_id, 8);
    spw__writer_put(writer, head, (size_t)(p - head));
}

static void put_trace_state(struct spw__writer *writer, const char *state, size_t size)
{
    uint8_t head[8], *p = head;
    if (!size)
        return;
    *p++ = TAG_TRACE_STATE;
    p = spw__put_varint(p, size);
    spw__writer_put(writer, head, (size_t)(p - head));
    spw__writer_put(writer, state, size);
}

static void put_end(struct spw__writer *writer, uint32_t dropped, const spw_span *to)
{
    uint8_t tail[16], *p = tail;
    if (dropped) {
        *p++ = TAG_DROPPED;
        p = spw__put_varint(p, dropped);
    }
    *p++ = TAG_FLAGS;
    p = spw__put_fixed32(p, to->flags | (uint32_t)HAS_IS_REMOTE | (to->is_remote ? (uint32_t)IS_REMOTE : 0));
    spw__writer_put(writer, tail, (size_t)(p - tail));
}

void spw__frame_link(struct spw__engine *engine, uint64_t handle, const spw_link *link)
{
    if (!engine)
        return;
    char state[SPW__TRACE_STATE_MAX];
    size_t state_size = link->span.trace_state ? spw__trace_state_read(link->span.trace_state, state) : 0;
    size_t count = link->attributes ? link->attribute_count : 0;
    /* "Implementations SHOULD record links containing SpanContext with empty TraceId or SpanId (all zeros) as long as either the attribute
     * set or TraceState is non-empty." */
    if (!spw_span_is_valid(link->span) && !state_size && !count)
        return;
    struct spw__list list = { .attrs = { .given = link->attributes, .count = count },
                              .limits = spw__limits_now(&engine->limits),
                              .tag = TAG_ATTRIBUTE };
    list.most = list.limits.link_attributes;
    spw__list_measure(&list);
    uint32_t inner = IDS_SIZE + (state_size ? spw__framed((uint32_t)state_size) : 0) + list.bytes +
                     (list.dropped ? 1 + (uint32_t)spw__varint_size(list.dropped) : 0) + FLAGS_SIZE;
    uint32_t size = spw__framed(inner);
    struct spw__writer writer;
    if (!spw__slot_reserve(engine, handle, size, SPW__FRAME_LINK, false, &writer))
        return;
    put_ids(&writer, inner, &link->span);
    put_trace_state(&writer, state, state_size);
    spw__list_write(&list, &writer);
    put_end(&writer, list.dropped, &link->span);
    spw__slot_commit(&writer, handle, size, SPW__FRAME_LINK, 0);
}
