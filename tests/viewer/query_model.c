/* The model of traces and queries. Contract: query_model.h. */
#include "query_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t seed = 88172645463325252u;

unsigned model_below(unsigned limit)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)((seed >> 11) % limit);
}

struct model_trace model_traces[MODEL_TRACES];
static const char *const names[] = {"chat", "tool", "Chatter"};
static const char *const services[] = {"api", "db"};
static char long_a[MODEL_LONG + 2], long_b[MODEL_LONG + 2];

static om_value *value_of(enum value value)
{
    om_value *array;
    switch (value) {
    case INT_5: return om_int(5);
    case DOUBLE_5: return om_double(5);
    case INT_7: return om_int(7);
    case TEXT_5: return om_text("5");
    case TEXT_AB: return om_text("ab");
    case TEXT_XABX: return om_text("xABx");
    case TEXT_LONG_A: return om_text(long_a);
    case TEXT_LONG_B: return om_text(long_b);
    case TRUE_: return om_bool(true);
    case FALSE_: return om_bool(false);
    case ARRAY_5_AB: return om_push(om_push(om_array(), om_int(5)), om_text("ab"));
    case ARRAY_LONG:
        array = om_array();
        for (int i = 0; i < 20; i++)
            om_push(array, om_int(100));
        return om_push(array, om_text("ab"));
    default: return om_put(om_map(), "k", om_int(5));
    }
}

/* What may stand behind an operator, and what each value is to it: as a number, as a text, as a truth. */
struct literal {
    const char *text;
    double number; /* 0: it is none */
    bool word;
    const char *string;
};
static const struct literal literals[] = {{"5", 5, false, "5"},     {"5.0", 5, false, "5.0"}, {"\"5\"", 0, false, "5"}, {"6", 6, false, "6"},
                                          {"ab", 0, true, "ab"},    {"a", 0, true, "a"},      {"true", 0, true, "true"}, {"zz", 0, true, "zz"},
                                          {long_a, 0, true, long_a}, {long_b, 0, true, long_b}, {"\"\"", 0, false, ""}};

struct scalar {
    double number;
    const char *text;
    int truth; /* 0: none, 1: false, 2: true */
};

static unsigned scalars_of(enum value value, struct scalar *scalars)
{
    switch (value) {
    case NONE: return 0;
    case INT_5:
    case DOUBLE_5: scalars[0] = (struct scalar){5, NULL, 0}; return 1;
    case INT_7: scalars[0] = (struct scalar){7, NULL, 0}; return 1;
    case TEXT_5: scalars[0] = (struct scalar){0, "5", 0}; return 1;
    case TEXT_AB: scalars[0] = (struct scalar){0, "ab", 0}; return 1;
    case TEXT_XABX: scalars[0] = (struct scalar){0, "xABx", 0}; return 1;
    case TEXT_LONG_A: scalars[0] = (struct scalar){0, long_a, 0}; return 1;
    case TEXT_LONG_B: scalars[0] = (struct scalar){0, long_b, 0}; return 1;
    case FALSE_:
    case TRUE_: scalars[0] = (struct scalar){0, NULL, value == TRUE_ ? 2 : 1}; return 1;
    case ARRAY_5_AB:
        scalars[0] = (struct scalar){5, NULL, 0};
        scalars[1] = (struct scalar){0, "ab", 0};
        return 2;
    case ARRAY_LONG:
        scalars[0] = (struct scalar){100, NULL, 0};
        scalars[1] = (struct scalar){0, "ab", 0};
        return 2;
    default: scalars[0] = (struct scalar){0, NULL, 0}; return 1;
    }
}

static const char *const compares[] = {"=", "!=", "<", "<=", ">", ">=", "~"};

static bool by_order(unsigned compare, int order)
{
    bool answers[] = {order == 0, order != 0, order < 0, order <= 0, order > 0, order >= 0};
    return compare < 6 && answers[compare];
}

static bool compare_scalar(const struct scalar *scalar, unsigned compare, const struct literal *literal)
{
    if (compare == 6)
        return scalar->text && strcasestr(scalar->text, literal->string);
    if (scalar->number != 0 && literal->number != 0)
        return by_order(compare, (scalar->number > literal->number) - (scalar->number < literal->number));
    if (scalar->text && (literal->number == 0 || compare < 2))
        return by_order(compare, strcmp(scalar->text, literal->string));
    if (compare > 1)
        return false;
    bool equal = scalar->truth && literal->word && strcmp(literal->string, scalar->truth == 2 ? "true" : "false") == 0;
    return equal == (compare == 0);
}

