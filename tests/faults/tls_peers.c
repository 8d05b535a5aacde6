/* stunnel and its certificates; a server of fixed bytes: tls_peers.h. */
#include "faults/tls_peers.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { START_MS = 10000, MAX_LOG = 1 << 20 };

/* Runs a program to its end, or, with `pid`, leaves it running. What it prints goes nowhere. */
static bool run(const char *const *argv, pid_t *pid)
{
    posix_spawn_file_actions_t quiet;
    pid_t child;
    int status;
    posix_spawn_file_actions_init(&quiet);
    posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&quiet, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    int rc = posix_spawnp(&child, argv[0], &quiet, NULL, (char *const *)(uintptr_t)argv, environ);
    posix_spawn_file_actions_destroy(&quiet);
    if (rc != 0)
        return false;
    if (pid) {
        *pid = child;
        return true;
    }
    return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

const char *tls_front_lacks(void)
{
    const char *const openssl[] = { "openssl", "version", NULL }, *const stunnel[] = { "stunnel", "-version", NULL };
    if (!run(openssl, NULL))
        return "needs the program openssl";
    return run(stunnel, NULL) ? NULL : "needs the program stunnel (Debian's stunnel4)";
}

void tls_front_path(const tls_front *front, const char *file, char path[64])
{
    snprintf(path, 64, "%s/%s", front->folder, file);
}

static void read_log(tls_front *front)
{
    char path[64];
    tls_front_path(front, "log", path);
    FILE *in = fopen(path, "re");
    size_t size = in ? fread(front->log, 1, MAX_LOG - 1, in) : 0;
    front->log[size] = '\0';
    if (in)
        fclose(in);
}

static bool configure(const tls_front *front, const char *certificate, const char *more)
{
    char path[64];
    tls_front_path(front, "stunnel.conf", path);
    FILE *out = fopen(path, "we");
    if (!out)
        return false;
    fprintf(out, "foreground = quiet\npid =\ndebug = info\noutput = %s/log\n[front]\naccept = 127.0.0.1:%u\nconnect = 127.0.0.1:%u\n",
            front->folder, front->port, http_peer_port(front->peer));
    fprintf(out, "cert = %s/%s.pem\nkey = %s/%s.key\nCAfile = %s/ca.pem\n%s", front->folder, certificate, front->folder, certificate,
            front->folder, more);
    return fclose(out) == 0;
}

/* Until it listens: its log says so, and a look at it is no connection that would have to be told from the client's. */
static bool comes_up(tls_front *front)
{
    for (uint64_t until = fault_now_ms() + START_MS; fault_now_ms() < until; usleep(10000)) {
        read_log(front);
        if (strstr(front->log, "Accepting new connections"))
            return true;
    }
    return false;
}

bool tls_front_start(tls_front *front, struct fault *f, const char *certificate, const char *more)
{
    char conf[64];
    *front = (tls_front){ .folder = "/tmp/spw-tls-XXXXXX", .port = http_peer_dead_port(), .log = calloc(1, MAX_LOG) };
    if (!front->log || !mkdtemp(front->folder))
        abort();
    front->peer = http_peer_start();
    tls_front_path(front, "stunnel.conf", conf);
    const char *const certificates[] = { FAULTS_SOURCE_DIR "/tls_certificates.sh", front->folder, NULL };
    const char *const stunnel[] = { "stunnel", conf, NULL };
    if (!run(certificates, NULL))
        fault_fail(f, "cannot make certificates");
    else if (!configure(front, certificate, more) || !run(stunnel, &front->pid) || !comes_up(front))
        fault_fail(f, "stunnel does not start: %s", front->log);
    return !f->failed;
}

void tls_front_stop(tls_front *front)
{
    const char *const remove[] = { "rm", "-rf", front->folder, NULL };
    if (front->pid > 0) {
        kill(front->pid, SIGTERM);
        waitpid(front->pid, NULL, 0);
        front->pid = 0;
        read_log(front);
    }
    run(remove, NULL);
}

size_t tls_front_said(const tls_front *front, const char *text)
{
    size_t count = 0;
    for (const char *at = front->log; (at = strstr(at, text)); at += strlen(text))
        count++;
    return count;
}

void tls_front_free(tls_front *front)
{
    http_peer_stop(front->peer);
    free(front->log);
}

/* ---- a server of fixed bytes ---- */

static size_t receive(fixed_server *server, int fd)
{
    uint8_t rest[1024];
    bool keep = server->received < sizeof server->bytes;
    ssize_t n =
        keep ? recv(fd, server->bytes + server->received, sizeof server->bytes - server->received, 0) : recv(fd, rest, sizeof rest, 0);
    if (n <= 0)
        return 0;
    server->received += (size_t)n;
    return (size_t)n;
}

static void *serve(void *arg)
{
    fixed_server *server = arg;
    const struct timeval patience = { 5, 0 };
    int fd;
    while ((fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        server->connections++;
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        if (receive(server, fd) && send(fd, server->answer, server->answer_size, MSG_NOSIGNAL) > 0) {
            shutdown(fd, SHUT_WR);
            while (receive(server, fd)) {
            }
        }
        close(fd);
    }
    return NULL;
}

void fixed_server_start(fixed_server *server, const void *answer, size_t size)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t length = sizeof address;
    *server = (fixed_server){ .answer = answer, .answer_size = size, .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };
    if (bind(server->fd, (struct sockaddr *)&address, length) != 0 || listen(server->fd, 16) != 0 ||
        getsockname(server->fd, (struct sockaddr *)&address, &length) != 0 || pthread_create(&server->thread, NULL, serve, server) != 0)
        abort();
    server->port = ntohs(address.sin_port);
}

void fixed_server_stop(fixed_server *server)
{
    shutdown(server->fd, SHUT_RDWR); /* accept returns */
    pthread_join(server->thread, NULL);
    close(server->fd);
}
