/*
 * The commands of the spanwire program. Each gets its own arguments (argv[0] is its name) and returns the exit status:
 * 0 fine, 1 it failed, 2 the arguments are wrong. Messages go to stderr as "spanwire: cause; cure".
 */
#ifndef SPANWIRE_CLI_H
#define SPANWIRE_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { EXIT_FAILED = 1, EXIT_USAGE = 2 };

int cli_view(int argc, char **argv);
int cli_show(int argc, char **argv);

/* Only where the SDK is built, too (SPW_CLI_HAS_SDK). */
int cli_config(int argc, char **argv);
int cli_exec(int argc, char **argv);        /* the only one in the program's door, see main.c */
int cli_exec_record(int argc, char **argv); /* its second process */

/* Where spanwire-tool is; false when it is nowhere. */
bool cli_find_tool(char *path, size_t size);

int cli_span(int argc, char **argv);
int cli_doctor(int argc, char **argv);

int cli_convert(int argc, char **argv);
int cli_tail(int argc, char **argv);

/* ---- what a person reads ---- */

enum cli_color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

bool cli_read_color(const char *text, enum cli_color *color); /* false after saying what is wrong */
bool cli_wants_color(enum cli_color color);
unsigned cli_terminal_width(void);

/* ---- show ---- */

struct show_arguments {
    const char *trace; /* 32 hex digits, or "latest" */
    const char *file;  /* NULL: a viewer is asked */
    const char *url;
    unsigned width; /* columns */
    bool color;
    bool ascii;
};

int cli_show_file(const struct show_arguments *arguments);

/* ---- opened files ---- */

/* Tells of bad lines on stderr as "spanwire: FILE:LINE: cause", the first few of each file. */
struct cli_bad_lines {
    const char *file;
    uint64_t count;
};

void cli_bad_line(void *bad_lines, uint64_t line, const char *cause);
void cli_end_bad_lines(const struct cli_bad_lines *bad_lines);

#endif
