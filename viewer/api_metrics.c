/* GET /api/metrics: the instruments. GET /api/metrics/ID: one, with its series and their points. */
#include <string.h>

#include "api_parameters.h"
#include "metric_json.h"
#include "origins_json.h"
#include "text.h"
#include "value_json.h"

enum { MAX_METRICS = 10000, DEFAULT_METRICS = 1000, DEFAULT_POINTS = 1000 };

static struct spwv_json start(struct spwv_answer *answer, uint64_t revision)
{
    struct spwv_json json = {.out = &answer->body};
    answer->status = 200;
    spwv_json_begin(&json, '{');
    spwv_member_count(&json, "revision", revision);
    return json;
}

/* ---- the list ---- */

static void on_listed(void *arg, const struct spwv_stored_metric *metric)
{
    spwv_json_metric(arg, metric);
}

void spwv_api_metrics(const struct spwv_request *request, struct spwv_answer *answer)
{
    struct spwv_store *store = request->app->store;
    struct spwv_metric_filter filter = {.name = spwv_parameter_text(request, "q"), .service = spwv_parameter_text(request, "service")};
    struct spwv_error error;
    uint64_t revision;
    if (!spwv_parameter_limit(request, DEFAULT_METRICS, MAX_METRICS, &filter.limit, answer) || spwv_answer_is_known(request, answer, &revision))
        return;
    struct spwv_json json = start(answer, revision);
    struct spwv_metric_sink sink = {&json, on_listed};
    spwv_json_key(&json, "metrics");
    spwv_json_begin(&json, '[');
    if (!store->list_metrics(store, &filter, &sink, &error)) {
        spwv_answer_json_error(answer, 500, error.text);
        return;
    }
    spwv_json_end(&json, ']');
    spwv_json_end(&json, '}');
}

/* ---- one ---- */

struct writer {
    struct spwv_origins_json origins; /* first: its functions are the sink's own */
    struct spwv_buf elements; /* the series, until the origins are known */
    struct spwv_json series;  /* into them */
    struct spwv_json answer;
    enum spwv_metric_type type;
    bool in_series; /* its points are being written */
};

static void on_metric(void *arg, const struct spwv_stored_metric *metric)
{
    struct writer *writer = arg;
    writer->type = metric->metric.type;
    spwv_json_key(&writer->answer, "metric");
    spwv_json_metric(&writer->answer, metric);
}

static void end_series(struct writer *writer)
{
    if (writer->in_series) {
        spwv_json_end(&writer->series, ']');
        spwv_json_end(&writer->series, '}');
    }
    writer->in_series = false;
}

static void on_series(void *arg, struct spwv_slice attributes, int64_t resource, int64_t scope)
{
    struct writer *writer = arg;
    struct spwv_json *json = &writer->series;
    end_series(writer);
    spwv_json_begin(json, '{');
    spwv_json_attributes(json, attributes, SPWV_CONTAINER_VALUES);
    spwv_origins_members(&writer->origins, json, resource, scope);
    spwv_json_key(json, "points");
    spwv_json_begin(json, '[');
    writer->in_series = true;
}

static void on_point(void *arg, const struct spwv_point *point)
{
    struct writer *writer = arg;
    spwv_json_point(&writer->series, writer->type, point);
}

static void read_metric(const struct spwv_request *request, const struct spwv_point_filter *filter, uint64_t revision, struct spwv_answer *answer)
{
    struct spwv_store *store = request->app->store;
    struct writer writer = {.answer = start(answer, revision), .series = {.out = &writer.elements}};
    struct spwv_point_sink sink = {&writer, on_metric, spwv_origins_resource, spwv_origins_scope, on_series, on_point};
    struct spwv_error error;
    bool more;
    spwv_origins_init(&writer.origins, &request->app->memory);
    spwv_buf_init(&writer.elements, SPWV_MAX_ANSWER, &request->app->memory);
    if (store->read_metric(store, filter, &sink, &more, &error)) {
        end_series(&writer);
        spwv_origins_write(&writer.origins, &writer.answer);
        spwv_member_bool(&writer.answer, "more", more);
        spwv_json_array_of(&writer.answer, "series", &writer.elements);
        spwv_json_end(&writer.answer, '}');
    } else {
        bool unknown = !error.text[0];
        spwv_answer_json_error(answer, unknown ? 404 : 500, unknown ? "no such metric; it may have been evicted: /api/metrics lists those there are" : error.text);
    }
    spwv_origins_fini(&writer.origins);
    spwv_buf_fini(&writer.elements);
}

void spwv_api_metric(const struct spwv_request *request, struct spwv_answer *answer)
{
    struct spwv_point_filter filter = {0};
    uint64_t id, revision;
    if (!spwv_parse_u64(request->path + strlen("/api/metrics/"), INT64_MAX, &id)) {
        spwv_parameter_refuse(answer, "a metric's id is a number, one of GET /api/metrics");
        return;
    }
    filter.metric = (int64_t)id;
    if (!spwv_parameter_limit(request, DEFAULT_POINTS, SPWV_MAX_POINTS, &filter.limit, answer) ||
        !spwv_parameter_times(request, &filter.from_ns, &filter.to_ns, answer))
        return;
    if (!spwv_answer_is_known(request, answer, &revision))
        read_metric(request, &filter, revision, answer);
}
