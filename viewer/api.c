/* The JSON API but for single traces: info, services, the list. 64-bit values are strings, counts are numbers. */
#include "http.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "text.h"

enum { DEFAULT_PAGE = 100 };

void spwv_answer_json_error(struct spwv_answer *answer, unsigned status, const char *text)
{
    answer->status = status;
    answer->content_type = "application/json";
    answer->etag[0] = 0;
    answer->body.size = 0;
    answer->body.failed = false;
    struct spwv_json json = {.out = &answer->body};
    spwv_json_begin(&json, '{');
    spwv_json_key(&json, "error");
    spwv_json_text(&json, text);
    spwv_json_end(&json, '}');
}

bool spwv_answer_unchanged(const struct spwv_request *request, struct spwv_answer *answer, uint64_t revision)
{
    snprintf(answer->etag, sizeof answer->etag, "\"%" PRIx64 "-%" PRIx64 "\"", request->app->start_nonce, revision);
    answer->cache_control = "no-cache";
    answer->content_type = "application/json";
    if (!request->if_none_match || strcmp(request->if_none_match, answer->etag) != 0)
        return false;
    answer->status = 304;
    return true;
}

static struct spwv_json start(struct spwv_answer *answer)
{
    answer->status = 200;
    answer->content_type = "application/json";
    return (struct spwv_json){.out = &answer->body};
}

static void count(struct spwv_json *json, const char *key, uint64_t value)
{
    spwv_json_key(json, key);
    spwv_json_count(json, value);
}

void spwv_api_info(const struct spwv_request *request, struct spwv_answer *answer)
{
    struct spwv_app *app = request->app;
    struct spwv_store_info info;
    app->store->info(app->store, &info);
    struct spwv_json json = start(answer);
    spwv_json_begin(&json, '{');
    spwv_json_key(&json, "version");
    spwv_json_text(&json, app->version);
    spwv_json_key(&json, "store");
    spwv_json_begin(&json, '{');
    spwv_json_key(&json, "kind");
    spwv_json_text(&json, info.kind);
    count(&json, "traces", info.traces);
    count(&json, "spans", info.spans);
    count(&json, "bytes", info.bytes);
    count(&json, "max_bytes", info.max_bytes);
    count(&json, "evicted_traces", info.evicted_traces);
    spwv_json_end(&json, '}');
    spwv_json_key(&json, "received");
    spwv_json_begin(&json, '{');
    count(&json, "requests", atomic_load(&app->requests));
    count(&json, "spans", atomic_load(&app->spans));
    count(&json, "duplicates", info.duplicates);
    count(&json, "rejected", atomic_load(&app->rejected));
    spwv_json_end(&json, '}');
    count(&json, "revision", info.revision);
    spwv_json_end(&json, '}');
}

/* ---- lists ---- */

struct list_writer {
    struct spwv_json json;
    bool in_trace; /* its services are being written */
    int64_t last_start;
    int64_t last_id;
};

static void close_trace(struct list_writer *writer)
{
    if (writer->in_trace) {
        spwv_json_end(&writer->json, ']');
        spwv_json_end(&writer->json, '}');
    }
    writer->in_trace = false;
}

static void on_trace(void *arg, const struct spwv_trace_summary *trace)
{
    struct list_writer *writer = arg;
    struct spwv_json *json = &writer->json;
    close_trace(writer);
    spwv_json_begin(json, '{');
    spwv_json_key(json, "trace_id");
    spwv_json_hex(json, (struct spwv_slice){trace->trace_id, sizeof trace->trace_id});
    spwv_json_key(json, "root_name");
    if (trace->complete)
        spwv_json_string(json, trace->root_name);
    else
        spwv_json_null(json);
    spwv_json_key(json, "root_service");
    spwv_json_string(json, trace->root_service);
    spwv_json_key(json, "start_unix_ns");
    spwv_json_u64(json, trace->start_unix_ns);
    spwv_json_key(json, "duration_ns");
    spwv_json_u64(json, trace->duration_ns);
    count(json, "span_count", trace->span_count);
    count(json, "error_count", trace->error_count);
    spwv_json_key(json, "complete");
    spwv_json_bool(json, trace->complete);
    spwv_json_key(json, "services");
    spwv_json_begin(json, '[');
    writer->in_trace = true;
    writer->last_start = trace->position_start;
    writer->last_id = trace->position_id;
}

static void on_service(void *arg, struct spwv_slice service)
{
    struct list_writer *writer = arg;
    spwv_json_string(&writer->json, service);
}

