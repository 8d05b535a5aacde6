/*
 * What logs cost the viewer: bench_logs PROGRAM [RECORDS [DIRECTORY]]
 *
 * Sends RECORDS (500000) log records of five attributes, one in ten with a trace, 512 a request over one connection, into a file in DIRECTORY (/tmp),
 * then asks for pages of them. Prints a table; the file is removed at the end. The requests are made before the clock starts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <opentelemetry/proto/collector/logs/v1/logs_service.pb-c.h>

#include "measured.h"

enum { RECORDS_A_REQUEST = 512, REQUESTS_AHEAD = 100, ATTRIBUTES = 5 };

typedef Opentelemetry__Proto__Logs__V1__LogRecord log_record;
typedef Opentelemetry__Proto__Common__V1__AnyValue any_value;
typedef Opentelemetry__Proto__Common__V1__KeyValue key_value;

static const uint64_t first_ns = 1795000000000000000u;

/* What one record is made of; protobuf-c wants pointers. */
struct parts {
    log_record record;
    any_value body;
    any_value values[ATTRIBUTES];
    key_value pairs[ATTRIBUTES];
    key_value *pair_pointers[ATTRIBUTES];
    char text[160];
    char texts[ATTRIBUTES][40];
    uint8_t trace_id[16];
    uint8_t span_id[8];
};

static void set_text(any_value *value, char *text)
{
    *value = (any_value)OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__INIT;
    value->value_case = OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_STRING_VALUE;
    value->string_value = text;
}

static void fill_record(struct parts *p, uint64_t number)
{
    static const char *const keys[ATTRIBUTES] = {"http.route", "user.id", "request.id", "code.file.path", "thread.name"};
    p->record = (log_record)OPENTELEMETRY__PROTO__LOGS__V1__LOG_RECORD__INIT;
    p->record.time_unix_nano = first_ns + number * 1000000;
    p->record.severity_number = number % 1000 == 0 ? 17 : number % 50 == 0 ? 13 : number % 3 ? 9 : 5;
    snprintf(p->text, sizeof p->text, "request %llu of the user was answered in %llu ms with %llu bytes", (unsigned long long)number,
             (unsigned long long)(number * 7919 % 500), (unsigned long long)(number * 104729 % 100000));
    set_text(&p->body, p->text);
    p->record.body = &p->body;
    for (size_t i = 0; i < ATTRIBUTES; i++) {
        snprintf(p->texts[i], sizeof p->texts[i], "%s %llu", keys[i], (unsigned long long)(i == 2 ? number : number * 31 % 100));
        set_text(&p->values[i], p->texts[i]);
        p->pairs[i] = (key_value)OPENTELEMETRY__PROTO__COMMON__V1__KEY_VALUE__INIT;
        p->pairs[i].key = (char *)(uintptr_t)keys[i];
        p->pairs[i].value = &p->values[i];
        p->pair_pointers[i] = &p->pairs[i];
    }
    p->record.n_attributes = ATTRIBUTES;
    p->record.attributes = p->pair_pointers;
    if (number % 10)
        return;
    memset(p->trace_id, 0xAB, sizeof p->trace_id);
    memcpy(p->trace_id, &number, sizeof number);
    memset(p->span_id, 1, sizeof p->span_id);
    p->record.trace_id = (ProtobufCBinaryData){sizeof p->trace_id, p->trace_id};
    p->record.span_id = (ProtobufCBinaryData){sizeof p->span_id, p->span_id};
}

struct request {
    uint8_t *data;
    size_t size;
};

