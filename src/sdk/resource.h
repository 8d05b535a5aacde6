/*
 * The resource: collected from its sources by resource_builder.c, encoded once: `1: Resource` of ResourceSpans, tag and length included, and
 * `3: schema_url` after it, ready to stand before the scopes.
 */
#ifndef SPW_SDK_RESOURCE_H
#define SPW_SDK_RESOURCE_H

#include <spanwire/resource.h>

#define SPW__RESOURCE_MAX_ATTRIBUTES 1024 /* and, */
#define SPW__RESOURCE_MAX_BYTES 262144    /* in all */
#define SPW__VALUE_MAX_DEPTH SPW_MAX_VALUE_DEPTH /* arrays and maps inside each other */
#define SPW__VALUE_MAX_CONTAINERS 1024    /* arrays and maps in all */

/* Attributes, one for each key, owned. All zero is an empty one. */
struct spw_resource_builder {
    spw_attr *attrs;
    size_t count, capacity, bytes;
    char *schema_url; /* NULL: none yet */
    bool conflict;    /* the sources disagreed: none is sent */
};

void spw__resource_free(struct spw_resource_builder *resource);

/* A deep copy in one block, which spw__value_free() frees. SPW_ERR_INVALID: not a value, or too deep; SPW_ERR_INCOMPLETE: more than `most`
 * bytes; SPW_ERR_NO_MEMORY. *bytes: how large it was. Of equal keys of a map the last stays. */
spw_result spw__value_copy(spw_value *out, const spw_value *from, size_t most, size_t *bytes);
void spw__value_free(spw_value *value);

/* Encodes attributes as a framed Resource by protobuf-c, `schema_url` (NULL: none) after it. malloc'ed *out, or SPW_ERR_NO_MEMORY. Values
 * that are not UTF-8 become bytes. */
spw_result spw__resource_encode(const spw_attr *attrs, size_t count, const char *schema_url, uint8_t **out, size_t *size);

/* ---- detectors ---- */

/* Runs the named detectors (a list; NULL: all built-in and registered ones but those that must be named) into the builder. A name nobody
 * knows, and a detector that fails, are reported. Fails with SPW_ERR_NO_MEMORY only. */
spw_result spw__resource_detect(struct spw_resource_builder *out, const char *names);

/* What every resource has: telemetry.sdk.*, service.name. */
spw_result spw__resource_base(struct spw_resource_builder *out);

extern const spw_resource_detector spw__detect_process, spw__detect_command_args, spw__detect_host, spw__detect_os, spw__detect_container;

/* The path of the running program, without the kernel's note on a deleted one; false when the system does not say. */
bool spw__program_path(char *out, size_t size);

/* The id of the container this process is in. */
bool spw__container_id(char out[65]);

/* The same from a line of /proc/self/cgroup, and of /proc/self/mountinfo; false: the line names none. */
bool spw__container_of_cgroup(const char *line, char out[65]);
bool spw__container_of_mount(const char *line, char out[65]);

/* The value of a key in a line of os-release, unquoted; false: another line. */
bool spw__os_release_value(const char *line, const char *key, char *out, size_t size);

/* What semantic conventions call a machine of uname(2). */
const char *spw__host_arch(const char *machine);

#endif
