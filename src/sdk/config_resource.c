/*
 * The resource: telemetry.sdk and unknown_service < detectors < service_name_default < OTEL_RESOURCE_ATTRIBUTES < OTEL_SERVICE_NAME <
 * resource_attributes < service_name and service_version. One key, one attribute. (Specification: Resource SDK, Merge, "the resulting resource
 * MUST have all attributes that are on any of the two input resources".)
 */
#include "sdk/config_env.h"
#include "sdk/config_parts.h"
#include "sdk/diag.h"

static spw_result refuse(spw_result why, spw_error *error)
{
    if (why == SPW_ERR_NO_MEMORY)
        return spw__fail(error, why, "out of memory while building the resource");
    return spw__fail(error, SPW_ERR_INVALID, "the resource has more than %d attributes or %d bytes; keep it to what identifies the service",
                     SPW__RESOURCE_MAX_ATTRIBUTES, SPW__RESOURCE_MAX_BYTES);
}

static spw_result put_text(struct spw__config *out, const char *key, const char *value)
{
    spw_attr attr = spw_attr_string(key, value);
    return value ? spw_resource_put(&out->resource, &attr) : SPW_OK;
}

struct decoded {
    spw_resource_builder *resource;
    spw_result result;
};

static bool put_decoded(void *arg, spw_view key, spw_view value)
{
    struct decoded *d = arg;
    spw_attr attr = { key, spw_value_string_n(value.data, value.size) };
    d->result = spw_resource_put(d->resource, &attr);
    return d->result == SPW_OK;
}

/* "In case of any error, e.g. failure during the decoding process, the entire environment variable value SHOULD be discarded and an error
 * SHOULD be reported": the setting was judged whole when it was read. */
static spw_result put_variable(struct spw__config *out)
{
    struct decoded d = { &out->resource, SPW_OK };
    const char *problem = out->identity.attributes ? spw__pairs_decode(out->identity.attributes, put_decoded, &d) : NULL;
    if (problem && d.result == SPW_OK)
        d.result = SPW_ERR_NO_MEMORY;
    return d.result;
}

static spw_result put_options(struct spw__config *out, const spw_options *options, spw_error *error)
{
    if (options->resource_attribute_count && !options->resource_attributes)
        return spw__fail(error, SPW_ERR_INVALID, "resource_attribute_count is set, but resource_attributes is NULL");
    for (size_t i = 0; i < options->resource_attribute_count; i++) {
        spw_result result = spw_resource_put(&out->resource, &options->resource_attributes[i]);
        if (result == SPW_ERR_INVALID)
            return spw__fail(error, result,
                             "resource_attributes[%zu] has no key, or a value that cannot be: of no type, NULL with a size, nested over %d "
                             "deep, or of over %d arrays and maps",
                             i, SPW__VALUE_MAX_DEPTH, SPW__VALUE_MAX_CONTAINERS);
        if (result != SPW_OK)
            return refuse(result, error);
    }
    return SPW_OK;
}

/* The names, each below the next: the program's default, the list of the environment, then who says nothing but the name. */
static spw_result put_names(struct spw__config *out, const spw_options *options, spw_error *error)
{
    const char *name = out->identity.service_name;
    bool in_code = out->sources[SPW__SET_SERVICE_NAME].origin == SPW__FROM_CODE;
    spw_result result = put_text(out, "service.name", out->identity.service_name_default);
    if (result == SPW_OK)
        result = put_variable(out);
    if (result == SPW_OK && !in_code)
        result = put_text(out, "service.name", name);
    if (result != SPW_OK)
        return refuse(result, error);
    result = put_options(out, options, error);
    if (result != SPW_OK)
        return result;
    if (in_code)
        result = put_text(out, "service.name", name);
    if (result == SPW_OK)
        result = put_text(out, "service.version", out->identity.service_version);
    if (result == SPW_OK)
        result = spw_resource_schema_url(&out->resource, out->identity.schema_url);
    if (result == SPW_ERR_INVALID)
        return spw__fail(error, result, "resource_schema_url is longer than 1,024 bytes, or not UTF-8");
    return result == SPW_OK ? SPW_OK : refuse(result, error);
}

spw_result spw__config_resource(struct spw__config *out, const spw_options *options, spw_error *error)
{
    spw_result result = spw__resource_base(&out->resource);
    if (result == SPW_OK)
        result = spw__resource_detect(&out->resource, out->identity.detectors);
    if (result != SPW_OK)
        return refuse(result, error);
    if (out->identity.entities)
        spw__diag(SPW_LOG_WARN, "OTEL_ENTITIES is not used in this version; name what identifies the service in OTEL_RESOURCE_ATTRIBUTES");
    return put_names(out, options, error);
}
