/* What opening a file says of the lines it could not use. */
#include "cli.h"

#include <inttypes.h>
#include <stdio.h>

enum { TOLD = 10 };

void cli_bad_line(void *arg, uint64_t line, const char *cause)
{
    struct cli_bad_lines *bad_lines = arg;
    if (bad_lines->count++ < TOLD)
        fprintf(stderr, "spanwire: %s:%" PRIu64 ": %s\n", bad_lines->file, line, cause);
}

void cli_end_bad_lines(const struct cli_bad_lines *bad_lines)
{
    if (bad_lines->count > TOLD)
        fprintf(stderr, "spanwire: %s: %" PRIu64 " more bad lines\n", bad_lines->file, bad_lines->count - TOLD);
    if (bad_lines->count)
        fprintf(stderr, "spanwire: each line must be one request ({\"resourceSpans\": [...]}); for JSON over several lines: jq -c . %s\n",
                bad_lines->file);
}
