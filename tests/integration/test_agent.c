/*
 * The agent sample, run as a program: what it says, and the trace it and its children send. The folder it is asked about is made here, and
 * so are the answers it must find in it.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "otlp_trace.h"

#ifndef SPW_TEST_AGENT
#error "SPW_TEST_AGENT: the path of the agent sample"
#endif

enum { MAX_ENV = 12 };

/* One run: its folder, who it talks to, what came out. */
typedef struct fixture {
    char home[64], folder[80];
    http_peer *receiver, *model;
    char *env[MAX_ENV + 1];
    size_t env_count;
    char output[64 * 1024]; /* of both streams */
    int status;
    double seconds;
    otlp_trace trace;
} fixture;

/* ---- the folder ---- */

static void write_file(const fixture *f, const char *name, const char *text, size_t times)
{
    char path[160];
    snprintf(path, sizeof path, "%s/%s", f->folder, name);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    for (size_t i = 0; i < times; i++)
        fputs(text, out);
    assert_int_equal(fclose(out), 0);
}

static void make_folder(fixture *f)
{
    char sub[160];
    snprintf(f->home, sizeof f->home, "/tmp/spw-agent-XXXXXX");
    assert_non_null(mkdtemp(f->home));
    snprintf(f->folder, sizeof f->folder, "%s/folder", f->home);
    assert_int_equal(mkdir(f->folder, 0700), 0);
    snprintf(sub, sizeof sub, "%s/src", f->folder);
    assert_int_equal(mkdir(sub, 0700), 0);
    write_file(f, "src/engine.c", "/* Drives the wheels of the machine. */\nint turn_wheel(int by)\n{\n    return by;\n}\n\n", 400);
    write_file(f, "src/main.c", "#include \"engine.c\"\nint main(void)\n{\n    return turn_wheel(0);\n}\n", 1);
    write_file(f, "notes.txt", "Remember the oil.\n", 1);
}

static void remove_folder(const fixture *f)
{
    static const char *const names[] = { "folder/src/engine.c", "folder/src/main.c", "folder/src", "folder/notes.txt", "folder", "output", "" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[160];
        snprintf(path, sizeof path, "%s/%s", f->home, names[i]);
        remove(path);
    }
}

/* ---- running ---- */

static void set_env(fixture *f, const char *name, const char *value)
{
    char *entry = NULL;
    assert_true(f->env_count < MAX_ENV);
    assert_true(asprintf(&entry, "%s=%s", name, value) > 0);
    f->env[f->env_count++] = entry;
}

static int setup(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    make_folder(f);
    f->receiver = http_peer_start();
    f->model = http_peer_start();
    const char *path = getenv("PATH");
    set_env(f, "PATH", path ? path : "/usr/bin:/bin");
    const char *sanitizer = getenv("ASAN_OPTIONS");
    if (sanitizer)
        set_env(f, "ASAN_OPTIONS", sanitizer);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    otlp_trace_fini(&f->trace);
    http_peer_stop(f->receiver);
    http_peer_stop(f->model);
    remove_folder(f);
    for (size_t i = 0; i < f->env_count; i++)
        free(f->env[i]);
    free(f);
    return 0;
}

static void read_output(fixture *f, const char *path)
{
    FILE *in = fopen(path, "r");
    assert_non_null(in);
    f->output[fread(f->output, 1, sizeof f->output - 1, in)] = 0;
    fclose(in);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Runs `agent ARGS...`; the list ends with NULL. */
static void run_agent(fixture *f, const char *const *args)
{
    char path[96];
    char *argv[8] = { (char *)(uintptr_t)SPW_TEST_AGENT };
    for (size_t i = 0; args[i]; i++)
        argv[i + 1] = (char *)(uintptr_t)args[i];
    snprintf(path, sizeof path, "%s/output", f->home);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO);
    double began = now();
    pid_t pid;
    assert_int_equal(posix_spawn(&pid, SPW_TEST_AGENT, &files, NULL, argv, f->env), 0);
    posix_spawn_file_actions_destroy(&files);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    f->seconds = now() - began;
    f->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    read_output(f, path);
    otlp_trace_fini(&f->trace);
    assert_true(otlp_trace_init(&f->trace, f->receiver));
}

