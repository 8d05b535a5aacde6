/* The spanwire program's commands, but for exec. */
#include "cli.h"

#include <stdio.h>
#include <string.h>

#include "viewer.h"

static const char usage[] =
    "spanwire: OpenTelemetry for C\n"
    "\n"
    "  spanwire view [options] [FILE...]  receive spans over OTLP/HTTP and show them in the browser\n"
    "      FILE                           open files of OTLP JSON lines first (gzip too; - is the standard input)\n"
    "      --listen ADDRESS:PORT          where (127.0.0.1:4318, or a free port when that one is in use)\n"
    "      --db FILE                      keep what comes in a file (in memory)\n"
    "      --max-bytes N[K|M|G]           cap of the store; what came first leaves first (256M)\n"
    "      --allow-host NAME              also answer to this Host name; may be repeated\n"
    "      --port-file FILE               write the port there once it listens\n"
    "      --open                         open the browser\n"
    "      --quiet                        print errors only\n"
    "  spanwire show [TRACE_ID|latest]    print a trace of the viewer as a waterfall\n"
    "  spanwire show FILE [TRACE_ID]      print a file's newest trace, or that one; no viewer is needed\n"
    "      --url URL                      of the viewer (http://127.0.0.1:4318)\n"
    "      --width N                      columns (the terminal's)\n"
    "      --color auto|always|never      (auto)\n"
    "      --ascii                        no box-drawing characters\n"
    "  spanwire tail [QUERY]              print the viewer's traces as they come\n"
    "      --url, --width, --color, --ascii as for show\n"
    "      -n, --count N                  end after so many\n"
    "  spanwire convert --to FORM FILE [TRACE_ID]   a trace of a file as otlp, speedscope or chrome\n"
    "      -o, --output FILE              (standard output)\n"
#ifdef SPW_CLI_HAS_SDK
    "  spanwire exec [options] -- COMMAND run a command with a span around it; returns its exit code\n"
    "      -n, --name NAME                of the span (the command's)\n"
    "      -s, --service NAME             (OTEL_SERVICE_NAME, spanwire-exec)\n"
    "      -k, --kind KIND                internal, server, client, producer, consumer (client)\n"
    "      -a, --attrs K=V,...            attributes; may be repeated\n"
    "      -e, --endpoint URL             (OTEL_EXPORTER_OTLP_ENDPOINT, http://localhost:4318)\n"
    "      --timeout TIME                 of the delivery, which goes on behind (5s; 1s when nobody listens)\n"
    "      --wait                         end after the delivery, and fail when it fails\n"
    "      --hide-args                    do not record the command's arguments\n"
    "      --tp-print, --tp-ignore-env    print TRACEPARENT; start a new trace\n"
    "      --quiet                        no word about spans that cannot be recorded\n"
    "  spanwire span start NAME           open a span from a script: export TRACEPARENT=$(spanwire span start build)\n"
    "  spanwire span event NAME           add an event to the span of TRACEPARENT\n"
    "  spanwire span end                  end and send it, and print its parent's TRACEPARENT\n"
    "      -s, -k, -a, -e, --timeout      as for exec\n"
    "      --status-code ok|error         with --status-description TEXT\n"
    "      --traceparent TRACEPARENT      instead of the environment's\n"
    "  spanwire doctor                    every setting, then a span sent to see whether it arrives; cause and cure\n"
    "      -e, --endpoint, --timeout      as for exec (5s)\n"
    "  spanwire config                    print what OTEL_* of this shell means: every setting, its value, its source\n"
#endif
    "  spanwire version\n"
    "  spanwire help\n";

static int print_version(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    printf("spanwire %s\n", spwv_version());
    return 0;
}

static int print_help(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    fputs(usage, stdout);
    return 0;
}

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} commands[] = {
#ifdef SPW_CLI_HAS_SDK
    {"config", cli_config},
    {"doctor", cli_doctor},
    {"exec-record", cli_exec_record},
    {"span", cli_span},
#endif
    {"convert", cli_convert},
    {"tail", cli_tail},
    {"view", cli_view},           {"show", cli_show},         {"version", print_version}, {"help", print_help},
    {"--version", print_version}, {"--help", print_help}, {"-h", print_help}};

int main(int argc, char **argv)
{
    if (argc < 2) {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    fprintf(stderr, "spanwire: there is no command \"%s\"; try spanwire help\n", argv[1]);
    return EXIT_USAGE;
}
