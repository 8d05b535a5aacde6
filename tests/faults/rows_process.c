/* What happens to a process and its threads. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "faults/fault.h"

static void stop_and_judge(struct fault *f, http_peer *peer)
{
    fault_stop(f, 10000);
    fault_collect(f, peer);
    FAULT_CHECK(f, f->delivered == f->ended);
    fault_judge(f);
    http_peer_stop(peer);
}

static void overload(struct fault *f)
{
    http_peer *peer = http_peer_start();
    http_peer_always(peer, (http_peer_answer){ .delay_ms = 20 });
    fault_start(f, http_peer_url(peer), NULL);
    fault_record(f, 200000, 0);
    fault_stop(f, 10000);
    fault_collect(f, peer);
    FAULT_CHECK(f, f->stats.pipelines[0].dropped[SPW_DROP_QUEUE_FULL] > 0 && f->delivered == f->stats.pipelines[0].exported);
    fault_judge(f);
    http_peer_stop(peer);
}

/* ---- exit ---- */

static const char *exit_url;

static void child_records_and(bool returns)
{
    spw_options options = SPW_OPTIONS_INIT;
    options.otlp_endpoint = exit_url;
    options.exit_timeout_ms = 20000; /* ten at once on a busy machine may need more than the usual second */
    if (spw_start(&options) == SPW_OK) {
        spw_span span = spw_span_start(NULL, "work", NULL);
        spw_set_int(span, "seq", 1);
        spw_span_end(span);
    }
    if (returns)
        exit(0);
    _exit(0);
}

/* Programs of a millisecond that end without a shutdown: each one's span arrives. */
static void short_programs(struct fault *f)
{
    enum { PROGRAMS = 200, ROUND = 10 };
    http_peer *peer = http_peer_start();
    exit_url = http_peer_url(peer);
    uint64_t begun = fault_now_ms();
    for (int i = 0; i < PROGRAMS; i += ROUND) {
        pid_t pids[ROUND];
        for (int j = 0; j < ROUND; j++) {
            pids[j] = fork();
            if (pids[j] == 0)
                child_records_and(true);
        }
        for (int j = 0; j < ROUND; j++)
            waitpid(pids[j], NULL, 0);
    }
    snprintf(f->note, sizeof f->note, "%d programs, %llu ms each with fork, start and exit", PROGRAMS,
             (unsigned long long)(fault_now_ms() - begun) / PROGRAMS);
    FAULT_CHECK(f, http_peer_requests(peer) == PROGRAMS);
    f->ended = f->delivered = f->seen = PROGRAMS;
    f->stats.pipelines[0].ended = f->stats.pipelines[0].exported = PROGRAMS;
    http_peer_stop(peer);
}

/* ---- threads ---- */

static pthread_mutex_t count_lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t next_seq;

static uint64_t take_seq(void)
{
    pthread_mutex_lock(&count_lock);
    uint64_t seq = ++next_seq;
    pthread_mutex_unlock(&count_lock);
    return seq;
}

static void *record_ten(void *arg)
{
    for (int i = 0; i < 10; i++) {
        spw_span span = spw_span_start(NULL, "work", NULL);
        spw_set_int(span, "seq", (int64_t)take_seq());
        spw_span_end(span);
    }
    return arg;
}

static void thread_storm(struct fault *f)
{
    enum { ROUNDS = 100, THREADS = 10 };
    http_peer *peer = http_peer_start();
    fault_start(f, http_peer_url(peer), NULL);
    for (int i = 0; i < ROUNDS; i++) {
        pthread_t threads[THREADS];
        for (int j = 0; j < THREADS; j++)
            if (pthread_create(&threads[j], NULL, record_ten, NULL) != 0)
                abort();
        for (int j = 0; j < THREADS; j++)
            pthread_join(threads[j], NULL);
        if (i % 10 == 9)
            (void)spw_flush(5000);
    }
    f->ended = next_seq;
    stop_and_judge(f, peer);
}

static void *start_only(void *arg)
{
    spw_span *span = arg;
    *span = spw_span_start(NULL, "work", NULL);
    spw_set_int(*span, "seq", (int64_t)take_seq());
    return NULL;
}

/* Started by threads that are dead by the time another one ends them. */
static void ended_by_others(struct fault *f)
{
    enum { SPANS = 500 };
    static spw_span spans[SPANS];
    http_peer *peer = http_peer_start();
    fault_start(f, http_peer_url(peer), NULL);
    for (int i = 0; i < SPANS; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, start_only, &spans[i]) != 0)
            abort();
        pthread_join(thread, NULL);
    }
    for (int i = 0; i < SPANS; i++)
        spw_span_end(spans[i]);
    f->ended = next_seq;
    stop_and_judge(f, peer);
}

/* ---- fork ---- */

