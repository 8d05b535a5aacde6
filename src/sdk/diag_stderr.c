#include "sdk/diag_stderr.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_MS = 100, LINE_BYTES = 1024, NOTE_BYTES = 128 }; /* together less than PIPE_BUF: a pipe that is ready takes them without blocking */

static uint32_t lost; /* since it took a line; atomic */

static bool takes_a_line(void)
{
    struct pollfd ready = { STDERR_FILENO, POLLOUT, 0 };
    int rc = poll(&ready, 1, __atomic_load_n(&lost, __ATOMIC_RELAXED) ? 0 : PATIENCE_MS);
    if (rc < 0)
        rc = poll(&ready, 1, 0); /* a signal: who is sent one every moment does not wait for ever */
    return rc != 0;
}

/* A closed pipe must not end the host, whose SIGPIPE disposition is not ours to change. False: it was not taken. */
static bool write_once(const char *text, size_t size)
{
    sigset_t pipe_only, before, pending;
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    sigpending(&pending);
    pthread_sigmask(SIG_BLOCK, &pipe_only, &before);
    ssize_t rc;
    do {
        rc = write(STDERR_FILENO, text, size);
    } while (rc < 0 && errno == EINTR);
    if (rc < 0 && errno == EPIPE && !sigismember(&pending, SIGPIPE)) {
        struct timespec now = { 0, 0 };
        while (sigtimedwait(&pipe_only, NULL, &now) < 0 && errno == EINTR)
            ;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc >= 0;
}

void spw__diag_stderr(const char *line, size_t size)
{
    char text[NOTE_BYTES + LINE_BYTES];
    size_t note = 0;
    if (!takes_a_line()) {
        __atomic_add_fetch(&lost, 1, __ATOMIC_RELAXED);
        return;
    }
    uint32_t before = __atomic_exchange_n(&lost, 0, __ATOMIC_RELAXED);
    if (before)
        note = (size_t)snprintf(text, NOTE_BYTES, "spanwire: warning: %u lines before this are lost: standard error took none\n", before);
    size = size < LINE_BYTES ? size : LINE_BYTES;
    memcpy(text + note, line, size);
    if (!write_once(text, note + size))
        __atomic_add_fetch(&lost, before + 1, __ATOMIC_RELAXED);
}
