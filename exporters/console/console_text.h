/*
 * Text for people, in one growable buffer of at most SPW__CONSOLE_MAX_BYTES; what is over is cut and said so. Values longer than
 * SPW__CONSOLE_MAX_VALUE bytes are shortened; control characters and bytes that are not UTF-8 are escaped, so that a hostile value cannot steer
 * a terminal. Not thread-safe.
 */
#ifndef SPW_EXPORTERS_CONSOLE_TEXT_H
#define SPW_EXPORTERS_CONSOLE_TEXT_H

#include <spanwire/exporter.h>

#define SPW__CONSOLE_MAX_BYTES ((size_t)1 << 20)
#define SPW__CONSOLE_MAX_VALUE ((size_t)1024)
#define SPW__CONSOLE_MAX_DEPTH 8     /* of arrays and maps in one another */
#define SPW__CONSOLE_MAX_ELEMENTS 32 /* of one of them */

enum spw__console_style { SPW__CONSOLE_PLAIN, SPW__CONSOLE_NAME, SPW__CONSOLE_KEY, SPW__CONSOLE_FAINT, SPW__CONSOLE_BAD };

/* Zero to start with, but for `colours`. */
struct spw__console_text {
    char *data;
    size_t size;
    size_t capacity;
    bool cut;
    bool colours;
};

void spw__console_put(struct spw__console_text *text, const char *bytes, size_t size);
void spw__console_puts(struct spw__console_text *text, const char *words);
void spw__console_format(struct spw__console_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void spw__console_hex(struct spw__console_text *text, const uint8_t *bytes, size_t size);

/* From here on in that style; ends with PLAIN, and with the text. */
void spw__console_style(struct spw__console_text *text, enum spw__console_style style);

/* A stranger's text. */
void spw__console_escaped(struct spw__console_text *text, spw_view view);
void spw__console_quoted(struct spw__console_text *text, spw_view view);

/* `key=value`, arrays and maps opened without recursion. */
void spw__console_attr(struct spw__console_text *text, const spw_attr *attr);

/* Before a new text, and after it: says where it was cut. */
void spw__console_begin(struct spw__console_text *text);
void spw__console_end(struct spw__console_text *text);

void spw__console_text_fini(struct spw__console_text *text);

#endif
