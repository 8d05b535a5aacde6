/* The file exporter: lines, rotation, moved files, full disks, hostile places, several processes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "builtin.h"
#include "lines_fixture.h"
#include "support/fake_batch.h"

/* ---- lines ---- */

static void a_request_a_line(void **state)
{
    (void)state;
    spw_exporter *e = lines_make(0, 0);
    assert_false(lines_is_there(0)); /* making it touches nothing */
    mode_t mask = umask(0);
    lines_send_ok(e, 10);
    umask(mask);
    lines_send_ok(e, 3);
    struct lines_content c = lines_content_of(0);
    assert_int_equal(c.lines, 2);
    assert_int_equal(c.broken, 0);
    assert_int_equal(c.spans, 13);
    struct stat st;
    assert_int_equal(stat(lines_path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    e->destroy(e);
    e = lines_make(0, 0); /* another run goes on behind it */
    lines_send_ok(e, 1);
    assert_int_equal(lines_content_of(0).lines, 3);
    e->destroy(e);
}

static void its_descriptor_is_not_inherited(void **state)
{
    (void)state;
    spw_exporter *e = lines_make(0, 0);
    lines_send_ok(e, 1);
    size_t found = 0;
    for (int fd = 3; fd < 256; fd++) {
        char link[40], target[200] = "";
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        if (readlink(link, target, sizeof target - 1) > 0 && strcmp(target, lines_path) == 0) {
            found++;
            assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
        }
    }
    assert_int_equal(found, 1);
    e->destroy(e);
}

static void a_large_batch_is_several_lines(void **state)
{
    (void)state;
    spw_exporter *e = lines_make(0, 0);
    fake_span wishes[10];
    memset(wishes, 0, sizeof wishes);
    for (int i = 0; i < 10; i++)
        wishes[i] = (fake_span){ "large", 300 * 1024, NULL, NULL, NULL, NULL, false };
    spw_batch *batch = fake_batch_new(1, wishes, 10);
    assert_int_equal(lines_send(e, batch).status, SPW_EXPORT_DELIVERED);
    struct lines_content c = lines_content_of(0);
    assert_int_equal(c.spans, 10);
    assert_int_equal(c.lines, 5);
    assert_int_equal(c.broken, 0);
    assert_true(c.longest < 1024 * 1024);
    fake_batch_free(batch);
    e->destroy(e);
}

/* Not lines of one span each, with the resource before every one of them. */
static void a_large_resource_is_not_repeated_for_every_span(void **state)
{
    (void)state;
    enum { RESOURCE = 600 * 1024, SPANS = 500 };
    spw_exporter *e = lines_make(0, 0);
    spw_batch *batch = fake_batch_simple(1, SPANS);
    fake_batch_set_resource_text(batch, RESOURCE);
    assert_int_equal(lines_send(e, batch).status, SPW_EXPORT_DELIVERED);
    struct lines_content c = lines_content_of(0);
    assert_int_equal(c.spans, SPANS);
    assert_int_equal(c.broken, 0);
    assert_in_range(c.lines, 1, 4);
    assert_true(c.longest < 1024 * 1024);
    fake_batch_free(batch);
    e->destroy(e);
}

/* Nor so often that the text of the batch has no room beside it. */
static void resources_take_half_of_the_text_at_most(void **state)
{
    (void)state;
    enum { RESOURCE = 3 * 1024 * 1024, SPANS = 40 };
    fake_span wishes[SPANS];
    for (int i = 0; i < SPANS; i++)
        wishes[i] = (fake_span){ "large", 540 * 1024, NULL, NULL, NULL, NULL, false };
    spw_exporter *e = lines_make(0, 0);
    spw_batch *batch = fake_batch_new(1, wishes, SPANS);
    fake_batch_set_resource_text(batch, RESOURCE);
    assert_int_equal(lines_send(e, batch).status, SPW_EXPORT_DELIVERED);
    assert_int_equal(lines_content_of(0).spans, SPANS);
    assert_in_range(lines_content_of(0).lines, 5, 11);
    fake_batch_free(batch);
    e->destroy(e);
}

/* ---- rotation ---- */

static void rotates_by_size_and_keeps_a_number(void **state)
{
    (void)state;
    spw_exporter *e = lines_make(5000, 3);
    size_t sent = 0;
    while (!lines_is_there(2)) {
        lines_send_ok(e, 5);
        sent += 5;
        assert_true(sent < 1000);
    }
    struct lines_content now = lines_content_of(0), one = lines_content_of(1), two = lines_content_of(2);
    assert_int_equal(now.spans + one.spans + two.spans, sent); /* in order, and nothing lost */
    assert_int_equal(now.lines, 1);
    assert_true(one.lines > 1 && one.size <= 5000 && two.size <= 5000);
    assert_true(one.size + now.size > 5000); /* no sooner than it must */
    for (int i = 0; i < 50; i++)
        lines_send_ok(e, 5);
    assert_false(lines_is_there(3));
    assert_int_equal(lines_content_of(0).broken + lines_content_of(1).broken + lines_content_of(2).broken, 0);
    e->destroy(e);
}

static void one_file_begins_again(void **state)
{
    (void)state;
    spw_exporter *e = lines_make(3000, 1);
    for (int i = 0; i < 50; i++) {
        lines_send_ok(e, 5);
        assert_true(lines_content_of(0).size <= 3000);
    }
    assert_false(lines_is_there(1));
    e->destroy(e);
}

static void a_batch_over_the_size_is_alone_in_its_file(void **state)
{
    (void)state;
    spw_exporter *e = lines_make(2000, 9);
    lines_send_ok(e, 1);
    lines_send_ok(e, 40);
    lines_send_ok(e, 1);
    assert_int_equal(lines_content_of(2).spans, 1);
    assert_int_equal(lines_content_of(1).spans, 40);
    assert_int_equal(lines_content_of(0).spans, 1);
    e->destroy(e);
}

static void what_cannot_be_rotated_is_tried_again(void **state)
{
    (void)state;
    char blocker[130], inside[140];
    snprintf(blocker, sizeof blocker, "%s.1", lines_path);
    snprintf(inside, sizeof inside, "%s/x", blocker);
    assert_int_equal(mkdir(blocker, 0700), 0); /* a lines_folder that is not empty cannot be moved over */
    assert_int_equal(mkdir(inside, 0700), 0);
    spw_exporter *e = lines_make(2000, 2);
    lines_send_ok(e, 5);
    spw_batch *batch = fake_batch_simple(2, 5);
    spw_export_result result = lines_send(e, batch);
    assert_int_equal(result.status, SPW_EXPORT_RETRY);
    assert_non_null(strstr(result.text, "rotated"));
    assert_int_equal(lines_content_of(0).spans, 5);
    rmdir(inside);
    rmdir(blocker);
    assert_int_equal(lines_send(e, batch).status, SPW_EXPORT_DELIVERED);
    assert_int_equal(lines_content_of(1).spans, 5);
    fake_batch_free(batch);
    e->destroy(e);
}

/* ---- when the file is not what it was ---- */

static void a_moved_or_deleted_file_is_made_anew(void **state)
{
    (void)state;
    char moved[120];
    snprintf(moved, sizeof moved, "%s/moved", lines_folder);
    spw_exporter *e = lines_make(0, 0);
    lines_send_ok(e, 1);
    assert_int_equal(rename(lines_path, moved), 0);
    lines_send_ok(e, 2);
    assert_int_equal(lines_content_of(0).spans, 2);
    assert_int_equal(lines_read(fopen(moved, "r")).spans, 1);
    assert_int_equal(unlink(lines_path), 0);
    lines_send_ok(e, 3);
    assert_int_equal(lines_content_of(0).spans, 3);
    assert_int_equal(truncate(lines_path, 0), 0); /* as logrotate's copytruncate does */
    lines_send_ok(e, 4);
    assert_int_equal(lines_content_of(0).spans, 4);
    assert_int_equal(lines_content_of(0).broken, 0);
    e->destroy(e);
}

static void half_a_line_does_not_take_the_next_one_with_it(void **state)
{
    (void)state;
    FILE *file = fopen(lines_path, "w");
    fputs("{\"resourceSpans\":[{\"reso", file);
    fclose(file);
    spw_exporter *e = lines_make(0, 0);
    lines_send_ok(e, 2);
    struct lines_content c = lines_content_of(0);
    assert_int_equal(c.lines, 1);
    assert_int_equal(c.broken, 1);
    assert_int_equal(c.spans, 2);
    e->destroy(e);
}

static void refused(spw_exporter *e, const char *why)
{
    spw_batch *batch = fake_batch_simple(1, 1);
    spw_export_result result = lines_send(e, batch);
    assert_int_equal(result.status, SPW_EXPORT_RETRY);
    if (!strstr(result.text, why))
        fail_msg("%s", result.text);
    fake_batch_free(batch);
}

static void hostile_places_are_refused(void **state)
{
    (void)state;
    char target[120];
    snprintf(target, sizeof target, "%s/precious", lines_folder);
    FILE *file = fopen(target, "w");
    fputs("precious", file);
    fclose(file);
    spw_exporter *e = lines_make(0, 0);
    assert_int_equal(symlink(target, lines_path), 0);
    refused(e, "symbolic link");
    unlink(lines_path);
    assert_int_equal(mkfifo(lines_path, 0600), 0);
    refused(e, "no regular file"); /* and does not hang */
    unlink(lines_path);
    assert_int_equal(mkdir(lines_path, 0700), 0);
    refused(e, "cannot be opened");
    rmdir(lines_path);
    lines_send_ok(e, 1); /* when it is well again, so are we */
    struct stat st;
    assert_int_equal(stat(target, &st), 0);
    assert_int_equal(st.st_size, 8);
    e->destroy(e);
}

static void a_folder_may_come_later(void **state)
{
    (void)state;
    snprintf(lines_path, sizeof lines_path, "%s/later/traces.jsonl", lines_folder);
    spw_exporter *e = lines_make(0, 0);
    refused(e, "No such file");
    char later[120];
    snprintf(later, sizeof later, "%s/later", lines_folder);
    assert_int_equal(mkdir(later, 0700), 0);
    lines_send_ok(e, 1);
    assert_int_equal(lines_content_of(0).spans, 1);
    unlink(lines_path);
    e->destroy(e);
}

static void a_relative_path_is_of_the_folder_it_was_given_in(void **state)
{
    (void)state;
    spw_file_exporter_options options = SPW_FILE_EXPORTER_OPTIONS_INIT;
    spw_error error = SPW_ERROR_INIT;
    char before[4096];
    assert_non_null(getcwd(before, sizeof before));
    char *name = strrchr(lines_path, '/');
    *name = '\0';
    assert_int_equal(chdir(lines_path), 0);
    *name = '/';
    options.path = name + 1;
    spw_exporter *e = spw_file_exporter_new(&options, &error);
    assert_non_null(e);
    assert_int_equal(chdir("/"), 0);
    lines_send_ok(e, 3);
    assert_int_equal(chdir(before), 0);
    assert_int_equal(lines_content_of(0).spans, 3);
    e->destroy(e);
}

/* ---- a full disk ---- */

static void a_full_disk_leaves_no_half_a_line(void **state)
{
    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    spw_exporter *e = lines_make(0, 0);
    lines_send_ok(e, 5);
    struct lines_content before = lines_content_of(0);
    spw_batch *batch = fake_batch_simple(2, 20);
    lines_limit_files(before.size + 1000); /* room for a part of it */
    for (int i = 0; i < 3; i++) {
        spw_export_result result = lines_send(e, batch);
        assert_int_equal(result.status, SPW_EXPORT_RETRY);
        assert_non_null(strstr(result.text, "cannot be written"));
        assert_int_equal(lines_content_of(0).size, before.size);
    }
    lines_limit_files(RLIM_INFINITY);
    assert_int_equal(lines_send(e, batch).status, SPW_EXPORT_DELIVERED);
    struct lines_content c = lines_content_of(0);
    assert_int_equal(c.lines, 2);
    assert_int_equal(c.broken, 0);
    assert_int_equal(c.spans, 25);
    fake_batch_free(batch);
    e->destroy(e);
}

/* ---- several processes ---- */

static void processes_share_a_file_and_its_rotation(void **state)
{
    (void)state;
    enum { CHILDREN = 4, BATCHES = 150 };
    pid_t children[CHILDREN];
    for (int i = 0; i < CHILDREN; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            spw_exporter *e = lines_make(20000, 1000);
            spw_batch *batch = fake_batch_simple(1, 7);
            for (int k = 0; k < BATCHES; k++)
                if (lines_send(e, batch).status != SPW_EXPORT_DELIVERED)
                    _exit(1);
            _exit(0);
        }
    }
    for (int i = 0; i < CHILDREN; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    size_t spans = 0;
    unsigned files = 0;
    for (; lines_is_there(files); files++) {
        struct lines_content c = lines_content_of(files);
        assert_int_equal(c.broken, 0);
        assert_true(c.size <= 20000);
        spans += c.spans;
    }
    assert_int_equal(spans, CHILDREN * BATCHES * 7);
    assert_true(files > 10);
}

/* ---- settings ---- */

static void settings_say_what_is_wrong(void **state)
{
    (void)state;
    spw_error error = SPW_ERROR_INIT;
    spw_file_exporter_options options = SPW_FILE_EXPORTER_OPTIONS_INIT;
    unsetenv("SPANWIRE_TRACES_FILE");
    assert_null(spw__file_exporter_make(NULL, NULL, &error));
    assert_non_null(strstr(error.text, "SPANWIRE_TRACES_FILE"));
    options.path = "";
    assert_null(spw_file_exporter_new(&options, &error));
    options.path = lines_path;
    options.max_files = 1001;
    assert_null(spw_file_exporter_new(&options, &error));
    options.max_files = 1;
    options.struct_size = 3;
    assert_null(spw_file_exporter_new(&options, &error));
    assert_int_equal(error.code, SPW_ERR_INVALID);
    options.struct_size = offsetof(spw_file_exporter_options, max_file_bytes); /* of an older header */
    spw_exporter *e = spw_file_exporter_new(&options, &error);
    assert_non_null(e);
    e->destroy(e);
    setenv("SPANWIRE_TRACES_FILE", lines_path, 1);
    e = spw__file_exporter_make(NULL, NULL, &error);
    lines_send_ok(e, 1);
    assert_int_equal(lines_content_of(0).spans, 1);
    e->destroy(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LINES_TEST(a_request_a_line),
        LINES_TEST(its_descriptor_is_not_inherited),
        LINES_TEST(a_large_batch_is_several_lines),
        LINES_TEST(a_large_resource_is_not_repeated_for_every_span),
        LINES_TEST(resources_take_half_of_the_text_at_most),
        LINES_TEST(rotates_by_size_and_keeps_a_number),
        LINES_TEST(one_file_begins_again),
        LINES_TEST(a_batch_over_the_size_is_alone_in_its_file),
        LINES_TEST(what_cannot_be_rotated_is_tried_again),
        LINES_TEST(a_moved_or_deleted_file_is_made_anew),
        LINES_TEST(half_a_line_does_not_take_the_next_one_with_it),
        LINES_TEST(hostile_places_are_refused),
        LINES_TEST(a_folder_may_come_later),
        LINES_TEST(a_relative_path_is_of_the_folder_it_was_given_in),
        LINES_TEST(a_full_disk_leaves_no_half_a_line),
        LINES_TEST(processes_share_a_file_and_its_rotation),
        LINES_TEST(settings_say_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
