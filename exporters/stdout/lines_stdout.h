/*
 * Text to standard output, for the exporters that write there: in turn with what the program prints, and never into stdio's own buffer, where it
 * would hold up the program's end when nobody reads. May block for a second without any progress: an exporter's own thread only.
 *
 * Failure    A text is written whole or not at all, as far as the place allows; half a line is followed by a newline before the next.
 */
#ifndef SPW_EXPORTERS_LINES_STDOUT_H
#define SPW_EXPORTERS_LINES_STDOUT_H

#include <spanwire/exporter.h>

/* Zero to start with. */
struct spw__lines_stdout {
    bool torn; /* the last line is half a line */
};

/* Writes text that ends in a newline. What goes wrong fills status and text of the result. */
void spw__lines_stdout_write(struct spw__lines_stdout *out, spw_view text, spw_export_result *result);

#endif
