/* A byte buffer that grows to a maximum given at init and no further. What does not fit is not written, and said: once failed it stays so until
 * cleared. Not thread-safe. */
#ifndef SPW_SDK_BUFFER_H
#define SPW_SDK_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct spw__buffer {
    uint8_t *data;
    size_t size;
    size_t capacity;
    size_t most;
    bool too_large;
    bool no_memory;
};

/* Room for `size` more bytes at the end, counted in; NULL when there is none. */
uint8_t *spw__buffer_extend(struct spw__buffer *b, size_t size);

void spw__buffer_put(struct spw__buffer *b, const void *data, size_t size);
void spw__buffer_put_varint(struct spw__buffer *b, uint64_t value);

/* `tag size bytes`. */
void spw__buffer_put_field(struct spw__buffer *b, uint8_t tag, const void *data, size_t size);

static inline bool spw__buffer_failed(const struct spw__buffer *b)
{
    return b->too_large || b->no_memory;
}

/* Empties it, failure included; the memory stays. */
void spw__buffer_clear(struct spw__buffer *b);

/* Gives the memory back when it is more than `keep`. */
void spw__buffer_trim(struct spw__buffer *b, size_t keep);
void spw__buffer_free(struct spw__buffer *b);

#endif
