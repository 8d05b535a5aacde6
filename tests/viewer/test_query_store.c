/*
 * Queries over the store against a slow, obvious evaluator: random traces, random queries, the same traces must come out; in every order and
 * page by page. The evaluator knows the samples' values, not their bytes. Then what the index leaves to the spans: long texts, many
 * attributes, many spans; eviction and deletion; the time a query may take; what completion has seen.
 */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "otlp_messages.h"

enum { TRACES = 60, MOST_SPANS = 70, QUERIES = 1500, LONG = 200 };

static struct spwv_error error;
static uint64_t seed = 88172645463325252u;

static unsigned below(unsigned limit)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)((seed >> 11) % limit);
}

/* ---- the model: values by small numbers ---- */

enum value { NONE, INT_5, DOUBLE_5, INT_7, TEXT_5, TEXT_AB, TEXT_XABX, TEXT_LONG_A, TEXT_LONG_B, TRUE_, FALSE_, ARRAY_5_AB, ARRAY_LONG, MAP, VALUES };

struct model_span {
    unsigned name, kind, status, service, duration;
    enum value a, b, resource_c;
    bool many; /* attributes before a and b: they are not indexed */
};

struct model_trace {
    struct model_span spans[MOST_SPANS];
    unsigned count;
    uint64_t start;
};

static struct model_trace traces[TRACES];
static const char *const names[] = {"chat", "tool", "Chatter"};
static const char *const services[] = {"api", "db"};
static char long_a[LONG + 2], long_b[LONG + 2];

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

enum what { IS_A, IS_B, IS_RESOURCE_C, IS_ANY_C, HAS_A, HAS_B, IS_NAME, IS_SERVICE, IS_KIND, IS_STATUS, IS_SPAN_DURATION, SPAN_CONDITIONS,
            IS_SPANS = SPAN_CONDITIONS, IS_DURATION, IS_ERRORS, IS_TEXT, CONDITIONS };

struct term { /* a node of a binary tree; leaves are conditions */
    enum { LEAF, AND_, OR_, NOT_, GROUP } is;
    struct term *left, *right;
    enum what what;
    unsigned compare, literal, number;
};

static struct term terms[64];
static unsigned used;

static struct term *random_term(unsigned depth, bool in_span)
{
    struct term *term = &terms[used++];
    *term = (struct term){.is = depth ? below(5) : (unsigned)LEAF};
    if (term->is == GROUP && in_span)
        term->is = AND_;
    if (term->is == LEAF) {
        term->what = (enum what)below(in_span ? SPAN_CONDITIONS : CONDITIONS);
        term->compare = below(7);
        term->literal = below(sizeof literals / sizeof *literals);
        term->number = below(4);
        return term;
    }
    term->left = random_term(depth - 1, in_span || term->is == GROUP);
    if (term->is == AND_ || term->is == OR_)
        term->right = random_term(depth - 1, in_span);
    return term;
}

