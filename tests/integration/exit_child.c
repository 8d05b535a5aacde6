/* A program that records and ends in the way its argument says, without shutting down: the exit flush has to deliver. */
#include <pthread.h>
#include <spanwire/spanwire.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t child_pid;

/* Runs after the exit flush, for it was registered before the start: the child has to have ended well. */
static void check_child(void)
{
    int status = 0;
    if (child_pid > 0 && (waitpid(child_pid, &status, 0) != child_pid || status != 0))
        _exit(3);
}

#if defined(__SANITIZE_ADDRESS__)
/* The worker may have been inside AddressSanitizer's allocator at the fork: the child's search for leaks would wait for its lock for ever. */
static int is_child;
__attribute__((visibility("default"))) int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
    return is_child;
}
#endif

static void *shut_down(void *arg)
{
    spw_shutdown(5000);
    return arg;
}

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "return";
    spw_options options = SPW_OPTIONS_INIT;
    options.exit_timeout_ms = argc > 2 ? (uint32_t)atoi(argv[2]) : 0;
    options.pump = strcmp(how, "pump") == 0;
    atexit(check_child);
    if (spw_start(&options) != SPW_OK)
        return 2;
    {
        SPW_SPAN(span, "short life");
        spw_set(span, "how", how);
    }
    if (strcmp(how, "exit") == 0)
        exit(0);
    if (strcmp(how, "fork") == 0 && (child_pid = fork()) == 0) {
#if defined(__SANITIZE_ADDRESS__)
        is_child = 1;
#endif
        SPW_SPAN(child, "in the child");
        exit(0); /* the child's exit must not send the parent's spans again */
    }
    pthread_t thread;
    if (strcmp(how, "background") == 0 && pthread_create(&thread, NULL, shut_down, NULL) == 0) {
        pthread_detach(thread);
        usleep(100000);
    }
    if (strcmp(how, "shutdown") == 0)
        spw_shutdown(2000);
    return 0;
}