static void assert_said(const fixture *f, const char *text)
{
    if (!strstr(f->output, text))
        fail_msg("the agent did not say \"%s\" but:\n%s", text, f->output);
}

/* ---- reading the trace ---- */

/* The one span of that name under that parent. */
static const otlp_span *the_span(fixture *f, const char *name, const char *parent)
{
    const otlp_span *span = NULL;
    size_t count = otlp_count(&f->trace, name, parent, &span);
    if (count != 1)
        fail_msg("%zu spans `%s` below `%s`, expected one; the agent said:\n%s", count, name, parent, f->output);
    return span;
}

/* Whether the text occurs in what the receiver was sent. */
static bool was_sent(fixture *f, const char *text)
{
    bool found = false;
    for (size_t i = 0; i < http_peer_requests(f->receiver) && !found; i++) {
        size_t size = 0;
        uint8_t *body = http_peer_plain_body(http_peer_request_at(f->receiver, i), &size);
        found = body && memmem(body, size, text, strlen(text));
        free(body);
    }
    return found;
}

static void assert_one_whole_trace(fixture *f)
{
    assert_true(f->trace.count > 0);
    const otlp_span *first = f->trace.items[0].span;
    size_t roots = 0;
    for (size_t i = 0; i < f->trace.count; i++) {
        const otlp_span *span = f->trace.items[i].span;
        assert_true(otlp_same_id(span->trace_id, first->trace_id));
        assert_true(span->end_time_unix_nano >= span->start_time_unix_nano);
        roots += span->parent_span_id.len == 0;
        if (span->parent_span_id.len > 0 && !otlp_trace_parent(&f->trace, span))
            fail_msg("the parent of `%s` is missing", span->name);
    }
    assert_int_equal(roots, 1);
}

static void assert_string(const otlp_span *span, const char *key, const char *expected)
{
    const char *value = otlp_string(span, key);
    if (!value)
        fail_msg("`%s` has no %s", span->name, key);
    assert_string_equal(value, expected);
}

/* ---- with the built-in planner ---- */

static void check_agents(fixture *f)
{
    const otlp_span *root = the_span(f, "invoke_agent researcher", "");
    assert_int_equal(root->kind, OPENTELEMETRY__PROTO__TRACE__V1__SPAN__SPAN_KIND__SPAN_KIND_INTERNAL);
    assert_false(otlp_failed(root));
    assert_string(root, "gen_ai.operation.name", "invoke_agent");
    assert_string(root, "gen_ai.agent.name", "researcher");
    assert_true(otlp_int(root, "gen_ai.usage.input_tokens") > 0);
    the_span(f, "plan researcher", "invoke_agent researcher");

    const otlp_span *reader = the_span(f, "invoke_agent reader", "execute_tool ask_reader"); /* which ran on another thread */
    the_span(f, "execute_tool ask_reader", "invoke_agent researcher");
    assert_false(otlp_failed(reader)); /* its tools failed, it did not */
    assert_int_equal(otlp_events(reader, "retry"), 2);
}

static void check_chats(fixture *f)
{
    const otlp_span *chat = the_span(f, "chat rule-based-planner", "plan researcher");
    assert_int_equal(chat->kind, OPENTELEMETRY__PROTO__TRACE__V1__SPAN__SPAN_KIND__SPAN_KIND_CLIENT);
    assert_string(chat, "gen_ai.provider.name", "rule-based-planner");
    assert_string(chat, "gen_ai.request.model", "rule-based-planner");
    assert_string(chat, "gen_ai.response.model", "rule-based-planner");
    assert_string(chat, "server.address", "127.0.0.1");
    assert_true(otlp_int(chat, "server.port") > 0);
    assert_true(otlp_int(chat, "gen_ai.request.max_tokens") > 0);
    assert_true(otlp_int(chat, "gen_ai.usage.input_tokens") > 0);
    assert_true(otlp_int(chat, "gen_ai.usage.output_tokens") > 0);
    assert_non_null(otlp_string(chat, "gen_ai.response.id"));

    size_t chats = 1 + otlp_count(&f->trace, "chat rule-based-planner", "invoke_agent researcher", NULL) +
                   otlp_count(&f->trace, "chat rule-based-planner", "invoke_agent reader", NULL);
    const otlp_span *server;
    assert_int_equal(otlp_count(&f->trace, "POST /v1/chat/completions", "chat rule-based-planner", &server), chats);
    assert_int_equal(server->kind, OPENTELEMETRY__PROTO__TRACE__V1__SPAN__SPAN_KIND__SPAN_KIND_SERVER);
    assert_int_equal(otlp_int(server, "http.response.status_code"), 200);
}

