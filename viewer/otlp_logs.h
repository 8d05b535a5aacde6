/*
 * A log record, read from its wire bytes. Ownership, threads, limits: otlp.h.
 */
#ifndef SPWV_OTLP_LOGS_H
#define SPWV_OTLP_LOGS_H

#include "otlp.h"

enum { SPWV_LOG_ATTRIBUTES = 6, SPWV_MAX_SEVERITY = 24 };

/* A record's own fields; attributes stay in the bytes. */
struct spwv_log {
    struct spwv_slice raw;
    struct spwv_slice severity_text;
    struct spwv_slice body; /* an AnyValue; data NULL: there is none */
    struct spwv_slice trace_id;
    struct spwv_slice span_id;
    struct spwv_slice event_name;
    uint64_t time_unix_ns;
    uint64_t observed_unix_ns;
    uint32_t severity_number; /* 0: not given; 1 to 24 */
    uint32_t flags;
    uint32_t dropped_attributes_count;
};

void spwv_otlp_read_log(struct spwv_slice raw, struct spwv_log *log);

/* When it happened, or when it was seen by who collected it. */
uint64_t spwv_otlp_log_time(const struct spwv_log *log);

/* "TRACE" to "FATAL" by the number's range; "" for 0 and for what OTLP does not have. */
const char *spwv_otlp_severity(uint32_t number);

/* The least number that a name, in any case, or a number in text stands for; false for anything else. */
bool spwv_otlp_read_severity(const char *text, uint32_t *number);

/* Why the record cannot be stored (its ids), or NULL when it can. A record without ids is fine. */
const char *spwv_otlp_log_reject_reason(const struct spwv_log *log);

#endif
