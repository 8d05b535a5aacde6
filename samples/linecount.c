/*
 * Counts the lines of standard input: `linecount [NAME] < FILE`. NAME is only shown in the trace.
 *
 * A program started by another one: the context comes in the environment (TRACEPARENT, TRACESTATE), so that its span becomes a child of
 * the span that started it, although the two are different processes. The agent sample runs it.
 */
#include <errno.h>
#include <spanwire/spanwire.h>
#include <stdint.h>
#include <stdio.h>

typedef struct counts {
    int64_t lines, blank, bytes, longest;
} counts;

static counts count_lines(FILE *in)
{
    counts n = { 0 };
    int64_t length = 0;
    bool blank = true;
    for (int c; (c = getc_unlocked(in)) != EOF;) {
        n.bytes++;
        if (c == '\n') {
            n.lines++;
            n.blank += blank;
            length = 0;
            blank = true;
            continue;
        }
        blank = blank && (c == ' ' || c == '\t' || c == '\r');
        if (++length > n.longest)
            n.longest = length;
    }
    n.lines += length > 0; /* a last line without a newline is a line */
    return n;
}

static int run(const char *name)
{
    SPW_SPAN(span, "linecount");
    spw_set(span, "process.executable.name", "linecount");
    spw_set(span, "file.name", name);

    counts n = count_lines(stdin);
    int status = ferror(stdin) ? 1 : 0;
    if (status != 0)
        spw_fail_errno(span, errno, "standard input could not be read");
    else
        printf("%jd lines, %jd blank, longest %jd bytes\n", (intmax_t)n.lines, (intmax_t)n.blank, (intmax_t)n.longest);
    spw_set(span, "file.size", n.bytes);
    spw_set(span, "file.lines", n.lines);
    spw_set(span, "process.exit.code", status);
    return status;
}

int main(int argc, char **argv)
{
    spw_options options = SPW_OPTIONS_INIT;
    options.service_name = "linecount";
    options.log_level = SPW_LOG_ERROR; /* whoever starts many of us tells of a missing collector once; we need not */
    spw_start(&options);

    spw_context parent = spw_context_from_environment(); /* the root context when nobody passed one on */
    spw_token token = spw_context_attach(&parent);
    spw_context_release(&parent);
    int status = run(argc > 1 ? argv[1] : "-");
    spw_context_detach(token);

    /* No spw_shutdown(): the flush at exit suits a short program. It waits a second at most, and not at all when nobody listens. */
    return status;
}
