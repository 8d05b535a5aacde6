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

/* The value at the reader, of a type without a length and without its tag; false when it is not there whole, and the reader stays. */
bool spwv_wire_value(struct spwv_wire *wire, enum spwv_wire_type type, uint64_t *value);

/* A sint32 is written in zigzag: 0, -1, 1, -2 ... as 0, 1, 2, 3 ... */
static inline int32_t spwv_wire_sint32(uint64_t value)
{
    uint32_t bits = (uint32_t)value;
    return (int32_t)(bits >> 1 ^ (0 - (bits & 1)));
}

/* The values of a repeated number, wherever they stand in the message: packed, each with a tag, or both. */
struct spwv_numbers {
    struct spwv_wire message;
    struct spwv_wire packed;
    uint32_t number;
    enum spwv_wire_type type;
};

static inline struct spwv_numbers spwv_numbers_of(struct spwv_slice message, uint32_t number, enum spwv_wire_type type)
{
    return (struct spwv_numbers){spwv_wire_of(message), {NULL, NULL}, number, type};
}

bool spwv_numbers_next(struct spwv_numbers *numbers, uint64_t *value);

#endif
