#include "frame.h"

#include <string.h>

#include "utf8.h"
#include "wire.h"

#define MAX_NAME 65536u
#define MAX_STATUS 65536u

enum { TAG_KEY = 0x0a, TAG_VALUE = 0x12 };
enum { TAG_EVENT_TIME = 0x09, TAG_EVENT_NAME = 0x12, TAG_EVENT_ATTRIBUTE = 0x1a, TAG_EVENT_DROPPED = 0x20 };
enum { TAG_STATUS_MESSAGE = 0x12, TAG_STATUS_CODE = 0x18 };

/* Enough to tell most keys apart; a meeting of hashes is settled by the bytes. */
static inline uint16_t hash_key(const char *key, size_t size)
{
    uint64_t a = 0, b = 0;
    if (size >= 8) {
        memcpy(&a, key, 8);
        memcpy(&b, key + size - 8, 8);
    } else if (size >= 4) {
        uint32_t x, y;
        memcpy(&x, key, 4);
        memcpy(&y, key + size - 4, 4);
        a = x;
        b = y;
    } else {
        for (size_t i = 0; i < size; i++)
            a = a << 8 | (unsigned char)key[i];
    }
    uint64_t h = (a ^ (b * 0x9e3779b97f4a7c15u) ^ size) * 0xff51afd7ed558ccdu;
    return (uint16_t)(h >> 48);
}

static void measure_text(const struct spw__limits *limits, const spw_value *value, struct spw__measured *out)
{
    const char *data = value->u.view.data;
    size_t size = data ? value->u.view.size : 0;
    uint8_t tag = SPW__ANY_BYTES;
    if (value->type == SPW_VALUE_STRING) {
        if (__builtin_expect(size > spw__limit(&limits->value_length), 0))
            size = spw__utf8_prefix(data, size, spw__limit(&limits->value_length));
        tag = spw__utf8_valid(data ? data : "", size) ? SPW__ANY_STRING : SPW__ANY_BYTES;
    } else if (size > spw__limit(&limits->value_length)) {
        size = spw__limit(&limits->value_length);
    }
    if (size > UINT32_MAX / 4)
        size = UINT32_MAX / 4; /* far over the span's limit: dropped there */
    out->value = data;
    out->value_size = (uint32_t)size;
    out->middle[0] = tag;
    out->middle_size = (uint8_t)(spw__put_varint(out->middle + 1, size) - out->middle);
}

static bool measure_value(const struct spw__limits *limits, const spw_value *value, struct spw__measured *out)
{
    uint8_t *p = out->middle;
    out->value = NULL;
    out->value_size = 0;
    switch (value->type) {
    case SPW_VALUE_STRING:
    case SPW_VALUE_BYTES:
        measure_text(limits, value, out);
        return true;
    case SPW_VALUE_BOOL:
        *p++ = SPW__ANY_BOOL;
        *p++ = value->u.b;
        break;
    case SPW_VALUE_INT:
        *p++ = SPW__ANY_INT;
        p = spw__put_varint(p, (uint64_t)value->u.i);
        break;
    case SPW_VALUE_DOUBLE: {
        uint64_t bits;
        memcpy(&bits, &value->u.d, 8);
        *p++ = SPW__ANY_DOUBLE;
        p = spw__put_fixed64(p, bits);
        break;
    }
    case SPW_VALUE_EMPTY:
        break;
    case SPW_VALUE_ARRAY:
    case SPW_VALUE_MAP:
    case SPW_VALUE_ENCODED_ARRAY:
    case SPW_VALUE_ENCODED_MAP:
    default:
        return false;
    }
    out->middle_size = (uint8_t)(p - out->middle);
    return true;
}

bool spw__measure(const struct spw__limits *limits, spw_view key, const spw_value *value, struct spw__measured *out)
{
    if (__builtin_expect(!key.data || key.size == 0 || key.size > SPW__MAX_KEY, 0) || !measure_value(limits, value, out))
        return false;
    out->key = key.data;
    out->key_size = (uint32_t)key.size;
    if (__builtin_expect(!spw__utf8_valid(key.data, key.size), 0)) {
        out->key_size = (uint32_t)spw__utf8_repair(out->repaired, SPW__MAX_KEY, key.data, key.size);
        out->key = out->repaired;
    }
    uint32_t any = out->middle_size + out->value_size;
    out->size = (uint32_t)(1 + spw__varint_size(out->key_size) + out->key_size + 1 + spw__varint_size(any) + any);
    return true;
}

