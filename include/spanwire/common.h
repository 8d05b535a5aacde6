/**
 * @file common.h
 * What every public header shares: visibility, results, errors, values.
 *
 * Threads    Everything here is plain data; share it as you would an int.
 * Ownership  Strings passed in are borrowed for the call unless a function says otherwise; the SDK copies what it keeps.
 * Failure    Set-up calls return an spw_result, and an spw_error where they take one, with the cause and the cure in words. Recording calls
 *            return void: what they cannot record they count (see spw_stats_get()).
 *
 *     spw_error err = SPW_ERROR_INIT;
 *     spw_options options = SPW_OPTIONS_INIT;
 *     options.service_name = "planner";
 *     options.error = &err;
 *     if (spw_start(&options) != SPW_OK)
 *         fprintf(stderr, "no telemetry: %s\n", err.text);   // the program goes on
 */
#ifndef SPANWIRE_COMMON_H
#define SPANWIRE_COMMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SPW_VERSION_MAJOR 0
#define SPW_VERSION_MINOR 1
#define SPW_VERSION_PATCH 0
#define SPW_VERSION "0.1.0"

#define SPW_API __attribute__((visibility("default")))

/* What is returned is the caller's to end, release or free, or is the whole effect of the call: GCC and Clang warn when it is ignored. */
#define SPW_MUST_USE __attribute__((warn_unused_result))

/* Public functions that are compiled into their callers. The libraries export each of them as well, for bindings of languages without a C
 * compiler; SPW_INLINE is something else only where they do that (src/record/inline.c). */
#ifndef SPW_INLINE
#define SPW_INLINE static inline
#endif

/** What a set-up call came to. Recording calls have no result. */
typedef enum spw_result {
    SPW_OK = 0,
    SPW_ERR_INVALID = 1,         /**< an argument or setting is wrong; the text names it and the cure */
    SPW_ERR_ALREADY_STARTED = 2, /**< the engine is one per process and runs already */
    SPW_ERR_NOT_STARTED = 3,     /**< spw_start() was not called, or spw_shutdown() was */
    SPW_ERR_TIMEOUT = 4,         /**< the deadline passed first; what is left is counted, see spw_stats_get() */
    SPW_ERR_NO_MEMORY = 5,
    SPW_ERR_SYSTEM = 6,     /**< the operating system refused something; the text says what */
    SPW_ERR_NOT_FOUND = 7,  /**< no such exporter, no such name */
    SPW_ERR_MISMATCH = 8,   /**< libspanwire and libspanwire-sdk are of different versions */
    SPW_ERR_INCOMPLETE = 9, /**< done in time, but some records were dropped or refused on the way */
} spw_result;

/** The cause and the cure of a failed set-up call, in the caller's storage. */
typedef struct spw_error {
    spw_result code;
    char text[380]; /**< always terminated; UTF-8; holds no secret */
} spw_error;
#define SPW_ERROR_INIT { SPW_OK, { 0 } }

/** A short English name for a result, never NULL. Static storage. Does not block or allocate. */
SPW_API const char *spw_result_text(spw_result result);

/** The version of the libspanwire that runs, as in SPW_VERSION, which is that of the headers. Static storage. Does not block or allocate. */
SPW_API const char *spw_version(void);

/** A view of bytes somebody else owns; not terminated. `data` may be NULL when `size` is 0. */
typedef struct spw_view {
    const char *data;
    size_t size;
} spw_view;

/** Whether the view is exactly this text (NULL: an empty one): `spw_view_is(attr->key, "db.system")`. */
SPW_INLINE bool spw_view_is(spw_view view, const char *text)
{
    size_t size = text ? __builtin_strlen(text) : 0;
    return view.size == size && (size == 0 || __builtin_memcmp(view.data, text, size) == 0);
}

/** A view as the two arguments of `%.*s`: `printf("%.*s", SPW_VIEW_ARGS(span.name))`. */
#define SPW_VIEW_ARGS(view) (int)((view).size < INT32_MAX ? (view).size : INT32_MAX), ((view).size ? (view).data : "")

/** The type of a value. The numbers up to 7 are those of the AnyValue oneof in OTLP. */
typedef enum spw_value_type {
    SPW_VALUE_EMPTY = 0,
    SPW_VALUE_STRING = 1,
    SPW_VALUE_BOOL = 2,
    SPW_VALUE_INT = 3,
    SPW_VALUE_DOUBLE = 4,
    SPW_VALUE_ARRAY = 5, /**< of values of any types, also arrays and maps */
    SPW_VALUE_MAP = 6,   /**< of keys to values of any types */
    SPW_VALUE_BYTES = 7,
    SPW_VALUE_ENCODED_ARRAY = 0x105, /**< only when reading: `u.view` holds an OTLP ArrayValue; walk it with spw_value_elements() */
    SPW_VALUE_ENCODED_MAP = 0x106,   /**< only when reading: `u.view` holds an OTLP KeyValueList; walk it with spw_value_entries() */
} spw_value_type;

/** How deep arrays and maps may be nested. A map is three messages on the wire, and decoders that stop at 100, as protobuf's in C++ and Java
 *  do, refuse the whole request that holds a deeper one. */
#define SPW_MAX_VALUE_DEPTH 30

/**
 * A value: a number, a string, or a tree of them. Everything it points to is borrowed. Nested at most SPW_MAX_VALUE_DEPTH, of at most 1,024 arrays and
 * maps in all, and of at most 1,024 entries a map, whose keys have at most 1,024 bytes (here an empty key is one); what is over that is
 * dropped whole, and counted. (Specification: Common, AnyValue.)
 */
