/* Children of the browser test: started with their output in a file, ended by their id. */
#ifndef BROWSER_PROCESS_H
#define BROWSER_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

struct process {
    pid_t pid; /* 0: not running */
    char log[128];
};

/* Starts argv[0] (looked up in PATH); both outputs go to the file `log`. False: it could not be started. */
bool process_start(struct process *process, const char *log, char *const argv[]);

/* Ends it and what it started: asks first, insists after five seconds. Harmless when it has ended. */
void process_stop(struct process *process);

/* The number after `marker` in the file that the process writes, waiting up to ten seconds while it runs; 0: none came. */
unsigned process_read_port(struct process *process, const char *file, const char *marker);

void sleep_ms(unsigned ms);

#endif
