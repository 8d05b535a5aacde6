/* Standard output, for the exporters that write there: among the program's own lines, slow, full, closed, stuck. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "builtin.h"
#include "lines_fixture.h"
#include "support/fake_batch.h"

static spw_exporter *make_stdout(void)
{
    spw_exporter *e = spw__stdout_exporter_make(NULL, NULL, NULL);
    assert_string_equal(e->name, "otlp/stdout");
    return e;
}

static void standard_output_takes_lines_among_others(void **state)
{
    (void)state;
    spw_exporter *e = make_stdout();
    spw_batch *batch = fake_batch_simple(1, 4);
    fflush(stdout);
    int saved = dup(1);
    int fd = open(lines_path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    dup2(fd, 1);
    close(fd);
    printf("a line of the program's\n");
    spw_export_result result = lines_send(e, batch);
    printf("another\n");
    fflush(stdout);
    dup2(saved, 1);
    close(saved);
    assert_int_equal(result.status, SPW_EXPORT_DELIVERED);
    struct lines_content c = lines_content_of(0);
    assert_int_equal(c.lines, 1);
    assert_int_equal(c.broken, 2); /* the program's own */
    assert_int_equal(c.spans, 4);
    fake_batch_free(batch);
    e->destroy(e);
}

static void *read_slowly(void *arg)
{
    static char bytes[4 << 20];
    size_t size = 0;
    for (ssize_t n; (n = read(*(int *)arg, bytes + size, 1000)) > 0; size += (size_t)n)
        usleep(10);
    *(int *)arg = -1;
    FILE *file = fmemopen(bytes, size, "r");
    struct lines_content c = lines_read(file);
    return (void *)(c.broken ? 0 : c.spans);
}

static void a_slow_pipe_that_does_not_block_gets_all_of_it(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    spw_exporter *e = make_stdout();
    spw_batch *batch = fake_batch_simple(1, 3000);
    fflush(stdout);
    int saved = dup(1);
    dup2(ends[1], 1);
    close(ends[1]);
    fcntl(1, F_SETFL, O_NONBLOCK);
    pthread_t reader;
    assert_int_equal(pthread_create(&reader, NULL, read_slowly, &ends[0]), 0);
    spw_export_result result = lines_send(e, batch);
    dup2(saved, 1);
    close(saved);
    void *spans;
    pthread_join(reader, &spans);
    assert_int_equal(result.status, SPW_EXPORT_DELIVERED);
    assert_int_equal((size_t)spans, 3000);
    fake_batch_free(batch);
    e->destroy(e);
}

static void a_full_or_closed_standard_output(void **state)
{
    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    spw_exporter *e = make_stdout();
    spw_batch *batch = fake_batch_simple(1, 4);
    fflush(stdout);
    int saved = dup(1);
    int fd = open(lines_path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600);
    dup2(fd, 1);
    close(fd);
    lines_limit_files(100);
    spw_export_result full = lines_send(e, batch);
    lines_limit_files(RLIM_INFINITY);
    spw_export_result after = lines_send(e, batch);
    close(1);
    spw_export_result closed = lines_send(e, batch);
    dup2(saved, 1);
    close(saved);
    assert_int_equal(full.status, SPW_EXPORT_RETRY);
    assert_int_equal(after.status, SPW_EXPORT_DELIVERED);
    assert_int_equal(closed.status, SPW_EXPORT_PERMANENT);
    assert_non_null(strstr(closed.text, "standard output"));
    struct lines_content c = lines_content_of(0);
    assert_int_equal(c.lines, 1); /* what could not be taken back from a stream stands on a line of its own */
    assert_int_equal(c.broken, 1);
    fake_batch_free(batch);
    e->destroy(e);
}

/* A pipe that nobody reads, of either kind: the batch waits, and the program can still print. */
static void a_standard_output_that_takes_nothing(void **state)
{
    (void)state;
    spw_exporter *e = make_stdout();
    spw_batch *batch = fake_batch_simple(1, 4000);
    fflush(stdout);
    int saved = dup(1);
    spw_export_result results[2];
    alarm(20);
    for (int i = 0; i < 2; i++) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC | (i ? O_NONBLOCK : 0)) != 0)
            abort();
        dup2(ends[1], 1);
        close(ends[1]);
        results[i] = lines_send(e, batch); /* fills it, and stops */
        results[i] = lines_send(e, batch);
        if (ftrylockfile(stdout) != 0)
            results[i].status = SPW_EXPORT_DELIVERED;
        else
            funlockfile(stdout);
        close(ends[0]);
    }
    alarm(0);
    dup2(saved, 1);
    close(saved);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(results[i].status, SPW_EXPORT_RETRY);
        assert_non_null(strstr(results[i].text, "standard output"));
    }
    fake_batch_free(batch);
    e->destroy(e);
}

/* ---- the console's ---- */

/* What was read before somebody stopped reading, and what came after. */
static size_t drain(int fd, char *out, size_t room)
{
    size_t size = 0;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    for (ssize_t n; size < room && (n = read(fd, out + size, room - size)) > 0;)
        size += (size_t)n;
    return size;
}

static size_t count(const char *text, const char *what)
{
    size_t times = 0;
    for (const char *at = text; (at = strstr(at, what)); at++)
        times++;
    return times;
}

/* A retry goes on where the try before was stopped: nothing is printed twice, and what was torn stands alone. */
static void the_console_goes_on_where_it_had_to_stop(void **state)
{
    (void)state;
    enum { SPANS = 2000, ROOM = 4 << 20 };
    int ends[2], tries = 0;
    char *text = calloc(1, ROOM);
    size_t size = 0;
    spw_exporter *e = spw__console_exporter_make(NULL, NULL, NULL);
    spw_batch *batch = fake_batch_simple(1, SPANS);
    assert_non_null(text);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    fflush(stdout);
    int saved = dup(1);
    dup2(ends[1], 1);
    close(ends[1]);
    spw_export_result result;
    do {
        result = lines_send(e, batch); /* fills the pipe, and waits in vain */
        bool in_stdio = __fpending(stdout) != 0;
        size += drain(ends[0], text + size, ROOM - 1 - size);
        tries += in_stdio ? 1000 : 1;
    } while (result.status == SPW_EXPORT_RETRY && tries < 100);
    dup2(saved, 1);
    close(saved);
    close(ends[0]);
    assert_int_equal(result.status, SPW_EXPORT_DELIVERED);
    assert_in_range(tries, 2, 99);
    size_t whole = count(text, "[fake-scope 1.2]\n");
    assert_in_range(whole, SPANS, SPANS + tries); /* a torn one may have been torn behind its first line */
    fake_batch_free(batch);
    e->destroy(e);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LINES_TEST(standard_output_takes_lines_among_others),
        LINES_TEST(a_slow_pipe_that_does_not_block_gets_all_of_it),
        LINES_TEST(a_full_or_closed_standard_output),
        LINES_TEST(a_standard_output_that_takes_nothing),
        LINES_TEST(the_console_goes_on_where_it_had_to_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
