/* The table of trace states and the table of scopes: what went in comes out, or nothing does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <opentelemetry/proto/common/v1/common.pb-c.h>
#include <pthread.h>
#include <spanwire/propagation.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record/engine.h"
#include "record/tracestate.h"

/* ---- trace states ---- */

static void the_same_text_has_the_same_reference(void **state)
{
    (void)state;
    char out[SPW__TRACE_STATE_MAX];
    uint32_t a = spw__trace_state_intern("a=1", 3), b = spw__trace_state_intern("a=2", 3);
    assert_true(a && b && a != b);
    assert_int_equal(spw__trace_state_intern("a=1,b", 3), a);
    assert_int_equal(spw__trace_state_read(a, out), 3);
    assert_memory_equal(out, "a=1", 3);
    assert_int_equal(spw__trace_state_read(b, out), 3);
    assert_memory_equal(out, "a=2", 3);
}

static void every_size_up_to_512_is_kept(void **state)
{
    (void)state;
    char text[SPW__TRACE_STATE_MAX + 1], out[SPW__TRACE_STATE_MAX];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)('a' + i % 23);
    assert_int_equal(spw__trace_state_intern(text, 0), 0);
    for (size_t size = 1; size <= SPW__TRACE_STATE_MAX; size++) {
        uint32_t reference = spw__trace_state_intern(text, size);
        assert_int_not_equal(reference, 0);
        assert_int_equal(spw__trace_state_read(reference, out), size);
        assert_memory_equal(out, text, size);
    }
    assert_int_equal(spw__trace_state_intern(text, SPW__TRACE_STATE_MAX + 1), 0);
    assert_int_equal(spw__trace_state_read(0, out), 0);
}

static void the_public_reader_cuts_and_terminates(void **state)
{
    (void)state;
    char out[8] = "xxxxxxx";
    spw_span span = { .trace_state = spw__trace_state_intern("vendor=value", 12) };
    assert_int_equal(spw_trace_state(span, out, sizeof out), 12);
    assert_string_equal(out, "vendor=");
    assert_int_equal(spw_trace_state(span, NULL, 0), 12);
    assert_int_equal(spw_trace_state((spw_span){ 0 }, out, sizeof out), 0);
    assert_string_equal(out, "");
}

enum { MANY = 20000 };

/* A reference reads as its own text or, once recycled, as nothing: never as another's. */
static void recycled_states_are_empty_and_counted(void **state)
{
    (void)state;
    static uint32_t references[MANY];
    char text[32], out[SPW__TRACE_STATE_MAX];
    for (int i = 0; i < MANY; i++) {
        int size = snprintf(text, sizeof text, "key=%d", i);
        assert_int_not_equal(references[i] = spw__trace_state_intern(text, (size_t)size), 0);
        assert_int_equal(spw__trace_state_read(references[i], out), size);
    }
    uint64_t lost = spw__trace_states_lost();
    int kept = 0, recent = 0;
    for (int i = 0; i < MANY; i++) {
        int size = snprintf(text, sizeof text, "key=%d", i);
        size_t got = spw__trace_state_read(references[i], out);
        assert_true(got == 0 || (got == (size_t)size && memcmp(out, text, got) == 0));
        kept += got != 0;
        recent += got != 0 && i >= MANY - 2000;
    }
    assert_int_equal(kept, 4096);
    assert_true(recent > 1900); /* "thousands of newer distinct states" before one is recycled, nearly always */
    assert_int_equal(spw__trace_states_lost() - lost, MANY - kept);
}

/* The state of a long trace, asked for again and again, outlives any number that come and go. Interned alone does not count as asked for. */
static void a_state_in_use_stays(void **state)
{
    (void)state;
    char text[32], out[SPW__TRACE_STATE_MAX];
    uint32_t reference = spw__trace_state_intern("in=use", 6), read_only = spw__trace_state_intern("in=reading", 10);
    for (int i = 0; i < MANY; i++) {
        int size = snprintf(text, sizeof text, "other=%d", i);
        assert_int_not_equal(spw__trace_state_intern(text, (size_t)size), 0);
        if (i % 100 == 0) {
            assert_int_equal(spw__trace_state_intern("in=use", 6), reference);
            assert_int_equal(spw__trace_state_read(read_only, out), 10);
        }
    }
    assert_int_equal(spw__trace_state_read(reference, out), 6);
}

static uint64_t wrong, right;

static void *intern_and_read(void *arg)
{
    unsigned seed = (unsigned)(uintptr_t)arg;
    char text[64], out[SPW__TRACE_STATE_MAX];
    for (int i = 0; i < 50000; i++) {
        int size = snprintf(text, sizeof text, "shared=%d", rand_r(&seed) % 9000);
        uint32_t reference = spw__trace_state_intern(text, (size_t)size);
        size_t got = spw__trace_state_read(reference, out);
        if (got)
            __atomic_add_fetch(got == (size_t)size && memcmp(out, text, got) == 0 ? &right : &wrong, 1, __ATOMIC_RELAXED);
    }
    return NULL;
}

static void threads_that_recycle_each_others_never_read_wrong(void **state)
{
    (void)state;
    pthread_t threads[4];
    for (uintptr_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, intern_and_read, (void *)(i + 1)), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(wrong, 0);
    assert_true(right > 190000);
}

/* ---- scopes ---- */

