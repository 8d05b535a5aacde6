#include "frame.h"

#include <string.h>

#include "attr.h"
#include "list.h"

#define MAX_NAME 65536u
#define MAX_STATUS 65536u

enum { TAG_EVENT_TIME = 0x09, TAG_EVENT_NAME = 0x12, TAG_EVENT_ATTRIBUTE = 0x1a, TAG_EVENT_DROPPED = 0x20 };
enum { TAG_STATUS_MESSAGE = 0x12, TAG_STATUS_CODE = 0x18 };

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
    uint8_t *p = spw__put_fixed32(frame + 8, SPW__TAG_ATTRIBUTE | pair << 8 | (uint32_t)SPW__TAG_KEY << 16 | (uint32_t)key_size << 24);
    p = spw__put_bytes(p, key, key_size);
    (void)spw__put_fixed32(p, (uint32_t)SPW__TAG_VALUE | any << 8 | (uint32_t)tag << 16 | (uint32_t)value_size << 24);
    spw__copy(p + 3 + has_length, value, value_size); /* over the length byte of a value that has none */
    const struct spw__frame header = { size, SPW__FRAME_ATTRIBUTE, (uint8_t)spw__handle_generation(handle), spw__key_hash(key, key_size) };
    uint64_t bits;
    memcpy(&bits, &header, 8);
    __atomic_store_n((uint64_t *)(void *)frame, bits, __ATOMIC_RELEASE);
    spw__slot_leave(engine, slot);
    return true;
}

static void drop_attribute(struct spw__engine *engine, uint64_t handle)
{
    spw__slot_count_drop(engine, handle, SPW__FRAME_ATTRIBUTE);
}

/* Room for a measured attribute; *hash is its key's. */
static inline bool reserve(struct spw__engine *engine, uint64_t handle, const struct spw__measured *m, uint16_t *hash, struct spw__writer *out)
{
    *hash = spw__key_hash(m->key, m->key_size);
    bool pinned = __builtin_expect(spw__pins_hit(&engine->pins, *hash), 0) && spw__pins_hold(&engine->pins, m->key, m->key_size);
    return spw__slot_reserve(engine, handle, spw__framed(m->size), SPW__FRAME_ATTRIBUTE, pinned, out);
}

static inline void commit(struct spw__writer *writer, uint64_t handle, const struct spw__measured *m, uint16_t hash)
{
    spw__slot_commit(writer, handle, spw__framed(m->size), SPW__FRAME_ATTRIBUTE, hash);
}

/* Apart from scalars, because of the sizes on its stack. */
static __attribute__((noinline)) void set_tree(struct spw__engine *engine, uint64_t handle, spw_view key, const spw_value *value)
{
    const struct spw__limits limits = spw__limits_now(&engine->limits);
    struct spw__measured m;
    struct spw__sizes sizes;
    if (!spw__measure_tree(&limits, key, value, &m, &sizes)) {
        drop_attribute(engine, handle);
        return;
    }
    uint16_t hash;
    struct spw__writer writer;
    if (!reserve(engine, handle, &m, &hash, &writer))
        return;
    spw__put_measured_head(&writer, SPW__TAG_ATTRIBUTE, &m);
    spw__tree_write(&limits, value, &sizes, &writer);
    commit(&writer, handle, &m, hash);
}

void spw__frame_row(struct spw__engine *engine, uint64_t handle, spw_view key, const struct spw__row *row)
{
    if (!engine)
        return;
    const struct spw__limits limits = spw__limits_now(&engine->limits);
    struct spw__measured m;
    uint32_t inner;
    if (!spw__measure_key(key, &m) || !spw__row_measure(&limits, row, &inner)) {
        drop_attribute(engine, handle);
        return;
    }
    spw__measure_container(SPW__ANY_ARRAY, inner, &m.any);
    spw__measure_pair(&m);
    uint16_t hash;
    struct spw__writer writer;
    if (!reserve(engine, handle, &m, &hash, &writer))
        return;
    spw__put_measured_head(&writer, SPW__TAG_ATTRIBUTE, &m);
    spw__row_write(&limits, row, &writer);
    commit(&writer, handle, &m, hash);
}

void spw__frame_attribute(struct spw__engine *engine, uint64_t handle, spw_view key, const spw_value *value)
{
    if (!engine)
        return;
    struct spw__measured m;
    if (__builtin_expect(!spw__measure(&engine->limits, key, value, &m), 0)) {
        if (spw__is_tree(value))
            set_tree(engine, handle, key, value);
        else
            drop_attribute(engine, handle);
        return;
    }
    uint16_t hash;
    struct spw__writer writer;
    if (!reserve(engine, handle, &m, &hash, &writer))
        return;
    spw__put_measured(&writer, SPW__TAG_ATTRIBUTE, &m);
    commit(&writer, handle, &m, hash);
}

