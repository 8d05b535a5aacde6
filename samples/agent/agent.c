/*
 * agent [--question TEXT] [--conversation-id ID] FOLDER
 *
 * Answers a question about a folder of files and records every step as OpenTelemetry spans. The model is any OpenAI-compatible endpoint
 * (OPENAI_BASE_URL, OPENAI_API_KEY, OPENAI_MODEL); without one, a built-in rule-based planner decides, behind the same interface.
 *
 * Exit status: 0 answered, 1 failed, 2 wrong usage.
 */
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent.h"

static const char USAGE[] = "usage: agent [--question TEXT] [--conversation-id ID] FOLDER\n"
                            "  for example: agent --question \"Where is main defined?\" src\n";

typedef struct arguments {
    const char *folder, *question, *conversation_id;
} arguments;

/* File names and models may hold anything, and a terminal must not obey it: control characters become spaces. */
static void clean(char *text, const char *allowed)
{
    for (char *c = text; *c; c++)
        if (((unsigned char)*c < 0x20 || *c == 0x7f) && !strchr(allowed, *c))
            *c = ' ';
}

void say(const agent *self, const char *what, const char *format, ...)
{
    char line[640];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    clean(line, "");
    printf("  %-10s %-6s %s\n", self->name, what, line); /* one call a line: two threads do not mix theirs */
    fflush(stdout);
}

static bool parse_arguments(int argc, char **argv, arguments *out)
{
    *out = (arguments){ .question = "Which source files are longest, and what does the largest one do?" };
    for (int i = 1; i < argc; i++) {
        bool more = i + 1 < argc;
        if (more && strcmp(argv[i], "--question") == 0)
            out->question = argv[++i];
        else if (more && strcmp(argv[i], "--conversation-id") == 0)
            out->conversation_id = argv[++i];
        else if (argv[i][0] != '-' && !out->folder)
            out->folder = argv[i];
        else
            return false;
    }
    return out->folder && *out->question;
}

/* The configured model, or the built-in planner, which the caller stops. False when neither can be had. */
static bool choose_model(model *m, planner **fallback, failure *why)
{
    if (model_from_environment(m, why)) {
        if (why->type[0])
            return false;
        printf("model: %s at %s; the question and parts of files are sent there\n", m->name, m->base_url);
        return true;
    }
    *fallback = planner_start(m, why);
    if (*fallback)
        printf("no model configured: using the built-in rule-based planner on http://127.0.0.1:%d; set OPENAI_BASE_URL (and OPENAI_API_KEY, "
               "OPENAI_MODEL) for a real one\n",
               m->port);
    return *fallback != NULL;
}

static int answer_question(const arguments *args, const folder *f, const model *m)
{
    const agent researcher = {
        .name = "researcher",
        .description = "Answers questions about a folder of files",
        .instructions = "You answer a question about a folder of files. Find out with the tools; never guess. Paths are relative to the "
                        "folder. Ask the reader what a single file does. Name the files you speak of. Answer briefly, in plain text.",
        .model = m,
        .folder = f,
        .conversation_id = args->conversation_id,
        .plans = true,
        .may_delegate = true,
    };
    printf("folder: %s\nquestion: %s\n\n", f->root, args->question);
    failure why = { 0 };
    char *answer = agent_run(&researcher, args->question, &why);
    if (answer) {
        clean(answer, "\n\t");
        printf("\n%s\n", answer);
    } else {
        fprintf(stderr, "agent: no answer (%s): %s\n", why.type, why.text);
    }
    free(answer);
    return answer ? 0 : 1;
}

static int run(const arguments *args)
{
    folder f;
    model m = { 0 };
    planner *fallback = NULL;
    failure why = { 0 };
    int status = 1;
    if (folder_init(&f, args->folder, &why) && choose_model(&m, &fallback, &why))
        status = answer_question(args, &f, &m);
    else
        fprintf(stderr, "agent: %s\n", why.text);
    planner_stop(fallback);
    return status;
}

static void start_telemetry(void)
{
    spw_error why = SPW_ERROR_INIT;
    spw_options options = SPW_OPTIONS_INIT;
    options.service_name = getenv("OTEL_SERVICE_NAME") ? NULL : "agent-sample"; /* the environment goes first */
    options.error = &why;
    if (spw_start(&options) != SPW_OK)
        fprintf(stderr, "agent: no telemetry, but the work goes on: %s\n", why.text);
}

static void stop_telemetry(void)
{
    spw_result sent = spw_shutdown(2000);
    if (sent != SPW_OK && sent != SPW_ERR_NOT_STARTED)
        fprintf(stderr, "agent: not all telemetry was delivered (%s): start a receiver, for example with `spanwire view`, or set "
                        "OTEL_EXPORTER_OTLP_ENDPOINT to one\n",
                spw_result_text(sent));
}

int main(int argc, char **argv)
{
    arguments args;
    if (!parse_arguments(argc, argv, &args)) {
        fputs(USAGE, stderr);
        return 2;
    }
    curl_global_init(CURL_GLOBAL_DEFAULT); /* before there are threads */
    json_object_seed(0);
    start_telemetry();
    struct timespec began, ended;
    clock_gettime(CLOCK_MONOTONIC, &began);
    int status = run(&args);
    clock_gettime(CLOCK_MONOTONIC, &ended);
    stop_telemetry();
    if (status == 0)
        printf("\n(%.1f s)\n", (double)(ended.tv_sec - began.tv_sec) + (double)(ended.tv_nsec - began.tv_nsec) / 1e9);
    curl_global_cleanup();
    return status;
}
