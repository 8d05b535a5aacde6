#include "program.h"

#include <curl/curl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

const char *program;
char directory[64];
char output[1 << 16];

bool program_begin(int argc, char **argv)
{
    if (argc != 2)
        return false;
    program = argv[1];
    setenv("SPANWIRE", program, 1);
    snprintf(directory, sizeof directory, "/tmp/spwv-XXXXXX");
    return mkdtemp(directory) != NULL;
}

int shell(const char *line, ...)
{
    char command[2048];
    va_list args;
    va_start(args, line);
    int size = vsnprintf(command, sizeof command, line, args);
    va_end(args);
    assert_in_range(size, 1, sizeof command - 20);
    char whole[2100];
    snprintf(whole, sizeof whole, "{ %s\n} 2>&1 < /dev/null", command);
    FILE *pipe = popen(whole, "r");
    assert_non_null(pipe);
    size_t length = fread(output, 1, sizeof output - 1, pipe);
    output[length] = 0;
    int status = pclose(pipe);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int run(const char *arguments)
{
    return shell("\"$SPANWIRE\" %s", arguments);
}

void expect(const char *arguments, int status, const char *part)
{
    int got = run(arguments);
    if (got != status || !strstr(output, part))
        fail_msg("spanwire %s: %d instead of %d, \"%s\" in: %s", arguments, got, status, part, output);
}

pid_t viewer_start(const char *port_file)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        execl(program, program, "view", "--quiet", "--listen", "127.0.0.1:0", "--port-file", port_file, (char *)NULL);
        _exit(127);
    }
    return child;
}

static void pause_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

int viewer_port(const char *path)
{
    for (int i = 0; i < 1000; i++) {
        FILE *file = fopen(path, "r");
        int port = 0;
        if (file && fscanf(file, "%d", &port) == 1) {
            fclose(file);
            return port;
        }
        if (file)
            fclose(file);
        pause_ms(20);
    }
    fail_msg("no port file");
    return 0;
}

int own_port;
static pid_t own_viewer;

int viewer_begin(void **state)
{
    (void)state;
    char port_file[96], endpoint[64];
    snprintf(port_file, sizeof port_file, "%s/port", directory);
    own_viewer = viewer_start(port_file);
    own_port = viewer_port(port_file);
    snprintf(endpoint, sizeof endpoint, "http://127.0.0.1:%d", own_port);
    setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint, 1);
    unsetenv("TRACEPARENT");
    return 0;
}

int viewer_end(void **state)
{
    (void)state;
    kill(own_viewer, SIGTERM);
    waitpid(own_viewer, NULL, 0);
    return 0;
}

struct answer {
    char text[1 << 18];
    size_t size;
};

static size_t collect(char *data, size_t size, size_t count, void *arg)
{
    struct answer *answer = arg;
    size_t more = size * count;
    if (more > sizeof answer->text - 1 - answer->size)
        return 0;
    memcpy(answer->text + answer->size, data, more);
    answer->size += more;
    answer->text[answer->size] = 0;
    return more;
}

const char *viewer_wait(int port, const char *path, const char *part)
{
    static struct answer answer;
    char url[512];
    snprintf(url, sizeof url, "http://127.0.0.1:%d%s", port, path);
    CURL *curl = curl_easy_init();
    assert_non_null(curl);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 60L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
    bool found = false;
    for (int i = 0; i < 400 && !found; i++) {
        if (i)
            pause_ms(50);
        answer.size = 0;
        answer.text[0] = 0;
        found = curl_easy_perform(curl) == CURLE_OK && strstr(answer.text, part);
    }
    curl_easy_cleanup(curl);
    if (!found)
        fail_msg("no \"%s\" in: %.2000s", part, answer.text);
    return answer.text;
}
