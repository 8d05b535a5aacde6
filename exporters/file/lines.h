/*
 * Lines into a file that is rotated. May block: an exporter's own thread only.
 *
 * Failure    A text is written whole or not at all, as far as the place allows; what was left half-written is followed by a newline before the next.
 */
#ifndef SPW_EXPORTERS_LINES_H
#define SPW_EXPORTERS_LINES_H

#include <spanwire/exporter.h>

/* fd is -1 to start with, or the file is not open. */
struct spw__lines_file {
    char *path;
    uint64_t max_bytes;
    uint32_t max_files;
    int fd;
};

/* Writes text that ends in a newline; fills status and text of the result. */
void spw__lines_file_write(struct spw__lines_file *file, spw_view text, spw_export_result *result);

void spw__lines_file_close(struct spw__lines_file *file);

#endif
