/* Encodes the resource by protobuf-c: rare, so the generic encoder is good enough. */
#include "sdk/resource.h"

#include <opentelemetry/proto/resource/v1/resource.pb-c.h>
#include <spanwire/allocator.h>
#include <string.h>

#include "record/utf8.h"

typedef Opentelemetry__Proto__Common__V1__AnyValue any_value;
typedef Opentelemetry__Proto__Common__V1__KeyValue key_value;
typedef Opentelemetry__Proto__Resource__V1__Resource resource_message;

static void *allocate(void *arg, size_t size)
{
    (void)arg;
    return spw_allocate(size);
}

static void release(void *arg, void *memory)
{
    (void)arg;
    spw_free(memory);
}

/* Messages are put together here by hand and freed by protobuf-c: both by the same allocator. */
static ProtobufCAllocator freed_by = { allocate, release, NULL };

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* A terminated copy of a name: bytes that are not UTF-8, and NUL, become U+FFFD. */
static char *name_copy(spw_view view)
{
    char *out = spw_allocate(view.size * 3 + 1);
    if (!out)
        return NULL;
    size_t at = 0;
    for (size_t i = 0; i < view.size;) {
        size_t n = view.data[i] ? spw__utf8_sequence(view.data + i, view.size - i) : 0;
        const char *from = n ? view.data + i : REPLACEMENT;
        size_t size = n ? n : 3;
        memcpy(out + at, from, size);
        at += size;
        i += n ? n : 1;
    }
    out[at] = 0;
    return out;
}

static bool set_bytes(any_value *out, spw_view view)
{
    out->value_case = OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_BYTES_VALUE;
    out->bytes_value.data = spw_allocate(view.size + 1);
    out->bytes_value.len = view.size;
    if (out->bytes_value.data && view.size)
        memcpy(out->bytes_value.data, view.data, view.size);
    return out->bytes_value.data != NULL;
}

/* protobuf-c's strings end at a NUL: a value that holds one travels as bytes, whole, like one that is not UTF-8. */
static bool set_string(any_value *out, spw_view view)
{
    if ((view.size && memchr(view.data, 0, view.size)) || !spw__utf8_valid(view.data, view.size))
        return set_bytes(out, view);
    out->value_case = OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_STRING_VALUE;
    out->string_value = name_copy(view);
    return out->string_value != NULL;
}

static key_value *key_value_new(spw_view key);

/* The children of an array or a map, on their way into its message. */
struct level {
    const spw_value *from;
    any_value *to;
    size_t at;
};

static size_t child_count(const spw_value *value)
{
    return value->type == SPW_VALUE_ARRAY ? value->u.array.count : value->u.map.count;
}

/* Room for the children: the message counts those that are there, so that it can be freed at any time. */
static bool open_array(any_value *out, size_t count)
{
    out->array_value = spw_allocate(sizeof *out->array_value);
    if (!out->array_value)
        return false;
    opentelemetry__proto__common__v1__array_value__init(out->array_value);
    out->value_case = OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_ARRAY_VALUE;
    out->array_value->values = spw_allocate_zeroed(count + 1, sizeof *out->array_value->values);
    return out->array_value->values != NULL;
}

static bool open_map(any_value *out, size_t count)
{
    out->kvlist_value = spw_allocate(sizeof *out->kvlist_value);
    if (!out->kvlist_value)
        return false;
    opentelemetry__proto__common__v1__key_value_list__init(out->kvlist_value);
    out->value_case = OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_KVLIST_VALUE;
    out->kvlist_value->values = spw_allocate_zeroed(count + 1, sizeof *out->kvlist_value->values);
    return out->kvlist_value->values != NULL;
}

/* One node, without its children. */
static bool set_node(any_value *out, const spw_value *value)
{
    switch (value->type) {
    case SPW_VALUE_STRING: return set_string(out, value->u.view);
    case SPW_VALUE_BYTES: return set_bytes(out, value->u.view);
    case SPW_VALUE_BOOL:
        out->value_case = OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_BOOL_VALUE;
        out->bool_value = value->u.b;
        return true;
    case SPW_VALUE_INT:
        out->value_case = OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_INT_VALUE;
        out->int_value = value->u.i;
        return true;
    case SPW_VALUE_DOUBLE:
        out->value_case = OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_DOUBLE_VALUE;
        out->double_value = value->u.d;
        return true;
    case SPW_VALUE_ARRAY: return open_array(out, value->u.array.count);
    case SPW_VALUE_MAP: return open_map(out, value->u.map.count);
    case SPW_VALUE_EMPTY:
    case SPW_VALUE_ENCODED_ARRAY: /* the builder refuses these two */
    case SPW_VALUE_ENCODED_MAP: break;
    }
    return true; /* an AnyValue with nothing set */
}

