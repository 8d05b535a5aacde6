// All logs of a trace in the order of time. A line opens its span; one of no span here opens itself.
import { useContext, useMemo, useState } from "preact/hooks";
import { duration, signed } from "../format";
import { readInstant, since } from "../instant";
import { useKeys } from "../keys";
import { useListCursor } from "../list-cursor";
import { type LogRecord, logLine } from "../logs";
import { listUrl } from "../router";
import type { Node, Tree } from "../tree";
import { LogsOfTrace } from "../use-trace-logs";
import { valueText } from "../value";
import { LogTable } from "./log-table";

interface Props {
  tree: Tree;
  nodes: Node[]; // those on show: all, or a subtree
  needle: string;
  onOpen: (node: Node) => void;
}

export function LogsView({ tree, nodes, needle, onOpen }: Props) {
  const { records, more } = useContext(LogsOfTrace);
  const [open, setOpen] = useState<string | null>(null);
  const start = useMemo(() => readInstant(String(tree.startUnix)), [tree]);
  const shown = useMemo(() => within(records, tree, nodes, needle), [records, tree, nodes, needle]);
  const cursor = useListCursor(shown, ({ log }) => log.id);

  const toggle = ({ log }: LogRecord): void => {
    cursor.set(log.id);
    setOpen(open === log.id ? null : log.id);
  };
  const choose = (record: LogRecord): void => {
    const node = tree.byId.get(record.log.span_id);
    if (!node) return toggle(record);
    cursor.set(record.log.id);
    onOpen(node);
  };
  useKeys({
    ...cursor.steps, ...cursor.jumps,
    Enter: () => { const record = cursor.item(); if (record) choose(record); },
  }, "view");
  return (
    <section class="logs-view" aria-label="Logs of the trace">
      {shown.length > 0 ? (
        <LogTable records={shown} what="Logs of the trace, by time" cursor={cursor.id} open={open} onChoose={choose} onToggle={toggle} timeText={({ time }) => {
          const after = since(start, time);
          return after === 0 ? "0" : signed(after, duration);
        }} />
      ) : records.length > 0 ? <p class="nothing">None of the trace's logs matches.</p> : <NoLogs />}
      {more && <p class="nothing" role="status">The newest {records.length} are shown; <a href={listUrl("/logs")}>the page of logs</a> has the others.</p>}
    </section>
  );
}

function NoLogs() {
  return (
    <div class="notice">
      <h2>No logs in this trace</h2>
      <p>A log record that is written while a span is current carries the ids of its trace and span. Its program sends it here when <code>OTEL_EXPORTER_OTLP_ENDPOINT</code> is <code>{location.origin}</code> and <code>OTEL_LOGS_EXPORTER</code> is not <code>none</code>.</p>
    </div>
  );
}

function within(records: LogRecord[], tree: Tree, nodes: Node[], needle: string): LogRecord[] {
  const wanted = needle.trim().toLowerCase();
  const part = nodes.length < tree.nodes.length ? new Set(nodes.map((node) => node.span.span_id)) : null;
  if (!wanted && !part) return records;
  return records.filter(({ log }) => (!part || part.has(log.span_id)) && (!wanted || [logLine(log), valueText(log.body), log.event_name, ...log.attributes.map(valueText)].some((text) => text.toLowerCase().includes(wanted))));
}
