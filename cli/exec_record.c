/*
 * spanwire exec-record IDENTITY [options of exec] -- COMMAND: the second process of spanwire exec. It starts the span, says on standard input (a
 * socket) whether it is sampled, waits there for what became of the command, and delivers the span.
 */
#include "cli.h"
#include "exec.h"
#include "fixed_ids.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <spanwire/spanwire.h>

#include "text.h"

static bool read_identity(const char *text, struct exec_identity *identity)
{
    if (strlen(text) != EXEC_IDENTITY_TEXT - 1 || !spwv_hex_decode(text, 32, identity->trace_id) || !spwv_hex_decode(text + 32, 16, identity->span_id))
        return false;
    identity->start_unix_ns = strtoull(text + 48, NULL, 16);
    return true;
}

/* ---- the span ---- */

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

static spw_span start_span(const struct exec_options *options, const struct exec_identity *identity)
{
    static spw_tracer tracer = SPW_TRACER_INIT("spanwire.exec", SPW_VERSION);
    spw_context parent = options->ignore_parent ? (spw_context){0} : spw_context_from_environment();
    spw_span_options how = SPW_SPAN_OPTIONS_INIT;
    how.kind = options->kind;
    how.parent = &parent;
    how.attributes = options->attrs;
    how.attribute_count = options->attr_count;
    how.start_unix_ns = identity->start_unix_ns;
    spw_span span = spw_span_start(&tracer, options->name ? options->name : last_part(options->command[0]), &how);
    spw_context_release(&parent);
    size_t count = 0;
    while (options->command[count])
        count++;
    spw_set_string(span, "process.executable.name", last_part(options->command[0]));
    if (!options->hide_arguments)
        spw_set_strings(span, "process.command_args", (const char *const *)options->command, count);
    return span;
}

static void set_usage(spw_span span, const struct exec_record *record)
{
    spw_set_double(span, "spanwire.cpu.user_s", (double)record->user_us / 1e6);
    spw_set_double(span, "spanwire.cpu.system_s", (double)record->system_us / 1e6);
    spw_set_int(span, "spanwire.memory.max_rss_bytes", record->max_rss_bytes);
    spw_set_int(span, "spanwire.page_faults.minor", record->minor_faults);
    spw_set_int(span, "spanwire.page_faults.major", record->major_faults);
    spw_set_int(span, "spanwire.context_switches.voluntary", record->voluntary_switches);
    spw_set_int(span, "spanwire.context_switches.involuntary", record->involuntary_switches);
    spw_set_int(span, "spanwire.block_operations.in", record->blocks_in);
    spw_set_int(span, "spanwire.block_operations.out", record->blocks_out);
}

static void set_outcome(spw_span span, const struct exec_record *record)
{
    char text[64], type[32];
    if (record->error) {
        spw_fail_errno(span, record->error, "the command could not be started");
        return;
    }
    spw_set_int(span, "process.pid", record->pid);
    set_usage(span, record);
    if (record->signal) {
        const char *name = sigabbrev_np(record->signal);
        snprintf(type, sizeof type, name ? "SIG%s" : "signal", name);
        snprintf(text, sizeof text, "ended by signal %d (%s)", record->signal, type);
        spw_set_string(span, "spanwire.exit.signal", type);
        spw_fail(span, type, text);
        return;
    }
    spw_set_int(span, "process.exit.code", record->exit_code);
    if (record->exit_code) {
        snprintf(type, sizeof type, "%d", record->exit_code);
        snprintf(text, sizeof text, "exit code %d", record->exit_code);
        spw_fail(span, type, text);
    }
}

/* The socket ends without a record when the first process was killed. */
static void finish_span(spw_span span)
{
    struct exec_record record;
    ssize_t got = recv(STDIN_FILENO, &record, sizeof record, MSG_WAITALL);
    if (got == (ssize_t)sizeof record) {
        set_outcome(span, &record);
        spw_span_end_at(span, record.end_unix_ns);
    } else {
        spw_fail(span, "process_died", "spanwire exec was ended before its command");
        spw_span_end(span);
    }
}

int cli_exec_record(int argc, char **argv)
{
    struct exec_options options;
    struct exec_identity identity;
    if (argc < 3 || !read_identity(argv[1], &identity)) {
        fputs("spanwire: exec-record is a part of exec; try spanwire exec -- COMMAND\n", stderr);
        return EXIT_USAGE;
    }
    if (!exec_options_read(argc - 1, argv + 1, &options))
        return EXIT_USAGE;
    struct fixed_ids ids;
    fixed_ids_init(&ids, identity.trace_id, identity.span_id);
    setpriority(PRIO_PROCESS, 0, 10); /* the command goes first */
    spw_options how = SPW_OPTIONS_INIT;
    how.service_name = options.service;
    how.service_name_default = "spanwire-exec";
    how.otlp_endpoint = options.endpoint;
    how.id_generator = &ids.base;
    how.exit_timeout_ms = SPW_NOW;
    if (spw_start(&how) != SPW_OK)
        return EXIT_FAILED; /* said on standard error, for those who wait */
    spw_span span = start_span(&options, &identity);
    char sampled = (span.flags & SPW_FLAG_SAMPLED) != 0;
    (void)!send(STDIN_FILENO, &sampled, 1, MSG_NOSIGNAL);
    finish_span(span);
    spw_result result = spw_shutdown(options.timeout_ms);
    if (result != SPW_OK)
        fprintf(stderr, "spanwire: the span was not delivered: %s\n", spw_result_text(result));
    exec_options_free(&options);
    return result == SPW_OK ? 0 : EXIT_FAILED;
}
