/* spanwire convert FILE: a trace of a file of OTLP JSON lines in another form. */
#include "cli.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "export.h"
#include "open_file.h"

enum { MAX_OUT = 256 << 20 };

typedef bool (*convert_fn)(struct spwv_store *store, const uint8_t *trace_id, struct spwv_buf *out, struct spwv_error *error);

static const struct { const char *name; convert_fn convert; } forms[] = {
    {"otlp", spwv_export_otlp}, {"speedscope", spwv_export_speedscope}, {"chrome", spwv_export_chrome}};

struct arguments {
    const char *file;
    const char *trace;
    const char *output; /* NULL: standard output */
    convert_fn convert;
};

static bool set_option(struct arguments *arguments, int option)
{
    if (option == 'o') {
        arguments->output = optarg;
        return true;
    }
    for (size_t i = 0; option == 't' && i < sizeof forms / sizeof *forms; i++)
        if (strcmp(optarg, forms[i].name) == 0) {
            arguments->convert = forms[i].convert;
            return true;
        }
    if (option == 't')
        fprintf(stderr, "spanwire: --to %s: choose otlp, speedscope or chrome\n", optarg);
    return false;
}

static bool read_arguments(int argc, char **argv, struct arguments *arguments)
{
    static const struct option known[] = {{"to", required_argument, NULL, 't'}, {"output", required_argument, NULL, 'o'}, {NULL, 0, NULL, 0}};
    int option;
    while ((option = getopt_long(argc, argv, "o:", known, NULL)) != -1)
        if (!set_option(arguments, option))
            return false;
    if (argc - optind < 1 || argc - optind > 2 || !arguments->convert) {
        fputs("spanwire: convert --to otlp|speedscope|chrome [-o OUTPUT] FILE [TRACE_ID]\n", stderr);
        return false;
    }
    arguments->file = argv[optind];
    arguments->trace = argc - optind == 2 ? argv[optind + 1] : "latest";
    return true;
}

static bool write_out(const struct arguments *arguments, const struct spwv_buf *out)
{
    FILE *file = arguments->output ? fopen(arguments->output, "we") : stdout;
    bool ok = file && fwrite(out->data, 1, out->size, file) == out->size;
    if (file)
        ok = (file == stdout ? fflush(file) : fclose(file)) == 0 && ok;
    if (!ok)
        fprintf(stderr, "spanwire: cannot write %s: %s\n", arguments->output ? arguments->output : "the output", strerror(errno));
    return ok;
}

static bool convert(struct spwv_store *store, const struct arguments *arguments)
{
    uint8_t trace_id[SPWV_TRACE_ID_SIZE];
    struct spwv_error error = {0};
    if (!cli_find_trace(store, arguments->file, arguments->trace, trace_id))
        return false;
    struct spwv_buf out;
    spwv_buf_init(&out, MAX_OUT, NULL);
    bool ok = arguments->convert(store, trace_id, &out, &error) && !out.failed;
    if (!ok)
        fprintf(stderr, "spanwire: %s\n", out.failed ? "the trace is too large for the memory there is" : error.text[0] ? error.text : "there is no such trace");
    ok = ok && write_out(arguments, &out);
    spwv_buf_fini(&out);
    return ok;
}

int cli_convert(int argc, char **argv)
{
    struct arguments arguments = {0};
    if (!read_arguments(argc, argv, &arguments))
        return EXIT_USAGE;
    bool whole;
    struct spwv_store *store = cli_open_file(arguments.file, &whole);
    if (!store)
        return EXIT_FAILED;
    bool ok = convert(store, &arguments);
    store->destroy(store);
    return ok && whole ? 0 : EXIT_FAILED;
}
