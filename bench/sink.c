/*
 * What a span costs the process, all its threads together, until a receiver has acknowledged it: CPU time over spans delivered, by the real
 * exporter over HTTP to a sink in another process. Beside it the floor: the sending of the same bytes by hand. Nothing counts unless every
 * span arrived.
 *
 *     bench_sink [--quick]
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <spanwire/spanwire.h>

#include "cases.h"
#include "measure.h"
#include "sink_server.h"

#define FLUSH_MS 20000u
#define LOOK_EVERY 64u /* spans between two looks at the queue, in the closed loop */
#define TICK_US 10000u /* of the steady rate */
#define SPANS_PER_TICK 100u

static void die(const char *what)
{
    fprintf(stderr, "bench_sink: %s\n", what);
    exit(1);
}

/* CPU time of the process so far, as getrusage() has it, in nanoseconds. */
static double cpu_ns(void)
{
    return (double)bench_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

static double wall_ns(void)
{
    return (double)bench_clock_ns(CLOCK_MONOTONIC);
}

static uint64_t received(const struct sink *sink)
{
    return __atomic_load_n(&sink->view->spans, __ATOMIC_ACQUIRE);
}

/* ---- the SDK ---- */

struct setting {
    const char *title;
    uint32_t queue, batch;
};

static void start_sdk(const struct sink *sink, const struct setting *setting)
{
    char endpoint[64];
    snprintf(endpoint, sizeof endpoint, "http://127.0.0.1:%u", sink->port);
    spw_error error = SPW_ERROR_INIT;
    spw_pipeline_options pipeline = SPW_PIPELINE_OPTIONS_INIT;
    pipeline.exporter_name = "otlp";
    pipeline.max_queue_size = setting->queue;
    pipeline.max_export_batch_size = setting->batch;
    spw_options options = SPW_OPTIONS_INIT;
    options.service_name = "bench";
    options.otlp_endpoint = endpoint;
    options.pipelines = &pipeline;
    options.pipeline_count = 1;
    options.error = &error;
    if (spw_start(&options) != SPW_OK)
        die(error.text);
}

static uint64_t dropped_so_far(uint64_t *outstanding)
{
    spw_stats stats = SPW_STATS_INIT;
    spw_stats_get(&stats);
    const spw_pipeline_stats *p = &stats.pipelines[0];
    uint64_t dropped = p->rejected;
    for (int i = 0; i < SPW_DROP_CAUSES; i++)
        dropped += p->dropped[i];
    *outstanding = p->ended - p->exported - dropped;
    return dropped;
}

/* Everything recorded has to be at the sink, and once. */
static void insist(const struct sink *sink, uint64_t before, uint64_t spans)
{
    uint64_t outstanding;
    if (spw_flush(FLUSH_MS) != SPW_OK)
        die("the flush failed: nothing can be said");
    uint64_t dropped = dropped_so_far(&outstanding), arrived = received(sink) - before;
    if (!dropped && !outstanding && arrived == spans && !sink->view->malformed)
        return;
    fprintf(stderr, "bench_sink: recorded %llu, arrived %llu, dropped %llu, left %llu\n", (unsigned long long)spans,
            (unsigned long long)arrived, (unsigned long long)dropped, (unsigned long long)outstanding);
    die("not every span arrived once: nothing can be said");
}

struct cost {
    double cpu, wall; /* ns a span */
};

/* ---- as fast as it goes without loss ---- */

/* Records on while the queue has room, else lets the worker work: a program that would rather wait than lose. */
static struct cost closed_loop(const struct sink *sink, const struct setting *setting, unsigned spans)
{
    uint64_t before = received(sink), outstanding = 0;
    /* A batch counts as exported a moment before its room in the queue is free again. */
    uint64_t high = setting->queue - setting->batch - 2 * LOOK_EVERY;
    double cpu = cpu_ns(), wall = wall_ns();
    for (unsigned done = 0; done < spans; done += LOOK_EVERY) {
        for (unsigned i = 0; i < LOOK_EVERY; i++)
            bench_record_call();
        while ((void)dropped_so_far(&outstanding), outstanding > high)
            bench_sleep_us(50);
    }
    insist(sink, before, spans);
    return (struct cost){ (cpu_ns() - cpu) / spans, (wall_ns() - wall) / spans };
}

/* ---- at a steady rate ---- */

/* `spans` false: only the ticking, to tell its own cost. */
static struct cost steady(const struct sink *sink, unsigned ticks, bool spans)
{
    unsigned total = ticks * SPANS_PER_TICK;
    uint64_t before = received(sink);
    double cpu = cpu_ns(), wall = wall_ns();
    for (unsigned tick = 0; tick < ticks; tick++) {
        for (unsigned i = 0; spans && i < SPANS_PER_TICK; i++)
            bench_record_call();
        bench_sleep_us(TICK_US);
    }
    if (spans)
        insist(sink, before, total);
    return (struct cost){ (cpu_ns() - cpu) / total, (wall_ns() - wall) / total };
}

/* ---- the floor: the same bytes ---- */

static int connect_to(const struct sink *sink)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(sink->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        die("the sink cannot be reached");
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

static void send_all(int fd, const void *data, size_t size)
{
    for (const char *p = data; size;) {
        ssize_t n = send(fd, p, size, MSG_NOSIGNAL);
        if (n <= 0)
            die("the sink hung up");
        p += n;
        size -= (size_t)n;
    }
}

static void await_answer(int fd)
{
    char answer[512];
    size_t size = 0;
    while (size < sizeof answer - 1) {
        ssize_t n = recv(fd, answer + size, sizeof answer - 1 - size, 0);
        if (n <= 0)
            die("the sink does not answer");
        size += (size_t)n;
        answer[size] = '\0';
        if (strstr(answer, "\r\n\r\n"))
            return;
    }
}

/* A body the exporter sent, sent again by hand over a kept connection, about `spans` spans in all. */
static double floor_of_sending(const struct sink *sink, unsigned spans)
{
    uint32_t size = __atomic_load_n(&sink->view->sample_size, __ATOMIC_ACQUIRE);
    int64_t in_body = sink_count_spans(sink->view->sample, size);
    if (!size || in_body <= 0)
        die("no batch was large enough to send again");
    char head[256];
    int head_size = snprintf(head, sizeof head,
                             "POST /v1/traces HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-protobuf\r\n"
                             "Content-Length: %u\r\n\r\n",
                             size);
    int fd = connect_to(sink);
    unsigned requests = spans / (unsigned)in_body + 1;
    double cpu = cpu_ns();
    for (unsigned i = 0; i < requests; i++) {
        send_all(fd, head, (size_t)head_size);
        send_all(fd, sink->view->sample, size);
        await_answer(fd);
    }
    double per_span = (cpu_ns() - cpu) / requests / (double)in_body;
    close(fd);
    return per_span;
}

/* ---- the table ---- */

static void print_row(const char *title, double cpu, double floor_ns, double ratio, double rate, const char *target)
{
    printf("%-44s %9.0f %9.0f %6.2fx %8s %11.0f\n", title, cpu, floor_ns, ratio, target, rate);
}

/* Floor, case, case, floor, some times over; medians. */
static void measure_closed_loop(const struct sink *sink, const struct setting *setting, unsigned rounds, unsigned spans)
{
    enum { MOST = 64 };
    double cpu[MOST], rate[MOST], floors[MOST], ratios[MOST];
    start_sdk(sink, setting);
    __atomic_store_n(&sink->view->sample_size, 0, __ATOMIC_RELEASE);
    (void)closed_loop(sink, setting, spans); /* warm: connection, buffers, a body to send again */
    for (unsigned i = 0; i < rounds && i < MOST; i++) {
        double before = floor_of_sending(sink, 2 * spans);
        struct cost first = closed_loop(sink, setting, spans), second = closed_loop(sink, setting, spans);
        double after = floor_of_sending(sink, 2 * spans);
        cpu[i] = (first.cpu + second.cpu) / 2;
        rate[i] = 2e9 / (first.wall + second.wall);
        floors[i] = (before + after) / 2;
        ratios[i] = cpu[i] / floors[i];
    }
    (void)spw_shutdown(SPW_DEFAULT_TIMEOUT_MS);
    print_row(setting->title, bench_median(cpu, rounds), bench_median(floors, rounds), bench_median(ratios, rounds),
              bench_median(rate, rounds), "500");
}

static void measure_steady(const struct sink *sink, unsigned ticks)
{
    const struct setting defaults = { "", 0, 0 }; /* 0: what the SDK takes by itself */
    start_sdk(sink, &defaults);
    (void)steady(sink, 20, true);
    double ticking = steady(sink, ticks, false).cpu;
    double before = floor_of_sending(sink, 500000);
    struct cost first = steady(sink, ticks, true), second = steady(sink, ticks, true);
    double after = floor_of_sending(sink, 500000);
    ticking = (ticking + steady(sink, ticks, false).cpu) / 2;
    (void)spw_shutdown(SPW_DEFAULT_TIMEOUT_MS);
    double cpu = (first.cpu + second.cpu) / 2 - ticking, floor_ns = (before + after) / 2;
    print_row("10,000 a second, default settings", cpu, floor_ns, cpu / floor_ns, 2e9 / (first.wall + second.wall), "");
    printf("    (of which %.0f ns for ticking 100 times a second are taken off)\n", ticking);
}

int main(int argc, char **argv)
{
    bool quick = argc > 1 && strcmp(argv[1], "--quick") == 0;
    static const struct setting settings[] = {
        { "closed loop, batches of 512, queue of 2,048", 2048, 512 },
        { "closed loop, batches of 4,096, queue of 65,536", 65536, 4096 },
    };
    struct sink sink;
    if (!sink_start(&sink))
        die("no sink");
    printf("To a sink over HTTP, 4 attributes: CPU of the whole process a span delivered, none lost\n");
    printf("%-44s %9s %9s %7s %8s %11s\n", "case", "CPU ns", "floor ns", "ratio", "target", "spans/s");
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        measure_closed_loop(&sink, &settings[i], quick ? 3 : 9, quick ? 64000 : 256000);
    measure_steady(&sink, quick ? 100 : 300);
    sink_stop(&sink);
    return 0;
}
