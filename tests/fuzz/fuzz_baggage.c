/*
 * W3C Baggage. As a header: what is extracted is what a slow, obvious reader of the grammar makes of it; what is injected is within the
 * limits and is extracted as the same. As an API: set and remove in any order against a plain list. The first byte says which.
 */
#include <spanwire/baggage.h>
#include <spanwire/propagation.h>

#include "fuzz/input.h"
#include "fuzz/slow.h"

enum { FIELDS = 4, MOST = 512 };

struct entry {
    char *name, *value, *metadata;
    size_t name_size, value_size, metadata_size;
};

/* What is expected, in order. */
static struct entry expected[MOST];
static size_t expected_count;

static char *piece(const char *from, size_t size)
{
    char *text = malloc(size + 1);
    must(text != NULL);
    memcpy(text, from, size);
    text[size] = '\0';
    return text;
}

static void forget(size_t i)
{
    free(expected[i].name);
    free(expected[i].value);
    free(expected[i].metadata);
    expected_count--;
    memmove(&expected[i], &expected[i + 1], (expected_count - i) * sizeof expected[0]);
}

static void forget_name(const char *name, size_t size)
{
    for (size_t i = 0; i < expected_count; i++)
        if (expected[i].name_size == size && memcmp(expected[i].name, name, size) == 0) {
            forget(i);
            return;
        }
}

static void same(const spw_context *context)
{
    spw_baggage_entry entry;
    size_t at = 0, i = 0;
    must(spw_baggage_count(context) == expected_count);
    for (; spw_baggage_next(context, &at, &entry); i++) {
        must(i < expected_count);
        const struct entry *e = &expected[i];
        must(entry.name.size == e->name_size && memcmp(entry.name.data, e->name, e->name_size) == 0 && !entry.name.data[entry.name.size]);
        must(is_utf8(entry.value.data, entry.value.size) && !entry.value.data[entry.value.size]);
        if (is_utf8(e->value, e->value_size)) /* what is not is repaired: tests/unit/test_utf8.c says how */
            must(entry.value.size == e->value_size && memcmp(entry.value.data, e->value, e->value_size) == 0);
        must(entry.metadata.size == e->metadata_size && memcmp(entry.metadata.data, e->metadata, e->metadata_size) == 0);
        must(strcmp(spw_baggage_get(context, e->name), entry.value.data) == 0 || strlen(e->name) != e->name_size);
    }
    must(i == expected_count);
}

static void forget_all(void)
{
    while (expected_count)
        forget(expected_count - 1);
}

/* ---- the header ---- */

static char *fields[FIELDS];
static size_t field_count;

static const char *get_at(void *arg, const char *name, size_t index)
{
    (void)arg;
    return strcmp(name, "baggage") == 0 && index < field_count ? fields[index] : NULL;
}

static const char *get(void *arg, const char *name)
{
    return get_at(arg, name, 0);
}

static const char *blanks(const char *from, const char *to)
{
    while (from < to && (*from == ' ' || *from == '\t'))
        from++;
    return from;
}

static const char *blanks_back(const char *from, const char *to)
{
    while (to > from && (to[-1] == ' ' || to[-1] == '\t'))
        to--;
    return to;
}

static bool token(const char *from, const char *to)
{
    static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~";
    bool some = from < to;
    for (; from < to; from++)
        if (!*from || !strchr(set, *from))
            return false;
    return some;
}

static size_t unescape(const char *from, const char *to, char *out)
{
    static const char digits[] = "0123456789ABCDEFabcdef";
    size_t n = 0;
    while (from < to) {
        const char *high = to - from > 2 && *from == '%' && from[1] ? strchr(digits, from[1]) : NULL;
        const char *low = high && from[2] ? strchr(digits, from[2]) : NULL;
        if (!low) {
            out[n++] = *from++;
            continue;
        }
        long h = high - digits, l = low - digits;
        out[n++] = (char)((h > 15 ? h - 6 : h) * 16 + (l > 15 ? l - 6 : l));
        from += 3;
    }
    return n;
}

