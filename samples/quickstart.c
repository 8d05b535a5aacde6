/* The first program: two spans, one inside the other, sent to http://localhost:4318 or to where OTEL_EXPORTER_OTLP_ENDPOINT says. */
#include <spanwire/spanwire.h>
#include <stdio.h>

static void greet(const char *who)
{
    SPW_SPAN(span, "greet"); /* a child of "hello", which is current; ends with the block, however the block ends */
    spw_set(span, "greeting.who", who);
    printf("hello, %s\n", who);
}

int main(void)
{
    spw_start(NULL); /* OTEL_* decides everything; a wrong setting never stops the program */
    {
        SPW_SPAN(run, "hello");
        spw_set(run, "greeting.count", 1);
        greet("world");
    }
    spw_result sent = spw_shutdown(SPW_DEFAULT_TIMEOUT_MS); /* waits until everything has arrived */
    if (sent != SPW_OK)
        fprintf(stderr, "telemetry was not delivered (%s): is a receiver running? Try `spanwire view`.\n", spw_result_text(sent));
    return 0;
}
