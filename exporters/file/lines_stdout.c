/* Lines to standard output: lines.h. Under stdio's lock, so that they stay whole among what the program prints. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lines.h"

enum { POLL_MS = 1000 };

/* The program may have made its standard output non-blocking. */
static bool write_all(spw_view text, size_t *written)
{
    while (*written < text.size) {
        ssize_t n = write(STDOUT_FILENO, text.data + *written, text.size - *written);
        if (n > 0) {
            *written += (size_t)n;
        } else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            struct pollfd ready = { STDOUT_FILENO, POLLOUT, 0 };
            (void)poll(&ready, 1, POLL_MS);
        } else if (n < 0 && errno != EINTR) {
            return false;
        }
    }
    return true;
}

void spw__lines_stdout_write(struct spw__lines_stdout *out, spw_view text, spw_export_result *result)
{
    size_t written = 0;
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
    if (done)
        return;
    result->status = why == EPIPE || why == EBADF ? SPW_EXPORT_PERMANENT : SPW_EXPORT_RETRY;
    snprintf(result->text, sizeof result->text, "standard output does not take spans: %s", strerror(why));
}
