// Instruments, by the service they are of.
import { useEffect, useMemo, useRef } from "preact/hooks";
import { ago, count, dateTime, label, nanoseconds, unixMs } from "../format";
import { metricUrl } from "../metric-address";
import { serviceClass } from "../palette";
import { navigate } from "../router";
import type { MetricHead } from "../types";
import { MetricType } from "./metric-type";

function byService(metrics: readonly MetricHead[]): [service: string, metrics: MetricHead[]][] {
  const found = new Map<string, MetricHead[]>();
  for (const metric of metrics) {
    const known = found.get(metric.service);
    if (known) known.push(metric);
    else found.set(metric.service, [metric]);
  }
  return [...found];
}

export function MetricList({ metrics, cursor }: { metrics: readonly MetricHead[]; cursor: string | null }) {
  const services = useMemo(() => byService(metrics), [metrics]);
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
          <tr class="group"><th scope="rowgroup" colSpan={3}><span class={`service ${serviceClass(service)}`}><bdi>{label(service, 120)}</bdi></span></th><td class="wide" colSpan={3} /></tr>
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
