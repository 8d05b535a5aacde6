/*
 * The scope table: name, version and attributes of every tracer seen, encoded once as the framed `scope` of ScopeSpans, under a number that records
 * carry. Offsets only, with magic and version, so that it can lie in a file beside the segments. Entries are never removed or changed.
 * Adding takes a lock (once a tracer); reading takes none.
 */
#ifndef SPW_RECORD_SCOPE_H
#define SPW_RECORD_SCOPE_H

#include <pthread.h>
#include <spanwire/trace.h>

#define SPW__MAX_SCOPES 1024u
#define SPW__SCOPE_BYTES (256u * 1024)
#define SPW__SCOPE_MAGIC 0x3150435357505301u /* "\1SPWSCP1" */

struct spw__scope_entry {
    uint32_t offset; /* of the bytes: framed scope, then name, version, schema URL */
    uint32_t framed_size;
    uint16_t name_size, version_size, schema_size;
    uint16_t provider; /* whose resource */
    uint32_t attributes_size; /* the last of the framed scope's bytes */
    uint32_t dropped;
};

struct spw__scopes {
    uint64_t magic;
    uint32_t version;
    uint32_t count; /* atomic; entries below it are complete */
    uint32_t used;
    struct spw__scope_entry entries[SPW__MAX_SCOPES];
    uint8_t bytes[SPW__SCOPE_BYTES];
};

/* What the encoder and the reader need of one scope. */
struct spw__scope_parts {
    spw_view framed, name, version, schema_url;
    spw_view attributes; /* fields of InstrumentationScope */
    uint32_t dropped;    /* of the attributes */
    uint16_t provider;
};

/* The number of the program's own, unnamed scope, there from the start. */
#define SPW__SCOPE_DEFAULT 0u

/* Finds or adds; when the table is full, SPW__SCOPE_DEFAULT. */
uint32_t spw__scope_intern(struct spw__scopes *scopes, pthread_mutex_t *lock, const spw_tracer *tracer, uint16_t provider);
void spw__scopes_init(struct spw__scopes *scopes);
void spw__scope_read(const struct spw__scopes *scopes, uint32_t number, struct spw__scope_parts *out);

#endif
