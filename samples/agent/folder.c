/* The folder the agent may look into. Whatever path a model names, nothing outside the folder is opened. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent.h"

bool folder_init(folder *self, const char *path, failure *why)
{
    struct stat st;
    if (!realpath(path, self->root) || stat(self->root, &st) != 0) {
        failed(why, "ENOENT", "%.300s: %s", path, strerror(errno));
        return false;
    }
    if (!S_ISDIR(st.st_mode)) {
        failed(why, "ENOTDIR", "%.300s is not a folder", path);
        return false;
    }
    return true;
}

/* Whether a part of the path is `..`: refused before anything outside is even looked at. */
static bool climbs(const char *path)
{
    for (const char *part = path; part; part = strchr(part, '/') ? strchr(part, '/') + 1 : NULL)
        if (strncmp(part, "..", 2) == 0 && (part[2] == '/' || part[2] == 0))
            return true;
    return false;
}

/* Resolves links first and compares then: a link to /etc ends outside. */
static bool resolve_inside(const folder *self, const char *path, char resolved[PATH_MAX], failure *why)
{
    char joined[PATH_MAX];
    if (climbs(path)) {
        failed(why, "outside_folder", "%.300s may lie outside the folder; name a path in it", path);
        return false;
    }
    int n = snprintf(joined, sizeof joined, "%s/%s", self->root, path);
    if (n < 0 || (size_t)n >= sizeof joined) {
        failed(why, "ENAMETOOLONG", "the path is too long");
        return false;
    }
    if (!realpath(joined, resolved)) {
        if (errno == EACCES)
            failed(why, "EACCES", "%.300s: permission denied", path);
        else
            failed(why, "ENOENT", "there is no %.300s in the folder; paths are relative to it", path);
        return false;
    }
    size_t root = strlen(self->root);
    bool inside = root == 1 || (strncmp(resolved, self->root, root) == 0 && (resolved[root] == '/' || resolved[root] == 0));
    if (!inside)
        failed(why, "outside_folder", "%.300s is outside the folder", path);
    return inside;
}

int folder_open_file(const folder *self, const char *path, failure *why)
{
    char resolved[PATH_MAX];
    if (!path || !*path) {
        failed(why, "bad_arguments", "`path` is missing");
        return -1;
    }
    if (!resolve_inside(self, path, resolved, why))
        return -1;
    int fd = open(resolved, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK); /* NONBLOCK: a FIFO must not hang us */
    if (fd < 0) {
        failed(why, errno == EACCES ? "EACCES" : "EIO", "%.300s: %s", path, strerror(errno));
        return -1;
    }
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        failed(why, "not_a_file", "%.300s is not a regular file", path);
        close(fd);
        return -1;
    }
    return fd;
}

/* ---- walking: a list of folders still to visit, no recursion ---- */

typedef struct todo {
    char **paths;
    size_t count, room;
} todo;

static void todo_push(todo *self, const char *path)
{
    if (self->count == self->room) {
        size_t room = self->room ? self->room * 2 : 32;
        char **paths = realloc(self->paths, room * sizeof *paths);
        if (!paths)
            return;
        self->paths = paths;
        self->room = room;
    }
    char *copy = strdup(path);
    if (copy)
        self->paths[self->count++] = copy;
}

/* Hidden, or made by a build: not what somebody asks about. */
static bool is_skipped(const char *name)
{
    return name[0] == '.' || strcmp(name, "node_modules") == 0 || strcmp(name, "__pycache__") == 0 || strcmp(name, "build") == 0 ||
           strncmp(name, "build-", 6) == 0;
}

static bool is_utf8(const char *text)
{
    json_t *string = json_string(text);
    json_decref(string);
    return string != NULL;
}

static void visit_entry(DIR *dir, const char *parent, const char *name, todo *folders, walk_stats *stats, walk_fn fn, void *arg)
{
    char path[PATH_MAX];
    struct stat st;
    int n = snprintf(path, sizeof path, "%s%s%s", parent, *parent ? "/" : "", name);
    bool fits = n > 0 && (size_t)n < sizeof path;
    if (!fits || !is_utf8(name) || fstatat(dirfd(dir), name, &st, AT_SYMLINK_NOFOLLOW) != 0 || (is_skipped(name) && S_ISDIR(st.st_mode)) ||
        name[0] == '.')
        stats->skipped++;
    else if (S_ISDIR(st.st_mode))
        todo_push(folders, path);
    else if (S_ISREG(st.st_mode)) {
        stats->files++;
        fn(arg, path, (int64_t)st.st_size);
    }
}

static void visit_folder(const folder *self, const char *path, todo *folders, walk_stats *stats, walk_fn fn, void *arg)
{
    char full[PATH_MAX * 2];
    snprintf(full, sizeof full, "%s/%s", self->root, path);
    int fd = open(full, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        if (fd >= 0)
            close(fd);
        stats->unreadable++;
        return;
    }
    for (struct dirent *entry; !stats->truncated && (entry = readdir(dir));) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            visit_entry(dir, path, entry->d_name, folders, stats, fn, arg);
        stats->truncated = stats->files >= MAX_FILES;
    }
    closedir(dir);
}

walk_stats folder_walk(const folder *self, walk_fn fn, void *arg)
{
    walk_stats stats = { 0 };
    todo folders = { 0 };
    todo_push(&folders, "");
    while (folders.count > 0) {
        char *path = folders.paths[--folders.count];
        if (!stats.truncated)
            visit_folder(self, path, &folders, &stats, fn, arg);
        free(path);
    }
    free(folders.paths);
    return stats;
}

const char *path_basename(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

const char *path_extension(const char *path)
{
    const char *name = path_basename(path);
    const char *dot = strrchr(name, '.');
    return dot && dot != name ? dot + 1 : "";
}

bool is_source_file(const char *path)
{
    static const char *const known[] = { "c",    "h",  "cc", "cpp", "cxx", "hh",   "hpp", "hxx",   "m",  "mm", "py",  "js",   "mjs",
                                         "ts",   "tsx", "jsx", "go", "rs",  "java", "kt",  "scala", "rb", "php", "pl", "lua",  "swift",
                                         "cs",   "hs", "ml", "ex",  "erl", "zig",  "d",   "jl",    "r",  "sh", "sql", "proto" };
    const char *extension = path_extension(path);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcasecmp(extension, known[i]) == 0)
            return true;
    return false;
}
