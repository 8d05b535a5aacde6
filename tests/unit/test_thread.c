/* What a thread's first use of the library costs it, wherever that is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>

#include "record/thread.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_threads_end_is_among_the_first_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
