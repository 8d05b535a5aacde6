/* W3C Baggage, in and out. A member that does not follow the grammar is left out, and counted; the others stay. */
#include <spanwire/allocator.h>
#include <string.h>

#include "baggage.h"
#include "propagation.h"
#include "utf8.h"

#define MAX_BYTES SPW_MAX_BAGGAGE_HEADER_BYTES
#define MAX_MEMBERS SPW_MAX_BAGGAGE_MEMBERS

/* ---- the grammar ---- */

static bool is_token_char(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c && strchr("!#$%&'*+-.^_`|~", c));
}

/* "US-ASCII characters excluding CTLs, whitespace, DQUOTE, comma, semicolon, and backslash" */
static bool is_value_char(unsigned char c)
{
    return c > 0x20 && c < 0x7f && c != '"' && c != ',' && c != ';' && c != '\\';
}

static bool all(spw_view text, bool (*is)(unsigned char c))
{
    for (size_t i = 0; i < text.size; i++) {
        if (!is((unsigned char)text.data[i]))
            return false;
    }
    return true;
}

static spw_view trim(spw_view text)
{
    while (text.size && (text.data[0] == ' ' || text.data[0] == '\t')) {
        text.data++;
        text.size--;
    }
    while (text.size && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t'))
        text.size--;
    return text;
}

/* Splits off what is before the first `c`; `rest` is what is behind it. False, and all is before, when there is none. */
static bool split(spw_view text, char c, spw_view *before, spw_view *rest)
{
    const char *at = text.size ? memchr(text.data, c, text.size) : NULL;
    size_t size = at ? (size_t)(at - text.data) : text.size;
    *before = (spw_view){ text.data, size };
    *rest = at ? (spw_view){ at + 1, text.size - size - 1 } : (spw_view){ text.data + size, 0 };
    return at != NULL;
}

/* ---- in ---- */

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Decodes %XX; a percent sign before anything else stands for itself. At most as long as it was. */
static size_t decode(char *out, spw_view text)
{
    size_t used = 0;
    for (size_t i = 0; i < text.size; i++) {
        int high = text.data[i] == '%' && i + 2 < text.size ? digit(text.data[i + 1]) : -1;
        int low = high < 0 ? -1 : digit(text.data[i + 2]);
        if (low < 0) {
            out[used++] = text.data[i];
        } else {
            out[used++] = (char)(high << 4 | low);
            i += 2;
        }
    }
    return used;
}

/* One member into the block; false when it is malformed. The two scratch places hold as much as a header. */
static bool take_member(struct spw__baggage *into, spw_view member, char *decoded, char *repaired)
{
    spw_view name, value, metadata, rest;
    if (!split(member, '=', &name, &rest))
        return false;
    split(rest, ';', &value, &metadata);
    name = trim(name);
    value = trim(value);
    metadata = trim(metadata);
    if (!name.size || !all(name, is_token_char) || !all(value, is_value_char) ||
        !spw__baggage_metadata_valid(metadata.data, metadata.size))
        return false;
    value = (spw_view){ decoded, decode(decoded, value) };
    if (!spw__utf8_valid(value.data, value.size)) /* a wrong byte was three, encoded, and becomes three: U+FFFD */
        value = (spw_view){ repaired, spw__utf8_repair(repaired, MAX_BYTES, value.data, value.size) };
    spw__baggage_drop(into, name);
    spw__baggage_append(into, &(spw_baggage_entry){ name, value, metadata });
    return true;
}

/* The whole of the fields, as one list of at most MAX_BYTES, in allocated memory. */
struct header {
    char *text;
    size_t size;
    bool cut; /* members were left off: over the limit, or out of memory */
};

/* What of the field fits into so many bytes: all, or up to a comma. */
static size_t fitting(const char *field, size_t room, bool *cut)
{
    size_t size = strnlen(field, room + 1);
    if (size <= room)
        return size;
    *cut = true;
    size = room + 1;
    while (size && field[size - 1] != ',')
        size--;
    return size ? size - 1 : 0;
}

static bool add_field(struct header *header, const char *field)
{
    size_t used = header->size + (header->size ? 1 : 0);
    size_t size = fitting(field, used < MAX_BYTES ? MAX_BYTES - used : 0, &header->cut);
    if (!size)
        return !header->cut;
    char *text = spw_reallocate(header->text, used + size);
    if (!text) {
        header->cut = true;
        return false;
    }
    if (header->size)
        text[header->size] = ',';
    memcpy(text + used, field, size);
    *header = (struct header){ text, used + size, header->cut };
    return !header->cut;
}

static struct spw__baggage *parse(const struct header *header)
{
    struct spw__baggage *baggage = spw__baggage_new(MAX_MEMBERS, header->size);
    char *scratch = spw_allocate(2 * MAX_BYTES);
    spw_view rest = { header->text, header->size }, member;
    size_t members = 0;
    for (bool more = baggage && scratch; more;) {
        more = split(rest, ',', &member, &rest);
        member = trim(member);
        if (!member.size)
            continue;
        if (++members > MAX_MEMBERS || !take_member(baggage, member, scratch, scratch + MAX_BYTES))
            spw__baggage_count_lost(1);
    }
    if (!baggage || !scratch) {
        spw__baggage_count_lost(1);
        spw__baggage_release(baggage);
        baggage = NULL;
    }
    spw_free(scratch);
    return baggage;
}

static void extract(const spw_propagator *self, spw_context *context, const spw_getter *getter, void *carrier)
{
    (void)self;
    struct header header = { NULL, 0, false };
    const char *field;
    for (size_t i = 0; i < MAX_BYTES && (field = spw__getter_at(getter, carrier, "baggage", i)) != NULL; i++) {
        if (!add_field(&header, field))
            break;
    }
    if (header.cut)
        spw__baggage_count_lost(1);
    struct spw__baggage *baggage = header.text ? parse(&header) : NULL;
    if (baggage && baggage->count) {
        spw_context changed = spw__baggage_into(context, baggage);
        spw_context_release(context);
        *context = changed;
    } else {
        spw__baggage_release(baggage);
    }
    spw_free(header.text);
}

/* ---- out ---- */

static bool stays(unsigned char c)
{
    return is_value_char(c) && c != '%';
}

static size_t encoded_size(spw_view text)
{
    size_t size = text.size;
    for (size_t i = 0; i < text.size; i++)
        size += stays((unsigned char)text.data[i]) ? 0 : 2;
    return size;
}

static size_t member_size(const spw_baggage_entry *entry)
{
    return entry->name.size + 1 + encoded_size(entry->value) + (entry->metadata.size ? 1 + entry->metadata.size : 0);
}

static char *put(char *out, spw_view text)
{
    memcpy(out, text.data, text.size);
    return out + text.size;
}

static char *put_member(char *out, const spw_baggage_entry *entry)
{
    static const char digits[] = "0123456789ABCDEF";
    out = put(out, entry->name);
    *out++ = '=';
    for (size_t i = 0; i < entry->value.size; i++) {
        unsigned char c = (unsigned char)entry->value.data[i];
        *out++ = stays(c) ? (char)c : '%';
        if (!stays(c)) {
            *out++ = digits[c >> 4];
            *out++ = digits[c & 15];
        }
    }
    if (entry->metadata.size) {
        *out++ = ';';
        out = put(out, entry->metadata);
    }
    return out;
}

/* How many of the entries travel, and how long their header is: tokens only, and none from where a limit is reached. */
static uint32_t fit(const struct spw__baggage *baggage, size_t *size)
{
    uint32_t end = 0, members = 0;
    for (*size = 0; end < baggage->count; end++) {
        const spw_baggage_entry *entry = &baggage->entries[end];
        if (!all(entry->name, is_token_char)) {
            spw__baggage_count_lost(1);
            continue;
        }
        size_t more = member_size(entry) + (members ? 1 : 0);
        if (members == MAX_MEMBERS || *size + more > MAX_BYTES)
            break;
        members++;
        *size += more;
    }
    spw__baggage_count_lost(baggage->count - end);
    return end;
}

static void inject(const spw_propagator *self, const spw_context *context, spw_carrier_set_fn set, void *carrier)
{
    (void)self;
    const struct spw__baggage *baggage = spw__baggage_of(context);
    size_t size = 0;
    uint32_t count = baggage ? fit(baggage, &size) : 0;
    if (!size)
        return;
    char *header = spw_allocate(size + 1), *at = header;
    if (!header) {
        spw__baggage_count_lost(count);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!all(baggage->entries[i].name, is_token_char))
            continue;
        if (at != header)
            *at++ = ',';
        at = put_member(at, &baggage->entries[i]);
    }
    *at = '\0';
    set(carrier, "baggage", header);
    spw_free(header);
}

static const char *const fields[] = { "baggage", NULL };

const spw_propagator spw_propagator_baggage = {
    .struct_size = sizeof(spw_propagator),
    .name = "baggage",
    .inject = inject,
    .extract = extract,
    .fields = fields,
};
