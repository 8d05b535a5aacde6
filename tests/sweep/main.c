/*
 * sweep: fails every allocation of a program that goes through everything, in turn, once and for good. Each try is a process of its own, which must
 * not crash, hang or leak, keeps its books, and works as ever when there is memory again.
 *
 *     sweep                            as many as a minute allows, spread evenly over all
 *     SPANWIRE_SWEEP=n sweep           as many as n seconds allow
 *     SPANWIRE_SWEEP=all sweep         every one
 *     sweep --one WHAT NTH once|good   one of them, here: for a debugger
 *
 * Closes with how many there were and how many were tried. Exit code 1: one failed.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "support/http_peer.h"
#include "support/sanitizer.h"
#include "sweep/interpose.h"
#include "sweep/scenario.h"

extern char **environ;

enum { TRY_MS = 60000, LINE = 600, LANES = 6, FAILURES_SHOWN = 20, SECONDS = 55 }; /* a try mostly waits: more lanes than processors */

static uint64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static const struct part {
    const char *name;
    bool (*run)(struct scenario *s);
    unsigned tenths; /* of the time, at most */
} parts[] = { { "contexts", scenario_contexts, 2 }, { "sdk", scenario_sdk, 8 } };
enum { PARTS = sizeof parts / sizeof parts[0] };

/* ---- one try ---- */

/* One line: how many allocations there were, failed, and were counted as oom; what is wrong. */
static int try_one(const char *name, unsigned long nth, bool for_good, const char *url, int out)
{
    struct scenario s = { .url = url };
    for (size_t i = 0; i < PARTS; i++) {
        if (strcmp(parts[i].name, name) != 0)
            continue;
        interpose_begin(nth, for_good);
        bool good = parts[i].run(&s);
        unsigned long asked = interpose_end();
        good = good && scenario_afterwards(&s);
        dprintf(out, "%lu %lu %lu %s\n", asked, interpose_failures(), s.oom, good ? "" : s.why);
        return !good;
    }
    return 2;
}

static void set_environment(const char *url, const char *directory)
{
    char file[300];
    snprintf(file, sizeof file, "%s/traces", directory);
    setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url, 1);
    setenv("SPANWIRE_TRACES_FILE", file, 1);
    setenv("OTEL_TRACES_EXPORTER", "otlp,console,otlp/stdout,file,memory", 1);
    setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio", 1);
    setenv("OTEL_TRACES_SAMPLER_ARG", "1.0", 1);
    setenv("OTEL_PROPAGATORS", "tracecontext,baggage,b3,b3multi", 1);
    setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test,a=%20b", 1);
    setenv("OTEL_SERVICE_NAME", "sweep", 1);
    setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=secret,x=y", 1);
    setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip", 1);
    setenv("OTEL_BSP_SCHEDULE_DELAY", "10", 1);
    setenv("OTEL_SPAN_ATTRIBUTE_COUNT_LIMT", "5", 1); /* misspelt: reported */
    setenv("TRACEPARENT", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", 1);
    setenv("BAGGAGE", "from=outside", 1);
}

/* ---- many ---- */

struct result {
    unsigned long asked, failures, oom;
    bool good;
    char why[LINE];
};

static bool read_line(int fd, char line[LINE])
{
    size_t used = 0;
    uint64_t until = now_ms() + TRY_MS;
    while (used + 1 < LINE) {
        uint64_t now = now_ms();
        struct pollfd p = { fd, POLLIN, 0 };
        if (now >= until || poll(&p, 1, (int)(until - now)) <= 0)
            return false;
        ssize_t n = read(fd, line + used, LINE - 1 - used);
        if (n <= 0)
            return false;
        used += (size_t)n;
        line[used] = '\0';
        if (strchr(line, '\n')) {
            *strchr(line, '\n') = '\0';
            return true;
        }
    }
    return false;
}

static bool ended_by(pid_t pid, uint64_t until, int *status)
{
    while (waitpid(pid, status, WNOHANG) == 0) {
        if (now_ms() > until) {
            kill(pid, SIGKILL);
            waitpid(pid, status, 0);
            return false;
        }
        usleep(500);
    }
    return true;
}

