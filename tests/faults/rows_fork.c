/* Children of a program that records: with and without exec, with an SDK of their own or none. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "faults/fault.h"

/* ---- what parent and children know together ---- */

static struct {
    uint64_t seq;                                                              /* the last number given */
    uint64_t finished;                                                         /* children that came to their end well */
    uint64_t ended, exported, rejected, dropped, queued, in_flight, ambiguous; /* of the children's SDKs */
} * family;

static void *share(size_t size)
{
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED)
        abort();
    return at;
}

static void add(uint64_t *to, uint64_t n)
{
    __atomic_add_fetch(to, n, __ATOMIC_RELAXED);
}

static void record_numbered(int n)
{
    for (int i = 0; i < n; i++) {
        spw_span span = spw_span_start(NULL, "work", NULL);
        spw_set_int(span, "seq", (int64_t)__atomic_add_fetch(&family->seq, 1, __ATOMIC_RELAXED));
        spw_span_end(span);
    }
}

/* In a child: an SDK of its own, whose spans are numbered along with the parent's. Returns the exit code. */
static int live(const char *url)
{
    struct fault own = { .ended = 0 };
    for (int i = 0; i < 100; i++) /* before its start: nobody's, the parent's least of all */
        spw_span_end(spw_span_start(NULL, "nobody's", NULL));
    fault_start(&own, url, NULL);
    record_numbered(10);
    fault_stop(&own, 20000);
    const spw_pipeline_stats *p = &own.stats.pipelines[0];
    add(&family->ended, p->ended);
    add(&family->exported, p->exported);
    add(&family->rejected, p->rejected);
    add(&family->dropped, fault_dropped(&own, SPW_DROP_CAUSES));
    add(&family->queued, p->queued);
    add(&family->in_flight, p->in_flight);
    add(&family->ambiguous, p->ambiguous);
    add(&family->finished, !own.failed);
    return own.failed ? 31 : own.shutdown == SPW_OK ? 0 : 32;
}

/* The parent's account and the children's are judged as one. */
static void stop_and_judge_family(struct fault *f, http_peer *peer)
{
    fault_stop(f, 20000);
    spw_pipeline_stats *p = &f->stats.pipelines[0];
    p->ended += family->ended;
    p->exported += family->exported;
    p->rejected += family->rejected;
    p->dropped[SPW_DROP_QUEUE_FULL] += family->dropped;
    p->queued += family->queued;
    p->in_flight += family->in_flight;
    p->ambiguous += family->ambiguous;
    f->ended = family->seq;
    fault_collect(f, peer);
    FAULT_CHECK(f, f->delivered == f->ended);
    fault_judge(f);
    http_peer_stop(peer);
}

static void stop_and_judge(struct fault *f, http_peer *peer)
{
    fault_stop(f, 20000);
    fault_collect(f, peer);
    FAULT_CHECK(f, f->delivered == f->ended);
    fault_judge(f);
    http_peer_stop(peer);
}

/* ---- children that record ---- */

static pid_t raw_clone(void)
{
    return (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0); /* no atfork handler runs */
}

/* While requests are under way: records into nothing, and exits as programs do. */
static void fork_without_exec(struct fault *f)
{
    http_peer *peer = http_peer_start();
    http_peer_always(peer, (http_peer_answer){ .delay_ms = 30 });
    fault_start(f, http_peer_url(peer), NULL);
    for (int i = 0; i < 50; i++) {
        fault_record(f, 20, 0);
        usleep(3000);
        pid_t pid = fork();
        if (pid == 0) {
            for (int j = 0; j < 100; j++)
                spw_span_end(spw_span_start(NULL, "child", NULL));
            exit(spw_flush(100) == SPW_ERR_NOT_STARTED && spw_shutdown(100) == SPW_OK ? 0 : 33);
        }
        FAULT_CHECK(f, fault_outcome(pid) == 0);
    }
    stop_and_judge(f, peer);
}

static pid_t daemonize(void)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    setsid();
    pid = fork();
    if (pid != 0)
        _exit(pid < 0 ? 34 : 0);
    return 0;
}

static void await_family(struct fault *f, uint64_t children)
{
    for (uint64_t until = fault_now_ms() + 20000; __atomic_load_n(&family->finished, __ATOMIC_ACQUIRE) < children; usleep(1000))
        if (fault_now_ms() > until) {
            fault_fail(f, "%llu of %llu children came to their end", (unsigned long long)family->finished, (unsigned long long)children);
            return;
        }
}

