/**
 * @file trace.h
 * Recording spans. (Specification: Trace API.) A library includes this header and links libspanwire: libc and pthreads, nothing more.
 *
 * Threads    Any thread may start, set and end any span, also from a signal handler (a start or end that interrupts the library itself on
 *            the same thread is dropped and counted as `reentrant`). A handler in which a thread meets the library for the first time
 *            must not have interrupted malloc if the library was loaded late, after 32 thread-specific keys, or with SPW_TLS_DYNAMIC.
 * Ownership  Spans are values. All strings are copied before a call returns. A started span that records should be ended once; ending
 *            it again, or using it after its end, is harmless.
 * Failure    Recording returns void, never blocks, never fails the program, allocates nothing in steady state. (Two exceptions to the
 *            second: a thread's first span and a tracer's first use take a short lock; threads that write to one long span at once may
 *            wait for each other while its log is compacted, at most 5 ms.) What cannot be recorded is counted. Until a program calls
 *            spw_start() every call is a no-op of about a nanosecond, and a started span simply carries its parent's context.
 * Limits     Per span 128 attributes, 128 events, 128 links and 1 MiB by default; 128 attributes an event or link, of which the first 4,096
 *            are looked at; a key has at most 1,024 bytes. What is over is counted in the span's dropped counts.
 *
 *     #define SPW_DEFAULT_TRACER tracer
 *     #include <spanwire/trace.h>
 *     static spw_tracer tracer = SPW_TRACER_INIT("my-library", "1.0");
 *
 *     int fetch(const char *url)
 *     {
 *         SPW_SPAN(span, "fetch");                     // current until the block ends, however it ends
 *         spw_set(span, "url.full", url);
 *         int rc = do_fetch(url);
 *         if (rc) spw_fail(span, "timeout", "no answer in 5 s");
 *         return rc;
 *     }
 */
#ifndef SPANWIRE_TRACE_H
#define SPANWIRE_TRACE_H

#include <spanwire/context.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The relation of a span to its neighbours. The numbers are OTLP's. */
typedef enum spw_span_kind {
    SPW_KIND_UNSET = 0, /**< taken as INTERNAL */
    SPW_KIND_INTERNAL = 1,
    SPW_KIND_SERVER = 2,
    SPW_KIND_CLIENT = 3,
    SPW_KIND_PRODUCER = 4,
    SPW_KIND_CONSUMER = 5,
} spw_span_kind;

/** How a span went. Ok is final and wins over Error; Unset never changes anything. The numbers are OTLP's. */
typedef enum spw_status_code {
    SPW_STATUS_UNSET = 0,
    SPW_STATUS_OK = 1,
    SPW_STATUS_ERROR = 2,
} spw_status_code;

/**
 * A tracer: the name and version of what records (the "instrumentation scope"). Make it static, one for a library; the first span fills
 * `cache`. Strings and attributes are copied then, so that the object may be unloaded with its library. Of the attributes 128 are kept, and
 * none when they have over 4,096 bytes; what is left out is counted with them. (Specification: Trace API, Get a Tracer.)
 */
typedef struct spw_tracer {
    uint64_t cache; /**< opaque, start with 0 */
    const char *name;
    const char *version;    /**< NULL: none */
    const char *schema_url; /**< NULL: none */
    const spw_attr *attributes; /**< of the scope; a static list is made with SPW_ATTR_STRING_INIT() */
    size_t attribute_count;
} spw_tracer;
#define SPW_TRACER_INIT(name_, version_) { 0, (name_), (version_), NULL, NULL, 0 }
#define SPW_TRACER_INIT_WITH(name_, version_, schema_url_, attributes_, count_) { 0, (name_), (version_), (schema_url_), (attributes_), (count_) }

/** A link to another span, of any trace. What it points to is borrowed. (Specification: Trace API, Link.) */
typedef struct spw_link {
    spw_span span;
    const spw_attr *attributes;
    size_t attribute_count;
} spw_link;

