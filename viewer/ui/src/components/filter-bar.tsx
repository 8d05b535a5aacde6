import type { RefObject } from "preact";
import { useEffect, useState } from "preact/hooks";
import { usePoll } from "../poll";
import { navigate, traceUrl } from "../router";
import { Fail, Pause, Play, Search } from "./icons";

export const filterNames = ["q", "service", "errors", "min_duration_ms"] as const;
type FilterName = (typeof filterNames)[number];

const durations = [["", "Any duration"], ["10", "≥ 10 ms"], ["100", "≥ 100 ms"], ["1000", "≥ 1 s"], ["10000", "≥ 10 s"], ["60000", "≥ 1 min"]] as const;

interface Props {
  query: URLSearchParams;
  searchRef: RefObject<HTMLInputElement | null>;
  paused: boolean;
  live: boolean;
  onPause: () => void;
}

export function FilterBar({ query, searchRef, paused, live, onPause }: Props) {
  const { data } = usePoll<{ services: string[] }>("/api/services", 3000, paused);
  const set = (name: FilterName, value: string): void => {
    const next = new URLSearchParams(query);
    if (value) next.set(name, value);
    else next.delete(name);
    navigate(next.size > 0 ? `/?${next}` : "/", "replace");
  };
  const service = query.get("service") ?? "";
  const services = data?.services ?? [];
  const errors = query.get("errors") === "1";
  const minimum = query.get("min_duration_ms") ?? "";
  return (
    <div class="filter-bar" role="search">
      <SearchBox value={query.get("q") ?? ""} inputRef={searchRef} onChange={(value) => set("q", value)} />
      <select aria-label="Service" class={service ? "on" : ""} value={service} onChange={(event) => set("service", event.currentTarget.value)}>
        <option value="">All services</option>
        {(service && !services.includes(service) ? [service, ...services] : services).map((name) => <option key={name} value={name}>{name}</option>)}
      </select>
      <select aria-label="Least duration" class={minimum ? "on" : ""} value={minimum} onChange={(event) => set("min_duration_ms", event.currentTarget.value)}>
        {durations.map(([value, label]) => <option key={value} value={value}>{label}</option>)}
        {minimum && !durations.some(([value]) => value === minimum) && <option value={minimum}>≥ {minimum} ms</option>}
      </select>
      <button type="button" class="chip" aria-pressed={errors} onClick={() => set("errors", errors ? "" : "1")}><Fail />Errors</button>
      <span class="grow" />
      <button type="button" class={`live ${paused ? "" : live ? "on" : "waiting"}`} aria-pressed={!paused}
        title={paused ? "Resume (p)" : "Pause (p)"} onClick={onPause}>
        {paused ? <Play /> : <Pause />}{paused ? "Paused" : "Live"}
      </button>
    </div>
  );
}

const isTraceId = (text: string): boolean => /^[0-9a-f]{32}$/i.test(text);

function SearchBox({ value, inputRef, onChange }: { value: string; inputRef: RefObject<HTMLInputElement | null>; onChange: (value: string) => void }) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  // One request once the reader rests, not one a key.
  useEffect(() => {
    if (text.trim() === value) return;
    const timer = setTimeout(() => onChange(text.trim()), 250);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <label class="search">
      <Search />
      <input ref={inputRef} type="search" placeholder="Search by name or trace id" aria-label="Search traces by name or trace id"
        spellcheck={false} autocomplete="off" value={text} onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter" && isTraceId(text.trim())) navigate(traceUrl(text.trim().toLowerCase()));
        }} />
      <kbd>/</kbd>
    </label>
  );
}
