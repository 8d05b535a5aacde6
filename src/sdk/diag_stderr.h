/*
 * A line to standard error. One that nobody reads, a full pipe or a terminal that was stopped, holds nobody up: a line waits for a moment, those
 * behind it not at all, and the next one that is taken says how many are lost. Nor does a closed one end the program. Any thread; not in a signal
 * handler.
 */
#ifndef SPW_SDK_DIAG_STDERR_H
#define SPW_SDK_DIAG_STDERR_H

#include <stddef.h>

/* The line ends in a newline; at most 1 KiB is written. */
void spw__diag_stderr(const char *line, size_t size);

#endif
