/*
 * What recording costs the thread that records: nanoseconds beside the floor measured in the same run, allocations, and, run under
 * callgrind with --count, instructions. bench/run.sh puts the two runs together.
 *
 *     bench_record [--quick] [--instructions FILE]    the table; FILE has lines `case instructions`
 *     bench_record --count                            for callgrind: one dump a case, COUNTED_SPANS spans each
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "cases.h"
#include "measure.h"
#include "null_exporter.h"

#ifdef SPW_BENCH_CALLGRIND
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_TOGGLE_COLLECT (void)0
#define CALLGRIND_DUMP_STATS_AT(name) (void)(name)
#endif

#define COUNTED_SPANS 10000u
#define WARM_SPANS 3000u
#define QUEUE 65536u
#define RING_BYTES (1u << 20)
#define FLUSH_MS 20000u

static void die(const char *what)
{
    fprintf(stderr, "bench_record: %s\n", what);
    exit(1);
}

/* ---- the SDK with a consumer that costs nothing ---- */

/* The batch is as large as the queue and the delay an hour: the worker sleeps while we record and works while we flush. */
static void start_sdk(void)
{
    spw_error error = SPW_ERROR_INIT;
    spw_pipeline_options pipeline = SPW_PIPELINE_OPTIONS_INIT;
    pipeline.exporter = bench_null_exporter_new();
    pipeline.max_queue_size = QUEUE;
    pipeline.max_export_batch_size = QUEUE;
    pipeline.schedule_delay_ms = 3600 * 1000;
    spw_options options = SPW_OPTIONS_INIT;
    options.service_name = "bench";
    options.pipelines = &pipeline;
    options.pipeline_count = 1;
    options.error = &error;
    if (spw_start(&options) != SPW_OK)
        die(error.text);
}

static void flush(void)
{
    if (spw_flush(FLUSH_MS) != SPW_OK)
        die("the flush failed: the numbers would be wrong");
}

/* A recorder that drops looks fast: everything that ended has to have come out at the other end. */
static bool all_arrived(void)
{
    spw_stats stats = SPW_STATS_INIT;
    spw_stats_get(&stats);
    const spw_pipeline_stats *p = &stats.pipelines[0];
    uint64_t dropped = stats.attributes_dropped + stats.events_dropped;
    for (int i = 0; i < SPW_DROP_CAUSES; i++)
        dropped += p->dropped[i];
    return dropped == 0 && p->ended == p->exported && p->exported == bench_null_exporter_spans();
}

/* ---- the floors ---- */

static uint8_t ring[RING_BYTES + 8192];
static uint8_t bytes[8192];

/* What no recorder can do without: a clock at the start, one at the end, and the span's bytes put where a consumer finds them. */
static void run_floor(unsigned spans, size_t span_size)
{
    size_t at = 0;
    for (unsigned i = 0; i < spans; i++) {
        uint64_t start = bench_clock_ns(CLOCK_MONOTONIC);
        memcpy(bytes, &start, sizeof start);
        uint64_t end = bench_clock_ns(CLOCK_MONOTONIC);
        memcpy(bytes + 8, &end, sizeof end);
        memcpy(ring + at, bytes, span_size);
        at = (at + span_size) % RING_BYTES;
    }
    uint8_t *p = ring;
    BENCH_OPAQUE(p);
}

/* ---- times ---- */

struct times {
    double ns, floor_ns, ratio; /* medians */
    double allocations;         /* a span, of all repetitions together */
    size_t span_size;
};

static double time_case(const struct bench_case *c, double *allocations)
{
    uint64_t calls = bench_allocations();
    uint64_t start = bench_clock_ns(CLOCK_MONOTONIC);
    c->run(c->block);
    uint64_t end = bench_clock_ns(CLOCK_MONOTONIC);
    *allocations += (double)(bench_allocations() - calls);
    if (c->when == BENCH_RECORDED)
        flush();
    return (double)(end - start) / c->block;
}

static double time_floor(const struct bench_case *c, size_t span_size)
{
    uint64_t start = bench_clock_ns(CLOCK_MONOTONIC);
    run_floor(c->block, span_size); /* with nothing to copy where nothing is recorded: then no floor, but a measure */
    return (double)(bench_clock_ns(CLOCK_MONOTONIC) - start) / c->block;
}

