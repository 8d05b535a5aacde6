/*
 * spanwire span start|event|end: spans for scripts.
 *
 *     export TRACEPARENT=$(spanwire span start build)
 *     make                                             # whatever reads TRACEPARENT is its child
 *     spanwire span event "tests begin" -a suite=unit
 *     export TRACEPARENT=$(spanwire span end)          # prints the parent's; empty for a root
 *
 * Nothing runs between the calls: an open span is a file (span_file.h), sent by `end`.
 */
#include "cli.h"
#include "exec.h"
#include "fixed_ids.h"
#include "span_file.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include <spanwire/spanwire.h>

enum { MAX_ATTRS = EXEC_MAX_ATTRS };

struct arguments {
    const char *service, *endpoint, *attrs, *status, *description, *traceparent, *word;
    spw_span_kind kind;
    uint32_t timeout_ms;
};

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static bool set_option(struct arguments *a, int option)
{
    switch (option) {
    case 's': a->service = optarg; return true;
    case 'e': a->endpoint = optarg; return true;
    case 'a': a->attrs = optarg; return true;
    case 'S': a->status = optarg; return true;
    case 'd': a->description = optarg; return true;
    case 'p': a->traceparent = optarg; return true;
    case 'k': return exec_read_kind(optarg, &a->kind);
    case 't': return exec_read_timeout(optarg, &a->timeout_ms);
    default: fputs("spanwire: try spanwire help\n", stderr); return false;
    }
}

