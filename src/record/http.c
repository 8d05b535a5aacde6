/* Headers as carriers. (Specification: Propagators API.) */
#include <spanwire/http.h>
#include <string.h>
#include <strings.h>

#include "propagation.h"

#define MAX_VALUE 8192u

/* ---- headers ---- */

struct headers {
    const spw_header *list;
    size_t count;
};

static const char *header_at(void *carrier, const char *name, size_t index)
{
    const struct headers *headers = carrier;
    for (size_t i = 0; i < headers->count; i++) {
        const spw_header *header = &headers->list[i];
        if (header->name && header->value && strcasecmp(header->name, name) == 0 && index-- == 0)
            return header->value;
    }
    return NULL;
}

static const char *header_get(void *carrier, const char *name)
{
    return header_at(carrier, name, 0);
}

static const char *header_name_at(void *carrier, size_t index)
{
    const struct headers *headers = carrier;
    return index < headers->count ? headers->list[index].name : NULL;
}

spw_context spw_extract_headers(const spw_context *base, const spw_header *headers, size_t count)
{
    static const spw_getter getter = { sizeof getter, header_get, header_at, header_name_at };
    struct headers carrier = { headers, headers ? count : 0 };
    return spw_extract_with(base, &getter, &carrier);
}

/* ---- header lines ---- */

struct block {
    const char *text;
    size_t size;
    char value[MAX_VALUE + 1]; /* or name: what was asked for last */
};

struct line {
    const char *name, *value;
    size_t name_size, value_size;
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

/* The next header line of the block from *at; false at the empty line or the end. What is no header line is passed over. */
static bool next_line(const struct block *block, size_t *at, struct line *out)
{
    while (*at < block->size) {
        const char *from = block->text + *at;
        const char *end = memchr(from, '\n', block->size - *at);
        size_t size = end ? (size_t)(end - from) : block->size - *at;
        *at += size + 1;
        if (size && from[size - 1] == '\r')
            size--;
        if (!size)
            return false;
        const char *colon = memchr(from, ':', size);
        size_t name_size = colon ? (size_t)(colon - from) : 0;
        if (!name_size || is_space(from[0]) || memchr(from, ' ', name_size))
            continue;
        const char *value = colon + 1, *to = from + size;
        while (value < to && is_space(*value))
            value++;
        while (to > value && is_space(to[-1]))
            to--;
        *out = (struct line){ from, value, name_size, (size_t)(to - value) };
        return true;
    }
    return false;
}

/* A copy that is terminated; NULL when it is too long, or cut by a terminator within. */
static const char *keep(struct block *block, const char *text, size_t size)
{
    if (size > MAX_VALUE || memchr(text, '\0', size))
        return NULL;
    memcpy(block->value, text, size);
    block->value[size] = '\0';
    return block->value;
}

static const char *line_at(void *carrier, const char *name, size_t index)
{
    struct block *block = carrier;
    struct line line;
    size_t name_size = strlen(name);
    for (size_t at = 0; next_line(block, &at, &line);) {
        if (line.name_size == name_size && strncasecmp(line.name, name, name_size) == 0 && index-- == 0)
            return keep(block, line.value, line.value_size);
    }
    return NULL;
}

static const char *line_get(void *carrier, const char *name)
{
    return line_at(carrier, name, 0);
}

static const char *line_name_at(void *carrier, size_t index)
{
    struct block *block = carrier;
    struct line line;
    for (size_t at = 0; next_line(block, &at, &line);) {
        if (index-- == 0)
            return keep(block, line.name, line.name_size);
    }
    return NULL;
}

spw_context spw_extract_header_block(const spw_context *base, const char *text, size_t size)
{
    static const spw_getter getter = { sizeof getter, line_get, line_at, line_name_at };
    struct block block;
    block.text = text;
    block.size = text ? size : 0;
    return spw_extract_with(base, &getter, &block);
}