/* One member, as the grammar has it: token OWS = OWS value *( OWS ; property ). */
static void expect_member(const char *from, const char *to)
{
    const char *equals = memchr(from, '=', (size_t)(to - from));
    if (!equals)
        return;
    const char *semicolon = memchr(equals, ';', (size_t)(to - equals)), *value_to = semicolon ? semicolon : to;
    const char *name = blanks(from, equals), *name_to = blanks_back(name, equals);
    const char *value = blanks(equals + 1, value_to), *rest = semicolon ? blanks(semicolon + 1, to) : to;
    value_to = blanks_back(value, value_to);
    const char *rest_to = blanks_back(rest, to);
    if (!token(name, name_to))
        return;
    for (const char *p = value; p < value_to; p++)
        if (*p <= 0x20 || *p >= 0x7f || strchr("\",;\\", *p))
            return;
    for (const char *p = rest; p < rest_to; p++)
        if ((*p < 0x20 && *p != '\t') || *p >= 0x7f || strchr("\",\\", *p))
            return;
    forget_name(name, (size_t)(name_to - name));
    struct entry *e = &expected[expected_count++];
    e->name = piece(name, e->name_size = (size_t)(name_to - name));
    e->value = malloc((size_t)(value_to - value) + 1);
    must(e->value != NULL);
    e->value_size = unescape(value, value_to, e->value);
    e->metadata = piece(rest, e->metadata_size = (size_t)(rest_to - rest));
}

/* The fields joined by commas, cut before the first member that would end past the limit; then the first 64 members that are not empty. */
static void expect_header(void)
{
    char *joined = malloc(FIELDS * 70000);
    size_t size = 0, members = 0;
    must(joined != NULL);
    for (size_t i = 0; i < field_count; i++) {
        size_t n = strlen(fields[i]);
        if (!n)
            continue;
        if (size)
            joined[size++] = ',';
        memcpy(joined + size, fields[i], n);
        size += n;
        if (size > SPW_MAX_BAGGAGE_HEADER_BYTES) {
            size = SPW_MAX_BAGGAGE_HEADER_BYTES + 1;
            while (size && joined[size - 1] != ',')
                size--;
            size -= size > 0;
            break;
        }
    }
    for (size_t at = 0; at < size;) {
        const char *comma = memchr(joined + at, ',', size - at), *to = comma ? comma : joined + size, *from = blanks(joined + at, to);
        at = (size_t)(to - joined) + 1;
        to = blanks_back(from, to);
        if (from < to && ++members <= SPW_MAX_BAGGAGE_MEMBERS)
            expect_member(from, to);
    }
    free(joined);
}

static void take(void *arg, const char *name, const char *value)
{
    char **header = arg;
    must(strcmp(name, "baggage") == 0 && !*header);
    *header = piece(value, strlen(value));
}

static void check_header(const char *header)
{
    size_t members = *header != '\0';
    for (const char *p = header; *p; p++) {
        members += *p == ',';
        must((*p >= 0x20 && *p < 0x7f) || *p == '\t');
    }
    must(members <= SPW_MAX_BAGGAGE_MEMBERS && strlen(header) <= SPW_MAX_BAGGAGE_HEADER_BYTES);
}

