#include "scope.h"

#include <string.h>

#include "list.h"
#include "utf8.h"
#include "wire.h"

#define MAX_TEXT 1024u /* of a name, a version, a schema URL */
#define MAX_ATTRIBUTES 128u
#define MAX_ATTRIBUTE_BYTES 4096u
#define MAX_VARINT 10u

enum { TAG_SCOPE = 0x0a, TAG_NAME = 0x0a, TAG_VERSION = 0x12, TAG_ATTRIBUTE = 0x1a, TAG_DROPPED = 0x20 };

/* What tells scopes apart. */
struct identity {
    spw_view text[3]; /* name, version, schema URL */
    spw_view attributes;
    uint32_t dropped;
    uint16_t provider;
};

static uint8_t *put_field(uint8_t *p, uint8_t tag, const char *text, size_t size)
{
    if (!size)
        return p;
    *p++ = tag;
    p = spw__put_varint(p, size);
    memcpy(p, text, size);
    return p + size;
}

static size_t field_size(size_t size)
{
    return size ? 1 + spw__varint_size(size) + size : 0;
}

/* Writes entry bytes at the end of the table; the caller holds the lock and publishes `count`. */
static bool append(struct spw__scopes *scopes, const struct identity *id)
{
    const spw_view *text = id->text;
    size_t inner = field_size(text[0].size) + field_size(text[1].size) + id->attributes.size;
    size_t framed = 1 + spw__varint_size(inner) + inner;
    size_t total = framed + text[0].size + text[1].size + text[2].size;
    if (scopes->count == SPW__MAX_SCOPES || scopes->used + total > SPW__SCOPE_BYTES)
        return false;

    uint8_t *p = scopes->bytes + scopes->used;
    *p++ = TAG_SCOPE;
    p = spw__put_varint(p, inner);
    p = put_field(p, TAG_NAME, text[0].data, text[0].size);
    p = put_field(p, TAG_VERSION, text[1].data, text[1].size);
    p = spw__put_bytes(p, id->attributes.data, id->attributes.size);
    for (int i = 0; i < 3; i++) {
        if (text[i].size)
            memcpy(p, text[i].data, text[i].size);
        p += text[i].size;
    }
    scopes->entries[scopes->count] = (struct spw__scope_entry){
        .offset = scopes->used,
        .framed_size = (uint32_t)framed,
        .name_size = (uint16_t)text[0].size,
        .version_size = (uint16_t)text[1].size,
        .schema_size = (uint16_t)text[2].size,
        .provider = id->provider,
        .attributes_size = (uint32_t)id->attributes.size,
        .dropped = id->dropped,
    };
    scopes->used += (uint32_t)total;
    return true;
}

void spw__scopes_init(struct spw__scopes *scopes)
{
    scopes->magic = SPW__SCOPE_MAGIC;
    scopes->version = 1;
    const struct identity none = { .provider = 0 };
    if (append(scopes, &none))
        __atomic_store_n(&scopes->count, 1, __ATOMIC_RELEASE);
}

void spw__scope_read(const struct spw__scopes *scopes, uint32_t number, struct spw__scope_parts *out)
{
    uint32_t count = __atomic_load_n(&scopes->count, __ATOMIC_ACQUIRE);
    const struct spw__scope_entry *e = &scopes->entries[number < count ? number : SPW__SCOPE_DEFAULT];
    const char *at = (const char *)scopes->bytes + e->offset;
    out->framed = (spw_view){ at, e->framed_size };
    out->name = (spw_view){ at + e->framed_size, e->name_size };
    out->version = (spw_view){ out->name.data + e->name_size, e->version_size };
    out->schema_url = (spw_view){ out->version.data + e->version_size, e->schema_size };
    out->attributes = (spw_view){ out->name.data - e->attributes_size, e->attributes_size };
    out->dropped = e->dropped;
    out->provider = e->provider;
}

static bool equal(spw_view a, spw_view b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static uint32_t find(const struct spw__scopes *scopes, const struct identity *id)
{
    for (uint32_t i = 0; i < scopes->count; i++) {
        struct spw__scope_parts parts;
        spw__scope_read(scopes, i, &parts);
        if (parts.provider == id->provider && equal(parts.name, id->text[0]) && equal(parts.version, id->text[1]) &&
            equal(parts.schema_url, id->text[2]) && equal(parts.attributes, id->attributes))
            return i;
    }
    return SPW__MAX_SCOPES;
}

static uint32_t find_or_append(struct spw__scopes *scopes, pthread_mutex_t *lock, const struct identity *id)
{
    pthread_mutex_lock(lock);
    uint32_t number = find(scopes, id);
    if (number == SPW__MAX_SCOPES) {
        number = SPW__SCOPE_DEFAULT;
        if (append(scopes, id)) {
            number = scopes->count;
            __atomic_store_n(&scopes->count, number + 1, __ATOMIC_RELEASE);
        }
    }
    pthread_mutex_unlock(lock);
    return number;
}

/* With attributes; apart, because of the room for them on the stack. */
static __attribute__((noinline)) uint32_t intern_attributes(struct spw__scopes *scopes, pthread_mutex_t *lock, struct identity *id,
                                                            const spw_attr *attributes, size_t count)
{
    uint8_t bytes[MAX_ATTRIBUTE_BYTES + 1 + MAX_VARINT];
    struct spw__list list = { .attrs = { .given = attributes, .count = count },
                              .limits = { .value_length = UINT32_MAX, .span_bytes = SPW__MAX_SPAN_BYTES },
                              .most = MAX_ATTRIBUTES,
                              .tag = TAG_ATTRIBUTE };
    struct spw__writer writer = { .flat = bytes };
    spw__list_measure(&list);
    id->dropped = list.dropped;
    if (list.bytes <= MAX_ATTRIBUTE_BYTES)
        spw__list_write(&list, &writer);
    else
        id->dropped = count < UINT32_MAX ? (uint32_t)count : UINT32_MAX;
    uint8_t *p = writer.flat;
    if (id->dropped) {
        *p++ = TAG_DROPPED;
        p = spw__put_varint(p, id->dropped);
    }
    id->attributes = (spw_view){ (const char *)bytes, (size_t)(p - bytes) };
    return find_or_append(scopes, lock, id);
}

uint32_t spw__scope_intern(struct spw__scopes *scopes, pthread_mutex_t *lock, const spw_tracer *tracer, uint16_t provider)
{
    char repaired[3][MAX_TEXT];
    const char *const given[3] = { tracer->name, tracer->version, tracer->schema_url };
    struct identity id = { .provider = provider };
    for (int i = 0; i < 3; i++)
        id.text[i] = (spw_view){ repaired[i], spw__utf8_repair(repaired[i], MAX_TEXT, given[i], spw__len(given[i])) };
    if (tracer->attributes && tracer->attribute_count)
        return intern_attributes(scopes, lock, &id, tracer->attributes, tracer->attribute_count);
    return find_or_append(scopes, lock, &id);
}
