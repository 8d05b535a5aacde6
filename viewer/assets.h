/*
 * The web UI's files, embedded at build time from viewer/ui/dist by embed.cmake.
 *
 * Ownership: constants of the program. Threads: any.
 */
#ifndef SPWV_ASSETS_H
#define SPWV_ASSETS_H

#include <stddef.h>
#include <stdint.h>

struct spwv_asset {
    const char *path; /* "/index.html", "/assets/app.js" */
    const char *content_type;
    const char *hash;
    const uint8_t *data;
    size_t size;
};

/* Generated; the last has path NULL. */
extern const struct spwv_asset spwv_assets[];

/* NULL: no such file. */
const struct spwv_asset *spwv_find_asset(const char *path);

#endif
