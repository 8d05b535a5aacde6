/* Threads that come and go. */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "faults/fault.h"
#include "support/cost.h"

static uint64_t next_seq;

static int64_t take_seq(void)
{
    return (int64_t)__atomic_add_fetch(&next_seq, 1, __ATOMIC_RELAXED);
}

static void stop_and_judge(struct fault *f, http_peer *peer)
{
    f->ended = next_seq;
    fault_stop(f, 20000);
    fault_collect(f, peer);
    FAULT_CHECK(f, f->delivered == f->ended);
    fault_judge(f);
    http_peer_stop(peer);
}

static void record(int n)
{
    for (int i = 0; i < n; i++) {
        spw_span span = spw_span_start(NULL, "work", NULL);
        spw_set_int(span, "seq", take_seq());
        spw_span_end(span);
    }
}

static void run_threads(int n, void *(*body)(void *), void *args, size_t stride)
{
    pthread_t threads[16];
    for (int i = 0; i < n; i++)
        if (pthread_create(&threads[i], NULL, body, (char *)args + (size_t)i * stride) != 0)
            abort();
    for (int i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
}

/* ---- nothing is lost ---- */

static void *record_ten(void *arg)
{
    record(10);
    return arg;
}

static void thread_storm(struct fault *f)
{
    enum { ROUNDS = 100, THREADS = 10 };
    http_peer *peer = http_peer_start();
    fault_start(f, http_peer_url(peer), NULL);
    for (int i = 0; i < ROUNDS; i++) {
        run_threads(THREADS, record_ten, &next_seq, 0);
        if (i % 10 == 9)
            (void)spw_flush(5000);
    }
    stop_and_judge(f, peer);
}

/* ---- nothing is leaked ---- */

enum { WAVES = 20, WAVE = 500, AT_ONCE = 10 };

/* Ends one span, and dies with another one open: *arg. */
static void *leave_one_open(void *arg)
{
    spw_span *open = arg;
    record(1);
    *open = spw_span_start(NULL, "left open", NULL);
    spw_set_int(*open, "seq", take_seq());
    return NULL;
}

static void wave(struct fault *f)
{
    static spw_span open[WAVE];
    spw_stats stats = SPW_STATS_INIT;
    for (int i = 0; i < WAVE; i += AT_ONCE)
        run_threads(AT_ONCE, leave_one_open, &open[i], sizeof open[0]);
    spw_stats_get(&stats);
    if (stats.spans_open != WAVE || stats.threads > 1)
        fault_fail(f, "%llu spans open and %u threads after a wave", (unsigned long long)stats.spans_open, stats.threads);
    for (int i = 0; i < WAVE; i++)
        spw_span_end(open[i]);
    FAULT_CHECK(f, spw_flush(20000) == SPW_OK);
    spw_stats_get(&stats);
    FAULT_CHECK(f, stats.spans_open == 0);
}

/* The receiver keeps what it got, in the same process: that is its own. */
static void threads_leak_nothing(struct fault *f)
{
    http_peer *peer = http_peer_start();
    fault_start(f, http_peer_url(peer), NULL);
    for (int i = 0; i < 3; i++)
        wave(f);
    long before = fault_rss_kib();
    unsigned descriptors = fault_descriptors();
    uint64_t received = http_peer_received(peer);
    for (int i = 3; i < WAVES && !f->failed; i++)
        wave(f);
    long grown = fault_rss_kib() - before, kept = (long)((http_peer_received(peer) - received) / 1024);
    bool more = !COST_SANITIZED && grown > 2048 + 3 * kept; /* a sanitizer's allocator keeps what is freed */
    if (more || fault_descriptors() != descriptors)
        fault_fail(f, "%d threads left %ld KiB and %d descriptors behind; the receiver has %ld KiB", (WAVES - 3) * WAVE, grown,
                   (int)fault_descriptors() - (int)descriptors, kept);
    snprintf(f->note, sizeof f->note, "memory grew by %ld KiB over the last %d threads, the receiver's %ld KiB included", grown,
             (WAVES - 3) * WAVE, kept);
    stop_and_judge(f, peer);
}

/* ---- ended elsewhere ---- */

static void *start_only(void *arg)
{
    spw_span *span = arg;
    *span = spw_span_start(NULL, "work", NULL);
    spw_set_int(*span, "seq", take_seq());
    return NULL;
}

/* Started by threads that are dead by the time another one ends them. */
static void ended_by_others(struct fault *f)
{
    enum { SPANS = 500 };
    static spw_span spans[SPANS];
    http_peer *peer = http_peer_start();
    fault_start(f, http_peer_url(peer), NULL);
    for (int i = 0; i < SPANS; i++)
        run_threads(1, start_only, &spans[i], 0);
    for (int i = 0; i < SPANS; i++)
        spw_span_end(spans[i]);
    stop_and_judge(f, peer);
}

/* Each span goes from hand to hand: started, set and ended by three living threads, each ended twice. */
enum { HANDED = 20000 };
static spw_span handed[HANDED];
static uint32_t started_to, set_to; /* atomic */

static void await(const uint32_t *count, uint32_t more_than)
{
    while (__atomic_load_n(count, __ATOMIC_ACQUIRE) <= more_than)
        sched_yield();
}

static void *set_handed(void *arg)
{
    for (uint32_t i = 0; i < HANDED; i++) {
        await(&started_to, i);
        spw_set_int(handed[i], "seq", (int64_t)i + 1);
        __atomic_store_n(&set_to, i + 1, __ATOMIC_RELEASE);
    }
    return arg;
}

static void *end_handed(void *arg)
{
    for (uint32_t i = 0; i < HANDED; i++) {
        await(&set_to, i);
        spw_span_end(handed[i]);
        spw_span_end(handed[i]);
    }
    return arg;
}

static void from_hand_to_hand(struct fault *f)
{
    pthread_t setter, ender;
    setenv("OTEL_BSP_MAX_QUEUE_SIZE", "100000", 1);
    http_peer *peer = http_peer_start();
    fault_start(f, http_peer_url(peer), NULL);
    if (pthread_create(&setter, NULL, set_handed, NULL) != 0 || pthread_create(&ender, NULL, end_handed, NULL) != 0)
        abort();
    for (uint32_t i = 0; i < HANDED; i++) {
        handed[i] = spw_span_start(NULL, "work", NULL);
        __atomic_store_n(&started_to, i + 1, __ATOMIC_RELEASE);
    }
    pthread_join(setter, NULL);
    pthread_join(ender, NULL);
    next_seq = HANDED;
    stop_and_judge(f, peer);
}

const struct fault_row fault_rows_threads[] = {
    { "Threads", "thread_storm", "1,000 threads come and go", "nothing lost", thread_storm, false },
    { "Threads", "threads_leak_nothing", "10,000 threads, each leaves a span open that is ended later",
      "nothing lost; memory, slots, descriptors stable", threads_leak_nothing, false },
    { "Threads", "ended_by_others", "spans ended after their thread's death", "nothing lost", ended_by_others, false },
    { "Threads", "from_hand_to_hand", "one thread starts, another sets, a third ends, twice", "nothing lost, nothing twice",
      from_hand_to_hand, false },
    { NULL, NULL, NULL, NULL, NULL, false },
};
