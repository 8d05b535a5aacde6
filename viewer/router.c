/* Which handler answers which path, and the answers that need none. */
#include "http.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assets.h"
#include "mcp.h"

void spwv_answer_text(struct spwv_answer *answer, unsigned status, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    answer->status = status;
    answer->content_type = "text/plain; charset=utf-8";
    answer->body.size = 0;
    spwv_buf_add_str(&answer->body, text);
    spwv_buf_add_char(&answer->body, '\n');
}

static void not_allowed(struct spwv_answer *answer, const char *allow)
{
    answer->allow = allow;
    spwv_answer_text(answer, 405, "method not allowed here; use %s", allow);
}

static void healthz(const struct spwv_request *request, struct spwv_answer *answer)
{
    (void)request;
    spwv_answer_text(answer, 200, "ok");
    answer->body.size = 2;
}

static void page(const struct spwv_request *request, struct spwv_answer *answer)
{
    bool is_asset = strncmp(request->path, "/assets/", 8) == 0 || strcmp(request->path, "/favicon.svg") == 0;
    const struct spwv_asset *asset = spwv_find_asset(is_asset ? request->path : "/index.html");
    if (!asset) {
        spwv_answer_text(answer, 404, "no such page; the list of traces is at /");
        return;
    }
    answer->cache_control = "no-cache"; /* asks again with the tag: the next version's page must not meet this one's script */
    answer->content_type = asset->content_type;
    snprintf(answer->etag, sizeof answer->etag, "\"%s\"", asset->hash);
    if (request->if_none_match && strcmp(request->if_none_match, answer->etag) == 0) {
        answer->status = 304;
        return;
    }
    answer->status = 200;
    answer->constant = (struct spwv_slice){asset->data, asset->size};
}

struct route {
    const char *path;
    bool prefix; /* the path may go on */
    const char *method;
    void (*handle)(const struct spwv_request *, struct spwv_answer *);
};

static const struct route routes[] = {
    {"/v1/traces", false, "POST", spwv_intake},
    {"/v1/logs", false, "POST", spwv_intake},
    {"/v1/metrics", false, "POST", spwv_intake},
    {"/healthz", false, "GET", healthz},
    {"/api/info", false, "GET", spwv_api_info},
    {"/api/services", false, "GET", spwv_api_services},
    {"/api/stored", false, "GET", spwv_api_stored},
    {"/api/live", false, "GET", spwv_api_live},
    {"/api/histogram", false, "GET", spwv_api_histogram},
    {"/api/complete", false, "GET", spwv_api_complete},
    {"/api/traces", false, "GET", spwv_api_list},
    {"/api/traces", false, "DELETE", spwv_api_clear},
    {"/api/traces/", true, "GET", spwv_api_trace},
    {"/api/traces/", true, "DELETE", spwv_api_remove},
    {"/api/logs", false, "GET", spwv_api_logs},
    {"/api/logs", false, "DELETE", spwv_api_clear_logs},
    {"/api/metrics", false, "GET", spwv_api_metrics},
    {"/api/metrics", false, "DELETE", spwv_api_clear_metrics},
    {"/api/metrics/", true, "GET", spwv_api_metric},
    {"/mcp", false, "POST", spwv_mcp},
    {"/assets/", true, "GET", page},
    {"/favicon.svg", false, "GET", page},
    {"/trace/", true, "GET", page},
    {"/compare", false, "GET", page},
    {"/logs", false, "GET", page},
    {"/metrics", false, "GET", page},
    {"/metrics/", true, "GET", page},
    {"/", false, "GET", page},
};

static bool matches(const struct route *route, const char *path)
{
    return route->prefix ? strncmp(path, route->path, strlen(route->path)) == 0 : strcmp(path, route->path) == 0;
}

void spwv_route(const struct spwv_request *request, struct spwv_answer *answer)
{
    char allow[32] = "";
    const char *known = NULL;
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        if (!matches(&routes[i], request->path))
            continue;
        if (strcmp(routes[i].method, request->method) == 0) {
            routes[i].handle(request, answer);
            return;
        }
        known = allow[0] ? "GET, DELETE" : routes[i].method[0] == 'P' ? "POST" : "GET";
        snprintf(allow, sizeof allow, "%s", known);
    }
    if (known)
        not_allowed(answer, known);
    else if (strncmp(request->path, "/api/", 5) == 0)
        spwv_answer_json_error(answer, 404, "no such resource; there are /api/info, /api/services, /api/stored, /api/traces, /api/histogram, /api/complete, /api/logs, /api/metrics and /api/live");
    else
        spwv_answer_text(answer, 404, "no such page; the list of traces is at /, OTLP goes to POST /v1/traces, /v1/logs and /v1/metrics");
}
