/* Files of OTLP JSON lines: shown, opened, converted. */
#include "program.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define FIRST_TRACE "5b8efff798038103d269b633813fc60c"
#define SECOND_TRACE "6b8efff798038103d269b633813fc60c"
#define LINE(trace, name, start)                                                                                                          \
    "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":\"" trace "\",\"spanId\":\"eee19b7ec3c1b174\",\"name\":\"" name              \
    "\",\"startTimeUnixNano\":\"" start "\",\"endTimeUnixNano\":\"9000\"}]}]}]}\n"

static void write_lines(const char *path)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(LINE(SECOND_TRACE, "the newest", "2000") "{\"resourceSpans\":\n" LINE(FIRST_TRACE, "the oldest", "1000"), file) >= 0);
    for (int i = 0; i < 12; i++)
        fputs("nonsense\n", file);
    fclose(file);
}

static void files_are_shown_without_a_viewer(void **state)
{
    (void)state;
    char path[128], arguments[256];
    snprintf(path, sizeof path, "%s/lines.jsonl", directory);
    write_lines(path);
    snprintf(arguments, sizeof arguments, "show --ascii %s", path);
    expect(arguments, 0, "the newest");
    assert_null(strstr(output, "the oldest"));
    expect(arguments, 0, "lines.jsonl:2: the JSON is cut short at byte 17");
    expect(arguments, 0, "lines.jsonl:12: no JSON value at byte 0");
    assert_null(strstr(output, "lines.jsonl:13"));
    expect(arguments, 0, "3 more bad lines");
    expect(arguments, 0, "jq -c .");
    snprintf(arguments, sizeof arguments, "show %s " FIRST_TRACE, path);
    expect(arguments, 0, "the oldest");
    snprintf(arguments, sizeof arguments, "show %s 00000000000000000000000000000001", path);
    expect(arguments, 1, "has no trace 0000");
    snprintf(arguments, sizeof arguments, "show /dev/null");
    expect(arguments, 1, "/dev/null holds no trace");
    unlink(path);
}

static void files_are_opened_by_the_viewer(void **state)
{
    (void)state;
    char path[128], port_file[128];
    snprintf(path, sizeof path, "%s/lines.jsonl", directory);
    snprintf(port_file, sizeof port_file, "%s/port", directory);
    write_lines(path);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        char told[160];
        snprintf(told, sizeof told, "%s/told", directory);
        if (!freopen(told, "w", stdout))
            _exit(126);
        execl(program, program, "view", path, path, "--listen", "127.0.0.1:0", "--port-file", port_file, (char *)NULL);
        _exit(127);
    }
    char arguments[256];
    snprintf(arguments, sizeof arguments, "show " FIRST_TRACE " --url http://127.0.0.1:%d", viewer_port(port_file));
    expect(arguments, 0, "the oldest");
    kill(child, SIGTERM);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    snprintf(path, sizeof path, "%s/told", directory);
    FILE *told = fopen(path, "r");
    assert_non_null(told);
    output[fread(output, 1, sizeof output - 1, told)] = 0;
    fclose(told);
    assert_non_null(strstr(output, "lines.jsonl: 2 spans in 2 requests, 13 bad lines"));
    unlink(path);
    snprintf(path, sizeof path, "%s/lines.jsonl", directory);
    unlink(path);
}

static void files_are_converted(void **state)
{
    (void)state;
    char path[128];
    snprintf(path, sizeof path, "%s/lines.jsonl", directory);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(LINE(SECOND_TRACE, "the newest", "2000") LINE(FIRST_TRACE, "the oldest", "1000"), file);
    fclose(file);
    assert_int_equal(shell("\"$SPANWIRE\" convert --to otlp %s " FIRST_TRACE, path), 0);
    assert_non_null(strstr(output, "{\"resourceSpans\":"));
    assert_non_null(strstr(output, "the oldest"));
    assert_int_equal(shell("\"$SPANWIRE\" convert --to otlp %s | \"$SPANWIRE\" show -", path), 0);
    assert_non_null(strstr(output, "the newest"));
    assert_int_equal(shell("\"$SPANWIRE\" convert --to speedscope -o %s/out %s && cat %s/out && rm %s/out", directory, path, directory, directory), 0);
    assert_non_null(strstr(output, "www.speedscope.app/file-format-schema.json"));
    assert_int_equal(shell("\"$SPANWIRE\" convert --to chrome %s", path), 0);
    assert_non_null(strstr(output, "\"traceEvents\":["));
    assert_int_equal(shell("\"$SPANWIRE\" convert --to chrome -o /nowhere/at/all %s", path), 1);
    assert_non_null(strstr(output, "cannot write /nowhere/at/all: No such file"));
    expect("convert --to chrome /nowhere/at/all.jsonl", 1, "cannot open /nowhere/at/all.jsonl");
    assert_int_equal(shell("\"$SPANWIRE\" convert --to otlp %s 00000000000000000000000000000001", path), 1);
    assert_non_null(strstr(output, "there is no such trace"));
    expect("convert --to pdf x", 2, "choose otlp, speedscope or chrome");
    expect("convert x", 2, "convert --to otlp|speedscope|chrome");
    unlink(path);
}

int main(int argc, char **argv)
{
    if (!program_begin(argc, argv))
        return 2;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_shown_without_a_viewer),
        cmocka_unit_test(files_are_opened_by_the_viewer),
        cmocka_unit_test(files_are_converted),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(directory);
    return failed;
}
