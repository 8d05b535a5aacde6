import { clock, duration, label, nanoseconds, unixMs } from "../format";
import { changeList } from "../list-address";
import type { TraceSummary } from "../types";
import { Close } from "./icons";

// The traces marked for comparison, and what to do with them.
export function MarkBar({ marked, traces, onCompare }: { marked: string[]; traces: TraceSummary[]; onCompare: () => void }) {
  const byId = new Map(traces.map((trace) => [trace.trace_id, trace]));
  return (
    <div class="mark-bar" role="region" aria-label="Marked traces">
      {marked.map((id, i) => {
        const trace = byId.get(id);
        return (
          <span key={id} class="run">
            <span class={`letter letter-${i === 0 ? "a" : "b"}`}>{i === 0 ? "A" : "B"}</span>
            <bdi>{trace ? label(trace.root_name ?? "no root yet", 50) : <code>{id.slice(0, 8)}</code>}</bdi>
            {trace && <span class="when wide">{clock(unixMs(nanoseconds(trace.start_unix_ns)))}, {duration(Number(trace.duration_ns))}</span>}
          </span>
        );
      })}
      {marked.length < 2 && <span class="hint">Mark another to compare</span>}
      <span class="grow" />
      <button type="button" class="primary" disabled={marked.length < 2} title="c" onClick={onCompare}>Compare</button>
      <button type="button" class="quiet" aria-label="Unmark them" title="Unmark them" onClick={() => changeList({ marked: "" })}><Close /></button>
    </div>
  );
}
