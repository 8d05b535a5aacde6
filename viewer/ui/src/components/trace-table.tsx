import { useEffect, useRef, useState } from "preact/hooks";
import { ago, compact, count, dateTime, duration, instant, label, nanoseconds, plural, unixMs } from "../format";
import { type Sort, type SortKey, changeList, toggleMark } from "../list-address";
import { serviceClass } from "../palette";
import { navigate, traceUrl } from "../router";
import type { TraceSummary } from "../types";
import { Fail } from "./icons";
import { SortHead } from "./sort-head";

interface Props {
  traces: TraceSummary[];
  cursor: string | null;
  marked: string[];
  sort: Sort;
  stale: boolean;
}

const columns: [SortKey, string, boolean][] = [["duration", "Duration", false], ["spans", "Spans", true], ["errors", "Errors", true], ["tokens", "Tokens in / out", true], ["start", "Started", true]];

// The first click on a column asks for its largest; the second turns the order round.
const sortBy = (sort: Sort, by: SortKey): void => {
  const descending = sort.by === by ? !sort.descending : true;
  changeList({ sort: by === "start" ? "" : by, order: descending ? "" : "asc" });
};

export function TraceTable({ traces, cursor, marked, sort, stale }: Props) {
  const now = useNow();
  const arrived = useArrivals(traces);
  const longest = traces.reduce((most, trace) => Math.max(most, Number(trace.duration_ns)), 1);
  const shown = columns.filter(([key]) => key !== "tokens" || traces.some(hasTokens));
  return (
    <table class={`traces ${stale ? "stale" : ""}`}>
      <thead>
        <tr>
          <th scope="col" class="mark wide"><span class="spoken">Marked</span></th>
          <th scope="col" class="name-column">Trace</th>
          {shown.map(([key, title, wide]) => (
            <SortHead key={key} title={title} number wide={wide} column={key} sorted={sort.by === key ? (sort.descending ? "descending" : "ascending") : null} onSort={() => sortBy(sort, key)} />
          ))}
        </tr>
      </thead>
      <tbody>
        {traces.map((trace) => (
          <TraceRow key={trace.trace_id} trace={trace} now={now} longest={longest} mark={marked.indexOf(trace.trace_id)} withTokens={shown.length === columns.length}
            current={trace.trace_id === cursor} fresh={arrived.has(trace.trace_id)} />
        ))}
      </tbody>
    </table>
  );
}

const hasTokens = (trace: TraceSummary): boolean => Number(trace.input_tokens ?? 0) + Number(trace.output_tokens ?? 0) > 0;

// Requests and hour-long runs share a list: the meter is logarithmic, from ten microseconds up.
function meter(ns: number, longest: number): number {
  const floor = 10_000;
  return Math.max(2, (100 * Math.log(Math.max(1, ns / floor))) / Math.log(Math.max(10, longest / floor)));
}

interface RowProps {
  trace: TraceSummary;
  now: number;
  longest: number;
  mark: number; // 0: A, 1: B, -1: not marked
  withTokens: boolean;
  current: boolean;
  fresh: boolean;
}

function TraceRow({ trace, now, longest, mark, withTokens, current, fresh }: RowProps) {
  const row = useRef<HTMLTableRowElement>(null);
  const started = unixMs(nanoseconds(trace.start_unix_ns));
  const took = Number(trace.duration_ns);
  const url = traceUrl(trace.trace_id);
  useEffect(() => {
    if (current) row.current?.scrollIntoView({ block: "nearest" });
  }, [current]);
  const classes = [current && "current", fresh && "fresh", trace.error_count > 0 && "failed"].filter(Boolean).join(" ");
  return (
    <tr ref={row} class={classes} data-trace-id={trace.trace_id} aria-current={current ? "true" : undefined}
      onClick={(event) => {
        // The whole row is a target; the link inside serves keyboards, new tabs and screen readers.
        if (!(event.target as Element).closest("a, button, label") && getSelection()?.isCollapsed !== false) navigate(url);
      }}>
      <td class="mark wide">
        <label title="Mark to compare (x)"><input type="checkbox" checked={mark >= 0} aria-label={`Mark ${label(trace.root_name ?? trace.trace_id, 80)}`} onChange={() => toggleMark(trace.trace_id)} /><span class={mark >= 0 ? `letter letter-${mark === 0 ? "a" : "b"}` : ""}>{mark === 0 ? "A" : mark === 1 ? "B" : ""}</span></label>
      </td>
      <td class="trace-name">
        <a href={url}>{trace.root_name === null ? <em>root span not here yet</em> : <bdi>{label(trace.root_name)}</bdi>}</a>
        <span class="under">
          {trace.services.slice(0, 6).map((service) => <span key={service} class={`service ${serviceClass(service)}`}><bdi>{label(service, 60)}</bdi></span>)}
          {trace.services.length > 6 && <span>+{trace.services.length - 6}</span>}
          {!trace.complete && <span class="tag">running</span>}
          {trace.error_count > 0 && <span class="failure narrow-inline"><Fail />{count(trace.error_count)}</span>}
          <code class="wide">{trace.trace_id.slice(0, 8)}</code>
        </span>
      </td>
      <td class="number took">
        <span>{duration(took)}</span>
        <span class="meter" aria-hidden="true" title="Logarithmic"><span style={{ width: `${meter(took, longest)}%` }} /></span>
        <span class="narrow under">{ago(started, now)}</span>
      </td>
      <td class="number wide">{count(trace.span_count)}</td>
      <td class="number wide errors">
        {trace.error_count > 0 ? <span class="failure" title={plural(trace.error_count, "failed span")}><Fail />{count(trace.error_count)}</span> : <span class="none">–</span>}
      </td>
      {withTokens && <td class="number wide tokens">{hasTokens(trace) ? <>{compact(Number(trace.input_tokens))}<i>/</i>{compact(Number(trace.output_tokens))}</> : <span class="none">–</span>}</td>}
      <td class="number wide"><time dateTime={instant(nanoseconds(trace.start_unix_ns))} title={dateTime(started)}>{ago(started, now)}</time></td>
    </tr>
  );
}

function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => { if (!document.hidden) setNow(Date.now()); }, 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

// The traces that came after the table was first drawn, for a passing highlight.
function useArrivals(traces: TraceSummary[]): ReadonlySet<string> {
  const known = useRef<Set<string> | null>(null);
  const arrived = useRef<Set<string>>(new Set());
  if (known.current === null) known.current = new Set(traces.map((trace) => trace.trace_id));
  let newest = true; // newest first: what follows a known trace is an older page
  for (const { trace_id } of traces) {
    if (known.current.has(trace_id)) newest = false;
    else if (newest) arrived.current.add(trace_id);
    known.current.add(trace_id);
  }
  return arrived.current;
}
