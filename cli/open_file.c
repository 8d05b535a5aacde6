/* A file of OTLP JSON lines in a store of its own, in memory. */
#include "open_file.h"

#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "import.h"
#include "text.h"

enum { MAX_LINE = 64 << 20 };

/* The oldest traces of a larger file leave; the newest are what is asked for. */
static const uint64_t max_store = 256u << 20;

static bool read_file(struct spwv_store *store, const char *file)
{
    struct cli_bad_lines bad_lines = {.file = file};
    struct spwv_import_sink sink = {&bad_lines, cli_bad_line, NULL};
    struct spwv_import_report report;
    struct spwv_error error;
    bool ok = spwv_import(store, file, MAX_LINE, &sink, &report, &error);
    cli_end_bad_lines(&bad_lines);
    if (report.rejected)
        fprintf(stderr, "spanwire: %s: %llu items are left out: ids that are not of 16 and 8 bytes or all zero, metrics without a name\n", file,
                (unsigned long long)report.rejected);
    if (!ok)
        fprintf(stderr, "spanwire: %s\n", error.text); /* what came before it can still be shown */
    return ok;
}

struct spwv_store *cli_open_file(const char *file, bool *whole)
{
    struct spwv_error error;
    struct spwv_store *store = spwv_store_sqlite_open(NULL, max_store, &error);
    if (store)
        *whole = read_file(store, file);
    else
        fprintf(stderr, "spanwire: %s\n", error.text);
    return store;
}

bool cli_find_trace(struct spwv_store *store, const char *file, const char *trace, uint8_t trace_id[SPWV_TRACE_ID_SIZE])
{
    if (strcmp(trace, "latest") == 0) {
        if (store->latest(store, trace_id))
            return true;
        fprintf(stderr, "spanwire: %s holds no trace\n", file);
        return false;
    }
    if (strlen(trace) == 2 * SPWV_TRACE_ID_SIZE && spwv_hex_decode(trace, 2 * SPWV_TRACE_ID_SIZE, trace_id))
        return true;
    fprintf(stderr, "spanwire: %s is no trace id; give 32 hex digits or latest\n", trace);
    return false;
}
