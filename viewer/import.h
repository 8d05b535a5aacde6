/*
 * A file of OTLP JSON lines into a store: one request a line, of traces, logs or metrics, as the Collector's file exporter and spanwire's own write
 * them. Gzip is read too.
 *
 * Ownership: paths and texts are the caller's, or live for the call. Threads: any; the store has its lock. Blocks: until the file is read.
 * Failure: a line that is no such request is told and passed over. False: the file cannot be opened or read on, or the store failed; what
 *   the lines before it held is stored, and counted.
 * Limits: `max_line` bytes a line, and what a conversion costs (otlp_from_json.h); the file may be of any size.
 */
#ifndef SPWV_IMPORT_H
#define SPWV_IMPORT_H

#include "take.h"

struct spwv_import_sink {
    void *arg;
    void (*bad_line)(void *arg, uint64_t line, const char *cause); /* lines from 1 */
    bool (*go_on)(void *arg);                                      /* asked before each line; NULL: always */
};

struct spwv_import_report {
    uint64_t requests;
    uint64_t items[SPWV_SIGNALS]; /* spans, log records and data points in them */
    uint64_t rejected;            /* of these */
    uint64_t empty;               /* requests without any */
    uint64_t bad;                 /* lines */
    bool stopped;      /* go_on() said so */
};

/* path "-" is the standard input. */
bool spwv_import(struct spwv_store *store, const char *path, size_t max_line, const struct spwv_import_sink *sink,
                 struct spwv_import_report *report, struct spwv_error *error);

#endif
