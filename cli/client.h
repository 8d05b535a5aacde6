/*
 * Asks a running viewer. Ownership: the caller's struct, closed also when it could not be opened. Threads: one. Blocks: 30 s an answer at most.
 * Failure: false, after saying cause and cure on standard error.
 */
#ifndef SPANWIRE_CLI_CLIENT_H
#define SPANWIRE_CLI_CLIENT_H

#include <curl/curl.h>

#include "buf.h"

struct cli_client {
    const char *url; /* of the viewer, as given */
    CURL *curl;
};

bool cli_client_open(struct cli_client *client, const char *url);
bool cli_client_get(struct cli_client *client, const char *path, struct spwv_buf *answer); /* appends */
void cli_client_close(struct cli_client *client);

#endif
