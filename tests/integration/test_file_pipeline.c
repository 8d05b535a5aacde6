/* The file exporter in the whole SDK: by name, beside others, over a full disk with one line in the log; and otlp/stdout. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <spanwire/exporter.h>
#include <spanwire/spanwire.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/capture.h"

static char path[64];
static unsigned warnings;

static void on_log(void *arg, spw_log_level level, const char *text)
{
    (void)arg;
    if (level <= SPW_LOG_WARN) {
        __atomic_add_fetch(&warnings, 1, __ATOMIC_SEQ_CST);
        fprintf(stderr, "# %s\n", text);
    }
}

/* The spans in a file of lines; a line that is none fails. */
static size_t spans_in(FILE *file, const char *name)
{
    size_t spans = 0, capacity = 0;
    char *line = NULL;
    for (ssize_t n; (n = getline(&line, &capacity, file)) > 0;) {
        json_t *json = json_loadb(line, (size_t)n, JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(json);
        json_t *group = json_array_get(json_object_get(json_array_get(json_object_get(json, "resourceSpans"), 0), "scopeSpans"), 0);
        for (size_t i = 0; i < json_array_size(json_object_get(group, "spans")); i++) {
            json_t *span = json_array_get(json_object_get(group, "spans"), i);
            assert_string_equal(json_string_value(json_object_get(span, "name")), name);
            spans++;
        }
        json_decref(json);
    }
    free(line);
    fclose(file);
    return spans;
}

static void record(const char *name, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        spw_span span = spw_span_start(NULL, name, NULL);
        spw_set_int(span, "i", (int64_t)i);
        spw_span_end(span);
    }
}

static int set_up(void **state)
{
    (void)state;
    warnings = 0;
    snprintf(path, sizeof path, "/tmp/spanwire-lines-XXXXXX");
    int fd = mkstemp(path);
    return fd >= 0 && close(fd) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    unsetenv("OTEL_TRACES_EXPORTER");
    unsetenv("SPANWIRE_TRACES_FILE");
    return unlink(path);
}

static void by_name_from_the_environment(void **state)
{
    (void)state;
    setenv("OTEL_TRACES_EXPORTER", "file,memory", 1);
    setenv("SPANWIRE_TRACES_FILE", path, 1);
    assert_int_equal(spw_start(NULL), SPW_OK);
    record("by name", 100);
    assert_int_equal(spw_flush(20000), SPW_OK);
    assert_string_equal(capture_stats(0).name, "file");
    assert_int_equal(capture_stats(0).exported, 100);
    assert_int_equal(spans_in(fopen(path, "r"), "by name"), 100);
    record("by name", 100);
    assert_int_equal(spw_shutdown(20000), SPW_OK);
    assert_int_equal(spans_in(fopen(path, "r"), "by name"), 200);
    capture_check_accounts();
}

static void without_a_path_it_does_not_start(void **state)
{
    (void)state;
    setenv("OTEL_TRACES_EXPORTER", "file", 1);
    spw_error error = SPW_ERROR_INIT;
    spw_options options = SPW_OPTIONS_INIT;
    options.error = &error;
    options.log_fn = on_log;
    assert_int_not_equal(spw_start(&options), SPW_OK);
    assert_non_null(strstr(error.text, "SPANWIRE_TRACES_FILE"));
}

static void a_full_disk_is_one_line_in_the_log_and_loses_nothing(void **state)
{
    (void)state;
    spw_file_exporter_options file = SPW_FILE_EXPORTER_OPTIONS_INIT;
    file.path = path;
    spw_pipeline_options p = SPW_PIPELINE_OPTIONS_INIT;
    p.exporter = spw_file_exporter_new(&file, NULL);
    p.schedule_delay_ms = 1;
    spw_options options = SPW_OPTIONS_INIT;
    options.pipelines = &p;
    options.pipeline_count = 1;
    options.log_fn = on_log;
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit before, full;
    getrlimit(RLIMIT_FSIZE, &before);
    full = before;
    full.rlim_cur = 10;
    setrlimit(RLIMIT_FSIZE, &full);
    assert_int_equal(spw_start(&options), SPW_OK);
    for (int i = 0; i < 4; i++) { /* each flush tries at once */
        record("full", 10);
        assert_int_equal(spw_flush(100), SPW_ERR_TIMEOUT);
    }
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, 0);
    assert_true(capture_stats(0).retries >= 3);
    assert_int_equal(__atomic_load_n(&warnings, __ATOMIC_SEQ_CST), 1);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(spw_flush(20000), SPW_OK);
    assert_int_equal(spw_shutdown(20000), SPW_OK);
    assert_int_equal(spans_in(fopen(path, "r"), "full"), 40);
    assert_int_equal(capture_stats(0).exported, 40);
}

/* The program's own reader, which shares no code with the writer. */
static void the_viewer_reads_what_is_written(void **state)
{
    (void)state;
#ifdef SPW_TEST_PROGRAM
    char command[300];
    spw_file_exporter_options file = SPW_FILE_EXPORTER_OPTIONS_INIT;
    file.path = path;
    spw_pipeline_options p = SPW_PIPELINE_OPTIONS_INIT;
    p.exporter = spw_file_exporter_new(&file, NULL);
    spw_options options = SPW_OPTIONS_INIT;
    options.service_name = "file test";
    options.pipelines = &p;
    options.pipeline_count = 1;
    assert_int_equal(spw_start(&options), SPW_OK);
    spw_span span = spw_span_start(NULL, "shown \"\\\n\xe2\x80\xa8", NULL);
    spw_value list[] = { spw_value_double(0.1), spw_value_bytes("\0\xff", 2), spw_value_map(NULL, 0) };
    spw_set_value(span, "list", &(spw_value){ SPW_VALUE_ARRAY, { .array = { list, 3 } } });
    spw_add_event(span, "event", NULL, 0);
    spw_add_link(span, span, NULL, 0);
    spw_span_end(span);
    assert_int_equal(spw_shutdown(20000), SPW_OK);
    snprintf(command, sizeof command, "%s show %s 2>&1", SPW_TEST_PROGRAM, path);
    FILE *shown = popen(command, "r");
    char text[4096];
    text[fread(text, 1, sizeof text - 1, shown)] = '\0';
    assert_int_equal(pclose(shown), 0);
    if (!strstr(text, "1 span") || !strstr(text, "file test") || !strstr(text, "shown"))
        fail_msg("%s", text);
#else
    print_message("skip - the spanwire program was not built\n");
    skip();
#endif
}

/* In a child, whose standard output is a pipe, and which only returns: the exit flush has to write it. */
static void otlp_stdout_is_written_at_exit(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], 1);
        setenv("OTEL_TRACES_EXPORTER", "otlp/stdout", 1);
        if (spw_start(NULL) != SPW_OK)
            _exit(1);
        record("at exit", 25);
        exit(0);
    }
    close(ends[1]);
    assert_int_equal(spans_in(fdopen(ends[0], "r"), "at exit"), 25);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(by_name_from_the_environment),
        TEST(without_a_path_it_does_not_start),
        TEST(a_full_disk_is_one_line_in_the_log_and_loses_nothing),
        TEST(the_viewer_reads_what_is_written),
        TEST(otlp_stdout_is_written_at_exit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
