/**
 * @file resource.h
 * What a process knows about itself: resource detectors. (Specification: Resource SDK, Detecting resource information; semantic conventions
 * 1.44, Resource.)
 *
 * Built in, and asked in this order unless spw_options.resource_detectors names others: `service` (service.name as
 * unknown_service:<program>, service.instance.id), `process` (pid, executable, C library), `host` (name, architecture, machine id outside of
 * containers), `os`, `container` (id), then every detector a program has registered. `process_command_args` exists too and must be named:
 * arguments may hold secrets. telemetry.sdk.* and service.name are there whatever is named.
 *
 * What a later source says wins: detectors in their order, OTEL_RESOURCE_ATTRIBUTES, OTEL_SERVICE_NAME, spw_options.
 *
 * Threads    Detectors run in spw_start() (and spw_config_each()), on its thread. Registering is thread-safe.
 * Ownership  The builder lives for the call of detect(); it copies what it is given. A registered detector is borrowed for ever.
 * Failure    A detector that finds nothing has not failed. One that fails is reported, and the start goes on with what it did put.
 *
 *     static spw_result detect_rack(const spw_resource_detector *self, spw_resource_builder *out)
 *     {
 *         const char *rack = getenv("RACK");
 *         spw_attr attr = spw_attr_string("example.rack", rack);
 *         return rack ? spw_resource_put(out, &attr) : SPW_OK;
 *     }
 *     static const spw_resource_detector rack = { sizeof rack, "rack", detect_rack };
 *     ...
 *     spw_resource_detector_register(&rack); // before spw_start()
 */
#ifndef SPANWIRE_RESOURCE_H
#define SPANWIRE_RESOURCE_H

#include <spanwire/common.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The Schema URL of what the built-in detectors say. */
#define SPW_RESOURCE_SCHEMA_URL "https://opentelemetry.io/schemas/1.44.0"

/** Collects attributes; see spw_resource_put(). */
typedef struct spw_resource_builder spw_resource_builder;

/** A detector. Begin with SPW_RESOURCE_DETECTOR_INIT; embed it as the first member of your own struct. */
typedef struct spw_resource_detector {
    size_t struct_size;
    const char *name; /**< snake case, as `aws_ec2`: what spw_options.resource_detectors calls it; at most 63 bytes */

    /** Puts what it knows. Quick: it runs in spw_start(), which does no network I/O for this reason. */
    spw_result (*detect)(const struct spw_resource_detector *self, spw_resource_builder *out);
} spw_resource_detector;
#define SPW_RESOURCE_DETECTOR_INIT { sizeof(spw_resource_detector), NULL, NULL }

/**
 * Makes a detector known by its name. SPW_ERR_INVALID: no name, a name of other characters than a-z, 0-9 and _, no function, or a name that
 * is taken, which the specification wants to be an error. SPW_ERR_NO_MEMORY: 16 are registered. Allocates nothing, does not block.
 */
SPW_API spw_result spw_resource_detector_register(const spw_resource_detector *detector);

/**
 * Puts one attribute, over an older value of its key. Copies key and value, a tree too. SPW_ERR_INVALID: no key, or a value that is none or
 * that is nested over 30 deep or has more than 1,024 arrays and maps. SPW_ERR_INCOMPLETE: the resource is full (1,024 attributes, 256 KiB).
 * SPW_ERR_NO_MEMORY. Only inside detect(). Allocates.
 */
SPW_API spw_result spw_resource_put(spw_resource_builder *builder, const spw_attr *attr);

/**
 * The Schema URL that what this detector puts follows; NULL or "" for none. Sources of different URLs cannot be merged: the resource is then
 * sent without one, and spw_start() warns. (Specification: Resource SDK, Merge.) SPW_ERR_INVALID: over 1,024 bytes, or not UTF-8.
 * SPW_ERR_NO_MEMORY. Only inside detect(). Allocates.
 */
SPW_API spw_result spw_resource_schema_url(spw_resource_builder *builder, const char *url);

#ifdef __cplusplus
}
#endif
#endif
