/*
 * A second agent, on another thread. The thread that starts it captures its context; the new thread attaches it, and every span there
 * hangs in the same trace at the right place.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "agent.h"

struct tool_job {
    const agent *self;
    const json_t *call;
    tool_outcome *outcome;
    spw_context context; /* ours, whatever the starting thread does next */
    pthread_t thread;
};

/* Asking another agent takes several model calls: worth a thread. */
bool tool_is_slow(const json_t *call)
{
    const char *name = get_string(json_object_get(call, "function"), "name");
    return name && strcmp(name, "ask_reader") == 0;
}

static void *run_job(void *arg)
{
    tool_job *job = arg;
    spw_token token = spw_context_attach(&job->context);
    tool_execute(job->self, job->call, job->outcome);
    spw_context_detach(token);
    return NULL;
}

tool_job *tool_job_start(const agent *self, const json_t *call, tool_outcome *outcome)
{
    tool_job *job = malloc(sizeof *job);
    if (job) {
        *job = (tool_job){ .self = self, .call = call, .outcome = outcome, .context = spw_context_capture() };
        if (pthread_create(&job->thread, NULL, run_job, job) == 0)
            return job;
        spw_context_release(&job->context);
    }
    free(job);
    tool_execute(self, call, outcome); /* no thread to be had: do it here */
    return NULL;
}

void tool_job_wait(tool_job *job)
{
    if (!job)
        return;
    pthread_join(job->thread, NULL);
    spw_context_release(&job->context);
    free(job);
}

/* The tool: a reader of single files answers a question about one. It cannot ask further agents. */
json_t *ask_reader(const agent *self, const json_t *arguments, failure *why)
{
    const char *question = get_string(arguments, "question");
    if (!question || !*question || strlen(question) > 2000)
        return failed(why, "bad_arguments", "`question` must have 1 to 2000 bytes");

    const agent reader = {
        .name = "reader",
        .description = "Reads one file and says what it does",
        .instructions = "You answer a question about one file of a folder. Read it with the tools, in windows when it is large. "
                        "Answer in two or three sentences.",
        .model = self->model,
        .folder = self->folder,
        .conversation_id = self->conversation_id,
    };
    char *answer = agent_run(&reader, question, why);
    if (!answer)
        return NULL;
    json_t *result = json_pack("{s:s, s:o}", "summary", "answered", "answer", text_json(answer, strlen(answer)));
    free(answer);
    return result;
}
