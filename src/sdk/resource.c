/* Encodes the resource and the scopes by protobuf-c: rare, so the generic encoder is good enough. */
#include "sdk/resource.h"

#include <opentelemetry/proto/resource/v1/resource.pb-c.h>
#include <stdlib.h>
#include <string.h>

#include "record/utf8.h"

typedef Opentelemetry__Proto__Common__V1__AnyValue any_value;
typedef Opentelemetry__Proto__Common__V1__KeyValue key_value;
typedef Opentelemetry__Proto__Resource__V1__Resource resource_message;

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* A terminated copy of a name: bytes that are not UTF-8, and NUL, become U+FFFD. */
static char *name_copy(spw_view view)
{
    char *out = malloc(view.size * 3 + 1);
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
    out->bytes_value.data = malloc(view.size + 1);
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

static bool set_value(any_value *out, const spw_value *value)
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
    case SPW_VALUE_EMPTY:
    case SPW_VALUE_ARRAY: /* configuration refuses these two */
    case SPW_VALUE_MAP:
    case SPW_VALUE_ENCODED_ARRAY:
    case SPW_VALUE_ENCODED_MAP: break;
    }
    return true; /* an AnyValue with nothing set */
}

/* One key with its value; freed by protobuf-c's own free, so that every part is malloc'ed. */
static key_value *key_value_new(const spw_attr *attr)
{
    key_value *kv = malloc(sizeof *kv);
    if (!kv)
        return NULL;
    opentelemetry__proto__common__v1__key_value__init(kv);
    kv->key = name_copy(attr->key);
    kv->value = malloc(sizeof *kv->value);
    if (kv->value)
        opentelemetry__proto__common__v1__any_value__init(kv->value);
    if (!kv->key || !kv->value || !set_value(kv->value, &attr->value)) {
        opentelemetry__proto__common__v1__key_value__free_unpacked(kv, NULL);
        return NULL;
    }
    return kv;
}

/* `1: message`, tag and length included: the frame that ResourceSpans.resource and ScopeSpans.scope share. */
static spw_result frame(const ProtobufCMessage *message, uint8_t **out, size_t *size)
{
    uint8_t head[11] = { (1u << 3) | 2u };
    size_t body = protobuf_c_message_get_packed_size(message), at = 1;
    for (size_t rest = body;; rest >>= 7) {
        head[at++] = (uint8_t)(rest >= 0x80 ? (rest & 0x7f) | 0x80 : rest);
        if (rest < 0x80)
            break;
    }
    *out = malloc(at + body);
    if (!*out)
        return SPW_ERR_NO_MEMORY;
    memcpy(*out, head, at);
    *size = at + protobuf_c_message_pack(message, *out + at);
    return SPW_OK;
}

spw_result spw__resource_encode(const spw_attr *attrs, size_t count, uint8_t **out, size_t *size)
{
    *out = NULL;
    *size = 0;
    resource_message *resource = malloc(sizeof *resource);
    if (!resource)
        return SPW_ERR_NO_MEMORY;
    opentelemetry__proto__resource__v1__resource__init(resource);
    spw_result result = SPW_ERR_NO_MEMORY;
    resource->attributes = calloc(count + 1, sizeof *resource->attributes);
    if (!resource->attributes)
        goto done;
    for (size_t i = 0; i < count; i++) {
        resource->attributes[i] = key_value_new(&attrs[i]);
        if (!resource->attributes[i])
            goto done;
        resource->n_attributes = i + 1;
    }
    result = frame(&resource->base, out, size);
done:
    opentelemetry__proto__resource__v1__resource__free_unpacked(resource, NULL);
    return result;
}
