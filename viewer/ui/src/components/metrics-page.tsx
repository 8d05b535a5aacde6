// The instruments whose points have come, by service.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { ago, count, dateTime, label, nanoseconds, unixMs } from "../format";
import { useKeys } from "../keys";
import { useLatest } from "../latest";
import { changeMetric, metricFilters, metricUrl, metricsUrl } from "../metric-address";
import { serviceClass } from "../palette";
import { usePoll } from "../poll";
import { navigate, rememberList } from "../router";
import type { MetricHead, MetricPage } from "../types";
import { EmptyMetrics, NoMetricMatch } from "./empty-list";
import { LiveButton } from "./live-button";
import { SearchBox } from "./search-box";
import { ServiceSelect } from "./service-select";

const PERIOD_MS = 2000;
const STEP = 300;

export function MetricsPage({ query, onOffline }: { query: URLSearchParams; onOffline: (offline: boolean) => void }) {
  const [paused, setPaused] = useState(false);
  const [max, setMax] = useState(STEP);
  const [cursor, cursorNow, setCursor] = useLatest<string | null>(null);
  const search = useRef<HTMLInputElement>(null);
  const { data, error, offline } = usePoll<MetricPage>(metricsUrl(query), PERIOD_MS, paused, true);
  const good = useRef<MetricPage | null>(null); // what was there stays until the next answer
  if (data) good.current = data;
  const all = good.current?.metrics ?? [];
  const metrics = useMemo(() => all.slice(0, max), [all, max]);
  const services = useMemo(() => byService(metrics), [metrics]);

  useEffect(() => onOffline(offline), [offline]);
  useEffect(() => { document.title = "Metrics · spanwire"; }, []);
  useEffect(() => rememberList(query, "/metrics"), [query]);

  const position = (): number => metrics.findIndex(({ id }) => id === cursorNow());
  const move = (step: number) => (event: KeyboardEvent): void => {
    event.preventDefault();
    const at = position();
    const target = metrics[Math.min(metrics.length - 1, Math.max(0, at < 0 ? 0 : at + step))];
    if (target) setCursor(target.id);
  };
  useKeys({
    j: move(1), ArrowDown: move(1), k: move(-1), ArrowUp: move(-1), Home: move(-Infinity), End: move(Infinity),
    Enter: () => { const metric = metrics[position()]; if (metric) navigate(metricUrl(metric.id)); },
    p: () => setPaused((value) => !value),
    "/": (event) => { event.preventDefault(); search.current?.focus(); search.current?.select(); },
    Escape: () => {
      if (document.activeElement === search.current) search.current?.blur();
      else setCursor(null);
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
        : metrics.length > 0 ? <MetricTable services={services} cursor={cursor} />
        : !data ? <div class="notice">{offline ? "Waiting for the viewer…" : ""}</div>
        : filtered ? <NoMetricMatch /> : <EmptyMetrics />}
      {all.length > max && <p class="more"><button type="button" onClick={() => setMax(max + STEP)}>Show {count(Math.min(STEP, all.length - max))} more of {count(all.length)}</button></p>}
    </div>
  );
}

function byService(metrics: readonly MetricHead[]): [service: string, metrics: MetricHead[]][] {
  const found = new Map<string, MetricHead[]>();
  for (const metric of metrics) found.set(metric.service, [...(found.get(metric.service) ?? []), metric]);
  return [...found];
}

function MetricTable({ services, cursor }: { services: [string, MetricHead[]][]; cursor: string | null }) {
  return (
    <table class="traces metrics">
      <thead>
        <tr>
          <th scope="col" class="name-column">Metric</th>
          <th scope="col" class="column-type wide">Type</th>
          <th scope="col" class="column-unit">Unit</th>
          <th scope="col" class="column-spans number">Series</th>
          <th scope="col" class="column-spans number wide">Points</th>
          <th scope="col" class="column-start number wide">Last</th>
        </tr>
      </thead>
      {services.map(([service, metrics]) => (
        <tbody key={service}>
          <tr class="group"><th scope="rowgroup" colSpan={6}><span class={`service ${serviceClass(service)}`}><bdi>{label(service, 120)}</bdi></span></th></tr>
          {metrics.map((metric) => <Row key={metric.id} metric={metric} current={metric.id === cursor} />)}
        </tbody>
      ))}
    </table>
  );
}

function Row({ metric, current }: { metric: MetricHead; current: boolean }) {
  const row = useRef<HTMLTableRowElement>(null);
  const last = unixMs(nanoseconds(metric.last_unix_ns));
  const url = metricUrl(metric.id);
  useEffect(() => {
    if (current) row.current?.scrollIntoView({ block: "nearest" });
  }, [current]);
  return (
    <tr ref={row} class={current ? "current" : ""} data-metric-id={metric.id} aria-current={current ? "true" : undefined}
      onClick={(event) => { if (!(event.target as Element).closest("a, button") && getSelection()?.isCollapsed !== false) navigate(url); }}>
      <td class="trace-name"><a href={url}><bdi>{label(metric.name)}</bdi></a>{metric.description && <span class="under"><bdi>{label(metric.description, 160)}</bdi></span>}</td>
      <td class="wide"><MetricType metric={metric} /></td>
      <td class="unit">{metric.unit ? <bdi>{label(metric.unit, 40)}</bdi> : <span class="none">–</span>}</td>
      <td class="number">{count(metric.series)}</td>
      <td class="number wide">{count(metric.points)}</td>
      <td class="number wide"><time title={dateTime(last)}>{ago(last, Date.now())}</time></td>
    </tr>
  );
}

export function MetricType({ metric }: { metric: MetricHead }) {
  const notes = [metric.temporality !== "unspecified" && metric.temporality, metric.type === "sum" && metric.monotonic && "monotonic"].filter(Boolean);
  return <span class="metric-type">{metric.type.replace("_", " ")}{notes.map((note) => <small key={note as string}>{note}</small>)}</span>;
}
