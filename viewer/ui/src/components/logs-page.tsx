import { useEffect, useRef, useState } from "preact/hooks";
import { useKeys } from "../keys";
import { useLatest } from "../latest";
import { changeLogs, logFilters } from "../log-address";
import type { LogRecord } from "../logs";
import { navigate, rememberList, traceUrl } from "../router";
import { useLogs } from "../use-logs";
import { EmptyLogs, NoLogMatch } from "./empty-list";
import { LogFilterBar } from "./log-filter-bar";
import { LogTable } from "./log-table";

const LOOKED_FOR = 5000; // records that are asked for to find the one the address has open

export function LogsPage({ query, onOffline }: { query: URLSearchParams; onOffline: (offline: boolean) => void }) {
  const [paused, setPaused] = useState(false);
  const [away, setAway] = useState(false);
  const [cursor, cursorNow, setCursor] = useLatest<string | null>(query.get("log"));
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

  const position = (): number => records.findIndex(({ log }) => log.id === cursorNow());
  const move = (step: number) => (event: KeyboardEvent): void => {
    event.preventDefault();
    const at = position();
    const target = records[Math.min(records.length - 1, Math.max(0, at < 0 ? 0 : at + step))];
    if (target) setCursor(target.log.id);
  };
  const toggle = ({ log }: LogRecord): void => {
    setCursor(log.id);
    changeLogs({ log: open === log.id ? "" : log.id });
  };
  const toTop = (): void => {
    setCursor(null);
    changeLogs({ log: "" });
    page.current?.querySelector(".log-table")?.scrollTo({ top: 0 });
  };
  useKeys({
    j: move(1), ArrowDown: move(1), k: move(-1), ArrowUp: move(-1), PageDown: move(15), PageUp: move(-15), Home: move(-Infinity), End: move(Infinity),
    Enter: () => { const record = records[position()]; if (record) toggle(record); },
    o: () => { const log = records[position()]?.log; if (log?.trace_id) navigate(traceUrl(log.trace_id, log.span_id || undefined)); },
    p: () => setPaused((value) => !value),
    "/": (event) => { event.preventDefault(); search.current?.focus(); search.current?.select(); },
    Escape: () => {
      if (document.activeElement === search.current) search.current?.blur();
      else if (open !== null) changeLogs({ log: "" });
      else setCursor(null);
    },
  });

  const filtered = logFilters.some((name) => query.get(name));
  return (
    <div class="logs-page" ref={page}>
      <h1 class="spoken">Logs</h1>
      <LogFilterBar query={query} searchRef={search} paused={paused} live={!offline && !held && !!data} onPause={() => setPaused(!paused)} />
      {error ? <div class="notice" role="alert"><h2>The viewer could not answer</h2><p>{error.message}</p></div>
        : records.length > 0 ? (
          <LogTable records={records} what="Logs, newest first" cursor={cursor} open={open} onChoose={toggle} onToggle={toggle} onNearEnd={() => void loadMore()} onAway={setAway}
            linkTo={({ log }) => (log.trace_id ? { url: traceUrl(log.trace_id, log.span_id || undefined), title: "Open its trace (o)" } : null)} />
        ) : !data ? <div class="notice">{offline ? "Waiting for the viewer…" : ""}</div>
        : filtered ? <NoLogMatch /> : <EmptyLogs />}
      {held && !paused && records.length > 0 && (
        <button type="button" class="to-newest" onClick={toTop}>Held while you read: back to the newest</button>
      )}
    </div>
  );
}
