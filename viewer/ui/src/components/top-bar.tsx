import { bytes, compact, count } from "../format";
import { usePoll } from "../poll";
import { listUrl } from "../router";
import { useTheme } from "../theme";
import type { Info } from "../types";
import { Logo, Moon, Sun } from "./icons";

export function TopBar({ onHelp }: { onHelp: () => void }) {
  const [theme, toggle] = useTheme();
  const { data } = usePoll<Info>("/api/info", 3000);
  const other = theme === "dark" ? "light" : "dark";
  return (
    <header class="top-bar">
      <a class="brand" href={listUrl()} aria-label="spanwire, all traces"><Logo />spanwire</a>
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

function StoreFacts({ info }: { info: Info }) {
  const { store, received } = info;
  const detail = [
    `version ${info.version}, ${store.kind} store`,
    `${count(received.requests)} requests, ${count(received.spans)} spans received`,
    `${count(received.duplicates)} duplicates, ${count(received.rejected)} rejected`,
    `${bytes(store.bytes)} of ${bytes(store.max_bytes)} used, ${count(store.evicted_traces)} old traces let go`,
  ].join("\n");
  return (
    <span class="store-facts" title={detail}>
      {compact(store.spans)} spans<i />{bytes(store.bytes)}
      {received.rejected > 0 && <><i /><span class="warn">{count(received.rejected)} rejected</span></>}
    </span>
  );
}
