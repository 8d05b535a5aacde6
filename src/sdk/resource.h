/* The resource, encoded once: `1: Resource` of ResourceSpans, tag and length included, ready to stand before its scopes. */
#ifndef SPW_SDK_RESOURCE_H
#define SPW_SDK_RESOURCE_H

#include <spanwire/common.h>

/* Encodes attributes as a framed Resource by protobuf-c. malloc'ed *out, or SPW_ERR_NO_MEMORY. Values that are not UTF-8 become bytes. */
spw_result spw__resource_encode(const spw_attr *attrs, size_t count, uint8_t **out, size_t *size);

#endif
