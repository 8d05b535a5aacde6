/* The pool of equal items: no item twice, its limit exact, its memory type-stable, from several threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "record/platform.h"
#include "record/pool.h"

enum { CAPACITY = 5000, ITEM = 1024 };

static void drop_pool(struct spw__pool *pool)
{
    spw__unreserve(pool->base, (size_t)((uint8_t *)pool->next - pool->base)); /* the links' range ends with the process */
}

static void every_item_is_there_once_and_zeroed(void **state)
{
    (void)state;
    struct spw__pool pool;
    static const uint8_t zero[ITEM];
    assert_true(spw__pool_init(&pool, ITEM, CAPACITY));
    bool *seen = calloc(CAPACITY, sizeof *seen);
    for (int i = 0; i < CAPACITY; i++) {
        uint32_t index = spw__pool_take(&pool);
        assert_in_range(index, 0, CAPACITY - 1);
        assert_false(seen[index]);
        seen[index] = true;
        assert_memory_equal(spw__pool_at(&pool, index), zero, ITEM);
        memset(spw__pool_at(&pool, index), 0xaa, ITEM); /* must not reach a neighbour */
    }
    assert_int_equal(spw__pool_take(&pool), SPW__POOL_NONE);
    assert_int_equal(pool.in_use, CAPACITY);
    free(seen);
    drop_pool(&pool);
}

static void items_come_back_as_they_were_left(void **state)
{
    (void)state;
    struct spw__pool pool;
    assert_true(spw__pool_init(&pool, ITEM, CAPACITY));
    uint32_t a = spw__pool_take(&pool), b = spw__pool_take(&pool);
    memset(spw__pool_at(&pool, a), 'a', ITEM);
    memset(spw__pool_at(&pool, b), 'b', ITEM);
    spw__pool_give(&pool, a);
    spw__pool_give(&pool, b);
    assert_int_equal(*(char *)spw__pool_at(&pool, a), 'a'); /* free, and still readable */
    assert_int_equal(spw__pool_take(&pool), b);
    assert_int_equal(spw__pool_take(&pool), a);
    assert_int_equal(*(char *)spw__pool_at(&pool, b), 'b');
    assert_int_equal(pool.fresh, 2);
    drop_pool(&pool);
}

static void the_limit_is_exact_and_can_move(void **state)
{
    (void)state;
    struct spw__pool pool;
    assert_true(spw__pool_init(&pool, ITEM, CAPACITY));
    spw__pool_limit(&pool, 10);
    uint32_t last = 0;
    for (int i = 0; i < 10; i++)
        assert_int_not_equal(last = spw__pool_take(&pool), SPW__POOL_NONE);
    assert_int_equal(spw__pool_take(&pool), SPW__POOL_NONE);
    spw__pool_give(&pool, last);
    assert_int_not_equal(spw__pool_take(&pool), SPW__POOL_NONE);
    assert_int_equal(spw__pool_take(&pool), SPW__POOL_NONE);
    assert_int_equal(pool.in_use, 10);
    spw__pool_limit(&pool, UINT64_MAX);
    assert_int_equal(pool.limit, CAPACITY);
    assert_int_not_equal(spw__pool_take(&pool), SPW__POOL_NONE);
    drop_pool(&pool);
}

enum { THREADS = 4, HELD = 40, ROUNDS = 40000, SHARED = 100 };
static struct spw__pool shared;
static uint32_t owner[SHARED]; /* atomic */
static uint64_t collisions, refusals;

static void *take_and_give(void *arg)
{
    uint32_t me = (uint32_t)(uintptr_t)arg, held[HELD], n = 0;
    unsigned seed = me;
    for (int round = 0; round < ROUNDS; round++) {
        if (n < HELD && rand_r(&seed) % 2) {
            uint32_t index = spw__pool_take(&shared), nobody = 0;
            if (index == SPW__POOL_NONE)
                __atomic_add_fetch(&refusals, 1, __ATOMIC_RELAXED);
            else if (!__atomic_compare_exchange_n(&owner[index], &nobody, me, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
                __atomic_add_fetch(&collisions, 1, __ATOMIC_RELAXED);
            else
                *(uint32_t *)spw__pool_at(&shared, held[n++] = index) = me; /* plain: a race is the sanitizer's to find */
        } else if (n) {
            uint32_t index = held[--n];
            if (*(uint32_t *)spw__pool_at(&shared, index) != me)
                __atomic_add_fetch(&collisions, 1, __ATOMIC_RELAXED);
            __atomic_store_n(&owner[index], 0, __ATOMIC_RELEASE);
            spw__pool_give(&shared, index);
        }
    }
    while (n) {
        __atomic_store_n(&owner[held[--n]], 0, __ATOMIC_RELEASE);
        spw__pool_give(&shared, held[n]);
    }
    return NULL;
}

static void four_threads_never_hold_the_same_item(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    assert_true(spw__pool_init(&shared, ITEM, SHARED));
    for (uintptr_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_and_give, (void *)(i + 1)), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(collisions, 0);
    assert_int_equal(shared.in_use, 0);
    for (int i = 0; i < SHARED; i++) /* and none is lost */
        assert_int_not_equal(spw__pool_take(&shared), SPW__POOL_NONE);
    drop_pool(&shared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_item_is_there_once_and_zeroed),
        cmocka_unit_test(items_come_back_as_they_were_left),
        cmocka_unit_test(the_limit_is_exact_and_can_move),
        cmocka_unit_test(four_threads_never_hold_the_same_item),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
