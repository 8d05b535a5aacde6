// The JSON the viewer's API answers with. 64-bit numbers travel as decimal strings.

export type Value =
  | { type: "string"; value: string }
  | { type: "int"; value: string }
  | { type: "double"; value: number | "NaN" | "Infinity" | "-Infinity" }
  | { type: "bool"; value: boolean }
  | { type: "bytes"; value: string }
  | Container
  | { type: "empty"; value: null };

export type Container = { type: "array"; value: Value[] } | { type: "map"; value: KeyValue[] };

export type KeyValue = Value & { key: string };

export interface Info {
  version: string;
  store: { kind: string; traces: number; spans: number; logs?: number; metric_points?: number; bytes: number; max_bytes: number; evicted_traces: number; evicted_logs?: number; evicted_metric_points?: number };
  received: { requests: number; spans: number; logs?: number; metric_points?: number; duplicates: number; rejected: number };
  revision: number;
}

export interface TraceSummary {
  trace_id: string;
  root_name: string | null;
  root_service: string;
  services: string[];
  start_unix_ns: string;
  duration_ns: string;
  span_count: number;
  error_count: number;
  complete: boolean;
  input_tokens?: string;
  output_tokens?: string;
}

export interface TracePage {
  revision: number;
  traces: TraceSummary[];
  next: string | null;
}

export interface Histogram {
  from_unix_ns: string;
  to_unix_ns: string;
  bucket_ns: string;
  buckets: { traces: number; errors: number }[];
}

export interface Completion {
  from: number; // bytes of the query that an item takes the place of
  to: number;
  items: { text: string; kind: "field" | "key" | "value" | "operator" | "word"; count?: number }[];
}

export interface Resource {
  attributes: KeyValue[];
  service: string;
  schema_url: string;
}

export interface Scope {
  name: string;
  version: string;
  schema_url: string;
  attributes: KeyValue[];
}

export interface SpanEvent {
  name: string;
  time_unix_ns: string;
  attributes: KeyValue[];
  dropped_attributes_count: number;
}

export interface SpanLink {
  trace_id: string;
  span_id: string;
  trace_state: string;
  flags: number;
  attributes: KeyValue[];
  dropped_attributes_count: number;
}

export interface Span {
  span_id: string;
  parent_span_id: string;
  name: string;
  kind: "INTERNAL" | "SERVER" | "CLIENT" | "PRODUCER" | "CONSUMER" | "UNSPECIFIED";
  start_unix_ns: string;
  end_unix_ns: string;
  status: { code: "UNSET" | "OK" | "ERROR"; message: string };
  trace_state: string;
  flags: number;
  resource: number;
  scope: number;
  attributes: KeyValue[];
  events: SpanEvent[];
  links: SpanLink[];
  dropped_attributes_count: number;
  dropped_events_count: number;
  dropped_links_count: number;
}

export interface Trace {
  trace_id: string;
  revision: number;
  resources: Resource[];
  scopes: Scope[];
  spans: Span[];
  shape?: Shape; // of an outline: outline.ts
}

// What the tree of a trace is built from, by the spans' places.
export interface Shape {
  startUnix: bigint;
  start: number[]; // ns after startUnix
  duration: number[];
  parent: number[]; // a place; -1: none, -2 and below: one that is not here
}

export type Severity = "" | "TRACE" | "DEBUG" | "INFO" | "WARN" | "ERROR" | "FATAL";

export interface Log {
  id: string;
  time_unix_ns: string; // 0: only when it was observed is known
  observed_unix_ns: string;
  severity: Severity;
  severity_number: number;
  severity_text: string;
  event_name: string;
  body: Value;
  attributes: KeyValue[];
  trace_id: string; // "": of no trace
  span_id: string;
  flags: number;
  dropped_attributes_count: number;
  resource: number;
  scope: number;
}

// Newest first.
export interface LogPage {
  revision: number;
  resources: Resource[];
  scopes: Scope[];
  logs: Log[];
  next: string | null;
}

export type MetricType = "gauge" | "sum" | "histogram" | "exponential_histogram" | "summary";

export interface MetricHead {
  id: string;
  name: string;
  description: string;
  unit: string;
  type: MetricType;
  temporality: "cumulative" | "delta" | "unspecified";
  monotonic: boolean;
  service: string;
  scope: string;
  series: number;
  points: number;
  last_unix_ns: string;
}

// By service, then name.
export interface Metrics {
  revision: number;
  metrics: MetricHead[];
}

// What JSON has no form for travels as text.
export type Double = number | "NaN" | "Infinity" | "-Infinity";

export interface Exemplar {
  time_unix_ns: string;
  value: Value;
  trace_id: string;
  span_id: string;
  attributes: KeyValue[];
}

export interface ExponentialSide {
  offset: number;
  buckets: string[];
}

// One of a metric's points; which of the fields it has is the metric's type's choice.
export interface Point {
  start_unix_ns: string;
  time_unix_ns: string;
  flags: number;
  exemplars: Exemplar[];
  value?: Value;
  count?: string;
  sum?: Double | null;
  min?: Double | null;
  max?: Double | null;
  bounds?: Double[];
  buckets?: string[];
  scale?: number;
  zero_count?: string;
  zero_threshold?: Double;
  positive?: ExponentialSide;
  negative?: ExponentialSide;
  quantiles?: { quantile: Double; value: Double }[];
}

export interface Series {
  attributes: KeyValue[];
  resource: number;
  scope: number;
  points: Point[]; // oldest first
}

export interface Metric {
  revision: number;
  metric: MetricHead;
  resources: Resource[];
  scopes: Scope[];
  more: boolean; // something was left out
  series: Series[];
}