static void print(const struct term *term, char *to, size_t size)
{
    static const char *const kinds[] = {"unspecified", "internal", "server", "client"};
    static const char *const statuses[] = {"unset", "ok", "error", "error"};
    char left[6000] = "", right[6000] = "";
    const char *compare = compares[term->compare];
    const char *ordered = compares[term->compare % 6];
    const char *literal = literals[term->literal].text;
    if (term->left)
        print(term->left, left, sizeof left);
    if (term->right)
        print(term->right, right, sizeof right);
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

static unsigned duration_of(const struct model_trace *trace)
{
    unsigned longest = 0;
    for (unsigned i = 0; i < trace->count; i++)
        longest = trace->spans[i].duration > longest ? trace->spans[i].duration : longest;
    return longest;
}

static unsigned errors_of(const struct model_trace *trace)
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

static bool trace_holds(const struct term *term, const struct model_trace *trace)
{
    switch (term->is) {
    case AND_: return trace_holds(term->left, trace) && trace_holds(term->right, trace);
    case OR_: return trace_holds(term->left, trace) || trace_holds(term->right, trace);
    case NOT_: return !trace_holds(term->left, trace);
    case GROUP: return some_span_holds(term->left, trace);
    default: break;
    }
    bool found = false;
    switch (term->what) {
    case IS_SPANS: return by_order(term->compare % 6, order_of(trace->count, term->number * 20));
    case IS_DURATION: return by_order(term->compare % 6, order_of(duration_of(trace), term->number * 10));
    case IS_ERRORS: return by_order(term->compare % 6, order_of(errors_of(trace), term->number));
    case IS_TEXT:
        for (unsigned i = 0; i < trace->count; i++)
            found = found || strcasestr(names[trace->spans[i].name], term->number % 2 ? "chat" : "0e");
        return found || (term->number % 2 == 0 && trace - traces == 13); /* whose id starts so */
    default: return some_span_holds(term, trace);
    }
}

/* ---- the store with the model's traces ---- */

static struct spwv_store *store;

static void send_span(unsigned trace, unsigned number)
{
    const struct model_span *span = &traces[trace].spans[number];
    char trace_id[33];
    om_resource_spans *resource;
    om_scope_spans *scope;
    om_request *request = om_begin(services[span->service], &resource, &scope);
    snprintf(trace_id, sizeof trace_id, "%02x000000000000000000000000000001", trace + 1);
    if (span->resource_c != NONE)
        om_set(resource->resource, "c", value_of(span->resource_c));
    om_span *sent = om_add_span(scope, trace_id, number + 1, 0, names[span->name], traces[trace].start, traces[trace].start + span->duration);
    sent->kind = (Opentelemetry__Proto__Trace__V1__Span__SpanKind)span->kind;
    om_fail(sent, "");
    sent->status->code = (Opentelemetry__Proto__Trace__V1__Status__StatusCode)span->status;
    for (unsigned i = 0; span->many && i < 130; i++)
        om_set(sent, "filler", om_int(i));
    if (span->a != NONE)
        om_set(sent, "a", value_of(span->a));
    if (span->b != NONE)
        om_set(sent, "b", value_of(span->b));
    struct request bytes = om_finish(request);
    put(store, (struct bytes){bytes.data, bytes.size});
}

static void fill_model(void)
{
    memset(long_a, 'l', LONG);
    memcpy(long_b, long_a, LONG);
    long_a[LONG] = 'a';
    long_b[LONG] = 'b';
    for (unsigned i = 0; i < TRACES; i++) {
        struct model_trace *trace = &traces[i];
        trace->count = i % 10 == 9 ? MOST_SPANS - below(5) : 1 + below(6); /* some with more spans than a word has bits */
        trace->start = 1000 + below(20);
        for (unsigned j = 0; j < trace->count; j++)
            trace->spans[j] = (struct model_span){.name = below(3),
                                                  .kind = below(4),
                                                  .status = below(8) ? below(2) : 2,
                                                  .service = below(2),
                                                  .duration = below(4) * 10,
                                                  .a = (enum value)(below(3) ? NONE : below(VALUES)),
                                                  .b = (enum value)(below(3) ? NONE : below(VALUES)),
                                                  .resource_c = (enum value)(below(4) ? NONE : below(VALUES)),
                                                  .many = below(30) == 0};
    }
}

static int open_model(void **state)
{
    (void)state;
    fill_model();
    store = spwv_store_sqlite_open(NULL, 1 << 20, &error); /* a small store has small blocks: many of them */
    if (!store)
        return -1;
    for (unsigned j = 0; j < MOST_SPANS; j++)
        for (unsigned i = 0; i < TRACES; i++) /* spans of a trace come apart */
            if (j < traces[i].count)
                send_span(i, j);
    struct spwv_store_info info;
    store->info(store, &info);
    return info.traces == TRACES ? 0 : -1;
}

static int close_model(void **state)
{
    (void)state;
    store->destroy(store);
    return 0;
}

struct found {
    unsigned order[TRACES * 2];
    unsigned count;
    struct spwv_trace_summary last;
};

static void on_trace(void *arg, const struct spwv_trace_summary *trace)
{
    struct found *found = arg;
    assert_true(found->count < TRACES * 2);
    found->order[found->count++] = trace->trace_id[0] - 1u;
    found->last = *trace;
}

static void on_service(void *arg, struct spwv_slice service)
{
    (void)arg;
    (void)service;
}

static struct spwv_query query;
static struct spwv_list_result result;

static bool ask(const char *text, struct spwv_trace_filter filter, struct found *found)
{
    struct spwv_query_error mistake;
    struct spwv_list_sink sink = {found, on_trace, on_service};
    if (!spwv_query_parse(text, strlen(text), &query, &mistake))
        fail_msg("%s: at %zu: %s", text, mistake.at, mistake.text);
    filter.query = &query;
    filter.limit = filter.limit ? filter.limit : TRACES;
    return store->list(store, &filter, &sink, &result, &error);
}

static unsigned count_in(const struct spwv_histogram *histogram, bool errors)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < histogram->count; i++)
        sum += errors ? histogram->buckets[i].errors : histogram->buckets[i].traces;
    return (unsigned)sum;
}

