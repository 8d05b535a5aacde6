/* Collects attributes: one key, one attribute, the last one stays. (Specification: Resource SDK, Merge.) */
#include <spanwire/allocator.h>
#include <string.h>

#include "record/utf8.h"
#include "sdk/diag.h"
#include "sdk/resource.h"

#define MAX_URL_BYTES 1024u /* as for a scope's */

static spw_attr *find(const struct spw_resource_builder *b, spw_view key)
{
    for (size_t i = 0; i < b->count; i++) {
        spw_attr *a = &b->attrs[i];
        if (a->key.size == key.size && memcmp(a->key.data, key.data, key.size) == 0)
            return a;
    }
    return NULL;
}

static bool grow(struct spw_resource_builder *b)
{
    if (b->count < b->capacity)
        return true;
    size_t capacity = b->capacity ? b->capacity * 2 : 32;
    spw_attr *attrs = spw_reallocate(b->attrs, capacity * sizeof *attrs);
    if (!attrs)
        return false;
    b->attrs = attrs;
    b->capacity = capacity;
    return true;
}

static spw_result append(struct spw_resource_builder *b, spw_view key, spw_value value)
{
    char *copy = grow(b) ? spw_allocate(key.size + 1) : NULL;
    if (!copy)
        return SPW_ERR_NO_MEMORY;
    memcpy(copy, key.data, key.size);
    copy[key.size] = 0;
    b->attrs[b->count++] = (spw_attr){ { copy, key.size }, value };
    return SPW_OK;
}

spw_result spw_resource_put(spw_resource_builder *builder, const spw_attr *attr)
{
    if (!builder || !attr || !attr->key.size || !attr->key.data)
        return SPW_ERR_INVALID;
    spw_attr *old = find(builder, attr->key);
    size_t room = SPW__RESOURCE_MAX_BYTES - builder->bytes, bytes;
    if (attr->key.size + sizeof *attr > room || (!old && builder->count >= SPW__RESOURCE_MAX_ATTRIBUTES))
        return SPW_ERR_INCOMPLETE;
    room -= attr->key.size + sizeof *attr;
    spw_value copy;
    spw_result result = spw__value_copy(&copy, &attr->value, room, &bytes);
    if (result != SPW_OK)
        return result;
    if (old) {
        spw__value_free(&old->value);
        old->value = copy;
    } else {
        result = append(builder, attr->key, copy);
    }
    if (result != SPW_OK)
        spw__value_free(&copy);
    else
        builder->bytes += attr->key.size + sizeof *attr + bytes; /* replaced values stay counted: a bound, not a measure */
    return result;
}

/* "Else this is a merging error": the resource goes without, as a wrong one would have receivers translate names that need none. */
static void disagree(struct spw_resource_builder *b, const char *url)
{
    if (!b->conflict)
        spw__diag(SPW_LOG_WARN, "the resource's Schema URLs differ (%.120s, %.120s): it is sent without one; see resource_schema_url",
                  b->schema_url, url);
    b->conflict = true;
}

spw_result spw_resource_schema_url(spw_resource_builder *builder, const char *url)
{
    if (!builder)
        return SPW_ERR_INVALID;
    if (!url || !*url)
        return SPW_OK;
    size_t size = strnlen(url, MAX_URL_BYTES + 1);
    if (size > MAX_URL_BYTES || !spw__utf8_valid(url, size))
        return SPW_ERR_INVALID;
    if (!builder->schema_url) {
        builder->schema_url = spw_strdup(url);
        return builder->schema_url ? SPW_OK : SPW_ERR_NO_MEMORY;
    }
    if (strcmp(builder->schema_url, url) != 0)
        disagree(builder, url);
    return SPW_OK;
}

void spw__resource_free(struct spw_resource_builder *resource)
{
    for (size_t i = 0; i < resource->count; i++) {
        spw_free((void *)resource->attrs[i].key.data);
        spw__value_free(&resource->attrs[i].value);
    }
    spw_free(resource->attrs);
    spw_free(resource->schema_url);
    *resource = (struct spw_resource_builder){ 0 };
}
