/*
 * spanwire span start|event|end: spans for scripts.
 *
 *     export TRACEPARENT=$(spanwire span start build)
 *     make                                             # whatever reads TRACEPARENT is its child
 *     spanwire span event "tests begin" -a suite=unit
 *     export TRACEPARENT=$(spanwire span end)          # prints the parent's; empty for a root
 *
 * Nothing runs between the calls: an open span is a file (span_file.h), sent by `end`, which is span_end.c.
 * With OTEL_SDK_DISABLED there is no span: start and end hand on the TRACEPARENT they found.
 */
#include "cli.h"
#include "exec.h"
#include "fixed_ids.h"
#include "span.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include <spanwire/spanwire.h>

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static bool set_option(struct span_arguments *a, int option)
{
    switch (option) {
    case 's': a->service = optarg; return true;
    case 'e': a->endpoint = optarg; return true;
    case 'a': return exec_add_attrs(&a->attrs, optarg);
    case 'S': a->status = optarg; return true;
    case 'd': a->description = optarg; return true;
    case 'p': a->traceparent = optarg; return true;
    case 'k': return exec_read_kind(optarg, &a->kind);
    case 't': return exec_read_timeout(optarg, &a->timeout_ms);
    default: fputs("spanwire: try spanwire help\n", stderr); return false;
    }
}

static bool read_arguments(int argc, char **argv, struct span_arguments *a)
{
    static const struct option known[] = {
        {"service", required_argument, NULL, 's'},     {"endpoint", required_argument, NULL, 'e'},           {"kind", required_argument, NULL, 'k'},
        {"attrs", required_argument, NULL, 'a'},       {"status-code", required_argument, NULL, 'S'},        {"status-description", required_argument, NULL, 'd'},
        {"traceparent", required_argument, NULL, 'p'}, {"timeout", required_argument, NULL, 't'},            {NULL, 0, NULL, 0}};
    *a = (struct span_arguments){.kind = SPW_KIND_INTERNAL, .timeout_ms = SPW_DEFAULT_TIMEOUT_MS, .traceparent = getenv("TRACEPARENT")};
    int option;
    while ((option = getopt_long(argc, argv, "s:e:k:a:", known, NULL)) != -1)
        if (!set_option(a, option))
            return false;
    if (argc - optind > 1) {
        fprintf(stderr, "spanwire: one name, please: \"%s\" is another\n", argv[optind + 1]);
        return false;
    }
    a->word = argv[optind];
    if (a->status && strcmp(a->status, "error") != 0 && strcmp(a->status, "ok") != 0 && strcmp(a->status, "unset") != 0) {
        fprintf(stderr, "spanwire: --status-code %s: choose error, ok or unset\n", a->status);
        return false;
    }
    return true;
}

/* ---- start ---- */

static bool fill_random(uint8_t *bytes, size_t size)
{
    return getrandom(bytes, size, 0) == (ssize_t)size;
}

/* A sampler that may say no is asked here, not at the end: the commands in between go by the flag in TRACEPARENT. */
static bool ask_sampler(const struct span_arguments *a, const spw_context *parent, spw_span *span)
{
    struct fixed_ids ids;
    fixed_ids_init(&ids, span->trace_id, span->span_id);
    spw_pipeline_options nowhere = SPW_PIPELINE_OPTIONS_INIT;
    nowhere.exporter_name = "memory";
    spw_options options = SPW_OPTIONS_INIT;
    options.id_generator = &ids.base;
    options.pipelines = &nowhere;
    options.pipeline_count = 1;
    if (spw_start(&options) != SPW_OK)
        return false;
    spw_attr attrs[SPAN_MAX_ATTRS];
    char *texts = a->attrs ? strdup(a->attrs) : NULL;
    spw_span_options how = SPW_SPAN_OPTIONS_INIT;
    how.kind = a->kind;
    how.parent = parent;
    how.attributes = attrs;
    how.attribute_count = span_read_attrs(texts, attrs);
    *span = spw_span_start(span_tracer(), a->word, &how);
    free(texts);
    spw_span_end(*span);
    (void)spw_shutdown(SPW_NOW);
    return true;
}