/** What may be said at the start of a span beyond its name. Begin with SPW_SPAN_OPTIONS_INIT. */
typedef struct spw_span_options {
    size_t struct_size;
    spw_span_kind kind;
    const spw_context *parent;  /**< NULL: the current context. A zeroed context: start a new trace */
    const spw_attr *attributes; /**< set at start; a sampler sees these */
    size_t attribute_count;
    uint64_t start_unix_ns; /**< 0: now */
    const spw_link *links;  /**< a sampler sees these too */
    size_t link_count;
} spw_span_options;
#define SPW_SPAN_OPTIONS_INIT { sizeof(spw_span_options), SPW_KIND_UNSET, NULL, NULL, 0, 0, NULL, 0 }

/** A span that is also the current context; what SPW_SPAN declares. */
typedef struct spw_scope {
    spw_span span;
    spw_token token;
} spw_scope;

/* The gate: bit 0, an SDK is started; bit 1, some thread has attached a context. Read inline so that a disabled call costs a load. */
typedef struct spw__gate_page {
    uint32_t state;
    uint32_t fork_epoch;
    void *engine;
    uint8_t pad[4096 - 16];
} spw__gate_page;
SPW_API extern spw__gate_page spw__gate;
#define SPW__GATE_STARTED 1u
#define SPW__GATE_CONTEXTS 2u

static inline uint32_t spw__gate_state(void)
{
    return __atomic_load_n(&spw__gate.state, __ATOMIC_ACQUIRE);
}

/* Out-of-line halves of the inline functions below; call those instead. */
SPW_API void spw__span_start(spw_span *out, spw_tracer *tracer, const char *name, size_t name_size, const spw_span_options *options);
SPW_API void spw__scope_start(spw_scope *out, spw_tracer *tracer, const char *name, size_t name_size, const spw_span_options *options);
SPW_API void spw__scope_end(spw_scope *scope);
SPW_API void spw__span_end(uint64_t handle, uint64_t end_unix_ns);
SPW_API void spw__set_string(uint64_t handle, const char *key, size_t key_size, const char *value, size_t size);
SPW_API void spw__set_bytes(uint64_t handle, const char *key, size_t key_size, const void *value, size_t size);
SPW_API void spw__set_int(uint64_t handle, const char *key, size_t key_size, int64_t value);
SPW_API void spw__set_uint(uint64_t handle, const char *key, size_t key_size, uint64_t value);
SPW_API void spw__set_double(uint64_t handle, const char *key, size_t key_size, double value);
SPW_API void spw__set_bool(uint64_t handle, const char *key, size_t key_size, bool value);
SPW_API void spw__set_attrs(uint64_t handle, const spw_attr *attrs, size_t count);
SPW_API void spw__set_value(uint64_t handle, const char *key, size_t key_size, const spw_value *value);
SPW_API void spw__set_row(uint64_t handle, const char *key, size_t key_size, spw_value_type type, const void *items, size_t count);
SPW_API void spw__add_event(uint64_t handle, spw_view name, uint64_t unix_ns, const spw_attr *attrs, size_t count);
SPW_API void spw__add_link(uint64_t handle, const spw_link *link);
SPW_API void spw__set_status(uint64_t handle, spw_status_code code, const char *text, size_t size);
SPW_API void spw__update_name(uint64_t handle, const char *name, size_t size);
SPW_API bool spw__is_recording(uint64_t handle);
SPW_API void spw__record_exception(uint64_t handle, spw_view type, spw_view message, spw_view stacktrace, const spw_attr *attrs, size_t count);
SPW_API void spw__fail_errno(uint64_t handle, int number, const char *what, size_t what_size);
SPW_API bool spw__tracer_enabled(spw_tracer *tracer);

/**
 * Whether a span of this tracer (NULL: the program's own) could be recorded and delivered now. For work that only telemetry needs; ask each
 * time, the answer changes. Does not block or allocate. (Specification: Trace API, Enabled.)
 */
