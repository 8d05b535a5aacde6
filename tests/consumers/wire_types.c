/*
 * One attribute of every type, set by spw_set() of C11, of C23 and of C++: this file is compiled as each of them (as C++ by wire_types.cpp),
 * and prints the types and values that arrive. The three prints are the same, and the same as wire_types.txt.
 */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <wchar.h>

#include <spanwire/exporter.h>
#include <spanwire/spanwire.h>

#ifdef __cplusplus
#include <spanwire/spanwire.hpp>
#define SET(key, value) spw::span_ref(span).set(key, value)
#else
#define SET(key, value) spw_set(span, key, value)
#endif

enum colour { RED, GREEN = 7 };

static void set_integers(spw_span span)
{
    SET("bool", (bool)1);
    SET("char", (char)'c');
    SET("signed char", (signed char)-5);
    SET("unsigned char", (unsigned char)200);
    SET("short", (short)-300);
    SET("unsigned short", (unsigned short)65535);
    SET("int", -1);
    SET("int min", INT_MIN);
    SET("unsigned int", 4000000000u);
    SET("long", LONG_MIN);
    SET("unsigned long", 5ul);
    SET("unsigned long over", ULONG_MAX);
    SET("long long", LLONG_MAX);
    SET("unsigned long long", (unsigned long long)LLONG_MAX);
    SET("unsigned long long over", (unsigned long long)LLONG_MAX + 1);
    SET("character constant", 'x');
    SET("enumerator", GREEN);
    SET("comparison", (int)(span.handle != 0));
    SET("size_t", sizeof(int32_t));
    SET("wchar_t", L'w');
    SET("int8_t", (int8_t)-8);
    SET("uint64_t", UINT64_C(64));
}

static void set_the_rest(spw_span span)
{
    char text[] = "array";
    char *pointer = text;
    const char *constant = "constant";
    const char *none = NULL;
    const double number = 1e300;
    SET("float", 0.5f);
    SET("double", -2.25);
    SET("const double", number);
    SET("literal", "literal");
    SET("char array", text);
    SET("char pointer", pointer);
    SET("const char pointer", constant);
    SET("null pointer", none);
    SET("empty", "");
    SET("UTF-8", "caf\xc3\xa9");
    SET("not UTF-8", "\xff\xfe");
    SET("twice", 1);
    SET("twice", "last");
}

static void print_attr(const spw_attr *attr)
{
    const spw_value *value = &attr->value;
    printf("%.*s: ", (int)attr->key.size, attr->key.data);
    switch (value->type) {
    case SPW_VALUE_BOOL: printf("bool %d\n", value->u.b); break;
    case SPW_VALUE_INT: printf("int %" PRId64 "\n", value->u.i); break;
    case SPW_VALUE_DOUBLE: printf("double %g\n", value->u.d); break;
    case SPW_VALUE_STRING: printf("string %.*s\n", (int)value->u.view.size, value->u.view.data); break;
    case SPW_VALUE_BYTES: printf("bytes, %zu\n", value->u.view.size); break;
    default: printf("type %d\n", (int)value->type); break;
    }
}

int main(void)
{
    spw_exporter *memory = spw_memory_exporter_new(10);
    spw_pipeline_options pipeline = SPW_PIPELINE_OPTIONS_INIT;
    pipeline.exporter = memory;
    spw_options options = SPW_OPTIONS_INIT;
    options.pipelines = &pipeline;
    options.pipeline_count = 1;
    if (spw_start(&options) != SPW_OK)
        return 1;
    spw_span span = spw_span_start(NULL, "wire types", NULL);
    set_integers(span);
    set_the_rest(span);
    spw_span_end(span);

    spw_span_view seen;
    spw_attr attr;
    if (spw_flush(SPW_DEFAULT_TIMEOUT_MS) != SPW_OK || !spw_memory_exporter_span(memory, 0, &seen))
        return 1;
    for (spw_attr_iter it = seen.attributes; spw_attr_next(&it, &attr);)
        print_attr(&attr);
    return spw_shutdown(SPW_DEFAULT_TIMEOUT_MS) == SPW_OK ? 0 : 1;
}
