/*
 * The sample agent: it answers a question about a folder of files by asking a model what to do next and doing it, and every step it takes
 * is a span. What the files are for:
 *
 *     agent.c         the program: arguments, start, answer, shutdown
 *     loop.c          the agent loop: plan, ask the model, run the tools it asks for, again
 *     model.c http.c  the client of an OpenAI-compatible model
 *     tools.c         the table of tools; list_files.c search_files.c read_file.c run_command.c do the work
 *     subagent.c      a second agent on another thread
 *     folder.c        access to the folder, and to nothing outside it
 *     genai.c         message content for the trace, off by default
 *     planner*.c      a rule-based stand-in for a model, behind the same HTTP interface
 *
 * What a model answers is untrusted input: tools are confined to the folder, commands come from a fixed list, and turns, calls, sizes
 * and times have limits.
 */
#ifndef SAMPLE_AGENT_H
#define SAMPLE_AGENT_H

#include <jansson.h>
#include <limits.h>
#include <spanwire/spanwire.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

enum {
    MAX_TURNS = 16,               /* model calls in one run of an agent, its plan not counted */
    MAX_CALLS_A_TURN = 8,         /* tool calls in one answer of the model */
    MAX_FILES = 50000,            /* files looked at in one walk of the folder */
    MAX_TOOL_TEXT = 16 * 1024,    /* bytes of text one tool hands to the model */
    MAX_HTTP_BODY = 8 * 1024 * 1024,
};

/* Why something failed: a word of few values for error.type, and a sentence. */
typedef struct failure {
    char type[32];
    char text[480];
    json_t *did_you_mean; /* NULL, or names that might have been meant; owned by whoever owns the failure */
} failure;

/* Fills `why` and returns NULL, so that a tool can say `return failed(...)`. */
json_t *failed(failure *why, const char *type, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* ---- the folder ---- */

typedef struct folder {
    char root[PATH_MAX]; /* absolute, without symbolic links */
} folder;

typedef struct walk_stats {
    size_t files;      /* visited */
    size_t skipped;    /* hidden, generated or oddly named */
    size_t unreadable; /* folders that could not be opened */
    bool truncated;    /* stopped at MAX_FILES */
} walk_stats;

typedef void (*walk_fn)(void *arg, const char *path, int64_t bytes);

bool folder_init(folder *self, const char *path, failure *why);

/* Opens a regular file by its path relative to the folder, for reading. -1, and says why, when it is not one or lies outside. */
int folder_open_file(const folder *self, const char *path, failure *why);

/* Calls `fn` for every regular file. Follows no symbolic links, skips hidden and generated folders. */
walk_stats folder_walk(const folder *self, walk_fn fn, void *arg);

const char *path_basename(const char *path);
const char *path_extension(const char *path); /* without the dot; "" for none */
bool is_source_file(const char *path);

/* ---- the model ---- */

typedef struct model {
    char base_url[512]; /* up to and with /v1 */
    char host[256];
    int port;
    const char *name;
    const char *provider;
    const char *api_key; /* NULL: none */
    bool is_planner;     /* the built-in one */
} model;

/* ---- an agent ---- */

typedef struct agent {
    const char *name;
    const char *description;
    const char *instructions;
    const model *model;
    const folder *folder;
    const char *conversation_id; /* NULL: none was given, and none is invented */
    bool plans;                  /* asks the model for a plan first */
    bool may_delegate;           /* has the tool that asks another agent */
} agent;

/* Tokens used by the model calls of one run. */
typedef struct usage {
    int64_t input, output;
} usage;

/* Answers the question, in allocated memory; NULL, and says why, when it could not. (loop.c) */
char *agent_run(const agent *self, const char *question, failure *why);

/* One progress line on standard output. (agent.c) */
void say(const agent *self, const char *what, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Reads OPENAI_*. False when no model is configured. (model.c) */
bool model_from_environment(model *self, failure *why);

/* One completion: the assistant's message, or NULL and why. Adds to `used`. `tools` NULL: the model may call none. (model.c) */
json_t *model_chat(const agent *self, const json_t *messages, const json_t *tools, usage *used, failure *why);

typedef struct http_answer {
    long status;         /* 0: no answer */
    char *body;          /* allocated, terminated */
    size_t size;
    bool retryable;      /* worth another attempt */
    char error_type[32]; /* empty: fine */
    char error[256];
} http_answer;

/* Posts JSON, with the current trace context in the headers. Free the answer's body. (http.c) */
http_answer http_post_json(const model *to, const char *path, const char *body);

/* ---- tools ---- */

typedef struct tool_outcome {
    const char *tool; /* the name, borrowed from the call; NULL: the call named none */
    json_t *content;  /* what the model is told, owned */
    char error_type[32];
} tool_outcome;

/* What the model is told about the tools this agent has. (tools.c) */
json_t *tools_describe(const agent *self);

/* Runs one tool call, in a span of its own. (tools.c) */
void tool_execute(const agent *self, const json_t *call, tool_outcome *outcome);

/* The tools themselves: the result, or NULL and why. */
json_t *list_files(const agent *self, const json_t *arguments, failure *why);
json_t *search_files(const agent *self, const json_t *arguments, failure *why);
json_t *read_file(const agent *self, const json_t *arguments, failure *why);
json_t *run_command(const agent *self, const json_t *arguments, failure *why);
json_t *ask_reader(const agent *self, const json_t *arguments, failure *why);

/* ---- running a tool call on a thread of its own (subagent.c) ---- */

typedef struct tool_job tool_job;
bool tool_is_slow(const json_t *call);
tool_job *tool_job_start(const agent *self, const json_t *call, tool_outcome *outcome);
void tool_job_wait(tool_job *job); /* NULL: nothing to wait for */

/* ---- JSON helpers (json.c) ---- */

/* The string at a key; NULL when there is none. */
const char *get_string(const json_t *object, const char *key);
/* The integer at a key, kept between least and most; `fallback` when there is none. */
int64_t get_int(const json_t *object, const char *key, int64_t fallback, int64_t least, int64_t most);
bool get_bool(const json_t *object, const char *key);
/* A JSON string of any bytes: what is not UTF-8 becomes '?'. */
json_t *text_json(const char *text, size_t size);
/* `612 KB` */
const char *human_bytes(int64_t bytes, char out[32]);

/* ---- message content in the trace (genai.c) ---- */

bool genai_captures_content(void);
/* Sets the attribute to the JSON's text when content is captured. */
void genai_set_content(spw_span span, const char *key, const json_t *value);
void genai_set_input(spw_span span, const json_t *messages);
void genai_set_output(spw_span span, const json_t *message, const char *finish_reason);

/* ---- the rule-based planner ---- */

typedef struct planner planner;
/* Serves POST /v1/chat/completions on a free loopback port and fills `out` with how to reach it. (planner.c) */
planner *planner_start(model *out, failure *why);
void planner_stop(planner *self);

/* The answer of the planner to a chat-completions request: {"message": ..., "finish_reason": ...}. (planner_rules.c) */
json_t *planner_decide(const json_t *request);

/* Prints what a file's text says about itself: its opening comment and what it defines. (planner_text.c) */
void planner_describe_text(FILE *out, const char *path, const char *text);
/* Whether the line looks like the definition of the name. (planner_text.c) */
bool planner_is_definition(const char *line, const char *name);

#endif
