#include "process.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

void sleep_ms(unsigned ms)
{
    struct timespec wait = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    nanosleep(&wait, NULL);
}

bool process_start(struct process *process, const char *log, char *const argv[])
{
    snprintf(process->log, sizeof process->log, "%s", log);
    pid_t child = fork();
    if (child < 0)
        return false;
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM); /* a test that is killed leaves nobody behind */
        setpgid(0, 0);
        int output = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        int input = open("/dev/null", O_RDONLY);
        if (output < 0 || input < 0 || dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0)
            _exit(126);
        execvp(argv[0], argv);
        _exit(127);
    }
    setpgid(child, child); /* here too: whichever runs first */
    process->pid = child;
    return true;
}

static bool ended(pid_t pid)
{
    return waitpid(pid, NULL, WNOHANG) == pid;
}

void process_stop(struct process *process)
{
    if (process->pid <= 0)
        return;
    kill(process->pid, SIGTERM);
    bool gone = false;
    for (int i = 0; i < 100 && !gone; i++) {
        gone = ended(process->pid);
        if (!gone)
            sleep_ms(50);
    }
    kill(-process->pid, SIGKILL); /* its group: only what it started itself */
    if (!gone)
        waitpid(process->pid, NULL, 0);
    process->pid = 0;
}

static unsigned find_port(const char *file, const char *marker)
{
    char text[4096];
    FILE *in = fopen(file, "re");
    if (!in)
        return 0;
    size_t size = fread(text, 1, sizeof text - 1, in);
    fclose(in);
    text[size] = 0;
    const char *found = strstr(text, marker);
    return found ? (unsigned)strtoul(found + strlen(marker), NULL, 10) : 0;
}

unsigned process_read_port(struct process *process, const char *file, const char *marker)
{
    for (int i = 0; i < 200 && process->pid > 0; i++) {
        unsigned port = find_port(file, marker);
        if (port)
            return port;
        if (ended(process->pid))
            process->pid = 0;
        sleep_ms(50);
    }
    return 0;
}
