/* Secrets in headers, URLs, proxies and what servers say: nothing that people read may hold one. */
#include <fcntl.h>
#include <spanwire/config.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "faults/fault.h"

#define CANARY "c4n4ry-9d81f3"
#define PART "c4n4ry-9d81f" /* as a server may quote it */

extern char **environ;

/* A run of it, and the same as base64 has it, wherever it begins. */
static const char *const needles[] = { "4ry-9d81", "NHJ5LTlkOD", "RyeS05ZDgx", "0cnktOWQ4M" };

/* ---- what was said ---- */

static int errors; /* standard error, in memory */

static void check_text(struct fault *f, const char *where, const char *text, size_t size)
{
    for (size_t i = 0; i < sizeof needles / sizeof needles[0]; i++) {
        const char *found = memmem(text, size, needles[i], strlen(needles[i]));
        if (!found)
            continue;
        const char *from = found - text > 100 ? found - 100 : text;
        fault_fail(f, "%s: %.*s", where, (int)(text + size - from > 160 ? 160 : text + size - from), from);
    }
}

static void check_file(struct fault *f, const char *where, int fd, bool must_say)
{
    size_t size = (size_t)lseek(fd, 0, SEEK_END);
    char *text = malloc(size + 1);
    ssize_t got = text ? pread(fd, text, size, 0) : -1;
    if (got != (ssize_t)size || (must_say && got == 0))
        fault_fail(f, "%s: nothing to look at", where);
    else
        check_text(f, where, text, size);
    free(text);
}

static void listen_to_errors(void)
{
    errors = memfd_create("errors", MFD_CLOEXEC);
    if (errors < 0 || dup2(errors, STDERR_FILENO) < 0)
        abort();
}

static void check_entry(void *arg, const spw_config_entry *entry)
{
    check_text(arg, "spw_config_each", entry->line, strlen(entry->line));
    check_text(arg, "spw_config_each", entry->value, strlen(entry->value));
}

/* `spanwire config` in this environment. */
static void check_program(struct fault *f)
{
#ifdef FAULTS_SPANWIRE
    char text[65536];
    FILE *out = popen(FAULTS_SPANWIRE " config 2>&1", "re");
    size_t size = out ? fread(text, 1, sizeof text, out) : 0;
    if (out)
        pclose(out);
    FAULT_CHECK(f, size > 1000);
    check_text(f, "spanwire config", text, size);
#else
    (void)f;
#endif
}

/* ---- what others can see of us ---- */

struct process {
    char command[4096];
    size_t command_size, variables, bytes;
};

static void look(struct process *p)
{
    int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, p->command, sizeof p->command);
    p->command_size = got > 0 ? (size_t)got : 0;
    p->variables = p->bytes = 0;
    for (char **e = environ; *e; e++, p->variables++)
        p->bytes += strlen(*e);
    if (fd >= 0)
        close(fd);
}

static void check_unchanged(struct fault *f, const struct process *before)
{
    struct process now;
    look(&now);
    FAULT_CHECK(f, now.variables == before->variables && now.bytes == before->bytes);
    FAULT_CHECK(f, now.command_size > 0 && now.command_size == before->command_size &&
                       memcmp(now.command, before->command, now.command_size) == 0);
}

/* ---- in use, with a server, or a proxy, that repeats what it was told ---- */

#define TOLD                                                                                                                               \
    "you sent Bearer " CANARY "-h and " CANARY "-k as user:" CANARY "-u with ?token=" CANARY "-q through proxy:" CANARY "-p, or " PART

/* google.rpc.Status { 2: message }, ExportTraceServiceResponse { 1: { 2: message } }; both shorter than 16 KiB and longer than 127 bytes. */
static size_t put_message(uint8_t *out, uint8_t tag, const void *message, size_t size)
{
    out[0] = tag;
    out[1] = (uint8_t)(size | 0x80);
    out[2] = (uint8_t)(size >> 7);
    memcpy(out + 3, message, size);
    return size + 3;
}

