/* A program's own allocator: everything comes from it and goes back to it. Chosen once a process, so each test is a child. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>
#include <spanwire/allocator.h>
#include <spanwire/exporter.h>
#include <spanwire/processor.h>
#include <spanwire/sampler.h>
#include <spanwire/spanwire.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Each piece has a head that says it is ours. */
struct head {
    uint64_t magic, size;
};
#define MAGIC UINT64_C(0x5350574d454d4f52)

static struct {
    uint64_t live, pieces, fail_at; /* atomic */
} heap;

#define CHECK(condition)                                                                                                                   \
    do {                                                                                                                                   \
        if (!(condition)) {                                                                                                                \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                                                \
            _exit(1);                                                                                                                      \
        }                                                                                                                                  \
    } while (0)

static void *heap_allocate(void *arg, size_t size)
{
    CHECK(arg == &heap);
    CHECK(size > 0);
    uint64_t number = __atomic_add_fetch(&heap.pieces, 1, __ATOMIC_RELAXED);
    if (number == __atomic_load_n(&heap.fail_at, __ATOMIC_RELAXED))
        return NULL;
    struct head *piece = malloc(sizeof *piece + size);
    CHECK(piece);
    *piece = (struct head){ MAGIC, size };
    memset(piece + 1, 0xa5, size); /* nobody may count on zeros */
    __atomic_add_fetch(&heap.live, 1, __ATOMIC_RELAXED);
    return piece + 1;
}

static void heap_release(void *arg, void *memory)
{
    CHECK(arg == &heap);
    struct head *piece = (struct head *)memory - 1;
    CHECK(piece->magic == MAGIC); /* of another heap, or given back twice */
    piece->magic = 0;
    memset(memory, 0x5a, piece->size);
    free(piece);
    __atomic_sub_fetch(&heap.live, 1, __ATOMIC_RELAXED);
}

static void *heap_reallocate(void *arg, void *memory, size_t size)
{
    struct head *piece = (struct head *)memory - 1;
    CHECK(piece->magic == MAGIC);
    void *moved = heap_allocate(arg, size);
    if (moved) {
        memcpy(moved, memory, piece->size < size ? piece->size : size);
        heap_release(arg, memory);
    }
    return moved;
}

static spw_allocator of_heap(void)
{
    return (spw_allocator){ sizeof(spw_allocator), heap_allocate, heap_reallocate, heap_release, &heap };
}

static int in_child(void (*body)(void))
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        alarm(60);
        body();
        _exit(0);
    }
    int status = -1;
    waitpid(child, &status, 0);
    return status;
}

/* ---- all there is in one life of the SDK ---- */

static spw_sampler *make_sampler(void)
{
    const spw_attr note = spw_attr_string("rule", "all");
    const spw_sampling_rule rules[] = { { NULL, NULL, spw_composable_annotating(&note, 1, spw_composable_probability(0.9)) } };
    return spw_sampler_always_record(
        spw_sampler_parent_based(spw_sampler_composite(spw_composable_parent_threshold(spw_composable_rule_based(rules, 1))), NULL));
}

static bool take(void *arg, const spw_span_view *span)
{
    (void)arg;
    return span->name.size != 4;
}

static spw_redaction redact(void *arg, const spw_redaction_input *input, spw_attr *attr)
{
    (void)arg;
    (void)input;
    return attr->key.size == 6 ? SPW_REDACT_DROP : SPW_REDACT_KEEP;
}

static void record_some(void)
{
    spw_context tagged = spw_baggage_set(NULL, "tenant", "a b");
    spw_token token = spw_context_attach(&tagged);
    for (int i = 0; i < 200; i++) {
        SPW_SPAN(span, i % 10 ? "some" : "other");
        spw_set(span, "number", i);
        spw_set(span, "secret", "word");
        spw_add_event(span, "event", NULL, 0);
    }
    char **environment = spw_environment_new(NULL, &tagged, 0);
    spw_environment_destroy(environment);
    spw_context_detach(token);
    spw_context_release(&tagged);
}

/* A machine so busy that the worker does not answer a shutdown in its time: then its memory is given back by the next start. */
static bool left_behind; /* atomic */

