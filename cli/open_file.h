/*
 * A file of OTLP JSON lines, for commands that need no viewer. Ownership: the caller destroys the store. Failure: NULL or false, after saying
 * cause and cure on standard error.
 */
#ifndef SPANWIRE_CLI_OPEN_FILE_H
#define SPANWIRE_CLI_OPEN_FILE_H

#include "store.h"

/* `*whole`: all of it could be read; what could be is in the store in any case. */
struct spwv_store *cli_open_file(const char *file, bool *whole);

/* `trace`: 32 hex digits, or "latest". It may still not be there. */
bool cli_find_trace(struct spwv_store *store, const char *file, const char *trace, uint8_t trace_id[SPWV_TRACE_ID_SIZE]);

#endif
