/* The detectors `process` and `process_command_args`. (Semantic conventions 1.44, process.*) */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif

#include "sdk/resource.h"

enum { MAX_ARGS = 256, MAX_ARGS_BYTES = 16384 };

bool spw__program_path(char *out, size_t size)
{
    static const char deleted[] = " (deleted)"; /* the kernel's note on a replaced program */
    ssize_t read = readlink("/proc/self/exe", out, size - 1);
    if (read <= 0) {
        snprintf(out, size, "%s", program_invocation_name ? program_invocation_name : "");
        return *out != 0;
    }
    out[read] = 0;
    size_t tail = sizeof deleted - 1;
    if ((size_t)read > tail && strcmp(out + (size_t)read - tail, deleted) == 0)
        out[(size_t)read - tail] = 0;
    return true;
}

/* Puts what there is, in order; the first failure ends it. */
static spw_result put_all(spw_resource_builder *out, const spw_attr *attrs, size_t count)
{
    spw_result result = SPW_OK;
    for (size_t i = 0; result == SPW_OK && i < count; i++)
        result = spw_resource_put(out, &attrs[i]);
    return result == SPW_OK ? spw_resource_schema_url(out, SPW_RESOURCE_SCHEMA_URL) : result;
}

static spw_result detect_process(const spw_resource_detector *self, spw_resource_builder *out)
{
    (void)self;
    char path[4096];
    spw_attr attrs[5] = { spw_attr_int("process.pid", getpid()) };
    size_t count = 1;
    if (spw__program_path(path, sizeof path)) {
        const char *slash = strrchr(path, '/');
        attrs[count++] = spw_attr_string("process.executable.name", slash ? slash + 1 : path);
        if (*path == '/')
            attrs[count++] = spw_attr_string("process.executable.path", path);
    }
#ifdef __GLIBC__
    attrs[count++] = spw_attr_string("process.runtime.name", "glibc");
    attrs[count++] = spw_attr_string("process.runtime.version", gnu_get_libc_version());
#endif
    return put_all(out, attrs, count);
}

/* "SHOULD NOT be collected by default unless there is sanitization that excludes sensitive data": who names this detector asks for it. */
static spw_result detect_command_args(const spw_resource_detector *self, spw_resource_builder *out)
{
    (void)self;
    char text[MAX_ARGS_BYTES + 1];
    spw_value args[MAX_ARGS];
    FILE *file = fopen("/proc/self/cmdline", "re");
    if (!file)
        return SPW_OK;
    size_t size = fread(text, 1, MAX_ARGS_BYTES, file), count = 0;
    fclose(file);
    text[size] = 0;
    for (size_t at = 0; at < size && count < MAX_ARGS; at += strlen(text + at) + 1)
        args[count++] = spw_value_string(text + at);
    spw_attr attr = spw_attr_array("process.command_args", args, count);
    return count ? put_all(out, &attr, 1) : SPW_OK;
}

const spw_resource_detector spw__detect_process = { sizeof spw__detect_process, "process", detect_process };
const spw_resource_detector spw__detect_command_args = { sizeof spw__detect_command_args, "process_command_args", detect_command_args };
