/* Diagnostics: levels, length, what is made printable, and that a closed standard error does not kill the host. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "sdk/diag.h"

struct heard {
    int lines;
    spw_log_level level;
    char text[1024];
};

static void hear(void *arg, spw_log_level level, const char *text)
{
    struct heard *heard = arg;
    heard->lines++;
    heard->level = level;
    snprintf(heard->text, sizeof heard->text, "%s", text);
}

static void test_levels(void **state)
{
    (void)state;
    for (int set = SPW_LOG_NONE; set <= SPW_LOG_DEBUG; set++) {
        struct heard heard = { 0 };
        spw__diag_configure((spw_log_level)set, hear, &heard);
        for (int level = SPW_LOG_NONE; level <= SPW_LOG_DEBUG; level++)
            spw__diag((spw_log_level)level, "at %d", level);
        assert_int_equal(heard.lines, set);
    }
}

static void test_one_line_printable(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } rows[] = {
        { "plain \xc3\xa9 \xe2\x82\xac", "plain \xc3\xa9 \xe2\x82\xac" },
        { "two\nlines\r", "two\\x0alines\\x0d" },
        { "\x1b[31mred", "\\x1b[31mred" },
        { "c1 \xc2\x9b"
          "31m",
          "c1 \\xc2\\x9b31m" },
        { "bad \xff\xc3", "bad \\xff\\xc3" },
        { "overlong \xc0\xaf, surrogate \xed\xa0\x80", "overlong \\xc0\\xaf, surrogate \\xed\\xa0\\x80" },
        { "line separator \xe2\x80\xa8", "line separator \\xe2\\x80\\xa8" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct heard heard = { 0 };
        spw__diag_configure(SPW_LOG_INFO, hear, &heard);
        spw__diag(SPW_LOG_WARN, "%s", rows[i].in);
        assert_string_equal(heard.text, rows[i].out);
        spw__diag_line(NULL, SPW_LOG_ERROR, rows[i].in);
        assert_string_equal(heard.text, rows[i].out);
        assert_int_equal(heard.level, SPW_LOG_ERROR);
    }
}

static void test_length_is_bounded(void **state)
{
    (void)state;
    static char text[5000];
    struct heard heard = { 0 };
    spw__diag_configure(SPW_LOG_INFO, hear, &heard);
    memset(text, 'x', sizeof text - 1);
    spw__diag(SPW_LOG_ERROR, "%s", text);
    assert_int_equal(strlen(heard.text), 511);
    memset(text, 1, sizeof text - 1);
    spw__diag(SPW_LOG_ERROR, "%s", text);
    assert_int_equal(strlen(heard.text), 508);
    for (size_t i = 0; i + 3 < sizeof text; i += 3)
        memcpy(text + i, "\xe2\x82\xac", 3);
    spw__diag_line(NULL, SPW_LOG_ERROR, text);
    assert_int_equal(strlen(heard.text), 510); /* whole characters only */
}

static void test_fail(void **state)
{
    (void)state;
    struct heard heard = { 0 };
    spw_error error = SPW_ERROR_INIT;
    spw__diag_configure(SPW_LOG_ERROR, hear, &heard);
    assert_int_equal(spw__fail(&error, SPW_ERR_INVALID, "cause %d\ncure", 7), SPW_ERR_INVALID);
    assert_int_equal(error.code, SPW_ERR_INVALID);
    assert_string_equal(error.text, "cause 7\\x0acure");
    assert_string_equal(heard.text, error.text);
    assert_int_equal(heard.lines, 1);

    char longer[2000];
    memset(longer, 'e', sizeof longer);
    longer[sizeof longer - 1] = 0;
    assert_int_equal(spw__fail(&error, SPW_ERR_SYSTEM, "%s", longer), SPW_ERR_SYSTEM);
    assert_int_equal(strlen(error.text), sizeof error.text - 1);
    spw__diag_configure(SPW_LOG_NONE, hear, &heard);
    assert_int_equal(spw__fail(NULL, SPW_ERR_SYSTEM, "nobody asks"), SPW_ERR_SYSTEM);
    assert_int_equal(heard.lines, 2);
}

