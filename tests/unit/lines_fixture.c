#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lines_fixture.h"
#include "support/fake_batch.h"

char lines_folder[64];
char lines_path[100];

int lines_set_up(void **state)
{
    (void)state;
    snprintf(lines_folder, sizeof lines_folder, "/tmp/spanwire-file-XXXXXX");
    if (!mkdtemp(lines_folder))
        return -1;
    snprintf(lines_path, sizeof lines_path, "%s/traces.jsonl", lines_folder);
    return 0;
}

int lines_tear_down(void **state)
{
    (void)state;
    DIR *dir = opendir(lines_folder);
    for (struct dirent *entry; (entry = readdir(dir));)
        if (entry->d_name[0] != '.')
            (void)(unlinkat(dirfd(dir), entry->d_name, 0) == 0 || unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR) == 0);
    closedir(dir);
    return rmdir(lines_folder);
}

spw_exporter *lines_make(uint64_t max_bytes, uint32_t max_files)
{
    spw_file_exporter_options options = SPW_FILE_EXPORTER_OPTIONS_INIT;
    spw_error error = SPW_ERROR_INIT;
    options.path = lines_path;
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

spw_export_result lines_send(spw_exporter *e, const spw_batch *batch)
{
    spw_export_result result = SPW_EXPORT_RESULT_INIT;
    result.status = (spw_export_status)99;
    e->submit(e, batch, on_done, &result);
    return result;
}

void lines_send_ok(spw_exporter *e, size_t spans)
{
    spw_batch *batch = fake_batch_simple(1, spans);
    spw_export_result result = lines_send(e, batch);
    if (result.status != SPW_EXPORT_DELIVERED)
        fail_msg("%s", result.text);
    fake_batch_free(batch);
}

struct lines_content lines_read(FILE *file)
{
    struct lines_content c = { 0, 0, 0, 0, 0 };
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

struct lines_content lines_content_of(unsigned number)
{
    char name[120];
    snprintf(name, sizeof name, number ? "%s.%u" : "%s", lines_path, number);
    FILE *file = fopen(name, "r");
    return file ? lines_read(file) : (struct lines_content){ 0, 0, 0, 0, 0 };
}

bool lines_is_there(unsigned number)
{
    char name[120];
    snprintf(name, sizeof name, number ? "%s.%u" : "%s", lines_path, number);
    return access(name, F_OK) == 0;
}

void lines_limit_files(rlim_t size)
{
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = size;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

