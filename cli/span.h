/* What the files of spanwire span share. */
#ifndef SPANWIRE_CLI_SPAN_H
#define SPANWIRE_CLI_SPAN_H

#include "exec.h"
#include "span_file.h"

enum { SPAN_MAX_ATTRS = EXEC_MAX_ATTRS };

struct span_arguments {
    const char *service, *endpoint, *status, *description, *traceparent, *word;
    char *attrs;
    spw_span_kind kind;
    uint32_t timeout_ms;
};

spw_tracer *span_tracer(void);

/* Cuts the text (NULL: none) in place; what is wrong in it is said and left out. */
size_t span_read_attrs(char *text, spw_attr attrs[SPAN_MAX_ATTRS]);

int span_end_command(const struct span_arguments *arguments);

#endif
