/*
 * What is done while memory fails: everything there is, so that every allocation of the library has its turn. Each function says in *why what went
 * wrong, and returns false.
 */
#ifndef TESTS_SWEEP_SCENARIO_H
#define TESTS_SWEEP_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>

struct scenario {
    const char *url;  /* of a receiver that asks for one retry, then takes everything */
    char why[400];
    unsigned long oom; /* spans counted as lost for want of memory */
};

/* The first failure stays. Always false. */
bool scenario_fail(struct scenario *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Contexts, baggage, values, carriers; without an SDK. */
bool scenario_contexts(struct scenario *s);

/* Starts by the environment and by options, records, flushes, retries, shuts down. */
bool scenario_sdk(struct scenario *s);

/* With memory again everything works, and nothing is lost. */
bool scenario_afterwards(struct scenario *s);

#endif
