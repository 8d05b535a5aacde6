// The measurements that stand for the others, newest first: what keys and readers of the screen have for the chart's dots, and all they carry.
import { useMemo, useState } from "preact/hooks";
import { clock, count, dateTime, label } from "../format";
import { exemplarsOf } from "../metric-lines";
import { traceUrl } from "../router";
import { type SeriesNames, seriesLine } from "../series-names";
import { colourClass } from "../shown-metric";
import type { KeyValue, Metric } from "../types";
import type { UnitFormat } from "../units";
import { valueText } from "../value";

const STEP = 20;

interface Props {
  metric: Metric;
  names: SeriesNames;
  on: boolean[];
  unit: UnitFormat;
}

export function ExemplarTable({ metric, names: { names }, on, unit }: Props) {
  const [max, setMax] = useState(STEP);
  const all = useMemo(() => exemplarsOf(metric).filter(({ series }) => on[series]), [metric, on]);
  if (all.length === 0) return null;
  return (
    <section class="tabular exemplars" aria-label="Exemplars">
      <header><h2>Exemplars</h2><span class="n">{count(all.length)}</span></header>
      <div class="scrolls" tabIndex={0} role="region" aria-label="Exemplars of the metric">
        <table class="sums">
          <thead><tr><th scope="col">Time</th><th scope="col" class="number">Value</th>{names.length > 1 && <th scope="col">Series</th>}<th scope="col">Attributes</th><th scope="col">Trace</th></tr></thead>
          <tbody>
            {all.slice(0, max).map(({ key, series, time, value, traceId, spanId, attributes }) => (
              <tr key={key}>
                <th scope="row" title={dateTime(time * 1000)}>{clock(time * 1000)}</th>
                <td class="number">{unit.value(value)}</td>
                {names.length > 1 && <td><span class={`series-name ${colourClass(series)}`}><bdi>{seriesLine(names[series]!)}</bdi></span></td>}
                <td class="exemplar-attributes"><AttributeLine attributes={attributes} /></td>
                <td>{traceId ? <a href={traceUrl(traceId, spanId || undefined)}><code>{traceId.slice(0, 8)}</code></a> : "–"}</td>
              </tr>
            ))}
          </tbody>
        </table>
        {all.length > max && <p class="more"><button type="button" onClick={() => setMax(max + STEP)}>Show {count(Math.min(STEP, all.length - max))} more of {count(all.length)}</button></p>}
      </div>
    </section>
  );
}

function AttributeLine({ attributes }: { attributes: KeyValue[] }) {
  if (attributes.length === 0) return <>–</>;
  return <>{attributes.slice(0, 8).map((attribute, i) => <span key={i}><bdi class="series-key">{label(attribute.key, 80)}</bdi> <bdi>{label(valueText(attribute), 120)}</bdi></span>)}</>;
}
