// The instruments whose points have come, by service.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { count } from "../format";
import { useKeys } from "../keys";
import { useListCursor } from "../list-cursor";
import { changeMetric, metricFilters, metricUrl, metricsUrl } from "../metric-address";
import { usePoll } from "../poll";
import { navigate, rememberList } from "../router";
import type { Metrics } from "../types";
import { EmptyMetrics, NoMatch } from "./empty-list";
import { LiveButton } from "./live-button";
import { MetricList } from "./metric-list";
import { SearchBox } from "./search-box";
import { ServiceSelect } from "./service-select";

const PERIOD_MS = 2000;
const STEP = 300;

export function MetricsPage({ query, onOffline }: { query: URLSearchParams; onOffline: (offline: boolean) => void }) {
  const [paused, setPaused] = useState(false);
  const [max, setMax] = useState(STEP);
  const search = useRef<HTMLInputElement>(null);
  const { data, error, offline } = usePoll<Metrics>(metricsUrl(query), PERIOD_MS, paused, true);
  const good = useRef<Metrics | null>(null); // what was there stays until the next answer
  if (data) good.current = data;
  const all = good.current?.metrics ?? [];
  const metrics = useMemo(() => all.slice(0, max), [all, max]);
  const cursor = useListCursor(metrics, ({ id }) => id);

  useEffect(() => onOffline(offline), [offline]);
  useEffect(() => { document.title = "Metrics · spanwire"; }, []);
  useEffect(() => rememberList(query, "/metrics"), [query]);

  useKeys({
    ...cursor.steps,
    Enter: () => { const metric = cursor.item(); if (metric) navigate(metricUrl(metric.id)); },
    p: () => setPaused((value) => !value),
    "/": (event) => { event.preventDefault(); search.current?.focus(); search.current?.select(); },
    Escape: () => {
      if (document.activeElement === search.current) search.current?.blur();
      else cursor.set(null);
    },
  });
  const filtered = metricFilters.some((name) => query.get(name));
  return (
    <div class="list-page">
      <h1 class="spoken">Metrics</h1>
      <div class="filter-bar" role="search">
        <SearchBox value={query.get("q") ?? ""} label="Search metrics by name" placeholder="Search: a part of a name" inputRef={search} onChange={(q) => changeMetric({ q })} />
        <ServiceSelect service={query.get("service") ?? ""} paused={paused} onChange={(service) => changeMetric({ service })} />
        <LiveButton paused={paused} live={!offline && !!data} onPause={() => setPaused(!paused)} />
      </div>
      {error ? <div class="notice" role="alert"><h2>The viewer could not answer</h2><p>{error.message}</p></div>
        : metrics.length > 0 ? <MetricList metrics={metrics} cursor={cursor.id} />
        : !data ? <div class="notice">{offline ? "Waiting for the viewer…" : ""}</div>
        : filtered ? <NoMatch what="metric" list="/metrics" /> : <EmptyMetrics />}
      {all.length > max && <p class="more"><button type="button" onClick={() => setMax(max + STEP)}>Show {count(Math.min(STEP, all.length - max))} more of {count(all.length)}</button></p>}
    </div>
  );
}
