/**
 * @file exporter.h
 * The seam between the SDK and where telemetry goes. The built-in exporters use this and nothing else. (Specification: Trace SDK, Span
 * Exporter.)
 *
 * Threads    The SDK calls an exporter on its worker thread only, one submit at a time; an exporter flagged SPW_EXPORTER_BLOCKS is called on
 *            a thread of its own, so that it may block without holding up the others. `done` may be called from any thread. In pump mode
 *            (pump.h) the worker's thread is whichever steps, one at a time.
 * Ownership  A batch is lent from submit() until done() returns. An exporter object belongs to the SDK once spw_start() has it.
 * Failure    An exporter says how a batch went; the SDK keeps, retries, drops and counts. No exporter can lose a record uncounted.
 *
 *     static void print_submit(spw_exporter *self, const spw_batch *batch, spw_export_done_fn done, void *token)
 *     {
 *         spw_span_view span;
 *         for (spw_span_iter it = spw_batch_spans(batch); spw_span_next(&it, &span);)
 *             printf("%.*s\n", SPW_VIEW_ARGS(span.name));
 *         spw_export_result ok = SPW_EXPORT_RESULT_INIT;
 *         done(token, &ok);
 *     }
 */
#ifndef SPANWIRE_EXPORTER_H
#define SPANWIRE_EXPORTER_H

#include <spanwire/sdk.h>
#include <spanwire/trace.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- what an exporter is given: functions of a batch run on any thread while it is lent, and do not block or allocate ---- */

/** A batch of finished records. Immutable while lent. */
typedef struct spw_batch spw_batch;

/** How many records it holds. */
SPW_API size_t spw_batch_count(const spw_batch *batch);

/** Counts up with every new batch of a pipeline; a batch submitted again (a retry) keeps its number. */
SPW_API uint64_t spw_batch_sequence(const spw_batch *batch);

/** The exact size of the encoded ExportTraceServiceRequest, in bytes. */
SPW_API size_t spw_batch_encoded_size(const spw_batch *batch);

/** Writes the request, one contiguous OTLP protobuf message, to `out`; returns its size, or 0 when `size` is too small. */
SPW_API size_t spw_batch_encode(const spw_batch *batch, uint8_t *out, size_t size);

/* ---- reading records: views into the wire bytes, valid while the batch is lent. Any thread with an iterator of its own; nothing here blocks or
 *      allocates ---- */

/** Walks encoded KeyValues. */
typedef struct spw_attr_iter {
    const uint8_t *at;
    const uint8_t *end;
    uint32_t field; /**< the field number the KeyValues have in their message */
    uint32_t reserved; /**< 0 */
} spw_attr_iter;

/** Walks the encoded events of a span. */
typedef struct spw_event_iter {
    const uint8_t *at;
    const uint8_t *end;
    uint64_t reserved; /**< 0 */
} spw_event_iter;

/** Walks the encoded links of a span. */
typedef struct spw_link_iter {
    const uint8_t *at;
    const uint8_t *end;
    uint64_t reserved; /**< 0 */
} spw_link_iter;

/** Walks the values of an encoded array. */
typedef struct spw_value_iter {
    const uint8_t *at;
    const uint8_t *end;
    uint64_t reserved; /**< 0 */
} spw_value_iter;

/** An instrumentation scope: what the span's tracer says of itself. */
typedef struct spw_instrumentation_scope {
    spw_view name;
    spw_view version;
    spw_view schema_url;
    spw_attr_iter attributes;
    uint32_t dropped_attributes;
    const void *reserved[2]; /**< NULL */
} spw_instrumentation_scope;

/** A finished span, read in place. Zero in what a record of an older layout does not have. */
typedef struct spw_span_view {
    uint8_t trace_id[16];
    uint8_t span_id[8];
    uint8_t parent_span_id[8]; /**< all zero: a root */
    uint32_t flags;            /**< OTLP span flags: W3C flags, has-is-remote, is-remote */
    spw_span_kind kind;
    spw_status_code status;
    spw_view status_message;
    spw_view name;
    spw_view trace_state;
    uint64_t start_unix_ns;
    uint64_t end_unix_ns;
    uint32_t dropped_attributes;
    uint32_t dropped_events;
    uint32_t dropped_links;
    spw_instrumentation_scope scope;
    spw_attr_iter attributes;
    spw_event_iter events;
    spw_link_iter links;
    spw_view encoded;       /**< the Span message itself */
    spw_attr_iter resource; /**< nothing where it is not known: spw_span_view_read() */
    const void *reserved[4]; /**< NULL */
} spw_span_view;

