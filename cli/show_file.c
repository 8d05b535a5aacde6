/* spanwire show FILE: a trace of a file, through a store of its own in memory. */
#include "cli.h"

#include <stdio.h>

#include "open_file.h"
#include "waterfall.h"

enum { MAX_TEXT = 64 << 20 };

static bool print(struct spwv_store *store, const struct show_arguments *arguments, struct spwv_buf *text)
{
    uint8_t trace_id[SPWV_TRACE_ID_SIZE];
    struct spwv_error error;
    struct spwv_waterfall_options options = {.width = arguments->width, .color = arguments->color, .ascii = arguments->ascii};
    if (!cli_find_trace(store, arguments->file, arguments->trace, trace_id))
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
    bool whole;
    struct spwv_store *store = cli_open_file(arguments->file, &whole);
    if (!store)
        return EXIT_FAILED;
    struct spwv_buf text;
    spwv_buf_init(&text, MAX_TEXT, NULL);
    bool shown = print(store, arguments, &text);
    spwv_buf_fini(&text);
    store->destroy(store);
    return whole && shown ? 0 : EXIT_FAILED;
}