static uint32_t framed_size(uint32_t size)
{
    return (uint32_t)(1 + spw__varint_size(size)) + size;
}

/* The flat way writes straight into the log; the other goes through small pieces. */
static inline void put_measured(struct spw__writer *writer, uint8_t tag, const struct spw__measured *m)
{
    uint32_t any = m->middle_size + m->value_size;
    if (__builtin_expect(writer->flat != NULL, 1)) {
        uint8_t *p = writer->flat;
        *p++ = tag;
        p = spw__put_varint(p, m->size);
        *p++ = TAG_KEY;
        p = spw__put_varint(p, m->key_size);
        p = spw__put_bytes(p, m->key, m->key_size);
        *p++ = TAG_VALUE;
        p = spw__put_varint(p, any);
        p = spw__put_bytes(p, m->middle, m->middle_size);
        writer->flat = spw__put_bytes(p, m->value, m->value_size);
        return;
    }
    uint8_t head[16], *p = head;
    *p++ = tag;
    p = spw__put_varint(p, m->size);
    *p++ = TAG_KEY;
    p = spw__put_varint(p, m->key_size);
    spw__writer_put(writer, head, (size_t)(p - head));
    spw__writer_put(writer, m->key, m->key_size);
    p = head;
    *p++ = TAG_VALUE;
    p = spw__put_varint(p, any);
    spw__writer_put(writer, head, (size_t)(p - head));
    spw__writer_put(writer, m->middle, m->middle_size);
    spw__writer_put(writer, m->value, m->value_size);
}

#define SHORT 48u /* bytes of key and of value: then every length is one byte */

bool spw__frame_short(struct spw__engine *engine, uint64_t handle, const char *key, size_t key_size, uint8_t tag, bool has_length,
                      const void *value, size_t value_size)
{
    if (__builtin_expect(!key || key_size - 1 >= SHORT || value_size > SHORT || !spw__is_ascii(key, key_size), 0))
        return false;
    struct spw__slot *slot = spw__slot_of(engine, handle);
    if (__builtin_expect(!slot, 0))
        return true; /* no such span: nothing to set */
    uint32_t any = (uint32_t)(1u + has_length + value_size);
    uint32_t pair = (uint32_t)(4 + key_size + any);
    uint32_t size = 2 + pair;
    uint32_t units = spw__frame_stride(size) / 8;
    uint64_t word = __atomic_load_n(&slot->word, __ATOMIC_ACQUIRE);
    do {
        if (word >> SPW__GENERATION_SHIFT != spw__handle_generation(handle) || (word & SPW__CLOSED))
            return true; /* it has ended */
        if (__builtin_expect(!spw__word_plain(word, units), 0))
            return false;
    } while (!__atomic_compare_exchange_n(&slot->word, &word, word + SPW__WRITER + units, true, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE));

    uint8_t *frame = slot->log + (word & SPW__CURSOR_MASK) * 8;
    uint8_t *p = spw__put_fixed32(frame + 8, SPW__TAG_ATTRIBUTE | pair << 8 | (uint32_t)TAG_KEY << 16 | (uint32_t)key_size << 24);
    p = spw__put_bytes(p, key, key_size);
    (void)spw__put_fixed32(p, (uint32_t)TAG_VALUE | any << 8 | (uint32_t)tag << 16 | (uint32_t)value_size << 24);
    spw__copy(p + 3 + has_length, value, value_size); /* over the length byte of a value that has none */
    const struct spw__frame header = { size, SPW__FRAME_ATTRIBUTE, (uint8_t)spw__handle_generation(handle), hash_key(key, key_size) };
    uint64_t bits;
    memcpy(&bits, &header, 8);
    __atomic_store_n((uint64_t *)(void *)frame, bits, __ATOMIC_RELEASE);
    spw__slot_leave(engine, slot);
    return true;
}

void spw__frame_attribute(struct spw__engine *engine, uint64_t handle, spw_view key, const spw_value *value)
{
    if (!engine)
        return;
    struct spw__measured m;
    if (__builtin_expect(!spw__measure(&engine->limits, key, value, &m), 0)) {
        spw__slot_count_drop(engine, handle, 1, 0);
        return;
    }
    uint32_t size = framed_size(m.size);
    struct spw__writer writer;
    if (!spw__slot_reserve(engine, handle, size, SPW__FRAME_ATTRIBUTE, &writer))
        return;
    put_measured(&writer, SPW__TAG_ATTRIBUTE, &m);
    spw__slot_commit(&writer, handle, size, SPW__FRAME_ATTRIBUTE, hash_key(m.key, m.key_size));
}

