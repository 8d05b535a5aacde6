/* A server that answers, but not as one would wish. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zlib.h>

#include "faults/fault.h"
#include "support/cost.h"

/* Each retryable status, without and with every kind of Retry-After; then healthy. */
static void retryable(struct fault *f)
{
    static const int statuses[] = { 429, 502, 503, 504 };
    static const char *const waits[] = { "", "Retry-After: 1\r\n", "Retry-After: 0\r\n", "Retry-After: Thu, 01 Jan 1970 00:00:00 GMT\r\n",
                                         "Retry-After: soon\r\n", "Retry-After: -5\r\n", "Retry-After: 9223372036854775808\r\n" };
    unsigned answers = 0;
    http_peer *peer = http_peer_start();
    fault_start(f, http_peer_url(peer), NULL);
    for (size_t w = 0; w < sizeof waits / sizeof waits[0]; w++) {
        for (size_t s = 0; s < 4; s++, answers++) {
            http_peer_answer answer = http_peer_status(statuses[s]);
            answer.headers = waits[w];
            http_peer_then(peer, answer);
        }
    }
    fault_record(f, 1000, 0);
    /* Each flush cuts a back-off short, so that this takes seconds and not minutes. */
    for (unsigned i = 0; i < 2 * answers && http_peer_requests(peer) < answers; i++)
        (void)spw_flush(60);
    FAULT_CHECK(f, http_peer_requests(peer) >= answers);
    fault_stop(f, 10000);
    FAULT_CHECK(f, f->shutdown == SPW_OK);
    fault_collect(f, peer);
    FAULT_CHECK(f, f->delivered == f->ended);
    FAULT_CHECK(f, http_peer_connections(peer) > 3 * answers / 4 - answers / 4); /* a fresh one after each 5xx */
    fault_judge(f);
    snprintf(f->note, sizeof f->note, "%u answers, %u connections", answers, http_peer_connections(peer));
    http_peer_stop(peer);
}

static void far_away_retry(struct fault *f)
{
    http_peer *peer = http_peer_start();
    http_peer_answer answer = http_peer_status(503);
    answer.headers = "Retry-After: 3600\r\n";
    http_peer_always(peer, answer);
    fault_start(f, http_peer_url(peer), NULL);
    fault_record(f, 300, 0);
    fault_wait(f, peer, 1);
    fault_stop(f, 300);
    FAULT_CHECK(f, f->shutdown == SPW_ERR_TIMEOUT && f->shutdown_ms <= 700);
    fault_collect(f, peer);
    fault_judge(f);
    snprintf(f->note, sizeof f->note, "shutdown of 300 ms took %u ms", f->shutdown_ms);
    http_peer_stop(peer);
}

static void permanent(struct fault *f)
{
    static const int statuses[] = { 400, 401, 403, 404, 405, 408, 413, 415, 500, 501, 505, 301, 307, 418, 599 };
    enum { COUNT = sizeof statuses / sizeof statuses[0] };
    http_peer *peer = http_peer_start(), *target = http_peer_start();
    char location[100];
    snprintf(location, sizeof location, "Location: %s/v1/traces\r\n", http_peer_url(target));
    fault_start(f, http_peer_url(peer), NULL);
    for (size_t i = 0; i < COUNT; i++) {
        http_peer_answer answer = http_peer_status(statuses[i]);
        answer.headers = location;
        http_peer_then(peer, answer);
        fault_record(f, 10, 0);
        FAULT_CHECK(f, spw_flush(5000) == SPW_ERR_INCOMPLETE);
    }
    fault_stop(f, 5000);
    fault_collect(f, peer);
    FAULT_CHECK(f, http_peer_requests(peer) == COUNT && f->delivered == 0);
    FAULT_CHECK(f, f->stats.pipelines[0].dropped[SPW_DROP_PERMANENT] == COUNT * 10);
    FAULT_CHECK(f, http_peer_connections(target) == 0 && http_peer_received(target) == 0);
    fault_judge(f);
    snprintf(f->note, sizeof f->note, "%d statuses, one request each; the redirect's target got 0 bytes", (int)COUNT);
    http_peer_stop(target);
    http_peer_stop(peer);
}

/* partial_success { rejected_spans: n, error_message: "no" } */
static http_peer_answer partial(int64_t rejected, uint8_t body[32])
{
    uint8_t *p = body + 2;
    uint64_t n = (uint64_t)rejected;
    *p++ = 0x08;
    for (; n >= 128; n >>= 7)
        *p++ = (uint8_t)(n | 128);
    *p++ = (uint8_t)n;
    *p++ = 0x12;
    *p++ = 2;
    *p++ = 'n';
    *p++ = 'o';
    body[0] = 0x0a;
    body[1] = (uint8_t)(p - body - 2);
    return http_peer_protobuf(body, (size_t)(p - body));
}

static void partial_success(struct fault *f)
{
    static const struct {
        int64_t said;
        uint64_t counted;
    } cases[] = { { 0, 0 }, { 3, 3 }, { 10, 10 }, { -1, 0 }, { 11, 10 }, { INT64_MAX, 10 }, { INT64_MIN, 0 } };
    enum { COUNT = sizeof cases / sizeof cases[0] };
    uint64_t rejected = 0;
    uint8_t body[32];
    http_peer *peer = http_peer_start();
    fault_start(f, http_peer_url(peer), NULL);
    for (size_t i = 0; i < COUNT; i++) {
        http_peer_then(peer, partial(cases[i].said, body));
        fault_record(f, 10, 0);
        (void)spw_flush(5000);
        rejected += cases[i].counted;
    }
    fault_stop(f, 5000);
    fault_collect(f, peer);
    FAULT_CHECK(f, http_peer_requests(peer) == COUNT);
    FAULT_CHECK(f, f->stats.pipelines[0].rejected == rejected);
    fault_judge(f);
    snprintf(f->note, sizeof f->note, "%llu rejected, none sent again", (unsigned long long)rejected);
    http_peer_stop(peer);
}

