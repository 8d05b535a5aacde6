/* A span as lines of text. */
#ifndef SPW_EXPORTERS_CONSOLE_SPAN_H
#define SPW_EXPORTERS_CONSOLE_SPAN_H

#include "console_text.h"

/* Where a span stands in what is printed. */
struct spw__console_place {
    const char *branch;          /* before its first line: `  |- ` and the like */
    const char *trunk;           /* before its other lines */
    const spw_span_view *parent; /* printed before; NULL: it stands alone, and names its parent */
    uint64_t tree_start_unix_ns; /* of the span its tree begins with */
};

/* The line above the spans of a trace. */
void spw__console_trace(struct spw__console_text *text, const spw_span_view *first, spw_view service_name);

void spw__console_span(struct spw__console_text *text, const spw_span_view *span, const struct spw__console_place *place);

#endif
