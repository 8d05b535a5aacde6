/* Shutdowns: twice, together, before and beside everything else. */
#include <pthread.h>
#include <sched.h>
#include <spanwire/exporter.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "faults/fault.h"

/* ---- twice, and use after it ---- */

static void twice_and_after(struct fault *f)
{
    http_peer *peer = http_peer_start();
    fault_start(f, http_peer_url(peer), NULL);
    fault_record(f, 100, 0);
    spw_span open = spw_span_start(NULL, "late", NULL);
    fault_stop(f, 5000);
    FAULT_CHECK(f, spw_shutdown(5000) == SPW_OK && spw_flush(100) == SPW_ERR_NOT_STARTED);
    spw_set_int(open, "k", 1);
    spw_span_end(open);
    spw_span_end(spw_span_start(NULL, "after", NULL));
    fault_collect(f, peer);
    spw_stats_get(&f->stats);
    f->ended++; /* the late one */
    FAULT_CHECK(f, f->delivered == 100 && f->stats.pipelines[0].dropped[SPW_DROP_ALREADY_SHUTDOWN] == 1);
    fault_judge(f);
    http_peer_stop(peer);
}

/* ---- what several sessions counted together ---- */

static void add_account(spw_pipeline_stats *to, const spw_pipeline_stats *more)
{
    to->ended += more->ended;
    to->exported += more->exported;
    to->rejected += more->rejected;
    to->ambiguous += more->ambiguous;
    to->queued += more->queued;
    to->in_flight += more->in_flight;
    for (int c = 0; c < SPW_DROP_CAUSES; c++)
        to->dropped[c] += more->dropped[c];
}

/* ---- several threads shut down at once ---- */

enum { TOGETHER = 4 };
static pthread_barrier_t line;

static void *shut_down(void *arg)
{
    pthread_barrier_wait(&line);
    *(spw_result *)arg = spw_shutdown(20000);
    return NULL;
}

static void together(struct fault *f)
{
    enum { ROUNDS = 50 };
    spw_pipeline_stats sum = { .ended = 0 };
    pthread_t threads[TOGETHER];
    spw_result results[TOGETHER];
    http_peer *peer = http_peer_start();
    pthread_barrier_init(&line, NULL, TOGETHER);
    for (int i = 0; i < ROUNDS && !f->failed; i++) {
        fault_start(f, http_peer_url(peer), NULL);
        fault_record(f, 20, 0);
        for (int t = 0; t < TOGETHER; t++)
            if (pthread_create(&threads[t], NULL, shut_down, &results[t]) != 0)
                abort();
        for (int t = 0; t < TOGETHER; t++)
            pthread_join(threads[t], NULL);
        for (int t = 0; t < TOGETHER; t++)
            FAULT_CHECK(f, results[t] == SPW_OK);
        fault_stop(f, 0);
        add_account(&sum, &f->stats.pipelines[0]);
    }
    f->stats.pipelines[0] = sum;
    fault_collect(f, peer);
    FAULT_CHECK(f, f->delivered == f->ended);
    fault_judge(f);
    http_peer_stop(peer);
}

/* ---- races: start and shutdown beside threads that record, flush and shut down ---- */

/* Each round all begin together; the books are looked at when all have come to rest. */
enum { RECORDERS = 3, PARTIES = RECORDERS + 2, MOST_A_ROUND = 20000 };

static struct {
    pthread_barrier_t begin, end;
    bool over;                   /* no further round */
    bool pausing;                /* between spans: for a receiver that has to keep up */
    uint32_t stop;               /* of this round; atomic */
    uint64_t seq;                /* the last number given; atomic */
    uint64_t first_seq;          /* of this round, less one */
    uint64_t ended;              /* atomic */
    uint64_t flushes, shutdowns; /* one thread's */
} race;

/* The receiver: an exporter in the program, through the public seam. */
static struct {
    uint64_t taken, twice, strange;
    uint8_t seen[(RECORDERS + 1) * MOST_A_ROUND];
} receiver;

static void receive_span(const spw_span_view *span)
{
    spw_attr attr;
    for (spw_attr_iter it = span->attributes; spw_attr_next(&it, &attr);) {
        uint64_t at = (uint64_t)attr.value.u.i - race.first_seq - 1;
        if (attr.key.size != 3 || memcmp(attr.key.data, "seq", 3) != 0)
            continue;
        if (at >= sizeof receiver.seen) {
            receiver.strange++;
            return;
        }
        receiver.twice += receiver.seen[at];
        receiver.seen[at] = 1;
    }
}

