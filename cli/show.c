/* spanwire show: asks a running viewer for a trace as text, or reads it from a file, and prints it. */
#include "cli.h"

#include <curl/curl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "buf.h"
#include "text.h"

enum { MAX_TEXT = 64 << 20, TIMEOUT_MS = 30000, CONNECT_TIMEOUT_MS = 3000 };

enum color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct arguments {
    struct show_arguments show;
    uint64_t width;
    enum color color;
};

static bool read_color(const char *text, enum color *color)
{
    static const char *const names[] = {"auto", "always", "never"};
    for (int i = 0; i < 3; i++)
        if (strcmp(text, names[i]) == 0) {
            *color = (enum color)i;
            return true;
        }
    fprintf(stderr, "spanwire: --color %s: choose auto, always or never\n", text);
    return false;
}

static bool set_option(struct arguments *arguments, int option)
{
    switch (option) {
    case 'u': arguments->show.url = optarg; return true;
    case 'a': arguments->show.ascii = true; return true;
    case 'c': return read_color(optarg, &arguments->color);
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

static unsigned terminal_width(void)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col)
        return size.ws_col;
    return 100;
}

static bool wants_color(enum color color)
{
    const char *no_color = getenv("NO_COLOR");
    if (color != COLOR_AUTO)
        return color == COLOR_ALWAYS;
    return isatty(STDOUT_FILENO) && !(no_color && *no_color);
}

static size_t receive(char *data, size_t size, size_t count, void *arg)
{
    struct spwv_buf *text = arg;
    spwv_buf_add(text, data, size * count);
    return text->failed ? 0 : size * count;
}

static bool fetch(const char *url, struct spwv_buf *text, long *status, char *error)
{
    CURL *curl = curl_easy_init();
    if (!curl) {
        snprintf(error, CURL_ERROR_SIZE, "no memory");
        return false;
    }
    error[0] = 0;
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "127.0.0.1,localhost,::1");
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)TIMEOUT_MS);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, text);
    CURLcode result = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, status);
    curl_easy_cleanup(curl);
    if (result != CURLE_OK && !error[0])
        snprintf(error, CURL_ERROR_SIZE, "%s", curl_easy_strerror(result));
    return result == CURLE_OK;
}

static int print(const struct show_arguments *arguments, struct spwv_buf *text)
{
    char url[2048];
    char error[CURL_ERROR_SIZE];
    long status = 0;
    size_t base = strlen(arguments->url);
    while (base && arguments->url[base - 1] == '/')
        base--;
    int size = snprintf(url, sizeof url, "%.*s/api/traces/%s/text?width=%u&color=%d&ascii=%d", (int)base, arguments->url, arguments->trace,
                        arguments->width, arguments->color, arguments->ascii);
    if (size < 0 || (size_t)size >= sizeof url) {
        fputs("spanwire: --url is too long\n", stderr);
        return EXIT_USAGE;
    }
    if (!fetch(url, text, &status, error)) {
        fprintf(stderr, "spanwire: no answer from %s: %s; is the viewer running? start it with: spanwire view\n", arguments->url, error);
        return EXIT_FAILED;
    }
    if (status != 200) {
        fprintf(stderr, "spanwire: %s answered %ld: %.*s\n", arguments->url, status, (int)(text->size < 300 ? text->size : 300),
                text->data ? text->data : "");
        return EXIT_FAILED;
    }
    return fwrite(text->data, 1, text->size, stdout) == text->size && fflush(stdout) == 0 ? 0 : EXIT_FAILED;
}

static int show_from_viewer(const struct show_arguments *arguments)
{
    struct spwv_buf text;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    spwv_buf_init(&text, MAX_TEXT, NULL);
    int status = print(arguments, &text);
    spwv_buf_fini(&text);
    curl_global_cleanup();
    return status;
}

int cli_show(int argc, char **argv)
{
    struct arguments arguments = {.show = {.trace = "latest", .url = "http://127.0.0.1:4318"}};
    if (!read_arguments(argc, argv, &arguments))
        return EXIT_USAGE;
    arguments.show.width = arguments.width ? (unsigned)arguments.width : terminal_width();
    arguments.show.color = wants_color(arguments.color);
    return arguments.show.file ? cli_show_file(&arguments.show) : show_from_viewer(&arguments.show);
}
