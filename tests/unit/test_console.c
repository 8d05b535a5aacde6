/* The console exporter: what it prints, and what it must not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "builtin.h"
#include "console/console_span.h"
#include "console/console_tree.h"
#include "opentelemetry/proto/trace/v1/trace.pb-c.h"
#include "support/fail_alloc.h"
#include "support/fake_batch.h"

static char output[1 << 20];

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
    assert_string_equal(output, "trace a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0 at 2026-01-02T03:00:00.000000Z service \"fake-service\"\n"
                                "  \"invoke planner\" client 1.500 ms error \"it broke\"  a0a0a0a0a0a0a001 parent a0a0a0a0a0a0a0a0  [fake-scope 1.2]\n"
                                "     gen_ai.agent.name=\"planner\"\n"
                                "     event \"retry\" +500.000 us\n"
                                "       event.key=\"one\"\n");
    fake_batch_free(batch);
}

static void scopes_are_printed_with_their_attributes(void **state)
{
    (void)state;
    static const uint8_t team[] = { 0x1a, 13, 0x0a, 4, 't', 'e', 'a', 'm', 0x12, 5, 0x0a, 3, 'a', '\n', 'b' };
    const spw_attr_iter attributes = { team, team + sizeof team, 3, 0 };
    spw_batch *batch = fake_batch_simple(1, 1);
    fake_batch_set_scope(batch, 0, (spw_instrumentation_scope){ .name = { "lib", 3 }, .attributes = attributes });
    assert_int_equal(print(batch).status, SPW_EXPORT_DELIVERED);
    assert_prints("  [lib team=\"a\\nb\"]\n");
    fake_batch_set_scope(batch, 0, (spw_instrumentation_scope){ .attributes = attributes });
    assert_int_equal(print(batch).status, SPW_EXPORT_DELIVERED);
    assert_prints("  [team=\"a\\nb\"]\n");
    fake_batch_free(batch);
}

static void hostile_text_cannot_steer_a_terminal(void **state)
{
    (void)state;
    fake_span wish = { "a\x1b[2J\x07\nspan \"forged\"", 0, "k\r\x7f", "\xc2\x9b" "2J \xff\xc3 \xe2\x80\xae \xed\xa0\x80 gr\xc3\xbc\xc3\x9f", NULL, NULL, false };
    spw_batch *batch = fake_batch_new(1, &wish, 1);
    print(batch);
    assert_prints("\n  \"a\\x1b[2J\\x07\\nspan \\\"forged\\\"\"");
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

/* ---- spans with ids of their own ---- */

typedef Opentelemetry__Proto__Trace__V1__Span Span;
typedef Opentelemetry__Proto__Common__V1__AnyValue AnyValue;

struct wish {
    uint8_t trace, id, parent; /* 0: a root */
    unsigned start;
    const char *name;
};

static void set_record(spw_batch *batch, size_t index, const Span *span)
{
    uint8_t bytes[70000] = { 0x12 };
    size_t size = opentelemetry__proto__trace__v1__span__get_packed_size(span), n = 1;
    assert_true(size < sizeof bytes - 8);
    for (size_t rest = size;; rest >>= 7) {
        bytes[n++] = (uint8_t)(rest >= 0x80 ? (rest & 0x7f) | 0x80 : rest);
        if (rest < 0x80)
            break;
    }
    n += opentelemetry__proto__trace__v1__span__pack(span, bytes + n);
    fake_batch_set_record(batch, index, bytes, n);
}

static spw_batch *batch_of(const struct wish *wishes, size_t count)
{
    spw_batch *batch = fake_batch_simple(1, count);
    for (size_t i = 0; i < count; i++) {
        uint8_t trace[16] = { wishes[i].trace }, id[8] = { wishes[i].id }, parent[8] = { wishes[i].parent };
        Span span;
        opentelemetry__proto__trace__v1__span__init(&span);
        span.trace_id = (ProtobufCBinaryData){ 16, trace };
        span.span_id = (ProtobufCBinaryData){ 8, id };
        span.parent_span_id = (ProtobufCBinaryData){ wishes[i].parent ? 8 : 0, parent };
        span.name = (char *)(uintptr_t)wishes[i].name;
        span.start_time_unix_nano = 1767322800000000000u + wishes[i].start * 1000u;
        span.end_time_unix_nano = span.start_time_unix_nano + 1000;
        set_record(batch, i, &span);
    }
    fake_batch_set_scope(batch, 0, (spw_instrumentation_scope){ .name = { NULL, 0 } });
    return batch;
}