SPW_INLINE bool spw_tracer_enabled(spw_tracer *tracer)
{
    return (spw__gate_state() & SPW__GATE_STARTED) != 0 && spw__tracer_enabled(tracer);
}

/**
 * Starts a span. `tracer` NULL: the program's own. `options` NULL: an internal span, child of the current context.
 * It does not become current; see spw_scope_start(). (Specification: Trace API, Span Creation.)
 */
SPW_INLINE SPW_MUST_USE spw_span spw_span_start(spw_tracer *tracer, const char *name, const spw_span_options *options)
{
    spw_span span = { 0, { 0 }, { 0 }, 0, 0, 0, 0 };
    if (__builtin_expect(spw__gate_state() != 0 || options, 1))
        spw__span_start(&span, tracer, name, spw__len(name), options);
    return span;
}

/** Ends a span now. Idempotent; a no-op for a span that does not record. (Specification: Trace API, End.) */
SPW_INLINE void spw_span_end(spw_span span)
{
    if (span.handle)
        spw__span_end(span.handle, 0);
}

/** Ends a span at a given time (nanoseconds since 1970; 0: now); a time before its start is taken as its start. (Specification: Trace API, End.) */
SPW_INLINE void spw_span_end_at(spw_span span, uint64_t end_unix_ns)
{
    if (span.handle)
        spw__span_end(span.handle, end_unix_ns);
}

/** Starts a span and makes it current on this thread. Pair with spw_scope_end(); for compilers without `cleanup`. */
SPW_INLINE SPW_MUST_USE spw_scope spw_scope_start(spw_tracer *tracer, const char *name, const spw_span_options *options)
{
    spw_scope scope = { { 0, { 0 }, { 0 }, 0, 0, 0, 0 }, { 0 } };
    if (__builtin_expect(spw__gate_state() != 0 || options, 1))
        spw__scope_start(&scope, tracer, name, spw__len(name), options);
    return scope;
}

/* What SPW_SPAN calls: fills a zeroed scope in place. Copying one right after it was written costs more than all else when disabled. */
static inline spw_span spw__scope_open(spw_scope *scope, spw_tracer *tracer, const char *name, const spw_span_options *options)
{
    if (__builtin_expect(spw__gate_state() != 0 || options, 1))
        spw__scope_start(scope, tracer, name, spw__len(name), options);
    return scope->span;
}

/** Detaches and ends. Idempotent; on the thread that started it: elsewhere the span ends, and the misuse is counted. */
SPW_INLINE void spw_scope_end(spw_scope *scope)
{
    if (scope->span.handle || scope->token.id)
        spw__scope_end(scope);
}

/** Whether what is set on the span is kept: it records and has not ended. Skip costly attribute values when it is false. */
SPW_INLINE bool spw_is_recording(spw_span span)
{
    return span.handle && spw__is_recording(span.handle);
}

/** @name Attributes. Last value of a key wins; an empty or NULL key is dropped and counted; a NULL string is an empty one. Key and value are copied.
 *  Any thread; async-signal-safe; none blocks or allocates in steady state; no-ops for a span that does not record. (Specification: Set
 *  Attributes.) @{ */
/** A terminated string. What is not valid UTF-8 is recorded as bytes. */
SPW_INLINE void spw_set_string(spw_span span, const char *key, const char *value)
{
    if (span.handle)
        spw__set_string(span.handle, key, spw__len(key), value, spw__len(value));
}

/** A string of known length. What is not valid UTF-8 is recorded as bytes. */
SPW_INLINE void spw_set_string_n(spw_span span, const char *key, const char *value, size_t size)
{
    if (span.handle)
        spw__set_string(span.handle, key, spw__len(key), value, size);
}

/** `size` bytes; NULL only with 0. */
SPW_INLINE void spw_set_bytes(spw_span span, const char *key, const void *value, size_t size)
{
    if (span.handle)
        spw__set_bytes(span.handle, key, spw__len(key), value, size);
}

