/* Errors: exceptions as events, and error numbers as failures. (Specification: Trace API, Record Exception.) */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "errno_name.h"
#include "frame.h"
#include "span.h"

#define MOST_WHAT 512u /* bytes of the caller's text that go before the system's */
#define MOST_TEXT 256u

static void add_text(spw_attr own[3], size_t *count, const char *key, spw_view text)
{
    if (text.data)
        own[(*count)++] = spw_attr_string_n(key, text.data, text.size);
}

void spw__record_exception(uint64_t handle, spw_view type, spw_view message, spw_view stacktrace, const spw_attr *attrs, size_t count)
{
    struct spw__engine *engine = spw__engine_current();
    const spw_view name = { "exception", 9 };
    spw_attr own[3];
    size_t own_count = 0;
    add_text(own, &own_count, "exception.type", type);
    add_text(own, &own_count, "exception.message", message);
    add_text(own, &own_count, "exception.stacktrace", stacktrace);
    const size_t given = attrs ? count : 0;
    const struct spw__attrs list = { .own = own, .own_count = own_count, .given = attrs, .count = own_count + given };
    if (engine)
        spw__frame_event(engine, handle, name, spw__span_now(engine, handle), &list);
}

/* The system's text for an error, from whichever strerror_r() this C library has. */
static const char *text_of(int number, char *buffer, size_t size)
{
#if defined(__GLIBC__)
    return strerror_r(number, buffer, size);
#else
    if (strerror_r(number, buffer, size) != 0)
        (void)snprintf(buffer, size, "error %d", number);
    return buffer;
#endif
}

/* Cut before a character that would not be whole. */
static size_t cut(const char *text, size_t size, size_t most)
{
    if (size <= most)
        return size;
    size = most;
    while (size && ((unsigned char)text[size] & 0xc0) == 0x80)
        size--;
    return size;
}

void spw__fail_errno(uint64_t handle, int number, const char *what, size_t what_size)
{
    const int saved = errno;
    char text[MOST_TEXT], message[MOST_WHAT + MOST_TEXT];
    if (number < 0)
        number = number == INT32_MIN ? 0 : -number;
    const char *name = spw__errno_name(number);
    const char *said = number ? text_of(number, text, sizeof text) : "";
    size_t size = cut(what, what_size, MOST_WHAT), said_size = cut(said, strlen(said), MOST_TEXT - 2);
    memcpy(message, what ? what : "", size);
    if (size && said_size) {
        memcpy(message + size, ": ", 2);
        size += 2;
    }
    memcpy(message + size, said, said_size);
    if (!name)
        name = "_OTHER";
    spw__set_string(handle, "error.type", 10, name, strlen(name));
    spw__set_status(handle, SPW_STATUS_ERROR, message, size + said_size);
    errno = saved;
}
