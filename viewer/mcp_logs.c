/* find_logs: log records as JSON a model can read at a glance. Contract: mcp.h. */
#include "mcp.h"

#include "json_member.h"
#include "text.h"
#include "value_plain.h"

enum { MAX_VALUE = 400 };

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

static void ids(struct spwv_json *json, const struct spwv_log *log)
{
    if (spwv_otlp_is_id(log->trace_id, SPWV_TRACE_ID_SIZE))
        spwv_member_hex(json, "trace_id", log->trace_id);
    if (spwv_otlp_is_id(log->span_id, SPWV_SPAN_ID_SIZE))
        spwv_member_hex(json, "span_id", log->span_id);
}

static void on_log(void *arg, const struct spwv_stored_log *stored)
{
    struct found *found = arg;
    struct spwv_json *json = &found->json;
    const struct spwv_log *log = &stored->log;
    if (!spwv_mcp_has_room(json, MAX_VALUE) || found->left_out) {
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
    spwv_mcp_attributes(json, log->raw, SPWV_LOG_ATTRIBUTES, MAX_VALUE);
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
