/* The OTLP settings: options over the signal's variable over the general one. */
#include "sdk/config_env.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "sdk/diag.h"

#define SIGNAL "OTEL_EXPORTER_OTLP_TRACES_"
#define GENERAL "OTEL_EXPORTER_OTLP_"

static const char *const compressions[] = { "none", "gzip", NULL };
static const char *const protocols[] = { "http/protobuf", "grpc", "http/json", NULL };

/* "" and NULL are the same: not said. */
static const char *said(const char *option)
{
    return option && *option ? option : NULL;
}

static bool keep(const char **out, const char *text)
{
    *out = text ? strdup(text) : NULL;
    return !text || *out;
}

static spw_result no_memory(spw_error *error)
{
    return spw__fail(error, SPW_ERR_NO_MEMORY, "out of memory while reading the configuration");
}

/* Whether anything of these settings will be used: an exporter by name that is not one of those that stay in the process. */
static bool is_used(const struct spw__config *config)
{
    for (size_t i = 0; i < config->pipeline_count; i++) {
        const char *name = config->pipelines[i].exporter_name;
        if (name && strcmp(name, "console") != 0 && strcmp(name, "memory") != 0)
            return true;
    }
    return false;
}

static spw_result load_endpoint(struct spw__config *out, const spw_options *options, spw_error *error)
{
    const char *source = "otlp_endpoint";
    const char *url = said(options->otlp_endpoint);
    if (!url) {
        source = SIGNAL "ENDPOINT";
        url = spw__env_text(source);
        out->otlp.endpoint_is_signal = url != NULL;
    }
    if (!url) {
        source = GENERAL "ENDPOINT";
        url = spw__env_text(source);
    }
    if (url && is_used(out)) {
        spw_result result = spw__endpoint_check(source, url, error);
        if (result != SPW_OK)
            return result;
    }
    return keep(&out->otlp.endpoint, url ? url : "http://localhost:4318") ? SPW_OK : no_memory(error);
}

/* The first of the two variables that names one of the choices; what names none is reported. */
static const char *env_choice(const char *signal, const char *general, const char *const *choices, const char *known, const char **source)
{
    const char *names[] = { signal, general };
    for (size_t i = 0; i < 2; i++) {
        const char *text = spw__env_text(names[i]);
        const char *choice = text ? spw__choose(choices, text, strlen(text)) : NULL;
        *source = names[i];
        if (choice)
            return choice;
        if (text)
            spw__diag(SPW_LOG_WARN, "%s=%.40s is none of %s: ignored", names[i], text, known);
    }
    return NULL;
}

static spw_result load_protocol(struct spw__config *out, spw_error *error)
{
    const char *source;
    const char *protocol = env_choice(SIGNAL "PROTOCOL", GENERAL "PROTOCOL", protocols, "http/protobuf, http/json, grpc", &source);
    if (protocol && strcmp(protocol, "grpc") == 0 && is_used(out))
        return spw__fail(
            error, SPW_ERR_INVALID,
            "%s=grpc: spanwire does not speak OTLP/gRPC; set it to http/protobuf and the endpoint to the collector's OTLP/HTTP "
            "port, usually 4318",
            source);
    return keep(&out->otlp.protocol, protocol ? protocol : "http/protobuf") ? SPW_OK : no_memory(error);
}

static spw_result load_compression(struct spw__config *out, const spw_options *options, spw_error *error)
{
    const char *option = said(options->otlp_compression);
    const char *source;
    const char *choice = option ? spw__choose(compressions, option, strlen(option))
                                : env_choice(SIGNAL "COMPRESSION", GENERAL "COMPRESSION", compressions, "none, gzip", &source);
    if (option && !choice)
        return spw__fail(error, SPW_ERR_INVALID, "otlp_compression \"%.40s\" is neither none nor gzip", option);
    return keep(&out->otlp.compression, choice ? choice : "none") ? SPW_OK : no_memory(error);
}

static spw_result load_headers(struct spw__config *out, const spw_options *options, spw_error *error)
{
    const char *headers = said(options->otlp_headers);
    const char *problem = headers ? spw__headers_problem(headers) : NULL;
    if (problem == spw__pairs_no_memory)
        return no_memory(error);
    if (problem)
        return spw__fail(error, SPW_ERR_INVALID, "otlp_headers: %s; write name=value,name2=value2 with percent-encoded values", problem);
    static const char *const names[] = { SIGNAL "HEADERS", GENERAL "HEADERS" };
    for (size_t i = 0; !headers && i < 2; i++) {
        headers = spw__env_text(names[i]);
        problem = headers ? spw__headers_problem(headers) : NULL;
        if (problem == spw__pairs_no_memory)
            return no_memory(error);
        if (problem) {
            spw__diag(SPW_LOG_WARN, "%s is ignored whole: %s; write name=value,name2=value2 with percent-encoded values", names[i],
                      problem);
            headers = NULL;
        }
    }
    return keep(&out->otlp.headers, headers) ? SPW_OK : no_memory(error);
}

/* A path that cannot be read stays set: falling back to other trust than was asked for would be worse than exports that fail. */
static bool keep_file(const char **out, const char *signal, const char *general)
{
    const char *source = signal;
    const char *path = spw__env_text(signal);
    if (!path) {
        source = general;
        path = spw__env_text(general);
    }
    if (path && access(path, R_OK) != 0)
        spw__diag(SPW_LOG_WARN, "%s: %.200s cannot be read (%s): exports over https will fail until it can", source, path, strerror(errno));
    return keep(out, path);
}

static spw_result load_files(struct spw__config *out, spw_error *error)
{
    bool kept = keep_file(&out->otlp.certificate, SIGNAL "CERTIFICATE", GENERAL "CERTIFICATE");
    kept = kept && keep_file(&out->otlp.client_key, SIGNAL "CLIENT_KEY", GENERAL "CLIENT_KEY");
    kept = kept && keep_file(&out->otlp.client_certificate, SIGNAL "CLIENT_CERTIFICATE", GENERAL "CLIENT_CERTIFICATE");
    return kept ? SPW_OK : no_memory(error);
}

static void load_timeout(struct spw__config *out, const spw_options *options)
{
    uint32_t said_ms = options->otlp_timeout_ms;
    out->otlp.timeout_ms = said_ms == SPW_NEVER ? 0 : said_ms ? said_ms : 10000;
    if (!options->otlp_timeout_ms && !spw__env_uint(SIGNAL "TIMEOUT", 0, &out->otlp.timeout_ms))
        spw__env_uint(GENERAL "TIMEOUT", 0, &out->otlp.timeout_ms);
}

spw_result spw__config_otlp(struct spw__config *out, const spw_options *options, spw_error *error)
{
    spw_result result = load_protocol(out, error);
    if (result == SPW_OK)
        result = load_endpoint(out, options, error);
    if (result == SPW_OK)
        result = load_headers(out, options, error);
    if (result == SPW_OK)
        result = load_compression(out, options, error);
    if (result == SPW_OK)
        result = load_files(out, error);
    load_timeout(out, options);
    const char *prefix = said(options->user_agent_prefix);
    out->user_agent_prefix = prefix ? strdup(prefix) : NULL;
    return result == SPW_OK && prefix && !out->user_agent_prefix ? no_memory(error) : result;
}
