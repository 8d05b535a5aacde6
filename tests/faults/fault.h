/*
 * The fault matrix: each row does one evil to a program that records, and is then judged from outside, by what a receiver got and by how long
 * recording took. A row runs in a process of its own (faults --row NAME), which prints one line; the table is made of these.
 */
#ifndef TESTS_FAULT_H
#define TESTS_FAULT_H

#include <spanwire/spanwire.h>
#include <sys/types.h>

#include "support/http_peer.h"

/* What a row found; the identity and the latency are judged for all rows alike, by fault_judge(). */
struct fault {
    /* the program's side */
    uint64_t ended;      /* spans whose end returned: numbered 1 to ended in their attribute `seq` */
    uint32_t *samples;   /* ns of each start, set and end */
    size_t sample_count;
    spw_stats stats; /* after the shutdown */
    spw_result shutdown;
    uint32_t shutdown_ms;
    /* the receiver's side */
    uint64_t delivered;  /* different spans in requests it answered with 2xx */
    uint64_t duplicates; /* spans it took more than once */
    uint64_t seen;       /* different spans in any request */
    uint64_t events;     /* of the delivered spans */
    /* verdict */
    bool failed, skipped;
    char why[400];
    char note[200]; /* what is worth telling of this row */
};

struct fault_row {
    const char *group, *name; /* the name is also its argument: no spaces */
    const char *what, *required;
    void (*run)(struct fault *f);
    bool needs_root;
};

extern const struct fault_row fault_rows_network[], fault_rows_connection[], fault_rows_concurrent[], fault_rows_proxy[],
    fault_rows_tls[], fault_rows_server[], fault_rows_data[], fault_rows_load[], fault_rows_exit[], fault_rows_fork[], fault_rows_exec[],
    fault_rows_threads[], fault_rows_shutdown[], fault_rows_signals[], fault_rows_secrets[], fault_rows_idle[],
    fault_rows_memory[];

/* Notes a failure; the first one stays. */
void fault_fail(struct fault *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Nothing can be said of the row here, for that reason. Unless it fails. */
void fault_skip(struct fault *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* How much a row does: `usual`, or what the environment variable says, for a long run by hand: main.c. */
uint64_t fault_amount(const char *variable, uint64_t usual);

/*
 * Some rows run programs of their own, this one with `--program NAME ARG...` (at most 4, NULL after them). fault_program() is their main();
 * fault_spawn() starts one, fault_outcome() waits for it: its exit code, or 256 and the signal that ended it.
 */
int fault_program(const char *name, char **args);
pid_t fault_spawn(const char *name, const char *const *args);
int fault_outcome(pid_t pid);
#define FAULT_CHECK(f, condition) ((condition) ? (void)0 : fault_fail((f), "%s:%d: %s", __FILE_NAME__, __LINE__, #condition))

/* Starts the SDK with one OTLP pipeline to `endpoint`: batches every 20 ms, calls of at most 300 ms. `more` NULL, or changes of the options. */
void fault_start(struct fault *f, const char *endpoint, void (*more)(spw_options *options));

/* Records n numbered spans, `pause_us` apart, and how long each took. */
void fault_record(struct fault *f, uint64_t n, unsigned pause_us);

/* Shuts down and reads the stats; notes how long it took. */
void fault_stop(struct fault *f, uint32_t timeout_ms);

/* Adds what the peer got. May be called for several peers of one row. */
void fault_collect(struct fault *f, http_peer *peer);

/* The identity from outside: every ended span was delivered, or is counted. */
void fault_judge(struct fault *f);

/* Drops of pipeline 0, all causes but one; SPW_DROP_CAUSES: all. */
uint64_t fault_dropped(const struct fault *f, spw_drop_cause but);

/* Until the peer has that many requests, or fails the row. */
void fault_wait(struct fault *f, http_peer *peer, size_t requests);

uint64_t fault_now_ms(void);
uint64_t fault_now_ns(void);

/* What the process holds: resident memory, open descriptors. */
long fault_rss_kib(void);
unsigned fault_descriptors(void);

/* The p-th quantile of the samples, in ns. */
uint32_t fault_latency(const struct fault *f, double p);

#endif
