import { bytes, compact, count } from "../format";
import { usePoll } from "../poll";
import { type ListPath, listUrl } from "../router";
import { useTheme } from "../theme";
import type { Info } from "../types";
import { Logo, Moon, Sun } from "./icons";

const places: [path: ListPath, name: string][] = [["/", "Traces"], ["/logs", "Logs"], ["/metrics", "Metrics"]];

// Where a page belongs: traces, unless it is one of the others.
const placeOf = (path: string): ListPath => (path === "/logs" ? "/logs" : path === "/metrics" || path.startsWith("/metrics/") ? "/metrics" : "/");

export function TopBar({ path, onHelp }: { path: string; onHelp: () => void }) {
  const [theme, toggle] = useTheme();
  const { data } = usePoll<Info>("/api/info", 3000);
  const other = theme === "dark" ? "light" : "dark";
  return (
    <header class="top-bar">
      <a class="brand" href={listUrl()} aria-label="spanwire, all traces"><Logo /><span class="brand-name">spanwire</span></a>
      <nav class="places" aria-label="Pages">
        {places.map(([place, name]) => <a key={place} href={listUrl(place)} aria-current={placeOf(path) === place ? (path === place ? "page" : "true") : undefined}>{name}</a>)}
      </nav>
      {data && <StoreFacts info={data} />}
      <span class="grow" />
      <button type="button" class="quiet" aria-label="Keyboard shortcuts" title="Keyboard shortcuts (?)" onClick={onHelp}>
        <kbd>?</kbd>
      </button>
      <button type="button" id="theme-toggle" class="quiet" aria-label={`Switch to the ${other} theme`} title={`Switch to ${other}`} onClick={toggle}>
        {theme === "dark" ? <Sun /> : <Moon />}
      </button>
    </header>
  );
}

const some = (n: number, noun: string): string => `${compact(n)} ${noun}${n === 1 ? "" : "s"}`;

function StoreFacts({ info }: { info: Info }) {
  const { store, received } = info;
  const detail = [
    `version ${info.version}, ${store.kind} store`,
    `${count(received.requests)} requests, ${count(received.spans)} spans, ${count(received.logs ?? 0)} logs, ${count(received.metric_points ?? 0)} metric points received`,
    `${count(received.duplicates)} duplicates, ${count(received.rejected)} rejected`,
    `${bytes(store.bytes)} of ${bytes(store.max_bytes)} used, ${count(store.evicted_traces)} old traces, ${count(store.evicted_logs ?? 0)} logs, ${count(store.evicted_metric_points ?? 0)} metric points let go`,
  ].join("\n");
  const facts = [some(store.spans, "span"), store.logs ? some(store.logs, "log") : "", store.metric_points ? some(store.metric_points, "point") : ""].filter(Boolean);
  return (
    <span class="store-facts" title={detail}>
      {facts.map((fact) => <span key={fact}>{fact}<i /></span>)}{bytes(store.bytes)}
      {received.rejected > 0 && <><i /><span class="warn">{count(received.rejected)} rejected</span></>}
    </span>
  );
}