typedef struct spw_event_view {
    uint64_t unix_ns;
    spw_view name;
    uint32_t dropped_attributes;
    spw_attr_iter attributes;
    const void *reserved[2]; /**< NULL */
} spw_event_view;

typedef struct spw_link_view {
    uint8_t trace_id[16];
    uint8_t span_id[8];
    uint32_t flags; /**< OTLP link flags: W3C flags, has-is-remote, is-remote */
    spw_view trace_state;
    uint32_t dropped_attributes;
    spw_attr_iter attributes;
    const void *reserved[2]; /**< NULL */
} spw_link_view;

/** Walks the spans of a batch. */
typedef struct spw_span_iter {
    const spw_batch *batch;
    size_t index;
    const void *reserved[2]; /**< NULL */
} spw_span_iter;

/** The spans of a batch, for spw_span_next(). */
SPW_INLINE spw_span_iter spw_batch_spans(const spw_batch *batch)
{
    spw_span_iter it = { batch, 0, { NULL, NULL } };
    return it;
}

/** The next span, grouped by scope; false at the end. */
SPW_API bool spw_span_next(spw_span_iter *it, spw_span_view *out);

/** Reads one encoded Span message that did not come from a batch (a file, a test). False when it is malformed. */
SPW_API bool spw_span_view_read(const void *data, size_t size, spw_span_view *out);

/** The next attribute; false at the end, or where the bytes are malformed. */
SPW_API bool spw_attr_next(spw_attr_iter *it, spw_attr *out);

/** The next event; false at the end. */
SPW_API bool spw_event_next(spw_event_iter *it, spw_event_view *out);

/** The next link; false at the end. */
SPW_API bool spw_link_next(spw_link_iter *it, spw_link_view *out);

/** The values of an SPW_VALUE_ENCODED_ARRAY, for spw_value_next(); nothing for other types. */
SPW_API spw_value_iter spw_value_elements(const spw_value *array);

/** The next value of an array; false at the end, or where the bytes are malformed. */
SPW_API bool spw_value_next(spw_value_iter *it, spw_value *out);

/** The entries of an SPW_VALUE_ENCODED_MAP, for spw_attr_next(); nothing for other types. */
SPW_API spw_attr_iter spw_value_entries(const spw_value *map);

/** The attributes of the batch's resource. */
SPW_API spw_attr_iter spw_batch_resource(const spw_batch *batch);

/** The schema URL of the resource; empty when it has none. */
SPW_API spw_view spw_batch_resource_schema_url(const spw_batch *batch);

/* ---- what an exporter answers ---- */

typedef enum spw_export_status {
    SPW_EXPORT_DELIVERED = 0, /**< the receiver has it, but for `rejected` of it */
    SPW_EXPORT_RETRY = 1,     /**< try the same batch again later */
    SPW_EXPORT_PERMANENT = 2, /**< it will never be taken: dropped and counted */
} spw_export_status;

typedef struct spw_export_result {
    size_t struct_size;
    spw_export_status status;
    uint64_t rejected;       /**< DELIVERED: records the receiver refused; clamped to the batch */
    uint64_t retry_after_ms; /**< RETRY: the receiver's wish; 0: the SDK's own back-off */
    uint8_t ambiguous;       /**< how often the batch was sent and its answer lost: it may arrive as often again. With RETRY, and with any other status
                                  when it was sent anew within the submit */
    bool malformed;          /**< DELIVERED: but the answer was not readable */
    bool refused;            /**< RETRY: nobody listens there (connection refused); an exit flush then does not wait */
    char text[256];          /**< cause and cure for the log, free of secrets; empty: nothing to say */
} spw_export_result;
#define SPW_EXPORT_RESULT_INIT { sizeof(spw_export_result), SPW_EXPORT_DELIVERED, 0, 0, 0, false, false, { 0 } }

/** Ends one submit; `result` is copied. Thread-safe. Call it once a submit. */
typedef void (*spw_export_done_fn)(void *token, const spw_export_result *result);

/* ---- the worker's event loop, for exporters that wait for sockets: on the worker's thread only. None blocks; watching allocates ---- */

typedef struct spw_loop spw_loop;
#define SPW_IO_READ 1u
#define SPW_IO_WRITE 2u
#define SPW_IO_ERROR 4u

typedef void (*spw_io_fn)(void *arg, int fd, unsigned events);
typedef void (*spw_timer_fn)(void *arg);

/** A timer in the exporter's storage. Zero it once, set `fn` and `arg`; the loop owns what comes after them. */
typedef struct spw_timer {
    spw_timer_fn fn;
    void *arg;
    uint64_t due_ms;
    struct spw_timer *next;
    bool armed;
    const void *reserved[3];
} spw_timer;

