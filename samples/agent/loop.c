/*
 * The agent loop, in a span `invoke_agent {name}`: make a plan, then ask the model; run the tools it asks for and tell it what came out;
 * until it answers in words.
 */
#include <stdlib.h>
#include <string.h>

#include "agent.h"

typedef struct run {
    const agent *self;
    spw_span span;
    json_t *messages;
    json_t *tools;
    json_t *failed_tools; /* of the last turn: {"read_file": {"type": "ENOENT", "attempts": 1}} */
    usage used;
} run;

static json_t *make_message(const char *role, const char *text)
{
    return json_pack("{s:s, s:o}", "role", role, "content", text_json(text, strlen(text)));
}

/* ---- the plan ---- */

static void say_plan(const agent *self, const char *plan)
{
    while (*plan) {
        size_t length = strcspn(plan, "\n");
        if (length > 0)
            say(self, "plan", "%.*s", (int)length, plan);
        plan += length + (plan[length] == '\n');
    }
}

/* Asks for a plan, without tools; the model call is a child of the span `plan {name}`. */
static json_t *ask_for_plan(run *r, const char *question, failure *why)
{
    char name[96];
    snprintf(name, sizeof name, "plan %s", r->self->name);
    SPW_SPAN(span, name);
    spw_set(span, "gen_ai.operation.name", "plan");
    spw_set(span, "gen_ai.agent.name", r->self->name);

    json_t *messages = json_pack("[o, o]", make_message("system", "Write a short plan, one step a line, for answering the question about a "
                                                                   "folder of files with the tools list_files, search_files, read_file, "
                                                                   "run_command and ask_reader. Do not answer the question yet."),
                                 make_message("user", question));
    json_t *reply = model_chat(r->self, messages, NULL, &r->used, why);
    json_decref(messages);
    if (!reply)
        spw_fail(span, why->type, why->text);
    return reply;
}

/* The conversation starts with the instructions, the plan among them, and the question. */
static bool begin(run *r, const char *question, failure *why)
{
    json_t *reply = NULL;
    if (r->self->plans && !(reply = ask_for_plan(r, question, why)))
        return false;
    const char *plan = reply ? get_string(reply, "content") : NULL;
    if (plan)
        say_plan(r->self, plan);
    json_t *instructions = plan ? json_sprintf("%s\nYour plan:\n%.4000s", r->self->instructions, plan) : json_string(r->self->instructions);
    json_decref(reply);
    if (!instructions)
        instructions = json_string(r->self->instructions); /* the cut fell into a UTF-8 character */
    r->messages = json_pack("[{s:s, s:o}, o]", "role", "system", "content", instructions, make_message("user", question));
    return true;
}

/* ---- tool calls ---- */

/* A tool that failed in the last turn and is called again now is a retry. Worth an event: nothing has failed that cannot be helped. */
static void note_retry(run *r, const json_t *call)
{
    const char *tool = get_string(json_object_get(call, "function"), "name");
    json_t *before = tool ? json_object_get(r->failed_tools, tool) : NULL;
    if (!before)
        return;
    int64_t attempt = get_int(before, "attempts", 1, 1, MAX_TURNS) + 1;
    json_object_set_new(before, "attempts", json_integer(attempt));
    spw_add_event(r->span, "retry", SPW_ATTRS(spw_attr_string("gen_ai.tool.name", tool), spw_attr_int("retry.attempt", attempt),
                                              spw_attr_string("error.type", get_string(before, "type"))));
    say(r->self, "retry", "%s with other arguments", tool);
}

/* Keeps the tools that failed in this turn, with how often they were tried in a row. */
static void remember_failures(run *r, const tool_outcome *outcomes, size_t count)
{
    json_t *now = json_object();
    for (size_t i = 0; i < count; i++) {
        if (!outcomes[i].tool || !outcomes[i].error_type[0])
            continue;
        int64_t attempts = get_int(json_object_get(r->failed_tools, outcomes[i].tool), "attempts", 1, 1, MAX_TURNS);
        json_object_set_new(now, outcomes[i].tool,
                            json_pack("{s:s, s:I}", "type", outcomes[i].error_type, "attempts", (json_int_t)attempts));
    }
    json_decref(r->failed_tools);
    r->failed_tools = now;
}