static bool compare_value(enum value value, unsigned compare, const struct literal *literal)
{
    struct scalar scalars[2];
    for (unsigned i = scalars_of(value, scalars); i; i--)
        if (compare_scalar(&scalars[i - 1], compare, literal))
            return true;
    return false;
}

/* ---- random queries: their text, and their truth for each span or trace ---- */

static struct term terms[64];
unsigned model_used;

struct term *model_random_term(unsigned depth, bool in_span)
{
    struct term *term = &terms[model_used++];
    *term = (struct term){.is = depth ? model_below(5) : (unsigned)LEAF};
    if (term->is == GROUP && in_span)
        term->is = AND_;
    if (term->is == LEAF) {
        term->what = (enum what)model_below(in_span ? SPAN_CONDITIONS : CONDITIONS);
        term->compare = model_below(7);
        term->literal = model_below(sizeof literals / sizeof *literals);
        term->number = model_below(4);
        return term;
    }
    term->left = model_random_term(depth - 1, in_span || term->is == GROUP);
    if (term->is == AND_ || term->is == OR_)
        term->right = model_random_term(depth - 1, in_span);
    return term;
}

void model_print(const struct term *term, char *to, size_t size)
{
    static const char *const kinds[] = {"unspecified", "internal", "server", "client"};
    static const char *const statuses[] = {"unset", "ok", "error", "error"};
    char left[6000] = "", right[6000] = "";
    const char *compare = compares[term->compare];
    const char *ordered = compares[term->compare % 6];
    const char *literal = literals[term->literal].text;
    if (term->left)
        model_print(term->left, left, sizeof left);
    if (term->right)
        model_print(term->right, right, sizeof right);
    switch (term->is) {
    case AND_: snprintf(to, size, "(%s %s %s)", left, term->number % 2 ? "and" : "", right); return;
    case OR_: snprintf(to, size, "(%s or %s)", left, right); return;
    case NOT_: snprintf(to, size, "not %s", left); return;
    case GROUP: snprintf(to, size, "{ %s }", left); return;
    default: break;
    }
    switch (term->what) {
    case IS_A: snprintf(to, size, "a %s %s", compare, literal); return;
    case IS_B: snprintf(to, size, "span.b %s %s", compare, literal); return;
    case IS_RESOURCE_C: snprintf(to, size, "resource.c %s %s", compare, literal); return;
    case IS_ANY_C: snprintf(to, size, "c %s %s", compare, literal); return;
    case HAS_A: snprintf(to, size, "has a"); return;
    case HAS_B: snprintf(to, size, "has span.b"); return;
    case IS_NAME: snprintf(to, size, "name %s %s", compare, names[term->number % 3]); return;
    case IS_SERVICE: snprintf(to, size, "service %s %s", compare, services[term->number % 2]); return;
    case IS_KIND: snprintf(to, size, "kind %s %s", compares[term->compare % 2], kinds[term->number]); return;
    case IS_STATUS: snprintf(to, size, "status %s %s", compares[term->compare % 2], statuses[term->number]); return;
    case IS_SPAN_DURATION: snprintf(to, size, "span.duration %s %uns", ordered, term->number * 10); return;
    case IS_SPANS: snprintf(to, size, "spans %s %u", ordered, term->number * 20); return;
    case IS_DURATION: snprintf(to, size, "duration %s %uns", ordered, term->number * 10); return;
    case IS_ERRORS: snprintf(to, size, "errors %s %u", ordered, term->number); return;
    default: snprintf(to, size, "%s", term->number % 2 ? "chat" : "0e"); return;
    }
}

static int order_of(unsigned a, unsigned b)
{
    return (a > b) - (a < b);
}

static bool text_holds(unsigned compare, const char *text, const char *with)
{
    return compare == 6 ? strcasestr(text, with) != NULL : by_order(compare, strcmp(text, with));
}

static bool span_holds(const struct term *term, const struct model_span *span)
{
    switch (term->is) {
    case AND_: return span_holds(term->left, span) && span_holds(term->right, span);
    case OR_: return span_holds(term->left, span) || span_holds(term->right, span);
    case NOT_: return !span_holds(term->left, span);
    default: break;
    }
    const struct literal *literal = &literals[term->literal];
    switch (term->what) {
    case IS_A: return compare_value(span->a, term->compare, literal);
    case IS_B: return compare_value(span->b, term->compare, literal);
    case IS_RESOURCE_C:
    case IS_ANY_C: return compare_value(span->resource_c, term->compare, literal);
    case HAS_A: return span->a != NONE;
    case HAS_B: return span->b != NONE;
    case IS_NAME: return text_holds(term->compare, names[span->name], names[term->number % 3]);
    case IS_SERVICE: return text_holds(term->compare, services[span->service], services[term->number % 2]);
    case IS_KIND: return by_order(term->compare % 2, order_of(span->kind, term->number));
    case IS_STATUS: return by_order(term->compare % 2, order_of(span->status, term->number == 3 ? 2 : term->number));
    case IS_SPAN_DURATION: return by_order(term->compare % 6, order_of(span->duration, term->number * 10));
    default: return false;
    }
}

