/* Nested messages, written forward. Contract: otlp_message.h. */
#include "otlp_message.h"

#include <string.h>

enum { PLACE = 8, MAX_VARINT = 10 };

struct place {
    uint32_t size; /* of the message once finished */
    uint32_t next; /* 0: the last one */
};

static size_t encode(uint64_t value, char *to)
{
    size_t size = 0;
    for (; value >= 0x80; value >>= 7)
        to[size++] = (char)(value | 0x80);
    to[size++] = (char)value;
    return size;
}

static size_t varint_size(uint64_t value)
{
    char bytes[MAX_VARINT];
    return encode(value, bytes);
}

static void add_varint(struct spwv_buf *out, uint64_t value)
{
    char bytes[MAX_VARINT];
    spwv_buf_add(out, bytes, encode(value, bytes));
}

static void add_tag(struct spwv_message_writer *writer, uint32_t number, enum spwv_wire_type type)
{
    if (number)
        add_varint(writer->out, (uint64_t)number << 3 | type);
}

static void add_fixed(struct spwv_buf *out, uint64_t value, size_t size)
{
    char bytes[8];
    for (size_t i = 0; i < size; i++)
        bytes[i] = (char)(value >> 8 * i);
    spwv_buf_add(out, bytes, size);
}

void spwv_message_varint(struct spwv_message_writer *writer, uint32_t number, uint64_t value)
{
    add_tag(writer, number, SPWV_VARINT);
    add_varint(writer->out, value);
}

void spwv_message_fixed32(struct spwv_message_writer *writer, uint32_t number, uint32_t value)
{
    add_tag(writer, number, SPWV_FIXED32);
    add_fixed(writer->out, value, 4);
}

void spwv_message_fixed64(struct spwv_message_writer *writer, uint32_t number, uint64_t value)
{
    add_tag(writer, number, SPWV_FIXED64);
    add_fixed(writer->out, value, 8);
}

char *spwv_message_bytes(struct spwv_message_writer *writer, uint32_t number, size_t size)
{
    add_tag(writer, number, SPWV_BYTES);
    add_varint(writer->out, size);
    char *at = spwv_buf_reserve(writer->out, size);
    if (at)
        writer->out->size += size;
    return at;
}

struct spwv_message_mark spwv_message_begin(struct spwv_message_writer *writer, uint32_t number)
{
    static const struct place empty;
    add_tag(writer, number, SPWV_BYTES);
    struct spwv_message_mark mark = {(uint32_t)writer->out->size, writer->closed};
    spwv_buf_add(writer->out, &empty, sizeof empty);
    if (writer->out->failed)
        return mark;
    if (writer->first)
        memcpy(writer->out->data + writer->last + offsetof(struct place, next), &mark.place, sizeof mark.place);
    else
        writer->first = mark.place;
    writer->last = mark.place;
    return mark;
}

void spwv_message_end(struct spwv_message_writer *writer, struct spwv_message_mark mark)
{
    if (writer->out->failed)
        return;
    uint32_t inside = writer->closed - mark.closed;
    uint32_t size = (uint32_t)(writer->out->size - mark.place - PLACE) - inside;
    memcpy(writer->out->data + mark.place + offsetof(struct place, size), &size, sizeof size);
    writer->closed += PLACE - (uint32_t)varint_size(size);
}

void spwv_message_finish(struct spwv_message_writer *writer)
{
    struct spwv_buf *out = writer->out;
    size_t from = 0;
    size_t to = 0;
    if (out->failed || !writer->first)
        return;
    for (uint32_t at = writer->first; at;) {
        struct place place;
        memcpy(&place, out->data + at, sizeof place);
        memmove(out->data + to, out->data + from, at - from);
        to += at - from;
        to += encode(place.size, out->data + to);
        from = at + PLACE;
        at = place.next;
    }
    memmove(out->data + to, out->data + from, out->size - from);
    out->size = to + out->size - from;
}
