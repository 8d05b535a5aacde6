/*
 * Plugins that record are loaded, used and unloaded a thousand times under a running SDK, while threads record. Two of them take turns, so
 * that one finds its tracer where the other's was. Every span arrives, named after its own plugin, although nothing of it is mapped when
 * the span is exported; and nothing grows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <spanwire/exporter.h>
#include <spanwire/spanwire.h>

#include "consumers/plugin.h"

enum { ROUNDS = 1000, WARM = 200, THREADS = 3, MAX_MORE_MAPS = 8, MAX_MORE_PAGES = 2048 };

/* A sanitizer's own memory grows with what it has seen. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
static const bool sanitized = true;
#else
static const bool sanitized = false;
#endif

static const char *const files[2] = { SPW_PLUGIN_RED, SPW_PLUGIN_BLUE };
static const char *const names[2] = { "red", "blue" };

/* ---- an exporter that judges and counts ---- */

static struct {
    spw_exporter base;
    uint64_t of_plugin[2]; /* atomic, as the rest */
    uint64_t of_host;
    uint64_t wrong;
} judge;

static bool reads(spw_view view, const char *before, const char *name)
{
    char wanted[64];
    int size = snprintf(wanted, sizeof wanted, "%s%s", before, name);
    return view.size == (size_t)size && memcmp(view.data, wanted, view.size) == 0;
}

static bool is_whole(const spw_span_view *span, const char *name)
{
    spw_attr attr;
    spw_attr_iter it = span->attributes;
    return reads(span->scope.version, "version of ", name) && reads(span->name, "work of ", name) && spw_attr_next(&it, &attr) &&
           reads(attr.key, "plugin.key", "") && reads(attr.value.u.view, "value of ", name);
}

static void judge_span(const spw_span_view *span)
{
    for (int i = 0; i < 2; i++)
        if (reads(span->scope.name, "", names[i])) {
            __atomic_add_fetch(is_whole(span, names[i]) ? &judge.of_plugin[i] : &judge.wrong, 1, __ATOMIC_RELAXED);
            return;
        }
    __atomic_add_fetch(reads(span->scope.name, "", "host") ? &judge.of_host : &judge.wrong, 1, __ATOMIC_RELAXED);
}

static void judge_submit(spw_exporter *self, const spw_batch *batch, spw_export_done_fn done, void *token)
{
    (void)self;
    spw_span_view span;
    for (spw_span_iter it = spw_batch_spans(batch); spw_span_next(&it, &span);)
        judge_span(&span);
    const spw_export_result ok = SPW_EXPORT_RESULT_INIT;
    done(token, &ok);
}

static void judge_destroy(spw_exporter *self)
{
    (void)self;
}

static void start(void)
{
    memset(&judge, 0, sizeof judge);
    judge.base = (spw_exporter){ .struct_size = sizeof judge.base, .name = "judge", .submit = judge_submit, .destroy = judge_destroy };
    spw_pipeline_options pipeline = SPW_PIPELINE_OPTIONS_INIT;
    pipeline.exporter = &judge.base;
    pipeline.max_queue_size = 1u << 18;
    pipeline.schedule_delay_ms = 5;
    spw_options options = SPW_OPTIONS_INIT;
    options.pipelines = &pipeline;
    options.pipeline_count = 1;
    assert_int_equal(spw_start(&options), SPW_OK);
}

/* ---- threads that record meanwhile ---- */

static spw_tracer host = SPW_TRACER_INIT("host", NULL);
static bool over; /* atomic */

static void *record(void *arg)
{
    uint64_t *count = arg;
    const struct timespec pause = { 0, 100000 };
    while (!__atomic_load_n(&over, __ATOMIC_RELAXED)) {
        SPW_SPAN_WITH(span, "meanwhile", &host, NULL);
        spw_set(span, "count", ++*count);
        nanosleep(&pause, NULL);
    }
    return NULL;
}

/* ---- plugins ---- */

static void *symbol(void *plugin, const char *name)
{
    void *found = dlsym(plugin, name);
    assert_non_null(found);
    return found;
}

