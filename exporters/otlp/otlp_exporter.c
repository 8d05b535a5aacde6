/*
 * The OTLP exporter: HTTP with protobuf or JSON. (Specification: OTLP 1.11, OTLP/HTTP; OTLP Exporter configuration.)
 *
 * Threads    The factory runs in spw_start(), everything else on the worker. Never blocks: JSON and compression come in slices, sockets on the loop.
 * Ownership  Copies its settings. One request at a time; its body stays until the batch is delivered or dropped, so that a retry resends it.
 * Failure    otlp_verdict.c says what becomes of a batch; what cannot be configured is refused by the factory, with the cure.
 */
#include "../builtin.h"

#include <spanwire/allocator.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "otlp_body.h"
#include "otlp_headers.h"
#include "otlp_proxy.h"
#include "otlp_secrets.h"
#include "otlp_text.h"
#include "otlp_transport.h"
#include "otlp_url.h"

#define PRODUCT "OTel-OTLP-Exporter-C/" SPW_VERSION

struct otlp_exporter {
    spw_exporter base;
    struct spw__otlp_url url;
    struct spw__otlp_headers headers;
    struct spw__otlp_secrets secrets;
    char *user_agent;
    char *certificate;
    char *client_key;
    char *client_certificate;
    char *proxy_certificate;
    struct spw__otlp_proxy proxy;
    uint32_t max_connection_age_ms;
    uint32_t timeout_ms;

    spw_loop *loop;  /* NULL: it did not start */
    spw_loop *later; /* then: for want of memory */
    struct spw__otlp_transport transport;
    struct spw__otlp_body body;
    spw_timer slice; /* armed while a body is being made */
    uint64_t count;  /* records in the running batch */
    spw_export_done_fn done;
    void *token;
};

/* ---- one batch ---- */

static void answer(struct otlp_exporter *self, const spw_export_result *result)
{
    if (result->status != SPW_EXPORT_RETRY)
        spw__otlp_body_release(&self->body);
    self->done(self->token, result); /* last: it may submit the next batch */
}

static void answer_text(struct otlp_exporter *self, spw_export_status status, const char *text)
{
    spw_export_result result = SPW_EXPORT_RESULT_INIT;
    result.status = status;
    spw__otlp_append(result.text, sizeof result.text, "%s", text);
    answer(self, &result);
}

static void on_sent(void *arg, const struct spw__otlp_outcome *outcome)
{
    struct otlp_exporter *self = arg;
    struct spw__otlp_subject subject = { self->count, self->timeout_ms, &self->url, &self->proxy, &self->secrets, self->client_certificate != NULL };
    spw_export_result result;
    spw__otlp_verdict(outcome, &subject, &result);
    answer(self, &result);
}

static void go_on(struct otlp_exporter *self, enum spw__otlp_body_step step)
{
    switch (step) {
    case SPW__OTLP_BODY_READY: spw__otlp_transport_send(&self->transport, spw__otlp_body_bytes(&self->body), on_sent, self); break;
    case SPW__OTLP_BODY_MORE: spw_loop_arm(self->loop, &self->slice, 0); break;
    case SPW__OTLP_BODY_TOO_LARGE: answer_text(self, SPW_EXPORT_PERMANENT, "the batch is over the 64 MiB a request may have"); break;
    case SPW__OTLP_BODY_NO_MEMORY: answer_text(self, SPW_EXPORT_RETRY, "out of memory for the request"); break;
    case SPW__OTLP_BODY_BROKEN: answer_text(self, SPW_EXPORT_PERMANENT, "the batch could not be encoded or compressed"); break;
    }
}

static void on_slice(void *arg)
{
    struct otlp_exporter *self = arg;
    go_on(self, spw__otlp_body_continue(&self->body));
}

/* ---- libcurl's half ---- */

static spw_result start_transport(struct otlp_exporter *self, spw_loop *loop, spw_error *error)
{
    struct spw__otlp_setup setup = { .url = &self->url,
                                     .user_agent = self->user_agent,
                                     .headers = &self->headers,
                                     .gzip = self->body.gzip,
                                     .json = self->body.json,
                                     .timeout_ms = self->timeout_ms,
                                     .certificate = self->certificate,
                                     .client_key = self->client_key,
                                     .client_certificate = self->client_certificate,
                                     .proxy = self->proxy.full,
                                     .proxy_certificate = self->proxy_certificate,
                                     .max_connection_age_ms = self->max_connection_age_ms };
    spw_result result = spw__otlp_transport_start(&self->transport, loop, &setup, error);
    self->slice.fn = on_slice;
    self->slice.arg = self;
    self->loop = result == SPW_OK ? loop : NULL;
    self->later = result == SPW_ERR_NO_MEMORY ? loop : NULL;
    if (result != SPW_OK)
        spw__otlp_transport_stop(&self->transport);
    return result;
}

