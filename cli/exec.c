/*
 * spanwire exec: runs a command as if it had been run without us, with a span around it. The span's recorder is another process, which gets
 * ready while the command runs; what goes wrong with it never keeps the command from running.
 */
#include "cli.h"
#include "exec.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <spanwire/environment.h>
#include <spanwire/propagation.h>

extern char **environ;

enum { NOT_EXECUTABLE = 126, NOT_FOUND = 127, BY_SIGNAL = 128, DECISION_TIMEOUT_S = 2 };

struct recorder {
    pid_t pid;
    int channel; /* -1: there is none */
};

static uint64_t now_ns(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ---- the span ---- */

static bool fill_random(void *to, size_t size)
{
    memset(to, 0, size);
    return getrandom(to, size, GRND_NONBLOCK) == (ssize_t)size;
}

static bool make_span(const spw_context *parent, spw_span *span)
{
    static const uint8_t none[16];
    *span = parent->span;
    span->handle = 0;
    span->is_remote = 0;
    if (memcmp(parent->span.trace_id, none, sizeof none) == 0) {
        span->flags = SPW_FLAG_SAMPLED | SPW_FLAG_RANDOM;
        if (!fill_random(span->trace_id, sizeof span->trace_id))
            return false;
    }
    return fill_random(span->span_id, sizeof span->span_id);
}

/* ---- the recorder ---- */

static void say(const struct exec_options *options, const char *what, const char *cause)
{
    if (!options->quiet)
        fprintf(stderr, "spanwire: %s: %s; the command runs without a span\n", what, cause);
}

static void write_identity(const spw_span *span, uint64_t start_unix_ns, char text[EXEC_IDENTITY_TEXT])
{
    char trace_id[SPW_TRACE_ID_HEX_SIZE], span_id[SPW_SPAN_ID_HEX_SIZE];
    spw_trace_id_hex(*span, trace_id);
    spw_span_id_hex(*span, span_id);
    snprintf(text, EXEC_IDENTITY_TEXT, "%s%s%016llx", trace_id, span_id, (unsigned long long)start_unix_ns);
}

/* Of its own session: the terminal's signals are not for it. Its outputs hold no pipe of the caller's open, unless that waits for them. */
static int spawn_recorder(const struct exec_options *options, int channel, const char *tool, char **argv, pid_t *pid)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t how;
    sigset_t none;
    sigemptyset(&none);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, channel, STDIN_FILENO);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (!options->wait)
        posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
    posix_spawnattr_init(&how);
    posix_spawnattr_setsigmask(&how, &none);
    posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
    int error = posix_spawn(pid, tool, &files, &how, argv, environ);
    posix_spawnattr_destroy(&how);
    posix_spawn_file_actions_destroy(&files);
    return error;
}

/* argv is our own; the recorder reads the same options. */
static struct recorder start_recorder(const struct exec_options *options, const char *identity, int argc, char **argv)
{
    struct recorder recorder = {.channel = -1};
    int ends[2];
    char tool[PATH_MAX];
    char **its = calloc((size_t)argc + 3, sizeof *its);
    if (!its || !cli_find_tool(tool, sizeof tool) || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        say(options, "no process to record with", its ? strerror(errno) : "no memory");
        free(its);
        return recorder;
    }
    its[0] = (char *)(uintptr_t)"spanwire";
    its[1] = (char *)(uintptr_t)"exec-record";
    its[2] = (char *)(uintptr_t)identity;
    memcpy(its + 3, argv + 1, (size_t)(argc - 1) * sizeof *its);
    int error = spawn_recorder(options, ends[1], tool, its, &recorder.pid);
    close(ends[1]);
    free(its);
    if (error) {
        say(options, "no process to record with", strerror(error));
        close(ends[0]);
        return recorder;
    }
    recorder.channel = ends[0];
    return recorder;
}