bool spw__frame_attribute_new(struct spw__engine *engine, struct spw__slot *slot, uint32_t *cursor, uint8_t mark, spw_view key,
                              const spw_value *value)
{
    struct spw__measured m;
    if (!spw__measure(&engine->limits, key, value, &m)) {
        slot->dropped_attributes++;
        return true;
    }
    uint32_t size = framed_size(m.size);
    struct spw__writer writer;
    if (!spw__slot_reserve_new(slot, cursor, size, &writer))
        return false;
    *(struct spw__frame *)(void *)(slot->log + writer.frame) =
        (struct spw__frame){ size, SPW__FRAME_ATTRIBUTE, mark, hash_key(m.key, m.key_size) };
    put_measured(&writer, SPW__TAG_ATTRIBUTE, &m);
    return true;
}

/* As two keys will stand on the wire: bytes that are repaired to the same key are the same key. */
static bool same_repaired(spw_view a, spw_view b)
{
    char left[SPW__MAX_KEY], right[SPW__MAX_KEY];
    size_t size = spw__utf8_repair(left, sizeof left, a.data, a.size);
    return spw__utf8_repair(right, sizeof right, b.data, b.size) == size && memcmp(left, right, size) == 0;
}

static bool usable_key(spw_view key)
{
    return key.data && key.size && key.size <= SPW__MAX_KEY;
}

static bool all_keys_utf8(const spw_attr *attrs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (usable_key(attrs[i].key) && !spw__utf8_valid(attrs[i].key.data, attrs[i].key.size))
            return false;
    return true;
}

/* Whether a later attribute of the list has the same key: then that one counts. */
static bool overwritten(const spw_attr *attrs, size_t count, size_t i, bool clean)
{
    const spw_view key = attrs[i].key;
    if (!usable_key(key))
        return false; /* each of these is dropped, and counted, for itself */
    for (size_t j = i + 1; j < count; j++) {
        const spw_view other = attrs[j].key;
        if (!usable_key(other))
            continue;
        if (clean ? other.size == key.size && memcmp(other.data, key.data, key.size) == 0 : same_repaired(key, other))
            return true;
    }
    return false;
}

/* Visits the attributes of an event that count: sums their sizes, or writes them too. The others are counted. */
static uint32_t visit_event_attributes(const struct spw__limits *limits, const spw_attr *attrs, size_t count, struct spw__writer *writer,
                                       uint32_t *dropped)
{
    struct spw__measured m;
    uint32_t taken = 0, bytes = 0;
    *dropped = 0;
    /* A list far over the limit is not searched for doubles: that would be quadratic in what is thrown away. */
    size_t most = spw__limit(&limits->event_attributes);
    size_t looked = count < 4 * most ? count : 4 * most;
    bool clean = all_keys_utf8(attrs, looked);
    for (size_t i = 0; i < looked; i++) {
        if (overwritten(attrs, looked, i, clean))
            continue;
        if (taken == most || !spw__measure(limits, attrs[i].key, &attrs[i].value, &m)) {
            ++*dropped;
            continue;
        }
        taken++;
        if (bytes <= SPW__MAX_SPAN_BYTES)
            bytes += m.size > SPW__MAX_SPAN_BYTES ? 2 * SPW__MAX_SPAN_BYTES : framed_size(m.size);
        if (writer)
            put_measured(writer, TAG_EVENT_ATTRIBUTE, &m);
    }
    *dropped += (uint32_t)(count - looked);
    return bytes;
}

/* The same for both visits, although a start may change the engine's in between. */
static struct spw__limits limits_now(const struct spw__engine *engine)
{
    const struct spw__limits *from = &engine->limits;
    return (struct spw__limits){ .event_attributes = spw__limit(&from->event_attributes), .value_length = spw__limit(&from->value_length) };
}

