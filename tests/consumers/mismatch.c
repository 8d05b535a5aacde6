/*
 * A program, run with the two libraries of one build and with a libspanwire of another layout: `mismatch same` and `mismatch other`.
 * In both it goes on; with the wrong pair it records nothing and knows why.
 */
#include <stdio.h>
#include <string.h>

#include <spanwire/spanwire.h>

static int wrong(const char *what, const char *text)
{
    printf("wrong: %s (%s)\n", what, text);
    return 1;
}

static spw_result start(spw_error *error)
{
    spw_pipeline_options none = SPW_PIPELINE_OPTIONS_INIT;
    none.exporter_name = "memory";
    spw_options options = SPW_OPTIONS_INIT;
    options.pipelines = &none;
    options.pipeline_count = 1;
    options.log_level = SPW_LOG_NONE;
    options.error = error;
    return spw_start(&options);
}

static bool records(void)
{
    SPW_SPAN(span, "probe");
    spw_set(span, "key", 1);
    return spw_is_recording(span);
}

int main(int argc, char **argv)
{
    const bool same = argc == 2 && strcmp(argv[1], "same") == 0;
    for (int round = 0; round < 2; round++) { /* a refusal leaves nothing half done */
        spw_error error = SPW_ERROR_INIT;
        spw_result result = start(&error);
        if (result != (same ? SPW_OK : SPW_ERR_MISMATCH) || error.code != result)
            return wrong(spw_result_text(result), error.text);
        if (!same && !strstr(error.text, "install both from one release"))
            return wrong("no cure in the text", error.text);
        if (records() != same)
            return wrong("recording", error.text);
        spw_result ended = spw_shutdown(1000);
        if (ended != SPW_OK)
            return wrong("shutdown", spw_result_text(ended));
    }
    return 0;
}
