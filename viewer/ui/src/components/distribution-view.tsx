// How the values of the newest points that have any lie: one row a bucket, a bar beside its count.
import { useMemo } from "preact/hooks";
import { type Bucket, type Distribution, quantile, shownBuckets, together } from "../distribution";
import { clock, count, percent } from "../format";
import { QUANTILES, newestDistribution, seconds } from "../metric-lines";
import type { Metric } from "../types";
import type { UnitFormat } from "../units";

const MOST = 32;

export function DistributionView({ metric, on, raw, unit }: { metric: Metric; on: boolean[]; raw: boolean; unit: UnitFormat }) {
  const { sum, time, left } = useMemo(() => newest(metric, on, raw), [metric, on, raw]);
  if (!sum) return null;
  const buckets = shownBuckets(sum.buckets, MOST);
  const most = buckets.reduce((value, bucket) => Math.max(value, bucket.count), 1);
  const facts: [string, number | null][] = [["mean", sum.sum !== null && sum.count > 0 ? sum.sum / sum.count : null], ...QUANTILES.map(([name, share]): [string, number | null] => [name, quantile(sum, share)]), ["min", sum.min], ["max", sum.max]];
  return (
    <section class="distribution" aria-label="Distribution of the newest points">
      <h2>Newest distribution <small>{clock(time * 1000)}{raw ? ", since the start" : ""}</small></h2>
      <p class="distribution-facts">{count(sum.count)} values{facts.map(([name, value]) => value !== null && <span key={name}>{name} <b>{unit.value(value)}</b></span>)}</p>
      {left && <p class="dropped">The series' buckets differ: this is the first of them.</p>}
      {buckets.length > 0 && (
        <table>
          <thead><tr><th scope="col">Values</th><th scope="col"><span class="spoken">Share</span></th><th scope="col" class="number">Count</th></tr></thead>
          <tbody>
            {buckets.map((bucket) => (
              <tr key={`${bucket.low} ${bucket.high}`}>
                <th scope="row">{rangeText(bucket, unit)}</th>
                <td title={percent(sum.count > 0 ? bucket.count / sum.count : 0)}>{bucket.count > 0 && <i style={{ width: `${(100 * bucket.count) / most}%` }} />}</td>
                <td class="number">{count(bucket.count)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function rangeText({ low, high }: Bucket, { mark, title }: UnitFormat): string {
  const text = low === -Infinity && high === Infinity ? "all" : low === -Infinity ? `≤ ${mark(high)}` : high === Infinity ? `> ${mark(low)}` : low === high ? mark(low) : `${mark(low)} – ${mark(high)}`;
  return title ? `${text} ${title}` : text;
}

// Of the series on show together, where their buckets are the same.
function newest(metric: Metric, on: boolean[], raw: boolean): { sum: Distribution | null; time: number; left: boolean } {
  const found = metric.series.filter(({ points }, i) => on[i] && points.length > 0).map(({ points }) => newestDistribution(points, metric.metric, raw));
  const all = found.map(({ distribution }) => distribution);
  const sum = together(all);
  const time = Math.max(0, ...found.map(({ point }) => seconds(point.time_unix_ns)));
  return { sum: sum ?? all[0] ?? null, time, left: sum === null && all.length > 0 };
}
