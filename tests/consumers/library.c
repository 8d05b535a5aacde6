/* A library that records: spanwire/trace.h, libspanwire, and nothing of it in its own face. */
#define SPW_DEFAULT_TRACER tracer
#include <spanwire/trace.h>

#include "library.h"

static spw_tracer tracer = SPW_TRACER_INIT("library", "1.0");

int library_work(int n)
{
    SPW_SPAN(span, "library work");
    spw_set(span, "n", n);
    return n + 1;
}
