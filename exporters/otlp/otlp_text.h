/* Small texts of the OTLP exporter: errors with cause and cure, and bounded appending. No state. */
#ifndef SPW_OTLP_TEXT_H
#define SPW_OTLP_TEXT_H

#include <spanwire/common.h>

/* Fills *error (may be NULL) and returns code. Arguments must hold no secret. */
spw_result spw__otlp_fail(spw_error *error, spw_result code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Appends to the terminated text in out[capacity]; what does not fit is cut between UTF-8 characters. */
void spw__otlp_append(char *out, size_t capacity, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Appends one byte of a stranger's text so that it cannot steer a terminal or break a log line. False when it did not fit. */
bool spw__otlp_append_byte(char *out, size_t capacity, unsigned char byte);

#endif
