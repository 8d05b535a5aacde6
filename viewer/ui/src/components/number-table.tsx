// The numbers of the chart, newest first.
import { useMemo, useState } from "preact/hooks";
import { clock, count, dateTime } from "../format";
import type { Line } from "../metric-lines";
import { type SeriesNames, seriesLine } from "../series-names";
import { type ShownMetric, colourClass } from "../shown-metric";
import { CopyButton } from "./copy-button";

const STEP = 50;
const MAX_COLUMNS = 24;

export function NumberTable({ names, lines, unit, metric }: ShownMetric) {
  const [max, setMax] = useState(STEP);
  const shown = lines.slice(0, MAX_COLUMNS);
  const rows = useMemo(() => tableRows(shown), [lines]);
  if (lines.length === 0) return null;
  const heads = shown.map((line) => columnName(line, names));
  return (
    <section class="tabular numbers" aria-label="Numbers">
      <header><h2>Numbers</h2><span class="n">{count(rows.length)}</span><CopyButton text={() => asText(heads, rows)} what="the numbers, separated by tabs" /></header>
      <div class="scrolls" tabIndex={0} role="region" aria-label="Numbers of the chart">
        <table class="sums">
          <thead><tr><th scope="col">Time</th>{shown.map((line, i) => <th key={i} scope="col" class={`number ${colourClass(line.series)}`}><bdi>{heads[i]}</bdi></th>)}</tr></thead>
          <tbody>
            {rows.slice(0, max).map(({ time, values }) => (
              <tr key={time}><th scope="row" title={dateTime(time * 1000)}>{clock(time * 1000)}</th>{values.map((value, i) => <td key={i} class="number">{value === null ? "–" : unit.value(value)}</td>)}</tr>
            ))}
          </tbody>
        </table>
        {rows.length > max && <p class="more"><button type="button" onClick={() => setMax(max + STEP)}>Show {count(Math.min(STEP, rows.length - max))} more of {count(rows.length)}</button></p>}
        {lines.length > MAX_COLUMNS && <p class="nothing">The first {MAX_COLUMNS} of {count(lines.length)} lines; leave some out to see the others.</p>}
        {metric.more && <p class="nothing">Older points are left out.</p>}
      </div>
    </section>
  );
}

const columnName = ({ series, part }: Line, { names }: SeriesNames): string => [seriesLine(names[series]!), part].filter(Boolean).join(" ") || "value";

interface Row {
  time: number;
  values: (number | null)[];
}

function tableRows(lines: readonly Line[]): Row[] {
  const rows = new Map<number, (number | null)[]>();
  lines.forEach(({ times, values }, column) => {
    times.forEach((time, i) => {
      let row = rows.get(time);
      if (!row) rows.set(time, (row = lines.map(() => null)));
      row[column] = values[i] ?? null;
    });
  });
  return [...rows].map(([time, values]) => ({ time, values })).sort((a, b) => b.time - a.time);
}

const asText = (heads: string[], rows: Row[]): string =>
  [["time", ...heads].join("\t"), ...rows.map(({ time, values }) => [new Date(time * 1000).toISOString(), ...values.map((value) => value ?? "")].join("\t"))].join("\n");