/* Children end first, and so come first; siblings stand by their start. */
static void spans_that_end_together_are_a_tree(void **state)
{
    (void)state;
    static const struct wish wishes[] = { { 1, 4, 3, 30, "grandchild" }, { 1, 5, 1, 50, "late child" }, { 1, 3, 1, 20, "early child" },
                                          { 1, 1, 0, 10, "root" },       { 2, 9, 0, 5, "other" } };
    spw_batch *batch = batch_of(wishes, 5);
    assert_int_equal(print(batch).status, SPW_EXPORT_DELIVERED);
    assert_string_equal(output, "trace 02000000000000000000000000000000 at 2026-01-02T03:00:00.000005Z service \"fake-service\"\n"
                                "  \"other\" 1.000 us  0900000000000000\n"
                                "trace 01000000000000000000000000000000 at 2026-01-02T03:00:00.000010Z service \"fake-service\"\n"
                                "  \"root\" 1.000 us  0100000000000000\n"
                                "  ├─ \"early child\" +10.000 us 1.000 us  0300000000000000\n"
                                "  │  └─ \"grandchild\" +20.000 us 1.000 us  0400000000000000\n"
                                "  └─ \"late child\" +40.000 us 1.000 us  0500000000000000\n");
    fake_batch_free(batch);
}

static void what_has_no_parent_here_stands_alone_and_names_it(void **state)
{
    (void)state;
    static const struct wish wishes[] = { { 1, 2, 77, 10, "remote parent" }, { 1, 3, 2, 20, "below" }, { 1, 4, 78, 30, "another" }, { 2, 5, 2, 40, "same id, other trace" } };
    spw_batch *batch = batch_of(wishes, 4);
    print(batch);
    assert_prints("  \"remote parent\" 1.000 us  0200000000000000 parent 4d00000000000000\n  └─ \"below\"");
    assert_prints("\n  \"another\" 1.000 us  0400000000000000 parent 4e00000000000000\n");
    assert_prints("\n  \"same id, other trace\" 1.000 us  0500000000000000 parent 0200000000000000\n");
    fake_batch_free(batch);
}

static size_t count_of(const char *text)
{
    size_t n = 0;
    for (const char *at = output; (at = strstr(at, text)); at++)
        n++;
    return n;
}

/* Spans that are their own or each other's parents, and twice the same id: each is printed once, and it ends. */
static void loops_are_printed_once(void **state)
{
    (void)state;
    static const struct wish wishes[] = { { 1, 1, 1, 1, "self" },  { 1, 2, 3, 2, "two" },   { 1, 3, 2, 3, "three" },  { 1, 4, 3, 4, "below three" },
                                          { 1, 5, 0, 5, "twice" }, { 1, 5, 0, 6, "twice" }, { 1, 6, 5, 7, "child" } };
    spw_batch *batch = batch_of(wishes, 7);
    print(batch);
    assert_int_equal(count_of("\"self\""), 1);
    assert_int_equal(count_of("\"two\""), 1);
    assert_int_equal(count_of("\"three\""), 1);
    assert_int_equal(count_of("\"below three\""), 1);
    assert_int_equal(count_of("\"twice\""), 2);
    assert_int_equal(count_of("\"child\""), 1);
    fake_batch_free(batch);
}

