/*
 * spanwire exec: what its two processes share. The one the caller waits for runs the command; the other one has the SDK, records the span and
 * delivers it, and is waited for by nobody unless --wait asks for that.
 */
#ifndef SPANWIRE_EXEC_H
#define SPANWIRE_EXEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <spanwire/trace.h>

enum { EXEC_MAX_ATTRS = 64 };

struct exec_options {
    const char *name;     /* of the span; NULL: the command's */
    const char *service;  /* NULL: OTEL_SERVICE_NAME, then spanwire-exec */
    const char *endpoint; /* NULL: OTEL_* */
    spw_span_kind kind;
    spw_attr attrs[EXEC_MAX_ATTRS];
    size_t attr_count;
    char *texts;          /* what the attributes point to */
    uint32_t timeout_ms;  /* of the delivery */
    bool hide_arguments;
    bool ignore_parent;
    bool print_parent; /* TRACEPARENT, before the command runs */
    bool wait;
    bool quiet;
    char **command;
};

/* Reads them; false after saying what is wrong. Strings point into argv, but for attributes, which live until exec_options_free();
 * that is for those that could be read. */
bool exec_options_read(int argc, char **argv, struct exec_options *options);
void exec_options_free(struct exec_options *options);

/* "k=v,k2=v2" into attributes from `*count` on; texts are cut in place. Numbers and true and false become such. False: a pair without a key. */
bool exec_read_attrs(char *text, spw_attr *attrs, size_t room, size_t *count);
/* Each use of --attrs adds; the texts are one, from malloc. */
bool exec_add_attrs(char **texts, const char *more);
bool exec_read_kind(const char *text, spw_span_kind *kind);
bool exec_read_timeout(const char *text, uint32_t *timeout_ms);

/* What OTEL_* say: nothing is to be recorded; whoever records decides as the parent does, so that nobody has to be asked. */
bool exec_is_disabled(void);
bool exec_sampler_is_plain(void);

/* The first argument of the second process after its name: who the span is, when it started. */
struct exec_identity {
    uint8_t trace_id[16];
    uint8_t span_id[8];
    uint64_t start_unix_ns;
};
enum { EXEC_IDENTITY_TEXT = 32 + 16 + 16 + 1 };

/* What the second process is told once the command has ended; both are of one build. */
struct exec_record {
    uint64_t end_unix_ns;
    int64_t pid;
    int32_t error;     /* errno of a command that could not be started */
    int32_t exit_code; /* -1: it was ended by `signal` */
    int32_t signal;
    int64_t user_us, system_us;
    int64_t max_rss_bytes;
    int64_t minor_faults, major_faults;
    int64_t voluntary_switches, involuntary_switches;
    int64_t blocks_in, blocks_out;
};

#endif
