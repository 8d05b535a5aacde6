/*
 * Every variable the SDK reads times every value it should not have, taken from the table of settings: a new setting is in it by itself.
 * Linked with what has the table (sdk/config_table.h).
 */
#ifndef TESTS_ENVIRONMENT_MATRIX_H
#define TESTS_ENVIRONMENT_MATRIX_H

#include <stdbool.h>
#include <stddef.h>

struct spw__setting;

struct matrix_case {
    const char *variable;
    const struct spw__setting *setting; /* NULL: read elsewhere, not by the table */
    bool of_pipeline;
    const char *value, *what;           /* what: the value in words */
};

/* Calls `one` for each, with the variable set and no other; returns how many there are. Clears the environment. */
size_t environment_matrix(void (*one)(void *arg, const struct matrix_case *c), void *arg);

/* NULL, or what is wrong with a line of the log: too long, not UTF-8, something that steers a terminal. */
const char *environment_matrix_judge(const char *line);

#endif