/* Uses the plugin and unloads it; the span it began ends when it is gone. */
static void one_round(int which)
{
    void *plugin = dlopen(files[which], RTLD_NOW | RTLD_LOCAL);
    if (!plugin)
        fail_msg("%s", dlerror());
    plugin_work_fn *work;
    plugin_begin_fn *begin;
    *(void **)&work = symbol(plugin, "plugin_work");
    *(void **)&begin = symbol(plugin, "plugin_begin");
    work();
    spw_span span = begin();
    assert_true(spw_is_recording(span));
    assert_int_equal(dlclose(plugin), 0);
    assert_null(dlopen(files[which], RTLD_NOW | RTLD_NOLOAD)); /* it is gone indeed */
    spw_span_end(span);
}

static long count_maps(void)
{
    FILE *f = fopen("/proc/self/maps", "r");
    assert_non_null(f);
    long lines = 0;
    for (int c; (c = fgetc(f)) != EOF;)
        lines += c == '\n';
    fclose(f);
    return lines;
}

static long resident_pages(void)
{
    long all = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    assert_non_null(f);
    assert_int_equal(fscanf(f, "%ld %ld", &all, &resident), 2);
    fclose(f);
    return resident;
}

static void all_is_accounted(uint64_t of_host)
{
    assert_int_equal(judge.wrong, 0);
    assert_int_equal(judge.of_plugin[0], ROUNDS); /* half of the rounds, two spans in each */
    assert_int_equal(judge.of_plugin[1], ROUNDS);
    assert_int_equal(judge.of_host, of_host);
    spw_stats stats = SPW_STATS_INIT;
    spw_stats_get(&stats);
    assert_int_equal(stats.pipelines[0].ended, 2 * ROUNDS + of_host);
    assert_int_equal(stats.pipelines[0].exported, 2 * ROUNDS + of_host);
    assert_int_equal(stats.spans_open, 0);
}

static void plugins_come_and_go(void **state)
{
    (void)state;
    start();
    pthread_t threads[THREADS];
    uint64_t counts[THREADS] = { 0 };
    over = false;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, record, &counts[i]), 0);

    long maps = 0, pages = 0;
    for (int round = 0; round < ROUNDS; round++) {
        if (round == WARM) {
            assert_int_equal(spw_flush(20000), SPW_OK);
            maps = count_maps();
            pages = resident_pages();
        }
        one_round(round % 2);
    }
    assert_int_equal(spw_flush(20000), SPW_OK);
    maps = count_maps() - maps;
    pages = resident_pages() - pages;

    __atomic_store_n(&over, true, __ATOMIC_RELAXED);
    uint64_t of_host = 0;
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        of_host += counts[i];
    }
    assert_int_equal(spw_shutdown(20000), SPW_OK);
    all_is_accounted(of_host);
    print_message("%ld more maps, %ld more resident pages, %llu spans of the host\n", maps, pages, (unsigned long long)of_host);
    assert_true(maps <= MAX_MORE_MAPS);
    if (!sanitized)
        assert_true(pages <= MAX_MORE_PAGES);
}

static void a_plugin_outlives_the_sdk(void **state)
{
    (void)state;
    start();
    void *plugin = dlopen(files[0], RTLD_NOW | RTLD_LOCAL);
    assert_non_null(plugin);
    plugin_work_fn *work;
    *(void **)&work = symbol(plugin, "plugin_work");
    work();
    assert_int_equal(spw_shutdown(20000), SPW_OK);
    assert_int_equal(judge.of_plugin[0], 1);
    work(); /* no SDK: nothing, and no harm */
    start();
    work(); /* its tracer remembers the SDK before; this one asks for its name again */
    assert_int_equal(spw_shutdown(20000), SPW_OK);
    assert_int_equal(judge.of_plugin[0], 1);
    assert_int_equal(judge.wrong, 0);
    assert_int_equal(dlclose(plugin), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plugins_come_and_go),
        cmocka_unit_test(a_plugin_outlives_the_sdk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