static pid_t spawn(const char *part, unsigned long nth, bool for_good, const char *url, const char *errors, int out)
{
    char number[24], fd[16];
    pid_t pid;
    snprintf(number, sizeof number, "%lu", nth);
    snprintf(fd, sizeof fd, "%d", out);
    const char *argv[] = { "sweep", "--try", part, number, for_good ? "good" : "once", url, fd, NULL };
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&files, STDERR_FILENO, errors, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    int rc = posix_spawn(&pid, "/proc/self/exe", &files, NULL, (char *const *)(uintptr_t)argv, environ);
    posix_spawn_file_actions_destroy(&files);
    return rc ? -1 : pid;
}

static struct result run_try(const struct part *part, unsigned long nth, bool for_good, const char *directory)
{
    struct result r = { .good = false };
    char line[LINE] = "", errors[300];
    int ends[2], status = 0;
    http_peer *peer = http_peer_start();
    http_peer_then(peer, (http_peer_answer){ .status = 503, .headers = "Retry-After: 0\r\n" });
    set_environment(http_peer_url(peer), directory);
    snprintf(errors, sizeof errors, "%s/errors", directory);
    if (pipe2(ends, 0) != 0)
        abort();
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    pid_t pid = spawn(part->name, nth, for_good, http_peer_url(peer), errors, ends[1]);
    close(ends[1]);
    if (pid < 0)
        abort();
    bool told = read_line(ends[0], line);
    bool ended = ended_by(pid, now_ms() + TRY_MS, &status);
    close(ends[0]);
    http_peer_stop(peer);
    int used = 0;
    bool read = sscanf(line, "%lu %lu %lu %n", &r.asked, &r.failures, &r.oom, &used) == 3;
    r.good = told && read && ended && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (read && line[used])
        snprintf(r.why, sizeof r.why, "%s", line + used);
    else if (!ended)
        snprintf(r.why, sizeof r.why, "it hangs");
    else
        snprintf(r.why, sizeof r.why, "%s %d", WIFSIGNALED(status) ? "signal" : "exit code",
                 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    return r;
}

/* ---- the sweep ---- */

/* Shared between the lanes. */
struct tally {
    unsigned long tried, oom, failed; /* under the pipe that adds them up */
};

static void show_errors(const char *directory)
{
    char name[300], text[4000];
    snprintf(name, sizeof name, "%s/errors", directory);
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (n > 0)
        fwrite(text, 1, (size_t)n, stdout);
    if (fd >= 0)
        close(fd);
}

static void clean(const char *directory)
{
    char name[300];
    static const char *const files[] = { "errors", "traces", "traces.1", "traces.2", "traces.3", "traces.4" };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        snprintf(name, sizeof name, "%s/%s", directory, files[i]);
        unlink(name);
    }
    rmdir(directory);
}

/* A step through all numbers up to `count` that meets each once, and soon has been everywhere. */
static unsigned long step_of(unsigned long count)
{
    unsigned long step = count * 618 / 1000 | 1;
    for (;; step++) {
        unsigned long a = step, b = count;
        while (b) {
            unsigned long rest = a % b;
            a = b;
            b = rest;
        }
        if (a == 1)
            return step;
    }
}

/* Every LANES-th try, until the time is over. */
static struct tally sweep_lane(const struct part *part, unsigned long count, unsigned lane, uint64_t until)
{
    struct tally sum = { 0, 0, 0 };
    char directory[] = "/tmp/spanwire-sweep-XXXXXX";
    if (!mkdtemp(directory))
        abort();
    unsigned long step = step_of(count);
    for (unsigned long k = lane; k < 2 * count && now_ms() < until; k += LANES) {
        unsigned long nth = 1 + (k / 2 * step) % count;
        bool for_good = (k / 2 + k) % 2;
        struct result r = run_try(part, nth, for_good, directory);
        sum.tried++;
        sum.oom += r.oom;
        if (!r.good && sum.failed++ < FAILURES_SHOWN) {
            printf("not ok - %s: allocation %lu of %lu fails %s: %s\n", part->name, nth, count, for_good ? "for good" : "once", r.why);
            show_errors(directory);
            fflush(stdout);
        }
    }
    clean(directory);
    return sum;
}

