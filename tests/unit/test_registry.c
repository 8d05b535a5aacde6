/* Exporters by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "sdk/registry.h"

static void submit(spw_exporter *self, const spw_batch *batch, spw_export_done_fn done, void *token)
{
    (void)self;
    (void)batch;
    (void)done;
    (void)token;
}

static spw_exporter mine = { .struct_size = sizeof mine, .name = "mine", .submit = submit };

static spw_exporter *make_mine(void *arg, const spw_exporter_settings *settings, spw_error *error)
{
    (void)settings;
    if (arg)
        return &mine;
    error->text[0] = '\0';
    return NULL; /* and says nothing */
}

static spw_otlp_settings otlp;

static spw_exporter_settings settings(void)
{
    spw_exporter_settings s;
    memset(&s, 0, sizeof s);
    s.struct_size = sizeof s;
    otlp = (spw_otlp_settings){ .struct_size = sizeof otlp, .endpoint = "http://localhost:4318" };
    s.otlp = &otlp;
    return s;
}

static void a_name_taken_over_before_the_built_in_ones_stays_taken_over(void **state)
{
    (void)state;
    spw_exporter_settings s = settings();
    assert_int_equal(spw_exporter_register("console", make_mine, &mine), SPW_OK); /* the very first call in this process */
    spw_exporters_register_builtin();
    assert_ptr_equal(spw__exporter_make("console", &s, NULL), &mine);
}

static void the_built_in_ones_are_there(void **state)
{
    (void)state;
    spw_exporter_settings s = settings();
    static const char *const names[] = { "otlp", "memory" };
    for (size_t i = 0; i < 2; i++) {
        spw_error error = SPW_ERROR_INIT;
        spw_exporter *exporter = spw__exporter_make(names[i], &s, &error);
        assert_non_null(exporter);
        assert_string_equal(exporter->name, names[i]);
        exporter->destroy(exporter);
    }
}

static void an_unknown_name_is_answered_with_the_known_ones(void **state)
{
    (void)state;
    spw_exporter_settings s = settings();
    spw_error error = SPW_ERROR_INIT;
    assert_null(spw__exporter_make("jaeger", &s, &error));
    assert_int_equal(error.code, SPW_ERR_NOT_FOUND);
    assert_non_null(strstr(error.text, "'jaeger'"));
    assert_non_null(strstr(error.text, "otlp, console, file, otlp/stdout, memory"));
    assert_null(spw__exporter_make(NULL, &s, NULL));
    assert_null(spw__exporter_make("", &s, NULL));
}

static void a_factory_that_refuses_is_quoted(void **state)
{
    (void)state;
    spw_exporter_settings s = settings();
    spw_error error = SPW_ERROR_INIT;
    otlp.protocol = "grpc";
    assert_null(spw__exporter_make("otlp", &s, &error));
    assert_int_equal(error.code, SPW_ERR_INVALID);
    assert_non_null(strstr(error.text, "http/protobuf on port 4318"));
    assert_int_equal(spw_exporter_register("silent", make_mine, NULL), SPW_OK);
    assert_null(spw__exporter_make("silent", &s, &error));
    assert_non_null(strstr(error.text, "'silent'"));
}

static void what_is_no_exporter_is_refused(void **state)
{
    (void)state;
    spw_exporter_settings s = settings();
    const spw_exporter good = mine;
    for (int i = 0; i < 2; i++) {
        spw_error error = SPW_ERROR_INIT;
        mine = good;
        if (i)
            mine.submit = NULL;
        else
            mine.struct_size = 8;
        assert_int_equal(spw_exporter_register("silent", make_mine, &mine), SPW_OK);
        assert_null(spw__exporter_make("silent", &s, &error));
        assert_int_equal(error.code, SPW_ERR_INVALID);
        assert_non_null(strstr(error.text, "SPW_EXPORTER_INIT"));
        assert_null(spw__exporter_make("silent", &s, NULL));
    }
    mine = good;
}

static void bad_registrations_are_refused(void **state)
{
    (void)state;
    assert_int_equal(spw_exporter_register(NULL, make_mine, NULL), SPW_ERR_INVALID);
    assert_int_equal(spw_exporter_register("", make_mine, NULL), SPW_ERR_INVALID);
    assert_int_equal(spw_exporter_register("x", NULL, NULL), SPW_ERR_INVALID);
    assert_int_equal(spw_exporter_register("a-name-of-twenty-four-ch", make_mine, NULL), SPW_ERR_INVALID);
}

static void *register_some(void *arg)
{
    for (int i = 0; i < 200; i++) {
        spw_exporters_register_builtin();
        spw_exporter_register("shared", make_mine, &mine);
    }
    return arg;
}

static void threads_may_register_and_the_table_has_an_end(void **state)
{
    (void)state;
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, register_some, NULL), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    spw_result last = SPW_OK;
    char name[24];
    int taken = 0;
    for (int i = 0; i < 40; i++) {
        snprintf(name, sizeof name, "more-%d", i);
        last = spw_exporter_register(name, make_mine, &mine);
        taken += last == SPW_OK ? 1 : 0;
    }
    assert_int_equal(last, SPW_ERR_NO_MEMORY);
    assert_int_equal(taken, 32 - 7);
    assert_int_equal(spw_exporter_register("shared", make_mine, &mine), SPW_OK); /* replacing still works */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_taken_over_before_the_built_in_ones_stays_taken_over),
        cmocka_unit_test(the_built_in_ones_are_there),
        cmocka_unit_test(an_unknown_name_is_answered_with_the_known_ones),
        cmocka_unit_test(a_factory_that_refuses_is_quoted),
        cmocka_unit_test(what_is_no_exporter_is_refused),
        cmocka_unit_test(bad_registrations_are_refused),
        cmocka_unit_test(threads_may_register_and_the_table_has_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
