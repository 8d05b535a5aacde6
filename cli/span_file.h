/*
 * An open span of a script: a file in $XDG_RUNTIME_DIR/spanwire, else in a directory of the user's own in /tmp, named by its ids. Each line is what
 * was said, when, and a text: `start 1795386494219137024 build`.
 *
 * Ownership: the caller's struct; every successful create, append or read is followed by a close. Threads: one; processes may append at once: what
 * one puts is written in one piece, by the close.
 * Failure: false, after saying cause and cure on standard error. Limits: 1 MiB, 4,096 lines. A file of others, or a link, is refused.
 */
#ifndef SPANWIRE_CLI_SPAN_FILE_H
#define SPANWIRE_CLI_SPAN_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span_file_line {
    const char *what;
    uint64_t number;
    char *text; /* "" when there is none */
};

struct span_file {
    int fd;
    char path[512];
    char *pending; /* put and not yet written */
    size_t pending_size;
    char *bytes;
    struct span_file_line *lines;
    size_t line_count;
};

bool span_file_create(struct span_file *file, const char *traceparent);
bool span_file_append(struct span_file *file, const char *traceparent);
bool span_file_put(struct span_file *file, const char *what, uint64_t number, const char *text); /* one line */
bool span_file_read(struct span_file *file, const char *traceparent);
void span_file_remove(struct span_file *file);
bool span_file_close(struct span_file *file);

/* Of the first line that says it; NULL, 0: none does. */
char *span_file_text(const struct span_file *file, const char *what);
uint64_t span_file_number(const struct span_file *file, const char *what);

#endif
