// The logs written in a span, by time.
import { useContext, useMemo, useState } from "preact/hooks";
import { duration, instant, label, nanoseconds, plural, signed } from "../format";
import { readInstant, since } from "../instant";
import { type LogRecord, isError, logContent, logTime } from "../logs";
import type { Node, Tree } from "../tree";
import { LogsOfTrace } from "../use-trace-logs";
import { Attributes } from "./attributes";
import { Conversation } from "./conversation";
import { Chevron } from "./icons";
import { Section } from "./section";
import { Severity } from "./severity";
import { ValueView } from "./value-view";

const STEP = 50;

interface Props {
  node: Node;
  tree: Tree;
  onSelect: (node: Node) => void;
}

export function SpanLogs({ node, tree, onSelect }: Props) {
  const records = useContext(LogsOfTrace).bySpan.get(node.span.span_id) ?? [];
  const [max, setMax] = useState(STEP);
  if (records.length === 0) return null;
  return (
    <Section title="Logs" n={records.length}>
      <ol class="events span-logs">
        {records.slice(0, max).map((record) => <SpanLog key={record.log.id} record={record} node={node} tree={tree} onSelect={onSelect} />)}
      </ol>
      {records.length > max && <button type="button" class="link" onClick={() => setMax(max + STEP)}>Show {Math.min(STEP, records.length - max)} more</button>}
    </Section>
  );
}

function SpanLog({ record, node, tree, onSelect }: Props & { record: LogRecord }) {
  const { log, time } = record;
  const { messages, body, attributes } = useMemo(() => logContent(log), [log]);
  const after = since(readInstant(node.span.start_unix_ns), time);
  return (
    <li class={isError(log) ? "bad" : ""} data-log-id={log.id}>
      <p>
        <span class="event-name"><Severity log={log} />{log.event_name !== "" && <bdi>{label(log.event_name)}</bdi>}</span>
        <span class="event-time" title={instant(nanoseconds(logTime(log)))}>{after === 0 ? "+0 ns" : signed(after, duration)}</span>
      </p>
      {body && <div class="log-body"><ValueView value={body} /></div>}
      <Conversation attributes={messages} tree={tree} onSelect={onSelect} />
      {attributes.length > 0 && (
        <details class="folded">
          <summary><Chevron />{plural(attributes.length, "attribute")}</summary>
          <Attributes attributes={attributes} />
        </details>
      )}
      {log.dropped_attributes_count > 0 && <p class="dropped">{plural(log.dropped_attributes_count, "attribute")} dropped by the sender's limits.</p>}
    </li>
  );
}
