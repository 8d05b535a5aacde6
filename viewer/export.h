/*
 * One trace as a file: OTLP JSON (one request, one line; what spwv_import() reads), speedscope's format, Chrome's trace events (Perfetto).
 *
 * Ownership: the buffer is the caller's. Threads: any; the store is held while the trace is copied out of it, not while it is written.
 * Failure: as the store's read(); out->failed when there was no memory, or the file would pass the buffer's maximum. Limits: the copy has
 *   the buffer's maximum too, and takes from its budget. Nothing recurses.
 */
#ifndef SPWV_EXPORT_H
#define SPWV_EXPORT_H

#include "store.h"

bool spwv_export_otlp(struct spwv_store *store, const uint8_t *trace_id, struct spwv_buf *out, struct spwv_error *error);
bool spwv_export_speedscope(struct spwv_store *store, const uint8_t *trace_id, struct spwv_buf *out, struct spwv_error *error);
bool spwv_export_chrome(struct spwv_store *store, const uint8_t *trace_id, struct spwv_buf *out, struct spwv_error *error);

#endif
