/*
 * The door of the spanwire program. `exec` is done here, in a process that has loaded little, because whoever wraps a command waits for this
 * one; for everything else it becomes the tool, which has the viewer, SQLite and libcurl.
 */
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

/* Beside this program in a build, in libexec once installed. */
bool cli_find_tool(char *path, size_t size)
{
    static const char *const places[] = {"spanwire-tool", SPW_CLI_TO_TOOL};
    char own[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);
    if (length <= 0)
        return false;
    own[length] = 0;
    const char *directory = dirname(own);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        int written = snprintf(path, size, "%s/%s", directory, places[i]);
        if (written > 0 && (size_t)written < size && access(path, X_OK) == 0)
            return true;
    }
    return false;
}

int main(int argc, char **argv)
{
#ifdef SPW_CLI_HAS_SDK
    if (argc > 1 && strcmp(argv[1], "exec") == 0)
        return cli_exec(argc - 1, argv + 1);
#endif
    char tool[PATH_MAX];
    (void)argc;
    if (!cli_find_tool(tool, sizeof tool)) {
        fputs("spanwire: its other part, spanwire-tool, is not beside it; install it whole (cmake --install)\n", stderr);
        return EXIT_FAILED;
    }
    execv(tool, argv);
    fprintf(stderr, "spanwire: %s cannot be run: %s\n", tool, strerror(errno));
    return EXIT_FAILED;
}
