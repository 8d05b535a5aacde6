/* Measuring the spanwire program from outside. Contract: measured.h. */
#include "measured.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static pid_t child;
static unsigned port;

void measured_die(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    if (child > 0)
        kill(child, SIGKILL);
    exit(1);
}

double measured_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- the program ---- */

int measured_dial(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        measured_die("connect");
    return fd;
}

double measured_start(const char *program, const char *port_file, const char *db_file)
{
    char *arguments[] = {(char *)(uintptr_t)program, "view", "--listen", "127.0.0.1:0", "--quiet", "--port-file", (char *)(uintptr_t)port_file,
                         "--max-bytes", "64G", "--db", (char *)(uintptr_t)db_file, NULL};
    if (!db_file)
        arguments[7] = NULL; /* the defaults */
    unlink(port_file);
    double begin = measured_now();
    if (posix_spawn(&child, program, NULL, NULL, arguments, environ) != 0)
        measured_die(program);
    FILE *file = NULL;
    while (!(file = fopen(port_file, "re")) && measured_now() - begin < 60)
        nanosleep(&(struct timespec){0, 200000}, NULL);
    if (!file || fscanf(file, "%u", &port) != 1)
        measured_die("the port");
    fclose(file);
    close(measured_dial());
    return (measured_now() - begin) * 1e3;
}

void measured_stop(void)
{
    kill(child, SIGTERM);
    waitpid(child, NULL, 0);
    child = 0;
}

long measured_kb(const char *what)
{
    char path[64], line[256];
    long value = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)child);
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, what, strlen(what)) == 0)
            value = strtol(line + strlen(what) + 1, NULL, 10);
    if (file)
        fclose(file);
    return value;
}

double measured_cpu_s(void)
{
    char path[300];
    double sum = 0;
    snprintf(path, sizeof path, "/proc/%d/task", (int)child);
    DIR *tasks = opendir(path);
    for (struct dirent *task; tasks && (task = readdir(tasks));) {
        unsigned long long ran = 0;
        snprintf(path, sizeof path, "/proc/%d/task/%.20s/schedstat", (int)child, task->d_name);
        FILE *file = *task->d_name == '.' ? NULL : fopen(path, "re");
        if (file && fscanf(file, "%llu", &ran) == 1)
            sum += (double)ran / 1e9;
        if (file)
            fclose(file);
    }
    if (tasks)
        closedir(tasks);
    return sum;
}

/* ---- HTTP over one connection ---- */

void measured_send(int connection, const void *data, size_t size)
{
    for (const char *at = data; size;) {
        ssize_t sent = send(connection, at, size, MSG_NOSIGNAL);
        if (sent <= 0)
            measured_die("send");
        at += sent;
        size -= (size_t)sent;
    }
}

int measured_answer(int connection, size_t *size)
{
    static char head[65536];
    size_t have = 0, length = 0;
    char *end = NULL;
    while (!end) {
        ssize_t got = recv(connection, head + have, sizeof head - 1 - have, 0);
        if (got <= 0)
            measured_die("recv");
        have += (size_t)got;
        head[have] = 0;
        end = strstr(head, "\r\n\r\n");
    }
    char *field = strcasestr(head, "content-length:");
    length = field ? strtoul(field + 15, NULL, 10) : 0;
    *size = length;
    for (size_t left = length - (have - (size_t)(end + 4 - head)); left;) {
        static char rest[65536];
        ssize_t got = recv(connection, rest, left < sizeof rest ? left : sizeof rest, 0);
        if (got <= 0)
            measured_die("recv");
        left -= (size_t)got;
    }
    return atoi(head + 9);
}

int measured_post(int connection, const char *path, const char *headers, const void *body, size_t size)
{
    char head[512];
    size_t answer;
    int length = snprintf(head, sizeof head, "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n%sContent-Length: %zu\r\n\r\n", path, port, headers, size);
    measured_send(connection, head, (size_t)length);
    measured_send(connection, body, size);
    return measured_answer(connection, &answer);
}

unsigned measured_port(void)
{
    return port;
}

/* ---- questions ---- */

enum { REPEATS = 15 };

int measured_compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void measured_question(int connection, const char *what, const char *path)
{
    char encoded[2048], request[4096];
    double times[REPEATS];
    size_t size = 0, at = 0;
    int status = 0;
    for (const char *c = path; *c && at < sizeof encoded - 4; c++)
        at += (size_t)(strchr(" \"{}<>", *c) ? snprintf(encoded + at, 4, "%%%02X", (unsigned)*c) : snprintf(encoded + at, 2, "%c", *c));
    int length = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n", encoded, port);
    double cpu = measured_cpu_s();
    for (int i = 0; i < REPEATS; i++) {
        double begin = measured_now();
        measured_send(connection, request, (size_t)length);
        status = measured_answer(connection, &size);
        times[i] = (measured_now() - begin) * 1e3;
    }
    cpu = (measured_cpu_s() - cpu) * 1e3 / REPEATS;
    qsort(times, REPEATS, sizeof *times, measured_compare);
    printf("%s | `%s` | %.1f | %.1f | %.1f | %d, %zu bytes\n", what, path, times[REPEATS / 2], times[REPEATS - 1], cpu, status, size);
    fflush(stdout);
}
