// A metric's series as lines over time: values, rates per second, quantiles.
import { type Distribution, between, distribution, double, quantile } from "./distribution";
import { readInstant, since } from "./instant";
import type { Metric, MetricHead, Point, Series } from "./types";

export interface Line {
  series: number; // its place among the metric's
  part: string; // "p95"; "" where a series is one line
  times: number[]; // seconds since 1970
  values: (number | null)[]; // null: nothing is known of that moment
}

export const QUANTILES: readonly [name: string, share: number][] = [["p50", 0.5], ["p95", 0.95], ["p99", 0.99]];

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

export function numberOf(point: Point): number | null {
  const { value } = point;
  if (value?.type !== "int" && value?.type !== "double") return null;
  const number = Number(value.value);
  return Number.isFinite(number) ? number : null;
}

// The later of two cumulative points counts from a start of its own: the program was started again, or the counter went back.
const restarted = (earlier: Point, later: Point): boolean => secondsBetween(earlier.start_unix_ns, later.start_unix_ns) > 0 && later.start_unix_ns !== "0";

// Per second, over the time since the point before; of a delta, over the time it says it covers.
function rate(points: Point[], i: number, temporality: MetricHead["temporality"]): number | null {
  const point = points[i]!;
  const value = numberOf(point);
  const before = points[i - 1];
  const own = point.start_unix_ns === "0" ? 0 : secondsBetween(point.start_unix_ns, point.time_unix_ns);
  const apart = before ? secondsBetween(before.time_unix_ns, point.time_unix_ns) : 0;
  if (value === null) return null;
  if (temporality === "delta") return over(value, own > 0 ? own : apart);
  const last = before ? numberOf(before) : null;
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

const mean = ({ sum, count }: Distribution): number | null => (sum === null || count === 0 ? null : sum / count);

export function linesOf(metric: Metric, raw: boolean): Line[] {
  return metric.series.flatMap((series, index) => seriesLines(metric.metric, series, index, raw));
}

function seriesLines(metric: MetricHead, { points }: Series, series: number, raw: boolean): Line[] {
  const times = points.map((point) => seconds(point.time_unix_ns));
  const line = (part: string, values: (number | null)[]): Line => ({ series, part, times, values });
  if (metric.type === "summary") {
    const names = [...new Set(points.flatMap((point) => (point.quantiles ?? []).map(({ quantile }) => double(quantile))))].sort((a, b) => a - b);
    return names.map((name) => line(quantileName(name), points.map((point) => finite(double(point.quantiles?.find((one) => double(one.quantile) === name)?.value)))));
  }
  if (!isHistogram(metric)) return [line("", points.map((point, i) => (isRate(metric, raw) ? rate(points, i, metric.temporality) : numberOf(point))))];
  const all = points.map((_, i) => distributionAt(points, i, metric, raw));
  const lines = QUANTILES.map(([name, share]) => line(name, all.map((one) => quantile(one, share))));
  // Without buckets, the mean is all there is.
  return lines.every(({ values }) => values.every((value) => value === null)) ? [line("mean", all.map(mean))] : lines;
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

const quantileName = (share: number): string => (share === 0 ? "min" : share === 1 ? "max" : `p${Number((100 * share).toFixed(4))}`);

// Exemplars are measurements: they belong beside values, not beside rates or sums.
export interface Dot {
  series: number;
  time: number;
  value: number;
  traceId: string;
  spanId: string;
}

export const hasDots = (metric: MetricHead): boolean => metric.type === "gauge" || isHistogram(metric);

export function dotsOf(metric: Metric, most: number): Dot[] {
  const dots: Dot[] = [];
  metric.series.forEach((series, index) => {
    for (const point of series.points) {
      for (const exemplar of point.exemplars) {
        const value = exemplar.value.type === "int" || exemplar.value.type === "double" ? Number(exemplar.value.value) : NaN;
        if (exemplar.trace_id && Number.isFinite(value)) dots.push({ series: index, time: seconds(exemplar.time_unix_ns), value, traceId: exemplar.trace_id, spanId: exemplar.span_id });
      }
    }
  });
  return dots.sort((a, b) => b.time - a.time).slice(0, most);
}
