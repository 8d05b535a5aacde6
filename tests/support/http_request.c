/* Reading what a client sent to the scripted HTTP server: the last part of http_peer.h. Pure functions over a request. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

#include "http_peer.h"

/* The next line with that name from *at on; *at moves behind it. */
static const char *find_header(const char **at, const char *name, size_t *size)
{
    size_t name_size = strlen(name);
    while (*at && **at) {
        const char *line = *at;
        const char *end = strstr(line, "\r\n");
        *at = end ? end + 2 : NULL;
        if (!end || strncasecmp(line, name, name_size) != 0 || line[name_size] != ':')
            continue;
        line += name_size + 1;
        while (*line == ' ')
            line++;
        *size = (size_t)(end - line);
        return line;
    }
    return NULL;
}

const char *http_peer_header(const http_peer_request *request, const char *name)
{
    static _Thread_local char value[1024];
    const char *at = request->headers;
    size_t size;
    const char *found = find_header(&at, name, &size);
    if (!found)
        return NULL;
    snprintf(value, sizeof value, "%.*s", (int)size, found);
    return value;
}

size_t http_peer_header_count(const http_peer_request *request, const char *name)
{
    const char *at = request->headers;
    size_t count = 0;
    size_t size;
    while (find_header(&at, name, &size))
        count++;
    return count;
}

uint8_t *http_peer_plain_body(const http_peer_request *request, size_t *size)
{
    const char *encoding = http_peer_header(request, "Content-Encoding");
    size_t capacity = request->body_size + 1;
    uint8_t *out = malloc(capacity);
    if (!out)
        abort();
    *size = request->body_size;
    memcpy(out, request->body, request->body_size);
    if (!encoding || strcmp(encoding, "gzip") != 0)
        return out;
    z_stream z;
    memset(&z, 0, sizeof z);
    if (inflateInit2(&z, 15 + 16) != Z_OK)
        abort();
    z.next_in = request->body;
    z.avail_in = (uInt)request->body_size;
    int code = Z_OK;
    for (size_t used = 0; code == Z_OK; used = (size_t)z.total_out) {
        if (used == capacity && !(out = realloc(out, capacity *= 2)))
            abort();
        z.next_out = out + used;
        z.avail_out = (uInt)(capacity - used);
        code = inflate(&z, Z_NO_FLUSH);
    }
    *size = (size_t)z.total_out;
    inflateEnd(&z);
    if (code == Z_STREAM_END)
        return out;
    free(out);
    return NULL;
}
