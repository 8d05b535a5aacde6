// Traces over time. Dragging over it, or arrow keys, narrow the list to a stretch of it.
import { useRef, useState } from "preact/hooks";
import { clock, count, dateTime, nanoseconds, plural, unixMs } from "../format";
import { changeList, histogramUrl, readTimes } from "../list-address";
import { usePoll } from "../poll";
import type { Histogram } from "../types";
import { Close } from "./icons";

const PERIOD_MS = 2000;

interface Picked {
  first: number; // buckets, both within
  last: number;
}

export function HistogramStrip({ query, paused }: { query: URLSearchParams; paused: boolean }) {
  const { data: answer } = usePoll<Histogram>(histogramUrl(query), PERIOD_MS, paused, true);
  const latest = useRef<Histogram | null>(null); // stays until the next has come
  if (answer) latest.current = answer;
  const data = latest.current;
  const strip = useRef<HTMLDivElement>(null);
  const [drag, setDrag] = useState<Picked | null>(null); // first: where it began
  const [cursor, setCursor] = useState<number | null>(null);
  const times = readTimes(query);
  if (!data || data.buckets.length === 0) return null;
  const start = nanoseconds(data.from_unix_ns);
  const width = nanoseconds(data.bucket_ns) || 1n;
  const n = data.buckets.length;
  const at = (bucket: number): bigint => start + width * BigInt(bucket);
  const most = data.buckets.reduce((value, bucket) => Math.max(value, bucket.traces), 1);
  const picked = drag ? ordered(drag) : times ? within(times, start, width, n) : null;

  const pick = ({ first, last }: Picked): void => changeList({ from_ns: String(at(first)), to_ns: String(at(last + 1)) });
  const bucketAt = (clientX: number): number => {
    const box = strip.current!.getBoundingClientRect();
    return Math.min(n - 1, Math.max(0, Math.floor((n * (clientX - box.left)) / Math.max(1, box.width))));
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const by = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
    if (by === 0) return;
    event.preventDefault();
    const next = Math.min(n - 1, Math.max(0, (cursor ?? (by > 0 ? -1 : n)) + by));
    setCursor(next);
    const anchor = event.shiftKey && picked ? (cursor === picked.last ? picked.first : picked.last) : next;
    pick(ordered({ first: anchor, last: next }));
  };
  const end = (): void => {
    if (drag) pick(ordered(drag));
    setDrag(null);
  };
  return (
    <div class="histogram">
      <div class="bars" ref={strip} role="group" tabIndex={0} aria-label="Traces over time; arrow keys choose a stretch, with Shift they widen it"
        onPointerDown={(event) => {
          if (event.button !== 0) return;
          event.preventDefault();
          strip.current!.focus();
          strip.current!.setPointerCapture(event.pointerId);
          const bucket = bucketAt(event.clientX);
          setDrag({ first: bucket, last: bucket });
        }}
        onPointerMove={(event) => { if (drag) setDrag({ first: drag.first, last: bucketAt(event.clientX) }); }}
        onPointerUp={end} onPointerCancel={() => setDrag(null)} onKeyDown={onKeyDown}>
        {data.buckets.map((bucket, i) => (
          <span key={i} class={`bucket ${picked && (i < picked.first || i > picked.last) ? "out" : ""}`} title={`${clock(unixMs(at(i)))}: ${plural(bucket.traces, "trace")}${bucket.errors > 0 ? `, ${count(bucket.errors)} with errors` : ""}`}>
            {bucket.traces > 0 && <i style={{ height: `${Math.max(4, (100 * bucket.traces) / most)}%` }}>{bucket.errors > 0 && <b style={{ height: `${(100 * bucket.errors) / bucket.traces}%` }} />}</i>}
          </span>
        ))}
      </div>
      <p class="histogram-axis">
        <span title={dateTime(unixMs(start))}>{clock(unixMs(start))}</span>
        {times && <span class="focus-note"><span role="status">{clock(unixMs(times.from))} – {clock(unixMs(times.to))}</span><button type="button" class="quiet" aria-label="All of the time" title="All of the time" onClick={() => { setCursor(null); changeList({ from_ns: "", to_ns: "" }); }}><Close /></button></span>}
        <span title={dateTime(unixMs(at(n)))}>{clock(unixMs(at(n)))}</span>
      </p>
    </div>
  );
}

const ordered = ({ first, last }: Picked): Picked => ({ first: Math.min(first, last), last: Math.max(first, last) });

function within(times: { from: bigint; to: bigint }, start: bigint, width: bigint, n: number): Picked {
  const bucket = (ns: bigint): number => Number((ns - start) / width);
  return { first: Math.max(0, bucket(times.from)), last: Math.min(n - 1, bucket(times.to - 1n)) };
}
