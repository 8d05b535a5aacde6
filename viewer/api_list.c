/*
 * GET /api/traces and /api/histogram: traces that satisfy a query, as pages and over time. Parameters of both: q, from_ns, to_ns, and from
 * the time before there was q: service, errors, min_duration_ms, which are conjoined. A query's mistake is {"error", "at", "length"}.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api_parameters.h"
#include "text.h"

enum { DEFAULT_PAGE = 100, DEFAULT_BUCKETS = 60 };

struct asked {
    struct spwv_trace_filter filter;
    struct spwv_query query;
};

/* ---- the query ---- */

static bool refuse_query(struct spwv_answer *answer, const struct spwv_query_error *mistake)
{
    struct spwv_json json = {.out = &answer->body};
    answer->status = 400;
    answer->content_type = "application/json";
    spwv_json_begin(&json, '{');
    spwv_json_key(&json, "error");
    spwv_json_text(&json, mistake->text);
    spwv_json_key(&json, "at");
    spwv_json_count(&json, mistake->at);
    spwv_json_key(&json, "length");
    spwv_json_count(&json, mistake->length);
    spwv_json_end(&json, '}');
    return false;
}

static void add_quoted(struct spwv_buf *out, const char *text)
{
    spwv_buf_add_char(out, '"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            spwv_buf_add_char(out, '\\');
        spwv_buf_add_char(out, *text);
    }
    spwv_buf_add_char(out, '"');
}

/* The old parameters in the words of the language; NULL, or what is wrong with them. */
static const char *add_old(const struct spwv_request *request, struct spwv_buf *out)
{
    const char *service = spwv_parameter(request, "service");
    const char *errors = spwv_parameter(request, "errors");
    const char *duration = spwv_parameter(request, "min_duration_ms");
    if (service) {
        spwv_buf_add_str(out, " service = ");
        add_quoted(out, service);
    }
    if (errors && (strcmp(errors, "1") == 0 || strcmp(errors, "true") == 0))
        spwv_buf_add_str(out, " error");
    if (!duration)
        return NULL;
    char *end;
    double ms = strtod(duration, &end);
    if (end == duration || *end || !(ms >= 0 && ms < 9e12))
        return "min_duration_ms must be a number of milliseconds, such as 12.5";
    spwv_buf_printf(out, " duration >= %" PRIu64 "ns", (uint64_t)(ms * 1e6));
    return NULL;
}

static bool read_query(const struct spwv_request *request, struct spwv_query *query, struct spwv_answer *answer)
{
    const char *text = spwv_parameter(request, "q");
    struct spwv_query_error mistake;
    struct spwv_buf whole;
    if (!spwv_query_parse(text ? text : "", text ? strlen(text) : 0, query, &mistake))
        return refuse_query(answer, &mistake);
    bool is_empty = query->count == 0;
    spwv_buf_init(&whole, 4 * SPWV_QUERY_MAX_TEXT, NULL);
    if (!is_empty)
        spwv_buf_printf(&whole, "(%s)", text);
    size_t own = whole.size;
    const char *wrong = add_old(request, &whole);
    bool ok = !wrong && (whole.size == own || (!whole.failed && spwv_query_parse(whole.data, whole.size, query, &mistake)));
    spwv_buf_fini(&whole);
    return ok || spwv_parameter_refuse(answer, wrong ? wrong : "q and service together are too long or too deep for a query; say the service in q");
}

/* ---- the other parameters ---- */

static const char *read_order(const struct spwv_request *request, struct spwv_trace_filter *filter)
{
    static const char *const sorts[] = {"start", "duration", "spans", "errors", "tokens"};
    const char *sort = spwv_parameter(request, "sort");
    const char *order = spwv_parameter(request, "order");
    size_t at = 0;
    while (sort && at < sizeof sorts / sizeof *sorts && strcmp(sort, sorts[at]) != 0)
        at++;
    if (at == sizeof sorts / sizeof *sorts)
        return "sort must be one of start, duration, spans, errors, tokens";
    if (order && strcmp(order, "asc") != 0 && strcmp(order, "desc") != 0)
        return "order must be asc or desc";
    filter->sort = (enum spwv_sort)at;
    filter->ascending = order && *order == 'a';
    return NULL;
}

static bool read_filter(const struct spwv_request *request, struct asked *asked, struct spwv_answer *answer)
{
    struct spwv_trace_filter *filter = &asked->filter;
    *filter = (struct spwv_trace_filter){.query = &asked->query};
    const char *wrong = read_order(request, filter);
    if (wrong)
        return spwv_parameter_refuse(answer, wrong);
    return spwv_parameter_before(request, &filter->before, &filter->before_key, &filter->before_id, answer) &&
           spwv_parameter_limit(request, DEFAULT_PAGE, SPWV_MAX_PAGE, &filter->limit, answer) &&
           spwv_parameter_times(request, &filter->from_ns, &filter->to_ns, answer) && read_query(request, &asked->query, answer);
}