/* Room for a measured attribute in a span that is being started, with its header written. */
static bool reserve_new(struct spw__slot *slot, uint32_t *cursor, uint8_t mark, const struct spw__measured *m, struct spw__writer *out)
{
    uint32_t size = spw__framed(m->size);
    if (!spw__slot_reserve_new(slot, cursor, size, out))
        return false;
    *(struct spw__frame *)(void *)(slot->log + out->frame) =
        (struct spw__frame){ size, SPW__FRAME_ATTRIBUTE, mark, spw__key_hash(m->key, m->key_size) };
    return true;
}

static __attribute__((noinline)) bool tree_new(struct spw__engine *engine, struct spw__slot *slot, uint32_t *cursor, uint8_t mark,
                                               spw_view key, const spw_value *value)
{
    const struct spw__limits limits = spw__limits_now(&engine->limits);
    struct spw__measured m;
    struct spw__sizes sizes;
    struct spw__writer writer;
    if (!spw__measure_tree(&limits, key, value, &m, &sizes)) {
        slot->dropped_attributes++;
        return true;
    }
    if (!reserve_new(slot, cursor, mark, &m, &writer))
        return false;
    spw__put_measured_head(&writer, SPW__TAG_ATTRIBUTE, &m);
    spw__tree_write(&limits, value, &sizes, &writer);
    return true;
}

bool spw__frame_attribute_new(struct spw__engine *engine, struct spw__slot *slot, uint32_t *cursor, uint8_t mark, spw_view key,
                              const spw_value *value)
{
    struct spw__measured m;
    if (__builtin_expect(!spw__measure(&engine->limits, key, value, &m), 0)) {
        if (spw__is_tree(value))
            return tree_new(engine, slot, cursor, mark, key, value);
        slot->dropped_attributes++;
        return true;
    }
    struct spw__writer writer;
    if (!reserve_new(slot, cursor, mark, &m, &writer))
        return false;
    spw__put_measured(&writer, SPW__TAG_ATTRIBUTE, &m);
    return true;
}

void spw__frame_event(struct spw__engine *engine, uint64_t handle, spw_view name, uint64_t unix_ns, const struct spw__attrs *attrs)
{
    if (!engine)
        return;
    struct spw__list list = { .attrs = *attrs, .limits = spw__limits_now(&engine->limits), .tag = TAG_EVENT_ATTRIBUTE };
    list.most = list.limits.event_attributes;
    char repaired[SPW__MAX_KEY];
    if (!name.data)
        name = (spw_view){ "", 0 };
    if (name.size > SPW__MAX_KEY || !spw__utf8_valid(name.data, name.size))
        name = (spw_view){ repaired, spw__utf8_repair(repaired, sizeof repaired, name.data, name.size) };
    spw__list_measure(&list);
    uint32_t inner = 9 + spw__framed((uint32_t)name.size) + list.bytes + (list.dropped ? 1 + (uint32_t)spw__varint_size(list.dropped) : 0);
    uint32_t size = spw__framed(inner);
    struct spw__writer writer;
    if (!spw__slot_reserve(engine, handle, size, SPW__FRAME_EVENT, false, &writer))
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
    spw__list_write(&list, &writer);
    if (list.dropped) {
        p = head;
        *p++ = TAG_EVENT_DROPPED;
        p = spw__put_varint(p, list.dropped);
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

static bool put_status(struct spw__engine *engine, uint64_t handle, spw_status_code code, spw_view text)
{
    uint32_t message = text.size ? spw__framed((uint32_t)text.size) : 0;
    uint32_t size = spw__framed(message + 2);
    struct spw__writer writer;
    if (!spw__slot_reserve(engine, handle, size, SPW__FRAME_STATUS, true, &writer))
        return false;
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
    return true;
}

void spw__frame_status(struct spw__engine *engine, uint64_t handle, spw_status_code code, spw_view text)
{
    if (!engine || (code != SPW_STATUS_OK && code != SPW_STATUS_ERROR))
        return; /* Unset never changes anything */
    char scratch[SPW__MAX_KEY];
    text = as_text(text, code == SPW_STATUS_ERROR ? MAX_STATUS : 0, scratch, sizeof scratch);
    if (!put_status(engine, handle, code, text) && text.size)
        (void)put_status(engine, handle, code, (spw_view){ "", 0 }); /* rather no message than no error */
}

void spw__frame_name(struct spw__engine *engine, uint64_t handle, spw_view name)
{
    if (!engine)
        return;
    char scratch[SPW__MAX_KEY];
    name = as_text(name, MAX_NAME, scratch, sizeof scratch);
    uint32_t size = spw__framed((uint32_t)name.size);
    struct spw__writer writer;
    if (!spw__slot_reserve(engine, handle, size, SPW__FRAME_NAME, true, &writer))
        return;
    uint8_t head[8], *p = head;
    *p++ = SPW__TAG_NAME;
    p = spw__put_varint(p, name.size);
    spw__writer_put(&writer, head, (size_t)(p - head));
    spw__writer_put(&writer, name.data, name.size);
    spw__slot_commit(&writer, handle, size, SPW__FRAME_NAME, 0);
}
