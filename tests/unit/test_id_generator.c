/* Ids: by the program's generator, or ours. (Specification: Trace SDK, ID Generators.) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <spanwire/processor.h>
#include <stdlib.h>
#include <string.h>

#include "support/capture.h"
#include "support/sampling.h"

static struct {
    spw_id_generator base;
    uint64_t next_trace, next_span; /* 0: makes a zero */
    unsigned traces, spans;
} counting;

static void put(uint8_t *out, uint64_t number)
{
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)(number >> (56 - 8 * i));
}

static void counting_trace_id(spw_id_generator *self, uint8_t out[16])
{
    (void)self;
    counting.traces++;
    memset(out, 0, 16);
    if (counting.next_trace)
        put(out + 8, counting.next_trace++);
}

static void counting_span_id(spw_id_generator *self, uint8_t out[8])
{
    (void)self;
    counting.spans++;
    put(out, counting.next_span ? counting.next_span++ : 0);
}

static capture *c;

static void start(bool is_random, spw_sampler *sampler)
{
    memset(&counting, 0, sizeof counting);
    counting.base = (spw_id_generator){ sizeof counting.base, counting_trace_id, counting_span_id, is_random };
    counting.next_trace = 0x100;
    counting.next_span = 0x1;
    c = capture_new();
    spw_options options = SPW_OPTIONS_INIT;
    options.id_generator = &counting.base;
    options.sampler = sampler;
    capture_start(c, &options);
}

static spw_span child_of(spw_span parent)
{
    spw_context context = { .span = parent };
    spw_span_options options = SPW_SPAN_OPTIONS_INIT;
    options.parent = &context;
    return spw_span_start(NULL, "child", &options);
}

static void ids_are_the_generators(void **state)
{
    (void)state;
    start(false, NULL);
    spw_span root = spw_span_start(NULL, "root", NULL);
    spw_span child = child_of(root);
    char hex[33];
    spw_trace_id_hex(root, hex);
    assert_string_equal(hex, "00000000000000000000000000000100");
    spw_span_id_hex(root, hex);
    assert_string_equal(hex, "0000000000000001");
    assert_memory_equal(child.trace_id, root.trace_id, 16);
    spw_span_id_hex(child, hex);
    assert_string_equal(hex, "0000000000000002");
    assert_int_equal(counting.traces, 1); /* "If there is a valid parent trace ID, use it." */
    assert_int_equal(counting.spans, 2);
    spw_span_end(child);
    spw_span_end(root);
    assert_int_equal(spw_flush(20000), SPW_OK);
    assert_int_equal(capture_named(c, "root")->span_id.data[7], 1);
    capture_stop(c);
}

/* "the SDK SHOULD allow the extension to determine whether the Random flag is set when new IDs are generated" */
static void the_generator_says_whether_ids_are_random(void **state)
{
    (void)state;
    for (int is_random = 0; is_random < 2; is_random++) {
        start(is_random, NULL);
        spw_span root = spw_span_start(NULL, "root", NULL), child = child_of(root);
        uint8_t flags = (uint8_t)(SPW_FLAG_SAMPLED | (is_random ? SPW_FLAG_RANDOM : 0));
        assert_int_equal(root.flags, flags);
        assert_int_equal(child.flags, flags);
        /* a child's flag is its parent's, whoever made the id */
        assert_int_equal(child_of(sampling_parent(true, true)).flags, SPW_FLAG_SAMPLED | SPW_FLAG_RANDOM);
        capture_stop(c);
    }
}

/* "Generate a new span ID for the Span, independently of the sampling decision." */
static void dropped_spans_have_ids_too(void **state)
{
    (void)state;
    start(false, spw_sampler_always_off());
    spw_span root = spw_span_start(NULL, "root", NULL);
    assert_int_equal(root.handle, 0);
    assert_int_equal(root.span_id[7], 1);
    assert_int_equal(root.trace_id[14], 1);
    capture_stop(c);
}

static void zeros_are_replaced_and_counted(void **state)
{
    (void)state;
    start(false, NULL);
    counting.next_span = 0;
    counting.next_trace = 0;
    spw_span root = spw_span_start(NULL, "root", NULL);
    assert_true(spw_span_is_valid(root));
    assert_int_equal(root.flags & SPW_FLAG_RANDOM, SPW_FLAG_RANDOM); /* ours are */
    spw_stats now = SPW_STATS_INIT;
    spw_stats_get(&now);
    assert_int_equal(now.ids_replaced, 2);
    spw_span_end(root);
    capture_stop(c);
}

static void functions_left_out_are_ours(void **state)
{
    (void)state;
    memset(&counting, 0, sizeof counting);
    counting.base = (spw_id_generator){ sizeof counting.base, NULL, NULL, false };
    c = capture_new();
    spw_options options = SPW_OPTIONS_INIT;
    options.id_generator = &counting.base;
    capture_start(c, &options);
    spw_span a = spw_span_start(NULL, "a", NULL), b = spw_span_start(NULL, "b", NULL);
    assert_true(spw_span_is_valid(a) && spw_span_is_valid(b));
    assert_memory_not_equal(a.trace_id, b.trace_id, 16);
    assert_memory_not_equal(a.span_id, b.span_id, 8);
    assert_int_equal(a.flags, SPW_FLAG_SAMPLED | SPW_FLAG_RANDOM);
    spw_span_end(a);
    spw_span_end(b);
    capture_stop(c);
}

static void our_ids_do_not_repeat(void **state)
{
    (void)state;
    enum { COUNT = 4096 };
    static spw_span spans[COUNT];
    c = capture_new();
    capture_start(c, NULL);
    unsigned bits[64] = { 0 };
    for (int i = 0; i < COUNT; i++) {
        spans[i] = spw_span_start(NULL, "root", NULL);
        spw_span_end(spans[i]);
        for (int bit = 0; bit < 64; bit++)
            bits[bit] += spans[i].trace_id[8 + bit / 8] >> (bit % 8) & 1;
    }
    for (int i = 0; i < COUNT; i += 97)
        for (int j = 0; j < COUNT; j++)
            assert_true(i == j || (memcmp(spans[i].trace_id, spans[j].trace_id, 16) && memcmp(spans[i].span_id, spans[j].span_id, 8)));
    for (int bit = 0; bit < 64; bit++)
        assert_in_range(bits[bit], COUNT / 2 - 200, COUNT / 2 + 200); /* six sigma */
    capture_stop(c);
}

static void a_generator_of_another_size_is_refused(void **state)
{
    (void)state;
    spw_id_generator small = { 4, NULL, NULL, false };
    spw_options options = SPW_OPTIONS_INIT;
    options.id_generator = &small;
    assert_int_equal(spw_start(&options), SPW_ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_the_generators),
        cmocka_unit_test(the_generator_says_whether_ids_are_random),
        cmocka_unit_test(dropped_spans_have_ids_too),
        cmocka_unit_test(zeros_are_replaced_and_counted),
        cmocka_unit_test(functions_left_out_are_ours),
        cmocka_unit_test(our_ids_do_not_repeat),
        cmocka_unit_test(a_generator_of_another_size_is_refused),
    };
    return cmocka_run_group_tests_name("id_generator", tests, NULL, NULL);
}