/** An integer. */
SPW_INLINE void spw_set_int(spw_span span, const char *key, int64_t value)
{
    if (span.handle)
        spw__set_int(span.handle, key, spw__len(key), value);
}

/** OTLP has no unsigned integers: above INT64_MAX the value is recorded as a decimal string, so that nothing is lost. */
SPW_INLINE void spw_set_uint(spw_span span, const char *key, uint64_t value)
{
    if (span.handle)
        spw__set_uint(span.handle, key, spw__len(key), value);
}

/** A double. */
SPW_INLINE void spw_set_double(spw_span span, const char *key, double value)
{
    if (span.handle)
        spw__set_double(span.handle, key, spw__len(key), value);
}

/** A truth value: for `true` and `false` themselves, which spw_set() takes for integers before C23. */
SPW_INLINE void spw_set_bool(spw_span span, const char *key, bool value)
{
    if (span.handle)
        spw__set_bool(span.handle, key, spw__len(key), value);
}

/**
 * Sets a value of any type, also an array or a map of values (NULL: an empty value). Arrays and maps cost more than numbers and strings, and
 * take some 12 KiB of stack. A tree that is over a budget (see spw_value) is dropped whole and counted; the limit on the length of values
 * holds for each string and each bytes in it.
 */
SPW_INLINE void spw_set_value(spw_span span, const char *key, const spw_value *value)
{
    if (span.handle)
        spw__set_value(span.handle, key, spw__len(key), value);
}

/** An array of strings, as from a C array; a NULL among them is recorded as an empty value. Cheaper than a list of spw_value. */
SPW_INLINE void spw_set_strings(spw_span span, const char *key, const char *const *values, size_t count)
{
    if (span.handle)
        spw__set_row(span.handle, key, spw__len(key), SPW_VALUE_STRING, values, count);
}

/** An array of integers. */
SPW_INLINE void spw_set_ints(spw_span span, const char *key, const int64_t *values, size_t count)
{
    if (span.handle)
        spw__set_row(span.handle, key, spw__len(key), SPW_VALUE_INT, values, count);
}

/** An array of doubles. */
SPW_INLINE void spw_set_doubles(spw_span span, const char *key, const double *values, size_t count)
{
    if (span.handle)
        spw__set_row(span.handle, key, spw__len(key), SPW_VALUE_DOUBLE, values, count);
}

/** An array of truth values. */
SPW_INLINE void spw_set_bools(spw_span span, const char *key, const bool *values, size_t count)
{
    if (span.handle)
        spw__set_row(span.handle, key, spw__len(key), SPW_VALUE_BOOL, values, count);
}

/** Sets `count` attributes at once. */
SPW_INLINE void spw_set_attrs(spw_span span, const spw_attr *attrs, size_t count)
{
    if (span.handle)
        spw__set_attrs(span.handle, attrs, count);
}
/** @} */

/** Adds an event, now, with `count` attributes (NULL and 0: none). (Specification: Add Events.) */
SPW_INLINE void spw_add_event(spw_span span, const char *name, const spw_attr *attrs, size_t count)
{
    spw_view view = { name, spw__len(name) };
    if (span.handle)
        spw__add_event(span.handle, view, 0, attrs, count);
}

/** Adds an event that happened at a given time (nanoseconds since 1970; 0: now). (Specification: Add Events.) */
SPW_INLINE void spw_add_event_at(spw_span span, const char *name, uint64_t unix_ns, const spw_attr *attrs, size_t count)
{
    spw_view view = { name, spw__len(name) };
    if (span.handle)
        spw__add_event(span.handle, view, unix_ns, attrs, count);
}

/**
 * Adds a link to another span, of this trace or any other, with `count` attributes (NULL and 0: none). Links known when the span is started
 * belong into spw_span_options: a sampler sees only those. A link to an invalid span is recorded when it has attributes or a trace state, else
 * it is none. (Specification: Trace API, Link.)
 */
