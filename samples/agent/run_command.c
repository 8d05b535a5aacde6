/*
 * The tool run_command: a shell command in a child process, with the trace context in its environment.
 *
 * The model names a command of a fixed list; the script is ours and the file comes as standard input, so that nothing a model writes is
 * ever parsed by a shell.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"

typedef struct command {
    const char *name;
    const char *script; /* "$1" is the program linecount, "$2" the file's name for show */
    bool sends_telemetry;
} command;

static const command commands[] = {
    { "line_count", "exec \"$1\" \"$2\"", true },
    { "top_words", "tr -cs 'A-Za-z_' '\\n' | grep -E '.{4,}' | sort | uniq -c | sort -rn | head -n 12", false },
    { "checksum", "exec cksum", false },
};

static const command *find_command(const char *name)
{
    for (size_t i = 0; name && i < sizeof commands / sizeof *commands; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

/* ---- the child's environment: ours, with the context, without the model's key ---- */

static void take_out(char **envp, const char *name)
{
    size_t size = strlen(name);
    char **to = envp;
    for (char **from = envp; *from; from++)
        if (strncmp(*from, name, size) != 0 || (*from)[size] != '=')
            *to++ = *from;
    *to = NULL;
}

/* Only a program that sends telemetry of its own gets what the collector wants to see for it. NULL: no memory. */
static char **child_environment(const command *what)
{
    char **envp = spw_environment_new(NULL, NULL, what->sends_telemetry ? SPW_ENVIRONMENT_KEEP_CREDENTIALS : 0);
    if (envp)
        take_out(envp, "OPENAI_API_KEY");
    return envp;
}

/* ---- the child ---- */

/* The program beside this one: build/samples/linecount for build/samples/agent. */
static void linecount_path(char out[PATH_MAX])
{
    ssize_t n = readlink("/proc/self/exe", out, PATH_MAX - 16);
    out[n > 0 ? n : 0] = 0;
    char *slash = strrchr(out, '/');
    strcpy(slash ? slash + 1 : out, "linecount");
}

static void prepare(posix_spawnattr_t *how, posix_spawn_file_actions_t *files, int in, int out)
{
    sigset_t none, normal;
    sigemptyset(&none);
    sigemptyset(&normal);
    sigaddset(&normal, SIGPIPE);
    posix_spawnattr_init(how);
    posix_spawnattr_setflags(how, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(how, &none);
    posix_spawnattr_setsigdefault(how, &normal);
    posix_spawn_file_actions_init(files);
    posix_spawn_file_actions_adddup2(files, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(files, out, STDOUT_FILENO);
}

/* Starts the command in a process group of its own, so that a pipeline can be ended as a whole. Returns an errno. */
static int spawn(const command *what, const char *path, int in, int out, pid_t *pid)
{
    char linecount[PATH_MAX];
    linecount_path(linecount);
    char *argv[] = { (char[]){ "sh" }, (char[]){ "-c" }, (char *)(uintptr_t)what->script, (char[]){ "sh" }, linecount, (char *)(uintptr_t)path, NULL };
    char **envp = child_environment(what);
    if (!envp)
        return ENOMEM;
    posix_spawnattr_t how;
    posix_spawn_file_actions_t files;
    prepare(&how, &files, in, out);
    int rc = posix_spawn(pid, "/bin/sh", &files, &how, argv, envp);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&how);
    spw_environment_destroy(envp);
    return rc;
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Reads until the end, keeping what fits. False when the deadline passed first. */
static bool read_output(int fd, char *out, size_t room, size_t *size, int64_t deadline_ms)
{
    char piece[4096];
    for (;;) {
        int64_t left = deadline_ms - now_ms();
        struct pollfd p = { .fd = fd, .events = POLLIN };
        if (left <= 0 || poll(&p, 1, (int)left) == 0)
            return false;
        ssize_t n = read(fd, piece, sizeof piece);
        if (n == 0)
            return true;
        if (n < 0) {
            if (errno == EINTR)
                continue;
            return true;
        }
        size_t kept = (size_t)n < room - *size ? (size_t)n : room - *size;
        memcpy(out + *size, piece, kept);
        *size += kept;
    }
}

/* Waits for the child; ends it when the deadline passes. -1: it was ended, else the exit status as a shell reports it. */
static int finish(pid_t pid, bool on_time, int64_t deadline_ms)
{
    int status = 0;
    struct timespec nap = { 0, 1000000 };
    while (on_time && waitpid(pid, &status, WNOHANG) == 0) {
        on_time = now_ms() < deadline_ms;
        nanosleep(&nap, NULL);
    }
    if (!on_time) {
        kill(-pid, SIGKILL);
        waitpid(pid, &status, 0);
        return -1;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The first line of the output, for people. */
static json_t *first_words(const char *output, size_t size)
{
    size_t begin = 0;
    while (begin < size && output[begin] == ' ')
        begin++;
    size_t end = begin;
    while (end < size && end - begin < 60 && output[end] != '\n')
        end++;
    return text_json(output + begin, end - begin);
}

static json_t *run(const command *what, const char *path, int in, int64_t timeout_ms, failure *why)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return failed(why, "EMFILE", "no pipe: %s", strerror(errno));
    pid_t pid = 0;
    int rc = spawn(what, path, in, ends[1], &pid);
    close(ends[1]);
    if (rc != 0) {
        close(ends[0]);
        return failed(why, "spawn_failed", "%s could not be started: %s", what->name, strerror(rc));
    }
    char output[MAX_TOOL_TEXT];
    size_t size = 0;
    int64_t deadline_ms = now_ms() + timeout_ms;
    bool on_time = read_output(ends[0], output, sizeof output, &size, deadline_ms);
    int status = finish(pid, on_time, deadline_ms);
    close(ends[0]);

    spw_span span = spw_span_current(); /* the tool's */
    spw_set(span, "process.pid", pid);
    if (status < 0)
        return failed(why, "timeout", "%s took longer than %jd ms and was ended", what->name, (intmax_t)timeout_ms);
    spw_set(span, "process.exit.code", status);
    if (status != 0)
        return failed(why, "exit_status", "%s ended with status %d", what->name, status);

    return json_pack("{s:o, s:s, s:s, s:o}", "summary", first_words(output, size), "command", what->name, "path", path, "output",
                     text_json(output, size));
}

json_t *run_command(const agent *self, const json_t *arguments, failure *why)
{
    const char *path = get_string(arguments, "path");
    const command *what = find_command(get_string(arguments, "command"));
    if (!what)
        return failed(why, "bad_arguments", "`command` must be line_count, top_words or checksum");
    int in = folder_open_file(self->folder, path, why);
    if (in < 0)
        return NULL;
    json_t *result = run(what, path, in, get_int(arguments, "timeout_ms", 10000, 1, 60000), why);
    close(in);
    return result;
}
