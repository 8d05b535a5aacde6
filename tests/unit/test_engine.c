/* The making of the recording engine where memory is short. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "record/engine.h"
#include "support/sanitizer.h"

static size_t address_space(void)
{
    char line[128];
    unsigned long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (!f || !fgets(line, sizeof line, f) || sscanf(line, "%lu", &pages) != 1)
        exit(3);
    fclose(f);
    return pages * 4096;
}

static struct spw__engine *make(void)
{
    const struct spw__engine_settings settings = { .layout = SPW__ENGINE_LAYOUT, .open_spans = 16, .buffer_bytes = 4u << 20 };
    return spw__engine_configure(&settings);
}

/* In a child: with less and less of it missing, until it is enough. Each engine that cannot be made leaves nothing. */
static int make_with_ever_more(void)
{
    (void)address_space(); /* stdio's buffer is there */
    size_t before = address_space();
    int refused = 0;
    for (size_t more = 64u << 10; more < 16u << 20; more += 16u << 10) {
        const struct rlimit limit = { before + more, RLIM_INFINITY }, none = { RLIM_INFINITY, RLIM_INFINITY };
        if (setrlimit(RLIMIT_AS, &limit) != 0)
            return 4;
        struct spw__engine *engine = make();
        (void)setrlimit(RLIMIT_AS, &none);
        if (engine)
            return refused > 50 ? 0 : 5;
        if (address_space() != before)
            return 6;
        refused++;
    }
    return 7;
}

static void an_engine_that_cannot_be_made_leaves_nothing(void **state)
{
    (void)state;
    SKIP_IF(UNDER_ADDRESS_SANITIZER || UNDER_THREAD_SANITIZER, "a limit of the address space refuses the sanitizers' own memory");
    int status = -1;
    pid_t pid = fork();
    if (pid == 0)
        _exit(make_with_ever_more());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_engine_that_cannot_be_made_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