SPW_INLINE void spw_add_link(spw_span span, spw_span to, const spw_attr *attrs, size_t count)
{
    if (span.handle) {
        spw_link link = { to, attrs, count };
        spw__add_link(span.handle, &link);
    }
}

/** Sets the status. Ok wins over Error, and both over Unset; the description (NULL: none) is kept for Error only. (Set Status.) */
SPW_INLINE void spw_set_status(spw_span span, spw_status_code code, const char *description)
{
    if (span.handle)
        spw__set_status(span.handle, code, description, spw__len(description));
}

/** The operation failed: status Error with `message`, and `error.type` = `type`, a word of few values (`timeout`, an errno name, `_OTHER`). */
SPW_INLINE void spw_fail(spw_span span, const char *type, const char *message)
{
    if (span.handle) {
        spw__set_string(span.handle, "error.type", 10, type, spw__len(type));
        spw__set_status(span.handle, SPW_STATUS_ERROR, message, spw__len(message));
    }
}

/**
 * A call of the system failed: status Error with "what: the system's text", and `error.type` = the number's name, as in ENOENT (`_OTHER` for
 * a number that is none). `errnum` is an errno value, or one negated; `what` (NULL: nothing) is cut at 512 bytes. errno itself stays as it
 * is. Thread-safe, but not for signal handlers, because of strerror_r().
 */
SPW_INLINE void spw_fail_errno(spw_span span, int errnum, const char *what)
{
    if (span.handle)
        spw__fail_errno(span.handle, errnum, what, spw__len(what));
}

/**
 * Records an exception, or an error that was met, handled or not, as an `exception` event; the status stays. Any text may be NULL: then it is
 * left out. Of equal keys the caller's attributes win. (Specification: Trace API, Record Exception.)
 */
SPW_INLINE void spw_record_exception(spw_span span, const char *type, const char *message, const char *stacktrace, const spw_attr *attrs,
                                     size_t count)
{
    spw_view t = { type, spw__len(type) }, m = { message, spw__len(message) }, s = { stacktrace, spw__len(stacktrace) };
    if (span.handle)
        spw__record_exception(span.handle, t, m, s, attrs, count);
}

/** The short form of spw_record_exception(). */
SPW_INLINE void spw_record_error(spw_span span, const char *type, const char *message)
{
    spw_record_exception(span, type, message, NULL, NULL, 0);
}

/** Replaces the name. (Specification: UpdateName.) */
SPW_INLINE void spw_update_name(spw_span span, const char *name)
{
    if (span.handle)
        spw__update_name(span.handle, name, spw__len(name));
}

#ifdef __cplusplus
}
#endif

/* SPW_SPAN and its like use the file's tracer: `#define SPW_DEFAULT_TRACER my_tracer`, before or after this is included. Where it is no macro it is
 * this name, of an object that is nowhere: its type tells, and it is never used. */
#ifndef SPW_DEFAULT_TRACER
extern struct spw__no_tracer SPW_DEFAULT_TRACER;
#endif
#ifdef __cplusplus
char (&spw__tracer_kind(struct spw__no_tracer *))[1];
char (&spw__tracer_kind(spw_tracer *))[2];
#define SPW__TRACER_PICK(...)                                                                                                              \
    (sizeof(spw__tracer_kind(&(__VA_ARGS__))) == 1 ? static_cast<spw_tracer *>(nullptr)                                                    \
                                                   : static_cast<spw_tracer *>(static_cast<void *>(&(__VA_ARGS__))))
#else
#define SPW__TRACER_PICK(...) _Generic(&(__VA_ARGS__), struct spw__no_tracer *: (spw_tracer *)0, default: &(__VA_ARGS__))
#endif
#define SPW__TRACER SPW__TRACER_PICK(SPW_DEFAULT_TRACER)

/** The address of the file's tracer, for functions that take one. */
#define SPW_TRACER SPW__TRACER

/** `SPW_SPAN(run, "invoke_agent planner");` declares `run`, a span that is current until the block ends, however it ends
 *  (return, break, goto; not longjmp or exit). GCC and Clang. */
