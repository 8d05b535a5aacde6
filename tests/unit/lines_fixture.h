/* A folder of its own for each test, an exporter that writes lines into it, and what came of that. */
#ifndef TESTS_LINES_FIXTURE_H
#define TESTS_LINES_FIXTURE_H

#include <spanwire/exporter.h>
#include <stdio.h>
#include <sys/resource.h>

extern char lines_folder[64], lines_path[100]; /* the file is in the folder */

int lines_set_up(void **state);
int lines_tear_down(void **state);

/* A file exporter to lines_path. */
spw_exporter *lines_make(uint64_t max_bytes, uint32_t max_files);

spw_export_result lines_send(spw_exporter *e, const spw_batch *batch);
void lines_send_ok(spw_exporter *e, size_t spans);

/* What is in a file: whole lines, broken ones, spans in the whole ones. */
struct lines_content {
    size_t lines, broken, spans, size, longest;
};

/* Closes it. */
struct lines_content lines_read(FILE *file);

/* All zero when it is not there. `number` 0: the current one. */
struct lines_content lines_content_of(unsigned number);
bool lines_is_there(unsigned number);

/* No file of this process may grow past that; RLIM_INFINITY ends it. */
void lines_limit_files(rlim_t size);

#define LINES_TEST(name) cmocka_unit_test_setup_teardown(name, lines_set_up, lines_tear_down)

#endif