/* A chain of 250: drawn to a depth, printed to the end. */
static void deep_trees_stay_within_the_screen(void **state)
{
    (void)state;
    struct wish wishes[250];
    for (int i = 0; i < 250; i++)
        wishes[i] = (struct wish){ 1, (uint8_t)(i + 1), (uint8_t)i, (unsigned)i, "deep" };
    spw_batch *batch = batch_of(wishes, 250);
    print(batch);
    assert_int_equal(count_of("\"deep\""), 250);
    for (const char *line = output; *line; line = strchr(line, '\n') + 1)
        assert_true(strchr(line, '\n') - line < 200);
    fake_batch_free(batch);
}

/* More than a window: nothing is left out. */
static void large_batches_are_printed_in_windows(void **state)
{
    (void)state;
    static struct wish wishes[2500];
    for (int i = 0; i < 2500; i++)
        wishes[i] = (struct wish){ (uint8_t)(1 + i % 200), (uint8_t)(1 + i / 200), (uint8_t)(i / 200), (unsigned)i, "many" };
    spw_batch *batch = batch_of(wishes, 2500);
    print(batch);
    assert_int_equal(count_of("\"many\""), 2500);
    fake_batch_free(batch);
}

/* ---- values ---- */

static AnyValue any(int type)
{
    AnyValue v;
    opentelemetry__proto__common__v1__any_value__init(&v);
    v.value_case = (Opentelemetry__Proto__Common__V1__AnyValue__ValueCase)type;
    return v;
}

/* A span with one attribute, `v`, and a link to another trace. */
static void print_value(AnyValue *value)
{
    uint8_t trace[16] = { 1 }, other[16] = { 2 }, id[8] = { 3 };
    Opentelemetry__Proto__Common__V1__KeyValue kv, *list[1] = { &kv };
    Opentelemetry__Proto__Trace__V1__Span__Link link, *links[1] = { &link };
    Span span;
    opentelemetry__proto__common__v1__key_value__init(&kv);
    opentelemetry__proto__trace__v1__span__init(&span);
    opentelemetry__proto__trace__v1__span__link__init(&link);
    char key[] = "v", name[] = "values";
    kv.key = key;
    kv.value = value;
    span.name = name;
    span.trace_id = link.trace_id = (ProtobufCBinaryData){ 16, trace };
    link.trace_id.data = other;
    span.span_id = link.span_id = (ProtobufCBinaryData){ 8, id };
    span.attributes = link.attributes = list;
    span.n_attributes = link.n_attributes = 1;
    span.links = links;
    span.n_links = 1;
    span.dropped_attributes_count = 2;
    span.dropped_links_count = 3;
    spw_batch *batch = fake_batch_simple(1, 1);
    set_record(batch, 0, &span);
    print(batch);
    fake_batch_free(batch);
}

static void arrays_maps_and_links(void **state)
{
    (void)state;
    AnyValue text = any(1), truth = any(2), number = any(3), real = any(4), array = any(5), map = any(6), bytes = any(7), none = any(0);
    char words[] = "a\nb", key[] = "k\x1b";
    text.string_value = words;
    truth.bool_value = 1;
    number.int_value = -7;
    real.double_value = 0.1;
    bytes.bytes_value = (ProtobufCBinaryData){ 2, (uint8_t *)words };
    AnyValue *values[] = { &text, &truth, &number, &real, &bytes, &none };
    Opentelemetry__Proto__Common__V1__ArrayValue list;
    opentelemetry__proto__common__v1__array_value__init(&list);
    list.values = values;
    list.n_values = 6;
    array.array_value = &list;
    Opentelemetry__Proto__Common__V1__KeyValue kv, *entries[] = { &kv };
    opentelemetry__proto__common__v1__key_value__init(&kv);
    kv.key = key;
    kv.value = &array;
    Opentelemetry__Proto__Common__V1__KeyValueList pairs;
    opentelemetry__proto__common__v1__key_value_list__init(&pairs);
    pairs.values = entries;
    pairs.n_values = 1;
    map.kvlist_value = &pairs;
    print_value(&map);
    assert_prints("     v={k\\x1b=[\"a\\nb\", true, -7, 0.1, 0x610a, (empty)]}\n");
    assert_prints("     link to span 0300000000000000 of trace 02000000000000000000000000000000\n       v={");
    assert_prints("     dropped 2 attributes, 3 links\n");
    AnyValue *many[100];
    for (int i = 0; i < 100; i++)
        many[i] = &number;
    list.values = many;
    list.n_values = 100;
    print_value(&array);
    assert_prints(", -7, ...]\n");
    assert_int_equal(count_of("-7"), 2 * SPW__CONSOLE_MAX_ELEMENTS);
}