/** Watches a descriptor (SPW_IO_READ | SPW_IO_WRITE); 0 stops watching. One watch a descriptor. SPW_ERR_NO_MEMORY; SPW_ERR_SYSTEM when the system
 *  refuses it. */
SPW_API spw_result spw_loop_watch(spw_loop *loop, int fd, unsigned events, spw_io_fn fn, void *arg);

/** Arms a timer to fire once in `delay_ms`; armed again it moves. Never fails. */
SPW_API void spw_loop_arm(spw_loop *loop, spw_timer *timer, uint64_t delay_ms);

/** Disarms; harmless when not armed. */
SPW_API void spw_loop_disarm(spw_loop *loop, spw_timer *timer);

/** The loop's monotonic clock, in milliseconds. */
SPW_API uint64_t spw_loop_now_ms(const spw_loop *loop);

/* ---- the exporter itself ---- */

#define SPW_EXPORTER_BLOCKS 1u /**< submit() may block: give it a thread */

/** An exporter. Begin with SPW_EXPORTER_INIT; embed it as the first member of your own struct. */
typedef struct spw_exporter {
    size_t struct_size;
    const char *name; /**< static storage */
    uint32_t flags;   /**< SPW_EXPORTER_* */
    size_t max_request_bytes; /**< batches are kept to this encoded size; 0: no limit */

    /** Once, on the worker, before the first submit (with SPW_EXPORTER_BLOCKS: on the exporter's thread, `loop` NULL). NULL: nothing to do. */
    spw_result (*start)(struct spw_exporter *self, spw_loop *loop, spw_error *error);

    /** Sends the batch and answers by `done`, now or later. Without SPW_EXPORTER_BLOCKS it must not block. Also called when start() failed:
     *  answer PERMANENT then. */
    void (*submit)(struct spw_exporter *self, const spw_batch *batch, spw_export_done_fn done, void *token);

    /** A hint: somebody flushes, and waits for the answer to the running submit; so do not wait for more, do not pause. Calls for no answer of its
     *  own: what an exporter was given counts as exported when it answers, so answer when it is passed on, and not before. May come for each
     *  submit that a flush waits for. On the worker; must not block. With SPW_EXPORTER_BLOCKS submit() may run meanwhile, on the exporter's
     *  thread, or be about to. NULL: it never waits. (Specification: Span Exporter, ForceFlush.) */
    void (*flush)(struct spw_exporter *self);

    /** Gives up the running submit, when its time is over or a shutdown's: close what it opened, and do not call its `done` any more. On the
     *  worker; must not block. With SPW_EXPORTER_BLOCKS submit() still runs meanwhile, on the exporter's thread: see to it that it returns
     *  soon (shut its socket down, set what it waits for); what it answers by then is ignored. It may also be just about to begin, or to
     *  return; when it returns without an answer, cancel is called once more, on the exporter's thread. NULL: cannot be cancelled; the SDK
     *  waits for a blocking exporter no longer than its own deadline and leaves it its thread. */
    void (*cancel)(struct spw_exporter *self);

    /** Frees the exporter; nothing of it runs any more. Before spw_shutdown() returns; with SPW_EXPORTER_BLOCKS on the exporter's thread, and
     *  only if submit() has returned by the shutdown's deadline or 50 ms later, else when it does, and the log says so. */
    void (*destroy)(struct spw_exporter *self);
} spw_exporter;
#define SPW_EXPORTER_INIT { sizeof(spw_exporter), NULL, 0, 0, NULL, NULL, NULL, NULL, NULL }

/** The OTLP settings that hold for one signal, resolved from options and environment. Strings live during the factory's call. */
typedef struct spw_otlp_settings {
    size_t struct_size;
    const char *endpoint;      /**< as given */
    bool endpoint_is_signal;   /**< true: used as it is; false: a base URL, /v1/traces is added */
    const char *protocol;      /**< http/protobuf or http/json */
    const char *headers;       /**< W3C Baggage list form, percent-encoded */
    const char *compression;   /**< none or gzip */
    uint32_t timeout_ms;       /**< one export call; 0: none */
    const char *certificate;   /**< PEM of the CA; NULL: the system's */
    const char *client_key;
    const char *client_certificate;
    const char *proxy;             /**< URL with scheme and port, and credentials if there are any; NULL: none. The environment was read */
    uint32_t max_connection_age_ms; /**< a connection older than this takes no further request; 0: no limit */
    const char *proxy_certificate;  /**< PEM of the CA of a proxy that is spoken to over TLS; NULL: the system's */
} spw_otlp_settings;
#define SPW_OTLP_SETTINGS_INIT { sizeof(spw_otlp_settings), NULL, false, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL, 0, NULL }