/* ---- answers ---- */

struct list_writer {
    struct spwv_json json;
    bool in_trace; /* its services are being written */
    int64_t last_key;
    int64_t last_id;
};

static struct spwv_json start(struct spwv_answer *answer)
{
    answer->status = 200;
    answer->content_type = "application/json";
    return (struct spwv_json){.out = &answer->body};
}

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
    spwv_member_u64(json, "start_unix_ns", trace->start_unix_ns);
    spwv_member_u64(json, "duration_ns", trace->duration_ns);
    spwv_member_count(json, "span_count", trace->span_count);
    spwv_member_count(json, "error_count", trace->error_count);
    spwv_member_u64(json, "input_tokens", trace->input_tokens);
    spwv_member_u64(json, "output_tokens", trace->output_tokens);
    spwv_json_key(json, "complete");
    spwv_json_bool(json, trace->complete);
    spwv_json_key(json, "services");
    spwv_json_begin(json, '[');
    writer->in_trace = true;
    writer->last_key = trace->position_key;
    writer->last_id = trace->position_id;
}

static void on_service(void *arg, struct spwv_slice service)
{
    struct list_writer *writer = arg;
    spwv_json_string(&writer->json, service);
}

static void answer_failure(struct spwv_answer *answer, const struct spwv_list_result *result, const struct spwv_error *error)
{
    spwv_answer_json_error(answer, result->stopped ? 503 : 500, error->text);
}

void spwv_api_list(const struct spwv_request *request, struct spwv_answer *answer)
{
    struct spwv_store *store = request->app->store;
    struct asked asked;
    if (!read_filter(request, &asked, answer))
        return;
    uint64_t revision;
    if (spwv_answer_is_known(request, answer, &revision))
        return;
    struct list_writer writer = {.json = start(answer)};
    struct spwv_list_sink sink = {&writer, on_trace, on_service};
    struct spwv_list_result result;
    struct spwv_error error;
    spwv_json_begin(&writer.json, '{');
    spwv_member_count(&writer.json, "revision", revision);
    spwv_json_key(&writer.json, "traces");
    spwv_json_begin(&writer.json, '[');
    if (!store->list(store, &asked.filter, &sink, &result, &error)) {
        answer_failure(answer, &result, &error);
        return;
    }
    close_trace(&writer);
    spwv_json_end(&writer.json, ']');
    spwv_answer_next(&writer.json, result.more, writer.last_key, writer.last_id);
    spwv_json_end(&writer.json, '}');
}

void spwv_api_histogram(const struct spwv_request *request, struct spwv_answer *answer)
{
    struct spwv_store *store = request->app->store;
    const char *buckets = spwv_parameter(request, "buckets");
    struct spwv_histogram histogram;
    struct asked asked;
    uint64_t bucket_count = DEFAULT_BUCKETS;
    if (buckets && (!spwv_parse_u64(buckets, SPWV_MAX_BUCKETS, &bucket_count) || !bucket_count)) {
        spwv_parameter_refuse(answer, "buckets must be a number from 1 to 500");
        return;
    }
    if (!read_filter(request, &asked, answer))
        return;
    uint64_t revision;
    if (spwv_answer_is_known(request, answer, &revision))
        return;
    struct spwv_list_result result;
    struct spwv_error error;
    histogram.count = (unsigned)bucket_count;
    if (!store->histogram(store, &asked.filter, &histogram, &result, &error)) {
        answer_failure(answer, &result, &error);
        return;
    }
    struct spwv_json json = start(answer);
    spwv_json_begin(&json, '{');
    spwv_member_count(&json, "revision", revision);
    spwv_member_u64(&json, "from_unix_ns", (uint64_t)histogram.from_ns);
    spwv_member_u64(&json, "to_unix_ns", (uint64_t)histogram.to_ns);
    spwv_member_u64(&json, "bucket_ns", (uint64_t)histogram.bucket_ns);
    spwv_json_key(&json, "buckets");
    spwv_json_begin(&json, '[');
    for (unsigned i = 0; i < histogram.count; i++) {
        spwv_json_begin(&json, '{');
        spwv_member_count(&json, "traces", histogram.buckets[i].traces);
        spwv_member_count(&json, "errors", histogram.buckets[i].errors);
        spwv_json_end(&json, '}');
    }
    spwv_json_end(&json, ']');
    spwv_json_end(&json, '}');
}
