#include "scope.h"

#include <string.h>

#include "utf8.h"
#include "wire.h"

#define MAX_TEXT 1024u /* of a name, a version, a schema URL */

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
static bool append(struct spw__scopes *scopes, const spw_view text[3], uint16_t provider)
{
    size_t inner = field_size(text[0].size) + field_size(text[1].size);
    size_t framed = 1 + spw__varint_size(inner) + inner;
    size_t total = framed + text[0].size + text[1].size + text[2].size;
    if (scopes->count == SPW__MAX_SCOPES || scopes->used + total > SPW__SCOPE_BYTES)
        return false;

    uint8_t *p = scopes->bytes + scopes->used;
    *p++ = 0x0a; /* ScopeSpans.scope */
    p = spw__put_varint(p, inner);
    p = put_field(p, 0x0a, text[0].data, text[0].size);
    p = put_field(p, 0x12, text[1].data, text[1].size);
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
        .provider = provider,
    };
    scopes->used += (uint32_t)total;
    return true;
}

void spw__scopes_init(struct spw__scopes *scopes)
{
    scopes->magic = SPW__SCOPE_MAGIC;
    scopes->version = 1;
    const spw_view none[3] = { { NULL, 0 }, { NULL, 0 }, { NULL, 0 } };
    if (append(scopes, none, 0))
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
    out->provider = e->provider;
}

static bool equal(spw_view a, spw_view b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static uint32_t find(const struct spw__scopes *scopes, const spw_view text[3], uint16_t provider)
{
    for (uint32_t i = 0; i < scopes->count; i++) {
        struct spw__scope_parts parts;
        spw__scope_read(scopes, i, &parts);
        if (parts.provider == provider && equal(parts.name, text[0]) && equal(parts.version, text[1]) && equal(parts.schema_url, text[2]))
            return i;
    }
    return SPW__MAX_SCOPES;
}

uint32_t spw__scope_intern(struct spw__scopes *scopes, pthread_mutex_t *lock, spw_view name, spw_view version, spw_view schema_url,
                           uint16_t provider)
{
    char repaired[3][MAX_TEXT];
    const spw_view given[3] = { name, version, schema_url };
    spw_view text[3];
    for (int i = 0; i < 3; i++)
        text[i] = (spw_view){ repaired[i], spw__utf8_repair(repaired[i], MAX_TEXT, given[i].data, given[i].size) };

    pthread_mutex_lock(lock);
    uint32_t number = find(scopes, text, provider);
    if (number == SPW__MAX_SCOPES) {
        number = SPW__SCOPE_DEFAULT;
        if (append(scopes, text, provider)) {
            number = scopes->count;
            __atomic_store_n(&scopes->count, number + 1, __ATOMIC_RELEASE);
        }
    }
    pthread_mutex_unlock(lock);
    return number;
}