/** What a factory is told. Lent for the call, but for the log function. Who calls a factory begins with SPW_EXPORTER_SETTINGS_INIT. */
typedef struct spw_exporter_settings {
    size_t struct_size;
    const spw_otlp_settings *otlp; /**< never NULL */
    const char *user_agent_prefix; /**< NULL: none */
    spw_log_fn log_fn;             /**< the SDK's diagnostics, already filtered by level; stays valid for the exporter's life */
    void *log_arg;
} spw_exporter_settings;
#define SPW_EXPORTER_SETTINGS_INIT { sizeof(spw_exporter_settings), NULL, NULL, NULL, NULL }

/** Makes an exporter, or returns NULL and says why in `error`. Does no I/O. Called max_concurrent_exports times for a pipeline, each time for another. */
typedef spw_exporter *(*spw_exporter_factory_fn)(void *arg, const spw_exporter_settings *settings, spw_error *error);

/** Registers a factory under a name, which OTEL_TRACES_EXPORTER and spw_pipeline_options can then use. Replaces one of the same name. At most 32. */
SPW_API spw_result spw_exporter_register(const char *name, spw_exporter_factory_fn factory, void *arg);

/** Registers otlp, console, file, otlp/stdout and memory; spw_start() calls it. Idempotent. */
SPW_API void spw_exporters_register_builtin(void);

/*
 * ---- the console exporter, by name: `console` ----
 *
 * Spans on standard output, for people. Those of one batch whose parents are in it, too, stand below them, as a tree; others stand alone and name
 * their parent. OTEL_TRACES_EXPORTER=console sends each span alone, as the specification wants it; a pipeline of spw_options in the mode
 * SPW_PIPELINE_BATCH waits 100 ms for what ends together. Long values are cut, at most 1 MiB a span is written, control characters are escaped;
 * in colours on a terminal, unless NO_COLOR is set or TERM is `dumb`. It blocks, on a thread of its own.
 */

/* ---- the file exporter: OTLP JSON lines ---- */

/** Begin with SPW_FILE_EXPORTER_OPTIONS_INIT. Strings are copied. */
typedef struct spw_file_exporter_options {
    size_t struct_size;
    /** A regular file, made when it is not there (mode 0600); NULL: standard output. At most 4,000 bytes. A relative one is of the folder at the
     * time of spw_file_exporter_new(), wherever the program goes later. */
    const char *path;
    uint64_t max_file_bytes; /**< a batch that would go past this begins a new file (100 MiB); UINT64_MAX: never. A larger batch is alone in one */
    uint32_t max_files;      /**< in all: `path`, then the old ones, `path.1` the newest (4; at most 1,000). What is older is deleted */
} spw_file_exporter_options;
#define SPW_FILE_EXPORTER_OPTIONS_INIT { sizeof(spw_file_exporter_options), NULL, 0, 0 }

/**
 * A new file exporter; give it to spw_start() in spw_pipeline_options.exporter, which then owns it. By name it is `file`, with the path in
 * SPANWIRE_TRACES_FILE, and `otlp/stdout`. It blocks, on a thread of its own.
 *
 * Writes a line an ExportTraceServiceRequest, as the collector's file exporter does and its OTLP JSON file receiver reads; a batch over 512 KiB
 * becomes several lines. `exported` means: the system has taken it; it is not synced to the disk. A batch is written whole or not at all; where a
 * crash left half a line, the next one begins after a newline. A file that cannot be written (a full disk, no such directory) is tried again,
 * with one line in the log. Symbolic links are not followed. Several processes may write to one file; one that was moved or deleted is made anew.
 * Makes no system call and allocates a little. NULL: *error says why. (Specification: OTLP File Exporter.)
 */
SPW_API SPW_MUST_USE spw_exporter *spw_file_exporter_new(const spw_file_exporter_options *options, spw_error *error);

/* ---- the memory exporter, for tests: keeps the encoded spans it was given ---- */

/** A new memory exporter that keeps at most `max_spans`; give it to spw_start() in spw_pipeline_options.exporter. NULL when out of memory. */
SPW_API SPW_MUST_USE spw_exporter *spw_memory_exporter_new(size_t max_spans);

/** A span it holds (0 is the oldest), with its scope and resource; false past the end. Views stay valid until reset or shutdown. Flush first.
 *  Thread-safe. */
SPW_API bool spw_memory_exporter_span(spw_exporter *exporter, size_t index, spw_span_view *out);

/** How many it holds. Thread-safe. */
SPW_API size_t spw_memory_exporter_count(spw_exporter *exporter);

/** Forgets them. Thread-safe; invalidates views. */
SPW_API void spw_memory_exporter_reset(spw_exporter *exporter);

#ifdef __cplusplus
}
#endif
#endif
