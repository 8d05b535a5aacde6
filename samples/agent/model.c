/*
 * The client of an OpenAI-compatible model, POST {base}/chat/completions. Each completion is a span `chat {model}` of kind CLIENT that
 * covers its retries; what was retried is an event on it.
 */
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent.h"

enum { MAX_ATTEMPTS = 3, FIRST_BACKOFF_MS = 150, MAX_OUTPUT_TOKENS = 1024, MAX_CHOICES = 8 };
static const double TEMPERATURE = 0.2;

static bool split_url(model *self)
{
    CURLU *url = curl_url();
    char *host = NULL, *port = NULL;
    bool ok = url && curl_url_set(url, CURLUPART_URL, self->base_url, 0) == CURLUE_OK &&
              curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
              curl_url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK;
    if (ok) {
        snprintf(self->host, sizeof self->host, "%s", host);
        self->port = (int)strtol(port, NULL, 10);
    }
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(url);
    return ok;
}

/* A model is used only when OPENAI_BASE_URL says where it is: parts of files are sent there, so it is never guessed. */
bool model_from_environment(model *self, failure *why)
{
    const char *url = getenv("OPENAI_BASE_URL"), *key = getenv("OPENAI_API_KEY"), *name = getenv("OPENAI_MODEL");
    if (!url || !*url)
        return false;
    *self = (model){ .provider = "openai", .name = name && *name ? name : "default", .api_key = key && *key ? key : NULL };
    snprintf(self->base_url, sizeof self->base_url, "%s", url);
    for (size_t n = strlen(self->base_url); n > 0 && self->base_url[n - 1] == '/'; n--)
        self->base_url[n - 1] = 0;
    if (!split_url(self))
        failed(why, "bad_url", "OPENAI_BASE_URL is not a URL: %.200s (for example http://127.0.0.1:8080/v1)", url);
    return true;
}

/* OpenAI's own endpoint takes the newer name of the limit and, for some models, no temperature; the compatible ones take the older. */
static bool is_openai_itself(const model *self)
{
    return strcmp(self->host, "api.openai.com") == 0;
}

static char *make_request(const agent *self, const json_t *messages, const json_t *tools)
{
    bool newer = is_openai_itself(self->model);
    json_t *request = json_pack("{s:s, s:O, s:i}", "model", self->model->name, "messages", messages,
                                newer ? "max_completion_tokens" : "max_tokens", MAX_OUTPUT_TOKENS);
    if (!newer)
        json_object_set_new(request, "temperature", json_real(TEMPERATURE));
    if (tools)
        json_object_set(request, "tools", (json_t *)(uintptr_t)tools);
    char *text = json_dumps(request, JSON_COMPACT);
    json_decref(request);
    return text;
}

static void wait_ms(long ms)
{
    struct timespec t = { ms / 1000, ms % 1000 * 1000000 };
    nanosleep(&t, NULL);
}

/* A refused or overloaded attempt is handled here, so it is an event; the span fails only when the last attempt does. */
static http_answer post_with_retries(const agent *self, spw_span span, const char *body)
{
    long backoff_ms = FIRST_BACKOFF_MS;
    for (int attempt = 1;; attempt++, backoff_ms *= 2) {
        http_answer answer = http_post_json(self->model, "/chat/completions", body);
        if (!answer.retryable || attempt == MAX_ATTEMPTS)
            return answer;
        spw_add_event(span, "retry", SPW_ATTRS(spw_attr_int("retry.attempt", attempt + 1), spw_attr_int("retry.backoff_ms", backoff_ms),
                                               spw_attr_string("error.type", answer.error_type)));
        say(self, "retry", "%s: again in %ld ms", answer.error, backoff_ms);
        free(answer.body);
        wait_ms(backoff_ms);
    }
}

