/*
 * A growable byte buffer with a maximum, and the memory budget several buffers share.
 *
 * Ownership: the caller owns the struct; spwv_buf_fini() frees the bytes, spwv_buf_detach() hands them over (free()).
 * Threads: a buffer belongs to one thread; a budget may be shared by all.
 * Failure: an append that would pass the maximum or the budget, or finds no memory, sets `failed` and changes nothing; later appends
 *   do nothing. Callers check `failed` once, at the end.
 * Limits: `max` bytes a buffer, `budget->max` bytes for all the buffers on a budget.
 */
#ifndef SPWV_BUF_H
#define SPWV_BUF_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct spwv_slice {
    const uint8_t *data;
    size_t size;
};

struct spwv_budget {
    atomic_size_t used;
    size_t max;
};

struct spwv_buf {
    char *data;
    size_t size;
    size_t capacity;
    size_t max;
    struct spwv_budget *budget; /* NULL: none */
    bool failed;
};

void spwv_buf_init(struct spwv_buf *buf, size_t max, struct spwv_budget *budget);
void spwv_buf_fini(struct spwv_buf *buf);

/* Room for `more` bytes behind size; NULL when it failed. The caller adds what it wrote to size. */
char *spwv_buf_reserve(struct spwv_buf *buf, size_t more);

void spwv_buf_add(struct spwv_buf *buf, const void *data, size_t size);
void spwv_buf_add_str(struct spwv_buf *buf, const char *text);
void spwv_buf_add_char(struct spwv_buf *buf, char c);
void spwv_buf_add_repeated(struct spwv_buf *buf, const char *text, size_t times);
void spwv_buf_printf(struct spwv_buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The bytes now belong to the caller, to be freed with free(); the budget's share is given back. NULL when nothing was written. */
char *spwv_buf_detach(struct spwv_buf *buf, size_t *size);

#endif
