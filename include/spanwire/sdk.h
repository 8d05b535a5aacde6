/**
 * @file sdk.h
 * Starting, flushing and stopping the SDK, its settings, its numbers and its voice. Link libspanwire-sdk.
 *
 * Threads    Every function may be called from any thread; start and shutdown serialise themselves.
 * Ownership  Options and their strings are borrowed during spw_start().
 * Failure    A wrong setting never stops the program: spw_start() says cause and cure, and recording stays a no-op or the default is used.
 * Cost       One worker thread, started with the SDK; it never handles signals and sleeps when nothing is recorded. None with
 *            `spw_options.pump`: then the program steps, and what is said here of the worker's thread is said of the one that steps (pump.h).
 *            See README, "What it costs a host".
 *
 *     spw_options options = SPW_OPTIONS_INIT;
 *     options.service_name = "planner";
 *     spw_start(&options);                        // OTEL_* still fills what the options leave open
 *     ...
 *     if (spw_flush(2000) != SPW_OK) ...          // says whether everything up to now arrived
 *     spw_shutdown(SPW_DEFAULT_TIMEOUT_MS);
 */
#ifndef SPANWIRE_SDK_H
#define SPANWIRE_SDK_H

#include <spanwire/common.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @name Times that are no number of milliseconds. Each place takes those that make sense there, and says so:
 *
 *                                           SPW_DEFAULT_TIMEOUT_MS   SPW_NOW         SPW_NEVER
 *     spw_flush(), spw_shutdown()           5 s                      does not wait   5 s: they have an end always
 *     options: schedule_delay_ms,           the default, as 0        0 ms            refused by spw_start()
 *              exit_timeout_ms
 *     options: export_timeout_ms,           the default, as 0        refused         none
 *              otlp_timeout_ms, max_age_ms
 * @{
 */
#define SPW_DEFAULT_TIMEOUT_MS UINT32_MAX
#define SPW_NEVER (UINT32_MAX - 1u)
#define SPW_NOW (UINT32_MAX - 2u)
/** @} */

/** How bad a diagnostic is. OTEL_LOG_LEVEL picks the least that is reported (none, error, warn, info, debug); info by default. */
typedef enum spw_log_level { SPW_LOG_NONE = 0, SPW_LOG_ERROR = 1, SPW_LOG_WARN = 2, SPW_LOG_INFO = 3, SPW_LOG_DEBUG = 4 } spw_log_level;

/** Receives the SDK's diagnostics, one line each without a newline, with cause and cure and no secrets. Called on a thread of the SDK, or at
 *  the end of spw_start() or spw_shutdown() (then all lines of the call, in order), never from recording, and with no lock of the SDK held:
 *  it may take the program's locks. It may block only the delivery, not the program; it must not call spw_start(), spw_flush() or
 *  spw_shutdown(). */
typedef void (*spw_log_fn)(void *arg, spw_log_level level, const char *text);

struct spw_exporter;     /* exporter.h */
struct spw_span_view;    /* exporter.h */
struct spw_event_view;   /* exporter.h */
struct spw_link_view;    /* exporter.h */
struct spw_sampler;      /* sampler.h */
struct spw_processor;    /* processor.h */
struct spw_id_generator; /* processor.h */
struct spw_clock;        /* processor.h */

/** How a pipeline gathers. (Specification: Trace SDK, Built-in span processors.) */
typedef enum spw_pipeline_mode {
    SPW_PIPELINE_BATCH = 0,
    SPW_PIPELINE_SIMPLE = 1, /**< each span goes to the exporter as soon as it has ended, one at a time, still on the worker's thread */
} spw_pipeline_mode;

/**
 * Whether a pipeline takes a span, as it was recorded, before redaction; what is not taken is counted `filtered`. May be asked more than once
 * about a span; its last answer counts. On the worker's thread; must not block or call the SDK.
 */
typedef bool (*spw_filter_fn)(void *arg, const struct spw_span_view *span);

/** What becomes of an attribute. */
typedef enum spw_redaction { SPW_REDACT_KEEP = 0, SPW_REDACT_DROP = 1, SPW_REDACT_REPLACE = 2 } spw_redaction;

/** Whose attribute a redactor is asked about. All of it is lent for the call. */
typedef struct spw_redaction_input {
    size_t struct_size;
    const struct spw_span_view *span;   /**< the span, with its scope and resource; never NULL */
    const struct spw_event_view *event; /**< the span's event whose attribute it is; NULL: of no event */
    const struct spw_link_view *link;   /**< the span's link whose attribute it is; NULL: of no link. Both NULL: of the span itself */
} spw_redaction_input;
#define SPW_REDACTION_INPUT_INIT { sizeof(spw_redaction_input), NULL, NULL, NULL }

/**
 * Looks at one attribute of a span, an event or a link on its way into this pipeline's body; the record itself, and what other pipelines
 * send, stay as they are. A map or an array comes whole, as one of the encoded types. REPLACE: `attr->value` was changed; what it points to
 * must live until the next call. A key cannot be replaced. A dropped attribute is counted in the dropped attributes of the span, the event or
 * the link it belonged to; so is one whose new value is none (a type unknown, nested deeper than 30). A span that grows past what the
 * exporter takes in a request, or past 64 MiB, is dropped as `too_large`, and one there is no memory for as `oom`: what could not be
 * redacted is not sent. May be asked more than once about a span. On the worker's thread; must not block or call the SDK.
 */
typedef spw_redaction (*spw_redact_fn)(void *arg, const spw_redaction_input *input, spw_attr *attr);

/** One way out: processor and exporter. Zero means: the environment's value or the default. */
typedef struct spw_pipeline_options {
    size_t struct_size;
    const char *exporter_name;      /**< a registered name (otlp, console, file, memory, yours), unless `exporter` is set */
    struct spw_exporter *exporter;  /**< an exporter object; spw_start() takes it over, also when it fails */
    uint32_t max_queue_size;        /**< records, OTEL_BSP_MAX_QUEUE_SIZE (2048) */
    uint32_t max_export_batch_size; /**< records, OTEL_BSP_MAX_EXPORT_BATCH_SIZE (512) */
    uint32_t schedule_delay_ms;     /**< OTEL_BSP_SCHEDULE_DELAY (5000); SPW_NOW for 0 */
    uint32_t export_timeout_ms;     /**< OTEL_BSP_EXPORT_TIMEOUT (30000); SPW_NEVER for none */
    uint32_t max_age_ms;            /**< drop a batch that could not be delivered for so long (`retry_exhausted`); 0 or SPW_NEVER: never */
    spw_pipeline_mode mode;
    spw_filter_fn filter; /**< NULL: every span */
    void *filter_arg;
    spw_redact_fn redact; /**< NULL: as recorded */
    void *redact_arg;
    uint32_t max_concurrent_exports; /**< batches on their way at once, each by an exporter of its own (1; at most 16): for a receiver far away.
                                          They may arrive in another order. Needs `exporter_name` and SPW_PIPELINE_BATCH */
} spw_pipeline_options;
#define SPW_PIPELINE_OPTIONS_INIT { sizeof(spw_pipeline_options), NULL, NULL, 0, 0, 0, 0, 0, SPW_PIPELINE_BATCH, NULL, NULL, NULL, NULL, 0 }

/** What can be said in code. Zero, or NULL, means: the environment, then the default. Begin with SPW_OPTIONS_INIT. */
typedef struct spw_options {
    size_t struct_size;
    /* who records */
    const char *service_name;         /**< wins over OTEL_SERVICE_NAME */
    const char *service_name_default; /**< OTEL_SERVICE_NAME wins over this (unknown_service:<program>) */
    const char *service_version;
    const spw_attr *resource_attributes; /**< win over OTEL_RESOURCE_ATTRIBUTES; of any types */
    size_t resource_attribute_count;
    const char *resource_schema_url; /**< what resource_attributes follow; see spw_resource_schema_url() */
    const char *resource_detectors; /**< by name, as `service,process,host,os,container`; `none` for none (all of these and yours, see resource.h) */
    /* how */
    struct spw_sampler *sampler;           /**< spw_start() takes it over. OTEL_TRACES_SAMPLER (parentbased_always_on) */
    struct spw_id_generator *id_generator; /**< borrowed until shutdown; NULL: random ids */
    struct spw_processor *const *processors; /**< spw_start() takes them over; called in this order. At most 8 */
    size_t processor_count;
    const struct spw_clock *clock; /**< for tests; borrowed until shutdown; NULL: the system's */
    const char *propagators;       /**< `tracecontext,baggage`, OTEL_PROPAGATORS; a list set by spw_propagators_set() wins */
    /* where to */
    const spw_pipeline_options *pipelines; /**< up to 16; none: OTEL_TRACES_EXPORTER (otlp) */
    size_t pipeline_count;
    const char *otlp_endpoint;           /**< base URL, OTEL_EXPORTER_OTLP_ENDPOINT (http://localhost:4318) */
    const char *otlp_traces_endpoint;    /**< used as it is, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT */
    const char *otlp_protocol;           /**< http/protobuf or http/json, OTEL_EXPORTER_OTLP_PROTOCOL */
    const char *otlp_headers;            /**< `k=v,k2=v2`, percent-encoded values, OTEL_EXPORTER_OTLP_HEADERS */
    const char *otlp_compression;        /**< none or gzip, OTEL_EXPORTER_OTLP_COMPRESSION */
    const char *otlp_certificate;        /**< PEM file of the CA, OTEL_EXPORTER_OTLP_CERTIFICATE */
    const char *otlp_client_key;         /**< PEM file, OTEL_EXPORTER_OTLP_CLIENT_KEY */
    const char *otlp_client_certificate; /**< PEM file, OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE */
    uint32_t otlp_timeout_ms;            /**< one export call, OTEL_EXPORTER_OTLP_TIMEOUT (10000); SPW_NEVER for none */
    const char *user_agent_prefix;       /**< before `OTel-OTLP-Exporter-C/<version>` */
    /* limits */
    uint32_t max_attributes;       /**< a span, OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT (128); at most 2,048 */
    uint32_t max_events;           /**< a span, OTEL_SPAN_EVENT_COUNT_LIMIT (128) */
    uint32_t max_links;            /**< a span, OTEL_SPAN_LINK_COUNT_LIMIT (128) */
    uint32_t max_event_attributes; /**< an event, OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT (128) */
    uint32_t max_link_attributes;  /**< a link, OTEL_LINK_ATTRIBUTE_COUNT_LIMIT (128) */
    uint32_t max_value_length;     /**< in characters; longer strings are cut, OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT (none) */
    const char *const *pinned_keys; /**< attributes that are kept when a span has reached its limits; at most 16 (error.type) */
    size_t pinned_key_count;
    uint32_t max_span_bytes;     /**< recorded bytes a span may hold: 880 to 1 MiB, the default; what is over is dropped. Others are refused */
    uint32_t max_open_spans;     /**< spans recording at once (16384; at most 262,144), 1 KiB each when used; then `no_slot` */
    uint64_t max_buffer_bytes;   /**< memory for finished records of all threads (64 MiB; at most 4 GiB); in steps of 4 MiB; then `queue_full` */
    uint64_t max_overflow_bytes; /**< memory for what open spans hold past 880 bytes each (64 MiB; at most 256 MiB) */
    uint32_t exit_timeout_ms;    /**< flush at exit() without shutdown: at most this (1000); SPW_NOW for none */
    /* what is said */
    spw_log_level log_level;
    spw_log_fn log_fn; /**< NULL: standard error */
    void *log_arg;
    spw_error *error; /**< NULL, or where spw_start() says why it failed and what to do */
    bool disabled;    /**< spw_start() succeeds and records nothing, OTEL_SDK_DISABLED; propagation works all the same */
    /* more of where to */
    const char *otlp_proxy; /**< `http://[user:password@]host:port`, also https, socks4, socks4a, socks5, socks5h; wins over all variables,
                                 no_proxy as well; `none`: no proxy, whatever they say. https_proxy, http_proxy, all_proxy, no_proxy */
    uint32_t otlp_max_connection_age_ms; /**< after this a new connection is made, to where the name leads then (300000); SPW_NEVER for none */
    bool pump; /**< no worker thread: the program steps the SDK from its own event loop, see pump.h */
    const char *otlp_proxy_certificate; /**< PEM of the CA of an https:// proxy, SPANWIRE_OTLP_PROXY_CERTIFICATE (the system's); otlp_certificate is for
                                             the receiver alone */
} spw_options;
#define SPW_OPTIONS_INIT                                                                                                                   \
    { sizeof(spw_options), NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL,  \
      NULL, NULL, NULL, 0, NULL, 0, 0, 0, 0, 0, 0, NULL, 0, 0, 0, 0, 0, 0, SPW_LOG_NONE, NULL, NULL, NULL, false, NULL,                    \
      0, false, NULL }

/**
 * Starts the SDK: reads options and environment, builds resource and pipelines, starts the worker, opens the gate for recording. Does no
 * network I/O. `options` NULL: the environment decides everything. With OTEL_SDK_DISABLED=true it succeeds and records nothing.
 * Fails with SPW_ERR_ALREADY_STARTED while running; a start after a shutdown, or in a forked child, is allowed. After a shutdown that had
 * to leave something behind it fails so, too, until an exporter has answered, or a thread that stood inside a recording call has gone on;
 * for the latter it waits 100 ms. The text says which.
 * At exit() and at return from main() what is queued is delivered, for at most `exit_timeout_ms`; not at _exit(), quick_exit() or a signal.
 * Where main() leaves by pthread_exit(), the worker does not keep the process: a quarter of a second after its last thread it ends by exit(0).
 */
SPW_API spw_result spw_start(const spw_options *options);

/**
 * Delivers everything that is queued when it is called. Blocks up to `timeout_ms` (SPW_DEFAULT_TIMEOUT_MS: 5 s; 0 or SPW_NOW: asks, and does not
 * wait). SPW_OK: every pipeline
 * delivered it. SPW_ERR_TIMEOUT: not all in time; it stays queued. SPW_ERR_INCOMPLETE: some of it was dropped or refused on the way. What
 * had found no room in the queue before is not said here, but in spw_stats_get(). SPW_ERR_NOT_STARTED: no SDK runs; a disabled one has
 * nothing left, which is SPW_OK. SPW_ERR_INVALID: called on the worker's thread from within it (an exporter, a filter, the log function).
 * Does not wait for a start or a shutdown on another thread; a shutdown ends it.
 * (Specification: Trace SDK, ForceFlush.)
 */
SPW_API spw_result spw_flush(uint32_t timeout_ms);

/**
 * Closes the gate, flushes, stops the worker. Idempotent. With SPW_DEFAULT_TIMEOUT_MS a receiver that refuses connections is given up
 * after 1 s. What could not be delivered by the deadline is counted `shutdown_deadline`;
 * spans that end later are counted `already_shutdown`. Returns as spw_flush(), and SPW_OK when no SDK runs; refused on the worker's thread, too,
 * and in what a start or a shutdown calls (a factory, destroy, a processor's shutdown): SPW_ERR_INVALID. While another thread starts or shuts
 * down it waits for that, for `timeout_ms` and 50 ms at least, and changes nothing when it does not come to an end: SPW_ERR_TIMEOUT.
 * (Specification: Trace SDK, Shutdown.)
 */
SPW_API spw_result spw_shutdown(uint32_t timeout_ms);

/** Why a record was dropped. */
typedef enum spw_drop_cause {
    SPW_DROP_QUEUE_FULL = 0,
    SPW_DROP_TOO_LARGE = 1,
    SPW_DROP_PERMANENT = 2,
    SPW_DROP_RETRY_EXHAUSTED = 3,
    SPW_DROP_SHUTDOWN_DEADLINE = 4,
    SPW_DROP_ALREADY_SHUTDOWN = 5,
    SPW_DROP_NO_SLOT = 6,
    SPW_DROP_REENTRANT = 7,
    SPW_DROP_OOM = 8,
    SPW_DROP_CAUSES /**< how many this version knows */
} spw_drop_cause;

/** Places for causes in spw_pipeline_stats.dropped: later versions fill more of them. Sum over all. */
#define SPW_MAX_DROP_CAUSES 16

/** The cause's name, as in `queue_full`. */
SPW_API const char *spw_drop_cause_name(spw_drop_cause cause);

/** Ways out, at most. */
#define SPW_MAX_PIPELINES 16

/** One pipeline's account. At rest: ended = exported + rejected + filtered + sum(dropped) + queued + in_flight. */
typedef struct spw_pipeline_stats {
    char name[24];
    uint64_t ended;    /**< records offered to this pipeline */
    uint64_t exported; /**< acknowledged by the receiver */
    uint64_t rejected; /**< refused by the receiver in a partial success */
    uint64_t filtered; /**< not taken by the pipeline's own filter */
    uint64_t dropped[SPW_MAX_DROP_CAUSES];
    uint64_t queued;
    uint64_t in_flight;
    uint64_t batches;             /**< handed to the exporter, retries not counted */
    uint64_t retries;
    uint64_t ambiguous;           /**< records sent whose answer was lost; they were sent again */
    uint64_t malformed_responses; /**< 2xx with a body that is not the protocol's: taken as delivered */
    uint64_t reserved[8];         /**< 0 */
} spw_pipeline_stats;

/** spw_stats_get()'s answer. Counters run from spw_start(). */
typedef struct spw_stats {
    size_t struct_size;
    uint64_t spans_started;     /**< that record */
    uint64_t spans_not_sampled;
    uint64_t spans_record_only; /**< ended, for processors alone (SPW_SAMPLING_RECORD_ONLY): no pipeline counts them */
    uint64_t spans_record_only_lost; /**< the same, but without a slot, or not finished: reentrant, out of memory, shut down */
    uint64_t spans_open;
    uint64_t attributes_dropped; /**< of spans, by limits or bad keys; also said on their spans. Those of events are said on their events */
    uint64_t events_dropped;
    uint64_t links_dropped;
    uint64_t detach_misuse;
    uint64_t trace_states_lost;
    uint64_t ids_replaced;   /**< zeros of an id generator */
    uint64_t on_end_missed;  /**< spans that no processor's on_end was shown, for want of memory */
    uint64_t buffer_bytes;      /**< memory held for finished records now */
    uint64_t wakeups;           /**< of the worker by a recording thread */
    uint32_t threads;           /**< that recorded and still live */
    uint32_t pipeline_count;
    spw_pipeline_stats pipelines[SPW_MAX_PIPELINES];
} spw_stats;
#define SPW_STATS_INIT { sizeof(spw_stats), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, { { { 0 }, 0, 0, 0, 0, { 0 }, 0, 0, 0, 0, 0, 0, { 0 } } } }

/** Reads the counters without a lock. Exact at rest; while threads record, each number is a recent one. After shutdown: the last. */
SPW_API void spw_stats_get(spw_stats *out);

#ifdef __cplusplus
}
#endif
#endif
