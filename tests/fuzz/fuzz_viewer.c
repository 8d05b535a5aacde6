/*
 * The viewer behind its HTTP library: bodies of protobuf and JSON, plain and gzip, calls of its tools, then its pages and its JSON API with
 * any parameters, on a real store. Whatever was stored, what it answers as JSON is JSON, and text is UTF-8.
 */
#include "fuzz/input.h"
#include "fuzz/slow.h"

#include <stdio.h>

#include "http.h"
#include "inflate.h"

static struct spwv_app app;

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    struct spwv_error error;
    app.version = "0";
    app.memory.max = 256u << 20;
    app.max_compressed = 1u << 20;
    app.max_inflated = 4u << 20;
    app.store = spwv_store_sqlite_open(NULL, 32u << 20, &error);
    return app.store ? 0 : 1;
}

struct parameters {
    const char *names[4];
    char *values[4];
};

static const char *query(void *arg, const char *name)
{
    const struct parameters *p = arg;
    for (size_t i = 0; i < 4; i++)
        if (p->names[i] && strcmp(p->names[i], name) == 0)
            return p->values[i];
    return NULL;
}

static void answer_fini(struct spwv_answer *answer)
{
    must(answer->status >= 200 && answer->status < 600);
    if (answer->content_type && strstr(answer->content_type, "json") && answer->body.size && !answer->body.failed)
        must(is_json(answer->body.data, answer->body.size));
    if (answer->content_type && strstr(answer->content_type, "text/plain") && answer->body.size && !answer->body.failed)
        must(is_utf8(answer->body.data, answer->body.size) || answer->status != 200);
    spwv_buf_fini(&answer->body);
}

static void post(struct input *in, const char *path, bool gzip, bool json)
{
    struct spwv_body body;
    struct spwv_answer answer = { 0 };
    spwv_buf_init(&answer.body, SPWV_MAX_ANSWER, &app.memory);
    spwv_body_init(&body, gzip, app.max_compressed, app.max_inflated, &app.memory);
    spwv_body_add(&body, in->at, in->left);
    spwv_body_finish(&body);
    must(body.plain.size <= app.max_inflated);
    char *plain = malloc(body.plain.size + 1); /* of its own, so that a step past it is seen */
    must(plain != NULL);
    plain += 1;
    if (body.plain.size)
        memcpy(plain, body.plain.data, body.plain.size);
    if (!body.status) {
        const struct spwv_request request = { .app = &app, .method = "POST", .path = path,
            .body = { (const uint8_t *)plain, body.plain.size }, .json = json };
        spwv_route(&request, &answer);
    }
    free(plain - 1);
    answer.status = answer.status ? answer.status : body.status;
    answer_fini(&answer);
    spwv_body_fini(&body);
}

static void show(const char *path, struct parameters *parameters)
{
    struct spwv_answer answer = { 0 };
    spwv_buf_init(&answer.body, SPWV_MAX_ANSWER, &app.memory);
    const struct spwv_request request = { .app = &app, .method = "GET", .path = path, .arg = parameters, .query = query };
    spwv_route(&request, &answer);
    answer_fini(&answer);
}

static void note_metric(void *arg, const struct spwv_stored_metric *metric)
{
    *(int64_t *)arg = metric->id;
}

/* The list, and an instrument that is there. */
static void show_metrics(void)
{
    struct parameters none = { { NULL }, { NULL } };
    const struct spwv_metric_filter all = { .limit = 1 };
    struct spwv_error error;
    int64_t id = 0;
    char path[64];
    const struct spwv_metric_sink sink = { &id, note_metric };
    show("/api/metrics", &none);
    must(app.store->list_metrics(app.store, &all, &sink, &error));
    snprintf(path, sizeof path, "/api/metrics/%lld", (long long)id);
    show(path, &none);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = { "limit", "errors", "min_duration_ms", "before", "service", "q", "width", "format", "after",
        "ids", "at", "from", "to", "order", "buckets", "attributes", "whole_below", "severity", "trace_id", "span_id", "from_ns", "to_ns" };
    static const char *const paths[] = { "/api/traces", "/api/services", "/api/info", "/", "/api/traces/latest",
        "/api/traces/latest/text", "/api/traces/latest/outline", "/api/histogram", "/api/complete", "/api/stored", "/api/live",
        "/api/logs", "/api/metrics", "/api/metrics/1" };
    static const char *const exports[] = { "/api/traces/latest", "/api/traces/latest/outline", "/api/traces/latest/text", "/api/traces/latest.otlp.json",
        "/api/traces/latest.speedscope.json", "/api/traces/latest.chrome.json" };
    static const char *const posted[] = { "/v1/traces", "/mcp", "/v1/logs", "/v1/metrics" }; /* the first two as seeds have them */
    static unsigned rounds;
    struct input in = { data, size };
    struct spwv_error error;
    uint8_t what = input_byte(&in);
    if (what % 4 < 2) {
        post(&in, posted[what >> 3 & 3], what % 4 == 1, what >> 2 & 1);
        struct parameters none = { { NULL }, { NULL } };
        show("/api/traces", &none);
        show("/api/logs", &none);
        show_metrics();
        for (size_t i = 0; i < sizeof exports / sizeof exports[0]; i++)
            show(exports[i], &none);
    } else {
        struct parameters p = { { NULL }, { NULL } };
        for (size_t i = 0; i < 4 && in.left; i++) {
            p.names[i] = names[input_byte(&in) % (sizeof names / sizeof names[0])];
            p.values[i] = input_text(&in, input_byte(&in), NULL);
        }
        if (what % 4 == 2) {
            show(paths[input_byte(&in) % (sizeof paths / sizeof paths[0])], &p);
        } else {
            char *path = input_text(&in, in.left, NULL);
            show(path, &p);
            free(path);
        }
        for (size_t i = 0; i < 4; i++)
            free(p.values[i]);
    }
    must(atomic_load(&app.memory.used) == 0); /* what was taken of the budget is given back */
    if (++rounds % 512 == 0)
        must(app.store->clear(app.store, &error) && app.store->clear_logs(app.store, &error) && app.store->clear_metrics(app.store, &error));
    return 0;
}