static void deep_values_are_opened_to_a_depth_and_no_further(void **state)
{
    (void)state;
    enum { DEPTH = 60 };
    AnyValue values[DEPTH + 1], *items[DEPTH];
    Opentelemetry__Proto__Common__V1__ArrayValue lists[DEPTH];
    values[0] = any(3);
    for (int i = 0; i < DEPTH; i++) {
        items[i] = &values[i];
        opentelemetry__proto__common__v1__array_value__init(&lists[i]);
        lists[i].values = &items[i];
        lists[i].n_values = 1;
        values[i + 1] = any(5);
        values[i + 1].array_value = &lists[i];
    }
    print_value(&values[DEPTH]);
    assert_prints("v=[[[[[[[[[...]]]]]]]]]\n");
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
    struct spw__console_place place = { "", "", NULL, 0 };
    for (int colours = 0; colours < 2; colours++) {
        struct spw__console_text text = { .colours = colours };
        spw__console_begin(&text);
        spw__console_span(&text, &view, &place);
        spw__console_end(&text);
        assert_true(text.size <= SPW__CONSOLE_MAX_BYTES);
        assert_memory_equal(text.data + text.size - 10, "... (cut)\n", 10);
        spw__console_text_fini(&text);
    }
}

/* ---- colours ---- */

/* What a terminal gets; the exporter is made with it as standard output. */
static void print_to_terminal(const spw_batch *batch)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    int terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
    assert_true(terminal >= 0);
    fflush(stdout);
    int saved = dup(1);
    dup2(terminal, 1);
    spw_exporter *exporter = spw__console_exporter_make(NULL, NULL, NULL);
    spw_export_result result = SPW_EXPORT_RESULT_INIT;
    exporter->submit(exporter, batch, on_done, &result);
    dup2(saved, 1);
    close(saved);
    exporter->destroy(exporter);
    ssize_t n = read(master, output, sizeof output - 1);
    output[n > 0 ? n : 0] = '\0';
    close(terminal);
    close(master);
}

static void colours_only_on_a_terminal_that_wants_them(void **state)
{
    (void)state;
    fake_span wish = { "coloured", 0, "key", "value", NULL, "it broke", true };
    spw_batch *batch = fake_batch_new(1, &wish, 1);
    setenv("TERM", "xterm", 1);
    unsetenv("NO_COLOR");
    print_to_terminal(batch);
    assert_prints("\x1b[1m\"coloured\"\x1b[0m");
    assert_prints("\x1b[1;31m error\x1b[0m");
    assert_prints("\x1b[36mkey\x1b[0m=");
    setenv("NO_COLOR", "1", 1);
    print_to_terminal(batch);
    assert_prints("\"coloured\"");
    assert_null(strchr(output, 0x1b));
    setenv("NO_COLOR", "", 1); /* empty is not set */
    print_to_terminal(batch);
    assert_prints("\x1b[1m");
    setenv("TERM", "dumb", 1);
    print_to_terminal(batch);
    assert_null(strchr(output, 0x1b));
    setenv("TERM", "xterm", 1);
    print(batch); /* a file */
    assert_null(strchr(output, 0x1b));
    fake_batch_free(batch);
}

/* ---- failures ---- */

static void without_memory_for_trees_spans_stand_alone(void **state)
{
    (void)state;
    static const struct wish wishes[] = { { 1, 1, 0, 10, "root" }, { 1, 2, 1, 20, "child" } };
    spw_batch *batch = batch_of(wishes, 2);
    fail_alloc_from(20000);
    print(batch);
    assert_true(fail_alloc_stop());
    assert_prints("\n  \"child\" 1.000 us  0200000000000000 parent 0100000000000000\n");
    fake_batch_free(batch);
}