static spw_result otlp_start(spw_exporter *base, spw_loop *loop, spw_error *error)
{
    return start_transport((struct otlp_exporter *)base, loop, error);
}

/* Want of memory may pass: what could not start for it is started with the next batch. */
static bool is_started(struct otlp_exporter *self)
{
    spw_error ignored = SPW_ERROR_INIT;
    return self->loop || (self->later && start_transport(self, self->later, &ignored) == SPW_OK);
}

static void otlp_submit(spw_exporter *base, const spw_batch *batch, spw_export_done_fn done, void *token)
{
    struct otlp_exporter *self = (struct otlp_exporter *)base;
    self->done = done;
    self->token = token;
    self->count = spw_batch_count(batch);
    if (!is_started(self))
        answer_text(self, self->later ? SPW_EXPORT_RETRY : SPW_EXPORT_PERMANENT, "the OTLP exporter did not start");
    else if (self->count == 0)
        answer_text(self, SPW_EXPORT_DELIVERED, ""); /* no empty envelopes */
    else
        go_on(self, spw__otlp_body_begin(&self->body, batch));
}

static void otlp_cancel(spw_exporter *base)
{
    struct otlp_exporter *self = (struct otlp_exporter *)base;
    if (!self->loop)
        return;
    spw_loop_disarm(self->loop, &self->slice);
    spw__otlp_transport_cancel(&self->transport);
}

/* ---- its life ---- */

static void otlp_destroy(spw_exporter *base)
{
    struct otlp_exporter *self = (struct otlp_exporter *)base;
    spw__otlp_transport_stop(&self->transport);
    spw__otlp_body_fini(&self->body);
    spw__otlp_url_fini(&self->url);
    spw__otlp_headers_fini(&self->headers);
    spw__otlp_secrets_fini(&self->secrets);
    spw_free(self->user_agent);
    spw_free(self->certificate);
    spw_free(self->client_key);
    spw_free(self->client_certificate);
    spw_free(self->proxy_certificate);
    spw__otlp_proxy_fini(&self->proxy);
    spw_free(self);
}

/* ---- settings ---- */

static bool said(const char *text)
{
    return text && *text;
}

static spw_result set_protocol(struct otlp_exporter *self, const char *protocol, spw_error *error)
{
    self->body.json = said(protocol) && strcasecmp(protocol, "http/json") == 0;
    if (self->body.json)
        self->base.max_request_bytes = SPW__OTLP_MAX_REQUEST / SPW__OTLP_JSON_EXPANSION;
    if (!said(protocol) || self->body.json || strcasecmp(protocol, "http/protobuf") == 0)
        return SPW_OK;
    if (strcasecmp(protocol, "grpc") == 0)
        return spw__otlp_fail(error, SPW_ERR_INVALID, "protocol grpc: spanwire does not speak OTLP/gRPC; use http/protobuf on port 4318");
    return spw__otlp_fail(error, SPW_ERR_INVALID, "protocol '%.40s' is unknown; use http/protobuf or http/json", protocol);
}

static spw_result set_compression(struct otlp_exporter *self, const char *compression, spw_error *error)
{
    self->body.gzip = said(compression) && strcasecmp(compression, "gzip") == 0;
    if (!said(compression) || self->body.gzip || strcasecmp(compression, "none") == 0)
        return SPW_OK;
    return spw__otlp_fail(error, SPW_ERR_INVALID, "compression '%.40s' is unknown; use gzip or none", compression);
}

static bool copy(char **out, const char *text)
{
    *out = said(text) ? spw_strdup(text) : NULL;
    return *out || !said(text);
}

/* Fields that a caller of an older version has not. */
#define HAS(otlp, field) ((otlp)->struct_size >= offsetof(spw_otlp_settings, field) + sizeof (otlp)->field)

