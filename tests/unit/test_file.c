/* The file exporter: lines, rotation, moved files, full disks, hostile places, several processes; and standard output. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "builtin.h"
#include "support/fake_batch.h"

static char folder[64];
static char path[100];

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/spanwire-file-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/traces.jsonl", folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    DIR *dir = opendir(folder);
    for (struct dirent *entry; (entry = readdir(dir));)
        if (entry->d_name[0] != '.')
            (void)(unlinkat(dirfd(dir), entry->d_name, 0) == 0 || unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR) == 0);
    closedir(dir);
    return rmdir(folder);
}

static spw_exporter *make(uint64_t max_bytes, uint32_t max_files)
{
    spw_file_exporter_options options = SPW_FILE_EXPORTER_OPTIONS_INIT;
    spw_error error = SPW_ERROR_INIT;
    options.path = path;
    options.max_file_bytes = max_bytes;
    options.max_files = max_files;
    spw_exporter *e = spw_file_exporter_new(&options, &error);
    if (!e)
        fail_msg("%s", error.text);
    assert_true(e->flags & SPW_EXPORTER_BLOCKS);
    return e;
}

static void on_done(void *token, const spw_export_result *result)
{
    *(spw_export_result *)token = *result;
}

static spw_export_result send(spw_exporter *e, const spw_batch *batch)
{
    spw_export_result result = SPW_EXPORT_RESULT_INIT;
    result.status = (spw_export_status)99;
    e->submit(e, batch, on_done, &result);
    return result;
}

static void send_ok(spw_exporter *e, size_t spans)
{
    spw_batch *batch = fake_batch_simple(1, spans);
    spw_export_result result = send(e, batch);
    if (result.status != SPW_EXPORT_DELIVERED)
        fail_msg("%s", result.text);
    fake_batch_free(batch);
}

/* What is in a file: whole lines, broken ones, spans in the whole ones. */
struct content {
    size_t lines, broken, spans, size, longest;
};

static struct content read_lines(FILE *file)
{
    struct content c = { 0, 0, 0, 0, 0 };
    char *line = NULL;
    size_t capacity = 0;
    for (ssize_t n; (n = getline(&line, &capacity, file)) > 0; c.size += (size_t)n) {
        json_t *json = line[n - 1] == '\n' ? json_loadb(line, (size_t)n, JSON_REJECT_DUPLICATES, NULL) : NULL;
        c.lines += json != NULL;
        c.broken += json == NULL;
        c.longest = (size_t)n > c.longest ? (size_t)n : c.longest;
        json_t *scopes = json_object_get(json_array_get(json_object_get(json, "resourceSpans"), 0), "scopeSpans");
        for (size_t i = 0; i < json_array_size(scopes); i++)
            c.spans += json_array_size(json_object_get(json_array_get(scopes, i), "spans"));
        json_decref(json);
    }
    free(line);
    fclose(file);
    return c;
}

/* All zero when it is not there. `number` 0: the current one. */
static struct content content_of(unsigned number)
{
    char name[120];
    snprintf(name, sizeof name, number ? "%s.%u" : "%s", path, number);
    FILE *file = fopen(name, "r");
    return file ? read_lines(file) : (struct content){ 0, 0, 0, 0, 0 };
}

static bool is_there(unsigned number)
{
    char name[120];
    snprintf(name, sizeof name, number ? "%s.%u" : "%s", path, number);
    return access(name, F_OK) == 0;
}

/* ---- lines ---- */

static void a_request_a_line(void **state)
{
    (void)state;
    spw_exporter *e = make(0, 0);
    assert_false(is_there(0)); /* making it touches nothing */
    mode_t mask = umask(0);
    send_ok(e, 10);
    umask(mask);
    send_ok(e, 3);
    struct content c = content_of(0);
    assert_int_equal(c.lines, 2);
    assert_int_equal(c.broken, 0);
    assert_int_equal(c.spans, 13);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    e->destroy(e);
    e = make(0, 0); /* another run goes on behind it */
    send_ok(e, 1);
    assert_int_equal(content_of(0).lines, 3);
    e->destroy(e);
}

