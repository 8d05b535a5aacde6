/* The wire reader. Contract: wire.h. */
#include "wire.h"

static bool read_varint(struct spwv_wire *wire, uint64_t *value)
{
    uint64_t result = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (wire->at == wire->end)
            return false;
        uint8_t byte = *wire->at++;
        result |= (uint64_t)(byte & 0x7F) << shift;
        if (!(byte & 0x80)) {
            *value = result;
            return shift < 63 || byte <= 1;
        }
    }
    return false;
}

static bool read_fixed(struct spwv_wire *wire, size_t size, uint64_t *value)
{
    if ((size_t)(wire->end - wire->at) < size)
        return false;
    *value = 0;
    for (size_t i = 0; i < size; i++)
        *value |= (uint64_t)wire->at[i] << 8 * i;
    wire->at += size;
    return true;
}

static bool read_bytes(struct spwv_wire *wire, struct spwv_slice *bytes)
{
    uint64_t size;
    if (!read_varint(wire, &size) || size > (size_t)(wire->end - wire->at))
        return false;
    *bytes = (struct spwv_slice){wire->at, (size_t)size};
    wire->at += size;
    return true;
}

int spwv_wire_next(struct spwv_wire *wire, struct spwv_field *field)
{
    if (wire->at == wire->end)
        return 0;
    struct spwv_wire ahead = *wire;
    uint64_t tag;
    if (!read_varint(&ahead, &tag) || tag >> 3 == 0 || tag >> 3 > 0x1FFFFFFF)
        return -1;
    *field = (struct spwv_field){.number = (uint32_t)(tag >> 3), .type = (enum spwv_wire_type)(tag & 7)};
    bool ok;
    switch (tag & 7) {
    case SPWV_VARINT: ok = read_varint(&ahead, &field->value); break;
    case SPWV_FIXED64: ok = read_fixed(&ahead, 8, &field->value); break;
    case SPWV_FIXED32: ok = read_fixed(&ahead, 4, &field->value); break;
    case SPWV_BYTES: ok = read_bytes(&ahead, &field->bytes); break;
    default: ok = false;
    }
    if (!ok)
        return -1;
    *wire = ahead;
    return 1;
}

bool spwv_wire_value(struct spwv_wire *wire, enum spwv_wire_type type, uint64_t *value)
{
    struct spwv_wire ahead = *wire;
    bool ok = type == SPWV_VARINT ? read_varint(&ahead, value) : read_fixed(&ahead, type == SPWV_FIXED32 ? 4 : 8, value);
    if (ok)
        *wire = ahead;
    return ok;
}

bool spwv_numbers_next(struct spwv_numbers *numbers, uint64_t *value)
{
    struct spwv_field field;
    while (!spwv_wire_value(&numbers->packed, numbers->type, value)) {
        if (spwv_wire_next(&numbers->message, &field) <= 0)
            return false;
        if (field.number != numbers->number)
            continue;
        if (field.type == numbers->type) {
            *value = field.value;
            return true;
        }
        if (field.type == SPWV_BYTES)
            numbers->packed = spwv_wire_of(field.bytes);
    }
    return true;
}