static spw_result set_files(struct otlp_exporter *self, const spw_otlp_settings *otlp, spw_error *error)
{
    if (said(otlp->client_key) && !said(otlp->client_certificate))
        return spw__otlp_fail(error, SPW_ERR_INVALID, "a client key without its certificate; set OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE too");
    if (copy(&self->certificate, otlp->certificate) && copy(&self->client_key, otlp->client_key) &&
        copy(&self->client_certificate, otlp->client_certificate) &&
        copy(&self->proxy_certificate, HAS(otlp, proxy_certificate) ? otlp->proxy_certificate : NULL))
        return SPW_OK;
    return spw__otlp_fail(error, SPW_ERR_NO_MEMORY, "out of memory for the OTLP exporter");
}

static spw_result set_user_agent(struct otlp_exporter *self, const char *prefix, spw_error *error)
{
    for (const char *c = said(prefix) ? prefix : ""; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return spw__otlp_fail(error, SPW_ERR_INVALID, "the user agent's prefix holds a control character; remove it");
    size_t size = (said(prefix) ? strlen(prefix) : 0) + sizeof PRODUCT + 1;
    self->user_agent = spw_allocate(size);
    if (!self->user_agent)
        return spw__otlp_fail(error, SPW_ERR_NO_MEMORY, "out of memory for the OTLP exporter");
    snprintf(self->user_agent, size, "%s%s" PRODUCT, said(prefix) ? prefix : "", said(prefix) ? " " : "");
    return SPW_OK;
}

/* PEM itself where the name of its file belongs, plain or in base64: libcurl would quote it. Names are not hidden: people need them. */
static bool hide_pem(struct otlp_exporter *self, const char *file)
{
    bool pem = said(file) && (strstr(file, "-----BEGIN") || strstr(file, "LS0tLS1CRUdJTi"));
    return !pem || spw__otlp_secrets_add(&self->secrets, (spw_view){ file, strlen(file) });
}

static bool set_connection(struct otlp_exporter *self, const spw_otlp_settings *otlp)
{
    self->max_connection_age_ms = HAS(otlp, max_connection_age_ms) ? otlp->max_connection_age_ms : 0;
    return spw__otlp_proxy_set(&self->proxy, HAS(otlp, proxy) ? otlp->proxy : NULL) &&
           spw__otlp_secrets_fill(&self->secrets, &self->headers, &self->url) &&
           spw__otlp_secrets_add_user_info(&self->secrets, self->proxy.user_info) && hide_pem(self, self->certificate) &&
           hide_pem(self, self->client_key) && hide_pem(self, self->client_certificate) && hide_pem(self, self->proxy_certificate);
}

static spw_result configure(struct otlp_exporter *self, const spw_exporter_settings *settings, spw_error *error)
{
    const spw_otlp_settings *otlp = settings->otlp;
    const char *endpoint = said(otlp->endpoint) ? otlp->endpoint : "http://localhost:4318";
    self->timeout_ms = otlp->timeout_ms;
    spw_result result = set_protocol(self, otlp->protocol, error);
    if (result == SPW_OK)
        result = spw__otlp_transport_prepare(error);
    if (result == SPW_OK)
        result = set_compression(self, otlp->compression, error);
    if (result == SPW_OK)
        result = spw__otlp_url_parse(&self->url, endpoint, otlp->endpoint_is_signal, "v1/traces", error);
    if (result == SPW_OK)
        result = spw__otlp_headers_parse(&self->headers, otlp->headers, error);
    if (result == SPW_OK)
        result = set_files(self, otlp, error);
    if (result == SPW_OK)
        result = set_user_agent(self, settings->user_agent_prefix, error);
    if (result == SPW_OK && !set_connection(self, otlp))
        result = spw__otlp_fail(error, SPW_ERR_NO_MEMORY, "out of memory for the OTLP exporter");
    return result;
}

spw_exporter *spw__otlp_exporter_make(void *arg, const spw_exporter_settings *settings, spw_error *error)
{
    (void)arg;
    struct otlp_exporter *self = spw_allocate_zeroed(1, sizeof *self);
    if (!self) {
        spw__otlp_fail(error, SPW_ERR_NO_MEMORY, "out of memory for the OTLP exporter");
        return NULL;
    }
    self->base = (spw_exporter){ .struct_size = sizeof self->base,
                                 .name = "otlp",
                                 .max_request_bytes = SPW__OTLP_MAX_REQUEST,
                                 .start = otlp_start,
                                 .submit = otlp_submit,
                                 .cancel = otlp_cancel,
                                 .destroy = otlp_destroy };
    if (configure(self, settings, error) == SPW_OK)
        return &self->base;
    otlp_destroy(&self->base);
    return NULL;
}
