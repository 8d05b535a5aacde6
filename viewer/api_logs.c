/* GET /api/logs: log records as pages, the newest first. */
#include <string.h>

#include "api_parameters.h"
#include "origins_json.h"
#include "text.h"
#include "value_json.h"

enum { DEFAULT_PAGE = 100 };

/* ---- the question ---- */

struct asked {
    struct spwv_log_filter filter;
    uint8_t trace_id[SPWV_TRACE_ID_SIZE];
    uint8_t span_id[SPWV_SPAN_ID_SIZE];
};

static bool read_id(const char *text, uint8_t *id, size_t size)
{
    return strlen(text) == 2 * size && spwv_hex_decode(text, 2 * size, id);
}

static const char *read_ids(const struct spwv_request *request, struct asked *asked)
{
    const char *trace = spwv_parameter(request, "trace_id"), *span = spwv_parameter(request, "span_id");
    if (trace && !read_id(trace, asked->trace_id, sizeof asked->trace_id))
        return "trace_id must be 32 hex digits";
    if (span && !read_id(span, asked->span_id, sizeof asked->span_id))
        return "span_id must be 16 hex digits";
    if (span && !trace)
        return "span_id needs its trace_id";
    asked->filter.trace_id = trace ? asked->trace_id : NULL;
    asked->filter.span_id = span ? asked->span_id : NULL;
    return NULL;
}

static bool read_filter(const struct spwv_request *request, struct asked *asked, struct spwv_answer *answer)
{
    struct spwv_log_filter *filter = &asked->filter;
    const char *severity = spwv_parameter(request, "severity");
    *filter = (struct spwv_log_filter){.text = spwv_parameter_text(request, "q"), .service = spwv_parameter_text(request, "service")};
    const char *wrong = read_ids(request, asked);
    if (!wrong && filter->text.size > SPWV_MAX_LOG_TEXT)
        wrong = "q is longer than 1024 bytes; look for a part of it";
    if (!wrong && severity && !spwv_otlp_read_severity(severity, &filter->severity))
        wrong = "severity must be one of trace, debug, info, warn, error, fatal, or a number from 1 to 24";
    if (wrong)
        return spwv_parameter_refuse(answer, wrong);
    return spwv_parameter_before(request, &filter->before, &filter->before_time, &filter->before_id, answer) &&
           spwv_parameter_limit(request, DEFAULT_PAGE, SPWV_MAX_PAGE, &filter->limit, answer) &&
           spwv_parameter_times(request, &filter->from_ns, &filter->to_ns, answer);
}

/* ---- the answer ---- */

struct writer {
    struct spwv_origins_json origins; /* first: its functions are the sink's own */
    struct spwv_buf elements; /* the records, until the origins are known */
    struct spwv_json json;    /* into them */
    int64_t last_time;
    int64_t last_id;
};

/* Without the zeroes that some senders write for none. */
static void id(struct spwv_json *json, const char *key, struct spwv_slice value, size_t size)
{
    spwv_member_hex(json, key, spwv_otlp_is_id(value, size) ? value : (struct spwv_slice){NULL, 0});
}

static void on_log(void *arg, const struct spwv_stored_log *stored)
{
    struct writer *writer = arg;
    struct spwv_json *json = &writer->json;
    const struct spwv_log *log = &stored->log;
    spwv_json_begin(json, '{');
    spwv_member_u64(json, "id", (uint64_t)stored->id);
    spwv_member_u64(json, "time_unix_ns", log->time_unix_ns);
    spwv_member_u64(json, "observed_unix_ns", log->observed_unix_ns);
    spwv_member_text(json, "severity", spwv_otlp_severity(log->severity_number));
    spwv_member_count(json, "severity_number", log->severity_number);
    spwv_member_string(json, "severity_text", log->severity_text);
    spwv_member_string(json, "event_name", log->event_name);
    spwv_json_key(json, "body");
    spwv_json_value(json, log->body);
    spwv_json_attributes(json, log->raw, SPWV_LOG_ATTRIBUTES);
    id(json, "trace_id", log->trace_id, SPWV_TRACE_ID_SIZE);
    id(json, "span_id", log->span_id, SPWV_SPAN_ID_SIZE);
    spwv_member_count(json, "flags", log->flags);
    spwv_member_count(json, "dropped_attributes_count", log->dropped_attributes_count);
    spwv_origins_members(&writer->origins, json, stored->resource, stored->scope);
    spwv_json_end(json, '}');
    writer->last_time = stored->time_ns;
    writer->last_id = stored->id;
}

static void write_answer(struct spwv_answer *answer, const struct writer *writer, uint64_t revision, bool more)
{
    struct spwv_json json = {.out = &answer->body};
    answer->status = 200;
    spwv_json_begin(&json, '{');
    spwv_member_count(&json, "revision", revision);
    spwv_origins_write(&writer->origins, &json);
    spwv_json_array_of(&json, "logs", &writer->elements);
    spwv_answer_next(&json, more, writer->last_time, writer->last_id);
    spwv_json_end(&json, '}');
}

static void list(const struct spwv_request *request, const struct asked *asked, uint64_t revision, struct spwv_answer *answer)
{
    struct spwv_store *store = request->app->store;
    struct writer writer = {.json = {.out = &writer.elements}};
    struct spwv_log_sink sink = {&writer, spwv_origins_resource, spwv_origins_scope, on_log};
    struct spwv_log_result result;
    struct spwv_error error;
    spwv_origins_init(&writer.origins, &request->app->memory);
    spwv_buf_init(&writer.elements, SPWV_MAX_ANSWER, &request->app->memory);
    if (store->list_logs(store, &asked->filter, &sink, &result, &error))
        write_answer(answer, &writer, revision, result.more);
    else
        spwv_answer_json_error(answer, result.stopped ? 503 : 500, error.text);
    spwv_origins_fini(&writer.origins);
    spwv_buf_fini(&writer.elements);
}

void spwv_api_logs(const struct spwv_request *request, struct spwv_answer *answer)
{
    struct asked asked;
    uint64_t revision;
    if (read_filter(request, &asked, answer) && !spwv_answer_is_known(request, answer, &revision))
        list(request, &asked, revision, answer);
}