static void its_descriptor_is_not_inherited(void **state)
{
    (void)state;
    spw_exporter *e = make(0, 0);
    send_ok(e, 1);
    size_t found = 0;
    for (int fd = 3; fd < 256; fd++) {
        char link[40], target[200] = "";
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        if (readlink(link, target, sizeof target - 1) > 0 && strcmp(target, path) == 0) {
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
    spw_exporter *e = make(0, 0);
    fake_span wishes[10];
    memset(wishes, 0, sizeof wishes);
    for (int i = 0; i < 10; i++)
        wishes[i] = (fake_span){ "large", 300 * 1024, NULL, NULL, NULL, NULL, false };
    spw_batch *batch = fake_batch_new(1, wishes, 10);
    assert_int_equal(send(e, batch).status, SPW_EXPORT_DELIVERED);
    struct content c = content_of(0);
    assert_int_equal(c.spans, 10);
    assert_int_equal(c.lines, 5);
    assert_int_equal(c.broken, 0);
    assert_true(c.longest < 1024 * 1024);
    fake_batch_free(batch);
    e->destroy(e);
}

/* ---- rotation ---- */

static void rotates_by_size_and_keeps_a_number(void **state)
{
    (void)state;
    spw_exporter *e = make(5000, 3);
    size_t sent = 0;
    while (!is_there(2)) {
        send_ok(e, 5);
        sent += 5;
        assert_true(sent < 1000);
    }
    struct content now = content_of(0), one = content_of(1), two = content_of(2);
    assert_int_equal(now.spans + one.spans + two.spans, sent); /* in order, and nothing lost */
    assert_int_equal(now.lines, 1);
    assert_true(one.lines > 1 && one.size <= 5000 && two.size <= 5000);
    assert_true(one.size + now.size > 5000); /* no sooner than it must */
    for (int i = 0; i < 50; i++)
        send_ok(e, 5);
    assert_false(is_there(3));
    assert_int_equal(content_of(0).broken + content_of(1).broken + content_of(2).broken, 0);
    e->destroy(e);
}

static void one_file_begins_again(void **state)
{
    (void)state;
    spw_exporter *e = make(3000, 1);
    for (int i = 0; i < 50; i++) {
        send_ok(e, 5);
        assert_true(content_of(0).size <= 3000);
    }
    assert_false(is_there(1));
    e->destroy(e);
}

static void a_batch_over_the_size_is_alone_in_its_file(void **state)
{
    (void)state;
    spw_exporter *e = make(2000, 9);
    send_ok(e, 1);
    send_ok(e, 40);
    send_ok(e, 1);
    assert_int_equal(content_of(2).spans, 1);
    assert_int_equal(content_of(1).spans, 40);
    assert_int_equal(content_of(0).spans, 1);
    e->destroy(e);
}

static void what_cannot_be_rotated_is_tried_again(void **state)
{
    (void)state;
    char blocker[130], inside[140];
    snprintf(blocker, sizeof blocker, "%s.1", path);
    snprintf(inside, sizeof inside, "%s/x", blocker);
    assert_int_equal(mkdir(blocker, 0700), 0); /* a folder that is not empty cannot be moved over */
    assert_int_equal(mkdir(inside, 0700), 0);
    spw_exporter *e = make(2000, 2);
    send_ok(e, 5);
    spw_batch *batch = fake_batch_simple(2, 5);
    spw_export_result result = send(e, batch);
    assert_int_equal(result.status, SPW_EXPORT_RETRY);
    assert_non_null(strstr(result.text, "rotated"));
    assert_int_equal(content_of(0).spans, 5);
    rmdir(inside);
    rmdir(blocker);
    assert_int_equal(send(e, batch).status, SPW_EXPORT_DELIVERED);
    assert_int_equal(content_of(1).spans, 5);
    fake_batch_free(batch);
    e->destroy(e);
}

/* ---- when the file is not what it was ---- */

static void a_moved_or_deleted_file_is_made_anew(void **state)
{
    (void)state;
    char moved[120];
    snprintf(moved, sizeof moved, "%s/moved", folder);
    spw_exporter *e = make(0, 0);
    send_ok(e, 1);
    assert_int_equal(rename(path, moved), 0);
    send_ok(e, 2);
    assert_int_equal(content_of(0).spans, 2);
    assert_int_equal(read_lines(fopen(moved, "r")).spans, 1);
    assert_int_equal(unlink(path), 0);
    send_ok(e, 3);
    assert_int_equal(content_of(0).spans, 3);
    assert_int_equal(truncate(path, 0), 0); /* as logrotate's copytruncate does */
    send_ok(e, 4);
    assert_int_equal(content_of(0).spans, 4);
    assert_int_equal(content_of(0).broken, 0);
    e->destroy(e);
}

static void half_a_line_does_not_take_the_next_one_with_it(void **state)
{
    (void)state;
    FILE *file = fopen(path, "w");
    fputs("{\"resourceSpans\":[{\"reso", file);
    fclose(file);
    spw_exporter *e = make(0, 0);
    send_ok(e, 2);
    struct content c = content_of(0);
    assert_int_equal(c.lines, 1);
    assert_int_equal(c.broken, 1);
    assert_int_equal(c.spans, 2);
    e->destroy(e);
}

static void refused(spw_exporter *e, const char *why)
{
    spw_batch *batch = fake_batch_simple(1, 1);
    spw_export_result result = send(e, batch);
    assert_int_equal(result.status, SPW_EXPORT_RETRY);
    if (!strstr(result.text, why))
        fail_msg("%s", result.text);
    fake_batch_free(batch);
}

static void hostile_places_are_refused(void **state)
{
    (void)state;
    char target[120];
    snprintf(target, sizeof target, "%s/precious", folder);
    FILE *file = fopen(target, "w");
    fputs("precious", file);
    fclose(file);
    spw_exporter *e = make(0, 0);
    assert_int_equal(symlink(target, path), 0);
    refused(e, "symbolic link");
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    refused(e, "no regular file"); /* and does not hang */
    unlink(path);
    assert_int_equal(mkdir(path, 0700), 0);
    refused(e, "cannot be opened");
    rmdir(path);
    send_ok(e, 1); /* when it is well again, so are we */
    struct stat st;
    assert_int_equal(stat(target, &st), 0);
    assert_int_equal(st.st_size, 8);
    e->destroy(e);
}

static void a_folder_may_come_later(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "%s/later/traces.jsonl", folder);
    spw_exporter *e = make(0, 0);
    refused(e, "No such file");
    char later[120];
    snprintf(later, sizeof later, "%s/later", folder);
    assert_int_equal(mkdir(later, 0700), 0);
    send_ok(e, 1);
    assert_int_equal(content_of(0).spans, 1);
    unlink(path);
    e->destroy(e);
}

/* ---- a full disk ---- */

static void limit_files(rlim_t size)
{
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = size;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_full_disk_leaves_no_half_a_line(void **state)
{
    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    spw_exporter *e = make(0, 0);
    send_ok(e, 5);
    struct content before = content_of(0);
    spw_batch *batch = fake_batch_simple(2, 20);
    limit_files(before.size + 1000); /* room for a part of it */
    for (int i = 0; i < 3; i++) {
        spw_export_result result = send(e, batch);
        assert_int_equal(result.status, SPW_EXPORT_RETRY);
        assert_non_null(strstr(result.text, "cannot be written"));
        assert_int_equal(content_of(0).size, before.size);
    }
    limit_files(RLIM_INFINITY);
    assert_int_equal(send(e, batch).status, SPW_EXPORT_DELIVERED);
    struct content c = content_of(0);
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
            spw_exporter *e = make(20000, 1000);
            spw_batch *batch = fake_batch_simple(1, 7);
            for (int k = 0; k < BATCHES; k++)
                if (send(e, batch).status != SPW_EXPORT_DELIVERED)
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
    for (; is_there(files); files++) {
        struct content c = content_of(files);
        assert_int_equal(c.broken, 0);
        assert_true(c.size <= 20000);
        spans += c.spans;
    }
    assert_int_equal(spans, CHILDREN * BATCHES * 7);
    assert_true(files > 10);
}

/* ---- standard output ---- */

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
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    dup2(fd, 1);
    close(fd);
    printf("a line of the program's\n");
    spw_export_result result = send(e, batch);
    printf("another\n");
    fflush(stdout);
    dup2(saved, 1);
    close(saved);
    assert_int_equal(result.status, SPW_EXPORT_DELIVERED);
    struct content c = content_of(0);
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
    struct content c = read_lines(file);
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
    spw_export_result result = send(e, batch);
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
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600);
    dup2(fd, 1);
    close(fd);
    limit_files(100);
    spw_export_result full = send(e, batch);
    limit_files(RLIM_INFINITY);
    spw_export_result after = send(e, batch);
    close(1);
    spw_export_result closed = send(e, batch);
    dup2(saved, 1);
    close(saved);
    assert_int_equal(full.status, SPW_EXPORT_RETRY);
    assert_int_equal(after.status, SPW_EXPORT_DELIVERED);
    assert_int_equal(closed.status, SPW_EXPORT_PERMANENT);
    assert_non_null(strstr(closed.text, "standard output"));
    struct content c = content_of(0);
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
        results[i] = send(e, batch); /* fills it, and stops */
        results[i] = send(e, batch);
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
    options.path = path;
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
    setenv("SPANWIRE_TRACES_FILE", path, 1);
    e = spw__file_exporter_make(NULL, NULL, &error);
    send_ok(e, 1);
    assert_int_equal(content_of(0).spans, 1);
    e->destroy(e);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_request_a_line),
        TEST(its_descriptor_is_not_inherited),
        TEST(a_large_batch_is_several_lines),
        TEST(rotates_by_size_and_keeps_a_number),
        TEST(one_file_begins_again),
        TEST(a_batch_over_the_size_is_alone_in_its_file),
        TEST(what_cannot_be_rotated_is_tried_again),
        TEST(a_moved_or_deleted_file_is_made_anew),
        TEST(half_a_line_does_not_take_the_next_one_with_it),
        TEST(hostile_places_are_refused),
        TEST(a_folder_may_come_later),
        TEST(a_full_disk_leaves_no_half_a_line),
        TEST(processes_share_a_file_and_its_rotation),
        TEST(standard_output_takes_lines_among_others),
        TEST(a_slow_pipe_that_does_not_block_gets_all_of_it),
        TEST(a_full_or_closed_standard_output),
        TEST(a_standard_output_that_takes_nothing),
        TEST(settings_say_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
