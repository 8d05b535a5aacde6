/*
 * What the viewer is measured by: bench_viewer PROGRAM [SPANS [DIRECTORY]]
 *
 * Starts the spanwire program (time until it answers, memory when idle), sends it agents' runs of ten spans with eight to ten attributes over
 * HTTP, 512 spans a request, until it has SPANS (1000000) of them in a file in DIRECTORY (/tmp), and asks lists, searches, histograms and
 * completion of it. Prints a table; the file is removed at the end. The requests are made before the clock starts.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "otlp_messages.h"

enum { SPANS_A_TRACE = 10, SPANS_A_REQUEST = 512, REQUESTS_AHEAD = 100, REPEATS = 15, STARTS = 5 };

extern char **environ;

static char directory[256], port_file[300], db_file[300];
static pid_t child;
static unsigned port;

static void die(const char *what)
{
    fprintf(stderr, "bench_viewer: %s: %s\n", what, strerror(errno));
    if (child > 0)
        kill(child, SIGKILL);
    exit(1);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint64_t seed = 88172645463325252u;

static unsigned below(unsigned limit)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)((seed >> 20) % limit);
}

/* ---- the program ---- */

static int dial(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        die("connect");
    return fd;
}

/* Milliseconds until it listens. */
static double start(const char *program)
{
    char *const arguments[] = {(char *)(uintptr_t)program, "view", "--listen", "127.0.0.1:0", "--port-file", port_file, "--db", db_file,
                               "--max-bytes", "64G", "--quiet", NULL};
    unlink(port_file);
    double begin = now();
    if (posix_spawn(&child, program, NULL, NULL, arguments, environ) != 0)
        die(program);
    FILE *file = NULL;
    while (!(file = fopen(port_file, "re")) && now() - begin < 60)
        nanosleep(&(struct timespec){0, 200000}, NULL);
    if (!file || fscanf(file, "%u", &port) != 1)
        die("the port");
    fclose(file);
    close(dial());
    return (now() - begin) * 1e3;
}

static void stop(void)
{
    kill(child, SIGTERM);
    waitpid(child, NULL, 0);
    child = 0;
}

static long status_kb(const char *what)
{
    char path[64], line[256];
    long value = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)child);
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, what, strlen(what)) == 0)
            value = strtol(line + strlen(what) + 1, NULL, 10);
    if (file)
        fclose(file);
    return value;
}

/* What its threads have run, whatever else the machine does. */
static double cpu_s(void)
{
    char path[300];
    double sum = 0;
    snprintf(path, sizeof path, "/proc/%d/task", (int)child);
    DIR *tasks = opendir(path);
    for (struct dirent *task; tasks && (task = readdir(tasks));) {
        unsigned long long ran = 0;
        snprintf(path, sizeof path, "/proc/%d/task/%.20s/schedstat", (int)child, task->d_name);
        FILE *file = *task->d_name == '.' ? NULL : fopen(path, "re");
        if (file && fscanf(file, "%llu", &ran) == 1)
            sum += (double)ran / 1e9;
        if (file)
            fclose(file);
    }
    if (tasks)
        closedir(tasks);
    return sum;
}

/* ---- HTTP over one connection ---- */

static int connection = -1;

static void send_whole(const void *data, size_t size)
{
    for (const char *at = data; size;) {
        ssize_t sent = send(connection, at, size, MSG_NOSIGNAL);
        if (sent <= 0)
            die("send");
        at += sent;
        size -= (size_t)sent;
    }
}

/* The status; the body's size in *size. */
static int read_answer(size_t *size)
{
    static char head[65536];
    size_t have = 0, length = 0;
    char *end = NULL;
    while (!end) {
        ssize_t got = recv(connection, head + have, sizeof head - 1 - have, 0);
        if (got <= 0)
            die("recv");
        have += (size_t)got;
        head[have] = 0;
        end = strstr(head, "\r\n\r\n");
    }
    char *field = strcasestr(head, "content-length:");
    length = field ? strtoul(field + 15, NULL, 10) : 0;
    *size = length;
    for (size_t left = length - (have - (size_t)(end + 4 - head)); left;) {
        static char rest[65536];
        ssize_t got = recv(connection, rest, left < sizeof rest ? left : sizeof rest, 0);
        if (got <= 0)
            die("recv");
        left -= (size_t)got;
    }
    return atoi(head + 9);
}

