/* The memory exporter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>
#include <string.h>

#include "builtin.h"
#include "support/fake_batch.h"

static void on_done(void *token, const spw_export_result *result)
{
    *(spw_export_result *)token = *result;
}

static spw_export_result submit(spw_exporter *exporter, const spw_batch *batch)
{
    spw_export_result result = SPW_EXPORT_RESULT_INIT;
    result.status = SPW_EXPORT_PERMANENT;
    exporter->submit(exporter, batch, on_done, &result);
    return result;
}

static void keeps_copies_of_spans_and_scopes(void **state)
{
    (void)state;
    spw_exporter *exporter = spw_memory_exporter_new(10);
    fake_span wish = { "kept", 100, "k", "v", NULL, NULL, false };
    spw_batch *batch = fake_batch_new(1, &wish, 1);
    uint8_t own[] = { 0x1a, 8, 0x0a, 1, 'k', 0x12, 3, 0x0a, 1, 'v' };
    fake_batch_set_scope(batch, 0, (spw_instrumentation_scope){ .name = { "fake-scope", 10 }, .version = { "1.2", 3 },
                                                     .attributes = { .at = own, .end = own + sizeof own, .field = 3 }, .dropped_attributes = 2 });
    assert_int_equal(submit(exporter, batch).status, SPW_EXPORT_DELIVERED);
    fake_batch_free(batch); /* the copy must not point there */
    memset(own, 0, sizeof own);
    spw_span_view span;
    assert_true(spw_memory_exporter_span(exporter, 0, &span));
    assert_int_equal(span.name.size, 4);
    assert_memory_equal(span.name.data, "kept", 4);
    assert_memory_equal(span.scope.name.data, "fake-scope", 10);
    assert_memory_equal(span.scope.version.data, "1.2", 3);
    spw_attr attr;
    assert_true(spw_attr_next(&span.scope.attributes, &attr));
    assert_memory_equal(attr.value.u.view.data, "v", 1);
    assert_false(spw_attr_next(&span.scope.attributes, &attr));
    assert_int_equal(span.scope.dropped_attributes, 2);
    assert_true(spw_attr_next(&span.resource, &attr));
    assert_memory_equal(attr.key.data, "service.name", attr.key.size);
    assert_false(spw_attr_next(&span.resource, &attr));
    assert_false(spw_memory_exporter_span(exporter, 1, &span));
    exporter->destroy(exporter);
}

static void views_stay_valid_while_it_grows_and_until_reset(void **state)
{
    (void)state;
    spw_exporter *exporter = spw_memory_exporter_new(10000);
    spw_batch *batch = fake_batch_simple(1, 500);
    submit(exporter, batch);
    spw_span_view first;
    assert_true(spw_memory_exporter_span(exporter, 0, &first));
    for (int i = 0; i < 10; i++)
        submit(exporter, batch);
    assert_memory_equal(first.name.data, "simple", 6);
    assert_int_equal(spw_memory_exporter_count(exporter), 5500);
    spw_memory_exporter_reset(exporter);
    assert_int_equal(spw_memory_exporter_count(exporter), 0);
    assert_int_equal(submit(exporter, batch).rejected, 0);
    fake_batch_free(batch);
    exporter->destroy(exporter);
}

static void what_does_not_fit_is_rejected_and_said(void **state)
{
    (void)state;
    spw_exporter *exporter = spw_memory_exporter_new(3);
    spw_batch *batch = fake_batch_simple(1, 5);
    spw_export_result result = submit(exporter, batch);
    assert_int_equal(result.status, SPW_EXPORT_DELIVERED);
    assert_int_equal(result.rejected, 2);
    assert_non_null(strstr(result.text, "full at 3"));
    assert_int_equal(spw_memory_exporter_count(exporter), 3);
    fake_batch_free(batch);
    exporter->destroy(exporter);
}

static void an_exporter_of_another_kind_holds_nothing(void **state)
{
    (void)state;
    spw_exporter other;
    spw_span_view span;
    memset(&other, 0, sizeof other);
    assert_int_equal(spw_memory_exporter_count(&other), 0);
    assert_int_equal(spw_memory_exporter_count(NULL), 0);
    assert_false(spw_memory_exporter_span(&other, 0, &span));
    spw_memory_exporter_reset(&other);
}

static void the_factory_makes_one(void **state)
{
    (void)state;
    spw_exporter *exporter = spw__memory_exporter_make(NULL, NULL, NULL);
    assert_non_null(exporter);
    assert_string_equal(exporter->name, "memory");
    exporter->destroy(exporter);
}

static void *read_all_the_time(void *arg)
{
    spw_span_view span;
    while (spw_memory_exporter_count(arg) < 5000)
        spw_memory_exporter_span(arg, spw_memory_exporter_count(arg) / 2, &span);
    return NULL;
}

static void is_read_while_it_is_written(void **state)
{
    (void)state;
    spw_exporter *exporter = spw_memory_exporter_new(5000);
    spw_batch *batch = fake_batch_simple(1, 50);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, read_all_the_time, exporter), 0);
    for (int i = 0; i < 100; i++)
        submit(exporter, batch);
    pthread_join(thread, NULL);
    fake_batch_free(batch);
    exporter->destroy(exporter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_copies_of_spans_and_scopes),
        cmocka_unit_test(views_stay_valid_while_it_grows_and_until_reset),
        cmocka_unit_test(what_does_not_fit_is_rejected_and_said),
        cmocka_unit_test(an_exporter_of_another_kind_holds_nothing),
        cmocka_unit_test(the_factory_makes_one),
        cmocka_unit_test(is_read_while_it_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
