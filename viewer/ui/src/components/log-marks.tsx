// A span's logs as marks on its bar: a dot each, what warns and what failed by its own shape.
import { useContext } from "preact/hooks";
import { duration, label, signed } from "../format";
import { readInstant, since } from "../instant";
import { isError, isWarning, logLine } from "../logs";
import type { Range } from "../trace-address";
import { marked } from "../trace-logs";
import type { Node } from "../tree";
import { LogsOfTrace } from "../use-trace-logs";

const MOST = 50;

export function LogMarks({ node, range }: { node: Node; range: Range }) {
  const records = useContext(LogsOfTrace).bySpan.get(node.span.span_id);
  if (!records) return null;
  const start = readInstant(node.span.start_unix_ns);
  const length = range.to - range.from;
  return (
    <>
      {marked(records, MOST).reverse().map(({ log, time }) => {
        const after = since(start, time);
        const at = node.start + after;
        if (at < range.from || at > range.to) return null;
        const kind = isError(log) ? "bad" : isWarning(log) ? "warning" : "";
        return <span key={log.id} class={`log-mark ${kind}`} style={{ left: `${(100 * (at - range.from)) / length}%` }} title={`${log.severity || "log"}: ${label(logLine(log) || log.event_name, 120)} at ${signed(after, duration)}`} />;
      })}
    </>
  );
}
