/* What a value must have become when it arrives: built as a protobuf-c message by the plain, recursive way. Part of oracle_model. */
#ifndef TESTS_ORACLE_VALUE_H
#define TESTS_ORACLE_VALUE_H

#include <opentelemetry/proto/common/v1/common.pb-c.h>
#include <spanwire/common.h>

typedef Opentelemetry__Proto__Common__V1__AnyValue oracle_value;

/* NULL when it can never be recorded. `characters`: the limit on strings and bytes, SIZE_MAX for none. */
oracle_value *oracle_value_new(size_t characters, const spw_value *from);
void oracle_value_free(oracle_value *value);

/* Maps are equal whatever their order. */
bool oracle_value_same(const oracle_value *want, const oracle_value *got);

/* Arrays and maps in it, itself counted. */
size_t oracle_value_containers(const oracle_value *value);

/* UTF-8 by decoding. The size of the character at text, 0 when it is none. */
size_t oracle_character(const char *text, size_t size);
bool oracle_is_utf8(const char *text, size_t size);

/* A terminated copy, with U+FFFD for each bad byte, of at most `most` bytes. The caller frees. */
char *oracle_repair(const char *text, size_t size, size_t most, size_t *written);

#endif