/* The message of the next child, already in its parent; NULL: no memory. */
static any_value *add_child(struct level *level)
{
    size_t index = level->at++;
    if (level->from->type == SPW_VALUE_MAP) {
        Opentelemetry__Proto__Common__V1__KeyValueList *map = level->to->kvlist_value;
        key_value *kv = key_value_new(level->from->u.map.entries[index].key);
        if (kv)
            map->values[map->n_values++] = kv;
        return kv ? kv->value : NULL;
    }
    Opentelemetry__Proto__Common__V1__ArrayValue *array = level->to->array_value;
    any_value *value = spw_allocate(sizeof *value);
    if (!value)
        return NULL;
    opentelemetry__proto__common__v1__any_value__init(value);
    array->values[array->n_values++] = value;
    return value;
}

static bool is_container(const spw_value *value)
{
    return value->type == SPW_VALUE_ARRAY || value->type == SPW_VALUE_MAP;
}

/* The whole tree; the builder has seen to it that it is not too deep. protobuf-c recurses when it packs, as deep as that. */
static bool set_value(any_value *out, const spw_value *value)
{
    struct level stack[SPW__VALUE_MAX_DEPTH];
    unsigned depth = 0;
    if (!set_node(out, value))
        return false;
    if (is_container(value))
        stack[depth++] = (struct level){ value, out, 0 };
    while (depth) {
        struct level *top = &stack[depth - 1];
        if (top->at == child_count(top->from)) {
            depth--;
            continue;
        }
        const spw_value *child = top->from->type == SPW_VALUE_ARRAY ? &top->from->u.array.values[top->at]
                                                                   : &top->from->u.map.entries[top->at].value;
        any_value *to = add_child(top);
        if (!to || !set_node(to, child))
            return false;
        if (is_container(child) && depth == SPW__VALUE_MAX_DEPTH)
            return false;
        if (is_container(child))
            stack[depth++] = (struct level){ child, to, 0 };
    }
    return true;
}

/* One key with a value to be set; every part a piece of memory of its own, because protobuf-c frees them. */
static key_value *key_value_new(spw_view key)
{
    key_value *kv = spw_allocate(sizeof *kv);
    if (!kv)
        return NULL;
    opentelemetry__proto__common__v1__key_value__init(kv);
    kv->key = name_copy(key);
    kv->value = spw_allocate(sizeof *kv->value);
    if (kv->value)
        opentelemetry__proto__common__v1__any_value__init(kv->value);
    if (!kv->key || !kv->value) {
        opentelemetry__proto__common__v1__key_value__free_unpacked(kv, &freed_by);
        return NULL;
    }
    return kv;
}

enum { TAG_RESOURCE = 0x0a, TAG_SCHEMA_URL = 0x1a };

static size_t put_varint(uint8_t *out, size_t value)
{
    size_t at = 0;
    for (; value >= 0x80; value >>= 7)
        out[at++] = (uint8_t)((value & 0x7f) | 0x80);
    out[at++] = (uint8_t)value;
    return at;
}

/* ResourceSpans without its scopes. */
static spw_result pack(const resource_message *resource, const char *schema_url, uint8_t **out, size_t *size)
{
    size_t body = protobuf_c_message_get_packed_size(&resource->base), url = schema_url ? strlen(schema_url) : 0;
    uint8_t *p = spw_allocate(body + url + 24); /* two tags, two lengths */
    if (!p)
        return SPW_ERR_NO_MEMORY;
    *out = p;
    *p++ = TAG_RESOURCE;
    p += put_varint(p, body);
    p += protobuf_c_message_pack(&resource->base, p);
    if (url) {
        *p++ = TAG_SCHEMA_URL;
        p += put_varint(p, url);
        memcpy(p, schema_url, url);
        p += url;
    }
    *size = (size_t)(p - *out);
    return SPW_OK;
}

static bool add_attribute(resource_message *resource, const spw_attr *attr)
{
    key_value *kv = key_value_new(attr->key);
    if (kv)
        resource->attributes[resource->n_attributes++] = kv;
    return kv && set_value(kv->value, &attr->value);
}

spw_result spw__resource_encode(const spw_attr *attrs, size_t count, const char *schema_url, uint8_t **out, size_t *size)
{
    *out = NULL;
    *size = 0;
    resource_message *resource = spw_allocate(sizeof *resource);
    if (!resource)
        return SPW_ERR_NO_MEMORY;
    opentelemetry__proto__resource__v1__resource__init(resource);
    resource->attributes = spw_allocate_zeroed(count + 1, sizeof *resource->attributes);
    bool whole = resource->attributes != NULL;
    for (size_t i = 0; whole && i < count; i++)
        whole = add_attribute(resource, &attrs[i]);
    spw_result result = whole ? pack(resource, schema_url, out, size) : SPW_ERR_NO_MEMORY;
    opentelemetry__proto__resource__v1__resource__free_unpacked(resource, &freed_by);
    return result;
}
