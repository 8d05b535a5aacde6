/* A host that knows nothing of spanwire loads a plugin that records, a thousand times: no SDK, so nothing happens, and it costs nothing. */
#include <dlfcn.h>
#include <stdio.h>

enum { ROUNDS = 1000, WARM = 10, MAX_MORE_MAPS = 2 };

static int count_maps(void)
{
    FILE *f = fopen("/proc/self/maps", "r");
    int lines = 0;
    for (int c; f && (c = fgetc(f)) != EOF;)
        lines += c == '\n';
    if (f)
        fclose(f);
    return lines;
}

static int use(const char *file)
{
    void *plugin = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    void (*work)(void) = NULL;
    if (plugin)
        *(void **)&work = dlsym(plugin, "plugin_work");
    if (!work) {
        printf("wrong: %s\n", dlerror());
        return 1;
    }
    work();
    return dlclose(plugin);
}

int main(int argc, char **argv)
{
    int before = 0;
    for (int round = 0; round < ROUNDS; round++) {
        if (round == WARM)
            before = count_maps();
        if (argc != 2 || use(argv[1]) != 0)
            return 1;
    }
    int more = count_maps() - before;
    printf("%d more maps\n", more);
    return more > MAX_MORE_MAPS;
}
