/* Contract: judge.h. */
#include "judge.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static sqlite3 *judge;

int judge_begin(void **state)
{
    return sqlite3_open(":memory:", &judge) == SQLITE_OK ? start_viewer(state) : -1;
}

int judge_end(void **state)
{
    sqlite3_close(judge);
    return stop_viewer(state);
}

const char *judge_ask(const char *json, const char *path)
{
    static char answer[4096];
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_prepare_v2(judge, "SELECT json_valid(?1), json_extract(?1, ?2)", -1, &statement, NULL), SQLITE_OK);
    sqlite3_bind_text(statement, 1, json, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, path, -1, SQLITE_STATIC);
    if (sqlite3_step(statement) != SQLITE_ROW || !sqlite3_column_int(statement, 0))
        fail_msg("no JSON (%s): %.500s", sqlite3_errmsg(judge), json);
    const unsigned char *text = sqlite3_column_text(statement, 1);
    snprintf(answer, sizeof answer, "%s", text ? (const char *)text : "(null)");
    sqlite3_finalize(statement);
    return answer;
}

void expect_json(const char *json, const char *path, const char *value)
{
    const char *found = judge_ask(json, path);
    if (strcmp(found, value) != 0)
        fail_msg("%.200s is %s, not %s, in %.2000s", path, found, value, json);
}

char *fetch(const char *path)
{
    struct reply reply = get(path);
    if (reply.status != 200)
        fail_msg("%s: %ld %s", path, reply.status, reply.body);
    free(reply.headers);
    return reply.body;
}

void expect_at(const char *address, const char *path, const char *value)
{
    char *json = fetch(address);
    expect_json(json, path, value);
    free(json);
}

void expect_refused(const char *address, long status, const char *part)
{
    struct reply reply = get(address);
    if (reply.status != status || !strstr(reply.body, part))
        fail_msg("%s: %ld %s, not %ld and \"%s\"", address, reply.status, reply.body, status, part);
    expect_json(reply.body, "$.nothing", "(null)"); /* it is JSON */
    free_reply(reply);
}

void send_json(const char *address, const char *json, const char *answer)
{
    static const char *const headers[] = {"Content-Type: application/json", NULL};
    struct bytes body = {(uint8_t *)(uintptr_t)json, strlen(json)};
    struct reply reply = http("POST", address, headers, body);
    if (reply.status != 200 || (answer ? !strstr(reply.body, answer) : strcmp(reply.body, "{}") != 0))
        fail_msg("%s: %ld %s", address, reply.status, reply.body);
    free_reply(reply);
}

void forget_all(void)
{
    static const char *const paths[] = {"/api/traces", "/api/logs", "/api/metrics"};
    for (size_t i = 0; i < 3; i++) {
        struct reply reply = http("DELETE", paths[i], NULL, (struct bytes){NULL, 0});
        assert_int_equal(reply.status, 200);
        free_reply(reply);
    }
}
