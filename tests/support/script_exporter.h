/*
 * An exporter that does what a test tells it: answers in turn from a script, keeps what it was given, hangs, blocks. Thread-safe to read.
 *
 *     struct script_exporter *e = script_exporter_new();
 *     script_exporter_push(e, (struct script_answer){ .status = SPW_EXPORT_RETRY });   // then DELIVERED for ever
 */
#ifndef TESTS_SCRIPT_EXPORTER_H
#define TESTS_SCRIPT_EXPORTER_H

#include <spanwire/exporter.h>

struct script_answer {
    spw_export_status status;
    uint64_t rejected;
    uint64_t retry_after_ms;
    bool refused, ambiguous, malformed;
    bool hang; /* no answer at all */
};

struct script_exporter;

/* Belongs to the SDK as an exporter, to the test as an object: free it with script_exporter_free() after spw_shutdown(). */
struct script_exporter *script_exporter_new(void);
void script_exporter_free(struct script_exporter *e);
spw_exporter *script_exporter_base(struct script_exporter *e);

void script_exporter_push(struct script_exporter *e, struct script_answer answer);

/* From now on submit() blocks (the exporter is flagged SPW_EXPORTER_BLOCKS) until released. Before spw_start(). */
void script_exporter_block(struct script_exporter *e);
void script_exporter_release(struct script_exporter *e);

size_t script_exporter_spans(struct script_exporter *e);   /* delivered */
size_t script_exporter_submits(struct script_exporter *e); /* calls of submit */
size_t script_exporter_cancels(struct script_exporter *e);
bool script_exporter_destroyed(struct script_exporter *e);

/* Whether every retry came with the bytes of its first try. */
bool script_exporter_retries_same(struct script_exporter *e);

/* How many of the delivered spans have that name. */
size_t script_exporter_named(struct script_exporter *e, const char *name);

/* spw_start() with this one exporter and quick settings; asserts that it succeeds. */
void script_start(struct script_exporter *e, const spw_pipeline_options *pipeline);

/* At rest: ended = exported + rejected + filtered + sum(dropped) + queued + in_flight, for every pipeline. Asserts. */
void assert_identity(void);

/* The first pipeline's account. */
spw_pipeline_stats account(void);

#endif
