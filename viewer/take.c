/* A request into a store. Contract: take.h. */
#include "take.h"

#include <string.h>

#include "otlp_from_json.h"

const struct spwv_signal spwv_signals[SPWV_SIGNALS] = {
    {SPWV_TRACES_REQUEST, "/v1/traces", "spans", "rejectedSpans"},
    {SPWV_LOGS_REQUEST, "/v1/logs", "log records", "rejectedLogRecords"},
    {SPWV_METRICS_REQUEST, "/v1/metrics", "data points", "rejectedDataPoints"},
};

const struct spwv_signal *spwv_signal_of_path(const char *path)
{
    for (size_t i = 0; i < SPWV_SIGNALS; i++)
        if (strcmp(path, spwv_signals[i].path) == 0)
            return &spwv_signals[i];
    return NULL;
}

const struct spwv_signal *spwv_signal_of_request(enum spwv_message request)
{
    const struct spwv_signal *signal = spwv_signals;
    while (signal->request != request)
        signal++;
    return signal;
}

/* ---- items, into the open transaction ---- */

struct taking {
    struct spwv_store *store;
    struct spwv_cursor cursor;
    struct spwv_take *take;
    struct spwv_error *error;
};

/* True when the item is rejected for that reason, and counted. */
static bool is_rejected(struct spwv_take *take, const char *reason)
{
    take->items++;
    take->rejected += reason != NULL;
    take->reason = take->reason ? take->reason : reason;
    return reason != NULL;
}

static bool take_span(struct taking *taking, struct spwv_slice raw)
{
    struct spwv_span span;
    spwv_otlp_read_span(raw, &span);
    return is_rejected(taking->take, spwv_otlp_reject_reason(&span)) ||
           taking->store->add(taking->store, &span, &taking->cursor, taking->error);
}

static bool take_log(struct taking *taking, struct spwv_slice raw)
{
    struct spwv_log log;
    spwv_otlp_read_log(raw, &log);
    return is_rejected(taking->take, spwv_otlp_log_reject_reason(&log)) ||
           taking->store->add_log(taking->store, &log, &taking->cursor, taking->error);
}

static bool take_points(struct taking *taking, struct spwv_slice raw)
{
    struct spwv_metric metric;
    struct spwv_point point;
    spwv_otlp_read_metric(raw, &metric);
    struct spwv_wire points = spwv_wire_of(metric.data);
    const char *reason = spwv_otlp_metric_reject_reason(&metric);
    while (spwv_otlp_each(&points, SPWV_METRIC_POINTS, &raw)) {
        spwv_otlp_read_point(raw, metric.type, &point);
        if (!is_rejected(taking->take, reason) &&
            !taking->store->add_point(taking->store, &metric, &point, &taking->cursor, taking->error))
            return false;
    }
    return true;
}

static bool take_item(struct taking *taking, enum spwv_message request, struct spwv_slice raw)
{
    switch (request) {
    case SPWV_LOGS_REQUEST: return take_log(taking, raw);
    case SPWV_METRICS_REQUEST: return take_points(taking, raw);
    default: return take_span(taking, raw);
    }
}

/* ---- the request ---- */

static bool store_items(struct taking *taking, enum spwv_message request, struct spwv_slice body)
{
    struct spwv_store *store = taking->store;
    struct spwv_slice raw;
    uint64_t added;
    if (!store->begin(store, taking->error))
        return false;
    spwv_otlp_items(&taking->cursor, body);
    while (spwv_otlp_next_item(&taking->cursor, &raw))
        if (!take_item(taking, request, raw)) {
            store->rollback(store);
            return false;
        }
    return store->commit(store, &added, taking->error);
}

enum spwv_taken spwv_take_protobuf(struct spwv_store *store, const struct spwv_signal *signal, struct spwv_slice body, struct spwv_take *take,
                                   struct spwv_error *error)
{
    struct taking taking = {.store = store, .take = take, .error = error};
    *take = (struct spwv_take){0};
    if (!spwv_otlp_check(signal->request, body, error))
        return SPWV_REFUSED;
    return !body.size || store_items(&taking, signal->request, body) ? SPWV_TAKEN : SPWV_BUSY;
}

enum spwv_taken spwv_take_json(struct spwv_store *store, const struct spwv_signal *signal, struct spwv_slice json, struct spwv_budget *memory,
                               struct spwv_take *take, struct spwv_error *error)
{
    struct spwv_buf protobuf;
    spwv_buf_init(&protobuf, SPWV_FROM_JSON_MAX(json.size), memory);
    enum spwv_taken taken = SPWV_REFUSED;
    *take = (struct spwv_take){0};
    if (spwv_otlp_from_json(signal->request, json, &protobuf, error))
        taken = spwv_take_protobuf(store, signal, (struct spwv_slice){(const uint8_t *)protobuf.data, protobuf.size}, take, error);
    else if (protobuf.failed)
        taken = SPWV_BUSY;
    spwv_buf_fini(&protobuf);
    return taken;
}