/* After a raw clone the C library's own locks are as other threads held them: those are let come to rest first. */
static void children_record(struct fault *f, pid_t (*make_child)(void))
{
    enum { CHILDREN = 20 };
    family = share(sizeof *family);
    http_peer *peer = http_peer_start();
    fault_start(f, http_peer_url(peer), NULL);
    for (int i = 0; i < CHILDREN; i++) {
        record_numbered(20);
        if (make_child == raw_clone) {
            FAULT_CHECK(f, spw_flush(20000) == SPW_OK);
            usleep(20000);
        }
        pid_t pid = make_child();
        if (pid == 0)
            _exit(live(http_peer_url(peer)));
        record_numbered(20);
        FAULT_CHECK(f, fault_outcome(pid) == 0);
    }
    await_family(f, CHILDREN);
    stop_and_judge_family(f, peer);
}

static void fork_records(struct fault *f)
{
    children_record(f, fork);
}

static void double_fork_records(struct fault *f)
{
    children_record(f, daemonize);
}

static void raw_clone_records(struct fault *f)
{
    children_record(f, raw_clone);
}

/* ---- forks from many threads ---- */

enum { FORKERS = 3, FORKS = 15, RECORDERS = 2 };
static uint32_t storming, bad_outcomes;
static const char *storm_url;

static void *record_on(void *arg)
{
    while (__atomic_load_n(&storming, __ATOMIC_ACQUIRE)) {
        record_numbered(5);
        usleep(500);
    }
    return arg;
}

static void *fork_on(void *arg)
{
    for (int i = 0; i < FORKS; i++) {
        record_numbered(3);
        pid_t pid = fork();
        if (pid == 0)
            _exit(live(storm_url));
        record_numbered(3);
        if (fault_outcome(pid) != 0)
            __atomic_add_fetch(&bad_outcomes, 1, __ATOMIC_RELAXED);
    }
    return arg;
}

static void fork_storm(struct fault *f)
{
    pthread_t recorders[RECORDERS], forkers[FORKERS];
    family = share(sizeof *family);
    setenv("OTEL_BSP_MAX_QUEUE_SIZE", "200000", 1); /* so that a busy machine overflows none */
    http_peer *peer = http_peer_start();
    storm_url = http_peer_url(peer);
    storming = 1;
    fault_start(f, storm_url, NULL);
    for (int i = 0; i < RECORDERS; i++)
        if (pthread_create(&recorders[i], NULL, record_on, NULL) != 0)
            abort();
    for (int i = 0; i < FORKERS; i++)
        if (pthread_create(&forkers[i], NULL, fork_on, NULL) != 0)
            abort();
    for (int i = 0; i < FORKERS; i++)
        pthread_join(forkers[i], NULL);
    __atomic_store_n(&storming, 0, __ATOMIC_RELEASE);
    for (int i = 0; i < RECORDERS; i++)
        pthread_join(recorders[i], NULL);
    FAULT_CHECK(f, bad_outcomes == 0 && family->finished == FORKERS * FORKS);
    snprintf(f->note, sizeof f->note, "%d children with SDKs of their own", FORKERS * FORKS);
    stop_and_judge_family(f, peer);
}

/* ---- ids ---- */

struct ids {
    uint64_t trace[2], span;
};
enum { IDS = 1000000 };

static void record_ids(struct fault *f, struct ids *out)
{
    for (int i = 0; i < IDS; i++) {
        spw_span span = spw_span_start(NULL, "work", NULL);
        spw_set_int(span, "seq", (int64_t)++f->ended);
        memcpy(out[i].trace, span.trace_id, sizeof out[i].trace);
        memcpy(&out[i].span, span.span_id, sizeof out[i].span);
        spw_span_end(span);
    }
}

static int by_trace(const void *a, const void *b)
{
    return memcmp(((const struct ids *)a)->trace, ((const struct ids *)b)->trace, 16);
}

static int by_span(const void *a, const void *b)
{
    uint64_t x = ((const struct ids *)a)->span, y = ((const struct ids *)b)->span;
    return (x > y) - (x < y);
}

