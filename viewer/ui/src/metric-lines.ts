// A metric's series as lines over time: values, rates per second, quantiles.
import { type Distribution, between, distribution, double, quantile } from "./distribution";
import { readInstant, since } from "./instant";
import type { KeyValue, Metric, MetricHead, Point, Series, Value } from "./types";

export interface Line {
  series: number; // its place among the metric's
  part: string; // "p95"; "" where a series is one line
  times: number[]; // seconds since 1970
  values: (number | null)[]; // null: nothing is known of that moment
}

export const QUANTILES: readonly [name: string, share: number][] = [["p50", 0.5], ["p95", 0.95], ["p99", 0.99]];

const MAX_QUANTILES = 12; // of a summary: how many it has is its sender's choice

export const isHistogram = ({ type }: MetricHead): boolean => type === "histogram" || type === "exponential_histogram";

// Sums that only grow, and histograms that are cumulative, say more as what came in each stretch of time.
export const hasRaw = (metric: MetricHead): boolean => (metric.type === "sum" && metric.monotonic) || (isHistogram(metric) && metric.temporality === "cumulative");
export const isRate = (metric: MetricHead, raw: boolean): boolean => metric.type === "sum" && metric.monotonic && !raw;

export function seconds(ns: string): number {
  const at = readInstant(ns);
  return at.seconds + at.ns / 1e9;
}

// Nanoseconds as seconds, without losing the small ones of two large instants.
const secondsBetween = (from: string, to: string): number => since(readInstant(from), readInstant(to)) / 1e9;

function finiteValue(value: Value | undefined): number | null {
  if (value?.type !== "int" && value?.type !== "double") return null;
  return finite(Number(value.value));
}

// The later of two cumulative points counts from a start of its own: the program was started again, or the counter went back.
const restarted = (earlier: Point, later: Point): boolean => secondsBetween(earlier.start_unix_ns, later.start_unix_ns) > 0 && later.start_unix_ns !== "0";

// Per second, over the time since the point before; of a delta, over the time it says it covers.
function rate(points: Point[], i: number, temporality: MetricHead["temporality"]): number | null {
  const point = points[i]!;
  const value = finiteValue(point.value);
  const before = points[i - 1];
  const own = point.start_unix_ns === "0" ? 0 : secondsBetween(point.start_unix_ns, point.time_unix_ns);
  const apart = before ? secondsBetween(before.time_unix_ns, point.time_unix_ns) : 0;
  if (value === null) return null;
  if (temporality === "delta") return over(value, own > 0 ? own : apart);
  const last = before ? finiteValue(before.value) : null;
  if (!before || last === null) return null;
  if (restarted(before, point)) return over(value, own > 0 && own < apart ? own : apart);
  return value < last ? over(value, apart) : over(value - last, apart);
}

const over = (value: number, time: number): number | null => (time > 0 ? value / time : null);

// What came since the point before, or since the start.
export function distributionAt(points: Point[], i: number, metric: MetricHead, raw: boolean): Distribution {
  const point = points[i]!;
  const before = points[i - 1];
  const whole = raw || metric.temporality !== "cumulative" || !before || restarted(before, point);
  return (whole ? null : between(before, point)) ?? distribution(point);
}

// The newest point that tells of any values, and what it tells; where none does, the last one.
export function newestDistribution(points: Point[], metric: MetricHead, raw: boolean): { point: Point; distribution: Distribution } {
  let i = points.length - 1;
  let found = distributionAt(points, i, metric, raw);
  while (found.count === 0 && i > 0) found = distributionAt(points, --i, metric, raw);
  return { point: points[found.count === 0 ? points.length - 1 : i]!, distribution: found };
}

const mean = ({ sum, count }: Distribution): number | null => (sum === null || count === 0 ? null : sum / count);

export function linesOf(metric: Metric, raw: boolean): Line[] {
  return metric.series.flatMap((series, index) => seriesLines(metric.metric, series, index, raw));
}

function seriesLines(metric: MetricHead, { points }: Series, series: number, raw: boolean): Line[] {
  const times = points.map((point) => seconds(point.time_unix_ns));
  const line = (part: string, values: (number | null)[]): Line => ({ series, part, times, values });
  if (metric.type === "summary") {
    const names = [...new Set(points.flatMap((point) => (point.quantiles ?? []).map(({ quantile }) => double(quantile))))].sort((a, b) => a - b).slice(0, MAX_QUANTILES);
    return names.map((name) => line(quantileName(name), points.map((point) => finite(double(point.quantiles?.find((one) => double(one.quantile) === name)?.value)))));
  }
  if (!isHistogram(metric)) return [line("", points.map((point, i) => (isRate(metric, raw) ? rate(points, i, metric.temporality) : finiteValue(point.value))))];
  const all = points.map((_, i) => distributionAt(points, i, metric, raw));
  const lines = QUANTILES.map(([name, share]) => line(name, all.map((one) => quantile(one, share))));
  // Without buckets, the mean is all there is.
  return lines.every(({ values }) => values.every((value) => value === null)) ? [line("mean", all.map(mean))] : lines;
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

const quantileName = (share: number): string => (share === 0 ? "min" : share === 1 ? "max" : `p${Number((100 * share).toFixed(4))}`);

// Exemplars are measurements: in the chart they belong beside values, not beside rates or sums.
export const hasDots = (metric: MetricHead): boolean => metric.type === "gauge" || isHistogram(metric);

export interface ShownExemplar {
  key: string;
  series: number;
  time: number;
  value: number;
  traceId: string; // "": of no trace
  spanId: string;
  attributes: KeyValue[];
}

// Newest first. A sender may repeat one with every point until there is a newer one.
export function exemplarsOf({ series }: Metric): ShownExemplar[] {
  const found = new Map<string, ShownExemplar>();
  series.forEach(({ points }, index) => {
    for (const exemplar of points.flatMap((point) => point.exemplars)) {
      const value = finiteValue(exemplar.value);
      if (value === null) continue;
      const { time_unix_ns, trace_id, span_id, attributes } = exemplar;
      const key = [index, time_unix_ns, value, trace_id, span_id].join();
      found.set(key, { key, series: index, time: seconds(time_unix_ns), value, traceId: trace_id, spanId: span_id, attributes });
    }
  });
  return [...found.values()].sort((a, b) => b.time - a.time);
}
