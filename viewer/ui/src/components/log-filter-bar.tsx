import type { RefObject } from "preact";
import { clock, unixMs } from "../format";
import { narrowLogs } from "../log-address";
import { readTimes } from "../list-address";
import { severities } from "../logs";
import { traceUrl } from "../router";
import { Close } from "./icons";
import { LiveButton } from "./live-button";
import { SearchBox } from "./search-box";
import { ServiceSelect } from "./service-select";

interface Props {
  query: URLSearchParams;
  searchRef: RefObject<HTMLInputElement | null>;
  paused: boolean;
  live: boolean;
  onPause: () => void;
}

export function LogFilterBar({ query, searchRef, paused, live, onPause }: Props) {
  const severity = query.get("severity") ?? "";
  return (
    <div class="filter-bar" role="search">
      <SearchBox value={query.get("q") ?? ""} label="Search logs: body, event name, attribute values" placeholder="Search: a text of the body, an event name, an attribute's value" inputRef={searchRef} onChange={(q) => narrowLogs({ q })} />
      <select aria-label="Least severity" class={severity ? "on" : ""} value={severity} onChange={(event) => narrowLogs({ severity: event.currentTarget.value })}>
        <option value="">Any severity</option>
        {severities.map((name) => <option key={name} value={name}>{name === "fatal" ? "Fatal" : `${name[0]!.toUpperCase()}${name.slice(1)} and above`}</option>)}
        {severity && !severities.some((name) => name === severity) && <option value={severity}>{severity} and above</option>}
      </select>
      <ServiceSelect service={query.get("service") ?? ""} paused={paused} onChange={(service) => narrowLogs({ service })} />
      <LiveButton paused={paused} live={live} onPause={onPause} />
      <Narrowed query={query} />
    </div>
  );
}

// What links narrow the list to: a trace, a span, a stretch of time.
function Narrowed({ query }: { query: URLSearchParams }) {
  const [trace, span] = [query.get("trace_id"), query.get("span_id")];
  const times = readTimes(query);
  if (!trace && !times) return null;
  return (
    <p class="narrowed">
      {trace && <span class="focus-note"><span>{span ? "Of a span of trace " : "Of trace "}<a href={traceUrl(trace, span ?? undefined)}><code>{trace.slice(0, 8)}</code></a></span><button type="button" class="quiet" aria-label="Of all traces" title="Of all traces" onClick={() => narrowLogs({ trace_id: "", span_id: "" })}><Close /></button></span>}
      {times && <span class="focus-note"><span>{clock(unixMs(times.from))} – {clock(unixMs(times.to))}</span><button type="button" class="quiet" aria-label="All of the time" title="All of the time" onClick={() => narrowLogs({ from_ns: "", to_ns: "" })}><Close /></button></span>}
    </p>
  );
}