static void check_tools(fixture *f)
{
    const otlp_span *list = the_span(f, "execute_tool list_files", "invoke_agent researcher");
    assert_string(list, "gen_ai.tool.name", "list_files");
    assert_string(list, "gen_ai.tool.type", "function");
    assert_non_null(otlp_string(list, "gen_ai.tool.call.id"));

    /* The reader is told `engine.c`; it finds src/engine.c, which is too large to be read at once; then it reads a part. */
    const otlp_span *last;
    assert_int_equal(otlp_count(&f->trace, "execute_tool read_file", "invoke_agent reader", &last), 3);
    assert_false(otlp_failed(last));
    assert_int_equal(otlp_count_failed(&f->trace, "execute_tool read_file", "ENOENT"), 1);
    assert_int_equal(otlp_count_failed(&f->trace, "execute_tool read_file", "too_large"), 1);
}

/* Two files are counted, each by another process, whose span is a child of the tool's. */
static void check_children(fixture *f)
{
    assert_int_equal(otlp_count(&f->trace, "linecount", "execute_tool run_command", NULL), 2);
    for (size_t i = 0; i < f->trace.count; i++) {
        otlp_item s = f->trace.items[i];
        assert_string_equal(s.service, strcmp(s.span->name, "linecount") == 0 ? "linecount" : "agent-sample");
    }
}

static void answers_by_the_planner(void **state)
{
    fixture *f = *state;
    set_env(f, "OTEL_EXPORTER_OTLP_ENDPOINT", http_peer_url(f->receiver));
    run_agent(f, (const char *[]){ f->folder, NULL });
    assert_int_equal(f->status, 0);
    assert_said(f, "no model configured: using the built-in rule-based planner on http://127.0.0.1:");
    assert_said(f, "1. src/engine.c: 2400 lines");
    assert_said(f, "2. src/main.c: 5 lines");
    assert_said(f, "Drives the wheels of the machine.");
    assert_said(f, "1 other file mentions it: src/main.c");

    assert_one_whole_trace(f);
    check_agents(f);
    check_chats(f);
    check_tools(f);
    check_children(f);
}

static void finds_a_definition(void **state)
{
    fixture *f = *state;
    set_env(f, "OTEL_EXPORTER_OTLP_ENDPOINT", http_peer_url(f->receiver));
    run_agent(f, (const char *[]){ "--question", "Where is turn_wheel defined?", f->folder, NULL });
    assert_int_equal(f->status, 0);
    assert_said(f, "turn_wheel is defined in src/engine.c, line 2.");
    assert_one_whole_trace(f);
}

static void keeps_content_to_itself(void **state)
{
    fixture *f = *state;
    set_env(f, "OTEL_EXPORTER_OTLP_ENDPOINT", http_peer_url(f->receiver));
    run_agent(f, (const char *[]){ "--question", "Where is turn_wheel defined?", f->folder, NULL });
    assert_int_equal(f->status, 0);
    assert_true(was_sent(f, "execute_tool"));
    assert_false(was_sent(f, "turn_wheel"));
    assert_false(was_sent(f, "gen_ai.input.messages"));
    assert_false(was_sent(f, "gen_ai.conversation.id"));
}

