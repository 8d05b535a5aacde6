/*
 * The spanwire program as a child that is measured from outside: what bench_viewer and measure_amplification share.
 *
 * Ownership: one child at a time, of measured_start() until measured_stop(). Threads: one. Failure: a line on the standard error, and exit.
 */
#ifndef MEASURED_H
#define MEASURED_H

#include <stddef.h>
#include <stdint.h>

/* Milliseconds until it listens. db_file NULL: a store in memory with the default cap, else a file without one. */
double measured_start(const char *program, const char *port_file, const char *db_file);
void measured_stop(void);

unsigned measured_port(void);
double measured_now(void);                /* seconds */
long measured_kb(const char *what);       /* of /proc/PID/status: "VmRSS:" */
double measured_cpu_s(void);              /* what its threads have run, whatever else the machine does */
void measured_die(const char *what);

int measured_dial(void);
void measured_send(int connection, const void *data, size_t size);
int measured_answer(int connection, size_t *size); /* the status; the body's size in *size */
int measured_post(int connection, const char *path, const char *headers, const void *body, size_t size); /* the status */

/* Asks 15 times and prints a row: what | path | p50 ms | max ms | processor ms | status and size. Quotes, spaces and braces of the path are encoded. */
void measured_question(int connection, const char *what, const char *path);
int measured_compare(const void *a, const void *b); /* doubles, for qsort */

#endif