static struct spw__scopes *scopes;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int new_scopes(void **state)
{
    (void)state;
    scopes = calloc(1, sizeof *scopes);
    if (scopes)
        spw__scopes_init(scopes);
    return scopes ? 0 : -1;
}

static int free_scopes(void **state)
{
    (void)state;
    free(scopes);
    return 0;
}

static uint32_t intern(const char *name, const char *version, const char *schema)
{
    const spw_tracer tracer = { .name = name, .version = version, .schema_url = schema };
    return spw__scope_intern(scopes, &lock, &tracer, 0);
}

/* protobuf-c's opinion of the framed bytes. */
static void check_scope(uint32_t number, const char *name, const char *version, const char *schema)
{
    struct spw__scope_parts parts;
    spw__scope_read(scopes, number, &parts);
    const uint8_t *bytes = (const uint8_t *)parts.framed.data;
    assert_int_equal(bytes[0], 0x0a);
    size_t head = bytes[1] & 0x80 ? 3 : 2;
    Opentelemetry__Proto__Common__V1__InstrumentationScope *scope =
        opentelemetry__proto__common__v1__instrumentation_scope__unpack(NULL, parts.framed.size - head, bytes + head);
    assert_non_null(scope);
    assert_string_equal(scope->name, name);
    assert_string_equal(scope->version, version);
    assert_int_equal(scope->base.n_unknown_fields, 0);
    opentelemetry__proto__common__v1__instrumentation_scope__free_unpacked(scope, NULL);
    assert_int_equal(parts.name.size, strlen(name));
    assert_memory_equal(parts.name.data, name, strlen(name));
    assert_int_equal(parts.version.size, strlen(version));
    assert_memory_equal(parts.version.data, version, strlen(version));
    assert_int_equal(parts.schema_url.size, strlen(schema));
    assert_memory_equal(parts.schema_url.data, schema, strlen(schema));
}

static void scopes_are_told_apart_by_all_their_parts(void **state)
{
    (void)state;
    assert_int_equal(intern(NULL, NULL, NULL), SPW__SCOPE_DEFAULT);
    assert_int_equal(intern("", "", ""), SPW__SCOPE_DEFAULT);
    uint32_t a = intern("lib", "1", NULL), b = intern("lib", "2", NULL), c = intern("lib", "1", "http://s"), d = intern("li", "b1", NULL);
    assert_true(a && b && c && d && a != b && a != c && a != d && b != c && b != d && c != d);
    assert_int_equal(intern("lib", "1", NULL), a);
    assert_int_equal(intern("lib", "1", "http://s"), c);
    const spw_tracer same = SPW_TRACER_INIT("lib", "1");
    assert_int_not_equal(spw__scope_intern(scopes, &lock, &same, 1), a); /* another provider */
    check_scope(SPW__SCOPE_DEFAULT, "", "", "");
    check_scope(a, "lib", "1", "");
    check_scope(c, "lib", "1", "http://s");
}

static void scope_names_are_repaired_and_cut(void **state)
{
    (void)state;
    char name[3000];
    memset(name, 'n', sizeof name);
    name[2999] = '\0';
    uint32_t number = intern(name, "\xff", NULL);
    name[1024] = '\0';
    check_scope(number, name, "\xef\xbf\xbd", "");
}

static void a_full_table_answers_with_the_default(void **state)
{
    (void)state;
    char name[32];
    for (unsigned i = 1; i < SPW__MAX_SCOPES; i++) {
        snprintf(name, sizeof name, "scope-%u", i);
        assert_int_equal(intern(name, NULL, NULL), i);
    }
    assert_int_equal(intern("one too many", NULL, NULL), SPW__SCOPE_DEFAULT);
    assert_int_equal(intern("scope-17", NULL, NULL), 17);
    check_scope(SPW__MAX_SCOPES - 1, "scope-1023", "", "");
    check_scope(99999, "", "", ""); /* a number that never was */
}

static void a_table_full_of_bytes_answers_with_the_default(void **state)
{
    (void)state;
    char name[1001];
    memset(name, 'x', 1000);
    name[1000] = '\0';
    uint32_t last = 0, number = 0, n = 0;
    do {
        last = number;
        snprintf(name, 8, "%07u", n++);
        name[7] = 'x';
        number = intern(name, NULL, NULL);
    } while (number);
    assert_in_range(last, 100, SPW__MAX_SCOPES - 1);
    assert_true(scopes->used <= SPW__SCOPE_BYTES);
    snprintf(name, 8, "%07u", last - 1);
    name[7] = 'x';
    check_scope(last, name, "", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_text_has_the_same_reference),
        cmocka_unit_test(every_size_up_to_512_is_kept),
        cmocka_unit_test(the_public_reader_cuts_and_terminates),
        cmocka_unit_test(recycled_states_are_empty_and_counted),
        cmocka_unit_test(a_state_in_use_stays),
        cmocka_unit_test(threads_that_recycle_each_others_never_read_wrong),
        cmocka_unit_test_setup_teardown(scopes_are_told_apart_by_all_their_parts, new_scopes, free_scopes),
        cmocka_unit_test_setup_teardown(scope_names_are_repaired_and_cut, new_scopes, free_scopes),
        cmocka_unit_test_setup_teardown(a_full_table_answers_with_the_default, new_scopes, free_scopes),
        cmocka_unit_test_setup_teardown(a_table_full_of_bytes_answers_with_the_default, new_scopes, free_scopes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