static void listen(void *arg, spw_log_level level, const char *line)
{
    (void)arg;
    (void)level;
    if (strstr(line, "left behind"))
        __atomic_store_n(&left_behind, true, __ATOMIC_RELAXED);
}

static void one_life(void)
{
    const spw_attr inner[] = { spw_attr_string("a", "b") };
    const spw_attr resource[] = { spw_attr_string("k", "v"), spw_attr_map("m", inner, 1) };
    spw_pipeline_options pipelines[4] = { SPW_PIPELINE_OPTIONS_INIT, SPW_PIPELINE_OPTIONS_INIT, SPW_PIPELINE_OPTIONS_INIT,
                                          SPW_PIPELINE_OPTIONS_INIT };
    pipelines[0].exporter_name = "memory";
    pipelines[1].exporter_name = "console";
    pipelines[2].exporter_name = "otlp";
    pipelines[3].exporter_name = "memory";
    pipelines[3].filter = take;
    pipelines[3].redact = redact;
    spw_options options = SPW_OPTIONS_INIT;
    options.service_name = "allocated";
    options.resource_attributes = resource;
    options.resource_attribute_count = 2;
    options.sampler = make_sampler();
    options.pipelines = pipelines;
    options.pipeline_count = 4;
    options.otlp_endpoint = "http://127.0.0.1:9"; /* nobody listens */
    options.otlp_headers = "authorization=Bearer%20x";
    options.log_level = SPW_LOG_WARN;
    options.log_fn = listen;
    if (spw_start(&options) != SPW_OK)
        return;
    record_some();
    (void)spw_flush(20);
    (void)spw_shutdown(200);
}

static void release_what_was_left(void)
{
    spw_options options = SPW_OPTIONS_INIT;
    spw_pipeline_options pipeline = SPW_PIPELINE_OPTIONS_INIT;
    pipeline.exporter_name = "memory";
    options.pipelines = &pipeline;
    options.pipeline_count = 1;
    options.log_level = SPW_LOG_ERROR;
    if (spw_start(&options) == SPW_OK)
        __atomic_store_n(&left_behind, spw_shutdown(20000) != SPW_OK, __ATOMIC_RELAXED);
}

/* A thread of a blocking exporter gives its last back on its way out, after the shutdown. */
static bool all_given_back(void)
{
    const struct timespec pause = { 0, 1000000 };
    for (int i = 0; i < 3000 && __atomic_load_n(&left_behind, __ATOMIC_RELAXED); i++) {
        release_what_was_left();
        nanosleep(&pause, NULL);
    }
    for (int i = 0; i < 3000 && __atomic_load_n(&heap.live, __ATOMIC_RELAXED); i++)
        nanosleep(&pause, NULL);
    return __atomic_load_n(&heap.live, __ATOMIC_RELAXED) == 0;
}

static void live_and_leave_nothing(void)
{
    spw_allocator allocator = of_heap();
    CHECK(freopen("/dev/null", "w", stdout));
    CHECK(spw_allocator_set(&allocator) == SPW_OK);
    for (int life = 0; life < 3; life++) {
        one_life();
        CHECK(__atomic_load_n(&heap.pieces, __ATOMIC_RELAXED) > 50);
        CHECK(all_given_back());
    }
}

static void everything_comes_from_it_and_goes_back(void **state)
{
    (void)state;
    assert_int_equal(in_child(live_and_leave_nothing), 0);
}

/* Whichever piece is not to be had: no crash, nothing lost. */
static void live_with_failures(void)
{
    spw_allocator allocator = of_heap();
    CHECK(freopen("/dev/null", "w", stdout) && freopen("/dev/null", "w", stderr));
    CHECK(spw_allocator_set(&allocator) == SPW_OK);
    one_life();
    uint64_t all = __atomic_load_n(&heap.pieces, __ATOMIC_RELAXED);
    for (uint64_t at = 1; at <= all; at += 1 + at / 20) {
        __atomic_store_n(&heap.pieces, 0, __ATOMIC_RELAXED); /* an exporter's thread of the life before may not be gone yet */
        __atomic_store_n(&heap.fail_at, at, __ATOMIC_RELAXED);
        one_life();
        __atomic_store_n(&heap.fail_at, 0, __ATOMIC_RELAXED);
        if (!all_given_back())
            _exit((int)(2 + at % 200));
    }
}

