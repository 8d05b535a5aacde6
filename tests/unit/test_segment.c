/* Runs of pages: every length, against a shadow bitmap; the limit; several threads; memory given back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "record/segment.h"
#include "support/cost.h"

enum { LONGEST = SPW__SEGMENT_PAGES - 64, SEGMENTS = 4, PAGES = (SEGMENTS + 1) * SPW__SEGMENT_PAGES /* one may stand in */ };

static struct spw__segments segments;
static bool shadow[PAGES];

static int setup(void **state)
{
    (void)state;
    memset(&segments, 0, sizeof segments);
    memset(shadow, 0, sizeof shadow);
    spw__segments_limit(&segments, (uint64_t)SEGMENTS * SPW__SEGMENT_SIZE);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < segments.count; i++)
        munmap(segments.at[i], SPW__SEGMENT_SIZE);
    return 0;
}

static uint32_t take(uint32_t pages)
{
    uint32_t reference = spw__segments_take(&segments, pages);
    if (!reference)
        return 0;
    assert_true(reference % SPW__SEGMENT_PAGES != 0); /* the header's page */
    assert_true(reference % SPW__SEGMENT_PAGES + pages <= SPW__SEGMENT_PAGES);
    assert_true(reference + pages <= PAGES);
    for (uint32_t i = 0; i < pages; i++) {
        assert_false(shadow[reference + i]);
        shadow[reference + i] = true;
    }
    return reference;
}

static void give(uint32_t reference, uint32_t pages)
{
    memset(shadow + reference, 0, pages);
    spw__segments_give(&segments, reference, pages);
}

static uint32_t shadowed(void)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < PAGES; i++)
        n += shadow[i];
    return n;
}

/* The bitmaps say exactly what the shadow says. */
static void compare(void)
{
    assert_int_equal(segments.pages_taken, shadowed());
    for (uint32_t i = 0; i < segments.count * SPW__SEGMENT_PAGES; i++) {
        uint32_t page = i % SPW__SEGMENT_PAGES;
        bool taken = segments.at[i / SPW__SEGMENT_PAGES]->taken[page / 64] >> (page % 64) & 1;
        assert_int_equal(taken, shadow[i] || page == 0);
    }
}

static void runs_of_every_length_come_and_go(void **state)
{
    (void)state;
    for (uint32_t pages = 1; pages <= LONGEST; pages++) {
        uint32_t reference = take(pages);
        assert_int_not_equal(reference, 0);
        memset(spw__segments_at(&segments, reference), 0x55, (size_t)pages * SPW__PAGE_SIZE);
        assert_int_equal(segments.at[reference / SPW__SEGMENT_PAGES]->magic, SPW__SEGMENT_MAGIC);
        give(reference, pages);
    }
    compare();
    assert_int_equal(segments.count, 1); /* what is free is found again */
    assert_int_equal(spw__segments_take(&segments, 0), 0);
    assert_int_equal(spw__segments_take(&segments, LONGEST + 1), 0);
    assert_int_equal(segments.pages_taken, 0);
}

static void two_runs_of_every_length_do_not_overlap(void **state)
{
    (void)state;
    for (uint32_t pages = 1; pages <= LONGEST; pages++) {
        uint32_t other = LONGEST + 1 - pages;
        uint32_t a = take(pages), b = take(other), c = take(pages);
        assert_true(a && b && c);
        give(b, other);
        give(a, pages);
        give(c, pages);
    }
    compare();
}

static void random_runs_against_the_shadow(void **state)
{
    (void)state;
    enum { HELD = 300 };
    struct {
        uint32_t reference, pages;
    } held[HELD];
    size_t n = 0;
    srandom(11);
    for (int round = 0; round < 60000; round++) {
        if (n < HELD && random() % 5 < 3) {
            uint32_t pages = (uint32_t)(random() % 8 ? 1 + random() % 16 : random() % 4 ? 1 + random() % 130 : 1 + random() % LONGEST);
            uint32_t reference = take(pages);
            if (reference) {
                held[n].reference = reference;
                held[n++].pages = pages;
            }
        } else if (n) {
            size_t i = (size_t)random() % n;
            give(held[i].reference, held[i].pages);
            held[i] = held[--n];
        }
        if (round % 500 == 0)
            compare();
    }
    assert_int_equal(segments.count, SEGMENTS);
    while (n--)
        give(held[n].reference, held[n].pages);
    compare();
    assert_int_equal(segments.pages_taken, 0);
}