static struct request make_request(uint64_t from)
{
    static struct parts parts[RECORDS_A_REQUEST];
    static log_record *records[RECORDS_A_REQUEST];
    Opentelemetry__Proto__Collector__Logs__V1__ExportLogsServiceRequest message =
        OPENTELEMETRY__PROTO__COLLECTOR__LOGS__V1__EXPORT_LOGS_SERVICE_REQUEST__INIT;
    Opentelemetry__Proto__Logs__V1__ResourceLogs resource = OPENTELEMETRY__PROTO__LOGS__V1__RESOURCE_LOGS__INIT, *resources = &resource;
    Opentelemetry__Proto__Logs__V1__ScopeLogs scope = OPENTELEMETRY__PROTO__LOGS__V1__SCOPE_LOGS__INIT, *scopes = &scope;
    for (size_t i = 0; i < RECORDS_A_REQUEST; i++) {
        fill_record(&parts[i], from + i);
        records[i] = &parts[i].record;
    }
    scope.n_log_records = RECORDS_A_REQUEST;
    scope.log_records = records;
    resource.n_scope_logs = 1;
    resource.scope_logs = &scopes;
    message.n_resource_logs = 1;
    message.resource_logs = &resources;
    struct request request = {NULL, protobuf_c_message_get_packed_size(&message.base)};
    request.data = malloc(request.size);
    if (!request.data)
        measured_die("memory");
    protobuf_c_message_pack(&message.base, request.data);
    return request;
}

static void fill(int connection, uint64_t records, const char *db_file)
{
    static struct request ahead[REQUESTS_AHEAD];
    double took = 0, bytes = 0, cpu = measured_cpu_s();
    for (uint64_t sent = 0; sent < records;) {
        size_t count = 0;
        for (; count < REQUESTS_AHEAD && sent < records; sent += RECORDS_A_REQUEST)
            ahead[count++] = make_request(sent);
        double begin = measured_now();
        for (size_t i = 0; i < count; i++) {
            bytes += (double)ahead[i].size;
            if (measured_post(connection, "/v1/logs", "Content-Type: application/x-protobuf\r\n", ahead[i].data, ahead[i].size) != 200)
                measured_die("the request was not taken");
        }
        took += measured_now() - begin;
        for (size_t i = 0; i < count; i++)
            free(ahead[i].data);
    }
    struct stat file = {0};
    stat(db_file, &file);
    printf("intake | %.0f records/s of %.0f bytes\n", (double)records / took, bytes / (double)records);
    printf("intake, processor | %.2f us a record\n", (measured_cpu_s() - cpu) / (double)records * 1e6);
    printf("store | %.0f bytes a record in the file\n", (double)file.st_size / (double)records);
}

int main(int argc, char **argv)
{
    static const char *const questions[][2] = {
        {"newest page", "/api/logs?"},
        {"errors", "/api/logs?severity=error"},
        {"none so bad", "/api/logs?severity=fatal"},
        {"a service", "/api/logs?service=unknown_service"},
        {"a text that is frequent", "/api/logs?q=with 1"},
        {"a text that one has", "/api/logs?q=request 4711 of"},
        {"a trace", "/api/logs?trace_id=6400000000000000abababababababab"},
    };
    uint64_t records = argc > 2 ? strtoull(argv[2], NULL, 10) / RECORDS_A_REQUEST * RECORDS_A_REQUEST : 976 * RECORDS_A_REQUEST;
    char directory[200], port_file[220], db_file[220];
    if (argc < 2 || !records) {
        fprintf(stderr, "usage: bench_logs PROGRAM [RECORDS [DIRECTORY]]\n");
        return 2;
    }
    snprintf(directory, sizeof directory, "%.150s/spanwire-bench-XXXXXX", argc > 3 ? argv[3] : "/tmp");
    if (!mkdtemp(directory))
        measured_die(directory);
    snprintf(port_file, sizeof port_file, "%s/port", directory);
    snprintf(db_file, sizeof db_file, "%s/logs.db", directory);
    measured_start(argv[1], port_file, db_file);
    int connection = measured_dial();
    fill(connection, records, db_file);
    printf("\nwhat | request | p50 ms | max ms | processor ms | answer\n--- | --- | --- | --- | --- | ---\n");
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++)
        measured_question(connection, questions[i][0], questions[i][1]);
    close(connection);
    measured_stop();
    unlink(db_file);
    unlink(port_file);
    rmdir(directory);
    return 0;
}