static void any_allocation_may_fail(void **state)
{
    (void)state;
    assert_int_equal(in_child(live_with_failures), 0);
}

/* ---- choosing ---- */

static void choose_too_late(void)
{
    spw_allocator allocator = of_heap();
    void *memory = spw_allocate(10);
    CHECK(spw_allocator_set(&allocator) == SPW_ERR_ALREADY_STARTED);
    spw_free(memory);
    CHECK(heap.pieces == 0);
}

static void choose_twice(void)
{
    spw_allocator allocator = of_heap();
    CHECK(spw_allocator_set(NULL) == SPW_ERR_INVALID);
    spw_allocator half = allocator;
    half.release = NULL;
    CHECK(spw_allocator_set(&half) == SPW_ERR_INVALID);
    half = allocator;
    half.struct_size = 8;
    CHECK(spw_allocator_set(&half) == SPW_ERR_INVALID);
    CHECK(spw_allocator_set(&allocator) == SPW_OK);
    CHECK(spw_allocator_set(&allocator) == SPW_ERR_ALREADY_STARTED);
}

static void it_is_chosen_once_and_first(void **state)
{
    (void)state;
    assert_int_equal(in_child(choose_too_late), 0);
    assert_int_equal(in_child(choose_twice), 0);
}

/* ---- the functions ---- */

static void use_functions(void)
{
    spw_allocator allocator = of_heap();
    CHECK(spw_allocator_set(&allocator) == SPW_OK);
    static const unsigned char zero[100];
    unsigned char *zeroed = spw_allocate_zeroed(10, 10);
    CHECK(zeroed && memcmp(zeroed, zero, 100) == 0);
    CHECK(!spw_allocate_zeroed(SIZE_MAX / 2, 3));
    char *text = spw_reallocate(NULL, 4);
    memcpy(text, "abc", 4);
    text = spw_reallocate(text, 4000);
    CHECK(strcmp(text, "abc") == 0);
    heap.fail_at = heap.pieces + 1;
    CHECK(!spw_reallocate(text, 8000) && strcmp(text, "abc") == 0);
    char *same = spw_strdup(text), *part = spw_strndup("abc", 2), *whole = spw_strndup("abc", 9);
    CHECK(strcmp(same, "abc") == 0 && strcmp(part, "ab") == 0 && strcmp(whole, "abc") == 0);
    CHECK(!spw_strdup(NULL));
    void *nothing = spw_allocate(0), *no_zeros = spw_allocate_zeroed(0, 8);
    CHECK(nothing && no_zeros);
    void *all[] = { zeroed, text, same, part, whole, nothing, no_zeros, NULL };
    for (size_t i = 0; i < 8; i++)
        spw_free(all[i]);
    CHECK(heap.live == 0);
}

static void the_functions_do_as_their_namesakes(void **state)
{
    (void)state;
    assert_int_equal(in_child(use_functions), 0);
}

/* "Recording spans calls none of them." */
static void record_without_allocating(void)
{
    spw_allocator allocator = of_heap();
    CHECK(spw_allocator_set(&allocator) == SPW_OK);
    setenv("OTEL_TRACES_EXPORTER", "none", 1);
    spw_options options = SPW_OPTIONS_INIT;
    options.sampler = make_sampler();
    CHECK(spw_start(&options) == SPW_OK);
    uint64_t before = heap.pieces;
    for (int i = 0; i < 5000; i++) {
        SPW_SPAN(span, "span");
        spw_set(span, "i", i);
    }
    CHECK(heap.pieces == before);
    CHECK(spw_shutdown(1000) == SPW_OK);
}

static void recording_allocates_nothing(void **state)
{
    (void)state;
    assert_int_equal(in_child(record_without_allocating), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_comes_from_it_and_goes_back),
        cmocka_unit_test(any_allocation_may_fail),
        cmocka_unit_test(it_is_chosen_once_and_first),
        cmocka_unit_test(the_functions_do_as_their_namesakes),
        cmocka_unit_test(recording_allocates_nothing),
    };
    return cmocka_run_group_tests_name("allocator", tests, NULL, NULL);
}
