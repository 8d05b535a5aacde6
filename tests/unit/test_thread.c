/* What a thread's first use of the library costs it, wherever that is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>

#include <sys/mman.h>

#include "record/thread.h"
#include "support/capture.h"

/* The library's mappings come by here (--wrap). */
void *__real_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset);

static bool no_memory; /* atomic */

void *__wrap_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    return __atomic_load_n(&no_memory, __ATOMIC_ACQUIRE) ? MAP_FAILED : __real_mmap(at, size, protection, flags, fd, offset);
}

static void *first_key(void *arg)
{
    (void)arg;
    spw_context none = { 0 };
    spw_token token = spw_context_attach(&none);
    void *found = NULL;
    for (pthread_key_t key = 0; key < 32 && found != spw__self; key++)
        found = pthread_getspecific(key);
    spw_context_detach(token);
    return spw__self && found == spw__self ? NULL : (void *)1;
}

/* glibc has room for the values of 32 keys in the thread itself; for others it calls calloc, which a signal handler must not. */
static void a_threads_end_is_among_the_first_keys(void **state)
{
    (void)state;
#if !defined(__GLIBC__)
    print_message("skip - the rule about the first 32 keys is glibc's\n");
    skip();
#endif
    pthread_key_t keys[40];
    for (int i = 0; i < 40; i++)
        assert_int_equal(pthread_key_create(&keys[i], NULL), 0); /* before the library is first used */
    pthread_t thread;
    void *failed = (void *)1;
    assert_int_equal(pthread_create(&thread, NULL, first_key, NULL), 0);
    pthread_join(thread, &failed);
    assert_null(failed);
    for (int i = 0; i < 40; i++)
        pthread_key_delete(keys[i]);
}

static void *record_without_memory(void *arg)
{
    spw_span *inherited = arg;
    __atomic_store_n(&no_memory, true, __ATOMIC_RELEASE);
    spw_span_end(spw_span_start(NULL, "nowhere", NULL));
    spw_span_end(*inherited);
    __atomic_store_n(&no_memory, false, __ATOMIC_RELEASE);
    return NULL;
}

static void a_thread_without_memory_counts_oom(void **state)
{
    (void)state;
    capture *c = capture_new();
    capture_start(c, NULL);
    spw_span span = spw_span_start(NULL, "ended elsewhere", NULL);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, record_without_memory, &span), 0);
    pthread_join(thread, NULL);
    spw_span_end(spw_span_start(NULL, "sent", NULL));
    assert_int_equal(spw_flush(20000), SPW_OK);
    const spw_pipeline_stats stats = capture_stats(0);
    assert_int_equal(stats.dropped[SPW_DROP_OOM], 2);
    assert_int_equal(stats.dropped[SPW_DROP_REENTRANT], 0);
    assert_int_equal(capture_count(c), 1);
    capture_check_accounts();
    capture_stop(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_without_memory_counts_oom), /* first: later threads find the blocks of dead ones */
        cmocka_unit_test(a_threads_end_is_among_the_first_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
