/*
 * Segments: where finished records live. A segment is 4 MiB of pages of 4 KiB, addressed by offset only, so that the same bytes can lie in
 * anonymous memory or in a mapped file; its first page says what it is and which pages are taken. A chunk is a run of pages that one thread
 * fills. Taking and giving back pages is lock-free. A page reference is segment * 1024 + page; 0 (a header page) is no chunk.
 */
#ifndef SPW_RECORD_SEGMENT_H
#define SPW_RECORD_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPW__PAGE_SIZE 4096u
#define SPW__SEGMENT_PAGES 1024u
#define SPW__SEGMENT_SIZE (SPW__PAGE_SIZE * SPW__SEGMENT_PAGES)
#define SPW__MAX_SEGMENTS 1024u
#define SPW__SEGMENT_MAGIC 0x3147455357505301u /* "\1SPWSEG1" */
#define SPW__LAYOUT_VERSION 1u

struct spw__segment {
    uint64_t magic;
    uint32_t version;
    uint32_t page_size;
    uint32_t page_count;
    uint32_t index;
    uint64_t taken[SPW__SEGMENT_PAGES / 64]; /* a bit a page; atomic */
};

struct spw__segments {
    struct spw__segment *at[SPW__MAX_SEGMENTS + 1]; /* atomic; filled from the front; the last one only stands in, see take */
    uint32_t count;                                 /* atomic */
    uint32_t limit;                                 /* in segments; atomic */
    uint32_t hint;                                  /* where the last run was found; atomic */
    uint32_t pages_taken;                           /* atomic */
    uint32_t trims;                                 /* odd: one is at work and holds a segment; atomic */
};

/* A chunk's first 64 bytes. Records follow, each aligned to 8. */
struct spw__chunk {
    uint32_t magic;
    uint32_t pages;
    uint32_t recorder; /* whose */
    uint32_t sequence; /* counts the chunks of one recorder */
    uint32_t capacity; /* bytes, this header included */
    uint32_t signal;   /* one signal a chunk */
    uint32_t committed; /* bytes that hold whole records, this header included; atomic, stored with release */
    uint32_t next;      /* reference of the chunk that follows; atomic; set after the last commit */
    uint32_t reference; /* its own */
    uint32_t pending;   /* the worker's: pipelines that have not passed it yet */
    uint32_t skipped;   /* the worker's: records of chunks that were taken out behind this one */
    uint32_t spare[5];
};
#define SPW__CHUNK_MAGIC 0x4b4e4843u /* "CHNK" */

/* Limits the memory to whole segments, at least one. */
void spw__segments_limit(struct spw__segments *segments, uint64_t bytes);

/*
 * A run of `pages` (1 to 960) adjoining pages, not zeroed; 0 at the limit or out of memory. While a trim holds a segment, one more stands in
 * for it: nobody is refused because of a trim, and no more pages are taken than the limit has.
 */
uint32_t spw__segments_take(struct spw__segments *segments, uint32_t pages);
void spw__segments_give(struct spw__segments *segments, uint32_t reference, uint32_t pages);

/* Gives the memory of segments that are wholly free back to the system. Not often; one thread at a time. */
void spw__segments_trim(struct spw__segments *segments);

static inline void *spw__segments_at(const struct spw__segments *segments, uint32_t reference)
{
    uint8_t *base = (uint8_t *)__atomic_load_n(&segments->at[reference / SPW__SEGMENT_PAGES], __ATOMIC_ACQUIRE);
    return base + (size_t)(reference % SPW__SEGMENT_PAGES) * SPW__PAGE_SIZE;
}

#endif
