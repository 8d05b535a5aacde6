/*
 * What was said, for the trace: off unless OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT asks for it, because it may hold anything.
 * The form is that of the GenAI conventions: a list of messages, each with a role and parts.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agent.h"

bool genai_captures_content(void)
{
    static const char *const yes[] = { "true", "SPAN_ONLY", "SPAN_AND_EVENT" };
    const char *wish = getenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT");
    for (size_t i = 0; wish && i < sizeof yes / sizeof *yes; i++)
        if (strcasecmp(wish, yes[i]) == 0)
            return true;
    return false;
}

void genai_set_content(spw_span span, const char *key, const json_t *value)
{
    if (!value || !spw_is_recording(span) || !genai_captures_content())
        return;
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    if (text)
        spw_set(span, key, text);
    free(text);
}

/* A tool call or its result as JSON where it is JSON, else as the text it is. */
static json_t *parsed_or_text(const char *text)
{
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
    return value ? value : json_string(text);
}

static void add_call_parts(json_t *parts, const json_t *calls)
{
    size_t i;
    const json_t *call;
    json_array_foreach(calls, i, call)
    {
        const json_t *function = json_object_get(call, "function");
        const char *id = get_string(call, "id"), *name = get_string(function, "name"), *arguments = get_string(function, "arguments");
        json_array_append_new(parts, json_pack("{s:s, s:s*, s:s, s:o*}", "type", "tool_call", "id", id, "name", name ? name : "",
                                               "arguments", arguments ? parsed_or_text(arguments) : NULL));
    }
}

/* A chat-completions message in the conventions' form. */
static json_t *to_message(const json_t *message)
{
    const char *role = get_string(message, "role"), *content = get_string(message, "content");
    const char *answers = get_string(message, "tool_call_id");
    json_t *parts = json_array();
    if (answers)
        json_array_append_new(parts, json_pack("{s:s, s:s, s:o}", "type", "tool_call_response", "id", answers, "response",
                                               parsed_or_text(content ? content : "")));
    else if (content)
        json_array_append_new(parts, json_pack("{s:s, s:s}", "type", "text", "content", content));
    add_call_parts(parts, json_object_get(message, "tool_calls"));
    return json_pack("{s:s, s:o}", "role", role ? role : "assistant", "parts", parts);
}

void genai_set_input(spw_span span, const json_t *messages)
{
    if (!spw_is_recording(span) || !genai_captures_content())
        return;
    json_t *list = json_array();
    size_t i;
    const json_t *message;
    json_array_foreach(messages, i, message)
    {
        json_array_append_new(list, to_message(message));
    }
    genai_set_content(span, "gen_ai.input.messages", list);
    json_decref(list);
}

void genai_set_output(spw_span span, const json_t *message, const char *finish_reason)
{
    if (!spw_is_recording(span) || !genai_captures_content())
        return;
    json_t *output = to_message(message);
    /* The conventions' word for what this protocol calls `tool_calls`. */
    bool calls = finish_reason && strcmp(finish_reason, "tool_calls") == 0;
    json_object_set_new(output, "finish_reason", json_string(calls ? "tool_call" : finish_reason ? finish_reason : "stop"));
    json_t *list = json_pack("[o]", output);
    genai_set_content(span, "gen_ai.output.messages", list);
    json_decref(list);
}
