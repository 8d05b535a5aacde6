/* Files of OTLP JSON lines: what is good is stored, what is not is told with its line, whatever the file looks like. */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "import.h"

#define SPAN(id, name) "{\"traceId\":\"5b8efff798038103d269b633813fc60c\",\"spanId\":\"" id "\",\"name\":\"" name "\"}"
#define LINE(spans) "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[" spans "]}]}]}"
#define ONE LINE(SPAN("eee19b7ec3c1b174", "one"))
#define TWO LINE(SPAN("eee19b7ec3c1b175", "two") "," SPAN("eee19b7ec3c1b176", "three"))

enum { MAX_LINE = 4096 };

static struct spwv_store *store;
static struct spwv_import_report report;
static struct spwv_error error;
static char path[64];
static char told[4096];
static unsigned allowed; /* lines that go_on() lets through */

static int set_up(void **state)
{
    (void)state;
    store = spwv_store_sqlite_open(NULL, 16 << 20, &error);
    snprintf(path, sizeof path, "/tmp/spwv-import-XXXXXX");
    int fd = mkstemp(path);
    if (!store || fd < 0)
        return -1;
    close(fd);
    allowed = 1000000;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    store->destroy(store);
    return unlink(path);
}

static void on_bad_line(void *arg, uint64_t line, const char *cause)
{
    size_t used = strlen(told);
    (void)arg;
    snprintf(told + used, sizeof told - used, "%d:%s;", (int)line, cause);
}

static bool go_on(void *arg)
{
    (void)arg;
    return allowed-- > 0;
}

static bool import(const void *data, size_t size)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    fclose(file);
    struct spwv_import_sink sink = {NULL, on_bad_line, go_on};
    told[0] = error.text[0] = 0;
    bool ok = spwv_import(store, path, MAX_LINE, &sink, &report, &error);
    assert_int_equal(ok, error.text[0] == 0);
    return ok;
}

static bool import_text(const char *text)
{
    return import(text, strlen(text));
}

static uint64_t stored(void)
{
    struct spwv_store_info info;
    store->info(store, &info);
    return info.spans;
}

static void lines_are_stored(void **state)
{
    (void)state;
    assert_true(import_text("\xEF\xBB\xBF" ONE "\n\n \t\r\n" TWO "\r\n{}\n" LINE("{}") "\n" ONE));
    assert_string_equal(told, "");
    assert_int_equal(report.requests, 5);
    assert_int_equal(report.items[0], 5);
    assert_int_equal(report.rejected, 1);
    assert_int_equal(report.empty, 1);
    assert_int_equal(stored(), 3); /* one came twice */
}

/* As a Collector writes them into one file, or a person puts them together. */
static void lines_of_all_signals_are_stored(void **state)
{
    (void)state;
    assert_true(import_text(ONE "\n{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"timeUnixNano\":\"1\"},{\"traceId\":\"0102\"}]}]}]}\n"
                            "{\"resourceMetrics\":[{\"scopeMetrics\":[{\"metrics\":[{\"name\":\"m\",\"sum\":{\"dataPoints\":[{\"timeUnixNano\":\"1\",\"asInt\":\"1\"},"
                            "{\"timeUnixNano\":\"2\",\"asInt\":\"2\"}]}}]}]}]}\n{\"resourceLogs\":[{\"scopeLogs\":7}]}\n" TWO));
    assert_string_equal(told, "4:scopeLogs of ResourceLogs must be an array, before byte 31;");
    assert_int_equal(report.requests, 4);
    assert_int_equal(report.items[0], 3);
    assert_int_equal(report.items[1], 2);
    assert_int_equal(report.items[2], 2);
    assert_int_equal(report.rejected, 1);
    struct spwv_store_info info;
    store->info(store, &info);
    assert_int_equal(info.spans, 3);
    assert_int_equal(info.logs, 1);
    assert_int_equal(info.metric_points, 2);
}

static void empty_files_are_fine(void **state)
{
    (void)state;
    assert_true(import_text(""));
    assert_true(import_text("\n\n"));
    assert_int_equal(report.requests + report.bad, 0);
}

static void bad_lines_are_told_and_passed_over(void **state)
{
    (void)state;
    assert_true(import_text("{\n" ONE "\n[]\n" ONE "x\n" TWO "\n{\"resourceSpans\""));
    assert_int_equal(report.bad, 4);
    assert_int_equal(stored(), 3);
    assert_non_null(strstr(told, "1:the JSON is cut short at byte 1;3:"));
    assert_non_null(strstr(told, ";4:more text behind the end of the JSON"));
    assert_non_null(strstr(told, ";6:the JSON is cut short"));
}

/* Far longer than a piece of reading; the memory for a line is MAX_LINE, and the next line is found. */
static void long_lines_are_passed_over(void **state)
{
    (void)state;
    enum { LONG = 1 << 20 };
    char *text = malloc(LONG + sizeof ONE + sizeof TWO + 8);
    memset(text, '[', LONG);
    sprintf(text + LONG, "\n" ONE "\n" TWO);
    assert_true(import_text(text));
    assert_string_equal(told, "1:the line is longer than a request may be;");
    assert_int_equal(stored(), 3);
    memset(text, ' ', LONG);
    memcpy(text, ONE "\n", sizeof ONE);
    text[LONG] = 0;
    assert_true(import_text(text));
    assert_string_equal(told, "2:the line is longer than a request may be;");
    free(text);
}

static void gzip_is_read(void **state)
{
    (void)state;
    static const char lines[] = ONE "\n" TWO "\n";
    struct bytes packed = gzip(lines, sizeof lines - 1);
    assert_true(import(packed.data, packed.size));
    assert_int_equal(report.items[0], 3);
    assert_false(import(packed.data, packed.size - 9));
    assert_non_null(strstr(error.text, "the gzip is cut short"));
    packed.data[packed.size - 6] ^= 1;
    assert_false(import(packed.data, packed.size));
    assert_non_null(strstr(error.text, "cannot read on in /tmp/spwv-import-"));
    free(packed.data);
}

static void it_can_be_stopped(void **state)
{
    (void)state;
    allowed = 1;
    assert_true(import_text(ONE "\n" TWO "\n"));
    assert_true(report.stopped);
    assert_int_equal(stored(), 1);
}

static void what_cannot_be_read_is_said(void **state)
{
    (void)state;
    struct spwv_import_sink sink = {NULL, on_bad_line, NULL};
    assert_false(spwv_import(store, "/nowhere/at/all", MAX_LINE, &sink, &report, &error));
    assert_non_null(strstr(error.text, "cannot open /nowhere/at/all: No such file"));
    assert_false(spwv_import(store, "/tmp", MAX_LINE, &sink, &report, &error));
    assert_non_null(strstr(error.text, "Is a directory"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lines_are_stored, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lines_of_all_signals_are_stored, set_up, tear_down),
        cmocka_unit_test_setup_teardown(empty_files_are_fine, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bad_lines_are_told_and_passed_over, set_up, tear_down),
        cmocka_unit_test_setup_teardown(long_lines_are_passed_over, set_up, tear_down),
        cmocka_unit_test_setup_teardown(gzip_is_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(it_can_be_stopped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_read_is_said, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
