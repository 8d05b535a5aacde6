/* spanwire span: a span opened, added to and ended by three commands of a script; and tail, which prints traces as they come. */
#include "program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int begin(void **state)
{
    char runtime[96];
    snprintf(runtime, sizeof runtime, "%s/run", directory);
    assert_int_equal(mkdir(runtime, 0700), 0);
    setenv("XDG_RUNTIME_DIR", runtime, 1);
    return viewer_begin(state);
}

static int end(void **state)
{
    viewer_end(state);
    return shell("rmdir '%s/run/spanwire' '%s/run'", directory, directory); /* every span's file has gone */
}

static void a_script_has_a_span(void **state)
{
    (void)state;
    assert_int_equal(shell("%s", "export TRACEPARENT=$(\"$SPANWIRE\" span start 'the script' -s scripts -k server -a team=storage)\n"
                                 "\"$SPANWIRE\" exec --wait -n step -- true\n"
                                 "\"$SPANWIRE\" span event 'half way' -a n=5\n"
                                 "(export TRACEPARENT=$(\"$SPANWIRE\" span start inner); \"$SPANWIRE\" span end --status-code error "
                                 "--status-description 'no\nway \\ back' -a late=true) > /dev/null\n"
                                 "\"$SPANWIRE\" span end\n"
                                 "echo $TRACEPARENT"), 0);
    char traceparent[64], path[64], parent[64];
    assert_int_equal(sscanf(output, "\n%55s", traceparent), 1); /* a root's parent is an empty line */
    snprintf(path, sizeof path, "/api/traces/%.32s", traceparent + 3);
    snprintf(parent, sizeof parent, "\"parent_span_id\":\"%.16s\"", traceparent + 36);
    const char *trace = viewer_wait(own_port, path, "the script");
    const char *const parts[] = {parent, "\"kind\":\"SERVER\"", "\"service\":\"scripts\"", "\"half way\"", "\"inner\"", "\"step\"",
                                 "{\"key\":\"n\",\"type\":\"int\",\"value\":\"5\"}", "\"message\":\"no\\nway \\\\ back\"",
                                 "{\"key\":\"late\",\"type\":\"bool\",\"value\":true}", "{\"key\":\"team\",\"type\":\"string\",\"value\":\"storage\"}"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!strstr(trace, parts[i]))
            fail_msg("no %s in %s", parts[i], trace);
}

static void an_end_that_failed_may_be_said_again(void **state)
{
    (void)state;
    assert_int_equal(shell("%s", "export TRACEPARENT=$(\"$SPANWIRE\" span start again)\n"
                                 "\"$SPANWIRE\" span end -e http://127.0.0.1:9 --timeout 100ms && exit 9\n"
                                 "\"$SPANWIRE\" span end || exit 8\n"
                                 "\"$SPANWIRE\" span end && exit 7\n"
                                 "\"$SPANWIRE\" span event late && exit 6; exit 0"), 0);
    assert_non_null(strstr(output, "was not delivered"));
    assert_non_null(strstr(output, "it has ended, or was started by another user"));
    viewer_wait(own_port, "/api/traces?q=again", "\"again\"");
}

static void the_sampler_is_asked_at_the_start(void **state)
{
    (void)state;
    assert_int_equal(shell("%s", "export OTEL_TRACES_SAMPLER=parentbased_traceidratio OTEL_TRACES_SAMPLER_ARG=0\n"
                                 "export TRACEPARENT=$(\"$SPANWIRE\" span start 'left out')\n"
                                 "echo $TRACEPARENT; \"$SPANWIRE\" span event x || exit 9\n"
                                 "export TRACEPARENT=$(\"$SPANWIRE\" span start 'also left out'); echo $TRACEPARENT\n"
                                 "\"$SPANWIRE\" span end; TRACEPARENT= ; ls \"$XDG_RUNTIME_DIR/spanwire\" | wc -l"), 0);
    char outer[64], inner[64], parent[64];
    int left = 0;
    assert_int_equal(sscanf(output, "%55s %55s %55s %d", outer, inner, parent, &left), 4);
    assert_string_equal(outer + 53, "02"); /* random, and not sampled */
    assert_memory_equal(outer, inner, 35); /* the same trace */
    assert_string_equal(inner + 53, "02");
    assert_string_equal(parent, outer);
    assert_int_equal(left, 1); /* the outer one's */
    assert_int_equal(shell("\"$SPANWIRE\" span end --traceparent %s", outer), 0);
    /* taken at the start, and the variable another at the end */
    assert_int_equal(shell("%s", "export TRACEPARENT=$(OTEL_TRACES_SAMPLER=parentbased_traceidratio OTEL_TRACES_SAMPLER_ARG=1 \"$SPANWIRE\" span start kept)\n"
                                 "echo $TRACEPARENT; OTEL_TRACES_SAMPLER=always_off \"$SPANWIRE\" span end"), 0);
    assert_string_equal(output + 53, "03\n\n");
    assert_null(strstr(viewer_wait(own_port, "/api/traces?q=kept", "\"kept\""), "left out"));
    assert_null(strstr(viewer_wait(own_port, "/api/traces", "\"kept\""), "left out"));
}

