/*
 * Reads the fields of one protobuf message, one after another, where they lie.
 *
 * Ownership: fields point into the message's bytes. Threads: pure. Failure: -1, and the reader stays at the bad field.
 * Limits: every length is checked against the bytes that are there before it is used; nothing is allocated.
 */
#ifndef SPWV_WIRE_H
#define SPWV_WIRE_H

#include "buf.h"

enum spwv_wire_type { SPWV_VARINT = 0, SPWV_FIXED64 = 1, SPWV_BYTES = 2, SPWV_FIXED32 = 5 };

struct spwv_wire {
    const uint8_t *at;
    const uint8_t *end;
};

struct spwv_field {
    uint32_t number;
    enum spwv_wire_type type;
    uint64_t value;          /* VARINT, FIXED64, FIXED32 */
    struct spwv_slice bytes; /* BYTES */
};

static inline struct spwv_wire spwv_wire_of(struct spwv_slice message)
{
    return (struct spwv_wire){message.data, message.size ? message.data + message.size : message.data};
}

/* 1: *field holds the next one. 0: the message is over. -1: not protobuf (or a group, which OTLP never had). */
int spwv_wire_next(struct spwv_wire *wire, struct spwv_field *field);

#endif
