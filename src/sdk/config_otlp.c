/* OTLP: what would send to the wrong place, or in a protocol that nobody there speaks, is refused with the cure. */
#include <string.h>

#include "sdk/config_env.h"
#include "sdk/config_parts.h"
#include "sdk/diag.h"

bool spw__config_uses_otlp(const struct spw__config *config)
{
    static const char *const local[] = { "console", "memory", "file", "otlp/stdout", NULL };
    for (size_t i = 0; i < config->pipeline_count; i++) {
        const char *name = config->pipelines[i].exporter_name;
        if (name && !spw__choose(local, name, strlen(name)))
            return true;
    }
    return false;
}

static spw_result check_protocol(const struct spw__config *out, spw_error *error)
{
    if (strcmp(out->otlp.protocol, "grpc") != 0)
        return SPW_OK;
    return spw__fail(error, SPW_ERR_INVALID,
                     "%s=grpc: spanwire does not speak OTLP/gRPC; set it to http/protobuf and the endpoint to the collector's OTLP/HTTP "
                     "port, usually 4318",
                     out->sources[SPW__SET_PROTOCOL].name);
}

spw_result spw__config_otlp(struct spw__config *out, spw_error *error)
{
    const struct spw__source *endpoint = &out->sources[SPW__SET_ENDPOINT];
    out->otlp.struct_size = sizeof out->otlp;
    out->otlp.endpoint_is_signal = endpoint->name && (strcmp(endpoint->name, "otlp_traces_endpoint") == 0 ||
                                                      strcmp(endpoint->name, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") == 0);
    if (!spw__config_uses_otlp(out))
        return SPW_OK;
    spw_result result = check_protocol(out, error);
    if (result == SPW_OK && endpoint->name)
        result = spw__endpoint_check(endpoint->name, out->otlp.endpoint, error);
    return result == SPW_OK ? spw__config_proxy(out, error) : result;
}
