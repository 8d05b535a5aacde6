/* The environment as a carrier: names, what is read, what a child is given, and a real child. Without an SDK. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <spanwire/spanwire.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PARENT "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
#define STALE "00-11111111111111111111111111111111-2222222222222222-01"

/* The value at a name; NULL when it is not there. Twice fails. */
static const char *value_in(char *const *envp, const char *name)
{
    const char *found = NULL;
    size_t size = strlen(name);
    for (; *envp; envp++) {
        if (strncmp(*envp, name, size) == 0 && (*envp)[size] == '=') {
            assert_null(found);
            found = *envp + size + 1;
        }
    }
    return found;
}

static spw_context traced(void)
{
    spw_context context = { 0 };
    assert_true(spw_traceparent_parse(PARENT, "a=1", &context.span));
    return context;
}

static void names_are_normalised(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        { "traceparent", "TRACEPARENT" }, { "x-b3-traceid", "X_B3_TRACEID" }, { "", "_" },     { "9lives", "_9LIVES" },
        { "_x", "_X" },                   { "a b.c", "A_B_C" },               { "\xc3\xa9", "__" }, { "A", "A" },
    };
    char out[32];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(spw_environment_name(rows[i][0], out, sizeof out), strlen(rows[i][1]));
        assert_string_equal(out, rows[i][1]);
        assert_int_equal(spw_environment_name(out, out, sizeof out), strlen(rows[i][1])); /* a normal name stays */
        assert_string_equal(out, rows[i][1]);
    }
    assert_int_equal(spw_environment_name("traceparent", out, 6), 11);
    assert_string_equal(out, "TRACE");
    assert_int_equal(spw_environment_name("9", out, 1), 2);
    assert_string_equal(out, "");
    assert_int_equal(spw_environment_name(NULL, NULL, 0), 1);
}

static void all_propagators_read_the_environment(void **state)
{
    (void)state;
    setenv("TRACEPARENT", PARENT, 1);
    setenv("TRACESTATE", "a=1", 1);
    setenv("BAGGAGE", "tenant=acme", 1);
    setenv("baggage", "tenant=not this", 1); /* not a normalised name */
    spw_context context = spw_context_from_environment();
    char text[SPW_TRACEPARENT_SIZE];
    assert_true(spw_traceparent_format(context.span, text));
    assert_string_equal(text, PARENT);
    assert_int_equal(context.span.is_remote, 1);
    assert_string_equal(spw_baggage_get(&context, "tenant"), "acme");
    spw_context_release(&context);
    unsetenv("TRACEPARENT");
    unsetenv("BAGGAGE");
    context = spw_context_from_environment();
    assert_false(spw_span_is_valid(context.span));
    assert_null(context.values);
    unsetenv("TRACESTATE");
    unsetenv("baggage");
}

/* ---- an own propagator, to see what the carrier does ---- */

static char listed[4000];

static void inject_many(const spw_propagator *self, const spw_context *context, spw_carrier_set_fn set, void *carrier)
{
    (void)self;
    (void)context;
    set(carrier, "x-own field", "first");
    set(carrier, "X.Own.Field", "second"); /* the same name there: replaced */
    char name[400];
    for (int i = 0; i < 70; i++) {
        snprintf(name, sizeof name, "many-%d", i);
        set(carrier, name, "v");
    }
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    set(carrier, name, "a name too long");
    char *large = calloc(1, 70000);
    memset(large, 'v', 69999);
    set(carrier, "large", large);
    free(large);
}

static void list_names(const spw_propagator *self, spw_context *context, const spw_getter *getter, void *carrier)
{
    (void)self;
    (void)context;
    const char *name;
    for (size_t i = 0; (name = getter->name_at(carrier, i)) != NULL; i++)
        strncat(strncat(listed, name, 100), ";", 2);
}

static const spw_propagator own = { sizeof own, "own", inject_many, list_names, NULL, NULL };

static void only_normal_names_are_listed(void **state)
{
    (void)state;
    const spw_propagator *list[] = { &own };
    assert_int_equal(spw_propagators_set(list, 1), SPW_OK);
    static char *const environment[] = { "GOOD=1", "lower=1", "ALSO_GOOD2=", "2BAD=1", "BAD-1=1", "_X=1", "=odd", "NO_EQUALS", NULL };
    char **before = environ;
    environ = (char **)(uintptr_t)environment;
    listed[0] = '\0';
    spw_context root = spw_context_from_environment();
    environ = before;
    assert_string_equal(listed, "GOOD;ALSO_GOOD2;_X;NO_EQUALS;");
    spw_context_release(&root);
}

static void at_most_64_fields_and_64_kib_are_put_in(void **state)
{
    (void)state;
    spw_context_stats before = SPW_CONTEXT_STATS_INIT, after = SPW_CONTEXT_STATS_INIT;
    spw_context_stats_get(&before);
    static char *const environment[] = { "X_OWN_FIELD=stale", "HOME=/", NULL };
    spw_context context = traced();
    char **envp = spw_environment_new(environment, &context, 0);
    spw_context_stats_get(&after);
    assert_string_equal(value_in(envp, "X_OWN_FIELD"), "second");
    assert_string_equal(value_in(envp, "HOME"), "/");
    assert_string_equal(value_in(envp, "MANY_62"), "v");
    assert_null(value_in(envp, "MANY_63"));
    assert_null(value_in(envp, "LARGE"));
    assert_int_equal(after.fields_lost - before.fields_lost, 7 + 2);
    spw_environment_destroy(envp);
    const spw_propagator *list[] = { &spw_propagator_tracecontext, &spw_propagator_baggage };
    assert_int_equal(spw_propagators_set(list, 2), SPW_OK);
}

