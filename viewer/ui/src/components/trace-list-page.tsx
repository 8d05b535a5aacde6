import { useEffect, useRef, useState } from "preact/hooks";
import { Resource } from "../api";
import { nanoseconds } from "../format";
import { useKeys } from "../keys";
import { useLatest } from "../latest";
import { usePoll } from "../poll";
import { navigate, rememberList, traceUrl } from "../router";
import type { TracePage, TraceSummary } from "../types";
import { EmptyList, NoMatch } from "./empty-list";
import { FilterBar, filterNames } from "./filter-bar";
import { TraceTable } from "./trace-table";

const PAGE = 100;

function apiUrl(query: URLSearchParams, before?: string): string {
  const ask = new URLSearchParams({ limit: String(PAGE) });
  for (const name of filterNames) {
    const value = query.get(name);
    if (value) ask.set(name, value);
  }
  if (before) ask.set("before", before);
  return `/api/traces?${ask}`;
}

interface Older {
  url: string; // the first page these continue
  traces: TraceSummary[];
  next: string | null;
}

// The live first page, then the older ones fetched by hand. A trace that new ones push off the first page
// stays in the list once older pages are on show, so that no gap opens between them.
function useTraces(url: string, query: URLSearchParams, paused: boolean) {
  const { data, error, offline } = usePoll<TracePage>(url, 1000, paused);
  const [older, setOlder] = useState<Older | null>(null);
  const [loading, setLoading] = useState(false);
  const seen = useRef<Map<string, TraceSummary>>(new Map());
  const extra = older?.url === url ? older : null;

  if (!extra) seen.current.clear();
  const first = data?.traces ?? [];
  const ids = new Set(first.map((trace) => trace.trace_id));
  if (extra) for (const trace of first) seen.current.set(trace.trace_id, trace);
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
      const page = await new Resource<TracePage>(apiUrl(query, next)).get(AbortSignal.timeout(15_000));
      if (page) setOlder({ url, traces: [...(extra?.traces ?? []), ...page.traces], next: page.next });
    } catch {
      // the banner says so when the next poll fails too; the button stays
    }
    setLoading(false);
  }
  return { data, error, offline, traces: [...first, ...rest.values()], next, loading, loadMore };
}

export function TraceListPage({ query, onOffline }: { query: URLSearchParams; onOffline: (offline: boolean) => void }) {
  const [paused, setPaused] = useState(false);
  const [cursor, cursorNow, setCursor] = useLatest<string | null>(null);
  const search = useRef<HTMLInputElement>(null);
  const { data, error, offline, traces, next, loading, loadMore } = useTraces(apiUrl(query), query, paused);

  useEffect(() => onOffline(offline), [offline]);
  useEffect(() => { document.title = "Traces · spanwire"; }, []);
  useEffect(() => rememberList(query), [query]);

  const position = (): number => traces.findIndex((trace) => trace.trace_id === cursorNow());
  const move = (step: number) => (event: KeyboardEvent): void => {
    event.preventDefault();
    const at = position();
    const target = traces[Math.min(traces.length - 1, Math.max(0, at < 0 ? 0 : at + step))];
    if (target) setCursor(target.trace_id);
  };
  useKeys({
    j: move(1), ArrowDown: move(1), k: move(-1), ArrowUp: move(-1),
    Enter: () => {
      const trace = traces[position()];
      if (trace) navigate(traceUrl(trace.trace_id));
    },
    p: () => setPaused((value) => !value),
    "/": (event) => { event.preventDefault(); search.current?.focus(); },
    Escape: () => {
      if (document.activeElement === search.current) search.current?.blur();
      else setCursor(null);
    },
  });

  const filtered = filterNames.some((name) => query.get(name));
  return (
    <div class="list-page">
      {traces.length > 0 && <h1 class="spoken">Traces</h1>}
      <FilterBar query={query} searchRef={search} paused={paused} live={!offline && !!data} onPause={() => setPaused(!paused)} />
      {error ? <div class="notice" role="alert"><h1>The viewer could not answer</h1><p>{error.message}</p></div>
        : !data ? <div class="notice">{offline ? "Waiting for the viewer…" : ""}</div>
        : traces.length > 0 ? <TraceTable traces={traces} cursor={cursor} />
        : filtered ? <NoMatch /> : <EmptyList />}
      {next && traces.length > 0 && (
        <p class="more"><button type="button" disabled={loading} onClick={() => void loadMore()}>{loading ? "Loading…" : "Show older traces"}</button></p>
      )}
    </div>
  );
}
