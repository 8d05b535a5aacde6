/*
 * Writes nested protobuf messages whose lengths are known only at their end, in one pass and without moving bytes more than once.
 *
 * While messages are open each length is a place of 8 bytes: the length, and where the next place is. Finishing walks that chain and closes
 * the gaps, so that the time is linear in the bytes however deep they nest, and the lengths are as short as a sender's own.
 *
 * Ownership: the buffer is the caller's; begin and end are balanced by the caller, who keeps the marks. Threads: one. Failure: the buffer's
 * `failed`. Limits: the buffer's maximum, which must be below 4 GiB.
 */
#ifndef SPWV_OTLP_MESSAGE_H
#define SPWV_OTLP_MESSAGE_H

#include "wire.h"

struct spwv_message_writer {
    struct spwv_buf *out;
    uint32_t first; /* place in out; 0: none */
    uint32_t last;
    uint32_t closed; /* bytes that finishing takes out of what has ended */
};

struct spwv_message_mark {
    uint32_t place;
    uint32_t closed; /* before it */
};

struct spwv_message_mark spwv_message_begin(struct spwv_message_writer *writer, uint32_t number);
void spwv_message_end(struct spwv_message_writer *writer, struct spwv_message_mark mark);

/* A number of 0: no tag, an element of a packed field. */
void spwv_message_varint(struct spwv_message_writer *writer, uint32_t number, uint64_t value);
void spwv_message_fixed32(struct spwv_message_writer *writer, uint32_t number, uint32_t value);
void spwv_message_fixed64(struct spwv_message_writer *writer, uint32_t number, uint64_t value);
/* Room for bytes of a known size, written by the caller; NULL when it failed. */
char *spwv_message_bytes(struct spwv_message_writer *writer, uint32_t number, size_t size);

/* Once, at the end: the buffer then holds protobuf. */
void spwv_message_finish(struct spwv_message_writer *writer);

#endif
