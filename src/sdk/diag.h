/* The SDK's voice: one line an event, levelled, free of secrets, never from a recording call. Thread-safe. */
#ifndef SPW_SDK_DIAG_H
#define SPW_SDK_DIAG_H

#include <spanwire/sdk.h>

/* Sets level and receiver (NULL: one write to standard error a line). Before the worker starts. */
void spw__diag_configure(spw_log_level level, spw_log_fn fn, void *arg);

/* Hands what this thread says to `fn` alone, until it is called with NULL. */
void spw__diag_divert(spw_log_level level, spw_log_fn fn, void *arg);

/* Says one line if its level is reported. At most 511 bytes; control characters are escaped. */
void spw__diag(spw_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same as a spw_log_fn, for exporters; `arg` is ignored. */
void spw__diag_line(void *arg, spw_log_level level, const char *text);

/* Fills *error (may be NULL), says the text at level error, returns code. */
spw_result spw__fail(spw_error *error, spw_result code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Lines that a thread has said and nobody has heard yet. */
struct spw__diag_line_kept;
struct spw__diag_kept {
    struct spw__diag_line_kept *first, **end;
    unsigned count, lost;
};

/*
 * Keeps what this thread says from now on, up to 256 lines: a log function that waits for a lock of the program must not be waited for by
 * one who holds ours. Not nested.
 */
void spw__diag_keep(struct spw__diag_kept *kept);

/* Says it, each line to the receiver of its time. Without our locks. */
void spw__diag_say_kept(struct spw__diag_kept *kept);

#endif
