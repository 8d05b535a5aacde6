/* Encoding a value off the hot path: an OTLP AnyValue into a bounded buffer, without recursion. */
#ifndef SPW_SDK_VALUE_H
#define SPW_SDK_VALUE_H

#include <spanwire/common.h>

#include "sdk/buffer.h"

/* Appends the AnyValue's fields. Strings that are not UTF-8 become bytes. False, with the buffer in no defined state: a type that is none, more
 * than 30 levels, 1,024 arrays and maps, or 1,024 entries a map, or the buffer failed. */
bool spw__value_encode(struct spw__buffer *out, const spw_value *value);

#endif