/* In a child whose standard error is a pipe nobody reads, with SIGPIPE at its default. */
static void test_closed_stderr(void **state)
{
    (void)state;
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(fds[0]);
        dup2(fds[1], STDERR_FILENO);
        signal(SIGPIPE, SIG_DFL);
        spw__diag_configure(SPW_LOG_INFO, NULL, NULL);
        spw__diag(SPW_LOG_ERROR, "into the void");
        sigset_t pending;
        sigpending(&pending);
        _exit(sigismember(&pending, SIGPIPE) ? 1 : 0);
    }
    close(fds[0]);
    close(fds[1]);
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_stderr_line(void **state)
{
    (void)state;
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    int saved = dup(STDERR_FILENO);
    dup2(fds[1], STDERR_FILENO);
    spw__diag_configure(SPW_LOG_INFO, NULL, NULL);
    spw__diag(SPW_LOG_WARN, "said");
    spw__diag(SPW_LOG_DEBUG, "not said");
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(fds[1]);
    char text[128] = { 0 };
    assert_true(read(fds[0], text, sizeof text - 1) > 0);
    close(fds[0]);
    assert_string_equal(text, "spanwire: warning: said\n");
}

/* ---- a standard error that nobody reads ---- */

static void fill(int fd)
{
    char bytes[4096] = { 0 };
    fcntl(fd, F_SETFL, O_NONBLOCK);
    while (write(fd, bytes, sizeof bytes) > 0)
        ;
    fcntl(fd, F_SETFL, 0);
}

static void drain(int fd)
{
    char bytes[4096];
    fcntl(fd, F_SETFL, O_NONBLOCK);
    while (read(fd, bytes, sizeof bytes) > 0)
        ;
    fcntl(fd, F_SETFL, 0);
}

/* Lines are lost, and that is said with the first one that is read again. */
static void test_unread_stderr(void **state)
{
    (void)state;
    int fds[2], saved = dup(STDERR_FILENO);
    char text[256] = { 0 };
    assert_int_equal(pipe(fds), 0);
    fill(fds[1]);
    dup2(fds[1], STDERR_FILENO);
    spw__diag_configure(SPW_LOG_INFO, NULL, NULL);
    alarm(60); /* or it waits for ever */
    for (int i = 0; i < 1000; i++)
        spw__diag(SPW_LOG_WARN, "nobody reads this");
    drain(fds[0]);
    spw__diag(SPW_LOG_WARN, "read");
    alarm(0);
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(fds[1]);
    assert_true(read(fds[0], text, sizeof text - 1) > 0);
    close(fds[0]);
    assert_string_equal(text, "spanwire: warning: 1000 lines before this are lost: standard error took none\n"
                              "spanwire: warning: read\n");
}

static char all[300][16];
static unsigned all_count;

static void hear_all(void *arg, spw_log_level level, const char *text)
{
    (void)arg;
    (void)level;
    snprintf(all[all_count++ % 300], sizeof all[0], "%.15s", text);
}

/* In order, each to whom it was for; what is too much is said, not silent. */
static void test_kept_lines(void **state)
{
    (void)state;
    struct heard first = { 0 };
    struct spw__diag_kept kept;
    spw__diag_configure(SPW_LOG_WARN, hear, &first);
    spw__diag_keep(&kept);
    spw__diag(SPW_LOG_ERROR, "one");
    (void)spw__fail(NULL, SPW_ERR_INVALID, "two");
    spw__diag(SPW_LOG_INFO, "not reported");
    assert_int_equal(first.lines, 0);
    spw__diag_configure(SPW_LOG_WARN, hear_all, NULL);
    for (int i = 0; i < 300; i++)
        spw__diag(SPW_LOG_WARN, "%d", i);
    assert_int_equal(all_count, 0);
    spw__diag_say_kept(&kept);
    assert_int_equal(first.lines, 2);
    assert_string_equal(first.text, "two");
    assert_int_equal(all_count, 255);
    assert_string_equal(all[0], "0");
    assert_string_equal(all[253], "253");
    assert_string_equal(all[254], "46 more lines a");
    spw__diag(SPW_LOG_WARN, "now"); /* and no longer kept */
    assert_string_equal(all[255], "now");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_levels), cmocka_unit_test(test_one_line_printable), cmocka_unit_test(test_length_is_bounded),
        cmocka_unit_test(test_fail),   cmocka_unit_test(test_closed_stderr),      cmocka_unit_test(test_stderr_line),
        cmocka_unit_test(test_kept_lines), cmocka_unit_test(test_unread_stderr),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
