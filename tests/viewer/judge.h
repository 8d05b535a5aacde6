/* Answers of the JSON API, judged by SQLite's JSON functions. The viewer and the judge live for a group of tests. */
#ifndef VIEWER_JUDGE_H
#define VIEWER_JUDGE_H

#include "fixture.h"

int judge_begin(void **state); /* cmocka set-up: a viewer with the default options */
int judge_end(void **state);

/* What stands at that path of SQLite's, as text; "(null)" for null and for nothing. Until the next call. */
const char *judge_ask(const char *json, const char *path);
void expect_json(const char *json, const char *path, const char *value);

char *fetch(const char *path); /* a 200's body, to be freed */
void expect_at(const char *address, const char *path, const char *value);
void expect_refused(const char *address, long status, const char *part);

/* OTLP JSON to /v1/...: a 200. The answer is "{}", or `answer` stands in it. */
void send_json(const char *address, const char *json, const char *answer);

void forget_all(void); /* traces, logs and metrics */

#endif
