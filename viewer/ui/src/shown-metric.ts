// What of a metric the chart, the legend and the table show, and how one line is told from another.
import { type Line, QUANTILES } from "./metric-lines";
import type { SeriesNames } from "./series-names";
import type { Metric } from "./types";
import type { UnitFormat } from "./units";

export interface ShownMetric {
  metric: Metric;
  names: SeriesNames;
  lines: Line[];
  unit: UnitFormat;
}

export const COLOURS = 8;
const DASHES: readonly (readonly number[])[] = [[], [7, 4], [2, 3], [10, 3, 2, 3]];

// A series keeps its colour; its quantiles, or the ninth series of the first colour, differ by their dashes.
export const colourClass = (series: number): string => `series-${series % COLOURS}`;

export function dashOf({ series, part }: Line, parts: readonly string[]): readonly number[] {
  const place = parts.length > 1 ? Math.max(0, parts.indexOf(part)) : Math.floor(series / COLOURS);
  return DASHES[place % DASHES.length]!;
}

export const partsOf = (lines: readonly Line[]): string[] => {
  const found = new Set(lines.map(({ part }) => part));
  const known = QUANTILES.map(([name]) => name).filter((name) => found.has(name));
  return [...known, ...[...found].filter((part) => !known.includes(part))];
};