static void fork_without_exec(struct fault *f)
{
    http_peer *peer = http_peer_start();
    fault_start(f, http_peer_url(peer), NULL);
    for (int i = 0; i < 50; i++) {
        fault_record(f, 20, 0);
        pid_t pid = fork();
        if (pid == 0) { /* records into nothing, and exits as programs do */
            for (int j = 0; j < 100; j++)
                spw_span_end(spw_span_start(NULL, "child", NULL));
            exit(0);
        }
        int status = 0;
        waitpid(pid, &status, 0);
        FAULT_CHECK(f, WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    stop_and_judge(f, peer);
}

/* Forked while requests are under way; what the child execs finds none of our descriptors. */
static void fork_and_exec(struct fault *f)
{
    http_peer *peer = http_peer_start();
    http_peer_always(peer, (http_peer_answer){ .delay_ms = 30 });
    fault_start(f, http_peer_url(peer), NULL);
    for (int i = 0; i < 30; i++) {
        fault_record(f, 50, 0);
        usleep(5000);
        pid_t pid = fork();
        if (pid == 0) { /* 0, 1, 2, what the row was given (the pipe), and the listing's own */
            execl("/bin/sh", "sh", "-c", "for fd in /proc/self/fd/*; do case $(readlink $fd) in *eventpoll*|*eventfd*|socket:*) exit 3;; esac; done; exit 0",
                  (char *)NULL);
            _exit(4);
        }
        int status = 0;
        waitpid(pid, &status, 0);
        FAULT_CHECK(f, WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    stop_and_judge(f, peer);
}

/* ---- shutdown ---- */

static uint32_t racing;

static void *record_for_ever(void *arg)
{
    while (__atomic_load_n(&racing, __ATOMIC_ACQUIRE))
        spw_span_end(spw_span_start(NULL, "racing", NULL));
    return arg;
}

static void shutdown_races(struct fault *f)
{
    enum { THREADS = 3, ROUNDS = 50 };
    pthread_t threads[THREADS];
    http_peer *peer = http_peer_start();
    __atomic_store_n(&racing, 1, __ATOMIC_RELEASE);
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, record_for_ever, NULL) != 0)
            abort();
    uint64_t ended = 0, accounted = 0, worst = 0;
    for (int i = 0; i < ROUNDS && !f->failed; i++) {
        fault_start(f, http_peer_url(peer), NULL);
        usleep(3000);
        fault_stop(f, 5000);
        worst = f->shutdown_ms > worst ? f->shutdown_ms : worst;
        const spw_pipeline_stats *p = &f->stats.pipelines[0];
        ended += p->ended;
        accounted += p->exported + p->rejected + fault_dropped(f, SPW_DROP_CAUSES) + p->queued + p->in_flight;
    }
    __atomic_store_n(&racing, 0, __ATOMIC_RELEASE);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    FAULT_CHECK(f, ended > 0);
    if (ended > accounted + ROUNDS * THREADS || accounted > ended + ROUNDS * THREADS) /* a span may end between two looks */
        fault_fail(f, "ended %llu, accounted %llu", (unsigned long long)ended, (unsigned long long)accounted);
    f->ended = ended;
    f->delivered = 0;
    snprintf(f->note, sizeof f->note, "%d shutdowns beside %d recording threads, the slowest %llu ms", ROUNDS, THREADS,
             (unsigned long long)worst);
    http_peer_stop(peer);
}

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

/* ---- signals ---- */

static uint32_t handled;

static void on_alarm(int number)
{
    (void)number;
    int saved = errno;
    spw_add_event(spw_span_current(), "tick", NULL, 0);
    __atomic_add_fetch(&handled, 1, __ATOMIC_RELAXED);
    errno = saved;
}

static void signals_at_1khz(struct fault *f)
{
    http_peer *peer = http_peer_start();
    fault_start(f, http_peer_url(peer), NULL);
    struct sigaction action = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
    sigaction(SIGRTMIN, &action, NULL);
    struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN };
    struct itimerspec every = { { 0, 1000000 }, { 0, 1000000 } };
    timer_t timer;
    if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0)
        abort();
    timer_settime(timer, 0, &every, NULL);
    for (int i = 0; i < 200; i++) {
        SPW_SPAN(outer, "outer");
        spw_set_int(outer, "seq", (int64_t)++f->ended);
        fault_record(f, 9, 100);
    }
    timer_delete(timer);
    FAULT_CHECK(f, handled > 50);
    snprintf(f->note, sizeof f->note, "%u signals", handled);
    stop_and_judge(f, peer);
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
    struct sigaction now;
    sigaction(SIGPIPE, NULL, &now);
    FAULT_CHECK(f, now.sa_handler == SIG_DFL);
    fault_stop(f, 10000);
    fault_collect(f, peer);
    FAULT_CHECK(f, f->delivered == f->ended);
    fault_judge(f);
    http_peer_stop(peer);
}

const struct fault_row fault_rows_process[] = {
    { "Process", "overload", "far more spans than the receiver takes", "newest dropped and counted, the program not slowed", overload, false },
    { "Process", "short_programs", "programs of a millisecond that never shut down", "every span arrives", short_programs, false },
    { "Process", "thread_storm", "1,000 threads come and go", "nothing lost", thread_storm, false },
    { "Process", "ended_by_others", "spans ended after their thread's death", "nothing lost", ended_by_others, false },
    { "Process", "fork_without_exec", "fork, and the child goes on recording", "nothing lost, nothing twice", fork_without_exec, false },
    { "Process", "fork_and_exec", "fork and exec during exports", "the new program has none of our descriptors", fork_and_exec, false },
    { "Process", "shutdown_races", "start and shutdown beside recording threads", "every span accounted", shutdown_races, false },
    { "Process", "twice_and_after", "shutdown twice, use after it", "idempotent; counted already_shutdown", twice_and_after, false },
    { "Process", "signals_at_1khz", "a handler at 1 kHz that adds events", "no deadlock, nothing lost", signals_at_1khz, false },
    { "Process", "sigpipe", "SIGPIPE at its default, connections reset", "the program lives", sigpipe, false },
    { NULL, NULL, NULL, NULL, NULL, false },
};
