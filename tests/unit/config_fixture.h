/* What the tests of configuration share: a clean environment, what was said, looking things up. */
#ifndef SPW_TESTS_CONFIG_FIXTURE_H
#define SPW_TESTS_CONFIG_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <spanwire/config.h>

#include "sdk/config.h"
#include "sdk/config_env.h"

extern char said[65536]; /* every diagnostic of a test, a line each */
extern int warnings;     /* and errors */
extern spw_error error;  /* of the last load() */

/* For cmocka, and before each case of a table: no variable is set, nothing has been said. */
int fresh(void **state);

/* Loads with hear() as the log function; NULL: plain options. */
spw_result load(struct spw__config *config, spw_options *options);
void hear(void *arg, spw_log_level level, const char *text);

/* The one attribute of the resource that has this key, or NULL. */
const spw_attr *attribute(const struct spw__config *config, const char *key);
void assert_text(const struct spw__config *config, const char *key, const char *value);

/* Everything as it is when nobody says anything. */
void assert_defaults(const struct spw__config *config);

/* What spw_config_each() said of one path, or of anything under `warning` and `error`. */
struct seen {
    const char *path;
    char value[1200], source[200], problems[4096];
    int times, warned;
};

/* Calls spw_config_each(); the result is its. */
spw_result print(const spw_options *options, const char *path, struct seen *out);

#define TEST(name) cmocka_unit_test_setup(name, fresh)

#endif
