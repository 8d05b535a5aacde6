import { useEffect, useRef, useState } from "preact/hooks";
import { useKeys } from "../keys";
import { useListCursor } from "../list-cursor";
import { logFilters, openLog } from "../log-address";
import type { LogRecord } from "../logs";
import { navigate, rememberList, traceUrl } from "../router";
import { useLogs } from "../use-logs";
import { EmptyLogs, NoMatch } from "./empty-list";
import { LogFilterBar } from "./log-filter-bar";
import { LogTable } from "./log-table";

const LOOKED_FOR = 5000; // records that are asked for to find the one the address has open

export function LogsPage({ query, onOffline }: { query: URLSearchParams; onOffline: (offline: boolean) => void }) {
  const [paused, setPaused] = useState(false);
  const [away, setAway] = useState(false);
  const search = useRef<HTMLInputElement>(null);
  const page = useRef<HTMLDivElement>(null);
  const open = query.get("log");
  const held = paused || away || open !== null;
  const { data, error, offline, records, more, loadMore } = useLogs(query, held);

  useEffect(() => onOffline(offline), [offline]);
  useEffect(() => { document.title = "Logs · spanwire"; }, []);
  useEffect(() => rememberList(query, "/logs"), [query]);
  const missing = open !== null && data !== null && records.length < LOOKED_FOR && more && !records.some(({ log }) => log.id === open);
  useEffect(() => { if (missing) void loadMore(); }, [missing, records.length]);

  const cursor = useListCursor(records, ({ log }) => log.id, open);
  const toggle = ({ log }: LogRecord): void => {
    cursor.set(log.id);
    openLog(open === log.id ? "" : log.id);
  };
  const toTop = (): void => {
    cursor.set(null);
    openLog("");
    page.current?.querySelector(".log-table")?.scrollTo({ top: 0 });
  };
  useKeys({
    ...cursor.steps, ...cursor.jumps,
    Enter: () => { const record = cursor.item(); if (record) toggle(record); },
    o: () => { const log = cursor.item()?.log; if (log?.trace_id) navigate(traceUrl(log.trace_id, log.span_id || undefined)); },
    p: () => setPaused((value) => !value),
    "/": (event) => { event.preventDefault(); search.current?.focus(); search.current?.select(); },
    Escape: () => {
      if (document.activeElement === search.current) search.current?.blur();
      else if (open !== null) openLog("");
      else cursor.set(null);
    },
  });

  const filtered = logFilters.some((name) => query.get(name));
  return (
    <div class="logs-page" ref={page}>
      <h1 class="spoken">Logs</h1>
      <LogFilterBar query={query} searchRef={search} paused={paused} live={!offline && !held && !!data} onPause={() => setPaused(!paused)} />
      {error ? <div class="notice" role="alert"><h2>The viewer could not answer</h2><p>{error.message}</p></div>
        : records.length > 0 ? (
          <LogTable records={records} what="Logs, newest first" cursor={cursor.id} open={open} onChoose={toggle} onToggle={toggle} onNearEnd={() => void loadMore()} onAway={setAway}
            linkTo={({ log }) => (log.trace_id ? { url: traceUrl(log.trace_id, log.span_id || undefined), title: "Open its trace (o)" } : null)} />
        ) : !data ? <div class="notice">{offline ? "Waiting for the viewer…" : ""}</div>
        : filtered ? <NoMatch what="log record" list="/logs" /> : <EmptyLogs />}
      {held && !paused && records.length > 0 && (
        <button type="button" class="to-newest" onClick={toTop}>Held while you read: back to the newest</button>
      )}
    </div>
  );
}