/* Why the model stopped, a reason for each of its choices. */
static void set_finish_reasons(spw_span span, const json_t *choices)
{
    const char *reasons[MAX_CHOICES];
    size_t i, count = 0;
    const json_t *choice;
    json_array_foreach(choices, i, choice)
    {
        const char *reason = get_string(choice, "finish_reason");
        if (reason && count < MAX_CHOICES)
            reasons[count++] = reason;
    }
    if (count)
        spw_set_strings(span, "gen_ai.response.finish_reasons", reasons, count);
}

/* Takes the message out of the answer and notes what the answer says about itself. */
static json_t *read_answer(spw_span span, const http_answer *answer, usage *used, failure *why)
{
    json_t *root = json_loadb(answer->body ? answer->body : "", answer->size, 0, NULL);
    const json_t *choices = json_object_get(root, "choices"), *choice = json_array_get(choices, 0);
    json_t *message = json_object_get(choice, "message");
    if (!json_is_object(message)) {
        json_decref(root);
        return failed(why, "bad_answer", "the model's answer holds no message");
    }
    const json_t *tokens = json_object_get(root, "usage");
    int64_t input = get_int(tokens, "prompt_tokens", 0, 0, INT64_MAX), output = get_int(tokens, "completion_tokens", 0, 0, INT64_MAX);
    const char *id = get_string(root, "id"), *name = get_string(root, "model");
    if (id)
        spw_set(span, "gen_ai.response.id", id);
    if (name)
        spw_set(span, "gen_ai.response.model", name);
    if (tokens) {
        spw_set(span, "gen_ai.usage.input_tokens", input);
        spw_set(span, "gen_ai.usage.output_tokens", output);
    }
    set_finish_reasons(span, choices);
    genai_set_output(span, message, get_string(choice, "finish_reason"));
    used->input += input;
    used->output += output;
    json_incref(message);
    json_decref(root);
    return message;
}

/* An endpoint says what is wrong in {"error": {"message": ...}}. */
static void explain(const http_answer *answer, failure *why)
{
    json_t *root = answer->body ? json_loadb(answer->body, answer->size, 0, NULL) : NULL;
    const char *message = get_string(json_object_get(root, "error"), "message");
    failed(why, answer->error_type, "%s%s%.200s", answer->error, message ? ": " : "", message ? message : "");
    json_decref(root);
}

static json_t *complete(const agent *self, spw_span span, const json_t *messages, const json_t *tools, usage *used, failure *why)
{
    char *body = make_request(self, messages, tools);
    if (!body)
        return failed(why, "ENOMEM", "the request could not be made");
    http_answer answer = post_with_retries(self, span, body);
    free(body);
    json_t *message = NULL;
    if (answer.error_type[0])
        explain(&answer, why);
    else
        message = read_answer(span, &answer, used, why);
    free(answer.body);
    return message;
}

json_t *model_chat(const agent *self, const json_t *messages, const json_t *tools, usage *used, failure *why)
{
    const model *m = self->model;
    char name[160];
    snprintf(name, sizeof name, "chat %s", m->name);
    SPW_SPAN_WITH(span, name, SPW_TRACER,
                  SPW_SPAN_OPTIONS(.kind = SPW_KIND_CLIENT,
                                   SPW_WITH_ATTRS(spw_attr_string("gen_ai.operation.name", "chat"),
                                                  spw_attr_string("gen_ai.provider.name", m->provider),
                                                  spw_attr_string("gen_ai.request.model", m->name),
                                                  spw_attr_string("server.address", m->host), spw_attr_int("server.port", m->port),
                                                  spw_attr_int("gen_ai.request.max_tokens", MAX_OUTPUT_TOKENS))));
    if (!is_openai_itself(m))
        spw_set(span, "gen_ai.request.temperature", TEMPERATURE);
    if (self->conversation_id)
        spw_set(span, "gen_ai.conversation.id", self->conversation_id);
    genai_set_input(span, messages);

    json_t *message = complete(self, span, messages, tools, used, why);
    if (!message)
        spw_fail(span, why->type, why->text);
    return message;
}