static void check_query(const char *text, const struct term *term)
{
    struct found found = {.count = 0};
    bool seen[TRACES] = {false};
    unsigned wanted = 0, wanted_errors = 0;
    if (!ask(text, (struct spwv_trace_filter){0}, &found))
        fail_msg("%s: %s", text, error.text);
    for (unsigned i = 0; i < found.count; i++)
        seen[found.order[i]] = true;
    for (unsigned i = 0; i < TRACES; i++) {
        bool holds = trace_holds(term, &traces[i]);
        wanted += holds;
        wanted_errors += holds && errors_of(&traces[i]) > 0;
        if (holds != seen[i])
            fail_msg("%s: trace %u is %s", text, i, seen[i] ? "in the list and should not" : "missing");
    }
    assert_int_equal(found.count, wanted);
    static struct spwv_histogram histogram;
    struct spwv_trace_filter filter = {.query = &query};
    histogram.count = 1 + below(30);
    assert_true(store->histogram(store, &filter, &histogram, &result, &error));
    assert_int_equal(count_in(&histogram, false), wanted);
    assert_int_equal(count_in(&histogram, true), wanted_errors);
}

static void queries_find_what_a_slow_search_finds(void **state)
{
    (void)state;
    uint64_t verified = 0;
    for (unsigned i = 0; i < QUERIES; i++) {
        char text[8000];
        used = 0;
        const struct term *term = random_term(below(4), false);
        print(term, text, sizeof text);
        if (strlen(text) > SPWV_QUERY_MAX_TEXT)
            continue;
        check_query(text, term);
        verified += result.verified;
    }
    assert_true(verified > 1000); /* and the index left some to the spans */
}

/* ---- orders and pages ---- */

static int64_t key_of(enum spwv_sort sort, unsigned trace)
{
    switch (sort) {
    case SPWV_SORT_DURATION: return duration_of(&traces[trace]);
    case SPWV_SORT_SPANS: return traces[trace].count;
    case SPWV_SORT_ERRORS: return errors_of(&traces[trace]);
    case SPWV_SORT_TOKENS: return 0; /* none has any: all are equal */
    default: return (int64_t)traces[trace].start;
    }
}

static void every_order_pages_without_gap_or_overlap(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "error", "{ name = chat not a = 5 }", "a ~ ll or spans > 2"};
    for (unsigned i = 0; i < 5 * 2 * 4; i++) {
        struct spwv_trace_filter filter = {.sort = (enum spwv_sort)(i / 8), .ascending = i % 2, .limit = 1 + below(13)};
        const char *text = texts[i / 2 % 4];
        struct found whole = {.count = 0}, paged = {.count = 0};
        struct spwv_trace_filter all = filter;
        all.limit = TRACES;
        assert_true(ask(text, all, &whole));
        assert_false(result.more);
        do {
            assert_true(ask(text, filter, &paged));
            filter.before = true;
            filter.before_key = paged.last.position_key;
            filter.before_id = paged.last.position_id;
        } while (result.more);
        assert_int_equal(paged.count, whole.count);
        assert_memory_equal(paged.order, whole.order, whole.count * sizeof *whole.order);
        for (unsigned j = 1; j < whole.count; j++) {
            int64_t before = key_of(filter.sort, whole.order[j - 1]), after = key_of(filter.sort, whole.order[j]);
            assert_true(filter.ascending ? before < after || (before == after && whole.order[j - 1] < whole.order[j])
                                         : before > after || (before == after && whole.order[j - 1] > whole.order[j]));
        }
    }
}