static void tells_content_when_asked(void **state)
{
    fixture *f = *state;
    set_env(f, "OTEL_EXPORTER_OTLP_ENDPOINT", http_peer_url(f->receiver));
    set_env(f, "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "true");
    run_agent(f, (const char *[]){ "--conversation-id", "c-17", "--question", "Where is turn_wheel defined?", f->folder, NULL });
    assert_int_equal(f->status, 0);
    const otlp_span *chat = the_span(f, "chat rule-based-planner", "plan researcher");
    assert_non_null(strstr(otlp_string(chat, "gen_ai.input.messages"), "\"content\":\"Where is turn_wheel defined?\""));
    assert_non_null(strstr(otlp_string(chat, "gen_ai.output.messages"), "\"finish_reason\":\"stop\""));
    const otlp_span *search;
    assert_true(otlp_count(&f->trace, "execute_tool search_files", "invoke_agent researcher", &search) > 0);
    assert_non_null(strstr(otlp_string(search, "gen_ai.tool.call.arguments"), "\"text\":\"turn_wheel\""));
    assert_non_null(strstr(otlp_string(search, "gen_ai.tool.call.result"), "src/engine.c"));
    assert_string(the_span(f, "invoke_agent researcher", ""), "gen_ai.conversation.id", "c-17");
    assert_string(the_span(f, "invoke_agent reader", "execute_tool ask_reader"), "gen_ai.conversation.id", "c-17");
}

/* ---- with a model of our own ---- */

static const char PLAN[] = "{\"id\":\"r1\",\"model\":\"m-1\",\"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":\"1. Try things.\"},"
                           "\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":3}}";
static const char ANSWER[] = "{\"id\":\"r3\",\"model\":\"m-1\",\"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":\"Done \\u001b[31m.\"},"
                             "\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":2}}";
#define CALL(id, name, arguments) "{\"id\":\"" id "\",\"type\":\"function\",\"function\":{\"name\":\"" name "\",\"arguments\":\"" arguments "\"}}"
/* What a model must not get away with, and a command that takes too long. */
static const char MISCHIEF[] =
    "{\"id\":\"r2\",\"model\":\"m-1\",\"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":null,\"tool_calls\":["
    CALL("c1", "read_file", "{\\\"path\\\":\\\"../output\\\"}") ","
    CALL("c2", "read_file", "{\\\"path\\\":\\\"/etc/passwd\\\"}") ","
    CALL("c3", "run_command", "{\\\"command\\\":\\\"rm -rf .; true\\\",\\\"path\\\":\\\"notes.txt\\\"}") ","
    CALL("c4", "run_command", "{\\\"command\\\":\\\"top_words\\\",\\\"path\\\":\\\"src/engine.c\\\",\\\"timeout_ms\\\":1}") ","
    CALL("c5", "format_disk", "{}") ","
    CALL("c6", "read_file", "not json") ","
    CALL("c7", "run_command", "{\\\"command\\\":\\\"line_count\\\",\\\"path\\\":\\\"notes.txt\\\"}")
    "]},\"finish_reason\":\"tool_calls\"}],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":4}}";

static void use_scripted_model(fixture *f)
{
    set_env(f, "OTEL_EXPORTER_OTLP_ENDPOINT", http_peer_url(f->receiver));
    char url[64];
    snprintf(url, sizeof url, "%s/v1/", http_peer_url(f->model));
    set_env(f, "OPENAI_BASE_URL", url);
    set_env(f, "OPENAI_API_KEY", "sk-very-secret");
    set_env(f, "OPENAI_MODEL", "m");
}

/* The model's next answer. */
static void then(fixture *f, int status, const char *body)
{
    http_peer_then(f->model, (http_peer_answer){ .status = status, .body = body, .body_size = strlen(body) });
}