static void queue_answers(http_peer *peer)
{
    static uint8_t status[512], partial[512];
    static const char json[] = "{\"code\":3,\"message\":\"" TOLD "\"}", html[] = "<html><body>" TOLD "</body></html>";
    size_t status_size = put_message(status, 0x12, TOLD, strlen(TOLD));
    size_t partial_size = put_message(partial, 0x0a, status, status_size);
    const char *const protobuf = "Content-Type: application/x-protobuf\r\n";
    const http_peer_answer answers[] = {
        { .status = 400, .headers = protobuf, .body = status, .body_size = status_size },
        { .status = 401,
          .headers = "Content-Type: text/plain\r\nWWW-Authenticate: " CANARY "-h\r\n",
          .body = TOLD,
          .body_size = strlen(TOLD) },
        { .status = 403, .headers = "Content-Type: application/json\r\n", .body = json, .body_size = strlen(json) },
        { .status = 407,
          .headers = "Content-Type: text/html\r\nProxy-Authenticate: Basic realm=" CANARY "-p\r\n",
          .body = html,
          .body_size = strlen(html) },
        { .status = 302, .headers = "Location: http://user:" CANARY "-u@127.0.0.1/?token=" CANARY "-q\r\n" },
        { .status = 503, .headers = "Content-Type: text/plain\r\nRetry-After: " CANARY "-h\r\n", .body = TOLD, .body_size = strlen(TOLD) },
        { .headers = protobuf, .body = partial, .body_size = partial_size },
        { .headers = "Content-Type: application/json\r\n", .body = json, .body_size = strlen(json) },
        { .act = HTTP_PEER_RAW, .body = TOLD, .body_size = strlen(TOLD) },
        { .act = HTTP_PEER_RESET },
    };
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        http_peer_then(peer, answers[i]);
        http_peer_then(peer, http_peer_status(200)); /* so that the next one is news, and said */
    }
}

static void set_url(const char *variable, const char *format, unsigned port)
{
    char url[256];
    snprintf(url, sizeof url, format, port);
    setenv(variable, url, 1);
}

static void in_use(struct fault *f)
{
    char path[] = "/tmp/spw-secrets-XXXXXX";
    int file = mkstemp(path);
    struct process before;
    spw_options options = SPW_OPTIONS_INIT;
    http_peer *peer = http_peer_start();
    queue_answers(peer);
    setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20" CANARY "-h,x-api-key=" CANARY "-k", 1);
    set_url("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://user:" CANARY "-u@127.0.0.1:%u/v1/traces?token=" CANARY "-q",
            http_peer_port(peer));
    set_url("http_proxy", "http://proxy:" CANARY "-p@127.0.0.1:%u", http_peer_port(peer));
    unsetenv("no_proxy");
    setenv("OTEL_TRACES_EXPORTER", "otlp,file", 1);
    setenv("SPANWIRE_TRACES_FILE", path, 1);
    setenv("OTEL_BSP_SCHEDULE_DELAY", "20", 1);
    listen_to_errors();
    look(&before);
    options.log_level = SPW_LOG_DEBUG;
    FAULT_CHECK(f, file >= 0 && spw_start(&options) == SPW_OK);
    for (int i = 0; i < 25; i++) {
        fault_record(f, 10, 0);
        (void)spw_flush(300);
    }
    FAULT_CHECK(f, spw_config_each(&options, check_entry, f) == SPW_OK);
    check_program(f);
    check_unchanged(f, &before);
    fault_stop(f, 10000);
    fault_collect(f, peer);
    fault_judge(f);
    FAULT_CHECK(f, http_peer_requests(peer) > 10);
    check_file(f, "the log", errors, true);
    check_file(f, "the file exporter", file, true);
    check_text(f, "spw_stats", (const char *)&f->stats, sizeof f->stats);
    unlink(path);
    http_peer_stop(peer);
}

/* ---- in settings that are wrong ---- */

#define HEADERS "OTEL_EXPORTER_OTLP_HEADERS"
#define ENDPOINT "OTEL_EXPORTER_OTLP_ENDPOINT"
#define TRACES_ENDPOINT "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
#define KEY "OTEL_EXPORTER_OTLP_CLIENT_KEY"
#define PEM "-----BEGIN PRIVATE KEY-----\n" CANARY "\n-----END PRIVATE KEY-----\n"

