/*
 * What the viewer is measured by: bench_viewer PROGRAM [SPANS [DIRECTORY]]
 * A file that the browser's tests open: bench_viewer --fill FILE PROGRAM SPANS
 *
 * Starts the spanwire program (time until it answers, memory when idle), sends it agents' runs of ten spans with eight to ten attributes over
 * HTTP, 512 spans a request, until it has SPANS (1000000) of them in a file in DIRECTORY (/tmp), and asks lists, searches, histograms and
 * completion of it. Prints a table; the file is removed at the end. The requests are made before the clock starts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "measured.h"
#include "otlp_messages.h"

enum { SPANS_A_TRACE = 10, SPANS_A_REQUEST = 512, REQUESTS_AHEAD = 100, STARTS = 5 };

static char directory[256], port_file[300], db_file[300];
static int connection = -1;

static uint64_t seed = 88172645463325252u;

static unsigned below(unsigned limit)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)((seed >> 20) % limit);
}

/* ---- agents' runs ---- */

static uint64_t spans_made;

static void add_span(om_scope_spans *scope, uint64_t number)
{
    static const char *const models[] = {"gpt-x", "gpt-x-mini", "claude-y", "llama-z", "mistral-q"};
    static const char *const tools[] = {"search", "read_file", "write_file", "run", "browse", "calendar", "mail"};
    static const char *const agents[] = {"planner", "researcher", "writer"};
    static const char *const errors[] = {"timeout", "rate_limited", "500", "_OTHER"};
    uint64_t trace = number / SPANS_A_TRACE;
    unsigned place = (unsigned)(number % SPANS_A_TRACE);
    char trace_id[33], text[64], name[64];
    bool chat = place % 2 == 1, root = place == 0;
    const char *model = models[below(5)], *tool = tools[below(7)], *agent = agents[trace % 3];
    uint64_t begin = 1795000000000000000u + trace * 40000000 + place * 1000000;
    uint64_t duration = root ? 20000000 + (uint64_t)below(400) * below(400) * 100000 : 500000 + (uint64_t)below(1000) * below(1000) * 200;
    snprintf(trace_id, sizeof trace_id, "%016llx%016llx", (unsigned long long)(trace * 0x9E3779B97F4A7C15u), (unsigned long long)trace + 1);
    snprintf(name, sizeof name, "%s %s", root ? "invoke_agent" : chat ? "chat" : "execute_tool", root ? agent : chat ? model : tool);
    om_span *span = om_add_span(scope, trace_id, place + 1, root ? 0 : 1, name, begin, begin + duration);
    span->kind = chat ? OPENTELEMETRY__PROTO__TRACE__V1__SPAN__SPAN_KIND__SPAN_KIND_CLIENT
                      : OPENTELEMETRY__PROTO__TRACE__V1__SPAN__SPAN_KIND__SPAN_KIND_INTERNAL;
    om_set(span, "gen_ai.operation.name", om_text(root ? "invoke_agent" : chat ? "chat" : "execute_tool"));
    om_set(span, "gen_ai.agent.name", om_text(agent));
    snprintf(text, sizeof text, "conversation-%llu", (unsigned long long)trace);
    om_set(span, "gen_ai.conversation.id", om_text(text));
    snprintf(text, sizeof text, "user-%llu", (unsigned long long)(trace * 2654435761u % 5000));
    om_set(span, "user.id", om_text(text));
    if (chat) {
        om_set(span, "gen_ai.provider.name", om_text("example"));
        om_set(span, "gen_ai.request.model", om_text(model));
        om_set(span, "gen_ai.usage.input_tokens", om_int(below(4000)));
        om_set(span, "gen_ai.usage.output_tokens", om_int(below(1000)));
        om_set(span, "gen_ai.request.temperature", om_double(below(10) / 10.0));
    } else {
        om_set(span, "gen_ai.tool.name", om_text(tool));
        snprintf(text, sizeof text, "call_%08x%08x", below(UINT32_MAX), below(UINT32_MAX));
        om_set(span, "gen_ai.tool.call.id", om_text(text));
        om_set(span, "gen_ai.tool.type", om_text("function"));
        om_set(span, "http.response.status_code", om_int(below(50) ? 200 : 500));
    }
    if (!below(50)) {
        om_fail(span, "it did not work");
        om_set(span, "error.type", om_text(errors[below(4)]));
    }
}

static struct request make_request(uint64_t most)
{
    static const char *const services[] = {"api", "worker", "gateway"};
    om_resource_spans *resource;
    om_scope_spans *scope;
    om_request *request = om_begin(services[spans_made / SPANS_A_REQUEST % 3], &resource, &scope);
    om_set(resource->resource, "host.name", om_text(spans_made / SPANS_A_REQUEST % 2 ? "host-a" : "host-b"));
    for (unsigned i = 0; i < SPANS_A_REQUEST && spans_made < most; i++)
        add_span(scope, spans_made++);
    return om_finish(request);
}

static void send_request(const struct request *request)
{
    if (measured_post(connection, "/v1/traces", "Content-Type: application/x-protobuf\r\n", request->data, request->size) != 200)
        measured_die("the request was not taken");
}

