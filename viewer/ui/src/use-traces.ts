// The live first page of the list, then the older ones fetched by hand. A trace that new ones push off the first page stays in the list
// once older pages are on show, so that no gap opens between them.
import { useRef, useState } from "preact/hooks";
import { Resource } from "./api";
import { nanoseconds } from "./format";
import { readSort, tracesUrl } from "./list-address";
import { type Polled, usePoll } from "./poll";
import type { TracePage, TraceSummary } from "./types";

const PERIOD_MS = 1000;
const TIMEOUT_MS = 15_000;

interface Older {
  url: string; // the first page these continue
  traces: TraceSummary[];
  next: string | null;
}

export interface Traces extends Polled<TracePage> {
  traces: TraceSummary[];
  next: string | null;
  loading: boolean;
  loadMore: () => Promise<void>;
}

export function useTraces(query: URLSearchParams, paused: boolean): Traces {
  const url = tracesUrl(query);
  const { data, error, offline } = usePoll<TracePage>(url, PERIOD_MS, paused, true);
  const [older, setOlder] = useState<Older | null>(null);
  const [loading, setLoading] = useState(false);
  const seen = useRef<Map<string, TraceSummary>>(new Map());
  const extra = older?.url === url ? older : null;
  const { by, descending } = readSort(query);
  const newestFirst = by === "start" && descending;

  if (!extra) seen.current.clear();
  const first = data?.traces ?? [];
  const ids = new Set(first.map((trace) => trace.trace_id));
  if (extra && newestFirst) for (const trace of first) seen.current.set(trace.trace_id, trace);
  const rest = new Map<string, TraceSummary>();
  if (extra && data?.next) {
    const between = [...seen.current.values()].sort((a, b) => (nanoseconds(b.start_unix_ns) > nanoseconds(a.start_unix_ns) ? 1 : -1));
    for (const trace of [...between, ...extra.traces]) if (!ids.has(trace.trace_id)) rest.set(trace.trace_id, trace);
  }
  const next = extra ? extra.next : data?.next ?? null;

  async function loadMore(): Promise<void> {
    if (!next || loading) return;
    setLoading(true);
    try {
      const page = await new Resource<TracePage>(tracesUrl(query, next)).get(AbortSignal.timeout(TIMEOUT_MS));
      if (page) setOlder({ url, traces: [...(extra?.traces ?? []), ...page.traces], next: page.next });
    } catch {
      // the banner says so when the next poll fails too; the button stays
    }
    setLoading(false);
  }
  return { data, error, offline, traces: [...first, ...rest.values()], next, loading, loadMore };
}