/* Exports to a pipe; leaves what can be read from it in `output`. */
static spw_export_status print_to_pipe(spw_exporter *exporter, const spw_batch *batch, const int ends[2])
{
    spw_export_result result = SPW_EXPORT_RESULT_INIT;
    fflush(stdout);
    int saved = dup(1);
    dup2(ends[1], 1);
    exporter->submit(exporter, batch, on_done, &result);
    dup2(saved, 1);
    close(saved);
    ssize_t n = read(ends[0], output, sizeof output - 1);
    output[n > 0 ? n : 0] = '\0';
    return result.status;
}

/* A pipe of a page, which takes one text at a time. */
static void make_small_pipe(int ends[2])
{
    assert_int_equal(pipe(ends), 0);
    assert_true(fcntl(ends[1], F_SETPIPE_SZ, 4096) >= 4096);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
}

/* A span whose text cannot be made has not been written. */
static void without_any_memory_it_is_tried_again(void **state)
{
    (void)state;
    int ends[2];
    make_small_pipe(ends);
    spw_batch *batch = fake_batch_simple(1, 1);
    spw_exporter *exporter = spw__console_exporter_make(NULL, NULL, NULL);
    fail_alloc_from(1);
    spw_export_status status = print_to_pipe(exporter, batch, ends);
    assert_true(fail_alloc_stop());
    assert_int_equal(status, SPW_EXPORT_RETRY);
    assert_string_equal(output, "");
    assert_int_equal(print_to_pipe(exporter, batch, ends), SPW_EXPORT_DELIVERED);
    assert_prints("trace ");
    exporter->destroy(exporter);
    fake_batch_free(batch);
    close(ends[0]);
    close(ends[1]);
}

/* The first try had no memory for trees, the second has: in another order it would take one span for the other. */
static void a_retry_keeps_the_order_of_the_first_try(void **state)
{
    (void)state;
    static const struct wish wishes[] = { { 1, 2, 1, 20, "child" }, { 1, 1, 0, 10, "root" } };
    int ends[2];
    make_small_pipe(ends);
    spw_batch *batch = batch_of(wishes, 2);
    spw_exporter *exporter = spw__console_exporter_make(NULL, NULL, NULL);
    fail_alloc_from(20000);
    assert_int_equal(print_to_pipe(exporter, batch, ends), SPW_EXPORT_RETRY);
    assert_true(fail_alloc_stop());
    assert_prints("\"child\"");
    assert_null(strstr(output, "\"root\""));
    assert_int_equal(print_to_pipe(exporter, batch, ends), SPW_EXPORT_DELIVERED);
    assert_prints("\"root\"");
    assert_null(strstr(output, "\"child\""));
    exporter->destroy(exporter);
    fake_batch_free(batch);
    close(ends[0]);
    close(ends[1]);
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
        cmocka_unit_test(scopes_are_printed_with_their_attributes),
        cmocka_unit_test(hostile_text_cannot_steer_a_terminal),
        cmocka_unit_test(long_values_are_shortened),
        cmocka_unit_test(spans_that_end_together_are_a_tree),
        cmocka_unit_test(what_has_no_parent_here_stands_alone_and_names_it),
        cmocka_unit_test(loops_are_printed_once),
        cmocka_unit_test(deep_trees_stay_within_the_screen),
        cmocka_unit_test(large_batches_are_printed_in_windows),
        cmocka_unit_test(arrays_maps_and_links),
        cmocka_unit_test(deep_values_are_opened_to_a_depth_and_no_further),
        cmocka_unit_test(a_huge_span_is_cut_and_says_so),
        cmocka_unit_test(colours_only_on_a_terminal_that_wants_them),
        cmocka_unit_test(without_memory_for_trees_spans_stand_alone),
        cmocka_unit_test(without_any_memory_it_is_tried_again),
        cmocka_unit_test(a_retry_keeps_the_order_of_the_first_try),
        cmocka_unit_test(a_closed_stdout_is_permanent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