/* What its sampler said. One that does not answer in time has no say. */
static bool ask_recorder(const struct recorder *recorder)
{
    struct timeval limit = {.tv_sec = DECISION_TIMEOUT_S};
    char sampled;
    setsockopt(recorder->channel, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    return recv(recorder->channel, &sampled, 1, 0) != 1 || sampled;
}

static int end_recorder(const struct exec_options *options, const struct recorder *recorder, const struct exec_record *record)
{
    if (recorder->channel < 0)
        return 0;
    ssize_t sent = send(recorder->channel, record, sizeof *record, MSG_NOSIGNAL);
    close(recorder->channel);
    if (!options->wait)
        return 0;
    int status;
    while (waitpid(recorder->pid, &status, 0) < 0)
        if (errno != EINTR)
            return EXIT_FAILED;
    return sent == (ssize_t)sizeof *record && status == 0 ? 0 : EXIT_FAILED;
}

/* ---- the command ---- */

static void forwarded(sigset_t *set)
{
    static const int signals[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGCHLD};
    sigemptyset(set);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaddset(set, signals[i]);
}

static void take_usage(const struct rusage *usage, struct exec_record *record)
{
    record->user_us = usage->ru_utime.tv_sec * 1000000ll + usage->ru_utime.tv_usec;
    record->system_us = usage->ru_stime.tv_sec * 1000000ll + usage->ru_stime.tv_usec;
    record->max_rss_bytes = usage->ru_maxrss * 1024ll;
    record->minor_faults = usage->ru_minflt;
    record->major_faults = usage->ru_majflt;
    record->voluntary_switches = usage->ru_nvcsw;
    record->involuntary_switches = usage->ru_nivcsw;
    record->blocks_in = usage->ru_inblock;
    record->blocks_out = usage->ru_oublock;
}

/* What somebody sends us is meant for the command. What the terminal sends, it has got itself. */
static void wait_for(pid_t child, const sigset_t *signals, struct exec_record *record)
{
    struct rusage usage;
    int status;
    for (;;) {
        pid_t ended = wait4(child, &status, WNOHANG, &usage);
        if (ended == child)
            break;
        siginfo_t info;
        int number = sigwaitinfo(signals, &info);
        if (number > 0 && number != SIGCHLD && info.si_code != SI_KERNEL)
            kill(child, number);
    }
    take_usage(&usage, record);
    record->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    record->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

/* Runs it and waits; returns the exit status a shell would. */
static int run(char **command, char **environment, struct exec_record *record)
{
    sigset_t signals, before;
    posix_spawnattr_t how;
    pid_t child;
    signal(SIGCHLD, SIG_DFL); /* ignored, it would take the status away */
    forwarded(&signals);
    sigprocmask(SIG_BLOCK, &signals, &before);
    posix_spawnattr_init(&how);
    posix_spawnattr_setsigmask(&how, &before);
    posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK);
    record->error = posix_spawnp(&child, command[0], NULL, &how, command, environment);
    posix_spawnattr_destroy(&how);
    if (record->error) {
        fprintf(stderr, "spanwire: %s: %s\n", command[0], strerror(record->error));
        record->exit_code = record->error == ENOENT ? NOT_FOUND : NOT_EXECUTABLE;
        return record->exit_code;
    }
    record->pid = child;
    wait_for(child, &signals, record);
    return record->signal ? BY_SIGNAL + record->signal : record->exit_code;
}

static int without_span(const struct exec_options *options)
{
    execvp(options->command[0], options->command);
    fprintf(stderr, "spanwire: %s: %s\n", options->command[0], strerror(errno));
    return errno == ENOENT ? NOT_FOUND : NOT_EXECUTABLE;
}

static void print_parent(const spw_span *span)
{
    char traceparent[SPW_TRACEPARENT_SIZE];
    if (spw_traceparent_format(*span, traceparent))
        printf("TRACEPARENT=%s\n", traceparent);
    fflush(stdout);
}

static int with_span(const struct exec_options *options, const spw_context *parent, spw_span span, int argc, char **argv)
{
    char identity[EXEC_IDENTITY_TEXT];
    uint64_t start = now_ns(CLOCK_REALTIME), begun = now_ns(CLOCK_MONOTONIC);
    struct recorder recorder = {.channel = -1};
    bool plain = exec_sampler_is_plain();
    write_identity(&span, start, identity);
    if (!plain || span.flags & SPW_FLAG_SAMPLED)
        recorder = start_recorder(options, identity, argc, argv);
    if (!plain && recorder.channel >= 0)
        span.flags = (uint8_t)(ask_recorder(&recorder) ? span.flags | SPW_FLAG_SAMPLED : span.flags & ~SPW_FLAG_SAMPLED);
    if (options->print_parent)
        print_parent(&span);
    spw_context context = spw_context_with_span(parent, span);
    /* The command is the caller's own choice: it may export with the caller's credentials. */
    char **environment = spw_environment_new(NULL, &context, SPW_ENVIRONMENT_KEEP_CREDENTIALS);
    struct exec_record record = {0};
    int status = run(options->command, environment ? environment : environ, &record);
    record.end_unix_ns = start + (now_ns(CLOCK_MONOTONIC) - begun);
    int failed = end_recorder(options, &recorder, &record);
    spw_environment_destroy(environment);
    spw_context_release(&context);
    return status ? status : failed;
}

int cli_exec(int argc, char **argv)
{
    struct exec_options options;
    if (!exec_options_read(argc, argv, &options))
        return EXIT_USAGE;
    if (exec_is_disabled())
        return without_span(&options);
    spw_context parent = options.ignore_parent ? (spw_context){0} : spw_context_from_environment();
    spw_span span;
    if (!make_span(&parent, &span)) {
        say(&options, "no random numbers for ids", strerror(errno));
        return without_span(&options);
    }
    int status = with_span(&options, &parent, span, argc, argv);
    spw_context_release(&parent);
    exec_options_free(&options);
    return status;
}