static void the_limit_holds_to_the_page(void **state)
{
    (void)state;
    uint32_t n = 0, last = 0, reference;
    while ((reference = take(1)) != 0)
        n++, last = reference;
    assert_int_equal(n, SEGMENTS * (SPW__SEGMENT_PAGES - 1));
    assert_int_equal(segments.count, SEGMENTS);
    give(last, 1);
    assert_int_equal(take(2), 0);
    assert_int_equal(take(1), last);
    spw__segments_limit(&segments, 0);
    assert_int_equal(segments.limit, 1); /* one at the least */
    give(last, 1);
    assert_int_equal(take(1), last / SPW__SEGMENT_PAGES ? 0 : last); /* nothing new above a lowered limit */
}

static void trimming_frees_memory_and_keeps_what_is_taken(void **state)
{
    (void)state;
    uint32_t first = take(LONGEST), second = take(LONGEST);
    assert_int_not_equal(first / SPW__SEGMENT_PAGES, second / SPW__SEGMENT_PAGES);
    memset(spw__segments_at(&segments, first), 0x77, (size_t)LONGEST * SPW__PAGE_SIZE);
    memset(spw__segments_at(&segments, second), 0x77, (size_t)LONGEST * SPW__PAGE_SIZE);
    give(first, LONGEST);
    spw__segments_trim(&segments);
    compare();
    const uint8_t *freed = spw__segments_at(&segments, first), *kept = spw__segments_at(&segments, second);
    for (size_t i = 0; i < (size_t)LONGEST * SPW__PAGE_SIZE; i += 64) {
        assert_int_equal(freed[i], 0);
        assert_int_equal(kept[i], 0x77);
    }
    assert_int_equal(segments.at[0]->magic, SPW__SEGMENT_MAGIC);
    assert_int_equal(take(LONGEST), first);
}

enum { THREADS = 4, ROUNDS = 20000, OWN = 24 };
static uint32_t page_owner[PAGES]; /* atomic */
static uint64_t overlaps, failures;
static uint32_t trimming, trims;

