/*
 * A span as text for people. One growable buffer, reused, of at most SPW__CONSOLE_MAX_BYTES; what is over is cut and said so. Values longer
 * than SPW__CONSOLE_MAX_VALUE bytes are shortened; control characters and bytes that are not UTF-8 are escaped, so that a hostile value
 * cannot steer a terminal. Not thread-safe.
 */
#ifndef SPW_EXPORTERS_CONSOLE_TEXT_H
#define SPW_EXPORTERS_CONSOLE_TEXT_H

#include <spanwire/exporter.h>

#define SPW__CONSOLE_MAX_BYTES ((size_t)1 << 20)
#define SPW__CONSOLE_MAX_VALUE ((size_t)1024)

/* Zero to start with. */
struct spw__console_text {
    char *data;
    size_t size;
    size_t capacity;
    bool cut;
};

/* Replaces the text by that of the span; ends in a newline, unless there is no memory at all (then it is empty). */
void spw__console_text_span(struct spw__console_text *text, const spw_span_view *span, spw_view service_name);

void spw__console_text_fini(struct spw__console_text *text);

#endif
