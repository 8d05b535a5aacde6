import type { ListPath } from "../router";
import { CopyButton } from "./copy-button";

const program = `#include <spanwire/spanwire.h>

int main(void)
{
    spw_start(NULL);
    {
        SPW_SPAN(run, "invoke_agent planner");
        spw_set(run, "gen_ai.operation.name", "invoke_agent");
        spw_set(run, "gen_ai.agent.name", "planner");
    }
    spw_shutdown(SPW_DEFAULT_TIMEOUT_MS);
}
`;

function Snippet({ title, code }: { title: string; code: string }) {
  return (
    <figure class="snippet">
      <figcaption>{title}<CopyButton text={code} what={title} /></figcaption>
      <pre><code>{code}</code></pre>
    </figure>
  );
}

// Shown until the first span, log record or metric: where to send, and the smallest program that does.
export function EmptyList() {
  return (
    <section class="empty">
      <h1><span class="pulse" />Waiting for the first span</h1>
      <p>Point any OpenTelemetry program at this address. Traces appear here as they arrive.</p>
      <Snippet title="Shell" code={`export OTEL_EXPORTER_OTLP_ENDPOINT=${location.origin}`} />
      <Snippet title="C" code={program} />
    </section>
  );
}

export function EmptyLogs() {
  return (
    <section class="empty">
      <h1><span class="pulse" />Waiting for the first log record</h1>
      <p>Any OpenTelemetry program's logs appear here as they arrive, beside the spans they were written in. They go to <code>{location.origin}/v1/logs</code>.</p>
      <Snippet title="Shell" code={`export OTEL_EXPORTER_OTLP_ENDPOINT=${location.origin}\nexport OTEL_LOGS_EXPORTER=otlp`} />
    </section>
  );
}

export function EmptyMetrics() {
  return (
    <section class="empty">
      <h1><span class="pulse" />Waiting for the first metric</h1>
      <p>Any OpenTelemetry program's metrics appear here as they arrive. They go to <code>{location.origin}/v1/metrics</code>; a program sends them once a minute unless it is told otherwise.</p>
      <Snippet title="Shell" code={`export OTEL_EXPORTER_OTLP_ENDPOINT=${location.origin}\nexport OTEL_METRICS_EXPORTER=otlp\nexport OTEL_METRIC_EXPORT_INTERVAL=5000`} />
    </section>
  );
}

export function NoMatch({ what, list }: { what: string; list: ListPath }) {
  return (
    <section class="empty">
      <h1>No {what} matches</h1>
      <p>New ones are still watched for, and will appear when they match. <a href={list}>Clear the filters</a></p>
    </section>
  );
}
