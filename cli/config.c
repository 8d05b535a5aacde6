/* spanwire config: what a program started from here would be configured with, setting by setting, each with its source. */
#include "cli.h"

#include <stdio.h>
#include <string.h>

#include <spanwire/config.h>

/* A value may come from anywhere: nothing that a terminal acts on gets there. */
static void print_line(void *arg, const spw_config_entry *entry)
{
    (void)arg;
    for (const char *p = entry->line; *p; p++) {
        unsigned char c = (unsigned char)*p;
        putchar(c < 0x20 || c == 0x7f ? '?' : c);
    }
    putchar('\n');
}

int cli_config(int argc, char **argv)
{
    if (argc > 1) {
        fprintf(stderr, "spanwire: config takes no argument \"%s\"; it reads OTEL_* of the environment\n", argv[1]);
        return EXIT_USAGE;
    }
    return spw_config_each(NULL, print_line, NULL) == SPW_OK ? 0 : EXIT_FAILED;
}