static void receive(spw_exporter *self, const spw_batch *batch, spw_export_done_fn done, void *token)
{
    (void)self;
    spw_span_view span;
    spw_export_result result = SPW_EXPORT_RESULT_INIT;
    for (spw_span_iter it = spw_batch_spans(batch); spw_span_next(&it, &span); receiver.taken++)
        receive_span(&span);
    done(token, &result);
}

static void keep_receiver(spw_exporter *self)
{
    (void)self; /* static storage */
}

static spw_exporter receiving = { .struct_size = sizeof receiving, .name = "receiver", .submit = receive, .destroy = keep_receiver };

static void receive_here(spw_options *options)
{
    static spw_pipeline_options pipeline = SPW_PIPELINE_OPTIONS_INIT;
    pipeline.exporter = &receiving;
    pipeline.schedule_delay_ms = SPW_NOW;
    options->pipelines = &pipeline;
}

static bool stopped(void)
{
    return __atomic_load_n(&race.stop, __ATOMIC_ACQUIRE);
}

static void end(spw_span span)
{
    spw_span_end(span);
    __atomic_add_fetch(&race.ended, 1, __ATOMIC_RELAXED);
}

/* Every hundredth span stays open, beyond the shutdown; it is ended in the next session, which counts it as already_shutdown. */
static void record_round(spw_span *stale)
{
    spw_span left = { .handle = 0 };
    for (uint32_t i = 0; i < MOST_A_ROUND && !stopped(); i++) {
        if (i % 4 == 3)
            sched_yield(); /* to the worker: there are more of us than processors */
        spw_span span = spw_span_start(NULL, "work", NULL);
        spw_context context = spw_context_with_span(NULL, span);
        spw_token token = spw_context_attach(&context);
        bool recording = span.handle != 0;
        if (recording)
            spw_set_int(span, "seq", (int64_t)__atomic_add_fetch(&race.seq, 1, __ATOMIC_RELAXED));
        if (recording && stale->handle) {
            end(*stale);
            stale->handle = 0;
        }
        spw_add_event(spw_span_current(), "event", NULL, 0);
        (void)spw_context_detach(token);
        if (recording && i % 100 == 99 && !left.handle)
            left = span;
        else if (recording)
            end(span);
        if (race.pausing && recording)
            usleep(20);
    }
    if (left.handle)
        *stale = left;
}

static void *record_rounds(void *arg)
{
    spw_span stale = { .handle = 0 };
    for (;;) {
        pthread_barrier_wait(&race.begin);
        if (race.over)
            return arg;
        record_round(&stale);
        pthread_barrier_wait(&race.end);
    }
}

/* A thread's whole life in one round, so that its end, too, meets a shutdown. */
static void *record_and_die(void *arg)
{
    for (int i = 0; i < 3; i++) {
        spw_span span = spw_span_start(NULL, "work", NULL);
        if (!span.handle)
            continue;
        spw_set_int(span, "seq", (int64_t)__atomic_add_fetch(&race.seq, 1, __ATOMIC_RELAXED));
        end(span);
    }
    return arg;
}

static void live_and_die(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, record_and_die, NULL) == 0)
        pthread_join(thread, NULL);
}

static void *flush_rounds(void *arg)
{
    for (uint64_t round = 0;; round++) {
        pthread_barrier_wait(&race.begin);
        if (race.over)
            return arg;
        if (round % 4 == 3)
            race.shutdowns += spw_shutdown(20000) == SPW_OK;
        while (!stopped()) {
            spw_stats stats = SPW_STATS_INIT;
            spw_stats_get(&stats);
            race.flushes += spw_flush(10) == SPW_OK;
            live_and_die();
        }
        pthread_barrier_wait(&race.end);
    }
}

/* Up to 100 us, or a millisecond, so that the shutdown meets the others at every place. */
static void wait_at_random(void)
{
    static uint32_t state = 1;
    state = state * 1664525u + 1013904223u;
    uint64_t until = fault_now_ns() + (state >> 16) % 50000 * (race.pausing ? 20 : 2);
    while (fault_now_ns() < until)
        ;
}

