/* A bounded byte buffer: buffer.h. */
#include "sdk/buffer.h"

#include <spanwire/allocator.h>

#include "record/wire.h"

enum { FIRST_CAPACITY = 1024 };

uint8_t *spw__buffer_extend(struct spw__buffer *b, size_t size)
{
    if (spw__buffer_failed(b))
        return NULL;
    if (size > b->most || b->size > b->most - size) {
        b->too_large = true;
        return NULL;
    }
    if (b->size + size > b->capacity) {
        size_t capacity = b->capacity ? b->capacity : FIRST_CAPACITY;
        while (capacity < b->size + size)
            capacity *= 2;
        uint8_t *grown = spw_reallocate(b->data, capacity);
        if (!grown) {
            b->no_memory = true;
            return NULL;
        }
        b->data = grown;
        b->capacity = capacity;
    }
    uint8_t *at = b->data + b->size;
    b->size += size;
    return at;
}

void spw__buffer_put(struct spw__buffer *b, const void *data, size_t size)
{
    uint8_t *at = size ? spw__buffer_extend(b, size) : NULL;
    if (at)
        memcpy(at, data, size);
}

void spw__buffer_put_varint(struct spw__buffer *b, uint64_t value)
{
    uint8_t bytes[10];
    spw__buffer_put(b, bytes, (size_t)(spw__put_varint(bytes, value) - bytes));
}

void spw__buffer_put_field(struct spw__buffer *b, uint8_t tag, const void *data, size_t size)
{
    spw__buffer_put(b, &tag, 1);
    spw__buffer_put_varint(b, size);
    spw__buffer_put(b, data, size);
}

void spw__buffer_clear(struct spw__buffer *b)
{
    b->size = 0;
    b->too_large = b->no_memory = false;
}

void spw__buffer_trim(struct spw__buffer *b, size_t keep)
{
    if (b->capacity > keep)
        spw__buffer_free(b);
}

void spw__buffer_free(struct spw__buffer *b)
{
    spw_free(b->data);
    b->data = NULL;
    b->size = b->capacity = 0;
}
