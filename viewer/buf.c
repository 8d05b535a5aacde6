/* Growable buffers with a maximum. Ownership and failure: buf.h. */
#include "buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 256 };

static bool budget_take(struct spwv_budget *budget, size_t size)
{
    if (!budget)
        return true;
    size_t used = atomic_load(&budget->used);
    do {
        if (size > budget->max - used)
            return false;
    } while (!atomic_compare_exchange_weak(&budget->used, &used, used + size));
    return true;
}

static void budget_give(struct spwv_budget *budget, size_t size)
{
    if (budget)
        atomic_fetch_sub(&budget->used, size);
}

void spwv_buf_init(struct spwv_buf *buf, size_t max, struct spwv_budget *budget)
{
    *buf = (struct spwv_buf){.max = max, .budget = budget};
}

void spwv_buf_fini(struct spwv_buf *buf)
{
    free(buf->data);
    budget_give(buf->budget, buf->capacity);
    spwv_buf_init(buf, buf->max, buf->budget);
}

static bool grow(struct spwv_buf *buf, size_t needed)
{
    size_t capacity = buf->capacity ? buf->capacity : FIRST_CAPACITY;
    while (capacity < needed)
        capacity = capacity > buf->max / 2 ? buf->max : capacity * 2;
    if (capacity > buf->max)
        capacity = buf->max;
    size_t more = capacity - buf->capacity;
    if (!budget_take(buf->budget, more))
        return false;
    char *data = realloc(buf->data, capacity);
    if (!data) {
        budget_give(buf->budget, more);
        return false;
    }
    buf->data = data;
    buf->capacity = capacity;
    return true;
}

char *spwv_buf_reserve(struct spwv_buf *buf, size_t more)
{
    if (buf->failed)
        return NULL;
    if (more > buf->max - buf->size || (more > buf->capacity - buf->size && !grow(buf, buf->size + more))) {
        buf->failed = true;
        return NULL;
    }
    return buf->data + buf->size;
}

void spwv_buf_add(struct spwv_buf *buf, const void *data, size_t size)
{
    if (!size)
        return;
    char *at = spwv_buf_reserve(buf, size);
    if (!at)
        return;
    memcpy(at, data, size);
    buf->size += size;
}

void spwv_buf_add_str(struct spwv_buf *buf, const char *text)
{
    spwv_buf_add(buf, text, strlen(text));
}

void spwv_buf_add_char(struct spwv_buf *buf, char c)
{
    spwv_buf_add(buf, &c, 1);
}

void spwv_buf_add_repeated(struct spwv_buf *buf, const char *text, size_t times)
{
    for (size_t i = 0; i < times; i++)
        spwv_buf_add_str(buf, text);
}

void spwv_buf_printf(struct spwv_buf *buf, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    int size = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (size < 0 || (size_t)size >= sizeof text) {
        buf->failed = true; /* for short, bounded pieces only */
        return;
    }
    spwv_buf_add(buf, text, (size_t)size);
}

char *spwv_buf_detach(struct spwv_buf *buf, size_t *size)
{
    char *data = buf->data;
    *size = buf->size;
    budget_give(buf->budget, buf->capacity);
    spwv_buf_init(buf, buf->max, buf->budget);
    return data;
}
