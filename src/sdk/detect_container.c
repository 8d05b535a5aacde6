/*
 * The detector `container`: the id that docker, podman, containerd and CRI-O give a container shows in its control group's path or, where
 * the group has a namespace of its own (v2), in the sources of the files that are mounted into it. (Semantic conventions 1.44, container.id)
 */
#include <stdio.h>
#include <string.h>

#include "sdk/resource.h"

enum { LINE_BYTES = 4096, MAX_LINES = 4096, ID_BYTES = 64 };

static const char hex[] = "0123456789abcdef";

/* 64 hex digits; or, as Fargate has it, 32 and a number behind a dash. */
static bool is_id(const char *text, size_t size)
{
    size_t digits = strspn(text, hex);
    if (size == ID_BYTES)
        return digits >= size;
    return size > 33 && size < ID_BYTES && digits == 32 && text[32] == '-' && strspn(text + 33, "0123456789") >= size - 33;
}

static bool take(const char *text, size_t size, char out[65])
{
    if (!is_id(text, size))
        return false;
    memcpy(out, text, size);
    out[size] = 0;
    return true;
}

/* `<id>`, `docker-<id>.scope`, `cri-containerd-<id>.scope`, `libpod-<id>`, `kubepods-pod1_2:cri-containerd:<id>` */
static bool id_of_component(const char *text, size_t size, char out[65])
{
    static const char scope[] = ".scope";
    size_t tail = sizeof scope - 1;
    if (size > tail && memcmp(text + size - tail, scope, tail) == 0)
        size -= tail;
    if (take(text, size, out))
        return true;
    bool prefixed = size > ID_BYTES && (text[size - ID_BYTES - 1] == '-' || text[size - ID_BYTES - 1] == ':');
    return prefixed && take(text + size - ID_BYTES, ID_BYTES, out);
}

/* The last component that is one: a container in a container has two. */
static bool id_of_path(const char *path, size_t size, char out[65])
{
    bool found = false;
    for (size_t at = 0; at < size;) {
        const char *slash = memchr(path + at, '/', size - at);
        size_t length = slash ? (size_t)(slash - path) - at : size - at;
        found |= id_of_component(path + at, length, out);
        at += length + 1;
    }
    return found;
}

/* `12:devices:/docker/<id>`, or `0::/path` of v2 */
bool spw__container_of_cgroup(const char *line, char out[65])
{
    const char *path = strchr(line, ':');
    path = path ? strchr(path + 1, ':') : NULL;
    return path && id_of_path(path + 1, strcspn(path + 1, "\n"), out);
}

static bool is_one_of(const char *text, size_t size, const char *const *names)
{
    for (; *names; names++) {
        if (strlen(*names) == size && memcmp(text, *names, size) == 0)
            return true;
    }
    return false;
}

/* `36 35 98:0 /root /mounted/at options ...`: docker's and podman's own files for the container, in a folder of its id. What containerd
 * mounts there is named after the pod, and is not taken. */
bool spw__container_of_mount(const char *line, char out[65])
{
    static const char *const files[] = { "/etc/hostname", "/etc/hosts", "/etc/resolv.conf", "/run/.containerenv", NULL };
    static const char *const folders[] = { "/containers/", "/overlay-containers/", NULL };
    const char *fields[5];
    size_t sizes[5];
    for (size_t i = 0; i < 5; i++) {
        fields[i] = line;
        sizes[i] = strcspn(line, " \n");
        line += sizes[i];
        line += *line == ' ';
    }
    if (strncmp(fields[4], "/sys/fs/cgroup", 14) == 0)
        return id_of_path(fields[3], sizes[3], out);
    if (!is_one_of(fields[4], sizes[4], files))
        return false;
    for (const char *const *folder = folders; *folder; folder++) {
        const char *found = memmem(fields[3], sizes[3], *folder, strlen(*folder));
        const char *id = found ? found + strlen(*folder) : NULL;
        if (id && take(id, strcspn(id, "/ \n"), out))
            return true;
    }
    return false;
}

static bool search(const char *path, bool (*of_line)(const char *line, char out[65]), char out[65])
{
    char line[LINE_BYTES];
    FILE *file = fopen(path, "re");
    bool found = false, whole = true;
    for (size_t i = 0; file && !found && i < MAX_LINES && fgets(line, sizeof line, file); i++) {
        bool begins = whole;
        whole = strchr(line, '\n') != NULL;
        found = begins && of_line(line, out);
    }
    if (file)
        fclose(file);
    return found;
}

bool spw__container_id(char out[65])
{
    return search("/proc/self/cgroup", spw__container_of_cgroup, out) || search("/proc/self/mountinfo", spw__container_of_mount, out);
}

static spw_result detect_container(const spw_resource_detector *self, spw_resource_builder *out)
{
    (void)self;
    char id[65];
    if (!spw__container_id(id))
        return SPW_OK;
    spw_attr attr = spw_attr_string("container.id", id);
    spw_result result = spw_resource_put(out, &attr);
    return result == SPW_OK ? spw_resource_schema_url(out, SPW_RESOURCE_SCHEMA_URL) : result;
}

const spw_resource_detector spw__detect_container = { sizeof spw__detect_container, "container", detect_container };
