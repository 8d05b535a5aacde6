/* A program that records and ends in the way its argument says, without shutting down: the exit flush has to deliver. */
#include <pthread.h>
#include <spanwire/spanwire.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *shut_down(void *arg)
{
    spw_shutdown(5000);
    return arg;
}

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "return";
    if (spw_start(NULL) != SPW_OK)
        return 2;
    {
        SPW_SPAN(span, "short life");
        spw_set(span, "how", how);
    }
    if (strcmp(how, "exit") == 0)
        exit(0);
    if (strcmp(how, "fork") == 0 && fork() == 0) {
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