static void check_round(struct fault *f, uint64_t ended, uint64_t taken)
{
    const spw_pipeline_stats *p = &f->stats.pipelines[0];
    if (p->ended != ended || p->ended != p->exported + fault_dropped(f, SPW_DROP_CAUSES) + p->queued + p->in_flight)
        fault_fail(f, "%llu ended, and counted: ended %llu, exported %llu, dropped %llu, queued %llu, in flight %llu",
                   (unsigned long long)ended, (unsigned long long)p->ended, (unsigned long long)p->exported,
                   (unsigned long long)fault_dropped(f, SPW_DROP_CAUSES), (unsigned long long)p->queued, (unsigned long long)p->in_flight);
    if (p->exported != taken)
        fault_fail(f, "%llu exported, and the receiver took %llu", (unsigned long long)p->exported, (unsigned long long)taken);
    if (receiver.twice || receiver.strange)
        fault_fail(f, "%llu spans came twice, %llu from elsewhere", (unsigned long long)receiver.twice,
                   (unsigned long long)receiver.strange);
}

static void run_round(struct fault *f, const char *url, spw_pipeline_stats *sum)
{
    uint64_t ended = race.ended, taken = receiver.taken;
    memset(receiver.seen, 0, race.seq - race.first_seq);
    race.first_seq = race.seq;
    __atomic_store_n(&race.stop, 0, __ATOMIC_RELEASE);
    pthread_barrier_wait(&race.begin);
    fault_start(f, url, url ? NULL : receive_here);
    wait_at_random();
    fault_stop(f, 20000);
    __atomic_store_n(&race.stop, 1, __ATOMIC_RELEASE);
    pthread_barrier_wait(&race.end);
    spw_stats_get(&f->stats);
    if (!url)
        check_round(f, race.ended - ended, receiver.taken - taken);
    add_account(sum, &f->stats.pipelines[0]);
}

/* So many rounds, or as many as there is time for. `url` NULL: the receiver here. */
static void run_races(struct fault *f, const char *url, uint64_t rounds, uint64_t ms)
{
    pthread_t threads[RECORDERS + 1];
    spw_pipeline_stats sum = { .ended = 0 };
    pthread_barrier_init(&race.begin, NULL, PARTIES);
    pthread_barrier_init(&race.end, NULL, PARTIES);
    for (int i = 0; i < RECORDERS + 1; i++)
        if (pthread_create(&threads[i], NULL, i < RECORDERS ? record_rounds : flush_rounds, NULL) != 0)
            abort();
    uint64_t done = 0, until = fault_now_ms() + ms, worst = 0;
    for (; !f->failed && (rounds ? done < rounds : fault_now_ms() < until); done++) {
        run_round(f, url, &sum);
        worst = f->shutdown_ms > worst ? f->shutdown_ms : worst;
    }
    race.over = true;
    pthread_barrier_wait(&race.begin);
    for (int i = 0; i < RECORDERS + 1; i++)
        pthread_join(threads[i], NULL);
    f->stats.pipelines[0] = sum;
    f->ended = race.ended;
    snprintf(f->note, sizeof f->note,
             "%llu starts and shutdowns, %llu of the latter also on another thread, %llu flushes beside them; the slowest shutdown %llu ms",
             (unsigned long long)done, (unsigned long long)race.shutdowns, (unsigned long long)race.flushes, (unsigned long long)worst);
}

static void races(struct fault *f)
{
    uint64_t rounds = fault_amount("FAULTS_SHUTDOWN_RACES", 0);
    run_races(f, NULL, rounds, 6000);
    f->delivered = f->seen = receiver.taken;
    fault_judge(f);
}

static void races_otlp(struct fault *f)
{
    http_peer *peer = http_peer_start();
    race.pausing = true;
    run_races(f, http_peer_url(peer), 0, 3000);
    uint64_t ended = f->ended;
    f->ended = race.seq; /* some were never ended */
    fault_collect(f, peer);
    f->ended = ended;
    FAULT_CHECK(f, f->delivered == f->stats.pipelines[0].exported && f->delivered > 0);
    fault_judge(f);
    http_peer_stop(peer);
}

const struct fault_row fault_rows_shutdown[] = {
    { "Shutdown", "twice_and_after", "shutdown twice, use after it", "idempotent; counted already_shutdown", twice_and_after, false },
    { "Shutdown", "shutdown_together", "4 threads shut down at once", "each succeeds, nothing lost or twice", together, false },
    { "Shutdown", "shutdown_races", "start and shutdown beside threads that record, flush and shut down",
      "after every round: every span taken once, or counted", races, false },
    { "Shutdown", "shutdown_races_otlp", "the same, over HTTP", "every span taken once, or counted", races_otlp, false },
    { NULL, NULL, NULL, NULL, NULL, false },
};
