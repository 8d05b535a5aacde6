import type { MetricHead } from "../types";

export function MetricType({ metric }: { metric: MetricHead }) {
  const notes = [metric.temporality !== "unspecified" && metric.temporality, metric.type === "sum" && metric.monotonic && "monotonic"].filter(Boolean);
  return <span class="metric-type">{metric.type.replace("_", " ")}{notes.map((note) => <small key={note as string}>{note}</small>)}</span>;
}
