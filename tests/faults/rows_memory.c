/* What is short, or odd, around the program: memory, its environment. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "faults/fault.h"
#include "support/environment_matrix.h"

/* ---- every allocation ---- */

/* tests/sweep, for as long as a row may take: its last line has the figures. */
static void every_allocation(struct fault *f)
{
    char line[400] = "", last[400] = "";
    unsigned long swept = 0, tried = 0, all = 0, oom = 0, wrong = 1;
    setenv("SPANWIRE_SWEEP", "25", 0); /* seconds */
    FILE *out = popen(FAULTS_SWEEP, "r");
    while (out && fgets(line, sizeof line, out)) {
        if (strncmp(line, "not ok", 6) == 0)
            fault_fail(f, "%.300s", line);
        memcpy(last, line, sizeof last);
    }
    int status = out ? pclose(out) : -1;
    bool read = sscanf(last, "allocations swept: %lu; failures tried: %lu of %lu (once, and for good); spans counted as oom: %lu; went wrong: %lu", &swept,
                       &tried, &all, &oom, &wrong) == 5;
    FAULT_CHECK(f, status == 0 && read && wrong == 0);
    snprintf(f->note, sizeof f->note, "%lu allocations; %lu of %lu failures tried here, %lu spans counted as oom; SPANWIRE_SWEEP=all tries all", swept, tried,
             all, oom);
}

/* ---- every variable ---- */

static struct {
    struct fault *f;
    const struct matrix_case *now;
    unsigned lines; /* that name the variable */
    unsigned begun, refused;
} matrix;

static void hear(void *arg, spw_log_level level, const char *text)
{
    (void)arg;
    (void)level;
    const char *wrong = environment_matrix_judge(text);
    matrix.lines += strstr(text, matrix.now->variable) != NULL;
    if (wrong)
        fault_fail(matrix.f, "%s, %s: %s", matrix.now->variable, matrix.now->what, wrong);
}

static void start_under(void *arg, const struct matrix_case *c)
{
    struct fault *f = arg;
    spw_options options = SPW_OPTIONS_INIT;
    spw_error error = SPW_ERROR_INIT;
    options.log_fn = hear;
    options.error = &error;
    matrix.now = c;
    matrix.lines = 0;
    spw_result result = spw_start(&options);
    spw_span_end(spw_span_start(NULL, "work", NULL));
    if (result == SPW_OK)
        matrix.begun++;
    else
        matrix.refused++;
    if (result != SPW_OK && (result != SPW_ERR_INVALID || !error.text[0]))
        fault_fail(f, "%s, %s: spw_start says %d: %s", c->variable, c->what, (int)result, error.text);
    if (matrix.lines > 1)
        fault_fail(f, "%s, %s: it is named in %u lines", c->variable, c->what, matrix.lines);
    for (int i = 0; i < 200 && spw_shutdown(0) != SPW_OK; i++)
        usleep(1000);
}

/* Standard output takes nothing of what a console exporter may print. */
static void every_variable(struct fault *f)
{
    matrix.f = f;
    if (!freopen("/dev/null", "w", stdout))
        abort();
    size_t count = environment_matrix(start_under, f);
    FAULT_CHECK(f, matrix.begun > matrix.refused);
    snprintf(f->note, sizeof f->note, "%zu starts: %u begun, %u refused with a cause and cure", count, matrix.begun, matrix.refused);
}

const struct fault_row fault_rows_memory[] = {
    { "Memory and environment", "every_allocation", "every allocation, mapping and thread of the process fails in turn, once and from then on",
      "no crash, no leak, no hang; the books add up, and everything works when there is memory again", every_allocation, false },
    { "Memory and environment", "every_variable", "every variable that is read, empty, -1, 2^31, 2^63, letters, 64 KiB, not UTF-8, spaces, control characters",
      "one clean line, and the default; or a start refused with the cure", every_variable, false },
    { NULL, NULL, NULL, NULL, NULL, false },
};
