/*
 * The index of attributes: which traces have which value under which key, and on which of their spans. docs/adr/0016 says what was measured.
 *
 * attributes(block, key, value, trace, spans): one row a block, key, value and trace; bit n of spans stands for the trace's spans number n,
 * n + 64, ... in the order they came. New rows go to the newest block, whatever their trace, and a block is closed at a number of rows: all
 * that is written at a time lies close together, and eviction drops whole blocks once none of their traces is left. Rows of traces that are
 * gone may stay until then; readers go by the table of traces.
 *
 * Values: numbers and texts as they are; what has no such form is a blob that begins with one of `mark`. attribute_keys gives keys numbers;
 * below FIRST_KEY they are a span's own fields (a duration in nanoseconds). What is not indexed is marked, so that a query knows where to look at the spans themselves.
 *
 * Ownership: the store's. Threads: under its lock. Failure: false, with SQLite's error. Limits: below; the bytes given to spwv_index_span()
 * must live until spwv_index_flush() or spwv_index_forget().
 */
#ifndef SPWV_STORE_SQLITE_INDEX_H
#define SPWV_STORE_SQLITE_INDEX_H

#include "store.h"

struct sqlite_store;

enum index_key { KEY_NAME = 1, KEY_KIND, KEY_STATUS, KEY_SERVICE, KEY_ORIGIN, KEY_UNINDEXED, KEY_DURATION, FIRST_KEY = 16 };

enum mark {
    MARK_THERE, /* a map, bytes, NaN, an empty value or array: nothing to compare with */
    MARK_CUT,   /* and behind it the beginning of a longer text */
    MARK_LONG,  /* an array with more elements than those indexed */
    MARK_FALSE,
    MARK_TRUE
};

enum {
    MAX_INDEXED_TEXT = 128,       /* bytes of a value; the rest of it is not looked for here */
    MAX_INDEXED_KEY = 256,        /* bytes; longer ones are not indexed */
    MAX_INDEXED_ATTRIBUTES = 128, /* of a span: OpenTelemetry's own limit */
    MAX_INDEXED_ELEMENTS = 16     /* of an array */
};

bool spwv_index_open(struct sqlite_store *store);
void spwv_index_close(struct sqlite_store *store);

/* A span that is new in the trace: `number` counts the trace's spans before it. */
bool spwv_index_span(struct sqlite_store *store, int64_t trace, uint64_t number, const struct spwv_span *span, struct spwv_slice service);

bool spwv_index_flush(struct sqlite_store *store);  /* before the transaction commits */
void spwv_index_forget(struct sqlite_store *store); /* it was rolled back, or all is deleted */

/* 0: no span has it. */
int64_t spwv_index_key(struct sqlite_store *store, struct spwv_slice key);

/* All traces up to this one are gone: blocks that hold nothing else go. */
bool spwv_index_drop(struct sqlite_store *store, int64_t trace);
/* One trace's rows, wherever they are. */
bool spwv_index_remove(struct sqlite_store *store, int64_t trace);

#endif
