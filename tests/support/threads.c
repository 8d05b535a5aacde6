#include "support/threads.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static FILE *open_file(const char *tid, const char *file)
{
    char path[320];
    snprintf(path, sizeof path, "/proc/self/task/%s/%s", tid, file);
    return fopen(path, "r");
}

static bool is_named(const char *tid, const char *name)
{
    char line[64] = "";
    FILE *f = open_file(tid, "comm");
    if (!f)
        return false;
    bool same = fgets(line, sizeof line, f) && strcspn(line, "\n") == strlen(name) && strncmp(line, name, strlen(name)) == 0;
    fclose(f);
    return same;
}

static uint64_t switches_of(const char *tid)
{
    char line[128];
    unsigned long long count = 0;
    FILE *f = open_file(tid, "status");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "voluntary_ctxt_switches: %llu", &count) == 1)
            break;
    if (f)
        fclose(f);
    return count;
}

static unsigned count_switches(const char *name, bool own, uint64_t *switches)
{
    unsigned count = 0;
    DIR *dir = opendir("/proc/self/task");
    if (!dir)
        abort();
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (entry->d_name[0] == '.' || (name && !is_named(entry->d_name, name)))
            continue;
        if (!own && atol(entry->d_name) == (long)syscall(SYS_gettid))
            continue;
        count++;
        if (switches)
            *switches += switches_of(entry->d_name);
    }
    closedir(dir);
    return count;
}

unsigned threads_count(const char *name)
{
    return count_switches(name, true, NULL);
}

uint64_t threads_switches(const char *name)
{
    uint64_t switches = 0;
    (void)count_switches(name, name != NULL, &switches);
    return switches;
}