unsigned model_duration_of(const struct model_trace *trace)
{
    unsigned longest = 0;
    for (unsigned i = 0; i < trace->count; i++)
        longest = trace->spans[i].duration > longest ? trace->spans[i].duration : longest;
    return longest;
}

unsigned model_errors_of(const struct model_trace *trace)
{
    unsigned errors = 0;
    for (unsigned i = 0; i < trace->count; i++)
        errors += trace->spans[i].status == 2;
    return errors;
}

static bool some_span_holds(const struct term *term, const struct model_trace *trace)
{
    for (unsigned i = 0; i < trace->count; i++)
        if (span_holds(term, &trace->spans[i]))
            return true;
    return false;
}

bool model_trace_holds(const struct term *term, const struct model_trace *trace)
{
    switch (term->is) {
    case AND_: return model_trace_holds(term->left, trace) && model_trace_holds(term->right, trace);
    case OR_: return model_trace_holds(term->left, trace) || model_trace_holds(term->right, trace);
    case NOT_: return !model_trace_holds(term->left, trace);
    case GROUP: return some_span_holds(term->left, trace);
    default: break;
    }
    bool found = false;
    switch (term->what) {
    case IS_SPANS: return by_order(term->compare % 6, order_of(trace->count, term->number * 20));
    case IS_DURATION: return by_order(term->compare % 6, order_of(model_duration_of(trace), term->number * 10));
    case IS_ERRORS: return by_order(term->compare % 6, order_of(model_errors_of(trace), term->number));
    case IS_TEXT:
        for (unsigned i = 0; i < trace->count; i++)
            found = found || strcasestr(names[trace->spans[i].name], term->number % 2 ? "chat" : "0e");
        return found || (term->number % 2 == 0 && trace - model_traces == 13); /* whose id starts so */
    default: return some_span_holds(term, trace);
    }
}

void model_fill(void)
{
    memset(long_a, 'l', MODEL_LONG);
    memcpy(long_b, long_a, MODEL_LONG);
    long_a[MODEL_LONG] = 'a';
    long_b[MODEL_LONG] = 'b';
    for (unsigned i = 0; i < MODEL_TRACES; i++) {
        struct model_trace *trace = &model_traces[i];
        trace->count = i % 10 == 9 ? MODEL_SPANS - model_below(5) : 1 + model_below(6); /* some with more spans than a word has bits */
        trace->start = 1000 + model_below(20);
        for (unsigned j = 0; j < trace->count; j++)
            trace->spans[j] = (struct model_span){.name = model_below(3),
                                                  .kind = model_below(4),
                                                  .status = model_below(8) ? model_below(2) : 2,
                                                  .service = model_below(2),
                                                  .duration = model_below(4) * 10,
                                                  .a = (enum value)(model_below(3) ? NONE : model_below(VALUES)),
                                                  .b = (enum value)(model_below(3) ? NONE : model_below(VALUES)),
                                                  .resource_c = (enum value)(model_below(4) ? NONE : model_below(VALUES)),
                                                  .many = model_below(30) == 0};
    }
}

struct request model_request(unsigned trace, unsigned number)
{
    const struct model_span *span = &model_traces[trace].spans[number];
    char trace_id[33];
    om_resource_spans *resource;
    om_scope_spans *scope;
    om_request *request = om_begin(services[span->service], &resource, &scope);
    snprintf(trace_id, sizeof trace_id, "%02x000000000000000000000000000001", trace + 1);
    if (span->resource_c != NONE)
        om_set(resource->resource, "c", value_of(span->resource_c));
    om_span *sent = om_add_span(scope, trace_id, number + 1, 0, names[span->name], model_traces[trace].start, model_traces[trace].start + span->duration);
    sent->kind = (Opentelemetry__Proto__Trace__V1__Span__SpanKind)span->kind;
    om_fail(sent, "");
    sent->status->code = (Opentelemetry__Proto__Trace__V1__Status__StatusCode)span->status;
    for (unsigned i = 0; span->many && i < 130; i++)
        om_set(sent, "filler", om_int(i));
    if (span->a != NONE)
        om_set(sent, "a", value_of(span->a));
    if (span->b != NONE)
        om_set(sent, "b", value_of(span->b));
    return om_finish(request);
}