/* ---- for a child ---- */

static void a_copy_has_the_context_and_nothing_stale(void **state)
{
    (void)state;
    static char *const environment[] = { "PATH=/bin",     "TRACEPARENT=" STALE, "TRACESTATE=old=1", "B3=0", "X_B3_TRACEID=1",
                                         "BAGGAGE=old=1", "traceparent=kept",   "TRACEPARENTS=kept", NULL };
    spw_context base = traced();
    spw_context context = spw_baggage_set(&base, "user", "anna b");
    char **envp = spw_environment_new(environment, &context, 0);
    assert_string_equal(value_in(envp, "PATH"), "/bin");
    assert_string_equal(value_in(envp, "TRACEPARENT"), PARENT);
    assert_string_equal(value_in(envp, "TRACESTATE"), "a=1");
    assert_string_equal(value_in(envp, "BAGGAGE"), "user=anna%20b");
    assert_string_equal(value_in(envp, "traceparent"), "kept");
    assert_string_equal(value_in(envp, "TRACEPARENTS"), "kept");
    assert_null(value_in(envp, "B3"));
    assert_null(value_in(envp, "X_B3_TRACEID"));
    spw_environment_destroy(envp);
    spw_context_release(&context);

    spw_context root = { 0 };
    envp = spw_environment_new(environment, &root, 0); /* no context: nothing instead of a stale one */
    assert_null(value_in(envp, "TRACEPARENT"));
    assert_null(value_in(envp, "TRACESTATE"));
    assert_null(value_in(envp, "BAGGAGE"));
    spw_environment_destroy(envp);
    static char *const nothing[] = { NULL };
    envp = spw_environment_new(nothing, &root, 0);
    assert_null(envp[0]);
    spw_environment_destroy(envp);
    spw_environment_destroy(NULL);
}

static void credentials_stay_behind_unless_asked_for(void **state)
{
    (void)state;
    static char *const environment[] = {
        "OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20x",
        "OTEL_EXPORTER_OTLP_CLIENT_KEY=/k",
        "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE=/c",
        "OTEL_EXPORTER_OTLP_TRACES_HEADERS=1",
        "OTEL_EXPORTER_OTLP_METRICS_HEADERS=1",
        "OTEL_EXPORTER_OTLP_LOGS_HEADERS=1",
        "OTEL_EXPORTER_OTLP_PROFILES_HEADERS=1",
        "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY=1",
        "OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY=1",
        "OTEL_EXPORTER_OTLP_LOGS_CLIENT_CERTIFICATE=1",
        "OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318",
        "OTEL_SERVICE_NAME=x",
        NULL,
    };
    char **envp = spw_environment_new(environment, NULL, 0);
    assert_string_equal(envp[0], "OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318");
    assert_string_equal(envp[1], "OTEL_SERVICE_NAME=x");
    assert_null(envp[2]);
    spw_environment_destroy(envp);
    envp = spw_environment_new(environment, NULL, SPW_ENVIRONMENT_KEEP_CREDENTIALS);
    for (int i = 0; i < 13; i++) {
        if (environment[i])
            assert_string_equal(envp[i], environment[i]);
        else
            assert_null(envp[i]);
    }
    spw_environment_destroy(envp);
}

static void a_child_reads_what_its_parent_wrote(void **state)
{
    (void)state;
    setenv("TRACEPARENT", STALE, 1);
    setenv("OTEL_EXPORTER_OTLP_HEADERS", "secret=1", 1);
    spw_context base = traced();
    spw_context context = spw_baggage_set(&base, "user", "anna");
    spw_token token = spw_context_attach(&context);
    char **envp = spw_environment_new(NULL, NULL, 0); /* what is current, into a copy of our own */
    spw_context_detach(token);
    spw_context_release(&context);
    assert_non_null(envp);
    assert_string_equal(getenv("TRACEPARENT"), STALE); /* ours is not changed */
    pid_t child;
    char *argv[] = { "test_environment", "child", NULL };
    assert_int_equal(posix_spawn(&child, "/proc/self/exe", NULL, NULL, argv, envp), 0);
    spw_environment_destroy(envp);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    unsetenv("TRACEPARENT");
    unsetenv("OTEL_EXPORTER_OTLP_HEADERS");
}

/* The child's half: 0 when all is as it should be. */
static int child_main(void)
{
    spw_context context = spw_context_from_environment();
    char parent[SPW_TRACEPARENT_SIZE];
    int wrong = 0;
    wrong |= !spw_traceparent_format(context.span, parent) || strcmp(parent, PARENT) != 0 ? 1 : 0;
    const char *user = spw_baggage_get(&context, "user");
    wrong |= !user || strcmp(user, "anna") != 0 ? 2 : 0;
    wrong |= getenv("OTEL_EXPORTER_OTLP_HEADERS") ? 4 : 0;
    spw_token token = spw_context_attach(&context);
    spw_context_release(&context);
    SPW_SPAN(span, "work");
    wrong |= memcmp(span.trace_id, spw_span_current().trace_id, 16) != 0 ? 8 : 0;
    spw_context_detach(token);
    return wrong;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "child") == 0)
        return child_main();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_normalised),
        cmocka_unit_test(all_propagators_read_the_environment),
        cmocka_unit_test(only_normal_names_are_listed),
        cmocka_unit_test(at_most_64_fields_and_64_kib_are_put_in),
        cmocka_unit_test(a_copy_has_the_context_and_nothing_stale),
        cmocka_unit_test(credentials_stay_behind_unless_asked_for),
        cmocka_unit_test(a_child_reads_what_its_parent_wrote),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