static struct tally sweep_part(const struct part *part, unsigned long count, uint64_t until)
{
    struct tally sum = { 0, 0, 0 }, one;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        abort();
    fflush(stdout);
    for (unsigned lane = 0; lane < LANES; lane++) {
        if (fork() == 0) {
            one = sweep_lane(part, count, lane, until);
            _exit(write(ends[1], &one, sizeof one) == sizeof one ? 0 : 1);
        }
    }
    close(ends[1]);
    while (read(ends[0], &one, sizeof one) == sizeof one) {
        sum.tried += one.tried;
        sum.oom += one.oom;
        sum.failed += one.failed;
    }
    close(ends[0]);
    while (wait(NULL) > 0)
        ;
    return sum;
}

/* How many allocations there are when none fails; 0: even that goes wrong. In a process of its own: a peer has a thread, and what has threads is
 * no good to fork. */
static unsigned long count_of(const struct part *part)
{
    unsigned long count = 0;
    int ends[2];
    fflush(stdout);
    pid_t pid = pipe2(ends, O_CLOEXEC) == 0 ? fork() : -1;
    if (pid < 0)
        abort();
    if (pid == 0) {
        char directory[] = "/tmp/spanwire-sweep-XXXXXX";
        if (!mkdtemp(directory))
            abort();
        struct result r = run_try(part, 0, false, directory);
        if (!r.good) {
            printf("not ok - %s: without a failure: %s\n", part->name, r.why);
            show_errors(directory);
            fflush(stdout);
        }
        clean(directory);
        count = r.good ? r.asked : 0;
        _exit(write(ends[1], &count, sizeof count) == sizeof count ? 0 : 1);
    }
    close(ends[1]);
    if (read(ends[0], &count, sizeof count) != sizeof count)
        count = 0;
    close(ends[0]);
    waitpid(pid, NULL, 0);
    return count;
}

static int sweep_all(void)
{
    const char *how = getenv("SPANWIRE_SWEEP");
    bool all = how && strcmp(how, "all") == 0;
    unsigned seconds = how && atoi(how) > 0 ? (unsigned)atoi(how) : SECONDS;
    struct tally sum = { 0, 0, 0 };
    unsigned long count = 0;
    for (size_t i = 0; i < PARTS; i++) {
        unsigned long n = count_of(&parts[i]);
        struct tally one = { 0, 0, 1 };
        if (n)
            one = sweep_part(&parts[i], n, all ? UINT64_MAX : now_ms() + seconds * 1000ull * parts[i].tenths / 10);
        count += n;
        sum.tried += one.tried;
        sum.oom += one.oom;
        sum.failed += one.failed;
        printf("%s - %s: %lu allocations, %lu of %lu failures tried, %lu went wrong\n", one.failed ? "not ok" : "ok", parts[i].name, n, one.tried,
               2 * n, one.failed);
    }
    printf("allocations swept: %lu; failures tried: %lu of %lu (once, and for good); spans counted as oom: %lu; went wrong: %lu\n", count, sum.tried,
           2 * count, sum.oom, sum.failed);
    return sum.failed != 0;
}

int main(int argc, char **argv)
{
    bool for_good = argc > 4 && strcmp(argv[4], "good") == 0;
    signal(SIGPIPE, SIG_IGN);
    if (argc == 7 && strcmp(argv[1], "--try") == 0) {
        int out = atoi(argv[6]);
        fcntl(out, F_SETFD, FD_CLOEXEC);
        return try_one(argv[2], strtoul(argv[3], NULL, 10), for_good, argv[5], out);
    }
    if (argc == 5 && strcmp(argv[1], "--one") == 0) {
        http_peer *peer = http_peer_start();
        set_environment(http_peer_url(peer), "/tmp");
        return try_one(argv[2], strtoul(argv[3], NULL, 10), for_good, http_peer_url(peer), STDERR_FILENO);
    }
    return sweep_all();
}