static bool make_span(const struct span_arguments *a, const spw_context *parent, bool root, spw_span *span)
{
    *span = parent->span;
    if (root) {
        span->flags = SPW_FLAG_SAMPLED | SPW_FLAG_RANDOM;
        if (!fill_random(span->trace_id, sizeof span->trace_id))
            return false;
    }
    return fill_random(span->span_id, sizeof span->span_id) && (exec_sampler_is_plain() || ask_sampler(a, parent, span));
}

static bool write_start(const struct span_arguments *a, bool root, bool sampled, const char *traceparent)
{
    const char *parent = getenv("TRACEPARENT"), *state = getenv("TRACESTATE");
    struct span_file file;
    if (!span_file_create(&file, traceparent))
        return false;
    bool ok = span_file_put(&file, "start", now_ns(), a->word) && span_file_put(&file, "kind", (uint64_t)a->kind, NULL) &&
              (sampled || span_file_put(&file, "unsampled", 1, NULL)) && (root || span_file_put(&file, "parent", 0, parent)) &&
              (root || !state || span_file_put(&file, "tracestate", 0, state)) && (!a->service || span_file_put(&file, "service", 0, a->service)) &&
              (!a->endpoint || span_file_put(&file, "endpoint", 0, a->endpoint)) && (!a->attrs || span_file_put(&file, "attrs", 0, a->attrs));
    ok = span_file_close(&file) && ok;
    if (!ok)
        span_file_remove(&file);
    return ok;
}

static int start(const struct span_arguments *a)
{
    static const uint8_t none[16];
    char traceparent[SPW_TRACEPARENT_SIZE];
    spw_context parent = spw_context_from_environment();
    spw_span span;
    bool root = memcmp(parent.span.trace_id, none, sizeof none) == 0;
    bool ok = make_span(a, &parent, root, &span);
    spw_context_release(&parent);
    if (!ok)
        return EXIT_FAILED;
    spw_traceparent_format(span, traceparent);
    if (!write_start(a, root, span.flags & SPW_FLAG_SAMPLED, traceparent))
        return EXIT_FAILED;
    printf("%s\n", traceparent);
    return 0;
}

/* ---- event ---- */

static int event(const struct span_arguments *a)
{
    struct span_file file;
    if (!span_file_append(&file, a->traceparent))
        return EXIT_FAILED;
    bool ok = span_file_put(&file, "event", now_ns(), a->word) && (!a->attrs || span_file_put(&file, "event-attrs", 0, a->attrs));
    return span_file_close(&file) && ok ? 0 : EXIT_FAILED;
}

static int hand_on(const char *command, const struct span_arguments *a)
{
    if (strcmp(command, "event") != 0)
        printf("%s\n", a->traceparent ? a->traceparent : "");
    return 0;
}

int cli_span(int argc, char **argv)
{
    static const struct { const char *name; int (*run)(const struct span_arguments *); bool named; } commands[] = {
        {"start", start, true}, {"event", event, true}, {"end", span_end_command, false}};
    struct span_arguments arguments;
    for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(argv[1], commands[i].name) != 0)
            continue;
        if (!read_arguments(argc - 1, argv + 1, &arguments))
            return EXIT_USAGE;
        if (commands[i].named == !arguments.word) {
            fprintf(stderr, commands[i].named ? "spanwire: span %s takes a name\n" : "spanwire: span %s takes no name; the span has one\n", argv[1]);
            return EXIT_USAGE;
        }
        int status = exec_is_disabled() ? hand_on(argv[1], &arguments) : commands[i].run(&arguments);
        free(arguments.attrs);
        return status;
    }
    fputs("spanwire: span start NAME | span event NAME | span end; try spanwire help\n", stderr);
    return EXIT_USAGE;
}
