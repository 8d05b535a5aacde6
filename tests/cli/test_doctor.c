/* spanwire doctor: what it says of receivers and settings that are well, and of those that are not. */
#include "program.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void a_viewer_takes_the_canary(void **state)
{
    (void)state;
    char port_file[96], arguments[128], id[33], path[64];
    snprintf(port_file, sizeof port_file, "%s/port", directory);
    pid_t viewer = viewer_start(port_file);
    int port = viewer_port(port_file);
    snprintf(arguments, sizeof arguments, "doctor -e http://127.0.0.1:%d --timeout 60s", port);
    setenv("OTEL_BSP_MAX_QUEUE_SIZE", "77", 1);
    expect(arguments, 0, "ok       otlp: the span was taken");
    assert_non_null(strstr(output, "OTEL_BSP_MAX_QUEUE_SIZE")); /* the setting's source */
    assert_int_equal(sscanf(strstr(output, "look for trace "), "look for trace %32[0-9a-f]", id), 1);
    snprintf(path, sizeof path, "/api/traces/%s", id);
    viewer_wait(port, path, "spanwire doctor");
    unsetenv("OTEL_BSP_MAX_QUEUE_SIZE");
    kill(viewer, SIGTERM);
    waitpid(viewer, NULL, 0);
}

/* On a machine with much to do the refusal of a connection may take longer than any time one would like to wait: then it is given more. */
static void a_receiver_that_is_not_there(void **state)
{
    (void)state;
    static const char *const times[][2] = {{"349ms", "0.349"}, {"3s", "3"}, {"20s", "20"}};
    bool told = false;
    for (size_t i = 0; i < 3 && !told; i++) {
        char arguments[128], taken[128];
        snprintf(arguments, sizeof arguments, "doctor -e http://127.0.0.1:9 --timeout %s", times[i][0]);
        snprintf(taken, sizeof taken, "FAILED   otlp: the span was not taken in %s s; a program would keep it and try on", times[i][1]);
        expect(arguments, 1, taken);
        told = strstr(output, "start a collector or `spanwire view`");
        assert_true(told || strstr(output, "a longer --timeout may tell"));
    }
    assert_true(told);
}

static void trouble_is_told_with_its_cure(void **state)
{
    (void)state;
    expect("doctor -e http://127.0.0.1:4317", 1, "usually 4318");
    assert_non_null(strstr(output, "FAILED   the SDK does not start"));
    setenv("OTEL_TRACES_SAMPLER", "always_off", 1);
    expect("doctor", 1, "FAILED   otlp: no span came this far; the sampler");
    unsetenv("OTEL_TRACES_SAMPLER");
    setenv("OTEL_BSP_MAX_QUEUE_SIZ", "5", 1);
    setenv("OTEL_TRACES_EXPORTER", "none", 1);
    expect("doctor", 0, "1 of the settings above want a look");
    assert_non_null(strstr(output, "none     nothing is sent"));
    setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=CANARY", 1);
    expect("doctor", 0, "authorization=***");
    assert_null(strstr(output, "CANARY"));
    unsetenv("OTEL_EXPORTER_OTLP_HEADERS");
    unsetenv("OTEL_TRACES_EXPORTER");
    unsetenv("OTEL_BSP_MAX_QUEUE_SIZ");
    expect("doctor --nothing", 2, "the rest is in OTEL_*");
    expect("doctor --timeout x", 2, "such as 500ms or 3s");
}

int main(int argc, char **argv)
{
    if (!program_begin(argc, argv))
        return 2;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_viewer_takes_the_canary),
        cmocka_unit_test(a_receiver_that_is_not_there),
        cmocka_unit_test(trouble_is_told_with_its_cure),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(directory);
    return failed;
}
