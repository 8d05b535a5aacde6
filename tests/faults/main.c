/*
 * faults: runs every row and prints the table; --markdown as docs/reliability.md holds it. Exit code 1 when a row fails. Rows that need what
 * is not there (root, for network namespaces; programs) are skipped, with the reason.
 *
 * `faults --row NAME 1` prints the line of one row, however long that takes. The rows that can go on for longer, by the environment:
 *     FAULTS_PROGRAMS=n        programs of short_programs (1,000, or as many as there are in 20 s)
 *     FAULTS_SOAK_S=seconds    of dead_collector (12)
 *     FAULTS_SHUTDOWN_RACES=n  starts and shutdowns of shutdown_races (as many as there are in 6 s)
 *     FAULTS_IDLE_S=seconds    of idle_60_s (60)
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "faults/fault.h"
#include "faults/tls_peers.h"

extern char **environ;

enum { ROW_MS = 150000, LINE = 2048 };

static const struct group {
    const struct fault_row *rows;
    const char *(*lacks)(void); /* NULL, or what says why none of its rows can run */
} groups[] = {
    { fault_rows_network, NULL },        { fault_rows_connection, NULL }, { fault_rows_concurrent, NULL }, { fault_rows_proxy, NULL },
    { fault_rows_tls, tls_front_lacks }, { fault_rows_server, NULL },     { fault_rows_data, NULL },
    { fault_rows_load, NULL },           { fault_rows_exit, NULL },       { fault_rows_fork, NULL },
    { fault_rows_exec, NULL },           { fault_rows_threads, NULL },    { fault_rows_shutdown, NULL },
    { fault_rows_signals, NULL },        { fault_rows_secrets, NULL },
    { fault_rows_idle, NULL },          { fault_rows_memory, NULL },
};

static const struct fault_row *find(const char *name)
{
    for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++)
        for (const struct fault_row *row = groups[g].rows; row->name; row++)
            if (strcmp(row->name, name) == 0)
                return row;
    return NULL;
}

/* One line on the descriptor the parent reads: fields between tabs. */
static int run_row(const char *name, int out)
{
    const struct fault_row *row = find(name);
    if (!row)
        return 2;
    struct fault f = { .ended = 0 };
    fcntl(out, F_SETFD, FD_CLOEXEC); /* programs a row starts must not hold it open when the row has died */
    row->run(&f);
    dprintf(out, "%s\t%llu\t%llu\t%llu\t%llu\t%u\t%u\t%u\t%s\n", f.failed ? "FAILED" : f.skipped ? "skip" : "passed", (unsigned long long)f.ended,
            (unsigned long long)f.delivered, (unsigned long long)fault_dropped(&f, SPW_DROP_CAUSES), (unsigned long long)f.duplicates,
            fault_latency(&f, 0.5), fault_latency(&f, 0.99), fault_latency(&f, 0.9999), f.failed ? f.why : f.note);
    free(f.samples);
    return f.failed;
}

/* Reads the row's line; false when it ends without one, or takes too long. */
static bool read_line(int fd, char line[LINE])
{
    size_t used = 0;
    uint64_t until = fault_now_ms() + ROW_MS;
    for (;;) {
        uint64_t now = fault_now_ms();
        struct pollfd p = { fd, POLLIN, 0 };
        if (now >= until || poll(&p, 1, (int)(until - now)) <= 0) {
            return false;
        }
        ssize_t n = read(fd, line + used, LINE - 1 - used);
        if (n <= 0)
            return false;
        used += (size_t)n;
        line[used] = '\0';
        char *end = strchr(line, '\n');
        if (end) {
            *end = '\0';
            return true;
        }
    }
}