static size_t doubles(struct ids *ids, size_t count, int (*compare)(const void *, const void *))
{
    size_t n = 0;
    qsort(ids, count, sizeof *ids, compare);
    for (size_t i = 1; i < count; i++)
        n += compare(&ids[i - 1], &ids[i]) == 0;
    return n;
}

/* Two million traces of parent and child, recorded side by side. The queue overflows: that is not the matter here, and counted. */
static void fork_ids(struct fault *f)
{
    struct ids *ids = share(2 * IDS * sizeof *ids);
    http_peer *peer = http_peer_start();
    fault_start(f, http_peer_url(peer), NULL);
    fault_record(f, 100, 0);
    FAULT_CHECK(f, spw_flush(20000) == SPW_OK);
    pid_t pid = fork();
    if (pid == 0) {
        struct fault own = { .ended = 0 };
        fault_start(&own, "http://127.0.0.1:9", NULL);
        record_ids(&own, ids + IDS);
        _exit(own.failed ? 31 : 0);
    }
    record_ids(f, ids);
    FAULT_CHECK(f, fault_outcome(pid) == 0);
    fault_stop(f, 20000);
    fault_collect(f, peer);
    fault_judge(f);
    size_t traces = doubles(ids, 2 * IDS, by_trace), spans = doubles(ids, 2 * IDS, by_span);
    if (traces || spans)
        fault_fail(f, "%zu trace ids and %zu span ids came twice", traces, spans);
    snprintf(f->note, sizeof f->note, "2 x %d spans, no id twice", IDS);
    http_peer_stop(peer);
}

/* ---- how long fork() takes ---- */

enum { MEASURED = 201 };

static int by_ns(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* The median, in microseconds. */
static uint64_t fork_us(void)
{
    uint64_t took[MEASURED];
    for (int i = 0; i < MEASURED; i++) {
        uint64_t begun = fault_now_ns();
        pid_t pid = fork();
        if (pid == 0)
            _exit(0);
        took[i] = fault_now_ns() - begun;
        (void)fault_outcome(pid);
    }
    qsort(took, MEASURED, sizeof *took, by_ns);
    return took[MEASURED / 2] / 1000;
}

/* With what an SDK usually holds, and with 64 MiB of records, whose page tables the kernel must not copy. */
static void fork_latency(struct fault *f)
{
    uint64_t without = fork_us();
    setenv("OTEL_BSP_MAX_QUEUE_SIZE", "1000000", 1);
    fault_start(f, "http://127.0.0.1:9", NULL);
    fault_record(f, 2000, 0);
    uint64_t with = fork_us();
    fault_record(f, 600000, 0);
    spw_stats queued = SPW_STATS_INIT;
    spw_stats_get(&queued);
    uint64_t full = fork_us();
    fault_stop(f, 500);
    fault_judge(f);
    if (with > without + 1000 || full > without + 1000)
        fault_fail(f, "fork() took %llu us before the start, %llu after it, %llu with a full buffer", (unsigned long long)without,
                   (unsigned long long)with, (unsigned long long)full);
    snprintf(f->note, sizeof f->note, "fork() takes %llu us; with an SDK %llu; with %llu MiB of records queued %llu (medians)",
             (unsigned long long)without, (unsigned long long)with, (unsigned long long)queued.buffer_bytes >> 20,
             (unsigned long long)full);
}

const struct fault_row fault_rows_fork[] = {
    { "Fork", "fork_without_exec", "fork during exports; the child goes on recording, and exits", "nothing lost, nothing twice",
      fork_without_exec, false },
    { "Fork", "fork_records", "fork; the child starts an SDK of its own", "both deliver all, nothing twice", fork_records, false },
    { "Fork", "double_fork", "double fork, as a daemon; it starts an SDK of its own", "both deliver all, nothing twice",
      double_fork_records, false },
    { "Fork", "raw_clone", "`clone` by syscall; the child starts an SDK of its own", "both deliver all, nothing twice", raw_clone_records,
      false },
    { "Fork", "fork_storm", "3 threads fork while 2 others record; the children record", "no deadlock, nothing lost or twice", fork_storm,
      false },
    { "Fork", "fork_ids", "a million traces in the parent, a million in the child", "no id twice", fork_ids, false },
    { "Fork", "fork_latency", "fork, with and without an SDK", "the parent is delayed by at most 1 ms", fork_latency, false },
    { NULL, NULL, NULL, NULL, NULL, false },
};
