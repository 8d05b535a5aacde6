/* Setting something on a live span: the setters' out-of-line halves. (Specification: Trace API, Span operations.) */
#include <string.h>

#include "frame.h"
#include "link.h"
#include "platform.h"
#include "span.h"
#include "utf8.h"
#include "wire.h"

static __attribute__((noinline)) void set(struct spw__engine *engine, uint64_t handle, const char *key, size_t key_size,
                                          const spw_value *value)
{
    spw__frame_attribute(engine, handle, (spw_view){ key, key_size }, value);
}

void spw__set_string(uint64_t handle, const char *key, size_t key_size, const char *value, size_t size)
{
    struct spw__engine *engine = spw__engine_current();
    if (!engine)
        return;
    if (value && size <= spw__limit(&engine->limits.value_length) && spw__is_ascii(value, size < 64 ? size : 0) &&
        spw__frame_short(engine, handle, key, key_size, SPW__ANY_STRING, true, value, size))
        return;
    set(engine, handle, key, key_size, &(spw_value){ .type = SPW_VALUE_STRING, .u.view = { value, size } });
}

void spw__set_bytes(uint64_t handle, const char *key, size_t key_size, const void *value, size_t size)
{
    set(spw__engine_current(), handle, key, key_size, &(spw_value){ .type = SPW_VALUE_BYTES, .u.view = { value, size } });
}

void spw__set_int(uint64_t handle, const char *key, size_t key_size, int64_t value)
{
    struct spw__engine *engine = spw__engine_current();
    uint8_t bytes[10];
    size_t size = (size_t)(spw__put_varint(bytes, (uint64_t)value) - bytes);
    if (engine && !spw__frame_short(engine, handle, key, key_size, SPW__ANY_INT, false, bytes, size))
        set(engine, handle, key, key_size, &(spw_value){ .type = SPW_VALUE_INT, .u.i = value });
}

void spw__set_uint(uint64_t handle, const char *key, size_t key_size, uint64_t value)
{
    if (value <= INT64_MAX) {
        spw__set_int(handle, key, key_size, (int64_t)value);
        return;
    }
    char digits[24];
    char *p = digits + sizeof digits;
    do
        *--p = (char)('0' + value % 10);
    while (value /= 10);
    spw__set_string(handle, key, key_size, p, (size_t)(digits + sizeof digits - p));
}

void spw__set_double(uint64_t handle, const char *key, size_t key_size, double value)
{
    struct spw__engine *engine = spw__engine_current();
    uint8_t bytes[8];
    uint64_t bits;
    memcpy(&bits, &value, 8);
    (void)spw__put_fixed64(bytes, bits);
    if (engine && !spw__frame_short(engine, handle, key, key_size, SPW__ANY_DOUBLE, false, bytes, 8))
        set(engine, handle, key, key_size, &(spw_value){ .type = SPW_VALUE_DOUBLE, .u.d = value });
}

void spw__set_bool(uint64_t handle, const char *key, size_t key_size, bool value)
{
    struct spw__engine *engine = spw__engine_current();
    uint8_t byte = value;
    if (engine && !spw__frame_short(engine, handle, key, key_size, SPW__ANY_BOOL, false, &byte, 1))
        set(engine, handle, key, key_size, &(spw_value){ .type = SPW_VALUE_BOOL, .u.b = value });
}

void spw__set_attrs(uint64_t handle, const spw_attr *attrs, size_t count)
{
    struct spw__engine *engine = spw__engine_current();
    for (size_t i = 0; attrs && i < count; i++)
        spw__frame_attribute(engine, handle, attrs[i].key, &attrs[i].value);
}

void spw__add_event(uint64_t handle, spw_view name, uint64_t unix_ns, const spw_attr *attrs, size_t count)
{
    struct spw__engine *engine = spw__engine_current();
    const struct spw__attrs list = { .given = attrs, .count = attrs ? count : 0 };
    spw__frame_event(engine, handle, name, unix_ns ? unix_ns : spw__span_now(engine, handle), &list);
}

void spw__add_link(uint64_t handle, const spw_link *link)
{
    spw__frame_link(spw__engine_current(), handle, link);
}

void spw__set_value(uint64_t handle, const char *key, size_t key_size, const spw_value *value)
{
    const spw_value nothing = spw_value_empty();
    set(spw__engine_current(), handle, key, key_size, value ? value : &nothing);
}

void spw__set_row(uint64_t handle, const char *key, size_t key_size, spw_value_type type, const void *items, size_t count)
{
    const struct spw__row row = { type, items, items ? count : 0 };
    spw__frame_row(spw__engine_current(), handle, (spw_view){ key, key_size }, &row);
}

void spw__set_status(uint64_t handle, spw_status_code code, const char *text, size_t size)
{
    spw__frame_status(spw__engine_current(), handle, code, (spw_view){ text, size });
}

void spw__update_name(uint64_t handle, const char *name, size_t size)
{
    spw__frame_name(spw__engine_current(), handle, (spw_view){ name, size });
}

bool spw__is_recording(uint64_t handle)
{
    const struct spw__slot *slot = spw__slot_of(spw__engine_current(), handle);
    if (!slot)
        return false;
    uint64_t word = __atomic_load_n(&slot->word, __ATOMIC_ACQUIRE);
    return word >> SPW__GENERATION_SHIFT == spw__handle_generation(handle) && !(word & SPW__CLOSED);
}
