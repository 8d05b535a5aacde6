/* New programs, started in every way while requests are under way: they find none of our descriptors. */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "faults/fault.h"

/* Those that any program started from here inherits, as ",3,17,". */
static const char *inherited(void)
{
    static char list[512];
    DIR *dir = opendir("/proc/self/fd");
    size_t used = (size_t)snprintf(list, sizeof list, ",");
    for (struct dirent *e; dir && (e = readdir(dir));) {
        int fd = atoi(e->d_name);
        if (*e->d_name != '.' && fd > STDERR_FILENO && !(fcntl(fd, F_GETFD) & FD_CLOEXEC) && used < sizeof list - 16)
            used += (size_t)snprintf(list + used, sizeof list - used, "%d,", fd);
    }
    if (dir)
        closedir(dir);
    return list;
}

static void list_descriptors(const char *known)
{
    execl("/proc/self/exe", "faults", "--program", "descriptors", known, (char *)NULL);
    _exit(35);
}

static pid_t fork_exec(const char *known)
{
    pid_t pid = fork();
    if (pid == 0)
        list_descriptors(known);
    return pid;
}

static pid_t double_fork_exec(const char *known)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(fault_outcome(fork_exec(known)));
    return pid;
}

static pid_t clone_exec(const char *known)
{
    pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (pid == 0)
        list_descriptors(known);
    return pid;
}

static struct fault *judged; /* of a row that has a process of its own */

static void record_one(void)
{
    spw_span span = spw_span_start(NULL, "work", NULL);
    spw_set_int(span, "seq", (int64_t)++judged->ended);
    spw_span_end(span);
}

/* Until the exec the child runs in the parent's memory, on its thread: what it records is the parent's. */
static __attribute__((noinline)) pid_t vfork_exec(const char *known)
{
    pid_t pid = vfork();
    if (pid == 0) {
        record_one();
        list_descriptors(known);
    }
    return pid;
}

static pid_t spawn_exec(const char *known)
{
    return fault_spawn("descriptors", (const char *const[]){ known, NULL });
}

static void exec_children(struct fault *f, pid_t (*start)(const char *))
{
    judged = f;
    const char *known = inherited();
    http_peer *peer = http_peer_start();
    http_peer_always(peer, (http_peer_answer){ .delay_ms = 30 });
    fault_start(f, http_peer_url(peer), NULL);
    for (int i = 0; i < 20 && !f->failed; i++) {
        fault_record(f, 50, 0);
        usleep(5000);
        int strangers = fault_outcome(start(known));
        if (strangers != 0)
            fault_fail(f, "the new program found %d descriptors of ours, or did not run", strangers);
    }
    fault_stop(f, 20000);
    fault_collect(f, peer);
    FAULT_CHECK(f, f->delivered == f->ended);
    fault_judge(f);
    http_peer_stop(peer);
}

static void exec_fork(struct fault *f)
{
    exec_children(f, fork_exec);
}

static void exec_double_fork(struct fault *f)
{
    exec_children(f, double_fork_exec);
}

static void exec_clone(struct fault *f)
{
    exec_children(f, clone_exec);
}

static void exec_vfork(struct fault *f)
{
    exec_children(f, vfork_exec);
}

static void exec_spawn(struct fault *f)
{
    exec_children(f, spawn_exec);
}

#define NONE "the new program has none of our descriptors; nothing lost or twice"

const struct fault_row fault_rows_exec[] = {
    { "Exec", "exec_fork", "fork and exec during exports", NONE, exec_fork, false },
    { "Exec", "exec_double_fork", "double fork and exec during exports", NONE, exec_double_fork, false },
    { "Exec", "exec_clone", "`clone` by syscall and exec during exports", NONE, exec_clone, false },
    { "Exec", "exec_vfork", "vfork, a span, and exec during exports", NONE, exec_vfork, false },
    { "Exec", "exec_spawn", "posix_spawn during exports", NONE, exec_spawn, false },
    { NULL, NULL, NULL, NULL, NULL, false },
};
