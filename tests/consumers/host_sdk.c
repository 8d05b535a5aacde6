/* A program that uses the library and has an SDK: the library's span arrives, inside of its own, under the library's name. */
#include <string.h>

#include <spanwire/exporter.h>
#include <spanwire/spanwire.h>

#include "library.h"

static bool is(spw_view view, const char *text)
{
    return view.size == strlen(text) && memcmp(view.data, text, view.size) == 0;
}

static spw_span work(void)
{
    SPW_SPAN(run, "host work");
    return library_work(41) == 42 ? run : (spw_span){ 0 };
}

static bool library_span_is_inside(spw_exporter *memory, spw_span run)
{
    spw_span_view span;
    spw_attr attr;
    if (!spw_memory_exporter_span(memory, 0, &span) || spw_memory_exporter_count(memory) != 2)
        return false;
    return is(span.name, "library work") && is(span.scope.name, "library") && is(span.scope.version, "1.0") &&
           memcmp(span.parent_span_id, run.span_id, 8) == 0 && memcmp(span.trace_id, run.trace_id, 16) == 0 &&
           spw_attr_next(&span.attributes, &attr) && is(attr.key, "n") && attr.value.type == SPW_VALUE_INT && attr.value.u.i == 41;
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
    spw_span run = work();
    bool arrived = spw_flush(SPW_DEFAULT_TIMEOUT_MS) == SPW_OK && library_span_is_inside(memory, run);
    return spw_shutdown(SPW_DEFAULT_TIMEOUT_MS) == SPW_OK && arrived ? 0 : 1;
}