static void trusts_no_model(void **state)
{
    fixture *f = *state;
    use_scripted_model(f);
    then(f, 503, "");
    then(f, 200, PLAN);
    then(f, 200, MISCHIEF);
    then(f, 200, ANSWER);
    run_agent(f, (const char *[]){ "--question", "Anything?", f->folder, NULL });
    assert_int_equal(f->status, 0);
    assert_int_equal(http_peer_requests(f->model), 4);
    assert_said(f, "Done");
    assert_null(strchr(f->output, 0x1b)); /* a model does not steer the terminal */

    assert_one_whole_trace(f);
    assert_int_equal(otlp_count_failed(&f->trace, "execute_tool read_file", "outside_folder"), 1);
    assert_int_equal(otlp_count_failed(&f->trace, "execute_tool read_file", "ENOENT"), 1); /* /etc/passwd is looked for below the folder */
    assert_int_equal(otlp_count_failed(&f->trace, "execute_tool read_file", "bad_arguments"), 1);
    assert_int_equal(otlp_count_failed(&f->trace, "execute_tool run_command", "bad_arguments"), 1);
    assert_int_equal(otlp_count_failed(&f->trace, "execute_tool run_command", "timeout"), 1);
    assert_int_equal(otlp_count_failed(&f->trace, "execute_tool", "unknown_tool"), 1);
    the_span(f, "linecount", "execute_tool run_command");

    const otlp_span *root = the_span(f, "invoke_agent researcher", "");
    assert_false(otlp_failed(root));
    assert_int_equal(otlp_int(root, "gen_ai.usage.input_tokens"), 23);
    assert_int_equal(otlp_int(root, "gen_ai.usage.output_tokens"), 9);
    const otlp_span *chat = the_span(f, "chat m", "plan researcher");
    assert_int_equal(otlp_events(chat, "retry"), 1); /* a retry that helped is no error */
    assert_false(otlp_failed(chat));
    assert_string(chat, "gen_ai.response.model", "m-1");
    char reasons[64];
    assert_string_equal(otlp_strings(chat, "gen_ai.response.finish_reasons", reasons, sizeof reasons), "stop");
    assert_false(was_sent(f, "sk-very-secret"));

    const http_peer_request *asked = http_peer_request_at(f->model, 0);
    assert_string_equal(asked->target, "/v1/chat/completions");
    assert_string_equal(http_peer_header(asked, "authorization"), "Bearer sk-very-secret");
    assert_int_equal(strlen(http_peer_header(asked, "traceparent")), 55);
}

static void fails_when_the_model_does(void **state)
{
    fixture *f = *state;
    use_scripted_model(f);
    then(f, 401, "{\"error\":{\"message\":\"no such key\"}}");
    run_agent(f, (const char *[]){ f->folder, NULL });
    assert_int_equal(f->status, 1);
    assert_int_equal(http_peer_requests(f->model), 1); /* not worth a retry */
    assert_said(f, "no such key");
    assert_int_equal(otlp_count_failed(&f->trace, "invoke_agent researcher", "401"), 1);
    assert_int_equal(otlp_count_failed(&f->trace, "plan researcher", "401"), 1);
    assert_int_equal(otlp_count_failed(&f->trace, "chat m", "401"), 1);
}

/* ---- without ---- */

static void works_without_a_receiver(void **state)
{
    fixture *f = *state;
    set_env(f, "OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1");
    run_agent(f, (const char *[]){ f->folder, NULL });
    assert_int_equal(f->status, 0);
    assert_said(f, "1. src/engine.c");
    assert_said(f, "not all telemetry was delivered");
    assert_said(f, "spanwire view");
    assert_true(f->seconds < 10);
}

static void works_with_telemetry_off(void **state)
{
    fixture *f = *state;
    set_env(f, "OTEL_SDK_DISABLED", "true");
    run_agent(f, (const char *[]){ f->folder, NULL });
    assert_int_equal(f->status, 0);
    assert_said(f, "1. src/engine.c");
    assert_int_equal(f->trace.count, 0);
}

static void says_how_it_is_used(void **state)
{
    fixture *f = *state;
    run_agent(f, (const char *[]){ "--question", NULL });
    assert_int_equal(f->status, 2);
    assert_said(f, "usage: agent");
    run_agent(f, (const char *[]){ "/no/such/folder", NULL });
    assert_int_equal(f->status, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(answers_by_the_planner, setup, teardown),
        cmocka_unit_test_setup_teardown(finds_a_definition, setup, teardown),
        cmocka_unit_test_setup_teardown(keeps_content_to_itself, setup, teardown),
        cmocka_unit_test_setup_teardown(tells_content_when_asked, setup, teardown),
        cmocka_unit_test_setup_teardown(trusts_no_model, setup, teardown),
        cmocka_unit_test_setup_teardown(fails_when_the_model_does, setup, teardown),
        cmocka_unit_test_setup_teardown(works_without_a_receiver, setup, teardown),
        cmocka_unit_test_setup_teardown(works_with_telemetry_off, setup, teardown),
        cmocka_unit_test_setup_teardown(says_how_it_is_used, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
