/* spanwire show: asks a running viewer for a trace as text, or reads it from a file, and prints it. */
#include "cli.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "client.h"
#include "text.h"

enum { MAX_TEXT = 64 << 20 };

struct arguments {
    struct show_arguments show;
    uint64_t width;
    enum cli_color color;
};

static bool set_option(struct arguments *arguments, int option)
{
    switch (option) {
    case 'u': arguments->show.url = optarg; return true;
    case 'a': arguments->show.ascii = true; return true;
    case 'c': return cli_read_color(optarg, &arguments->color);
    case 'w':
        if (spwv_parse_u64(optarg, 10000, &arguments->width))
            return true;
        fprintf(stderr, "spanwire: --width %s: give a number of columns, such as 120\n", optarg);
        return false;
    default: fputs("spanwire: try spanwire help\n", stderr); return false;
    }
}

static bool is_trace(const char *text)
{
    uint8_t id[16];
    return strcmp(text, "latest") == 0 || (strlen(text) == 32 && spwv_hex_decode(text, 32, id));
}

/* FILE, FILE TRACE, TRACE, or nothing. A trace id is never taken for a file of that name: ./ID is one. */
static bool read_subject(int count, char **words, struct show_arguments *show)
{
    if (count && !is_trace(words[0])) {
        show->file = *words++;
        count--;
        if (strcmp(show->file, "-") != 0 && access(show->file, F_OK) != 0) {
            fprintf(stderr, "spanwire: \"%s\" is neither a trace id nor a file; give 32 hex digits, latest, or a file of OTLP JSON lines\n",
                    show->file);
            return false;
        }
    }
    if (count)
        show->trace = words[0];
    if (count <= 1 && is_trace(show->trace))
        return true;
    fputs("spanwire: show takes a file, a trace id (32 hex digits) or latest, or a file and then one of these\n", stderr);
    return false;
}

static bool read_arguments(int argc, char **argv, struct arguments *arguments)
{
    static const struct option options[] = {{"url", required_argument, NULL, 'u'},
                                            {"width", required_argument, NULL, 'w'},
                                            {"color", required_argument, NULL, 'c'},
                                            {"ascii", no_argument, NULL, 'a'},
                                            {NULL, 0, NULL, 0}};
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
        if (!set_option(arguments, option))
            return false;
    return read_subject(argc - optind, argv + optind, &arguments->show);
}

static int print(const struct show_arguments *arguments, struct spwv_buf *text)
{
    char path[128];
    snprintf(path, sizeof path, "/api/traces/%s/text?width=%u&color=%d&ascii=%d", arguments->trace, arguments->width, arguments->color,
             arguments->ascii);
    struct cli_client client;
    bool ok = cli_client_open(&client, arguments->url) && cli_client_get(&client, path, text);
    cli_client_close(&client);
    if (!ok)
        return EXIT_FAILED;
    return fwrite(text->data, 1, text->size, stdout) == text->size && fflush(stdout) == 0 ? 0 : EXIT_FAILED;
}

static int show_from_viewer(const struct show_arguments *arguments)
{
    struct spwv_buf text;
    spwv_buf_init(&text, MAX_TEXT, NULL);
    int status = print(arguments, &text);
    spwv_buf_fini(&text);
    return status;
}

int cli_show(int argc, char **argv)
{
    struct arguments arguments = {.show = {.trace = "latest", .url = "http://127.0.0.1:4318"}};
    if (!read_arguments(argc, argv, &arguments))
        return EXIT_USAGE;
    arguments.show.width = arguments.width ? (unsigned)arguments.width : cli_terminal_width();
    arguments.show.color = cli_wants_color(arguments.color);
    return arguments.show.file ? cli_show_file(&arguments.show) : show_from_viewer(&arguments.show);
}