static void start_times_narrow_list_and_histogram(void **state)
{
    (void)state;
    static struct spwv_histogram histogram = {.count = 7};
    unsigned wanted = 0;
    struct found found = {.count = 0};
    struct spwv_trace_filter filter = {.from_ns = 1005, .to_ns = 1012};
    for (unsigned i = 0; i < TRACES; i++)
        wanted += traces[i].start >= 1005 && traces[i].start < 1012;
    assert_true(ask("", filter, &found));
    assert_int_equal(found.count, wanted);
    filter.query = &query;
    assert_true(store->histogram(store, &filter, &histogram, &result, &error));
    assert_int_equal(histogram.bucket_ns, 1);
    assert_int_equal(histogram.from_ns, 1005);
    assert_int_equal(histogram.to_ns, 1012);
    for (unsigned b = 0; b < 7; b++) {
        unsigned in_bucket = 0;
        for (unsigned i = 0; i < TRACES; i++)
            in_bucket += traces[i].start == 1005 + b;
        assert_int_equal(histogram.buckets[b].traces, in_bucket);
    }
}

static void a_query_ends_in_its_time(void **state)
{
    (void)state;
    struct found found = {.count = 0};
    char text[4096] = "";
    for (unsigned i = 0; i < 32; i++) /* every long text must be read */
        strcat(text, i ? " or a ~ zzz or b ~ zzz" : "a ~ zzz or b ~ zzz");
    unsigned stopped = 0;
    for (unsigned i = 0; i < 2000 && !stopped; i++)
        if (!ask(text, (struct spwv_trace_filter){.max_ms = 1}, &found)) {
            assert_true(result.stopped);
            assert_non_null(strstr(error.text, "stopped after 1 ms; narrow it"));
            stopped++;
        }
    assert_int_equal(stopped, 1);
    assert_true(ask("name = chat", (struct spwv_trace_filter){0}, &found)); /* the store goes on */
}

/* ---- eviction, deletion, completion ---- */

static struct found find(const char *text)
{
    struct found found = {.count = 0};
    if (!ask(text, (struct spwv_trace_filter){0}, &found))
        fail_msg("%s: %s", text, error.text);
    return found;
}

static void a_deleted_trace_is_gone_from_the_index(void **state)
{
    (void)state;
    bool was_there;
    uint8_t id[16] = {8, [15] = 1};
    unsigned before = find("").count;
    assert_true(store->remove(store, id, &was_there, &error));
    assert_true(was_there);
    assert_int_equal(find("").count, before - 1);
    assert_int_equal(find("not has nothing").count, before - 1);
    assert_true(store->remove(store, id, &was_there, &error));
    assert_false(was_there);
    send_span(7, 0); /* it may come again, and only what came again is found */
    assert_int_equal(find("").count, before);
    assert_int_equal(find("trace = 08 spans = 1").count, 1);
}

struct seen {
    char text[2000];
};

static void on_item(void *arg, const struct spwv_seen_item *item)
{
    struct seen *seen = arg;
    size_t used_ = strlen(seen->text);
    snprintf(seen->text + used_, sizeof seen->text - used_, "%s%.*s%s ", item->quoted ? "'" : "", (int)item->text.size,
             (const char *)item->text.data, item->quoted ? "'" : "");
}

static const char *seen_of(struct spwv_seen_request request)
{
    static struct seen seen;
    struct spwv_seen_sink sink = {&seen, on_item};
    seen.text[0] = 0;
    request.limit = request.limit ? request.limit : 100;
    assert_true(store->seen(store, &request, &sink, &error));
    return seen.text;
}

static struct spwv_slice slice(const char *text)
{
    return (struct spwv_slice){(const uint8_t *)text, strlen(text)};
}

