/* The console exporter: what it prints, and what it must not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "builtin.h"
#include "console/console_text.h"
#include "support/fake_batch.h"

static char output[65536];

static void on_done(void *token, const spw_export_result *result)
{
    *(spw_export_result *)token = *result;
}

/* Exports with standard output as a file; leaves what was printed in `output`. */
static spw_export_result print(const spw_batch *batch)
{
    spw_exporter *exporter = spw__console_exporter_make(NULL, NULL, NULL);
    spw_export_result result = SPW_EXPORT_RESULT_INIT;
    FILE *file = tmpfile();
    fflush(stdout);
    int saved = dup(1);
    dup2(fileno(file), 1);
    assert_true(exporter->flags & SPW_EXPORTER_BLOCKS);
    exporter->submit(exporter, batch, on_done, &result);
    dup2(saved, 1);
    close(saved);
    rewind(file);
    output[fread(output, 1, sizeof output - 1, file)] = '\0';
    fclose(file);
    exporter->destroy(exporter);
    return result;
}

#define assert_prints(text)                                                                                                                \
    do {                                                                                                                                   \
        if (!strstr(output, text))                                                                                                         \
            fail_msg("no %s in:\n%s", text, output);                                                                                       \
    } while (0)

static void prints_what_a_span_holds(void **state)
{
    (void)state;
    fake_span wish = { "invoke planner", 0, "gen_ai.agent.name", "planner", "retry", "it broke", true };
    spw_batch *batch = fake_batch_new(1, &wish, 1);
    assert_int_equal(print(batch).status, SPW_EXPORT_DELIVERED);
    assert_prints("span \"invoke planner\" client 1.500 ms status error \"it broke\"\n");
    assert_prints("  trace a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0 span a0a0a0a0a0a0a001 parent a0a0a0a0a0a0a0a0\n");
    assert_prints("  at 2026-01-02T03:00:00.000000000Z service \"fake-service\" scope \"fake-scope\" 1.2\n");
    assert_prints("    gen_ai.agent.name=\"planner\"\n");
    assert_prints("  event \"retry\" at 2026-01-02T03:00:00.000500000Z\n      event.key=\"one\"\n");
    fake_batch_free(batch);
}

static void hostile_text_cannot_steer_a_terminal(void **state)
{
    (void)state;
    fake_span wish = { "a\x1b[2J\x07\nspan \"forged\"", 0, "k\r\x7f", "\xc2\x9b" "2J \xff\xc3 \xe2\x80\xae \xed\xa0\x80 gr\xc3\xbc\xc3\x9f", NULL, NULL, false };
    spw_batch *batch = fake_batch_new(1, &wish, 1);
    print(batch);
    assert_prints("span \"a\\x1b[2J\\x07\\nspan \\\"forged\\\"\"");
    assert_prints("k\\r\\x7f=\"\\xc2\\x9b2J \\xff\\xc3 \\xe2\\x80\\xae \\xed\\xa0\\x80 gr\xc3\xbc\xc3\x9f\"");
    for (const char *c = output; *c; c++)
        assert_true((unsigned char)*c >= 0x20 || *c == '\n');
    fake_batch_free(batch);
}

static void long_values_are_shortened(void **state)
{
    (void)state;
    fake_span wish = { "long", 5000, NULL, NULL, NULL, NULL, false };
    spw_batch *batch = fake_batch_new(1, &wish, 1);
    print(batch);
    assert_prints("... (5000 bytes)\"");
    assert_true(strlen(output) < 2000);
    fake_batch_free(batch);
}

static void deep_maps_are_opened_to_a_depth_and_no_further(void **state)
{
    (void)state;
    /* attribute `m` of 40 maps in each other, built from the inside: KeyValue { key: "m", value: kvlist { values: [...] } } */
    uint8_t bytes[2048];
    uint8_t next[2048];
    size_t size = 0;
    for (int depth = 0; depth < 40; depth++) {
        size_t n = 0;
        next[n++] = 0x0a, next[n++] = 1, next[n++] = 'm'; /* key */
        size_t list = size ? size + (size >= 128 ? 3 : 2) : 0;
        size_t any = list + (list >= 128 ? 3 : 2);
        uint8_t tags[3] = { 0x12, 0x32, 0x0a };
        size_t sizes[3] = { any, list, size };
        for (int i = 0; i < (size ? 3 : 2); i++) {
            next[n++] = tags[i];
            if (sizes[i] >= 128)
                next[n++] = (uint8_t)(sizes[i] & 127) | 128, next[n++] = (uint8_t)(sizes[i] >> 7);
            else
                next[n++] = (uint8_t)sizes[i];
        }
        memcpy(next + n, bytes, size);
        size += n;
        memcpy(bytes, next, size);
    }
    uint8_t span[2100];
    size_t head = 0;
    span[head++] = 0x4a;
    span[head++] = (uint8_t)(size & 127) | 128;
    span[head++] = (uint8_t)(size >> 7);
    memcpy(span + head, bytes, size);
    spw_span_view view;
    assert_true(spw_span_view_read(span, head + size, &view));
    struct spw__console_text text = { NULL, 0, 0, false };
    spw__console_text_span(&text, &view, (spw_view){ NULL, 0 });
    char *shown = strndup(text.data, text.size);
    assert_non_null(strstr(shown, "m={m={m={m={m={m={m={m={m={map of "));
    assert_non_null(strstr(shown, "}}}}}}}}"));
    free(shown);
    spw__console_text_fini(&text);
}

static void a_huge_span_is_cut_and_says_so(void **state)
{
    (void)state;
    enum { COUNT = 20000 };
    static uint8_t span[COUNT * 84];
    size_t size = 0;
    for (int i = 0; i < COUNT; i++) { /* attributes of a key of 80 bytes and no value */
        span[size++] = 0x4a, span[size++] = 82, span[size++] = 0x0a, span[size++] = 80;
        memset(span + size, 'k', 80);
        size += 80;
    }
    spw_span_view view;
    assert_true(spw_span_view_read(span, size, &view));
    struct spw__console_text text = { NULL, 0, 0, false };
    spw__console_text_span(&text, &view, (spw_view){ NULL, 0 });
    assert_true(text.size <= SPW__CONSOLE_MAX_BYTES);
    assert_memory_equal(text.data + text.size - 10, "... (cut)\n", 10);
    spw__console_text_fini(&text);
}

static void a_closed_stdout_is_permanent(void **state)
{
    (void)state;
    spw_batch *batch = fake_batch_simple(1, 1);
    spw_exporter *exporter = spw__console_exporter_make(NULL, NULL, NULL);
    spw_export_result result = SPW_EXPORT_RESULT_INIT;
    fflush(stdout);
    int saved = dup(1);
    close(1);
    exporter->submit(exporter, batch, on_done, &result);
    dup2(saved, 1);
    close(saved);
    clearerr(stdout);
    assert_int_equal(result.status, SPW_EXPORT_PERMANENT);
    assert_non_null(strstr(result.text, "standard output"));
    exporter->destroy(exporter);
    fake_batch_free(batch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prints_what_a_span_holds),
        cmocka_unit_test(hostile_text_cannot_steer_a_terminal),
        cmocka_unit_test(long_values_are_shortened),
        cmocka_unit_test(deep_maps_are_opened_to_a_depth_and_no_further),
        cmocka_unit_test(a_huge_span_is_cut_and_says_so),
        cmocka_unit_test(a_closed_stdout_is_permanent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