static void own(uint32_t reference, uint32_t pages, uint32_t from, uint32_t to)
{
    for (uint32_t i = 0; i < pages; i++)
        if (!__atomic_compare_exchange_n(&page_owner[reference + i], &(uint32_t){ from }, to, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
            __atomic_add_fetch(&overlaps, 1, __ATOMIC_RELAXED);
}

static void *use_pages(void *arg)
{
    uint32_t me = (uint32_t)(uintptr_t)arg, references[OWN], pages[OWN], n = 0;
    unsigned seed = me;
    for (int round = 0; round < ROUNDS; round++) {
        if (n < OWN && rand_r(&seed) % 2) {
            pages[n] = rand_r(&seed) % 20 ? 1 + (uint32_t)rand_r(&seed) % 8 : 1 + (uint32_t)rand_r(&seed) % 100;
            references[n] = spw__segments_take(&segments, pages[n]);
            if (!references[n]) {
                __atomic_add_fetch(&failures, 1, __ATOMIC_RELAXED);
                continue;
            }
            own(references[n], pages[n], 0, me);
            *(uint32_t *)spw__segments_at(&segments, references[n]) = me;
            n++;
        } else if (n) {
            n--;
            if (*(uint32_t *)spw__segments_at(&segments, references[n]) != me)
                __atomic_add_fetch(&overlaps, 1, __ATOMIC_RELAXED);
            own(references[n], pages[n], me, 0);
            spw__segments_give(&segments, references[n], pages[n]);
        }
    }
    while (n-- > 0) {
        own(references[n], pages[n], me, 0);
        spw__segments_give(&segments, references[n], pages[n]);
    }
    return NULL;
}

static void *trim_on(void *arg)
{
    while (__atomic_load_n(&trimming, __ATOMIC_ACQUIRE)) {
        spw__segments_trim(&segments);
        __atomic_add_fetch(&trims, 1, __ATOMIC_RELAXED);
    }
    return arg;
}

static void four_threads_and_a_trimmer_never_share_a_page(void **state)
{
    (void)state;
    pthread_t threads[THREADS], trimmer;
    trimming = 1;
    assert_int_equal(pthread_create(&trimmer, NULL, trim_on, NULL), 0);
    for (uintptr_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use_pages, (void *)(i + 1)), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    __atomic_store_n(&trimming, 0, __ATOMIC_RELEASE);
    pthread_join(trimmer, NULL);
    assert_int_equal(overlaps, 0);
    assert_int_equal(segments.pages_taken, 0);
    compare();
}

/* One segment is all there is, and the trimmer holds it most of the time: who wants pages gets them all the same. */
static void a_trim_refuses_nobody(void **state)
{
    (void)state;
    pthread_t trimmer;
    spw__segments_limit(&segments, SPW__SEGMENT_SIZE);
    trimming = 1, trims = 0;
    assert_int_equal(pthread_create(&trimmer, NULL, trim_on, NULL), 0);
    uint32_t refused = 0;
    for (uint32_t round = 0; round < 20000 || __atomic_load_n(&trims, __ATOMIC_RELAXED) < 2000; round++) {
        uint32_t pages = round % 10 ? 1 + round % 16 : 65 + round % 200;
        uint32_t reference = spw__segments_take(&segments, pages);
        if (reference) {
            *(uint32_t *)spw__segments_at(&segments, reference) = round;
            spw__segments_give(&segments, reference, pages);
        } else {
            refused++;
        }
    }
    __atomic_store_n(&trimming, 0, __ATOMIC_RELEASE);
    pthread_join(trimmer, NULL);
    assert_int_equal(refused, 0);
    assert_int_equal(segments.pages_taken, 0);
    assert_in_range(segments.count, 1, 2);
    uint32_t n = 0;
    while (take(1))
        n++;
    assert_int_equal(n, SPW__SEGMENT_PAGES - 1); /* the one that stood in is no more room */
}

/* In an outage every record asks: it is told without a look through 4 GiB. */
static void a_full_buffer_says_so_at_once(void **state)
{
    (void)state;
    enum { ASKED = 1000 };
    spw__segments_limit(&segments, (uint64_t)SPW__MAX_SEGMENTS * SPW__SEGMENT_SIZE);
    for (uint32_t pages = LONGEST; pages; pages = pages > 63 ? 63 : pages - 1)
        while (spw__segments_take(&segments, pages))
            ;
    assert_int_equal(segments.pages_taken, SPW__MAX_SEGMENTS * (SPW__SEGMENT_PAGES - 1));
    uint64_t begun = cost_cpu_ns();
    for (int i = 0; i < ASKED; i++)
        assert_int_equal(spw__segments_take(&segments, 1), 0);
    assert_true(cost_cpu_ns() - begun < COST_FACTOR * ASKED * 1000ull); /* it was 16,384 words to look at, each time */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(runs_of_every_length_come_and_go, setup, teardown),
        cmocka_unit_test_setup_teardown(two_runs_of_every_length_do_not_overlap, setup, teardown),
        cmocka_unit_test_setup_teardown(random_runs_against_the_shadow, setup, teardown),
        cmocka_unit_test_setup_teardown(the_limit_holds_to_the_page, setup, teardown),
        cmocka_unit_test_setup_teardown(trimming_frees_memory_and_keeps_what_is_taken, setup, teardown),
        cmocka_unit_test_setup_teardown(four_threads_and_a_trimmer_never_share_a_page, setup, teardown),
        cmocka_unit_test_setup_teardown(a_trim_refuses_nobody, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_buffer_says_so_at_once, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
