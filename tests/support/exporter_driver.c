/* Drives one OTLP exporter without the SDK: exporter_driver.h. */
#include "exporter_driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "builtin.h"
#include "sdk/loop.h"

static void die(const char *what, const char *text)
{
    fprintf(stderr, "exporter_driver: %s: %s\n", what, text);
    abort();
}

spw_exporter *driver_make(const driver_options *options, spw_error *error)
{
    spw_exporter_settings settings;
    memset(&settings, 0, sizeof settings);
    settings.struct_size = sizeof settings;
    spw_otlp_settings otlp = { .struct_size = sizeof otlp };
    settings.otlp = &otlp;
    otlp.endpoint = options->endpoint;
    otlp.endpoint_is_signal = options->endpoint_is_signal;
    otlp.headers = options->headers;
    otlp.compression = options->compression;
    otlp.protocol = options->protocol;
    otlp.certificate = options->certificate;
    otlp.proxy = options->proxy;
    otlp.max_connection_age_ms = options->max_connection_age_ms;
    otlp.timeout_ms = options->timeout_ms == UINT32_MAX ? 0 : options->timeout_ms ? options->timeout_ms : 2000;
    settings.user_agent_prefix = options->user_agent_prefix;
    return spw__otlp_exporter_make(NULL, &settings, error);
}

void driver_start(driver *d, const driver_options *options)
{
    spw_error error = SPW_ERROR_INIT;
    memset(d, 0, sizeof *d);
    d->loop = spw__loop_new(&error);
    d->exporter = d->loop ? driver_make(options, &error) : NULL;
    if (!d->exporter || d->exporter->start(d->exporter, d->loop, &error) != SPW_OK)
        die("no exporter", error.text);
}

static void on_done(void *token, const spw_export_result *result)
{
    driver *d = token;
    d->result = *result;
    d->answers++;
}

void driver_submit(driver *d, const spw_batch *batch)
{
    d->exporter->submit(d->exporter, batch, on_done, d);
}

void driver_run(driver *d, unsigned answers, uint32_t limit_ms)
{
    uint64_t until = spw_loop_now_ms(d->loop) + limit_ms;
    for (uint64_t now; d->answers < answers && (now = spw_loop_now_ms(d->loop)) < until;)
        spw__loop_step(d->loop, (int)(until - now));
}

spw_export_result driver_send(driver *d, const spw_batch *batch, uint32_t limit_ms)
{
    uint64_t begin = spw_loop_now_ms(d->loop);
    unsigned answers = d->answers;
    driver_submit(d, batch);
    driver_run(d, answers + 1, limit_ms);
    d->elapsed_ms = (unsigned)(spw_loop_now_ms(d->loop) - begin);
    if (d->answers != answers + 1)
        die("the exporter did not answer", "in time, or answered more than once");
    return d->result;
}

void driver_stop(driver *d)
{
    if (d->exporter->cancel)
        d->exporter->cancel(d->exporter);
    d->exporter->destroy(d->exporter);
    spw__loop_destroy(d->loop);
}
