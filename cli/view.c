/* spanwire view: runs the viewer until SIGINT or SIGTERM. */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "import.h"
#include "text.h"
#include "viewer.h"

extern char **environ;

enum { MAX_ALLOWED = 31 };

struct arguments {
    struct spwv_options viewer;
    const char *allowed[MAX_ALLOWED];
    const char *port_file;
    char **files; /* to open; NULL behind the last */
    bool open;
    bool quiet;
};

static bool read_size(const char *text, uint64_t *size)
{
    char digits[24];
    size_t length = strlen(text);
    if (length == 0 || length >= sizeof digits)
        return false;
    static const char units[] = "KMG";
    const char *unit = strchr(units, text[length - 1] & ~0x20);
    unsigned shift = unit && *unit && (text[length - 1] & 0x40) ? 10 * (unsigned)(unit - units + 1) : 0;
    snprintf(digits, sizeof digits, "%.*s", (int)(length - (shift > 0)), text);
    if (!spwv_parse_u64(digits, UINT64_MAX >> 1 >> shift, size))
        return false;
    *size <<= shift;
    return true;
}

static bool set_option(struct arguments *arguments, int option)
{
    switch (option) {
    case 'l':
        arguments->viewer.listen = optarg;
        arguments->viewer.listen_else = NULL; /* that one, and no other */
        return true;
    case 'd': arguments->viewer.db_path = optarg; return true;
    case 'p': arguments->port_file = optarg; return true;
    case 'o': arguments->open = true; return true;
    case 'q': arguments->quiet = true; return true;
    case 'm':
        if (read_size(optarg, &arguments->viewer.max_bytes) && arguments->viewer.max_bytes >= 1 << 20)
            return true;
        fprintf(stderr, "spanwire: --max-bytes %s: give a number of bytes, at least 1M; examples: 268435456, 256M, 2G\n", optarg);
        return false;
    case 'a':
        if (arguments->viewer.allow_host_count < MAX_ALLOWED) {
            arguments->allowed[arguments->viewer.allow_host_count++] = optarg;
            return true;
        }
        fprintf(stderr, "spanwire: --allow-host may be given %d times\n", MAX_ALLOWED);
        return false;
    default: fputs("spanwire: try spanwire help\n", stderr); return false;
    }
}

static bool read_arguments(int argc, char **argv, struct arguments *arguments)
{
    static const struct option options[] = {
        {"listen", required_argument, NULL, 'l'},     {"db", required_argument, NULL, 'd'},        {"max-bytes", required_argument, NULL, 'm'},
        {"allow-host", required_argument, NULL, 'a'}, {"port-file", required_argument, NULL, 'p'}, {"open", no_argument, NULL, 'o'},
        {"quiet", no_argument, NULL, 'q'},            {NULL, 0, NULL, 0}};
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
        if (!set_option(arguments, option))
            return false;
    arguments->files = argv + optind;
    return true;
}

/* Written beside and renamed: a reader sees the whole number or no file. */
static bool write_port(const char *path, unsigned port)
{
    char temporary[4096];
    int size = snprintf(temporary, sizeof temporary, "%s.%ld", path, (long)getpid());
    FILE *file = size > 0 && (size_t)size < sizeof temporary ? fopen(temporary, "we") : NULL;
    bool ok = file && fprintf(file, "%u\n", port) > 0;
    if (file)
        ok = fclose(file) == 0 && ok;
    if (ok && rename(temporary, path) == 0)
        return true;
    fprintf(stderr, "spanwire: cannot write --port-file %s: %s; name a file in a directory you may write\n", path, strerror(errno));
    if (file)
        unlink(temporary);
    return false;
}

static void open_browser(const char *url)
{
    char *const command[] = {(char *)(uintptr_t) "xdg-open", (char *)(uintptr_t)url, NULL};
    posix_spawnattr_t attributes;
    sigset_t none;
    pid_t child;
    sigemptyset(&none);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    if (posix_spawnp(&child, command[0], NULL, &attributes, command, environ) != 0)
        fprintf(stderr, "spanwire: there is no xdg-open to open a browser with; open %s yourself\n", url);
    posix_spawnattr_destroy(&attributes);
}

