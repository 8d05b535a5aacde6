/* Programs that end without a shutdown: real ones, each started anew (programs.c). */
#include <stdio.h>

#include "faults/fault.h"

enum { AT_ONCE = 2, USUALLY_MS = 20000 };

/* Runs `count` programs, the ways in turn, `spans` numbered spans each, two at a time; fewer when `most_ms` are over. How many. */
static uint64_t run_programs(struct fault *f, http_peer *peer, const char *const *ways, uint64_t count, uint64_t spans, uint64_t most_ms)
{
    uint64_t done = 0, until = fault_now_ms() + most_ms;
    pid_t pids[AT_ONCE];
    const char *names[AT_ONCE];
    size_t way = 0;
    while (done < count && !f->failed && fault_now_ms() < until) {
        size_t started = 0;
        for (; started < AT_ONCE && done + started < count; started++) {
            char seq[24];
            snprintf(seq, sizeof seq, "%llu", (unsigned long long)f->ended + 1);
            names[started] = ways[way];
            pids[started] = fault_spawn(ways[way], (const char *const[]){ http_peer_url(peer), seq, NULL });
            f->ended += spans;
            way = ways[way + 1] ? way + 1 : 0;
        }
        for (size_t i = 0; i < started; i++) {
            int code = fault_outcome(pids[i]);
            if (code != 0)
                fault_fail(f, "the program \"%s\" ended with %d", names[i], code);
        }
        done += started;
    }
    return done;
}

/* Their own statistics have gone with them: what is not delivered is lost. */
static void judge_programs(struct fault *f, http_peer *peer)
{
    fault_collect(f, peer);
    f->stats.pipelines[0].ended = f->ended;
    f->stats.pipelines[0].exported = f->delivered;
    FAULT_CHECK(f, f->delivered == f->ended && f->duplicates == 0);
    http_peer_stop(peer);
}

static void deliver_from(struct fault *f, const char *const *ways, uint64_t count, uint64_t spans, uint64_t most_ms)
{
    http_peer *peer = http_peer_start();
    uint64_t begun = fault_now_ms(), done = run_programs(f, peer, ways, count, spans, most_ms);
    FAULT_CHECK(f, done >= count || done >= 50);
    snprintf(f->note, sizeof f->note, "%llu programs, two at a time, %.1f ms each", (unsigned long long)done,
             (double)(fault_now_ms() - begun) * AT_ONCE / (double)done);
    judge_programs(f, peer);
}

static void short_programs(struct fault *f)
{
    static const char *const ways[] = { "return", "exit", "thread_exit", NULL };
    uint64_t asked = fault_amount("FAULTS_PROGRAMS", 0);
    deliver_from(f, ways, asked ? asked : 1000, 1, asked ? UINT32_MAX : USUALLY_MS);
}

static void odd_exits(struct fault *f)
{
    static const char *const ways[] = { "beside_threads", "last_thread", "handler", "handler_shutdown", NULL };
    deliver_from(f, ways, 100, 1, USUALLY_MS);
}

static void after_exit(struct fault *f)
{
    static const char *const ways[] = { "after_exit", "destructor", NULL };
    deliver_from(f, ways, 50, 1, USUALLY_MS);
}

static void thread_destructors(struct fault *f)
{
    static const char *const ways[] = { "thread_destructors", NULL };
    deliver_from(f, ways, 50, 3, USUALLY_MS);
}

static void flushed_exits(struct fault *f)
{
    static const char *const ways[] = { "flush_exit", "flush_quick_exit", NULL };
    deliver_from(f, ways, 50, 1, USUALLY_MS);
}

/* Said, not cured: nothing of ours runs then. They end at once and well; how much had been sent by itself is luck. */
static void abrupt_exits(struct fault *f)
{
    static const char *const ways[] = { "_exit", "quick_exit", NULL };
    http_peer *peer = http_peer_start();
    (void)run_programs(f, peer, ways, 20, 1, USUALLY_MS);
    fault_collect(f, peer);
    snprintf(f->note, sizeof f->note, "not covered: %llu of %llu spans had left by themselves; flush first, or have a journal",
             (unsigned long long)f->delivered, (unsigned long long)f->ended);
    FAULT_CHECK(f, f->duplicates == 0);
    http_peer_stop(peer);
}

const struct fault_row fault_rows_exit[] = {
    { "Exit", "short_programs", "programs of a millisecond: return from main, exit(), exit() on a thread", "every span arrives",
      short_programs, false },
    { "Exit", "odd_exits",
      "exit beside recording threads; by the last thread, after main() has left; record and shut down in an exit handler",
      "every span arrives", odd_exits, false },
    { "Exit", "after_exit", "use after the exit flush: earlier exit handlers, destructors", "counted already_shutdown, no harm", after_exit,
      false },
    { "Exit", "thread_destructors", "spans of thread-specific destructors", "every span arrives", thread_destructors, false },
    { "Exit", "flushed_exits", "`spw_flush()`, then `_exit()` or `quick_exit()`", "every span arrives", flushed_exits, false },
    { "Exit", "abrupt_exits", "`_exit()` and `quick_exit()` alone", "not covered: they end at once, and nothing comes twice", abrupt_exits,
      false },
    { NULL, NULL, NULL, NULL, NULL, false },
};
