/*
 * OTLP messages, read from their wire bytes: a check of the whole request, then its spans (otlp_logs.h: log records, otlp_metrics.h: metrics) one by one.
 *
 * Ownership: everything points into the caller's bytes. Threads: pure. Failure: a text with the cause, nothing half done.
 * Limits: values nested at most 64 deep (an attribute's own value is 1), SPWV_MAX_ELEMENTS messages a request; no recursion anywhere,
 *   no allocation: a request costs its own bytes and nothing more. docs/adr/0003 says why this is not protobuf-c.
 * Bytes that passed spwv_otlp_check() read without failure; on others the readers stop early and stay inside them.
 */
#ifndef SPWV_OTLP_H
#define SPWV_OTLP_H

#include "otlp_fields.h"

enum { SPWV_MAX_VALUE_DEPTH = 64, SPWV_MAX_ELEMENTS = 4000000 };

struct spwv_error {
    char text[256];
};

/* The whole request, one of SPWV_TRACES_REQUEST and its neighbours: well formed, known fields of their type, within the limits. */
bool spwv_otlp_check(enum spwv_message message, struct spwv_slice request, struct spwv_error *error);

/* A span's own fields; attributes, events and links stay in the bytes. */
struct spwv_span {
    struct spwv_slice raw;
    struct spwv_slice trace_id;
    struct spwv_slice span_id;
    struct spwv_slice parent_span_id;
    struct spwv_slice trace_state;
    struct spwv_slice name;
    struct spwv_slice status_message;
    uint64_t start_unix_ns;
    uint64_t end_unix_ns;
    uint32_t flags;
    uint32_t kind;
    uint32_t status_code;
    uint32_t dropped_attributes_count;
    uint32_t dropped_events_count;
    uint32_t dropped_links_count;
};

enum { SPWV_STATUS_ERROR = 2 };

struct spwv_event {
    struct spwv_slice raw;
    struct spwv_slice name;
    uint64_t time_unix_ns;
    uint32_t dropped_attributes_count;
};

struct spwv_link {
    struct spwv_slice raw;
    struct spwv_slice trace_id;
    struct spwv_slice span_id;
    struct spwv_slice trace_state;
    uint32_t flags;
    uint32_t dropped_attributes_count;
};

struct spwv_key_value {
    struct spwv_slice key;
    struct spwv_slice value; /* an AnyValue; empty when there was none */
};

struct spwv_scope {
    struct spwv_slice name;
    struct spwv_slice version;
};

/* A Resource or an InstrumentationScope, and the schema URL its ResourceSpans or ScopeSpans names for it (of a scope: for its spans too). */
struct spwv_origin {
    struct spwv_slice raw;
    struct spwv_slice schema_url;
};

/* The field numbers of repeated fields, to walk them with spwv_otlp_each(). */
enum {
    SPWV_RESOURCE_ATTRIBUTES = 1,
    SPWV_SCOPE_ATTRIBUTES = 3,
    SPWV_SPAN_ATTRIBUTES = 9,
    SPWV_SPAN_EVENTS = 11,
    SPWV_SPAN_LINKS = 13,
    SPWV_EVENT_ATTRIBUTES = 3,
    SPWV_LINK_ATTRIBUTES = 4,
    SPWV_CONTAINER_VALUES = 1
};

void spwv_otlp_read_span(struct spwv_slice raw, struct spwv_span *span);
void spwv_otlp_read_event(struct spwv_slice raw, struct spwv_event *event);
void spwv_otlp_read_link(struct spwv_slice raw, struct spwv_link *link);
void spwv_otlp_read_key_value(struct spwv_slice raw, struct spwv_key_value *kv);
/* What an AnyValue holds, and that field: of several the last, as of a oneof. SPWV_ANY_EMPTY: nothing. */
enum spwv_any { SPWV_ANY_EMPTY, SPWV_ANY_STRING, SPWV_ANY_BOOL, SPWV_ANY_INT, SPWV_ANY_DOUBLE, SPWV_ANY_ARRAY, SPWV_ANY_MAP, SPWV_ANY_BYTES };
enum spwv_any spwv_otlp_read_any(struct spwv_slice any, struct spwv_field *value);

void spwv_otlp_read_scope(struct spwv_slice raw, struct spwv_scope *scope);

/* The next occurrence of that field; false at the end. */
bool spwv_otlp_each(struct spwv_wire *wire, uint32_t number, struct spwv_slice *bytes);

/* service.name of a Resource; "unknown_service" without one. */
struct spwv_slice spwv_otlp_service(struct spwv_slice resource);

/*
 * The items of a request in their order: spans, log records or metrics, since the three requests number the way to them alike. `group` changes
 * with the resource or the scope. The last of several resources or scopes counts.
 */
struct spwv_cursor {
    struct spwv_wire request;
    struct spwv_wire of_resource;
    struct spwv_wire of_scope;
    struct spwv_origin resource;
    struct spwv_origin scope;
    struct spwv_slice service; /* of the resource */
    uint32_t group;
};

void spwv_otlp_items(struct spwv_cursor *cursor, struct spwv_slice request);
bool spwv_otlp_next_item(struct spwv_cursor *cursor, struct spwv_slice *raw);

/* False for an empty one, too. */
bool spwv_otlp_is_id(struct spwv_slice id, size_t size);

/* True for a parent id of 8 bytes that are not all zero. */
bool spwv_otlp_has_parent(const struct spwv_span *span);

/* Why the span cannot be stored (its ids), or NULL when it can. */
const char *spwv_otlp_reject_reason(const struct spwv_span *span);

#endif
