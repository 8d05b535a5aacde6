import { useEffect, useRef, useState } from "preact/hooks";
import { useKeys } from "../keys";
import { filterNames, readMarked, readSort, toggleMark } from "../list-address";
import { useListCursor } from "../list-cursor";
import { compareUrl, navigate, rememberList, traceUrl } from "../router";
import type { TraceSummary } from "../types";
import { useTraces } from "../use-traces";
import { EmptyList, NoMatch } from "./empty-list";
import { FilterBar } from "./filter-bar";
import { HistogramStrip } from "./histogram";
import { MarkBar } from "./mark-bar";
import { TraceTable } from "./trace-table";

export function TraceListPage({ query, onOffline }: { query: URLSearchParams; onOffline: (offline: boolean) => void }) {
  const [paused, setPaused] = useState(false);
  const search = useRef<HTMLInputElement>(null);
  const { data, error, offline, traces, next, loading, loadMore } = useTraces(query, paused);
  const marked = readMarked(query);
  // A query with a mistake in it leaves the list as it was, and so does one that is not answered yet.
  const good = useRef<TraceSummary[]>([]);
  if (data) good.current = traces;
  const waiting = !data && (!error || error.mistake !== null);
  const shown = waiting ? good.current : traces;

  useEffect(() => onOffline(offline), [offline]);
  useEffect(() => { document.title = "Traces · spanwire"; }, []);
  useEffect(() => rememberList(query), [query]);

  const cursor = useListCursor(shown, (trace) => trace.trace_id);
  const compare = (): void => {
    const [a, b] = marked;
    if (a && b) navigate(compareUrl(a, b));
  };
  useKeys({
    ...cursor.steps,
    Enter: () => {
      const trace = cursor.item();
      if (trace) navigate(traceUrl(trace.trace_id));
    },
    x: () => {
      const trace = cursor.item();
      if (trace) toggleMark(trace.trace_id);
    },
    c: compare,
    p: () => setPaused((value) => !value),
    "/": (event) => { event.preventDefault(); search.current?.focus(); },
    Escape: () => {
      if (document.activeElement === search.current) search.current?.blur();
      else cursor.set(null);
    },
  });

  const filtered = filterNames.some((name) => query.get(name));
  return (
    <div class={`list-page ${marked.length > 0 ? "with-marks" : ""}`}>
      <h1 class="spoken">Traces</h1>
      <FilterBar query={query} searchRef={search} error={error} paused={paused} live={!offline && !!data} onPause={() => setPaused(!paused)} />
      {shown.length > 0 && <HistogramStrip query={query} paused={paused || !!error} />}
      {error && !error.mistake ? <div class="notice" role="alert"><h2>The viewer could not answer</h2><p>{error.message}</p></div>
        : shown.length > 0 ? <TraceTable traces={shown} cursor={cursor.id} marked={marked} sort={readSort(query)} stale={waiting} />
        : waiting ? <div class="notice">{offline ? "Waiting for the viewer…" : ""}</div>
        : filtered ? <NoMatch what="trace" list="/" /> : <EmptyList />}
      {next && traces.length > 0 && (
        <p class="more"><button type="button" disabled={loading} onClick={() => void loadMore()}>{loading ? "Loading…" : "Show more traces"}</button></p>
      )}
      {marked.length > 0 && <MarkBar marked={marked} traces={shown} onCompare={compare} />}
    </div>
  );
}