static void completion_knows_what_came(void **state)
{
    (void)state;
    const char *text = seen_of((struct spwv_seen_request){.what = SPWV_SEEN_KEYS, .where = SPWV_ON_SPAN});
    assert_non_null(strstr(text, "a "));
    assert_non_null(strstr(text, "filler "));
    assert_null(strstr(text, "service.name "));
    text = seen_of((struct spwv_seen_request){.what = SPWV_SEEN_KEYS, .prefix = slice("SER")});
    assert_string_equal(text, "service.name ");
    text = seen_of((struct spwv_seen_request){.what = SPWV_SEEN_VALUES, .field = SPWV_FIELD_NAME, .prefix = slice("ch")});
    assert_true(strcmp(text, "'chat' 'Chatter' ") == 0 || strcmp(text, "'Chatter' 'chat' ") == 0);
    text = seen_of((struct spwv_seen_request){.what = SPWV_SEEN_VALUES, .key = slice("a")});
    assert_non_null(strstr(text, "'ab' "));
    assert_non_null(strstr(text, "true "));
    assert_null(strstr(text, "lll")); /* what is cut is not offered */
    text = seen_of((struct spwv_seen_request){.what = SPWV_SEEN_VALUES, .key = slice("c"), .where = SPWV_ON_RESOURCE, .prefix = slice("x")});
    assert_string_equal(text, "'xABx' ");
    assert_string_equal(seen_of((struct spwv_seen_request){.what = SPWV_SEEN_VALUES, .key = slice("nothing")}), "");
}

static void eviction_takes_the_index_along(void **state)
{
    (void)state;
    struct spwv_store_info info;
    store = spwv_store_sqlite_open(NULL, 1 << 20, &error);
    assert_non_null(store);
    for (unsigned i = 0; i < 4000; i++) {
        char value[40], key[40], trace_id[33];
        om_resource_spans *resource;
        om_scope_spans *scope;
        om_request *request = om_begin("svc", &resource, &scope);
        snprintf(trace_id, sizeof trace_id, "%032x", i + 1);
        om_span *span = om_add_span(scope, trace_id, 1, 0, "n", 1000 + i, 2000 + i);
        for (unsigned j = 0; j < 10; j++) {
            snprintf(key, sizeof key, "k%u", j);
            snprintf(value, sizeof value, "value-%u-%u-and-some-more", i, j);
            om_set(span, key, om_text(value));
        }
        snprintf(key, sizeof key, "once.%u", i);
        om_set(span, key, om_int(1));
        struct request bytes = om_finish(request);
        put(store, (struct bytes){bytes.data, bytes.size});
        store->info(store, &info);
        assert_true(info.bytes <= 1 << 20);
    }
    assert_true(info.traces > 200); /* dead rows do not take the room of living traces */
    assert_int_equal(info.traces + info.evicted_traces, 4000);
    struct spwv_trace_filter filter = {.limit = 1};
    struct found found = {.count = 0};
    assert_true(ask("has once.3999", filter, &found));
    assert_int_equal(found.count, 1);
    found.count = 0;
    assert_true(ask("k3 = value-0-3-and-some-more or has once.0", filter, &found));
    assert_int_equal(found.count, 0);
    assert_string_equal(seen_of((struct spwv_seen_request){.what = SPWV_SEEN_KEYS, .prefix = slice("once.17")}), "");
    store->destroy(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(queries_find_what_a_slow_search_finds),
        cmocka_unit_test(every_order_pages_without_gap_or_overlap),
        cmocka_unit_test(start_times_narrow_list_and_histogram),
        cmocka_unit_test(a_query_ends_in_its_time),
        cmocka_unit_test(completion_knows_what_came),
        cmocka_unit_test(a_deleted_trace_is_gone_from_the_index),
    };
    const struct CMUnitTest others[] = {cmocka_unit_test(eviction_takes_the_index_along)};
    int failed = cmocka_run_group_tests(tests, open_model, close_model);
    return failed + cmocka_run_group_tests(others, NULL, NULL);
}
