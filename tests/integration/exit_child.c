/* A program that records and ends in the way its argument says, without shutting down: the exit flush has to deliver. */
#include <spanwire/spanwire.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
    if (strcmp(how, "shutdown") == 0)
        spw_shutdown(2000);
    return 0;
}