static void announce(const struct arguments *arguments, struct spwv_viewer *viewer)
{
    char url[300];
    const char *host = spwv_viewer_host(viewer);
    bool any = strcmp(host, "0.0.0.0") == 0 || strcmp(host, "[::]") == 0;
    snprintf(url, sizeof url, "http://%s:%u/", any ? "127.0.0.1" : host, spwv_viewer_port(viewer));
    if (spwv_viewer_is_elsewhere(viewer))
        fprintf(stderr, "spanwire: %s is in use: another viewer or a collector listens there; this viewer has port %u, and programs must be told: "
                        "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:%u\n", arguments->viewer.listen, spwv_viewer_port(viewer), spwv_viewer_port(viewer));
    if (!spwv_viewer_is_loopback(viewer))
        fputs("spanwire: warning: others on the network can read the traces and send spans; there is no password\n", stderr);
    if (!arguments->quiet) {
        printf("spanwire view: %s\n", url);
        printf("  spans:  OTEL_EXPORTER_OTLP_ENDPOINT=%.*s\n", (int)(strlen(url) - 1), url);
        printf("  store:  %s, %llu MiB at most\n", arguments->viewer.db_path ? arguments->viewer.db_path : "in memory",
               (unsigned long long)(arguments->viewer.max_bytes >> 20));
        if (spwv_viewer_migrated_from(viewer))
            printf("          brought up to date from version %u: earlier versions of spanwire cannot read it any more\n",
                   spwv_viewer_migrated_from(viewer));
        printf("  stop:   Ctrl-C\n");
        fflush(stdout);
    }
    if (arguments->open)
        open_browser(url);
}

/* ---- opened files ---- */

static bool not_interrupted(void *arg)
{
    sigset_t pending;
    (void)arg;
    sigpending(&pending);
    return !sigismember(&pending, SIGINT) && !sigismember(&pending, SIGTERM) && !sigismember(&pending, SIGHUP);
}

static void tell_opened(const char *file, const struct spwv_import_report *report)
{
    printf("spanwire view: opened %s", file);
    for (size_t i = 0; i < SPWV_SIGNALS; i++)
        if (report->items[i] || i == 0)
            printf("%s %llu %s", i ? "," : ":", (unsigned long long)report->items[i], spwv_signals[i].items);
    printf(" in %llu requests", (unsigned long long)report->requests);
    if (report->rejected)
        printf(", %llu rejected for their ids or names", (unsigned long long)report->rejected);
    if (report->empty)
        printf(", %llu requests with nothing in them", (unsigned long long)report->empty);
    if (report->bad)
        printf(", %llu bad lines", (unsigned long long)report->bad);
    printf("\n");
}

static bool open_files(const struct arguments *arguments, struct spwv_viewer *viewer)
{
    for (char **file = arguments->files; *file; file++) {
        struct cli_bad_lines bad_lines = {.file = *file};
        struct spwv_import_sink sink = {&bad_lines, cli_bad_line, not_interrupted};
        struct spwv_import_report report;
        struct spwv_error error;
        bool ok = spwv_viewer_import(viewer, *file, &sink, &report, &error);
        cli_end_bad_lines(&bad_lines);
        if (!ok) {
            fprintf(stderr, "spanwire: %s\n", error.text);
            return false;
        }
        if (report.stopped)
            return true; /* the signal is still pending: the wait for it ends at once */
        if (!arguments->quiet)
            tell_opened(*file, &report);
    }
    return true;
}

int cli_view(int argc, char **argv)
{
    struct arguments arguments = {.viewer = SPWV_OPTIONS_INIT};
    arguments.viewer.listen_else = "127.0.0.1:0";
    arguments.viewer.allow_hosts = arguments.allowed;
    if (!read_arguments(argc, argv, &arguments))
        return EXIT_USAGE;
    sigset_t stop; /* blocked before the first thread, so that only the wait below takes them */
    sigemptyset(&stop);
    sigaddset(&stop, SIGINT);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGHUP);
    sigprocmask(SIG_BLOCK, &stop, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_IGN); /* the browser's starter */
    struct spwv_error error;
    struct spwv_viewer *viewer = spwv_viewer_start(&arguments.viewer, &error);
    if (!viewer) {
        fprintf(stderr, "spanwire: %s\n", error.text);
        return EXIT_FAILED;
    }
    bool ok = open_files(&arguments, viewer) && (!arguments.port_file || write_port(arguments.port_file, spwv_viewer_port(viewer)));
    if (ok) {
        announce(&arguments, viewer);
        int signal_number;
        sigwait(&stop, &signal_number);
    }
    spwv_viewer_stop(viewer);
    if (arguments.port_file && ok)
        unlink(arguments.port_file);
    return ok ? 0 : EXIT_FAILED;
}