/* Runs the calls of one turn, slow ones on threads of their own while the others run here. */
static void run_calls(run *r, const json_t *calls)
{
    tool_outcome outcomes[MAX_CALLS_A_TURN] = { 0 };
    tool_job *jobs[MAX_CALLS_A_TURN] = { 0 };
    size_t count = json_array_size(calls) < MAX_CALLS_A_TURN ? json_array_size(calls) : MAX_CALLS_A_TURN;
    for (size_t i = 0; i < count; i++)
        note_retry(r, json_array_get(calls, i));
    for (size_t i = 0; i < count; i++)
        if (tool_is_slow(json_array_get(calls, i)))
            jobs[i] = tool_job_start(r->self, json_array_get(calls, i), &outcomes[i]);
    for (size_t i = 0; i < count; i++)
        if (!tool_is_slow(json_array_get(calls, i)))
            tool_execute(r->self, json_array_get(calls, i), &outcomes[i]);
    for (size_t i = 0; i < count; i++)
        tool_job_wait(jobs[i]);

    for (size_t i = 0; i < json_array_size(calls); i++) {
        const char *id = get_string(json_array_get(calls, i), "id");
        char *content = i < count ? json_dumps(outcomes[i].content, JSON_COMPACT) : NULL;
        const char *too_many = "{\"error\":{\"type\":\"too_many_calls\",\"message\":\"call fewer tools at once\"}}";
        json_array_append_new(r->messages, json_pack("{s:s, s:s, s:s}", "role", "tool", "tool_call_id", id ? id : "", "content",
                                                     content ? content : too_many));
        free(content);
    }
    remember_failures(r, outcomes, count);
    for (size_t i = 0; i < count; i++)
        json_decref(outcomes[i].content);
}

/* ---- turns ---- */

static char *take_turns(run *r, failure *why)
{
    for (int turn = 0; turn < MAX_TURNS; turn++) {
        json_t *reply = model_chat(r->self, r->messages, r->tools, &r->used, why);
        if (!reply)
            return NULL;
        json_array_append_new(r->messages, reply);
        const json_t *calls = json_object_get(reply, "tool_calls");
        if (json_array_size(calls) == 0) {
            const char *answer = get_string(reply, "content");
            return strdup(answer ? answer : "");
        }
        say(r->self, "chat", "%s asks for %zu tool call%s", r->self->model->name, json_array_size(calls),
            json_array_size(calls) == 1 ? "" : "s");
        run_calls(r, calls);
    }
    failed(why, "max_turns", "no answer after %d turns", MAX_TURNS);
    return NULL;
}

/* So that the trace can be found again. Nothing is said when nothing is recorded. */
static void say_trace(const agent *self, spw_span span)
{
    char id[33];
    spw_trace_id_hex(span, id);
    if (spw_is_recording(span))
        say(self, "trace", "%s", id);
}

char *agent_run(const agent *self, const char *question, failure *why)
{
    char name[96];
    snprintf(name, sizeof name, "invoke_agent %s", self->name);
    bool is_root = !spw_span_is_valid(spw_span_current());
    SPW_SPAN_WITH(span, name, SPW_TRACER,
                  SPW_SPAN_OPTIONS(SPW_WITH_ATTRS(spw_attr_string("gen_ai.operation.name", "invoke_agent"),
                                                  spw_attr_string("gen_ai.provider.name", self->model->provider),
                                                  spw_attr_string("gen_ai.agent.name", self->name),
                                                  spw_attr_string("gen_ai.request.model", self->model->name))));
    if (is_root)
        say_trace(self, span);
    spw_set(span, "gen_ai.agent.description", self->description);
    if (self->conversation_id)
        spw_set(span, "gen_ai.conversation.id", self->conversation_id);

    run r = { .self = self, .span = span, .tools = tools_describe(self), .failed_tools = json_object() };
    char *answer = begin(&r, question, why) ? take_turns(&r, why) : NULL;
    spw_set(span, "gen_ai.usage.input_tokens", r.used.input);
    spw_set(span, "gen_ai.usage.output_tokens", r.used.output);
    if (!answer)
        spw_fail(span, why->type, why->text);
    json_decref(r.messages);
    json_decref(r.tools);
    json_decref(r.failed_tools);
    return answer;
}
