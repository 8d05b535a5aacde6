/* Looking up embedded files: there are a handful. */
#include "assets.h"

#include <string.h>

const struct spwv_asset *spwv_find_asset(const char *path)
{
    for (const struct spwv_asset *asset = spwv_assets; asset->path; asset++)
        if (strcmp(asset->path, path) == 0)
            return asset;
    return NULL;
}
