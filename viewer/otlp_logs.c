/* Log records. Contract: otlp_logs.h. */
#include "otlp_logs.h"

#include <strings.h>

#include "text.h"

void spwv_otlp_read_log(struct spwv_slice raw, struct spwv_log *log)
{
    *log = (struct spwv_log){.raw = raw};
    struct spwv_wire wire = spwv_wire_of(raw);
    struct spwv_field field;
    while (spwv_wire_next(&wire, &field) > 0) {
        switch (field.number) {
        case 1: log->time_unix_ns = field.value; break;
        case 2: log->severity_number = (uint32_t)field.value; break;
        case 3: log->severity_text = field.bytes; break;
        case 5: log->body = field.bytes; break;
        case 7: log->dropped_attributes_count = (uint32_t)field.value; break;
        case 8: log->flags = (uint32_t)field.value; break;
        case 9: log->trace_id = field.bytes; break;
        case 10: log->span_id = field.bytes; break;
        case 11: log->observed_unix_ns = field.value; break;
        case 12: log->event_name = field.bytes; break;
        default: break;
        }
    }
}

uint64_t spwv_otlp_log_time(const struct spwv_log *log)
{
    return log->time_unix_ns ? log->time_unix_ns : log->observed_unix_ns;
}

const char *spwv_otlp_severity(uint32_t number)
{
    static const char *const names[] = {"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"};
    return number >= 1 && number <= 24 ? names[(number - 1) / 4] : "";
}

bool spwv_otlp_read_severity(const char *text, uint32_t *number)
{
    uint64_t value;
    for (uint32_t least = 1; least <= SPWV_MAX_SEVERITY; least += 4)
        if (strcasecmp(text, spwv_otlp_severity(least)) == 0) {
            *number = least;
            return true;
        }
    if (!spwv_parse_u64(text, SPWV_MAX_SEVERITY, &value) || !value)
        return false;
    *number = (uint32_t)value;
    return true;
}

/* Zeroes are how some senders write that there is none. */
static bool is_id_or_none(struct spwv_slice id, size_t size)
{
    return id.size == 0 || id.size == size;
}

const char *spwv_otlp_log_reject_reason(const struct spwv_log *log)
{
    if (!is_id_or_none(log->trace_id, 16))
        return "trace_id is neither empty nor 16 bytes";
    if (!is_id_or_none(log->span_id, 8))
        return "span_id is neither empty nor 8 bytes";
    return NULL;
}
