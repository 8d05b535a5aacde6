/* Fills the registry with the exporters that come with the SDK: the one file that knows them all. */
#include "builtin.h"

#include <pthread.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static _Thread_local bool filling; /* spw_exporter_register() calls back here first */

static void fill(void)
{
    filling = true;
    spw_exporter_register("otlp", spw__otlp_exporter_make, NULL);
    spw_exporter_register("console", spw__console_exporter_make, NULL);
    spw_exporter_register("file", spw__file_exporter_make, NULL);
    spw_exporter_register("otlp/stdout", spw__stdout_exporter_make, NULL);
    spw_exporter_register("memory", spw__memory_exporter_make, NULL);
    filling = false;
}

void spw_exporters_register_builtin(void)
{
    if (!filling)
        pthread_once(&once, fill);
}
