/* find_logs: log records as JSON a model can read at a glance. Contract: mcp.h. */
#include "mcp.h"

#include "json_member.h"
#include "text.h"
#include "value_plain.h"

enum { MAX_VALUE = 400, CLOSING = 1024 };

struct found {
    struct spwv_json json;
    unsigned left_out;
};

static void on_origin(void *arg, int64_t id, const struct spwv_origin *origin)
{
    (void)arg;
    (void)id;
    (void)origin;
}

/* The answer has a maximum: what does not fit has to be known before. A key and a value, six characters for each byte at worst. */
static bool has_room(const struct spwv_json *json)
{
    return json->out->size + 2 * 6 * MAX_VALUE + CLOSING < json->out->max;
}

static void ids(struct spwv_json *json, const struct spwv_log *log)
{
    if (spwv_otlp_is_id(log->trace_id, SPWV_TRACE_ID_SIZE))
        spwv_member_hex(json, "trace_id", log->trace_id);
    if (spwv_otlp_is_id(log->span_id, SPWV_SPAN_ID_SIZE))
        spwv_member_hex(json, "span_id", log->span_id);
}

static void attributes(struct spwv_json *json, const struct spwv_log *log)
{
    struct spwv_wire wire = spwv_wire_of(log->raw);
    struct spwv_slice raw;
    unsigned left_out = 0;
    spwv_json_key(json, "attributes");
    spwv_json_begin(json, '{');
    while (spwv_otlp_each(&wire, SPWV_LOG_ATTRIBUTES, &raw)) {
        if (has_room(json))
            spwv_json_plain_member_cut(json, raw, MAX_VALUE);
        else
            left_out++;
    }
    spwv_json_end(json, '}');
    if (left_out)
        spwv_member_count(json, "attributes_left_out", left_out);
}

static void on_log(void *arg, const struct spwv_stored_log *stored)
{
    struct found *found = arg;
    struct spwv_json *json = &found->json;
    const struct spwv_log *log = &stored->log;
    if (!has_room(json) || found->left_out) {
        found->left_out++;
        return;
    }
    spwv_json_begin(json, '{');
    spwv_member_u64(json, "time_unix_ns", (uint64_t)stored->time_ns);
    spwv_member_text(json, "severity", spwv_otlp_severity(log->severity_number));
    spwv_member_string(json, "service", spwv_cut_text(stored->service, MAX_VALUE));
    if (log->event_name.size)
        spwv_member_string(json, "event_name", spwv_cut_text(log->event_name, MAX_VALUE));
    spwv_json_key(json, "body");
    spwv_json_plain_value_cut(json, log->body, MAX_VALUE);
    ids(json, log);
    attributes(json, log);
    spwv_json_end(json, '}');
}

bool spwv_mcp_logs(struct spwv_store *store, const struct spwv_log_filter *filter, struct spwv_buf *text, struct spwv_error *error)
{
    struct found found = {.json = {.out = text}};
    struct spwv_log_sink sink = {&found, on_origin, on_origin, on_log};
    struct spwv_log_result result;
    spwv_json_begin(&found.json, '{');
    spwv_json_key(&found.json, "logs");
    spwv_json_begin(&found.json, '[');
    if (!store->list_logs(store, filter, &sink, &result, error)) {
        text->size = 0;
        return false;
    }
    spwv_json_end(&found.json, ']');
    spwv_member_bool(&found.json, "more", result.more || found.left_out);
    spwv_json_end(&found.json, '}');
    return true;
}
