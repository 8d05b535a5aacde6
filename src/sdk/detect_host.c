/* The detectors `host` and `os`. (Semantic conventions 1.44, host.*, os.*) */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/utsname.h>

#include "sdk/resource.h"

enum { LINE_BYTES = 1024 };

static spw_result put_text(spw_resource_builder *out, const char *key, const char *value)
{
    spw_attr attr = spw_attr_string(key, value);
    return value && *value ? spw_resource_put(out, &attr) : SPW_OK;
}

const char *spw__host_arch(const char *machine)
{
    static const struct {
        const char *machine, *arch;
    } known[] = {
        { "x86_64", "amd64" }, { "aarch64", "arm64" }, { "arm", "arm32" },   { "i386", "x86" },  { "i486", "x86" },  { "i586", "x86" },
        { "i686", "x86" },     { "ppc64le", "ppc64" }, { "ppc64", "ppc64" }, { "ppc", "ppc32" }, { "ia64", "ia64" }, { "s390x", "s390x" },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(machine, known[i].machine) == 0)
            return known[i].arch;
    }
    return strncmp(machine, "armv", 4) == 0 && machine[4] <= '7' ? "arm32" : machine; /* "otherwise, a custom value MAY be used" */
}

static void trim_end(char *text)
{
    size_t size = strlen(text);
    while (size && isspace((unsigned char)text[size - 1]))
        text[--size] = 0;
}

static bool first_line(const char *path, char *out, size_t size)
{
    FILE *file = fopen(path, "re");
    bool read = file && fgets(out, (int)size, file);
    if (file)
        fclose(file);
    if (!read)
        return false;
    trim_end(out);
    return *out != 0;
}

/* "For non-containerized systems, this should be the `machine-id`"; systemd writes `uninitialized` before the first boot is over. */
static bool machine_id(char *out, size_t size)
{
    char container[65];
    if (spw__container_id(container))
        return false;
    bool found = first_line("/etc/machine-id", out, size) || first_line("/var/lib/dbus/machine-id", out, size);
    return found && strspn(out, "0123456789abcdef") == 32 && strlen(out) == 32;
}

static spw_result detect_host(const spw_resource_detector *self, spw_resource_builder *out)
{
    (void)self;
    struct utsname system;
    char id[64];
    if (uname(&system) != 0)
        return SPW_ERR_SYSTEM;
    spw_result result = put_text(out, "host.name", system.nodename);
    if (result == SPW_OK)
        result = put_text(out, "host.arch", spw__host_arch(system.machine));
    if (result == SPW_OK && machine_id(id, sizeof id))
        result = put_text(out, "host.id", id);
    return result == SPW_OK ? spw_resource_schema_url(out, SPW_RESOURCE_SCHEMA_URL) : result;
}

/* os-release(5): NAME=value, the value in single or double quotes or bare; a backslash before ", $, \ or ` within double quotes. */
bool spw__os_release_value(const char *line, const char *key, char *out, size_t size)
{
    size_t length = strlen(key), at = 0;
    if (strncmp(line, key, length) != 0 || line[length] != '=')
        return false;
    const char *p = line + length + 1;
    char quote = *p == '"' || *p == '\'' ? *p++ : 0;
    for (; *p && *p != '\n' && *p != quote && at + 1 < size; p++) {
        if (*p == '\\' && quote != '\'' && p[1] && strchr("\"$\\`", p[1]))
            p++;
        out[at++] = *p;
    }
    out[at] = 0;
    trim_end(out);
    return *out != 0;
}

struct os_release {
    char name[128], version[128], pretty[256];
};

static void read_os_release(struct os_release *out)
{
    char line[LINE_BYTES];
    FILE *file = fopen("/etc/os-release", "re");
    file = file ? file : fopen("/usr/lib/os-release", "re");
    while (file && fgets(line, sizeof line, file)) {
        spw__os_release_value(line, "NAME", out->name, sizeof out->name);
        spw__os_release_value(line, "VERSION_ID", out->version, sizeof out->version);
        spw__os_release_value(line, "PRETTY_NAME", out->pretty, sizeof out->pretty);
    }
    if (file)
        fclose(file);
}

static spw_result detect_os(const spw_resource_detector *self, spw_resource_builder *out)
{
    (void)self;
    struct utsname system;
    struct os_release release = { .name = "" };
    char type[sizeof system.sysname] = "", description[512];
    if (uname(&system) != 0)
        return SPW_ERR_SYSTEM;
    for (size_t i = 0; system.sysname[i]; i++)
        type[i] = (char)tolower((unsigned char)system.sysname[i]);
    read_os_release(&release);
    snprintf(description, sizeof description, "%s%s%s %s", release.pretty, *release.pretty ? ", " : "", system.sysname, system.release);
    spw_result result = put_text(out, "os.type", type);
    if (result == SPW_OK)
        result = put_text(out, "os.description", description);
    if (result == SPW_OK)
        result = put_text(out, "os.name", release.name);
    if (result == SPW_OK) /* a distribution that rolls has no version but its kernel's */
        result = put_text(out, "os.version", *release.version ? release.version : system.release);
    return result == SPW_OK ? spw_resource_schema_url(out, SPW_RESOURCE_SCHEMA_URL) : result;
}

const spw_resource_detector spw__detect_host = { sizeof spw__detect_host, "host", detect_host };
const spw_resource_detector spw__detect_os = { sizeof spw__detect_os, "os", detect_os };