typedef struct spw_value {
    spw_value_type type;
    union {
        spw_view view; /**< STRING, BYTES and the encoded types */
        int64_t i;
        double d;
        bool b;
        struct {
            const struct spw_value *values;
            size_t count;
        } array;
        struct {
            const struct spw_attr *entries;
            size_t count;
        } map;
    } u;
} spw_value;

/** A key with its value, for lists of attributes: `spw_attr a[] = { spw_attr_string("db.system", "sqlite") };` */
typedef struct spw_attr {
    spw_view key;
    spw_value value;
} spw_attr;

/** An attribute of two string literals, for static lists: `static const spw_attr list[] = { SPW_ATTR_STRING_INIT("team", "storage") };` */
#define SPW_ATTR_STRING_INIT(key_, value_)                                                                                                 \
    { { "" key_, sizeof(key_) - 1 }, { SPW_VALUE_STRING, { { "" value_, sizeof(value_) - 1 } } } }

/** strlen that takes NULL, and folds to a constant for literals. */
static inline size_t spw__len(const char *text)
{
    return text ? __builtin_strlen(text) : 0;
}

/** @name Values. What they point to is borrowed. Any thread; async-signal-safe; do not block or allocate. (Specification: Common, AnyValue.) @{ */
/** No value: recorded as it is, an empty one. */
SPW_INLINE spw_value spw_value_empty(void)
{
    spw_value v = { SPW_VALUE_EMPTY, { { NULL, 0 } } };
    return v;
}

/** A string of known length. Not valid UTF-8: recorded as bytes. */
SPW_INLINE spw_value spw_value_string_n(const char *text, size_t size)
{
    spw_value v = { SPW_VALUE_STRING, { { text, size } } };
    return v;
}

/** A terminated string; NULL is an empty one. */
SPW_INLINE spw_value spw_value_string(const char *text)
{
    return spw_value_string_n(text, spw__len(text));
}

/** `size` bytes; NULL only with 0. */
SPW_INLINE spw_value spw_value_bytes(const void *data, size_t size)
{
    spw_value v = { SPW_VALUE_BYTES, { { (const char *)data, size } } };
    return v;
}

/** A signed integer of 64 bits, the only one OTLP has. */
SPW_INLINE spw_value spw_value_int(int64_t number)
{
    spw_value v = { SPW_VALUE_INT, { { NULL, 0 } } };
    v.u.i = number;
    return v;
}

/** A double; not a number and infinities are kept. */
SPW_INLINE spw_value spw_value_double(double number)
{
    spw_value v = { SPW_VALUE_DOUBLE, { { NULL, 0 } } };
    v.u.d = number;
    return v;
}

/** A truth value. */
SPW_INLINE spw_value spw_value_bool(bool truth)
{
    spw_value v = { SPW_VALUE_BOOL, { { NULL, 0 } } };
    v.u.b = truth;
    return v;
}

/** An array; `values` may be of different types. */
SPW_INLINE spw_value spw_value_array(const spw_value *values, size_t count)
{
    spw_value v = { SPW_VALUE_ARRAY, { { NULL, 0 } } };
    v.u.array.values = values;
    v.u.array.count = values ? count : 0;
    return v;
}

/** A map; of equal keys the last counts. (Where very many are equal, finding that out has a bound, past which the whole value is dropped.) */
SPW_INLINE spw_value spw_value_map(const spw_attr *entries, size_t count)
{
    spw_value v = { SPW_VALUE_MAP, { { NULL, 0 } } };
    v.u.map.entries = entries;
    v.u.map.count = entries ? count : 0;
    return v;
}
/** @} */

/** @name Attributes: a key (terminated; NULL and "" are refused when it is recorded) and a value, as above. (Specification: Common, Attribute.) @{ */
SPW_INLINE spw_attr spw_attr_value(const char *key, spw_value value)
{
    spw_attr a = { { key, spw__len(key) }, value };
    return a;
}

SPW_INLINE spw_attr spw_attr_string(const char *key, const char *value)
{
    return spw_attr_value(key, spw_value_string(value));
}

SPW_INLINE spw_attr spw_attr_string_n(const char *key, const char *value, size_t size)
{
    return spw_attr_value(key, spw_value_string_n(value, size));
}

SPW_INLINE spw_attr spw_attr_bytes(const char *key, const void *value, size_t size)
{
    return spw_attr_value(key, spw_value_bytes(value, size));
}

SPW_INLINE spw_attr spw_attr_int(const char *key, int64_t value)
{
    return spw_attr_value(key, spw_value_int(value));
}

SPW_INLINE spw_attr spw_attr_double(const char *key, double value)
{
    return spw_attr_value(key, spw_value_double(value));
}

SPW_INLINE spw_attr spw_attr_bool(const char *key, bool value)
{
    return spw_attr_value(key, spw_value_bool(value));
}

SPW_INLINE spw_attr spw_attr_array(const char *key, const spw_value *values, size_t count)
{
    return spw_attr_value(key, spw_value_array(values, count));
}

SPW_INLINE spw_attr spw_attr_map(const char *key, const spw_attr *entries, size_t count)
{
    return spw_attr_value(key, spw_value_map(entries, count));
}
/** @} */

#ifndef __cplusplus
/** Lists in place, as pointer and count: `spw_attr_array("stops", SPW_VALUES(spw_value_string("stop"), spw_value_int(3)))`. C only. */
#define SPW_VALUES(...) ((const spw_value[]){ __VA_ARGS__ }), (sizeof((const spw_value[]){ __VA_ARGS__ }) / sizeof(spw_value))
#define SPW_ATTRS(...) ((const spw_attr[]){ __VA_ARGS__ }), (sizeof((const spw_attr[]){ __VA_ARGS__ }) / sizeof(spw_attr))
#endif

#ifdef __cplusplus
}
#endif
#endif