static void garbage_in_a_2xx(struct fault *f)
{
    static const char garbage[] = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff";
    http_peer *peer = http_peer_start();
    http_peer_then(peer, http_peer_protobuf(garbage, sizeof garbage - 1));
    fault_start(f, http_peer_url(peer), NULL);
    fault_record(f, 100, 0);
    (void)spw_flush(5000);
    fault_stop(f, 5000);
    fault_collect(f, peer);
    FAULT_CHECK(f, http_peer_requests(peer) == 1 && f->delivered == 100);
    FAULT_CHECK(f, f->stats.pipelines[0].malformed_responses == 1);
    fault_judge(f);
    http_peer_stop(peer);
}

static long peak_kib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

/* An answer that would not end, or would fill the memory: permanent, one request, and hardly any memory. */
static void monstrous(struct fault *f, http_peer_answer answer)
{
    http_peer *peer = http_peer_start();
    fault_start(f, http_peer_url(peer), NULL);
    fault_record(f, 10, 0);
    FAULT_CHECK(f, spw_flush(5000) == SPW_OK); /* everything that is loaded once is loaded */
    long before = peak_kib();
    http_peer_then(peer, answer);
    fault_record(f, 100, 0);
    FAULT_CHECK(f, spw_flush(5000) == SPW_ERR_INCOMPLETE);
    long grown = peak_kib() - before;
    fault_stop(f, 5000);
    fault_collect(f, peer);
    FAULT_CHECK(f, http_peer_requests(peer) == 2);
    FAULT_CHECK(f, f->stats.pipelines[0].dropped[SPW_DROP_PERMANENT] == 100);
    FAULT_CHECK(f, COST_SANITIZED || grown <= 1024); /* a sanitizer keeps what is freed */
    fault_judge(f);
    snprintf(f->note, sizeof f->note, "memory grew by %ld KiB, the peer's own included", grown);
    http_peer_stop(peer);
}

static void endless_body(struct fault *f)
{
    monstrous(f, (http_peer_answer){ .act = HTTP_PEER_ENDLESS_BODY });
}

static void endless_headers(struct fault *f)
{
    monstrous(f, (http_peer_answer){ .act = HTTP_PEER_ENDLESS_HEADERS });
}

/* 64 MiB of zeros as gzip, which we did not ask for: taken for what it is, bytes that are no answer of the protocol. */
static void gzip_bomb(struct fault *f)
{
    enum { ROOM = 1 << 17 };
    static uint8_t zeros[1 << 16], packed[ROOM];
    z_stream z = { 0 };
    if (deflateInit2(&z, 9, Z_DEFLATED, 31, 9, Z_DEFAULT_STRATEGY) != Z_OK)
        abort();
    z.next_out = packed;
    z.avail_out = ROOM;
    for (int i = 0; i < 1024; i++) {
        z.next_in = zeros;
        z.avail_in = sizeof zeros;
        (void)deflate(&z, i == 1023 ? Z_FINISH : Z_NO_FLUSH);
    }
    size_t size = ROOM - z.avail_out;
    deflateEnd(&z);
    http_peer_answer answer = http_peer_protobuf(packed, size);
    answer.headers = "Content-Type: application/x-protobuf\r\nContent-Encoding: gzip\r\n";
    http_peer *peer = http_peer_start();
    fault_start(f, http_peer_url(peer), NULL);
    fault_record(f, 10, 0);
    FAULT_CHECK(f, spw_flush(5000) == SPW_OK);
    long before = peak_kib();
    http_peer_then(peer, answer);
    fault_record(f, 100, 0);
    (void)spw_flush(5000);
    long grown = peak_kib() - before;
    fault_stop(f, 5000);
    fault_collect(f, peer);
    FAULT_CHECK(f, http_peer_requests(peer) == 2 && f->delivered == 110);
    FAULT_CHECK(f, COST_SANITIZED || grown <= 1024); /* a sanitizer keeps what is freed */
    fault_judge(f);
    snprintf(f->note, sizeof f->note, "%zu bytes of 64 MiB; memory grew by %ld KiB", size, grown);
    http_peer_stop(peer);
}

const struct fault_row fault_rows_server[] = {
    { "Server", "retryable", "429, 502, 503, 504, each with seven kinds of Retry-After", "all sent again, nothing lost", retryable, false },
    { "Server", "far_away_retry", "503 with Retry-After of an hour, then shutdown", "the wait is interrupted", far_away_retry, false },
    { "Server", "permanent", "15 statuses that are not retryable, redirects among them", "one request each, counted permanent", permanent, false },
    { "Server", "partial_success", "partial success: 0, some, all, negative, more than sent", "never sent again, counted rejected", partial_success, false },
    { "Server", "garbage_in_a_2xx", "200 with garbage", "delivered, counted malformed", garbage_in_a_2xx, false },
    { "Server", "endless_body", "200 with a body that never ends", "permanent, memory grows by at most 1 MiB", endless_body, false },
    { "Server", "endless_headers", "header lines that never end", "permanent, memory grows by at most 1 MiB", endless_headers, false },
    { "Server", "gzip_bomb", "200 with 64 MiB of zeros as gzip", "not inflated; memory grows by at most 1 MiB", gzip_bomb, false },
    { NULL, NULL, NULL, NULL, NULL, false },
};
