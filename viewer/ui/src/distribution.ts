// What a histogram's point says of its values: how many lie where. Explicit bounds and exponential scales are the same from here on.
import type { Double, ExponentialSide, Point } from "./types";

export interface Bucket {
  low: number; // values above this, up to and with `high`
  high: number;
  count: number;
}

export interface Distribution {
  count: number;
  sum: number | null;
  min: number | null;
  max: number | null;
  buckets: Bucket[]; // by value
}

export const double = (value: Double | null | undefined): number => (value === null || value === undefined ? NaN : Number(value));
const known = (value: Double | null | undefined): number | null => (Number.isFinite(double(value)) ? double(value) : null);

export function distribution(point: Point): Distribution {
  const buckets = point.scale === undefined ? explicitBuckets(point) : exponentialBuckets(point, point.scale);
  return { count: Number(point.count ?? 0), sum: known(point.sum), min: known(point.min), max: known(point.max), buckets };
}

function explicitBuckets({ bounds = [], buckets = [] }: Point): Bucket[] {
  return buckets.map((count, i) => ({ low: i === 0 ? -Infinity : double(bounds[i - 1]), high: i < bounds.length ? double(bounds[i]) : Infinity, count: Number(count) }));
}

// Bucket i holds values above base^i, up to base^(i+1), where base is 2^(2^-scale).
function exponentialBuckets({ zero_count = "0", zero_threshold = 0, positive, negative }: Point, scale: number): Bucket[] {
  const edge = (index: number): number => 2 ** (index / 2 ** scale);
  const side = (from?: ExponentialSide): Bucket[] => (from?.buckets ?? []).map((count, i) => ({ low: edge(from!.offset + i), high: edge(from!.offset + i + 1), count: Number(count) }));
  const zero = double(zero_threshold) || 0;
  const below = side(negative).reverse().map(({ low, high, count }) => ({ low: -high, high: -low, count }));
  return [...below, ...(Number(zero_count) > 0 ? [{ low: -zero, high: zero, count: Number(zero_count) }] : []), ...side(positive)];
}

// A point at a coarser scale: of an exponential histogram, one is half as fine as the next.
function coarser(point: Point, scale: number): Point {
  const by = 2 ** (point.scale! - scale);
  const side = (from?: ExponentialSide): ExponentialSide => {
    const first = Math.floor((from?.offset ?? 0) / by);
    const counts: number[] = [];
    (from?.buckets ?? []).forEach((count, i) => {
      const at = Math.floor((from!.offset + i) / by) - first;
      counts[at] = (counts[at] ?? 0) + Number(count);
    });
    return { offset: first, buckets: Array.from(counts, (count) => String(count ?? 0)) };
  };
  return { ...point, scale, positive: side(point.positive), negative: side(point.negative) };
}

// What came between two cumulative points; null when the later one is no continuation of the earlier one.
export function between(earlier: Point, later: Point): Distribution | null {
  let [from, to] = [earlier, later];
  if (from.scale !== undefined && to.scale !== undefined && from.scale !== to.scale) {
    const scale = Math.min(from.scale, to.scale);
    [from, to] = [coarser(from, scale), coarser(to, scale)];
  }
  const [a, b] = [distribution(from), distribution(to)];
  if (b.count < a.count) return null;
  const before = new Map(a.buckets.map((bucket) => [`${bucket.low} ${bucket.high}`, bucket.count]));
  const buckets = b.buckets.map((bucket) => {
    const key = `${bucket.low} ${bucket.high}`;
    const count = bucket.count - (before.get(key) ?? 0);
    before.delete(key);
    return { ...bucket, count };
  });
  if (buckets.some(({ count }) => count < 0) || [...before.values()].some((count) => count > 0)) return null;
  // Extremes are those since the start: of a stretch in between nothing is known.
  return { count: b.count - a.count, sum: a.sum === null || b.sum === null ? null : b.sum - a.sum, min: null, max: null, buckets };
}

// Of several series; null where their buckets differ.
export function together(all: readonly Distribution[]): Distribution | null {
  const [first, ...rest] = all;
  if (!first) return null;
  const sum: Distribution = { ...first, buckets: first.buckets.map((bucket) => ({ ...bucket })) };
  for (const one of rest) {
    if (one.buckets.length !== sum.buckets.length || one.buckets.some(({ low, high }, i) => low !== sum.buckets[i]!.low || high !== sum.buckets[i]!.high)) return null;
    one.buckets.forEach(({ count }, i) => { sum.buckets[i]!.count += count; });
    sum.count += one.count;
    sum.sum = sum.sum === null || one.sum === null ? null : sum.sum + one.sum;
    sum.min = sum.min === null || one.min === null ? null : Math.min(sum.min, one.min);
    sum.max = sum.max === null || one.max === null ? null : Math.max(sum.max, one.max);
  }
  return sum;
}

// The value a share of all values stays below, as if values lay evenly within their bucket; null where the buckets do not tell.
export function quantile({ buckets, min, max }: Distribution, share: number): number | null {
  const total = buckets.reduce((sum, { count }) => sum + count, 0);
  if (total === 0) return null;
  let left = share * total;
  for (const { low, high, count } of buckets) {
    if (count === 0 || left > count) {
      left -= count;
      continue;
    }
    // An open bucket ends at the extreme, where that is known: a first one otherwise at 0, a last one where it begins.
    const from = Number.isFinite(low) ? low : min ?? (high > 0 && Number.isFinite(high) ? 0 : high);
    const to = Number.isFinite(high) ? high : max ?? low;
    if (!Number.isFinite(from) || !Number.isFinite(to)) return null;
    const value = from + ((to - from) * left) / count;
    return Math.min(max ?? Infinity, Math.max(min ?? -Infinity, value));
  }
  return max ?? null;
}

// For a picture: without the empty buckets at both ends, and two made one until there are few enough.
export function shownBuckets(all: readonly Bucket[], most: number): Bucket[] {
  const first = all.findIndex(({ count }) => count > 0);
  if (first < 0) return [];
  let end = all.length;
  while (all[end - 1]!.count === 0) end--;
  let buckets = all.slice(first, end);
  while (buckets.length > most) {
    const pairs: Bucket[] = [];
    for (let i = 0; i < buckets.length; i += 2) {
      const [a, b] = [buckets[i]!, buckets[i + 1]];
      pairs.push(b ? { low: a.low, high: b.high, count: a.count + b.count } : a);
    }
    buckets = pairs;
  }
  return buckets;
}
