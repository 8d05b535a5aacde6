/*
 * What `spanwire exec` costs whoever waits for the command: /bin/true bare, under a shell that does no more than start it and wait (the floor of
 * any wrapper), and under exec, in turns whose order alternates, with a viewer beside them.
 *
 *     bench_exec SPANWIRE [ROUNDS]      101 rounds by default
 *
 * A time runs from before the fork until after the wait. After each run under exec its span is stored and 20 ms have gone by: what the process that
 * delivers it and the viewer do for it, which nobody waits for, is not in the next time. Leaves 1 when a span is missing.
 */
#include "../viewer/measured.h"

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 101, MOST_ROUNDS = 10000, WAIT_MS = 20000, SETTLE_MS = 20 };

extern char **environ;

static double run_ms(char *const *argv)
{
    double begun = measured_now();
    pid_t child;
    int status;
    if (posix_spawn(&child, argv[0], NULL, NULL, argv, environ) != 0 || waitpid(child, &status, 0) != child || status != 0)
        measured_die("a command did not run");
    return (measured_now() - begun) * 1e3;
}

static long stored_spans(void)
{
    char answer[4096], request[128];
    int length = snprintf(request, sizeof request, "GET /api/info HTTP/1.1\r\nHost: localhost:%u\r\nConnection: close\r\n\r\n", measured_port());
    size_t size = 0;
    ssize_t got;
    int connection = measured_dial();
    measured_send(connection, request, (size_t)length);
    while (size < sizeof answer - 1 && (got = read(connection, answer + size, sizeof answer - 1 - size)) > 0)
        size += (size_t)got;
    close(connection);
    answer[size] = 0;
    const char *found = strstr(answer, "\"spans\":");
    return found ? strtol(found + 8 + (found[8] == '"'), NULL, 10) : -1;
}

static void pause_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

static void wait_for_span(long count)
{
    for (int i = 0; stored_spans() < count; i++) {
        if (i == WAIT_MS)
            measured_die("a span has not arrived");
        pause_ms(1);
    }
    pause_ms(SETTLE_MS);
}

static void print(const char *what, double *ms, size_t count)
{
    qsort(ms, count, sizeof *ms, measured_compare);
    printf("%-24s least %5.2f ms, median %5.2f ms, p95 %5.2f ms\n", what, ms[0], ms[count / 2], ms[count * 95 / 100]);
}

int main(int argc, char **argv)
{
    size_t rounds = argc > 2 ? strtoul(argv[2], NULL, 10) : ROUNDS;
    if (argc < 2 || rounds < 1 || rounds > MOST_ROUNDS) {
        fputs("bench_exec SPANWIRE [ROUNDS]\n", stderr);
        return 2;
    }
    static double bare[MOST_ROUNDS], shell[MOST_ROUNDS], wrapped[MOST_ROUNDS], more[MOST_ROUNDS];
    char port_file[64], endpoint[64];
    snprintf(port_file, sizeof port_file, "/tmp/bench_exec-%ld", (long)getpid());
    measured_start(argv[1], port_file, NULL);
    snprintf(endpoint, sizeof endpoint, "http://127.0.0.1:%u", measured_port());
    setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint, 1);
    char *const plain[] = {"/bin/true", NULL};
    char *const floor[] = {"/bin/sh", "-c", "/bin/true; exit $?", NULL};
    char *const exec[] = {argv[1], "exec", "--", "/bin/true", NULL};
    run_ms(exec);
    wait_for_span(1);
    for (size_t i = 0; i < rounds; i++) {
        for (size_t turn = 0; turn < 3; turn++) {
            size_t which = i % 2 ? 2 - turn : turn;
            if (which == 0)
                bare[i] = run_ms(plain);
            else if (which == 1)
                shell[i] = run_ms(floor);
            else {
                wrapped[i] = run_ms(exec);
                wait_for_span((long)i + 2);
            }
        }
        more[i] = wrapped[i] - bare[i];
    }
    printf("%zu rounds of /bin/true; the span of each that exec ran is stored\n", rounds);
    print("bare", bare, rounds);
    print("sh -c", shell, rounds);
    print("spanwire exec", wrapped, rounds);
    print("exec over bare, by round", more, rounds);
    measured_stop();
    unlink(port_file);
    return 0;
}