#define SPW_SPAN(var, name) SPW_SPAN_WITH(var, name, SPW__TRACER, (const spw_span_options *)0)

/** The long form: a tracer of your choice and options. */
#define SPW_SPAN_WITH(var, name, tracer, options)                                                                                          \
    spw_scope spw__scope_##var __attribute__((cleanup(spw_scope_end))) = { { 0, { 0 }, { 0 }, 0, 0, 0, 0 }, { 0 } };                       \
    const spw_span var __attribute__((unused)) = spw__scope_open(&spw__scope_##var, (tracer), (name), (options))

#ifndef __cplusplus
/** Options in place, C only; they live as long as the block. What is not named has its default:
 *  `SPW_SPAN_WITH(put, "PUT", SPW_TRACER, SPW_SPAN_OPTIONS(.kind = SPW_KIND_CLIENT, SPW_WITH_ATTRS(spw_attr_int("server.port", 443))));` */
#define SPW_SPAN_OPTIONS(...) (&(const spw_span_options){ .struct_size = sizeof(spw_span_options), __VA_ARGS__ })

/** Attributes, in SPW_SPAN_OPTIONS or where a link is written: `SPW_WITH_ATTRS(spw_attr_int("a", 1), spw_attr_bool("b", true))`. */
#define SPW_WITH_ATTRS(...)                                                                                                                \
    .attributes = (const spw_attr[]){ __VA_ARGS__ }, .attribute_count = sizeof((const spw_attr[]){ __VA_ARGS__ }) / sizeof(spw_attr)

/** A span as the parent, in SPW_SPAN_OPTIONS: `SPW_SPAN_OPTIONS(SPW_WITH_PARENT(session))`. Only the span: not what is current besides it. */
#define SPW_WITH_PARENT(span_) .parent = &(const spw_context){ .span = (span_), .values = NULL }

/** Links, in SPW_SPAN_OPTIONS: `SPW_WITH_LINKS({ .span = message, SPW_WITH_ATTRS(spw_attr_int("n", 1)) }, { .span = other })`. */
#define SPW_WITH_LINKS(...)                                                                                                                \
    .links = (const spw_link[]){ __VA_ARGS__ }, .link_count = sizeof((const spw_link[]){ __VA_ARGS__ }) / sizeof(spw_link)

/** SPW_SPAN of a kind: `SPW_SPAN_KIND(call, "POST /v1/chat", SPW_KIND_CLIENT);` */
#define SPW_SPAN_KIND(var, name, kind_) SPW_SPAN_WITH(var, name, SPW_TRACER, SPW_SPAN_OPTIONS(.kind = (kind_)))

/** Sets an attribute by the type of its value: every integer type, float, double, bool, char pointers. Other pointers do not compile.
 *  `true` itself is an int before C23: use spw_set_bool() or a bool variable. Arrays and maps: spw_set_value(), spw_set_strings(), ... */
#define spw_set(span, key, value)                                                                                                          \
    _Generic((value),                                                                                                                      \
        _Bool: spw_set_bool,                                                                                                               \
        char: spw_set_int,                                                                                                                 \
        signed char: spw_set_int,                                                                                                          \
        unsigned char: spw_set_int,                                                                                                        \
        short: spw_set_int,                                                                                                                \
        unsigned short: spw_set_int,                                                                                                       \
        int: spw_set_int,                                                                                                                  \
        unsigned int: spw_set_int,                                                                                                         \
        long: spw_set_int,                                                                                                                 \
        unsigned long: spw_set_uint,                                                                                                       \
        long long: spw_set_int,                                                                                                            \
        unsigned long long: spw_set_uint,                                                                                                  \
        float: spw_set_double,                                                                                                             \
        double: spw_set_double,                                                                                                            \
        char *: spw_set_string,                                                                                                            \
        const char *: spw_set_string)(span, key, value)
#endif
#endif
