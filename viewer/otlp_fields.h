/*
 * The fields of OTLP's messages, of all three signals, as a table: what the check, the JSON that comes in and the JSON that goes out have to agree on.
 *
 * Ownership: constants. Threads: pure functions. Failure: NULL for a field that this version of OTLP does not have.
 */
#ifndef SPWV_OTLP_FIELDS_H
#define SPWV_OTLP_FIELDS_H

#include "wire.h"

enum spwv_message {
    SPWV_NO_MESSAGE, /* a scalar, a string, bytes */
    SPWV_TRACES_REQUEST,
    SPWV_LOGS_REQUEST,
    SPWV_METRICS_REQUEST,
    SPWV_RESOURCE_SPANS,
    SPWV_SCOPE_SPANS,
    SPWV_RESOURCE,
    SPWV_SCOPE,
    SPWV_SPAN,
    SPWV_EVENT,
    SPWV_LINK,
    SPWV_STATUS,
    SPWV_KEY_VALUE,
    SPWV_ANY_VALUE,
    SPWV_ARRAY_VALUE,
    SPWV_KEY_VALUE_LIST,
    SPWV_ENTITY_REF,
    SPWV_RESOURCE_LOGS,
    SPWV_SCOPE_LOGS,
    SPWV_LOG_RECORD,
    SPWV_RESOURCE_METRICS,
    SPWV_SCOPE_METRICS,
    SPWV_METRIC,
    SPWV_GAUGE,
    SPWV_SUM,
    SPWV_HISTOGRAM,
    SPWV_EXPONENTIAL_HISTOGRAM,
    SPWV_SUMMARY,
    SPWV_NUMBER_POINT,
    SPWV_HISTOGRAM_POINT,
    SPWV_EXPONENTIAL_HISTOGRAM_POINT,
    SPWV_BUCKETS,
    SPWV_SUMMARY_POINT,
    SPWV_QUANTILE,
    SPWV_EXEMPLAR,
    SPWV_MESSAGES
};

/* What a field holds; ID is bytes that are hex in JSON where other BYTES are base64. */
enum spwv_kind {
    SPWV_KIND_NONE,
    SPWV_KIND_MESSAGE,
    SPWV_KIND_STRING,
    SPWV_KIND_BYTES,
    SPWV_KIND_ID,
    SPWV_KIND_BOOL,
    SPWV_KIND_INT32,
    SPWV_KIND_UINT32,
    SPWV_KIND_SINT32,
    SPWV_KIND_INT64,
    SPWV_KIND_UINT64,
    SPWV_KIND_FIXED32,
    SPWV_KIND_FIXED64,
    SPWV_KIND_SFIXED64,
    SPWV_KIND_DOUBLE,
    SPWV_KIND_SPAN_KIND, /* from here on enums */
    SPWV_KIND_STATUS_CODE,
    SPWV_KIND_SEVERITY,
    SPWV_KIND_TEMPORALITY
};

enum { SPWV_MAX_FIELD = 16 }; /* the largest field number */

/* Whether a field that holds 0 or nothing is there: never, when it was written, or when it was written last of the oneof's fields. */
enum spwv_presence { SPWV_IMPLICIT, SPWV_OPTIONAL, SPWV_ONEOF };

struct spwv_otlp_field {
    const char *name; /* in JSON: lowerCamelCase */
    uint8_t kind;
    uint8_t message; /* of SPWV_KIND_MESSAGE */
    bool repeated;
    uint8_t presence;
};

const char *spwv_otlp_message_name(enum spwv_message message);

const struct spwv_otlp_field *spwv_otlp_field(enum spwv_message message, uint32_t number);

/* By a JSON key, lowerCamelCase or as in the .proto file (snake_case); 0: there is none. */
uint32_t spwv_otlp_field_number(enum spwv_message message, struct spwv_slice key);

/* Of one value. */
enum spwv_wire_type spwv_otlp_wire_type(const struct spwv_otlp_field *field);

/* A repeated number: its values may stand in one piece, without tags (and so they are written), or each with its own. */
bool spwv_otlp_is_packed(const struct spwv_otlp_field *field);

/* The fields of the message's oneof, a bit for each; a message has one oneof at most. */
uint32_t spwv_otlp_oneof(enum spwv_message message);

bool spwv_otlp_is_enum(enum spwv_kind kind);

/* An enum's value by its name in the .proto file. */
bool spwv_otlp_enum_value(enum spwv_kind kind, struct spwv_slice name, int32_t *value);

#endif
