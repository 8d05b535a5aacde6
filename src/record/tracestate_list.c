#include "tracestate_list.h"

#include <spanwire/context.h>
#include <string.h>

#define MAX_MEMBERS 32u
#define MAX_SIDE 256u  /* characters of a key, and of a value */
#define LONG_MEMBER 128u

static bool is_key_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '*' || c == '/' || c == '@';
}

static bool is_value_char(char c)
{
    return c >= 0x20 && c <= 0x7e && c != ',' && c != '=';
}

/* Level 2 lets keys start with a digit. */
static bool valid_key(const char *key, size_t size)
{
    if (!size || size > MAX_SIDE || !((key[0] >= 'a' && key[0] <= 'z') || (key[0] >= '0' && key[0] <= '9')))
        return false;
    for (size_t i = 0; i < size; i++) {
        if (!is_key_char(key[i]))
            return false;
    }
    return true;
}

static bool valid_value(const char *value, size_t size)
{
    if (!size || size > MAX_SIDE || value[size - 1] == ' ')
        return false;
    for (size_t i = 0; i < size; i++) {
        if (!is_value_char(value[i]))
            return false;
    }
    return true;
}

struct member {
    const char *text;
    size_t size, key_size;
};

/* The next member of a list at *at, without the white space around it; empty ones too. False past the last. */
static bool next_member(const char *list, size_t size, size_t *at, struct member *out)
{
    if (*at >= size)
        return false;
    const char *comma = memchr(list + *at, ',', size - *at);
    size_t from = *at, to = comma ? (size_t)(comma - list) : size;
    *at = to + 1;
    while (from < to && (list[from] == ' ' || list[from] == '\t'))
        from++;
    while (to > from && (list[to - 1] == ' ' || list[to - 1] == '\t'))
        to--;
    const char *equals = memchr(list + from, '=', to - from);
    *out = (struct member){ list + from, to - from, equals ? (size_t)(equals - (list + from)) : to - from };
    return true;
}

static bool find(const char *list, size_t size, const char *key, size_t key_size, struct member *out)
{
    for (size_t at = 0; next_member(list, size, &at, out);) {
        if (out->key_size == key_size && memcmp(out->text, key, key_size) == 0)
            return true;
    }
    return false;
}

static unsigned count_members(const char *list, size_t size)
{
    unsigned count = 0;
    struct member member;
    for (size_t at = 0; next_member(list, size, &at, &member);)
        count++;
    return count;
}

static bool valid_member(const struct member *member)
{
    return member->key_size < member->size && valid_key(member->text, member->key_size) &&
           valid_value(member->text + member->key_size + 1, member->size - member->key_size - 1);
}

size_t spw__trace_state_add(char *out, size_t used, const char *header)
{
    size_t size = strnlen(header, SPW__TRACE_STATE_READ);
    if (size == SPW__TRACE_STATE_READ)
        return SIZE_MAX;
    unsigned members = count_members(out, used);
    struct member member, twin;
    for (size_t at = 0; next_member(header, size, &at, &member);) {
        if (!member.size)
            continue; /* empty members are allowed */
        if (!valid_member(&member) || ++members > MAX_MEMBERS || used + 1 + member.size > SPW__TRACE_STATE_READ ||
            find(out, used, member.text, member.key_size, &twin))
            return SIZE_MAX;
        if (used)
            out[used++] = ',';
        memcpy(out + used, member.text, member.size);
        used += member.size;
    }
    return used;
}

/* Takes the member at text[from, from + size) out, with one of the commas beside it. */
static size_t cut(char *list, size_t size, const struct member *member)
{
    size_t from = (size_t)(member->text - list), to = from + member->size;
    if (to < size)
        to++;
    else if (from)
        from--;
    memmove(list + from, list + to, size - to);
    return size - (to - from);
}

/* The last member longer than `least` of those after the first `keep` bytes. */
static bool last_longer(const char *list, size_t size, size_t least, size_t keep, struct member *out)
{
    struct member member;
    bool found = false;
    for (size_t at = keep; next_member(list, size, &at, &member);) {
        if (member.size > least) {
            *out = member;
            found = true;
        }
    }
    return found;
}

/* "Entries larger than 128 characters long SHOULD be removed first. Then entries SHOULD be removed starting from the end of tracestate." */
static size_t fit_after(char *list, size_t size, size_t keep)
{
    struct member member;
    while (size > SPW__TRACE_STATE_MAX &&
           (last_longer(list, size, LONG_MEMBER, keep, &member) || last_longer(list, size, 0, keep, &member)))
        size = cut(list, size, &member);
    return size;
}

size_t spw__trace_state_fit(char *list, size_t size)
{
    return fit_after(list, size, 0);
}

/* ---- operations on spans (Specification: Trace API, TraceState) ---- */

size_t spw_trace_state_get(spw_span span, const char *key, char *out, size_t size)
{
    char list[SPW__TRACE_STATE_MAX];
    struct member member;
    size_t length = 0;
    const char *value = "";
    if (key && find(list, spw__trace_state_read(span.trace_state, list), key, strlen(key), &member)) {
        value = member.text + member.key_size + 1;
        length = member.size - member.key_size - 1;
    }
    if (size) {
        size_t n = length < size - 1 ? length : size - 1;
        memcpy(out, value, n);
        out[n] = '\0';
    }
    return length;
}

/* Reads the span's list behind the first `offset` bytes of `list`, without the key. Returns its size. */
static size_t read_without(spw_span span, const char *key, size_t key_size, char *list)
{
    size_t size = spw__trace_state_read(span.trace_state, list);
    struct member member;
    if (find(list, size, key, key_size, &member))
        size = cut(list, size, &member);
    return size;
}

spw_span spw_trace_state_remove(spw_span span, const char *key)
{
    char list[SPW__TRACE_STATE_MAX];
    if (!key || !span.trace_state)
        return span;
    span.trace_state = spw__trace_state_intern(list, read_without(span, key, strlen(key), list));
    return span;
}

spw_span spw_trace_state_set(spw_span span, const char *key, const char *value)
{
    size_t key_size = key ? strnlen(key, MAX_SIDE + 1) : 0, value_size = value ? strnlen(value, MAX_SIDE + 1) : 0;
    if (!valid_key(key, key_size) || !valid_value(value, value_size) || key_size + 1 + value_size > SPW__TRACE_STATE_MAX)
        return span;
    char list[2 * MAX_SIDE + 2 + SPW__TRACE_STATE_MAX];
    size_t first = key_size + 1 + value_size;
    memcpy(list, key, key_size);
    list[key_size] = '=';
    memcpy(list + key_size + 1, value, value_size);
    size_t rest = read_without(span, key, key_size, list + first + 1), size = first;
    struct member last;
    if (rest && count_members(list + first + 1, rest) >= MAX_MEMBERS && last_longer(list + first + 1, rest, 0, 0, &last))
        rest = cut(list + first + 1, rest, &last);
    if (rest) {
        list[first] = ',';
        size = fit_after(list, first + 1 + rest, first + 1);
    }
    span.trace_state = spw__trace_state_intern(list, size);
    return span;
}