static bool spawn_row(const char *self, const char *name, char line[LINE])
{
    int ends[2];
    pid_t pid;
    char out[16];
    if (pipe(ends) != 0)
        return false;
    snprintf(out, sizeof out, "%d", ends[1]);
    char *argv[] = { (char *)(uintptr_t)self, (char *)(uintptr_t) "--row", (char *)(uintptr_t)name, out, NULL };
    posix_spawnattr_t own_group; /* what a row leaves behind ends with it */
    posix_spawnattr_init(&own_group);
    posix_spawnattr_setflags(&own_group, POSIX_SPAWN_SETPGROUP);
    int rc = posix_spawn(&pid, self, NULL, &own_group, argv, environ);
    posix_spawnattr_destroy(&own_group);
    close(ends[1]);
    bool read = rc == 0 && read_line(ends[0], line);
    close(ends[0]);
    int status = 0;
    if (rc == 0) {
        if (!read)
            kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        kill(-pid, SIGKILL);
    }
    if (!read)
        snprintf(line, LINE, "FAILED\t0\t0\t0\t0\t0\t0\t0\tno result: %s %d", WIFSIGNALED(status) ? "signal" : "exit code",
                 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    else if (!WIFEXITED(status) || WEXITSTATUS(status) > 1) /* it had its line out, and fell over on the way to its end */
        snprintf(line, LINE, "FAILED\t0\t0\t0\t0\t0\t0\t0\tended by signal %d", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    return strncmp(line, "passed", 6) == 0;
}

static void print_row(const struct fault_row *row, char *line, bool markdown)
{
    char *field[9], *rest = line;
    for (size_t i = 0; i < 9; i++)
        field[i] = rest ? strsep(&rest, "\t") : (char *)(uintptr_t) "";
    if (strcmp(field[0], "skip") == 0)
        printf("skip - %s: %s\n", row->name, field[8]);
    else if (markdown)
        printf("| %s | %s | %s | %s | %s | %s | %s | %s | %s%s%s |\n", row->what, row->required, field[1], field[2], field[3], field[4],
               field[5], field[6], field[0], *field[8] ? ": " : "", field[8]);
    else
        printf("%s %s: ended %s, delivered %s, counted %s, twice %s; p50 %s, p99 %s, p99.99 %s ns%s%s\n",
               strcmp(field[0], "passed") == 0 ? "ok" : "not ok", row->name, field[1], field[2], field[3], field[4], field[5], field[6],
               field[7], *field[8] ? "; " : "", field[8]);
    fflush(stdout);
}

static void print_head(const char *group)
{
    printf("\n### %s\n\n| fault | required | ended | delivered | counted | twice | p50 ns | p99 ns | |\n|---|---|---|---|---|---|---|---|---|\n", group);
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "--row") == 0)
        return run_row(argv[2], atoi(argv[3]));
    if (argc > 2 && strcmp(argv[1], "--program") == 0)
        return fault_program(argv[2], argv + 3);
    bool markdown = argc > 1 && strcmp(argv[1], "--markdown") == 0;
    unsigned passed = 0, failed = 0, skipped = 0;
    signal(SIGPIPE, SIG_IGN);
    setenv("ASAN_OPTIONS", "detect_leaks=0", 1); /* the leak checker stops a forked child of several threads for ever */
    for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++) {
        const char *lacks = groups[g].lacks ? groups[g].lacks() : NULL;
        if (markdown && groups[g].rows->name)
            print_head(groups[g].rows->group);
        for (const struct fault_row *row = groups[g].rows; row->name; row++) {
            char line[LINE] = "";
            const char *why = row->needs_root && geteuid() != 0 ? "needs root for a network namespace" : lacks;
            if (why) {
                printf("skip - %s: %s\n", row->name, why);
                skipped++;
                continue;
            }
            bool ok = spawn_row("/proc/self/exe", row->name, line), skip = strncmp(line, "skip", 4) == 0;
            passed += ok;
            skipped += skip;
            failed += !ok && !skip;
            print_row(row, line, markdown);
        }
    }
    if (!markdown)
        printf("%u passed, %u failed, %u skipped\n", passed, failed, skipped);
    return failed != 0;
}