void spw__frame_event(struct spw__engine *engine, uint64_t handle, spw_view name, uint64_t unix_ns, const spw_attr *attrs, size_t count)
{
    if (!engine)
        return;
    const struct spw__limits limits = limits_now(engine);
    char repaired[SPW__MAX_KEY];
    if (!name.data)
        name = (spw_view){ "", 0 };
    if (name.size > SPW__MAX_KEY || !spw__utf8_valid(name.data, name.size))
        name = (spw_view){ repaired, spw__utf8_repair(repaired, sizeof repaired, name.data, name.size) };
    if (!attrs)
        count = 0;
    uint32_t dropped;
    uint32_t list = visit_event_attributes(&limits, attrs, count, NULL, &dropped);
    uint32_t inner = 9 + framed_size((uint32_t)name.size) + list + (dropped ? 1 + (uint32_t)spw__varint_size(dropped) : 0);
    uint32_t size = framed_size(inner);
    struct spw__writer writer;
    if (!spw__slot_reserve(engine, handle, size, SPW__FRAME_EVENT, &writer))
        return;
    uint8_t head[32], *p = head;
    *p++ = SPW__TAG_EVENT;
    p = spw__put_varint(p, inner);
    *p++ = TAG_EVENT_TIME;
    p = spw__put_fixed64(p, unix_ns);
    *p++ = TAG_EVENT_NAME;
    p = spw__put_varint(p, name.size);
    spw__writer_put(&writer, head, (size_t)(p - head));
    spw__writer_put(&writer, name.data, name.size);
    (void)visit_event_attributes(&limits, attrs, count, &writer, &dropped);
    if (dropped) {
        p = head;
        *p++ = TAG_EVENT_DROPPED;
        p = spw__put_varint(p, dropped);
        spw__writer_put(&writer, head, (size_t)(p - head));
    }
    spw__slot_commit(&writer, handle, size, SPW__FRAME_EVENT, 0);
}

/* The part of a text that can be a protobuf string of at most `most` bytes: itself, or a repaired copy in `scratch`. */
static spw_view as_text(spw_view text, size_t most, char *scratch, size_t scratch_size)
{
    if (!text.data)
        text = (spw_view){ "", 0 };
    size_t size = text.size < most ? text.size : most;
    while (size && size < text.size && ((unsigned char)text.data[size] & 0xc0) == 0x80)
        size--; /* cut on a code point */
    if (spw__utf8_valid(text.data, size))
        return (spw_view){ text.data, size };
    return (spw_view){ scratch, spw__utf8_repair(scratch, scratch_size, text.data, size) };
}

void spw__frame_status(struct spw__engine *engine, uint64_t handle, spw_status_code code, spw_view text)
{
    if (!engine || (code != SPW_STATUS_OK && code != SPW_STATUS_ERROR))
        return; /* Unset never changes anything */
    char scratch[SPW__MAX_KEY];
    text = as_text(text, code == SPW_STATUS_ERROR ? MAX_STATUS : 0, scratch, sizeof scratch);
    uint32_t message = text.size ? framed_size((uint32_t)text.size) : 0;
    uint32_t size = framed_size(message + 2);
    struct spw__writer writer;
    if (!spw__slot_reserve(engine, handle, size, SPW__FRAME_STATUS, &writer))
        return;
    uint8_t head[16], *p = head;
    *p++ = SPW__TAG_STATUS;
    p = spw__put_varint(p, message + 2);
    if (message) {
        *p++ = TAG_STATUS_MESSAGE;
        p = spw__put_varint(p, text.size);
    }
    spw__writer_put(&writer, head, (size_t)(p - head));
    spw__writer_put(&writer, text.data, text.size);
    const uint8_t tail[2] = { TAG_STATUS_CODE, (uint8_t)code };
    spw__writer_put(&writer, tail, 2);
    spw__slot_commit(&writer, handle, size, SPW__FRAME_STATUS, (uint16_t)code);
}

void spw__frame_name(struct spw__engine *engine, uint64_t handle, spw_view name)
{
    if (!engine)
        return;
    char scratch[SPW__MAX_KEY];
    name = as_text(name, MAX_NAME, scratch, sizeof scratch);
    uint32_t size = framed_size((uint32_t)name.size);
    struct spw__writer writer;
    if (!spw__slot_reserve(engine, handle, size, SPW__FRAME_NAME, &writer))
        return;
    uint8_t head[8], *p = head;
    *p++ = SPW__TAG_NAME;
    p = spw__put_varint(p, name.size);
    spw__writer_put(&writer, head, (size_t)(p - head));
    spw__writer_put(&writer, name.data, name.size);
    spw__slot_commit(&writer, handle, size, SPW__FRAME_NAME, 0);
}