static bool read_arguments(int argc, char **argv, struct arguments *a)
{
    static const struct option known[] = {
        {"service", required_argument, NULL, 's'},     {"endpoint", required_argument, NULL, 'e'},           {"kind", required_argument, NULL, 'k'},
        {"attrs", required_argument, NULL, 'a'},       {"status-code", required_argument, NULL, 'S'},        {"status-description", required_argument, NULL, 'd'},
        {"traceparent", required_argument, NULL, 'p'}, {"timeout", required_argument, NULL, 't'},            {NULL, 0, NULL, 0}};
    *a = (struct arguments){.kind = SPW_KIND_INTERNAL, .timeout_ms = SPW_DEFAULT_TIMEOUT_MS, .traceparent = getenv("TRACEPARENT")};
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

static int start(const struct arguments *a)
{
    static const uint8_t none[16];
    spw_context parent = spw_context_from_environment();
    spw_span span = parent.span;
    spw_context_release(&parent);
    bool root = memcmp(span.trace_id, none, sizeof none) == 0;
    if (root) {
        span.flags = SPW_FLAG_SAMPLED | SPW_FLAG_RANDOM;
        if (getrandom(span.trace_id, sizeof span.trace_id, 0) != (ssize_t)sizeof span.trace_id)
            return EXIT_FAILED;
    }
    if (getrandom(span.span_id, sizeof span.span_id, 0) != (ssize_t)sizeof span.span_id)
        return EXIT_FAILED;
    char traceparent[SPW_TRACEPARENT_SIZE];
    const char *parent_text = getenv("TRACEPARENT"), *state = getenv("TRACESTATE");
    spw_traceparent_format(span, traceparent);
    struct span_file file;
    if (!span_file_create(&file, traceparent))
        return EXIT_FAILED;
    bool ok = span_file_put(&file, "start", now_ns(), a->word) && span_file_put(&file, "kind", (uint64_t)a->kind, NULL) &&
              (root || span_file_put(&file, "parent", 0, parent_text)) && (root || !state || span_file_put(&file, "tracestate", 0, state)) &&
              (!a->service || span_file_put(&file, "service", 0, a->service)) && (!a->endpoint || span_file_put(&file, "endpoint", 0, a->endpoint)) &&
              (!a->attrs || span_file_put(&file, "attrs", 0, a->attrs));
    if (!span_file_close(&file) || !ok)
        return EXIT_FAILED;
    printf("%s\n", traceparent);
    return 0;
}

/* ---- event ---- */

static int event(const struct arguments *a)
{
    struct span_file file;
    if (!span_file_append(&file, a->traceparent))
        return EXIT_FAILED;
    bool ok = span_file_put(&file, "event", now_ns(), a->word) && (!a->attrs || span_file_put(&file, "event-attrs", 0, a->attrs));
    return span_file_close(&file) && ok ? 0 : EXIT_FAILED;
}

/* ---- end ---- */

static size_t read_attrs(char *text, spw_attr *attrs)
{
    size_t count = 0;
    if (text && !exec_read_attrs(text, attrs, MAX_ATTRS, &count))
        fprintf(stderr, "spanwire: --attrs takes key=value pairs with commas between them, %d at most; the rest is left out\n", MAX_ATTRS);
    return count;
}

static spw_span start_recorded(const struct span_file *file, const char *traceparent)
{
    static spw_tracer tracer = SPW_TRACER_INIT("spanwire.span", SPW_VERSION);
    spw_attr attrs[MAX_ATTRS];
    spw_context parent = {0};
    spw_span_options how = SPW_SPAN_OPTIONS_INIT;
    const char *parent_text = span_file_text(file, "parent");
    if (parent_text && !spw_traceparent_parse(parent_text, span_file_text(file, "tracestate"), &parent.span))
        fprintf(stderr, "spanwire: the parent of %s is unreadable; its span becomes a root\n", traceparent);
    how.kind = (spw_span_kind)span_file_number(file, "kind");
    how.parent = &parent;
    how.attributes = attrs;
    how.attribute_count = read_attrs(span_file_text(file, "attrs"), attrs);
    how.start_unix_ns = span_file_number(file, "start");
    return spw_span_start(&tracer, span_file_text(file, "start"), &how);
}

static void add_events(const struct span_file *file, spw_span span)
{
    spw_attr attrs[MAX_ATTRS];
    for (const struct span_file_line *line = file->lines; line < file->lines + file->line_count; line++) {
        if (strcmp(line->what, "event") != 0)
            continue;
        bool has_attrs = line + 1 < file->lines + file->line_count && strcmp(line[1].what, "event-attrs") == 0;
        size_t count = read_attrs(has_attrs ? line[1].text : NULL, attrs);
        spw_add_event_at(span, line->text, line->number, attrs, count);
    }
}

static void finish(const struct arguments *a, spw_span span)
{
    spw_attr attrs[MAX_ATTRS];
    char *texts = a->attrs ? strdup(a->attrs) : NULL;
    size_t count = read_attrs(texts, attrs);
    spw_set_attrs(span, attrs, count);
    free(texts);
    if (a->status && strcmp(a->status, "error") == 0)
        spw_set_status(span, SPW_STATUS_ERROR, a->description);
    else if (a->status && strcmp(a->status, "ok") == 0)
        spw_set_status(span, SPW_STATUS_OK, NULL);
    spw_span_end(span);
}

static int deliver(const struct arguments *a, const struct span_file *file)
{
    spw_span identity;
    if (!spw_traceparent_parse(a->traceparent, NULL, &identity))
        return EXIT_FAILED;
    struct fixed_ids ids;
    fixed_ids_init(&ids, identity.trace_id, identity.span_id);
    spw_options options = SPW_OPTIONS_INIT;
    options.service_name = a->service ? a->service : span_file_text(file, "service");
    options.service_name_default = "spanwire-span";
    options.otlp_endpoint = a->endpoint ? a->endpoint : span_file_text(file, "endpoint");
    options.id_generator = &ids.base;
    if (spw_start(&options) != SPW_OK)
        return EXIT_FAILED;
    spw_span span = start_recorded(file, a->traceparent);
    add_events(file, span);
    finish(a, span);
    spw_result result = spw_shutdown(a->timeout_ms);
    if (result != SPW_OK)
        fprintf(stderr, "spanwire: the span was not delivered: %s\n", spw_result_text(result));
    return result == SPW_OK ? 0 : EXIT_FAILED;
}

/* The file goes when the span has arrived; until then `end` may be called again. */
static int end(const struct arguments *a)
{
    struct span_file file;
    if (!span_file_read(&file, a->traceparent))
        return EXIT_FAILED;
    const char *parent = span_file_text(&file, "parent");
    printf("%s\n", parent ? parent : "");
    int status = deliver(a, &file);
    if (status == 0)
        span_file_remove(&file);
    (void)span_file_close(&file);
    return status;
}

int cli_span(int argc, char **argv)
{
    static const struct { const char *name; int (*run)(const struct arguments *); bool named; } commands[] = {
        {"start", start, true}, {"event", event, true}, {"end", end, false}};
    struct arguments arguments;
    for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(argv[1], commands[i].name) != 0)
            continue;
        if (!read_arguments(argc - 1, argv + 1, &arguments))
            return EXIT_USAGE;
        if (commands[i].named == !arguments.word) {
            fprintf(stderr, commands[i].named ? "spanwire: span %s takes a name\n" : "spanwire: span %s takes no name; the span has one\n", argv[1]);
            return EXIT_USAGE;
        }
        return commands[i].run(&arguments);
    }
    fputs("spanwire: span start NAME | span event NAME | span end; try spanwire help\n", stderr);
    return EXIT_USAGE;
}