static void fill(uint64_t spans)
{
    static struct request ahead[REQUESTS_AHEAD];
    double took = 0, worst = 0, bytes = 0, cpu = measured_cpu_s();
    while (spans_made < spans) {
        size_t count = 0;
        while (count < REQUESTS_AHEAD && spans_made < spans)
            ahead[count++] = make_request(spans);
        double begin = measured_now();
        for (size_t i = 0; i < count; i++) {
            double sent = measured_now();
            send_request(&ahead[i]);
            worst = measured_now() - sent > worst ? measured_now() - sent : worst;
            bytes += (double)ahead[i].size;
        }
        took += measured_now() - begin;
        for (size_t i = 0; i < count; i++)
            free(ahead[i].data);
    }
    struct stat file = {0};
    stat(db_file, &file);
    printf("intake | %.0f spans/s (%.0f bytes and 8 to 11 attributes each; 512 a request, one connection; worst request %.0f ms)\n",
           (double)spans / took, bytes / (double)spans, worst * 1e3);
    printf("intake, processor | %.2f us a span, of HTTP, checks, store and index\n", (measured_cpu_s() - cpu) / (double)spans * 1e6);
    printf("store | %.0f bytes a span in the file; resident after it: %ld KiB\n", (double)file.st_size / (double)spans, measured_kb("VmRSS:"));
    fflush(stdout);
}

/* ---- questions ---- */

static void ask(void)
{
    static const char *const questions[][2] = {
        {"newest page", "/api/traces?"},
        {"slowest first", "/api/traces?sort=duration"},
        {"most tokens first", "/api/traces?sort=tokens"},
        {"service", "/api/traces?q=service = api"},
        {"attribute, frequent", "/api/traces?q=gen_ai.request.model = claude-y"},
        {"attribute, one trace", "/api/traces?q=gen_ai.conversation.id = conversation-4711"},
        {"attribute, none", "/api/traces?q=gen_ai.conversation.id = nobody"},
        {"number", "/api/traces?q=gen_ai.usage.input_tokens > 3990"},
        {"resource", "/api/traces?q=resource.host.name = host-a"},
        {"all together", "/api/traces?q=service = api and duration > 100ms and error and gen_ai.tool.name = search"},
        {"on one span", "/api/traces?q={ gen_ai.tool.name = search error }"},
        {"on one span, with its duration", "/api/traces?q={ name ~ chat span.duration > 150ms }"},
        {"not", "/api/traces?q=not gen_ai.tool.name = search"},
        {"part of a name", "/api/traces?q=brows"},
        {"contains, many values", "/api/traces?q=gen_ai.conversation.id ~ 4711"},
        {"slowest that match", "/api/traces?sort=duration&q=error and gen_ai.tool.name = search"},
        {"histogram", "/api/histogram?"},
        {"histogram of a search", "/api/histogram?q=gen_ai.tool.name = search"},
        {"histogram, on one span", "/api/histogram?q={ gen_ai.tool.name = search error }"},
        {"histogram, with durations", "/api/histogram?q={ name ~ chat span.duration > 150ms }"},
        {"histogram, many read", "/api/histogram?q={ gen_ai.tool.name = search span.duration = 100ms }"},
        {"services", "/api/services"},
        {"completion, keys", "/api/complete?q=gen_ai."},
        {"completion, values", "/api/complete?q=gen_ai.tool.name = "},
        {"completion, many values", "/api/complete?q=gen_ai.tool.call.id = "},
    };
    printf("\nwhat | request | p50 ms | max ms | processor ms | answer\n--- | --- | --- | --- | --- | ---\n");
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++)
        measured_question(connection, questions[i][0], questions[i][1]);
}

/* Leaves the file where it is. */
static int fill_file(const char *program, const char *file, uint64_t spans)
{
    snprintf(port_file, sizeof port_file, "%.280s.port", file);
    snprintf(db_file, sizeof db_file, "%.280s", file);
    measured_start(program, port_file, db_file);
    connection = measured_dial();
    fill(spans);
    close(connection);
    measured_stop();
    unlink(port_file);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 5 && strcmp(argv[1], "--fill") == 0)
        return fill_file(argv[3], argv[2], strtoull(argv[4], NULL, 10));
    uint64_t spans = argc > 2 ? strtoull(argv[2], NULL, 10) : 1000000;
    double listen_ms[STARTS];
    char pattern[200];
    if (argc < 2 || !spans) {
        fprintf(stderr, "usage: bench_viewer PROGRAM [SPANS [DIRECTORY]]\n");
        return 2;
    }
    snprintf(pattern, sizeof pattern, "%s/spanwire-bench-XXXXXX", argc > 3 ? argv[3] : "/tmp");
    if (!mkdtemp(pattern))
        measured_die(pattern);
    snprintf(directory, sizeof directory, "%s", pattern);
    snprintf(port_file, sizeof port_file, "%s/port", directory);
    snprintf(db_file, sizeof db_file, "%s/traces.db", directory);
    for (int i = 0; i < STARTS; i++) {
        listen_ms[i] = measured_start(argv[1], port_file, db_file);
        if (i < STARTS - 1)
            measured_stop();
    }
    qsort(listen_ms, STARTS, sizeof *listen_ms, measured_compare);
    printf("listening | %.1f ms after it was started (of %d: worst %.1f ms)\n", listen_ms[STARTS / 2], STARTS, listen_ms[STARTS - 1]);
    printf("idle | %ld KiB resident, %ld KiB of them its own memory\n", measured_kb("VmRSS:"), measured_kb("RssAnon:"));
    connection = measured_dial();
    fill(spans);
    ask();
    close(connection);
    measured_stop();
    printf("\nlistening again | %.1f ms with %llu spans in the file\n", measured_start(argv[1], port_file, db_file), (unsigned long long)spans);
    measured_stop();
    unlink(db_file);
    unlink(port_file);
    rmdir(directory);
    return 0;
}