static void without_an_sdk_a_script_goes_on(void **state)
{
    (void)state;
    assert_int_equal(shell("%s", "export OTEL_SDK_DISABLED=true\n"
                                 "TRACEPARENT=$(\"$SPANWIRE\" span start nothing) && \"$SPANWIRE\" span event x && \"$SPANWIRE\" span end || exit 9\n"
                                 "export TRACEPARENT=00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\n"
                                 "export TRACEPARENT=$(\"$SPANWIRE\" span start nothing); \"$SPANWIRE\" span end"), 0);
    assert_string_equal(output, "\n00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\n");
}

static void commands_side_by_side_add_to_one_span(void **state)
{
    (void)state;
    assert_int_equal(shell("%s", "export TRACEPARENT=$(\"$SPANWIRE\" span start crowded -a one=1 -a two=2); echo $TRACEPARENT\n"
                                 "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do \"$SPANWIRE\" span event \"event $i\" -a \"number=$i,of=the crowd\" & done; wait\n"
                                 "\"$SPANWIRE\" span end"), 0);
    char path[64], part[128];
    snprintf(path, sizeof path, "/api/traces/%.32s", output + 3);
    const char *trace = viewer_wait(own_port, path, "crowded");
    assert_non_null(strstr(trace, "{\"key\":\"one\",\"type\":\"int\",\"value\":\"1\"},{\"key\":\"two\",\"type\":\"int\",\"value\":\"2\"}"));
    for (int i = 1; i <= 12; i++) {
        snprintf(part, sizeof part, "\"name\":\"event %d\"", i);
        const char *event = strstr(trace, part);
        assert_non_null(event);
        snprintf(part, sizeof part, "{\"key\":\"number\",\"type\":\"int\",\"value\":\"%d\"}", i);
        assert_non_null(strstr(event, part));
        assert_true(strstr(event, part) - event < 120); /* its own, not one further on */
    }
}

static void mistakes_are_told(void **state)
{
    (void)state;
    expect("span", 2, "span start NAME");
    expect("span start", 2, "start takes a name");
    expect("span end name", 2, "end takes no name");
    expect("span end", 1, "TRACEPARENT must be what span start has printed");
    expect("span end --traceparent nonsense", 1, "TRACEPARENT must be");
    expect("span end --status-code bad", 2, "choose error, ok or unset");
    setenv("XDG_RUNTIME_DIR", "/nowhere/at/all", 1);
    expect("span start x", 1, "set XDG_RUNTIME_DIR to a directory of your own");
    char runtime[96];
    snprintf(runtime, sizeof runtime, "%s/run", directory);
    setenv("XDG_RUNTIME_DIR", runtime, 1);
}

static void traces_are_printed_as_they_come(void **state)
{
    (void)state;
    assert_int_equal(shell("%s", "\"$SPANWIRE\" exec --wait -n 'before it' -- true\n"
                                 "\"$SPANWIRE\" tail -n 1 --url $OTEL_EXPORTER_OTLP_ENDPOINT --ascii --color never tailed & tail=$!\n"
                                 "i=0; while kill -0 $tail 2>/dev/null && [ $i -lt 100 ]; do sleep 0.3; i=$((i + 1))\n" /* it has to have begun */
                                 "\"$SPANWIRE\" exec --wait -n other -- true; \"$SPANWIRE\" exec --wait -n tailed -- true; done\n"
                                 "wait $tail"), 0);
    assert_non_null(strstr(output, "1 span"));
    assert_non_null(strstr(output, "tailed"));
    assert_null(strstr(output, "other"));
    assert_null(strstr(output, "before it"));
    expect("tail a b", 2, "one query");
    expect("tail --url http://127.0.0.1:9", 1, "start it with: spanwire view");
}

int main(int argc, char **argv)
{
    if (!program_begin(argc, argv))
        return 2;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_script_has_a_span),
        cmocka_unit_test(an_end_that_failed_may_be_said_again),
        cmocka_unit_test(the_sampler_is_asked_at_the_start),
        cmocka_unit_test(without_an_sdk_a_script_goes_on),
        cmocka_unit_test(commands_side_by_side_add_to_one_span),
        cmocka_unit_test(mistakes_are_told),
        cmocka_unit_test(traces_are_printed_as_they_come),
    };
    int failed = cmocka_run_group_tests(tests, begin, end);
    rmdir(directory);
    return failed;
}
