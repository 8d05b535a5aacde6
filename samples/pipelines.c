/*
 * Several ways out at once, each with its own filter and redaction: every span goes to a file, without what users have typed; what failed goes to
 * the screen; and an exporter of one's own, which may block, counts.
 *
 *     ./pipelines && spanwire show traces.jsonl
 */
#include <spanwire/exporter.h>
#include <spanwire/spanwire.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- a filter: only spans that failed ---- */

static bool has_failed(void *arg, const spw_span_view *span)
{
    (void)arg;
    return span->status == SPW_STATUS_ERROR;
}

/* ---- a redactor: what users typed is replaced by how long it was, and keys are left out ---- */

static spw_redaction hide_content(void *arg, const spw_redaction_input *input, spw_attr *attr)
{
    char *text = arg; /* what it points to has to live until the next call */
    (void)input;
    if (spw_view_is(attr->key, "api.key"))
        return SPW_REDACT_DROP;
    if (!spw_view_is(attr->key, "user.question") || attr->value.type != SPW_VALUE_STRING)
        return SPW_REDACT_KEEP;
    snprintf(text, 40, "(%zu characters)", attr->value.u.view.size);
    attr->value = spw_value_string(text);
    return SPW_REDACT_REPLACE;
}

/* ---- an exporter that blocks: SPW_EXPORTER_BLOCKS gives it a thread, and the others do not wait for it ---- */

typedef struct slow_exporter {
    spw_exporter base; /* first */
    size_t count;
} slow_exporter;

static void slow_submit(spw_exporter *base, const spw_batch *batch, spw_export_done_fn done, void *token)
{
    slow_exporter *self = (slow_exporter *)base;
    usleep(100000); /* a database, an old network */
    self->count += spw_batch_count(batch);
    spw_export_result delivered = SPW_EXPORT_RESULT_INIT;
    done(token, &delivered);
}

static slow_exporter slow = {
    .base = { .struct_size = sizeof(spw_exporter), .name = "slow", .flags = SPW_EXPORTER_BLOCKS, .submit = slow_submit },
};

/* ---- the program ---- */

static void answer(const char *question)
{
    SPW_SPAN(span, "answer");
    spw_set(span, "user.question", question);
    spw_set(span, "api.key", "sk-not-for-files");
    if (strlen(question) < 5)
        spw_set_status(span, SPW_STATUS_ERROR, "that is no question");
}

int main(void)
{
    static char text[40];
    spw_error why = SPW_ERROR_INIT;
    spw_file_exporter_options file = SPW_FILE_EXPORTER_OPTIONS_INIT;
    file.path = "traces.jsonl";
    file.max_file_bytes = 10u << 20;

    spw_pipeline_options to_file = SPW_PIPELINE_OPTIONS_INIT;
    to_file.exporter = spw_file_exporter_new(&file, &why);
    to_file.redact = hide_content;
    to_file.redact_arg = text;
    spw_pipeline_options to_screen = SPW_PIPELINE_OPTIONS_INIT;
    to_screen.exporter_name = "console";
    to_screen.filter = has_failed;
    spw_pipeline_options to_slow = SPW_PIPELINE_OPTIONS_INIT;
    to_slow.exporter = &slow.base;

    const spw_pipeline_options pipelines[] = { to_file, to_screen, to_slow };
    spw_options options = SPW_OPTIONS_INIT;
    options.service_name = "pipelines";
    options.pipelines = pipelines;
    options.pipeline_count = 3;
    options.error = &why;
    if (!to_file.exporter || spw_start(&options) != SPW_OK) {
        fprintf(stderr, "no telemetry: %s\n", why.text);
        return 1;
    }
    answer("How do fish sleep?");
    answer("Eh?");
    answer("Where does the light go?");
    spw_result result = spw_shutdown(SPW_DEFAULT_TIMEOUT_MS);

    spw_stats stats = SPW_STATS_INIT;
    spw_stats_get(&stats);
    for (uint32_t i = 0; i < stats.pipeline_count; i++)
        printf("%-8s exported %d, filtered %d\n", stats.pipelines[i].name, (int)stats.pipelines[i].exported, (int)stats.pipelines[i].filtered);
    printf("traces.jsonl has them all, without what was asked\n");
    return result == SPW_OK ? 0 : 1;
}
