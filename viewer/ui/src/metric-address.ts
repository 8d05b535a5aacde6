// The pages of metrics as their addresses have them, and the questions they make of them.
import { changeQuery } from "./router";

const LARGEST = 2000;

export const metricFilters = ["q", "service"] as const;

export function metricsUrl(query: URLSearchParams): string {
  const ask = new URLSearchParams({ limit: String(LARGEST) });
  for (const name of metricFilters) {
    const value = query.get(name);
    if (value) ask.set(name, value);
  }
  return `/api/metrics?${ask}`;
}

export const metricUrl = (id: string): string => `/metrics/${encodeURIComponent(id)}`;

export function pointsUrl(id: string, query: URLSearchParams): string {
  const ask = new URLSearchParams({ limit: String(LARGEST) });
  for (const name of ["from_ns", "to_ns"]) {
    const value = query.get(name) ?? "";
    if (/^\d{1,20}$/.test(value)) ask.set(name, value);
  }
  return `/api/metrics/${encodeURIComponent(id)}?${ask}`;
}

// `show`: the series that are drawn; `parts`: their quantiles; `raw`: 1 for values since the start.
export const changeMetric = (changes: Partial<Record<(typeof metricFilters)[number] | "from_ns" | "to_ns" | "show" | "parts" | "raw", string>>): void => changeQuery(changes);
