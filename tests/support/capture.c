#include "support/capture.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceRequest request;
typedef Opentelemetry__Proto__Common__V1__InstrumentationScope scope;

struct item {
    const capture_span *span;
    const scope *scope;
};

struct capture {
    spw_exporter exporter; /* first */
    pthread_mutex_t lock;
    bool held;
    spw_export_result answer;
    size_t batches;
    request **requests;
    size_t request_count, request_room;
    struct item *items;
    size_t count, room;
    /* the batch that was taken and not answered */
    request *pending;
    spw_export_done_fn done;
    void *token;
};

static void die(const char *what)
{
    fprintf(stderr, "capture: %s\n", what);
    abort();
}

/* ---- fields nobody knows ---- */

static bool field_known(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    const char *base = (const char *)message;
    if (field->type != PROTOBUF_C_TYPE_MESSAGE)
        return true;
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        size_t n = *(const size_t *)(const void *)(base + field->quantifier_offset);
        ProtobufCMessage *const *list = *(ProtobufCMessage *const *const *)(const void *)(base + field->offset);
        for (size_t i = 0; i < n; i++)
            if (!capture_all_known(list[i]))
                return false;
        return true;
    }
    bool oneof = (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
    if (oneof && *(const uint32_t *)(const void *)(base + field->quantifier_offset) != field->id)
        return true;
    const ProtobufCMessage *inner = *(ProtobufCMessage *const *)(const void *)(base + field->offset);
    return !inner || capture_all_known(inner);
}

bool capture_all_known(const ProtobufCMessage *message)
{
    if (message->n_unknown_fields)
        return false;
    for (unsigned i = 0; i < message->descriptor->n_fields; i++)
        if (!field_known(message, &message->descriptor->fields[i]))
            return false;
    return true;
}

/* ---- the exporter ---- */

static request *decode(const spw_batch *batch)
{
    size_t size = spw_batch_encoded_size(batch);
    uint8_t *bytes = malloc(size + 1);
    if (!bytes || spw_batch_encode(batch, bytes, size) != size || (size && spw_batch_encode(batch, bytes, size - 1) != 0))
        die("the batch is not as large as it says");
    request *r = opentelemetry__proto__collector__trace__v1__export_trace_service_request__unpack(NULL, size, bytes);
    if (!r || !capture_all_known(&r->base))
        die("the batch is not OTLP");
    free(bytes);
    return r;
}

/* Doubling: one more place at a time takes the square of the time under AddressSanitizer, which always copies. */
static void *roomy(void *array, size_t *room, size_t wanted, size_t size)
{
    if (wanted <= *room)
        return array;
    *room = wanted > 2 * *room ? wanted : 2 * *room;
    array = realloc(array, *room * size);
    if (!array)
        die("out of memory");
    return array;
}

static void keep(capture *self, request *r)
{
    self->requests = roomy(self->requests, &self->request_room, self->request_count + 1, sizeof(request *));
    self->requests[self->request_count++] = r;
    for (size_t i = 0; i < r->n_resource_spans; i++)
        for (size_t j = 0; j < r->resource_spans[i]->n_scope_spans; j++) {
            Opentelemetry__Proto__Trace__V1__ScopeSpans *s = r->resource_spans[i]->scope_spans[j];
            self->items = roomy(self->items, &self->room, self->count + s->n_spans + 1, sizeof *self->items);
            for (size_t k = 0; k < s->n_spans; k++)
                self->items[self->count++] = (struct item){ s->spans[k], s->scope };
        }
}

static void drop(request *r)
{
    opentelemetry__proto__collector__trace__v1__export_trace_service_request__free_unpacked(r, NULL);
}

static void submit(spw_exporter *exporter, const spw_batch *batch, spw_export_done_fn done, void *token)
{
    capture *self = (capture *)exporter;
    request *r = decode(batch);
    pthread_mutex_lock(&self->lock);
    self->batches++;
    if (self->held) {
        self->pending = r;
        self->done = done;
        self->token = token;
        pthread_mutex_unlock(&self->lock);
        return;
    }
    const spw_export_result answer = self->answer;
    if (answer.status == SPW_EXPORT_DELIVERED)
        keep(self, r);
    pthread_mutex_unlock(&self->lock);
    if (answer.status != SPW_EXPORT_DELIVERED)
        drop(r);
    done(token, &answer);
}

static void cancel(spw_exporter *exporter)
{
    capture *self = (capture *)exporter;
    pthread_mutex_lock(&self->lock);
    if (self->pending)
        drop(self->pending);
    self->pending = NULL;
    pthread_mutex_unlock(&self->lock);
}

static void stays(spw_exporter *exporter)
{
    (void)exporter; /* the test frees it */
}

capture *capture_new(void)
{
    capture *self = calloc(1, sizeof *self);
    if (!self)
        die("out of memory");
    self->exporter = (spw_exporter){ .struct_size = sizeof(spw_exporter), .name = "capture", .submit = submit, .cancel = cancel, .destroy = stays };
    self->answer = (spw_export_result)SPW_EXPORT_RESULT_INIT;
    pthread_mutex_init(&self->lock, NULL);
    return self;
}

void capture_free(capture *self)
{
    for (size_t i = 0; i < self->request_count; i++)
        drop(self->requests[i]);
    if (self->pending)
        drop(self->pending);
    free(self->requests);
    free(self->items);
    pthread_mutex_destroy(&self->lock);
    free(self);
}

