import type { RefObject } from "preact";
import type { ApiError } from "../api";
import { changeList } from "../list-address";
import { Fail } from "./icons";
import { LiveButton } from "./live-button";
import { QueryBox } from "./query-box";
import { ServiceSelect } from "./service-select";

const durations = [["", "Any duration"], ["10", "≥ 10 ms"], ["100", "≥ 100 ms"], ["1000", "≥ 1 s"], ["10000", "≥ 10 s"], ["60000", "≥ 1 min"]] as const;

interface Props {
  query: URLSearchParams;
  searchRef: RefObject<HTMLInputElement | null>;
  error: ApiError | null;
  paused: boolean;
  live: boolean;
  onPause: () => void;
}

export function FilterBar({ query, searchRef, error, paused, live, onPause }: Props) {
  const errors = query.get("errors") === "1";
  const minimum = query.get("min_duration_ms") ?? "";
  return (
    <div class="filter-bar" role="search">
      <QueryBox value={query.get("q") ?? ""} error={error} inputRef={searchRef} onChange={(q) => changeList({ q })} />
      <ServiceSelect service={query.get("service") ?? ""} paused={paused} onChange={(service) => changeList({ service })} />
      <select aria-label="Least duration" class={minimum ? "on" : ""} value={minimum} onChange={(event) => changeList({ min_duration_ms: event.currentTarget.value })}>
        {durations.map(([value, label]) => <option key={value} value={value}>{label}</option>)}
        {minimum && !durations.some(([value]) => value === minimum) && <option value={minimum}>≥ {minimum} ms</option>}
      </select>
      <button type="button" class="chip" aria-pressed={errors} onClick={() => changeList({ errors: errors ? "" : "1" })}><Fail />Errors</button>
      <span class="grow" />
      <LiveButton paused={paused} live={live} onPause={onPause} />
    </div>
  );
}