/* Floor, case, case, floor: what drifts slowly falls out of the ratio of each four, what jumps out of the median of the ratios. */
static struct times measure(const struct bench_case *c, unsigned repetitions)
{
    enum { MOST = 1001 };
    static double ns[MOST], floors[MOST], ratios[MOST];
    struct times t = { 0 };
    struct bench_place place = bench_enter(c);
    double ignored = 0;
    for (int i = 0; i < 5; i++)
        (void)time_case(c, &ignored);
    t.span_size = c->when == BENCH_RECORDED ? bench_null_exporter_span_size() : 0;
    if (t.span_size > sizeof bytes)
        die("a span is larger than the floor's buffer");
    (void)time_floor(c, t.span_size);
    for (unsigned i = 0; i < repetitions && i < MOST; i++) {
        double before = time_floor(c, t.span_size);
        double first = time_case(c, &t.allocations);
        double second = time_case(c, &t.allocations);
        double after = time_floor(c, t.span_size);
        ns[i] = (first + second) / 2;
        floors[i] = (before + after) / 2;
        ratios[i] = ns[i] / floors[i];
    }
    bench_leave(&place);
    t.ns = bench_median(ns, repetitions);
    t.floor_ns = bench_median(floors, repetitions);
    t.ratio = bench_median(ratios, repetitions);
    t.allocations /= 2.0 * repetitions * c->block;
    return t;
}

/* ---- the table ---- */

/* The number of a case in a file of `case number` lines; NaN when there is none. */
static double instructions_of(const char *path, const char *name)
{
    FILE *file = path ? fopen(path, "r") : NULL;
    double found = NAN;
    char line[256];
    while (file && fgets(line, sizeof line, file)) {
        char key[64];
        double value;
        if (sscanf(line, "%63s %lf", key, &value) == 2 && strcmp(key, name) == 0)
            found = value;
    }
    if (file)
        fclose(file);
    return found;
}

static void print_head(void)
{
    printf("%-39s %9s %9s %7s %8s %13s %12s %6s\n", "case", "ns", "floor ns", "ratio", "target", "instructions", "allocations", "bytes");
}

static void print_row(const struct bench_case *c, const struct times *t, const char *instructions)
{
    char target[16] = "", counted[16] = "-", allocated[16] = "?", size[24] = "";
    double n = instructions_of(instructions, c->name);
    if (c->target_ns > 0)
        snprintf(target, sizeof target, "%.0f", c->target_ns);
    if (!isnan(n))
        snprintf(counted, sizeof counted, "%.0f", n);
    if (bench_counts_allocations())
        snprintf(allocated, sizeof allocated, "%.3g", t->allocations);
    if (t->span_size)
        snprintf(size, sizeof size, "%zu", t->span_size);
    printf("%-39s %9.1f %9.1f %6.2fx %8s %13s %12s %6s\n", c->title, t->ns, t->floor_ns, t->ratio, target, counted, allocated, size);
}

static int print_table(unsigned repetitions, const char *instructions)
{
    bool started = false, valid = true;
    print_head();
    for (size_t i = 0; i < bench_case_count; i++) {
        const struct bench_case *c = &bench_cases[i];
        if (c->when != BENCH_DISABLED && !started) {
            start_sdk();
            started = true;
        }
        struct times t = measure(c, repetitions);
        if (started) {
            flush();
            valid = all_arrived();
        }
        if (!valid) {
            printf("%-39s not valid: spans were dropped\n", c->title);
            break;
        }
        print_row(c, &t, instructions);
    }
    (void)spw_shutdown(SPW_DEFAULT_TIMEOUT_MS);
    return valid ? 0 : 1;
}

/* ---- for callgrind ---- */

/* Collecting is a thread's own: toggled here, it leaves the worker out. One span first, and a pause: the worker is told of new rows once,
 * sets its timer and sleeps. */
static void count_case(const struct bench_case *c)
{
    unsigned divisor = c->block < 1024 ? 10 : 1; /* the long ones */
    struct bench_place place = bench_enter(c);
    c->run(WARM_SPANS / divisor);
    if (c->when != BENCH_DISABLED) {
        flush();
        c->run(1);
        bench_sleep_us(20000);
    }
    CALLGRIND_TOGGLE_COLLECT;
    c->run(COUNTED_SPANS / divisor);
    CALLGRIND_TOGGLE_COLLECT;
    CALLGRIND_DUMP_STATS_AT(c->name);
    printf("%s %u\n", c->name, COUNTED_SPANS / divisor);
    bench_leave(&place);
    if (c->when != BENCH_DISABLED)
        flush();
}

static int count_all(void)
{
    bool started = false;
    for (size_t i = 0; i < bench_case_count; i++) {
        if (bench_cases[i].when != BENCH_DISABLED && !started) {
            start_sdk();
            started = true;
        }
        count_case(&bench_cases[i]);
    }
    bool valid = all_arrived();
    (void)spw_shutdown(SPW_DEFAULT_TIMEOUT_MS);
    if (!valid)
        die("spans were dropped: the counts are not valid");
    return 0;
}

int main(int argc, char **argv)
{
    unsigned repetitions = 201;
    const char *instructions = NULL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--count") == 0)
            return count_all();
        if (strcmp(argv[i], "--quick") == 0)
            repetitions = 41;
        else if (strcmp(argv[i], "--instructions") == 0 && i + 1 < argc)
            instructions = argv[++i];
        else
            die("usage: bench_record [--quick] [--instructions FILE] | --count");
    }
    return print_table(repetitions, instructions);
}
