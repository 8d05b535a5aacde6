/*
 * The commands of the spanwire program. Each gets its own arguments (argv[0] is its name) and returns the exit status:
 * 0 fine, 1 it failed, 2 the arguments are wrong. Messages go to stderr as "spanwire: cause; cure".
 */
#ifndef SPANWIRE_CLI_H
#define SPANWIRE_CLI_H

enum { EXIT_FAILED = 1, EXIT_USAGE = 2 };

int cli_view(int argc, char **argv);
int cli_show(int argc, char **argv);

/* Only where the SDK is built, too (SPW_CLI_HAS_SDK). */
int cli_config(int argc, char **argv);

#endif
