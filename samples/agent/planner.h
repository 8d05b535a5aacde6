/* The parts of the rule-based planner share this. It knows nothing of the agent but the messages it is sent. */
#ifndef SAMPLE_PLANNER_H
#define SAMPLE_PLANNER_H

#include "agent.h"

/* What kind of question it is. */
typedef enum intent { INTENT_LONGEST, INTENT_LOCATE, INTENT_PHRASE, INTENT_FILE, INTENT_OVERVIEW } intent;

enum { MAX_KEYWORDS = 6 };

/* A conversation, read. */
typedef struct facts {
    const char *question;
    intent intent;
    char subject[200];  /* the name the question is about; "" for none */
    char keywords[MAX_KEYWORDS][40]; /* the words of the question that mean something */
    size_t keyword_count;
    json_t *tool_names; /* offered: {"read_file": true, ...} */
    json_t *results;    /* in order: [{"tool": name, "arguments": {...}, "result": {...}}] */
} facts;

/* What to do next: tool calls, or an answer in words. */
typedef struct decision {
    json_t *calls; /* array; not empty: call these */
    FILE *answer;  /* else this */
} decision;

void facts_read(facts *self, const json_t *request); /* planner_facts.c */
void facts_free(facts *self);
bool facts_can(const facts *self, const char *tool);
size_t facts_count(const facts *self, const char *tool);
/* The newest call of a tool that worked, and the newest of all, which may be {"error": ...} in "result"; NULL: none. */
const json_t *facts_success(const facts *self, const char *tool);
const json_t *facts_last(const facts *self, const char *tool);
/* The error of a call; NULL when it worked. */
const json_t *facts_error(const json_t *call);

/* Asks for a tool call; takes over the arguments. */
void decide_call(decision *d, const char *tool, json_t *arguments); /* planner_rules.c */

/* One function a kind of question. (planner_rules.c, planner_phrase.c, planner_folder.c) */
void rule_longest(const facts *f, decision *d);
void rule_locate(const facts *f, decision *d);
void rule_phrase(const facts *f, decision *d);
void rule_file(const facts *f, decision *d);
void rule_overview(const facts *f, decision *d);

/* The steps they share: read a file as named, correct the name or the window when that fails. Returns the text once there is one; NULL
 * when a call was asked for or, with `*gave_up`, when it cannot be read. */
const char *step_read(const facts *f, decision *d, const char *path, bool *gave_up);

/* Asks the reader what a file does: by its bare name, as a person would, and by its path when the answer is about another file of that
 * name. True when it asked. */
bool step_ask(const facts *f, decision *d, const char *path);
/* What the reader said last; NULL: nothing. */
const char *readers_answer(const facts *f);

#endif