static bool copy_parameter(const struct spwv_request *request, const char *name, char *to)
{
    const char *value = request->query(request->arg, name);
    if (!value)
        return true;
    if (strlen(value) > SPWV_MAX_QUERY)
        return false;
    strcpy(to, value); /* fits: checked above, and `to` has one more */
    return true;
}

/* "start.id": where the page before this one ended. */
static bool read_cursor(const char *text, struct spwv_trace_filter *filter)
{
    char *end;
    filter->before = true;
    filter->before_start = strtoll(text, &end, 10);
    if (end == text || *end != '.')
        return false;
    text = end + 1;
    filter->before_id = strtoll(text, &end, 10);
    return end != text && !*end;
}

static const char *read_filter(const struct spwv_request *request, struct spwv_trace_filter *filter)
{
    const char *limit = request->query(request->arg, "limit");
    const char *errors = request->query(request->arg, "errors");
    const char *duration = request->query(request->arg, "min_duration_ms");
    const char *before = request->query(request->arg, "before");
    uint64_t number = DEFAULT_PAGE;
    if (limit && *limit && (!spwv_parse_u64(limit, SPWV_MAX_PAGE, &number) || number == 0))
        return "limit must be a number from 1 to 1000";
    filter->limit = (unsigned)number;
    filter->errors = errors && (strcmp(errors, "1") == 0 || strcmp(errors, "true") == 0);
    if (duration && *duration) {
        char *end;
        double ms = strtod(duration, &end);
        if (end == duration || *end || !(ms >= 0 && ms < 9e12))
            return "min_duration_ms must be a number of milliseconds, such as 12.5";
        filter->min_duration_ns = (uint64_t)(ms * 1e6);
    }
    if (before && *before && !read_cursor(before, filter))
        return "before must be the \"next\" of an earlier answer";
    if (!copy_parameter(request, "service", filter->service) || !copy_parameter(request, "q", filter->query))
        return "service and q may have 256 bytes at most";
    return NULL;
}

void spwv_api_list(const struct spwv_request *request, struct spwv_answer *answer)
{
    struct spwv_store *store = request->app->store;
    struct spwv_trace_filter filter = {0};
    const char *mistake = read_filter(request, &filter);
    if (mistake) {
        spwv_answer_json_error(answer, 400, mistake);
        return;
    }
    struct spwv_store_info info; /* read before the list: a tag may be older than its list, never newer */
    store->info(store, &info);
    if (spwv_answer_unchanged(request, answer, info.revision))
        return;
    struct list_writer writer = {.json = start(answer)};
    struct spwv_json *json = &writer.json;
    spwv_json_begin(json, '{');
    count(json, "revision", info.revision);
    spwv_json_key(json, "traces");
    spwv_json_begin(json, '[');
    struct spwv_list_sink sink = {&writer, on_trace, on_service};
    bool more;
    struct spwv_error error;
    if (!store->list(store, &filter, &sink, &more, &error)) {
        spwv_answer_json_error(answer, 500, error.text);
        return;
    }
    close_trace(&writer);
    spwv_json_end(json, ']');
    spwv_json_key(json, "next");
    char next[64];
    snprintf(next, sizeof next, "%" PRId64 ".%" PRId64, writer.last_start, writer.last_id);
    if (more)
        spwv_json_text(json, next);
    else
        spwv_json_null(json);
    spwv_json_end(json, '}');
}

void spwv_api_services(const struct spwv_request *request, struct spwv_answer *answer)
{
    struct spwv_store *store = request->app->store;
    struct spwv_error error;
    struct list_writer writer = {.json = start(answer)};
    struct spwv_list_sink sink = {&writer, on_trace, on_service};
    spwv_json_begin(&writer.json, '{');
    spwv_json_key(&writer.json, "services");
    spwv_json_begin(&writer.json, '[');
    if (!store->services(store, &sink, &error)) {
        spwv_answer_json_error(answer, 500, error.text);
        return;
    }
    spwv_json_end(&writer.json, ']');
    spwv_json_end(&writer.json, '}');
}

void spwv_api_clear(const struct spwv_request *request, struct spwv_answer *answer)
{
    struct spwv_error error;
    if (!request->app->store->clear(request->app->store, &error)) {
        spwv_answer_json_error(answer, 500, error.text);
        return;
    }
    struct spwv_json json = start(answer);
    spwv_json_begin(&json, '{');
    spwv_json_key(&json, "cleared");
    spwv_json_bool(&json, true);
    spwv_json_end(&json, '}');
}
