/* The spanwire program as a user runs it: commands in a shell, a viewer of its own. argv[1] of the test is the program. */
#ifndef TESTS_CLI_PROGRAM_H
#define TESTS_CLI_PROGRAM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmocka.h>

extern const char *program;
extern char directory[64];  /* of this test; main() removes it */
extern char output[1 << 16]; /* of what run() ran last */

bool program_begin(int argc, char **argv);

/* Runs a line of shell with $SPANWIRE the program, both outputs in `output`; returns the exit status. */
int shell(const char *line, ...) __attribute__((format(printf, 1, 2)));

/* Runs the program with these arguments, likewise; expect() wants the status and a part of the output, "" for any. */
int run(const char *arguments);
void expect(const char *arguments, int status, const char *part);

pid_t viewer_start(const char *port_file);
int viewer_port(const char *port_file); /* once it listens */

/* cmocka's set-up and tear-down of a group: a viewer at own_port, where OTEL_EXPORTER_OTLP_ENDPOINT points; no TRACEPARENT. */
extern int own_port;
int viewer_begin(void **state);
int viewer_end(void **state);

/* The answer of a viewer as text, until it has `part` in it; NULL and a failed test after 20 s. Lives until the next call. */
const char *viewer_wait(int port, const char *path, const char *part);

#endif
