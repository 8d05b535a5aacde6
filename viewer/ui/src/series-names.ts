// What tells a metric's series apart: the attributes in which they differ. What they share is said once.
import { label } from "./format";
import type { KeyValue, Metric } from "./types";
import { valueText } from "./value";

export interface SeriesName {
  key: string; // short, the same for the same series: for the address
  attributes: KeyValue[]; // in which it differs from others
}

export interface SeriesNames {
  shared: KeyValue[];
  names: SeriesName[];
}

const entry = (attribute: KeyValue): string => JSON.stringify([attribute.key, attribute.type, valueText(attribute)]);

function hash(text: string): string {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return (h >>> 0).toString(36);
}

// With the resource's where the series' own attributes do not suffice: two processes of one service.
export function seriesNames(metric: Metric): SeriesNames {
  const own = metric.series.map(({ attributes }) => attributes);
  const alike = new Set(own.map((attributes) => attributes.map(entry).sort().join())).size < own.length;
  const all = metric.series.map(({ attributes, resource }) => (alike ? [...attributes, ...(metric.resources[resource]?.attributes ?? [])] : attributes));
  const times = new Map<string, number>();
  for (const attributes of all) for (const text of new Set(attributes.map(entry))) times.set(text, (times.get(text) ?? 0) + 1);
  const isShared = (attribute: KeyValue): boolean => all.length > 1 && times.get(entry(attribute)) === all.length;
  const taken = new Map<string, number>();
  const names = all.map((attributes) => {
    const base = hash(attributes.map(entry).sort().join());
    const n = taken.get(base) ?? 0;
    taken.set(base, n + 1);
    return { key: n > 0 ? `${base}.${n}` : base, attributes: attributes.filter((attribute) => !isShared(attribute)) };
  });
  return { shared: all.length > 1 ? own[0]!.filter(isShared) : [], names };
}

// On one line; "" where nothing tells it from others.
export const seriesLine = (name: SeriesName): string => name.attributes.map((attribute) => `${label(attribute.key, 80)}=${label(valueText(attribute), 120)}`).join(", ");

// Which series are drawn: what the address says, or the first so many.
export function chosen(names: SeriesName[], show: string | null, most: number): boolean[] {
  if (show === null) return names.map((_, i) => i < most);
  if (show === "all") return names.map(() => true);
  const keys = new Set(show.split(","));
  return names.map(({ key }) => keys.has(key));
}

export function choice(names: SeriesName[], on: boolean[], most: number): string {
  if (on.every(Boolean)) return names.length > most ? "all" : "";
  return names.filter((_, i) => on[i]).map(({ key }) => key).join(",") || "none";
}
