/* spanwire show FILE: a trace of a file, through a store of its own in memory. */
#include "cli.h"

#include <stdio.h>
#include <string.h>

#include "import.h"
#include "text.h"
#include "waterfall.h"

enum { MAX_TEXT = 64 << 20, MAX_LINE = 64 << 20 };

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
        fprintf(stderr, "spanwire: %s: %llu spans are left out: their ids are not of 16 and 8 bytes, or are all zero\n", file,
                (unsigned long long)report.rejected);
    if (!ok)
        fprintf(stderr, "spanwire: %s\n", error.text); /* what came before it can still be shown */
    return ok;
}

static bool find_trace(struct spwv_store *store, const struct show_arguments *arguments, uint8_t *trace_id)
{
    if (strcmp(arguments->trace, "latest") != 0)
        return spwv_hex_decode(arguments->trace, 2 * SPWV_TRACE_ID_SIZE, trace_id);
    if (store->latest(store, trace_id))
        return true;
    fprintf(stderr, "spanwire: %s holds no trace\n", arguments->file);
    return false;
}

static bool print(struct spwv_store *store, const struct show_arguments *arguments, struct spwv_buf *text)
{
    uint8_t trace_id[SPWV_TRACE_ID_SIZE];
    struct spwv_error error;
    struct spwv_waterfall_options options = {.width = arguments->width, .color = arguments->color, .ascii = arguments->ascii};
    if (!find_trace(store, arguments, trace_id))
        return false;
    if (!spwv_waterfall(store, trace_id, &options, text, &error) || text->failed) {
        if (error.text[0] || text->failed)
            fprintf(stderr, "spanwire: %s\n", text->failed ? "no memory for the text" : error.text);
        else
            fprintf(stderr, "spanwire: %s has no trace %s\n", arguments->file, arguments->trace);
        return false;
    }
    return fwrite(text->data, 1, text->size, stdout) == text->size && fflush(stdout) == 0;
}

int cli_show_file(const struct show_arguments *arguments)
{
    struct spwv_error error;
    struct spwv_store *store = spwv_store_sqlite_open(NULL, max_store, &error);
    if (!store) {
        fprintf(stderr, "spanwire: %s\n", error.text);
        return EXIT_FAILED;
    }
    struct spwv_buf text;
    spwv_buf_init(&text, MAX_TEXT, NULL);
    bool whole = read_file(store, arguments->file);
    bool shown = print(store, arguments, &text);
    spwv_buf_fini(&text);
    store->destroy(store);
    return whole && shown ? 0 : EXIT_FAILED;
}
