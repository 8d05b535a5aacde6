// All of a log record.
import { useMemo } from "preact/hooks";
import { flagsHex, flagsText } from "../flags";
import { instant, label, nanoseconds, plural } from "../format";
import { logsOfTraceUrl } from "../log-address";
import { type LogRecord, logContent } from "../logs";
import { traceUrl } from "../router";
import { Attributes } from "./attributes";
import { Conversation } from "./conversation";
import { CopyButton } from "./copy-button";
import { Section } from "./section";
import { ValueView } from "./value-view";

export function LogDetail({ record }: { record: LogRecord }) {
  const { log, resource, scope } = record;
  const { messages, body, attributes } = useMemo(() => logContent(log), [log]);
  return (
    <div class="log-detail">
      <h2 class="spoken">Log record</h2>
      {body && <div class="log-body"><ValueView value={body} /></div>}
      <Conversation attributes={messages} />
      <Facts record={record} />
      {attributes.length > 0 && <Section title="Attributes" n={attributes.length}><Attributes attributes={attributes} /></Section>}
      {log.dropped_attributes_count > 0 && <p class="dropped">{plural(log.dropped_attributes_count, "attribute")} dropped by the sender's limits.</p>}
      {resource && <Section title="Resource" n={resource.attributes.length} shut><Attributes attributes={resource.attributes} /></Section>}
      {scope && (
        <Section title="Scope" n={scope.attributes.length || undefined} shut>
          <p class="scope"><bdi>{label(scope.name)}</bdi>{scope.version && <span> {label(scope.version)}</span>}</p>
          <Attributes attributes={scope.attributes} />
        </Section>
      )}
    </div>
  );
}

function Facts({ record: { log } }: { record: LogRecord }) {
  return (
    <dl class="ids log-facts">
      {log.event_name !== "" && <div><dt>Event</dt><dd><code>{label(log.event_name, 600)}</code></dd></div>}
      <div><dt>Severity</dt><dd>{log.severity_number === 0 && log.severity_text === "" ? <small>none</small> : <>{log.severity || "none"} <small>{log.severity_number}{log.severity_text && `, “${label(log.severity_text, 80)}”`}</small></>}</dd></div>
      {log.time_unix_ns !== "0" && <div><dt>Time</dt><dd>{instant(nanoseconds(log.time_unix_ns))}</dd></div>}
      {log.observed_unix_ns !== "0" && <div><dt>Observed</dt><dd>{instant(nanoseconds(log.observed_unix_ns))}</dd></div>}
      {log.trace_id !== "" && <div><dt>Trace</dt><dd><a href={traceUrl(log.trace_id)}><code>{log.trace_id}</code></a><CopyButton text={log.trace_id} what="trace id" /> <a href={logsOfTraceUrl(log.trace_id)}>its logs alone</a></dd></div>}
      {log.trace_id !== "" && log.span_id !== "" && <div><dt>Span</dt><dd><a href={traceUrl(log.trace_id, log.span_id)}><code>{log.span_id}</code></a><CopyButton text={log.span_id} what="span id" /></dd></div>}
      {log.flags !== 0 && <div><dt>Flags</dt><dd><code>{flagsHex(log.flags)}</code> <small>{flagsText(log.flags, null)}</small></dd></div>}
    </dl>
  );
}
