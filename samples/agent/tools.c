/* The table of tools, and running one of them in a span: `execute_tool {name}`. */
#include <stdlib.h>
#include <string.h>

#include "agent.h"

typedef struct tool {
    const char *name;
    const char *description;
    const char *parameters; /* JSON schema */
    json_t *(*run)(const agent *self, const json_t *arguments, failure *why);
    bool delegates;
} tool;

static const tool tools[] = {
    { "list_files", "Lists the largest files of the folder, with sizes and how many there are of each kind.",
      "{\"type\":\"object\",\"properties\":{\"kind\":{\"type\":\"string\",\"enum\":[\"source\",\"any\"]},\"limit\":{\"type\":\"integer\"}}}",
      list_files, false },
    { "search_files", "Finds a literal text in all text files; returns path, line and text of each match.",
      "{\"type\":\"object\",\"properties\":{\"text\":{\"type\":\"string\"},\"whole_word\":{\"type\":\"boolean\"},"
      "\"ignore_case\":{\"type\":\"boolean\"},\"limit\":{\"type\":\"integer\"}},\"required\":[\"text\"]}",
      search_files, false },
    { "read_file", "Reads a text file by its path in the folder. A large file must be read in windows of lines.",
      "{\"type\":\"object\",\"properties\":{\"path\":{\"type\":\"string\"},\"start_line\":{\"type\":\"integer\"},"
      "\"line_count\":{\"type\":\"integer\"}},\"required\":[\"path\"]}",
      read_file, false },
    { "run_command", "Runs a command on a file: line_count, top_words (its most frequent words) or checksum.",
      "{\"type\":\"object\",\"properties\":{\"command\":{\"type\":\"string\",\"enum\":[\"line_count\",\"top_words\",\"checksum\"]},"
      "\"path\":{\"type\":\"string\"},\"timeout_ms\":{\"type\":\"integer\"}},\"required\":[\"command\",\"path\"]}",
      run_command, false },
    { "ask_reader", "Asks another agent a question about one file, by name, such as what it does.",
      "{\"type\":\"object\",\"properties\":{\"question\":{\"type\":\"string\"}},\"required\":[\"question\"]}", ask_reader, true },
};

static const tool *find_tool(const agent *self, const char *name)
{
    for (size_t i = 0; name && i < sizeof tools / sizeof *tools; i++)
        if (strcmp(tools[i].name, name) == 0 && (self->may_delegate || !tools[i].delegates))
            return &tools[i];
    return NULL;
}

json_t *tools_describe(const agent *self)
{
    json_t *list = json_array();
    for (size_t i = 0; i < sizeof tools / sizeof *tools; i++) {
        if (tools[i].delegates && !self->may_delegate)
            continue;
        json_t *parameters = json_loads(tools[i].parameters, 0, NULL);
        json_array_append_new(list, json_pack("{s:s, s:{s:s, s:s, s:o}}", "type", "function", "function", "name", tools[i].name,
                                              "description", tools[i].description, "parameters", parameters));
    }
    return list;
}

/* What the model is told of a failure: enough to do better. */
static json_t *describe_failure(failure *why)
{
    json_t *error = json_pack("{s:s, s:o}", "type", why->type, "message", text_json(why->text, strlen(why->text)));
    if (why->did_you_mean)
        json_object_set_new(error, "did_you_mean", why->did_you_mean);
    why->did_you_mean = NULL;
    return json_pack("{s:o}", "error", error);
}

static json_t *run_tool(const agent *self, const tool *t, const char *name, const json_t *arguments, failure *why)
{
    if (!t)
        return failed(why, "unknown_tool", "there is no tool `%.60s`", name ? name : "");
    if (!json_is_object(arguments))
        return failed(why, "bad_arguments", "the arguments are not a JSON object");
    return t->run(self, arguments, why);
}

static void report(const agent *self, const char *name, const char *text, const json_t *result, const failure *why)
{
    if (result)
        say(self, "tool", "%s %.110s: %s", name, text, get_string(result, "summary"));
    else
        say(self, "tool", "%s %.110s: failed (%s), %s", name, text, why->type, why->text);
}

void tool_execute(const agent *self, const json_t *call, tool_outcome *outcome)
{
    const json_t *function = json_object_get(call, "function");
    const char *name = get_string(function, "name"), *text = get_string(function, "arguments"), *id = get_string(call, "id");
    const tool *t = find_tool(self, name);

    /* Only a known name goes into the span's name: a model can invent any number of others. */
    char span_name[64];
    snprintf(span_name, sizeof span_name, "execute_tool%s%s", t ? " " : "", t ? t->name : "");
    SPW_SPAN_WITH(span, span_name, SPW_TRACER,
                  SPW_SPAN_OPTIONS(SPW_WITH_ATTRS(spw_attr_string("gen_ai.operation.name", "execute_tool"),
                                                  spw_attr_string("gen_ai.tool.name", t ? t->name : "unknown"),
                                                  spw_attr_string("gen_ai.tool.type", "function"),
                                                  spw_attr_string("gen_ai.agent.name", self->name))));
    if (id)
        spw_set(span, "gen_ai.tool.call.id", id);
    if (t)
        spw_set(span, "gen_ai.tool.description", t->description);

    failure why = { 0 };
    json_t *arguments = text ? json_loads(text, 0, NULL) : NULL;
    json_t *result = run_tool(self, t, name, arguments, &why);
    if (!result)
        spw_fail(span, why.type, why.text); /* this span failed; its parents may yet succeed */
    report(self, t ? t->name : "(unknown tool)", text ? text : "", result, &why);

    outcome->tool = name;
    snprintf(outcome->error_type, sizeof outcome->error_type, "%s", result ? "" : why.type);
    outcome->content = result ? result : describe_failure(&why);
    genai_set_content(span, "gen_ai.tool.call.arguments", arguments);
    genai_set_content(span, "gen_ai.tool.call.result", outcome->content);
    json_decref(arguments);
}
