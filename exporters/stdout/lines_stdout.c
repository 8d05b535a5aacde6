/*
 * Lines to standard output: lines_stdout.h. Under stdio's lock, so that they stay whole among what the program prints. A reader who stands still must not
 * make us keep that lock: the program's own printf() would wait for it, even where its standard output does not block.
 */
#include "lines_stdout.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PATIENCE_MS = 1000, PIECE_BYTES = 4096 }; /* PIPE_BUF: a pipe that is ready takes so much without blocking */

/* False: nothing went on for as long as our patience lasts. What else is wrong, the write says. */
static bool takes_more(void)
{
    struct pollfd ready = { STDOUT_FILENO, POLLOUT, 0 };
    if (poll(&ready, 1, PATIENCE_MS) != 0)
        return true;
    errno = EAGAIN;
    return false;
}

/* The program may have made its standard output non-blocking. */
static bool write_all(spw_view text, size_t *written)
{
    while (*written < text.size) {
        size_t left = text.size - *written;
        if (!takes_more())
            return false;
        ssize_t n = write(STDOUT_FILENO, text.data + *written, left < PIECE_BYTES ? left : PIECE_BYTES);
        if (n > 0)
            *written += (size_t)n;
        else if (n < 0 && errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK)
            return false;
    }
    return true;
}

static void tell(spw_export_result *result, int why)
{
    result->status = why == EPIPE || why == EBADF ? SPW_EXPORT_PERMANENT : SPW_EXPORT_RETRY;
    snprintf(result->text, sizeof result->text, "standard output does not take spans: %s", why == EAGAIN ? "nobody reads it" : strerror(why));
}

void spw__lines_stdout_write(struct spw__lines_stdout *out, spw_view text, spw_export_result *result)
{
    size_t written = 0;
    if (!takes_more()) { /* without the lock, and nothing is half written yet */
        tell(result, errno);
        return;
    }
    flockfile(stdout);
    bool done = fflush(stdout) == 0;
    if (done && out->torn) {
        done = write_all((spw_view){ "\n", 1 }, &written);
        out->torn = !done;
        written = 0;
    }
    if (done) {
        done = write_all(text, &written);
        out->torn = !done && written > 0;
    }
    int why = errno;
    funlockfile(stdout);
    if (!done)
        tell(result, why);
}