static const struct setting {
    const char *name, *value;
} settings[] = {
    { HEADERS, CANARY },
    { HEADERS, "authorization: Bearer " CANARY },
    { HEADERS, "=" CANARY },
    { HEADERS, "authorization=Bearer " CANARY },
    { HEADERS, "authorization=" CANARY "%zz" },
    { HEADERS, "a b=" CANARY },
    { HEADERS, "a=b," CANARY },
    { HEADERS, "host=" CANARY ",content-length=" CANARY },
    { HEADERS, "x=%0a" CANARY },
    { HEADERS, "x=" CANARY "\xff" },
    { ENDPOINT, "htp://user:" CANARY "@localhost:4318" },
    { ENDPOINT, "http://user:" CANARY "@" },
    { ENDPOINT, "http://user:" CANARY "@localhost:99999" },
    { ENDPOINT, "http://user:" CANARY "@[::1" },
    { ENDPOINT, "user:" CANARY "@localhost:4318" },
    { ENDPOINT, "http://" CANARY "@lo cal" },
    { ENDPOINT, "http://user:" CANARY "%zz@localhost" },
    { ENDPOINT, "http://user:" CANARY "\n@localhost" },
    { ENDPOINT, "http://localhost/?token=" CANARY },
    { ENDPOINT, "http://localhost/#" CANARY },
    { TRACES_ENDPOINT, "http://localhost:4317x/?token=" CANARY },
    { TRACES_ENDPOINT, "//user:" CANARY "@localhost" },
    { TRACES_ENDPOINT, "grpc://user:" CANARY "@localhost/v1/traces?token=" CANARY },
    { "http_proxy", "http://user:" CANARY "@" },
    { "http_proxy", "nonsense://user:" CANARY "@localhost:1" },
    { "http_proxy", "user:" CANARY "@localhost:99999" },
    { "http_proxy", "http://user:" CANARY "@localhost:1:2" },
    { "http_proxy", CANARY "@" },
    { KEY, PEM },
    { KEY, "-----BEGIN PRIVATE KEY-----" CANARY },
    { "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", PEM },
    { "OTEL_EXPORTER_OTLP_CERTIFICATE", PEM },
    { "OTEL_RESOURCE_ATTRIBUTES", "api.token=" CANARY ",db.password=" CANARY },
};

static void try_setting(struct fault *f, const struct setting *s)
{
    spw_error error = SPW_ERROR_INIT;
    spw_options options = SPW_OPTIONS_INIT;
    options.log_level = SPW_LOG_DEBUG;
    options.error = &error;
    const char *before = getenv(s->name);
    char *kept = before ? strdup(before) : NULL;
    setenv(s->name, s->value, 1);
    (void)spw_config_each(&options, check_entry, f);
    if (spw_start(&options) == SPW_OK)
        spw_span_end(spw_span_start(NULL, "work", NULL));
    (void)spw_flush(100);
    (void)spw_shutdown(50);
    check_text(f, s->name, error.text, strlen(error.text));
    if (kept)
        setenv(s->name, kept, 1);
    else
        unsetenv(s->name);
    free(kept);
    if (!f->failed)
        check_file(f, "the log", errors, false);
    if (f->failed) {
        size_t used = strlen(f->why);
        snprintf(f->why + used, sizeof f->why - used, " [%s=%s]", s->name, s->value);
    }
}

static void in_wrong_settings(struct fault *f)
{
    size_t count = sizeof settings / sizeof settings[0];
    http_peer *peer = http_peer_start();
    unsetenv("no_proxy");
    listen_to_errors();
    set_url(ENDPOINT, "https://127.0.0.1:%u", http_peer_port(peer)); /* files are read when there is somebody to talk to */
    setenv("OTEL_BSP_SCHEDULE_DELAY", "1", 1);
    for (size_t i = 0; i < count && !f->failed; i++)
        try_setting(f, &settings[i]);
    check_file(f, "the log", errors, true);
    snprintf(f->note, sizeof f->note, "%zu wrong settings", count);
    http_peer_stop(peer);
}

const struct fault_row fault_rows_secrets[] = {
    { "Secrets", "secrets_in_use", "canaries in headers, user info, query and proxy; the server repeats them in ten answers",
      "in no log, setting, file, statistic, command line", in_use, false },
    { "Secrets", "secrets_in_wrong_settings", "canaries in headers, URLs, proxies and keys that are misspelt", "in no log, error, setting",
      in_wrong_settings, false },
    { NULL, NULL, NULL, NULL, NULL, false },
};
