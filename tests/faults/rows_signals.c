/* Signals, while the program records and the worker sends. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "faults/fault.h"
#include "faults/tls_peers.h"

static uint32_t handled, offered; /* calls; of these, with a current span that records */

/* Only where a span is current: what is offered then has to arrive. */
static void on_tick(int number)
{
    (void)number;
    int saved = errno;
    spw_span current = spw_span_current();
    if (spw_is_recording(current)) {
        spw_add_event(current, "tick", NULL, 0);
        spw_set_int(current, "ticks", ++offered);
    }
    handled++;
    errno = saved;
}

/* Every thread from now on keeps the signal out; so does the receiver's. */
static http_peer *start_peer_undisturbed(void)
{
    sigset_t tick, before;
    sigemptyset(&tick);
    sigaddset(&tick, SIGRTMIN);
    pthread_sigmask(SIG_BLOCK, &tick, &before);
    http_peer *peer = http_peer_start();
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return peer;
}

static timer_t start_ticks(long every_ns, int flags)
{
    struct sigaction action = { .sa_handler = on_tick, .sa_flags = flags };
    struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN };
    struct itimerspec every = { { 0, every_ns }, { 0, every_ns } };
    timer_t timer;
    sigaction(SIGRTMIN, &action, NULL);
    if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0)
        abort();
    timer_settime(timer, 0, &every, NULL);
    return timer;
}

/* Spans under one that is current for 1.5 ms; without the pauses of fault_record(), which a signal would cut short. `overwriting`: one key of
 * it all the time, so that its log is compacted over and over. */
static void record_under_current(struct fault *f, bool overwriting)
{
    SPW_SPAN(outer, "outer");
    spw_set_int(outer, "seq", (int64_t)++f->ended);
    for (uint64_t until = fault_now_ns() + 1500000; fault_now_ns() < until;)
        for (int i = 0; i < 100 && overwriting; i++)
            spw_set_int(outer, "busy", i);
    fault_record(f, 9, 0);
}

/* Each event came, or, when it met a compaction, is counted. */
static void check_ticks(struct fault *f, uint64_t dropped)
{
    if (f->events + dropped != offered || offered == 0)
        fault_fail(f, "of %u ticks %u met a span; %llu events came, %llu are counted as dropped", handled, offered,
                   (unsigned long long)f->events, (unsigned long long)dropped);
}

static void signals_at_1khz(struct fault *f)
{
    http_peer *peer = start_peer_undisturbed();
    http_peer_always(peer, (http_peer_answer){ .delay_ms = 5 });
    fault_start(f, http_peer_url(peer), NULL);
    timer_t timer = start_ticks(1000000, SA_RESTART);
    for (int i = 0; i < 1000; i++)
        record_under_current(f, i % 4 == 3);
    timer_delete(timer);
    fault_stop(f, 20000);
    fault_collect(f, peer);
    FAULT_CHECK(f, handled > 300 && f->delivered == f->ended);
    check_ticks(f, f->stats.events_dropped);
    fault_judge(f);
    snprintf(f->note, sizeof f->note, "%u signals; of %u events %llu met a compaction and are counted", handled, offered,
             (unsigned long long)f->stats.events_dropped);
    http_peer_stop(peer);
}

/* ---- every system call is interrupted ---- */

static void add_account(spw_pipeline_stats *to, const spw_pipeline_stats *more)
{
    to->ended += more->ended;
    to->exported += more->exported;
    to->ambiguous += more->ambiguous;
    for (int c = 0; c < SPW_DROP_CAUSES; c++)
        to->dropped[c] += more->dropped[c];
}

