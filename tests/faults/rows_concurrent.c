/* Several requests on their way at once, to a receiver that is far away, and to one that does everything wrong in turns. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "faults/fault.h"

enum { FLIGHTS = 4, ROUND_TRIP_MS = 20, MEASURE_MS = 1000, IN_REACH = 8192 /* spans kept waiting while measuring */ };

static uint32_t exports; /* at once, of the next start */

static void several(spw_options *options)
{
    spw_pipeline_options *pipeline = (spw_pipeline_options *)(uintptr_t)options->pipelines;
    pipeline->max_concurrent_exports = exports;
    pipeline->max_queue_size = 2 * IN_REACH;
    options->otlp_timeout_ms = 5000;
}

static spw_pipeline_stats account(void)
{
    spw_stats stats = SPW_STATS_INIT;
    spw_stats_get(&stats);
    return stats.pipelines[0];
}

/* Spans acknowledged in a second by a receiver 20 ms away, which always has something to get. */
static double throughput(struct fault *f, uint32_t concurrent)
{
    struct fault aside = { .ended = 0 };
    http_peer *peer = http_peer_start();
    http_peer_always(peer, (http_peer_answer){ .delay_ms = ROUND_TRIP_MS });
    exports = concurrent;
    fault_start(&aside, http_peer_url(peer), several);
    uint64_t begun = fault_now_ms(), now = begun;
    for (; now - begun < MEASURE_MS; now = fault_now_ms()) {
        spw_pipeline_stats p = account();
        if (p.queued + p.in_flight < IN_REACH)
            fault_record(&aside, 512, 0);
        else
            usleep(200);
    }
    double rate = (double)account().exported * 1000 / (double)(now - begun);
    fault_stop(&aside, 20000);
    FAULT_CHECK(f, !aside.failed && aside.shutdown == SPW_OK && aside.stats.pipelines[0].exported == aside.ended);
    FAULT_CHECK(f, http_peer_connections(peer) == concurrent); /* one each, and kept */
    free(aside.samples);
    http_peer_stop(peer);
    return rate;
}

static void far_away(struct fault *f)
{
    double one = throughput(f, 1), four = throughput(f, FLIGHTS);
    http_peer *peer = http_peer_start();
    http_peer_always(peer, (http_peer_answer){ .delay_ms = ROUND_TRIP_MS });
    exports = FLIGHTS;
    fault_start(f, http_peer_url(peer), several);
    fault_record(f, 20000, 5);
    fault_stop(f, 20000);
    fault_collect(f, peer);
    FAULT_CHECK(f, f->shutdown == SPW_OK && f->delivered == f->ended && f->duplicates == 0);
    fault_judge(f);
    if (four < 2 * one)
        fault_fail(f, "%.0f spans/s by one request at a time, %.0f by four", one, four);
    snprintf(f->note, sizeof f->note, "%d ms away: %.0f spans/s by one request at a time, %.0f by four (%.1f times)", ROUND_TRIP_MS, one, four,
             four / one);
    http_peer_stop(peer);
}

static void all_evils(struct fault *f)
{
    static const http_peer_answer evils[] = {
        { .status = 503 },
        { .act = HTTP_PEER_RESET },
        { .delay_ms = 120 },
        { .act = HTTP_PEER_CLOSE },
        { .status = 429, .headers = "Retry-After: 1\r\n" },
        { .byte_delay_ms = 2 },
        { .act = HTTP_PEER_CLOSE_AFTER },
        { .act = HTTP_PEER_SHORT_BODY, .body = "x", .body_size = 1 },
    };
    http_peer *peer = http_peer_start();
    for (size_t i = 0; i < 3 * sizeof evils / sizeof evils[0]; i++)
        http_peer_then(peer, evils[i % (sizeof evils / sizeof evils[0])]);
    exports = FLIGHTS;
    fault_start(f, http_peer_url(peer), several);
    fault_record(f, 12000, 200);
    fault_stop(f, 30000);
    fault_collect(f, peer);
    const spw_pipeline_stats *p = &f->stats.pipelines[0];
    FAULT_CHECK(f, f->shutdown == SPW_OK && f->delivered == f->ended && p->retries > 0);
    fault_judge(f);
    snprintf(f->note, sizeof f->note, "%llu batches, %llu retries, %llu spans sent again", (unsigned long long)p->batches,
             (unsigned long long)p->retries, (unsigned long long)p->ambiguous);
    http_peer_stop(peer);
}

static void all_hang(struct fault *f)
{
    http_peer *peer = http_peer_start();
    http_peer_always(peer, (http_peer_answer){ .act = HTTP_PEER_HANG });
    exports = FLIGHTS;
    fault_start(f, http_peer_url(peer), several);
    fault_record(f, 5000, 20);
    fault_stop(f, 500);
    fault_collect(f, peer);
    FAULT_CHECK(f, f->shutdown == SPW_ERR_TIMEOUT && f->shutdown_ms <= 900 && f->delivered == 0);
    FAULT_CHECK(f, f->stats.pipelines[0].dropped[SPW_DROP_SHUTDOWN_DEADLINE] == f->ended);
    fault_judge(f);
    snprintf(f->note, sizeof f->note, "shutdown of 500 ms took %u ms", f->shutdown_ms);
    http_peer_stop(peer);
}

const struct fault_row fault_rows_concurrent[] = {
    { "Several requests at once", "concurrent_far", "a receiver 20 ms away, four requests at once", "everything arrives once; at least twice as fast",
      far_away, false },
    { "Several requests at once", "concurrent_evils", "503, 429, resets, closes, slowness in turns", "each batch tried again; nothing lost", all_evils,
      false },
    { "Several requests at once", "concurrent_hang", "four requests, none answered", "shutdown within its timeout + 100 ms; counted", all_hang, false },
    { NULL, NULL, NULL, NULL, NULL, false },
};
