/* Which sanitizer a test was built with, as 0 or 1: for what cannot be tested under one, and says so. */
#ifndef TESTS_SANITIZER_H
#define TESTS_SANITIZER_H

#if defined(__has_feature)
#define TESTS_HAVE(feature) __has_feature(feature)
#else
#define TESTS_HAVE(feature) 0
#endif

#if defined(__SANITIZE_THREAD__) || TESTS_HAVE(thread_sanitizer)
#define UNDER_THREAD_SANITIZER 1
#else
#define UNDER_THREAD_SANITIZER 0
#endif

#if defined(__SANITIZE_ADDRESS__) || TESTS_HAVE(address_sanitizer)
#define UNDER_ADDRESS_SANITIZER 1
#else
#define UNDER_ADDRESS_SANITIZER 0
#endif

/* Includes of cmocka come first. */
#define SKIP_IF(condition, reason)               \
    do {                                         \
        if (condition) {                         \
            print_message("skip - %s\n", reason); \
            skip();                              \
        }                                        \
    } while (0)

#endif
