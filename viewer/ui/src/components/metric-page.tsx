// One metric: its series as lines over time, its newest distribution, and all of it as a table.
import { useEffect, useMemo, useState } from "preact/hooks";
import { clock, label, unixMs } from "../format";
import { useKeys } from "../keys";
import { readTimes } from "../list-address";
import { changeMetric, pointsUrl } from "../metric-address";
import { QUANTILES, hasRaw, isHistogram, isRate, linesOf } from "../metric-lines";
import { serviceClass } from "../palette";
import { usePoll } from "../poll";
import { listUrl, navigate } from "../router";
import { choice, chosen, seriesNames } from "../series-names";
import { COLOURS } from "../shown-metric";
import type { Metric } from "../types";
import { unitFormat } from "../units";
import { Attributes } from "./attributes";
import { DistributionView } from "./distribution-view";
import { ExemplarTable } from "./exemplar-table";
import { Back, Close } from "./icons";
import { MetricChart } from "./metric-chart";
import { MetricType } from "./metric-type";
import { NumberTable } from "./number-table";
import { Section } from "./section";
import { SeriesLegend } from "./series-legend";

const PERIOD_MS = 2000;
const FIRST_SERIES = COLOURS; // those that are drawn until the reader chooses

interface Props {
  id: string;
  query: URLSearchParams;
  onOffline: (offline: boolean) => void;
}

export function MetricPage({ id, query, onOffline }: Props) {
  const { data, error, offline } = usePoll<Metric>(pointsUrl(id, query), PERIOD_MS, false, true);
  const [known, setKnown] = useState<Metric | null>(null); // stays while another stretch of time is asked for
  useEffect(() => { if (data) setKnown(data); }, [data]);
  useEffect(() => onOffline(offline), [offline]);
  const metric = data ?? known;
  if (metric) return <MetricView metric={metric} query={query} />;
  if (error?.status === 404) {
    return <div class="notice"><h1>This metric is not here</h1><p>It made room for newer ones, or the viewer was started again.</p><p><a href={listUrl("/metrics")}>All metrics</a></p></div>;
  }
  return <div class="notice" role="status">{error ? error.message : offline ? "Waiting for the viewer…" : ""}</div>;
}

function MetricView({ metric, query }: { metric: Metric; query: URLSearchParams }) {
  const head = metric.metric;
  const raw = query.get("raw") === "1";
  const names = useMemo(() => seriesNames(metric), [metric]);
  const on = useMemo(() => chosen(names.names, query.get("show"), FIRST_SERIES), [names, query]);
  const parts = readParts(query.get("parts"), on.filter(Boolean).length);
  const all = useMemo(() => linesOf(metric, raw), [metric, raw]);
  const lines = useMemo(() => all.filter(({ series, part }) => on[series] && (!isHistogram(head) || part === "mean" || parts.includes(part))), [all, on, parts.join()]);
  const unit = useMemo(() => unitFormat(head.unit, isRate(head, raw)), [head.unit, raw]);
  const [column, setColumn] = useState<(number | null)[]>([]);
  useEffect(() => { document.title = `${label(head.name, 80)} · spanwire`; }, [head.name]);

  const turnRaw = (): void => { if (hasRaw(head)) changeMetric({ raw: raw ? "" : "1" }); };
  useKeys({ r: turnRaw, 0: () => changeMetric({ from_ns: "", to_ns: "" }), Escape: () => navigate(listUrl("/metrics")) });
  const show = (next: boolean[]): void => changeMetric({ show: choice(names.names, next, FIRST_SERIES) });
  const what = { metric, names, lines, unit };
  return (
    <div class="metric-page">
      <Header metric={metric} />
      <div class="metric-bar">
        {hasRaw(head) && (
          <span class="switch" role="group" aria-label="What is shown">
            <button type="button" class="small" aria-pressed={!raw} title="r: the other" onClick={() => raw && turnRaw()}>{isHistogram(head) ? "Each stretch of time" : "Per second"}</button>
            <button type="button" class="small" aria-pressed={raw} title="r: the other" onClick={() => !raw && turnRaw()}>{isHistogram(head) ? "Since the start" : "Value"}</button>
          </span>
        )}
        {isHistogram(head) && lines[0]?.part !== "mean" && <Parts parts={parts} />}
        <span class="grow" />
        <Times query={query} />
      </div>
      {unit.title && <p class="chart-unit">{unit.title}</p>}
      <MetricChart {...what} onColumn={setColumn} />
      <SeriesLegend names={names} on={on} lines={lines} column={column} unit={unit} onShow={show} />
      {metric.more && <p class="nothing" role="status">There are more points or series than a page can show: the newest points of the first series are here.</p>}
      <div class="metric-below">
        {isHistogram(head) && <DistributionView metric={metric} on={on} raw={raw} unit={unitFormat(head.unit)} />}
        <NumberTable {...what} />
        <ExemplarTable metric={metric} names={names} on={on} unit={unitFormat(head.unit)} />
      </div>
      {names.shared.length > 0 && <Section title="Attributes of every series" n={names.shared.length} shut><Attributes attributes={names.shared} /></Section>}
      {metric.resources.map(({ attributes }, i) => (
        <Section key={i} title={metric.resources.length > 1 ? `Resource ${i + 1} of ${metric.resources.length}` : "Resource"} n={attributes.length} shut><Attributes attributes={attributes} /></Section>
      ))}
    </div>
  );
}

// All three of one series; of several, one each unless more are wanted.
function readParts(text: string | null, series: number): string[] {
  const wanted = (text ?? "").split(",").filter((part) => QUANTILES.some(([name]) => name === part));
  return wanted.length > 0 ? wanted : series > 1 ? ["p95"] : QUANTILES.map(([name]) => name);
}

function Parts({ parts }: { parts: string[] }) {
  return (
    <span class="switch" role="group" aria-label="Quantiles">
      {QUANTILES.map(([name]) => (
        <button key={name} type="button" class="small" aria-pressed={parts.includes(name)} onClick={() => {
          const next = parts.includes(name) ? parts.filter((part) => part !== name) : [...parts, name];
          if (next.length > 0) changeMetric({ parts: next.join(",") });
        }}>{name}</button>
      ))}
    </span>
  );
}

function Times({ query }: { query: URLSearchParams }) {
  const times = readTimes(query);
  if (!times) return <span class="hint wide">Drag over the chart to narrow the time</span>;
  return (
    <span class="focus-note">
      <span role="status">{clock(unixMs(times.from))} – {clock(unixMs(times.to))}</span>
      <button type="button" class="quiet" aria-label="All of the time" title="All of the time (0)" onClick={() => changeMetric({ from_ns: "", to_ns: "" })}><Close /></button>
    </span>
  );
}

function Header({ metric: { metric } }: { metric: Metric }) {
  return (
    <header class="metric-header">
      <a class="back" href={listUrl("/metrics")} aria-label="All metrics" title="All metrics (Esc)"><Back /></a>
      <div>
        <h1><bdi>{label(metric.name, 400)}</bdi></h1>
        <p class="under">
          <span class={`service ${serviceClass(metric.service)}`}><bdi>{label(metric.service, 120)}</bdi></span>
          <MetricType metric={metric} />
          {metric.unit && <span class="tag"><bdi>{label(metric.unit, 60)}</bdi></span>}
          {metric.scope && <span><bdi>{label(metric.scope, 120)}</bdi></span>}
        </p>
        {metric.description && <p class="metric-description"><bdi>{label(metric.description, 1000)}</bdi></p>}
      </div>
    </header>
  );
}
