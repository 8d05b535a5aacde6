/* What a program pays for an SDK that has nothing to do: nobody may wake up. */
#include <spanwire/pump.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "faults/fault.h"
#include "support/host_loop.h"
#include "support/threads.h"

enum { SPANS = 100, TRIM_MS = 11000, SETTLE_MS = 1500, PATIENCE_MS = 20000 };

/* Of one mode, over the idle time. */
struct idle {
    uint64_t exported;
    uint64_t wakeups;  /* voluntary context switches of all threads but the one that looks */
    uint32_t threads;  /* of the SDK */
    uint32_t ready;    /* pump mode: whether the descriptor was */
    int32_t timeout_ms; /* pump mode: what the program is told */
};

static uint64_t idle_ms(void)
{
    return 1000 * fault_amount("FAULTS_IDLE_S", 60);
}

static void rest_ms(uint64_t ms)
{
    for (uint64_t until = fault_now_ms() + ms, now; (now = fault_now_ms()) < until;)
        usleep((useconds_t)(until - now < 500 ? until - now : 500) * 1000);
}

static uint64_t exported(void)
{
    spw_stats stats = SPW_STATS_INIT;
    spw_stats_get(&stats);
    return stats.pipelines[0].exported;
}

/* Until the memory is given back, 10 s after the last work, and the threads have come to rest. */
static void settle(void)
{
    rest_ms(TRIM_MS);
    uint64_t before = UINT64_MAX;
    for (uint64_t until = fault_now_ms() + PATIENCE_MS; before != threads_switches(NULL) && fault_now_ms() < until;) {
        before = threads_switches(NULL);
        rest_ms(SETTLE_MS);
    }
}

static struct idle idle_with_a_thread(struct fault *f, const char *url)
{
    struct idle idle = { .timeout_ms = -1 };
    uint32_t before = threads_count(NULL);
    fault_start(f, url, NULL);
    fault_record(f, SPANS, 0);
    FAULT_CHECK(f, spw_flush(PATIENCE_MS) == SPW_OK);
    settle();
    idle.threads = threads_count(NULL) - before;
    idle.wakeups = threads_switches(NULL);
    rest_ms(idle_ms());
    idle.wakeups = threads_switches(NULL) - idle.wakeups;
    idle.exported = exported();
    return idle;
}

static void set_pump(spw_options *options)
{
    options->pump = true;
}

static struct idle idle_in_pump_mode(struct fault *f, const char *url)
{
    struct idle idle = { 0 };
    uint32_t before = threads_count(NULL);
    fault_start(f, url, set_pump);
    fault_record(f, SPANS, 0);
    FAULT_CHECK(f, spw_flush(PATIENCE_MS) == SPW_OK);
    FAULT_CHECK(f, host_loop_until_idle(TRIM_MS + PATIENCE_MS));
    rest_ms(SETTLE_MS);
    idle.threads = threads_count(NULL) - before;
    idle.wakeups = threads_switches(NULL);
    idle.ready = host_loop_ready((uint32_t)idle_ms());
    idle.timeout_ms = spw_pump_timeout_ms();
    idle.wakeups = threads_switches(NULL) - idle.wakeups;
    idle.exported = exported();
    return idle;
}

/* In a process of its own, beside the other. */
static int pump_process(int out)
{
    struct fault f = { .ended = 0 };
    http_peer *peer = http_peer_start();
    struct idle idle = idle_in_pump_mode(&f, http_peer_url(peer));
    fault_stop(&f, PATIENCE_MS);
    http_peer_stop(peer);
    if (f.failed)
        fprintf(stderr, "idle in pump mode: %s\n", f.why);
    return write(out, &idle, sizeof idle) == (ssize_t)sizeof idle && !f.failed ? 0 : 1;
}

static void judge_pump(struct fault *f, pid_t pid, int in, const struct idle *with)
{
    struct idle without = { 0 };
    FAULT_CHECK(f, read(in, &without, sizeof without) == (ssize_t)sizeof without);
    FAULT_CHECK(f, fault_outcome(pid) == 0);
    FAULT_CHECK(f, without.threads == 0 && without.exported == SPANS);
    FAULT_CHECK(f, without.wakeups == 0);
    FAULT_CHECK(f, !without.ready && without.timeout_ms == -1);
    snprintf(f->note, sizeof f->note, "with a thread: %llu wake-ups in %llu s; pump mode: %llu, the descriptor quiet, the timeout infinite",
             (unsigned long long)with->wakeups, (unsigned long long)(idle_ms() / 1000), (unsigned long long)without.wakeups);
}

static void idle_60_s(struct fault *f)
{
    int ends[2];
    if (pipe(ends) != 0)
        abort();
    pid_t pid = fork(); /* before there are any threads */
    if (pid == 0)
        _exit(pump_process(ends[1]));
    close(ends[1]);
    http_peer *peer = http_peer_start();
    struct idle idle = idle_with_a_thread(f, http_peer_url(peer));
    FAULT_CHECK(f, idle.threads == 1 && idle.exported == SPANS);
    FAULT_CHECK(f, idle.wakeups == 0);
    judge_pump(f, pid, ends[0], &idle);
    close(ends[0]);
    fault_stop(f, PATIENCE_MS);
    fault_collect(f, peer);
    fault_judge(f);
    http_peer_stop(peer);
}

const struct fault_row fault_rows_idle[] = {
    { "Idle", "idle_60_s", "60 seconds without a span, with the worker's thread and in pump mode", "0 wake-ups in both", idle_60_s, false },
    { NULL, NULL, NULL, NULL, NULL, false },
};
