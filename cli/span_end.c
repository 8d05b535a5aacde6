/* spanwire span end: the file of an open span becomes a span and is sent. */
#include "cli.h"
#include "exec.h"
#include "fixed_ids.h"
#include "span.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <spanwire/spanwire.h>

spw_tracer *span_tracer(void)
{
    static spw_tracer tracer = SPW_TRACER_INIT("spanwire.span", SPW_VERSION);
    return &tracer;
}

size_t span_read_attrs(char *text, spw_attr attrs[SPAN_MAX_ATTRS])
{
    size_t count = 0;
    if (text && !exec_read_attrs(text, attrs, SPAN_MAX_ATTRS, &count))
        fprintf(stderr, "spanwire: --attrs takes key=value pairs with commas between them, %d at most; the rest is left out\n", SPAN_MAX_ATTRS);
    return count;
}

static spw_span start_recorded(const struct span_file *file, const char *traceparent)
{
    spw_attr attrs[SPAN_MAX_ATTRS];
    spw_context parent = {0};
    spw_span_options how = SPW_SPAN_OPTIONS_INIT;
    const char *parent_text = span_file_text(file, "parent");
    if (parent_text && !spw_traceparent_parse(parent_text, span_file_text(file, "tracestate"), &parent.span))
        fprintf(stderr, "spanwire: the parent of %s is unreadable; its span becomes a root\n", traceparent);
    how.kind = (spw_span_kind)span_file_number(file, "kind");
    how.parent = &parent;
    how.attributes = attrs;
    how.attribute_count = span_read_attrs(span_file_text(file, "attrs"), attrs);
    how.start_unix_ns = span_file_number(file, "start");
    return spw_span_start(span_tracer(), span_file_text(file, "start"), &how);
}

static void add_events(const struct span_file *file, spw_span span)
{
    spw_attr attrs[SPAN_MAX_ATTRS];
    for (const struct span_file_line *line = file->lines; line < file->lines + file->line_count; line++) {
        if (strcmp(line->what, "event") != 0)
            continue;
        bool has_attrs = line + 1 < file->lines + file->line_count && strcmp(line[1].what, "event-attrs") == 0;
        size_t count = span_read_attrs(has_attrs ? line[1].text : NULL, attrs);
        spw_add_event_at(span, line->text, line->number, attrs, count);
    }
}

static void finish(const struct span_arguments *a, spw_span span)
{
    spw_attr attrs[SPAN_MAX_ATTRS];
    char *texts = a->attrs ? strdup(a->attrs) : NULL;
    size_t count = span_read_attrs(texts, attrs);
    spw_set_attrs(span, attrs, count);
    free(texts);
    if (a->status && strcmp(a->status, "error") == 0)
        spw_set_status(span, SPW_STATUS_ERROR, a->description);
    else if (a->status && strcmp(a->status, "ok") == 0)
        spw_set_status(span, SPW_STATUS_OK, NULL);
    spw_span_end(span);
}

static int deliver(const struct span_arguments *a, const struct span_file *file)
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
    options.sampler = spw_sampler_always_on(); /* `start` has asked the one of the environment */
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
int span_end_command(const struct span_arguments *a)
{
    struct span_file file;
    if (!span_file_read(&file, a->traceparent))
        return EXIT_FAILED;
    const char *parent = span_file_text(&file, "parent");
    printf("%s\n", parent ? parent : "");
    int status = span_file_number(&file, "unsampled") ? 0 : deliver(a, &file);
    if (status == 0)
        span_file_remove(&file);
    (void)span_file_close(&file);
    return status;
}