spw_pipeline_options capture_pipeline(capture *self)
{
    spw_pipeline_options pipeline = SPW_PIPELINE_OPTIONS_INIT;
    pipeline.exporter = &self->exporter;
    pipeline.max_queue_size = 65536;
    pipeline.schedule_delay_ms = 5;
    return pipeline;
}

void capture_start(capture *self, const spw_options *options)
{
    spw_options mine = SPW_OPTIONS_INIT;
    if (options)
        mine = *options;
    spw_error error = SPW_ERROR_INIT;
    const spw_pipeline_options pipeline = capture_pipeline(self);
    mine.pipelines = &pipeline;
    mine.pipeline_count = 1;
    mine.error = &error;
    if (spw_start(&mine) != SPW_OK)
        die(error.text);
}

void capture_stop(capture *self)
{
    capture_hold(self, false);
    (void)spw_shutdown(5000);
    capture_check_accounts();
    capture_free(self);
}

void capture_hold(capture *self, bool hold)
{
    pthread_mutex_lock(&self->lock);
    self->held = hold;
    request *r = hold ? NULL : self->pending;
    if (!r) {
        pthread_mutex_unlock(&self->lock);
        return;
    }
    self->pending = NULL;
    keep(self, r);
    spw_export_done_fn done = self->done;
    void *token = self->token;
    pthread_mutex_unlock(&self->lock);
    const spw_export_result delivered = SPW_EXPORT_RESULT_INIT;
    done(token, &delivered);
}

void capture_answer(capture *self, spw_export_result answer)
{
    pthread_mutex_lock(&self->lock);
    self->answer = answer;
    pthread_mutex_unlock(&self->lock);
}

/* ---- what it has ---- */

size_t capture_count(capture *self)
{
    pthread_mutex_lock(&self->lock);
    size_t n = self->count;
    pthread_mutex_unlock(&self->lock);
    return n;
}

size_t capture_batches(capture *self)
{
    pthread_mutex_lock(&self->lock);
    size_t n = self->batches;
    pthread_mutex_unlock(&self->lock);
    return n;
}

static struct item item_at(capture *self, size_t index)
{
    pthread_mutex_lock(&self->lock);
    struct item item = index < self->count ? self->items[index] : (struct item){ NULL, NULL };
    pthread_mutex_unlock(&self->lock);
    return item;
}

const capture_span *capture_at(capture *self, size_t index)
{
    return item_at(self, index).span;
}

const scope *capture_scope_at(capture *self, size_t index)
{
    return item_at(self, index).scope;
}

const capture_span *capture_named(capture *self, const char *name)
{
    const capture_span *found = NULL;
    for (size_t i = 0; i < capture_count(self); i++) {
        const capture_span *span = capture_at(self, i);
        if (strcmp(span->name, name) != 0)
            continue;
        if (found)
            return NULL;
        found = span;
    }
    return found;
}

const capture_attr *capture_find(capture_attr *const *attrs, size_t count, const char *key)
{
    const capture_attr *found = NULL;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(attrs[i]->key, key) != 0)
            continue;
        if (found)
            die("one key twice");
        found = attrs[i];
    }
    return found;
}

int64_t capture_int(const capture_span *span, const char *key)
{
    const capture_attr *attr = capture_find(span->attributes, span->n_attributes, key);
    bool is = attr && attr->value && attr->value->value_case == OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_INT_VALUE;
    return is ? attr->value->int_value : INT64_MIN;
}

const char *capture_string(const capture_span *span, const char *key)
{
    const capture_attr *attr = capture_find(span->attributes, span->n_attributes, key);
    bool is = attr && attr->value && attr->value->value_case == OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_STRING_VALUE;
    return is ? attr->value->string_value : NULL;
}

/* ---- accounts ---- */

static uint64_t accounted(const spw_pipeline_stats *p)
{
    uint64_t sum = p->exported + p->rejected + p->filtered + p->queued + p->in_flight;
    for (int cause = 0; cause < SPW_DROP_CAUSES; cause++)
        sum += p->dropped[cause];
    return sum;
}

void capture_check_accounts(void)
{
    spw_stats stats = SPW_STATS_INIT;
    spw_stats_get(&stats);
    for (uint32_t i = 0; i < stats.pipeline_count; i++) {
        const spw_pipeline_stats *p = &stats.pipelines[i];
        if (p->ended == accounted(p))
            continue;
        fprintf(stderr, "pipeline %u: ended %llu, exported %llu, rejected %llu, queued %llu, in flight %llu", i, (unsigned long long)p->ended,
                (unsigned long long)p->exported, (unsigned long long)p->rejected, (unsigned long long)p->queued,
                (unsigned long long)p->in_flight);
        for (int cause = 0; cause < SPW_DROP_CAUSES; cause++)
            if (p->dropped[cause])
                fprintf(stderr, ", %s %llu", spw_drop_cause_name((spw_drop_cause)cause), (unsigned long long)p->dropped[cause]);
        fprintf(stderr, "\n");
        die("the account does not add up");
    }
}

spw_pipeline_stats capture_stats(size_t pipeline)
{
    spw_stats stats = SPW_STATS_INIT;
    spw_stats_get(&stats);
    return stats.pipelines[pipeline];
}