/* Starts, flushes and shutdowns under a signal every 50 us that restarts nothing. */
static void interrupted_calls(struct fault *f)
{
    enum { SESSIONS = 50 };
    spw_pipeline_stats sum = { .ended = 0 };
    uint64_t events_dropped = 0;
    http_peer *peer = start_peer_undisturbed();
    timer_t timer = start_ticks(50000, 0);
    for (int i = 0; i < SESSIONS && !f->failed; i++) {
        fault_start(f, http_peer_url(peer), NULL);
        record_under_current(f, false);
        FAULT_CHECK(f, spw_flush(20000) == SPW_OK);
        record_under_current(f, true);
        fault_stop(f, 20000);
        FAULT_CHECK(f, f->shutdown == SPW_OK);
        add_account(&sum, &f->stats.pipelines[0]);
        events_dropped += f->stats.events_dropped;
    }
    timer_delete(timer);
    f->stats.pipelines[0] = sum;
    fault_collect(f, peer);
    FAULT_CHECK(f, f->delivered == f->ended);
    check_ticks(f, events_dropped);
    fault_judge(f);
    snprintf(f->note, sizeof f->note, "%d starts and shutdowns, %u signals", SESSIONS, handled);
    http_peer_stop(peer);
}

/* ---- SIGPIPE ---- */

static void check_sigpipe_untouched(struct fault *f)
{
    struct sigaction now;
    sigaction(SIGPIPE, NULL, &now);
    FAULT_CHECK(f, now.sa_handler == SIG_DFL);
}

static void sigpipe(struct fault *f)
{
    signal(SIGPIPE, SIG_DFL);
    http_peer *peer = http_peer_start();
    for (int i = 0; i < 5; i++)
        http_peer_then(peer, (http_peer_answer){ .act = HTTP_PEER_RESET });
    fault_start(f, http_peer_url(peer), NULL);
    fault_record(f, 500, 200);
    for (int i = 0; i < 8; i++)
        (void)spw_flush(100);
    check_sigpipe_untouched(f);
    fault_stop(f, 10000);
    fault_collect(f, peer);
    FAULT_CHECK(f, f->delivered == f->ended);
    fault_judge(f);
    http_peer_stop(peer);
}

static char ca[64];

static void with_tls(spw_options *options)
{
    options->otlp_certificate = ca;
    options->otlp_timeout_ms = 5000;
    options->log_level = SPW_LOG_ERROR;
}

/* The front is killed under a kept connection: the next request, or the good-bye of TLS, is written into one that is reset. */
static void sigpipe_tls(struct fault *f)
{
    const char *lacks = tls_front_lacks();
    if (lacks) {
        fault_skip(f, "%s", lacks);
        return;
    }
    signal(SIGPIPE, SIG_DFL);
    tls_front front;
    if (tls_front_start(&front, f, "server", "")) {
        char url[64];
        tls_front_path(&front, "ca.pem", ca);
        snprintf(url, sizeof url, "https://127.0.0.1:%u", front.port);
        for (int i = 0; i < 3; i++)
            http_peer_then(front.peer, (http_peer_answer){ .act = HTTP_PEER_RESET });
        fault_start(f, url, with_tls);
        fault_record(f, 300, 0);
        for (int i = 0; i < 10 && spw_flush(2000) != SPW_OK; i++)
            ;
        kill(front.pid, SIGKILL);
        fault_record(f, 200, 0);
        (void)spw_flush(300);
        check_sigpipe_untouched(f);
        fault_stop(f, 300);
        fault_collect(f, front.peer);
        FAULT_CHECK(f, f->delivered >= 300);
        fault_judge(f);
    }
    tls_front_stop(&front);
    tls_front_free(&front);
}

const struct fault_row fault_rows_signals[] = {
    { "Signals", "signals_at_1khz", "a handler at 1 kHz reads the current span, adds an event and an attribute",
      "no deadlock; every event arrives or is counted", signals_at_1khz, false },
    { "Signals", "interrupted_calls", "a signal every 50 us without SA_RESTART; starts, flushes, shutdowns", "nothing fails, nothing lost",
      interrupted_calls, false },
    { "Signals", "sigpipe", "SIGPIPE at its default, connections reset", "the program lives", sigpipe, false },
    { "Signals", "sigpipe_tls", "SIGPIPE at its default, TLS connections reset and killed", "the program lives", sigpipe_tls, false },
    { NULL, NULL, NULL, NULL, NULL, false },
};