static void post(const struct request *body)
{
    char head[256];
    size_t size;
    int length = snprintf(head, sizeof head, "POST /v1/traces HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nContent-Type: application/x-protobuf\r\n"
                                             "Content-Length: %zu\r\n\r\n", port, body->size);
    send_whole(head, (size_t)length);
    send_whole(body->data, body->size);
    if (read_answer(&size) != 200)
        die("the request was not taken");
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

static void fill(uint64_t spans)
{
    static struct request ahead[REQUESTS_AHEAD];
    double took = 0, worst = 0, bytes = 0, cpu = cpu_s();
    while (spans_made < spans) {
        size_t count = 0;
        while (count < REQUESTS_AHEAD && spans_made < spans)
            ahead[count++] = make_request(spans);
        double begin = now();
        for (size_t i = 0; i < count; i++) {
            double sent = now();
            post(&ahead[i]);
            worst = now() - sent > worst ? now() - sent : worst;
            bytes += (double)ahead[i].size;
        }
        took += now() - begin;
        for (size_t i = 0; i < count; i++)
            free(ahead[i].data);
    }
    struct stat file = {0};
    stat(db_file, &file);
    printf("intake | %.0f spans/s (%.0f bytes and 8 to 11 attributes each; 512 a request, one connection; worst request %.0f ms)\n",
           (double)spans / took, bytes / (double)spans, worst * 1e3);
    printf("intake, processor | %.2f us a span, of HTTP, checks, store and index\n", (cpu_s() - cpu) / (double)spans * 1e6);
    printf("store | %.0f bytes a span in the file; resident after it: %ld KiB\n", (double)file.st_size / (double)spans, status_kb("VmRSS:"));
    fflush(stdout);
}

/* ---- questions ---- */

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure(const char *what, const char *path)
{
    char encoded[2048], request[4096];
    double times[REPEATS];
    size_t size = 0, at = 0;
    int status = 0;
    for (const char *c = path; *c && at < sizeof encoded - 4; c++)
        at += (size_t)(strchr(" \"{}<>", *c) ? snprintf(encoded + at, 4, "%%%02X", (unsigned)*c) : snprintf(encoded + at, 2, "%c", *c));
    int length = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n", encoded, port);
    double cpu = cpu_s();
    for (int i = 0; i < REPEATS; i++) {
        double begin = now();
        send_whole(request, (size_t)length);
        status = read_answer(&size);
        times[i] = (now() - begin) * 1e3;
    }
    cpu = (cpu_s() - cpu) * 1e3 / REPEATS;
    qsort(times, REPEATS, sizeof *times, compare);
    printf("%s | `%s` | %.1f | %.1f | %.1f | %d, %zu bytes\n", what, path, times[REPEATS / 2], times[REPEATS - 1], cpu, status, size);
    fflush(stdout);
}

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
        measure(questions[i][0], questions[i][1]);
}

int main(int argc, char **argv)
{
    uint64_t spans = argc > 2 ? strtoull(argv[2], NULL, 10) : 1000000;
    double listen_ms[STARTS];
    char pattern[200];
    if (argc < 2 || !spans) {
        fprintf(stderr, "usage: bench_viewer PROGRAM [SPANS [DIRECTORY]]\n");
        return 2;
    }
    snprintf(pattern, sizeof pattern, "%s/spanwire-bench-XXXXXX", argc > 3 ? argv[3] : "/tmp");
    if (!mkdtemp(pattern))
        die(pattern);
    snprintf(directory, sizeof directory, "%s", pattern);
    snprintf(port_file, sizeof port_file, "%s/port", directory);
    snprintf(db_file, sizeof db_file, "%s/traces.db", directory);
    for (int i = 0; i < STARTS; i++) {
        listen_ms[i] = start(argv[1]);
        if (i < STARTS - 1)
            stop();
    }
    qsort(listen_ms, STARTS, sizeof *listen_ms, compare);
    printf("listening | %.1f ms after it was started (of %d: worst %.1f ms)\n", listen_ms[STARTS / 2], STARTS, listen_ms[STARTS - 1]);
    printf("idle | %ld KiB resident, %ld KiB of them its own memory\n", status_kb("VmRSS:"), status_kb("RssAnon:"));
    connection = dial();
    fill(spans);
    ask();
    close(connection);
    stop();
    printf("\nlistening again | %.1f ms with %llu spans in the file\n", start(argv[1]), (unsigned long long)spans);
    stop();
    unlink(db_file);
    unlink(port_file);
    rmdir(directory);
    return 0;
}