static void read_header(struct input *in)
{
    static const spw_propagator *const baggage[] = { &spw_propagator_baggage };
    spw_getter getter = SPW_GETTER_INIT;
    getter.get = get;
    getter.get_at = get_at;
    uint8_t repeat = input_byte(in);
    for (field_count = 0; field_count < FIELDS && in->left; field_count++) {
        const uint8_t *end = memchr(in->at, '\n', in->left);
        char *line = input_text(in, end ? (size_t)(end - in->at) : in->left, NULL);
        (void)input_byte(in);
        size_t n = strlen(line), times = field_count == 0 ? 1 + repeat % 32u : 1; /* so that short inputs reach the limits */
        fields[field_count] = malloc(times * (n + 1));
        must(fields[field_count] != NULL);
        for (size_t i = 0; i < times; i++) {
            memcpy(fields[field_count] + i * (n + 1), line, n);
            fields[field_count][i * (n + 1) + n] = i + 1 < times ? ',' : '\0';
        }
        if (strlen(fields[field_count]) > 65000)
            fields[field_count][65000] = '\0';
        free(line);
    }
    spw_context first = spw_extract_by(baggage, 1, NULL, &getter, NULL);
    expect_header();
    same(&first);
    char *header = NULL;
    spw_inject_by(baggage, 1, &first, take, &header);
    must((header != NULL) == (expected_count > 0) || header == NULL);
    size_t count = expected_count;
    while (field_count)
        free(fields[--field_count]);
    if (header) {
        check_header(header);
        fields[0] = header;
        field_count = 1;
        spw_context second = spw_extract_by(baggage, 1, NULL, &getter, NULL);
        must(spw_baggage_count(&second) <= count);
        if (spw_baggage_count(&second) == count)
            for (size_t i = 0, a = 0, b = 0; i < count; i++) {
                spw_baggage_entry x, y;
                must(spw_baggage_next(&first, &a, &x) && spw_baggage_next(&second, &b, &y));
                must(x.value.size == y.value.size && memcmp(x.value.data, y.value.data, x.value.size) == 0);
                must(x.metadata.size == y.metadata.size && memcmp(x.name.data, y.name.data, x.name.size) == 0);
            }
        spw_context_release(&second);
        free(header);
        field_count = 0;
    }
    spw_context_release(&first);
}

/* ---- the API ---- */

static size_t expected_bytes(void)
{
    size_t n = 0;
    for (size_t i = 0; i < expected_count; i++)
        n += expected[i].name_size + expected[i].value_size + expected[i].metadata_size;
    return n;
}

static bool printable(const char *text)
{
    for (; *text; text++)
        if ((*text < 0x20 && *text != '\t') || *text >= 0x7f || strchr("\",\\", *text))
            return false;
    return true;
}

static void set(struct input *in, spw_context *context)
{
    uint8_t sizes = input_byte(in), more = input_byte(in);
    char *name = input_text(in, sizes % 4, NULL), *text = input_text(in, sizes >> 4, NULL), *metadata = input_text(in, more % 8, NULL);
    size_t pad = more > 250 ? 30000 : 0, n = strlen(text);
    char *value = malloc(n + pad + 1);
    must(value != NULL);
    memcpy(value, text, n);
    memset(value + n, 'x', pad);
    value[n + pad] = '\0';
    spw_context changed = spw_baggage_set_with_metadata(context, name, value, metadata);
    size_t size = strlen(name) + n + pad + strlen(metadata), others = expected_bytes();
    bool there = false;
    for (size_t i = 0; i < expected_count; i++)
        if (strcmp(expected[i].name, name) == 0) {
            there = true;
            others -= expected[i].name_size + expected[i].value_size + expected[i].metadata_size;
        }
    bool fits = others + size <= SPW_MAX_BAGGAGE_BYTES && expected_count - there < SPW_MAX_BAGGAGE_ENTRIES;
    if (*name && is_utf8(name, strlen(name)) && is_utf8(value, n + pad) && printable(metadata) && fits) {
        forget_name(name, strlen(name));
        expected[expected_count++] = (struct entry){ piece(name, strlen(name)),         piece(value, n + pad), piece(metadata, strlen(metadata)),
                                                     strlen(name), n + pad, strlen(metadata) };
    }
    spw_context_release(context);
    *context = changed;
    free(name);
    free(text);
    free(metadata);
    free(value);
}

static void drop(struct input *in, spw_context *context)
{
    char *name = input_text(in, input_byte(in) % 4, NULL);
    spw_context changed = spw_baggage_remove(context, name);
    forget_name(name, strlen(name));
    spw_context_release(context);
    *context = changed;
    free(name);
}

static void change(struct input *in)
{
    spw_context context = spw_context_retain(NULL);
    while (in->left) {
        uint8_t what = input_byte(in);
        if (what == 0) {
            spw_context changed = spw_baggage_clear(&context);
            forget_all();
            spw_context_release(&context);
            context = changed;
        } else if (what % 4 == 1) {
            drop(in, &context);
        } else {
            set(in, &context);
        }
        must(spw_baggage_count(&context) == expected_count);
    }
    same(&context);
    spw_context_release(&context);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = { data, size };
    if (input_byte(&in) & 1)
        change(&in);
    else
        read_header(&in);
    forget_all();
    return 0;
}
