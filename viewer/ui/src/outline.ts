// A large trace as its outline: columns, from which a span is read when it is looked at. What it has inside (its attributes but those told of
// all spans, its events' and links' attributes) is fetched when it is opened: use-whole-span.ts.
import type { KeyValue, Resource, Scope, Span, SpanEvent, SpanLink, Trace } from "./types";

export interface Outline {
  trace_id: string;
  revision: number;
  resources: Resource[];
  scopes: Scope[];
  start_unix_ns: string;
  texts: string[];
  spans: {
    id: string; // 16 digits each
    parent: number[]; // -1: none; -2 and below: absent ones
    absent: string; // 16 digits each
    name: number[];
    start: number[]; // ns after start_unix_ns
    duration: number[];
    resource: number[];
    scope: number[];
    kind: string; // a digit each
    status: string;
  };
  messages: { span: number[]; text: number[] };
  events: { span: number[]; name: number[]; time: number[] };
  links: { span: number[]; to: number[] };
  attributes: { span: number[]; value: number[]; values: KeyValue[] };
}

// What the views say of spans without opening them.
const KEYS = [
  "gen_ai.operation.name", "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens", "gen_ai.agent.name", "gen_ai.request.model", "gen_ai.tool.name",
  "gen_ai.tool.call.id", "gen_ai.data_source.id", "gen_ai.memory.store.name",
];
const WHOLE_BELOW = 1 << 20; // bytes: a trace that small is read whole as soon as its outline would be

export const outlineUrl = (traceId: string): string => `/api/traces/${traceId}/outline?attributes=${KEYS.join()}&whole_below=${WHOLE_BELOW}`;

const ID_DIGITS = 16;
const kinds = ["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"] as const;
const codes = ["UNSET", "OK", "ERROR"] as const;
const NONE: never[] = [];
const digit = (digits: string, at: number): number => digits.charCodeAt(at) - 48;

// The items that belong to each span, by their places in their lists.
function bySpan<T>(spans: readonly number[], item: (at: number) => T): Map<number, T[]> {
  const found = new Map<number, T[]>();
  for (let i = 0; i < spans.length; i++) {
    const known = found.get(spans[i]!);
    if (known) known.push(item(i));
    else found.set(spans[i]!, [item(i)]);
  }
  return found;
}

class Columns {
  readonly start: bigint;
  readonly attributes: Map<number, KeyValue[]>;
  readonly events: Map<number, number[]>;
  readonly links: Map<number, number[]>;
  readonly messages: Map<number, number[]>;

  constructor(readonly outline: Outline) {
    const { attributes, events, links, messages } = outline;
    this.start = BigInt(outline.start_unix_ns);
    this.attributes = bySpan(attributes.span, (i) => attributes.values[attributes.value[i]!]!);
    this.events = bySpan(events.span, (i) => i);
    this.links = bySpan(links.span, (i) => links.to[i]!);
    this.messages = bySpan(messages.span, (i) => messages.text[i]!);
  }

  id(span: number): string {
    return this.outline.spans.id.slice(span * ID_DIGITS, (span + 1) * ID_DIGITS);
  }

  parentId(span: number): string {
    const parent = this.outline.spans.parent[span]!;
    const absent = (-2 - parent) * ID_DIGITS;
    return parent >= 0 ? this.id(parent) : this.outline.spans.absent.slice(absent, absent + ID_DIGITS);
  }

  text(number: number | undefined): string {
    return number === undefined ? "" : this.outline.texts[number] ?? "";
  }

  // Nanoseconds since 1970, for the few that are shown.
  instant(after: number): string {
    return String(this.start + BigInt(after));
  }

  event(at: number): SpanEvent {
    const { name, time } = this.outline.events;
    return { name: this.text(name[at]), time_unix_ns: this.instant(time[at]!), attributes: NONE, dropped_attributes_count: 0 };
  }

  link(to: number): SpanLink {
    return { trace_id: this.outline.trace_id, span_id: this.id(to), trace_state: "", flags: 0, attributes: NONE, dropped_attributes_count: 0 };
  }
}

export class OutlinedSpan implements Span {
  readonly flags = 0;
  readonly trace_state = "";
  readonly dropped_attributes_count = 0;
  readonly dropped_events_count = 0;
  readonly dropped_links_count = 0;

  constructor(private readonly columns: Columns, private readonly at: number) {}

  get span_id(): string { return this.columns.id(this.at); }
  get parent_span_id(): string { return this.columns.parentId(this.at); }
  get name(): string { return this.columns.text(this.columns.outline.spans.name[this.at]); }
  get kind(): Span["kind"] { return kinds[digit(this.columns.outline.spans.kind, this.at)]!; }
  get start_unix_ns(): string { return this.columns.instant(this.columns.outline.spans.start[this.at]!); }
  get end_unix_ns(): string { return this.columns.instant(this.columns.outline.spans.start[this.at]! + this.columns.outline.spans.duration[this.at]!); }
  get status(): Span["status"] { return { code: codes[digit(this.columns.outline.spans.status, this.at)]!, message: this.columns.text(this.columns.messages.get(this.at)?.[0]) }; }
  get resource(): number { return this.columns.outline.spans.resource[this.at]!; }
  get scope(): number { return this.columns.outline.spans.scope[this.at]!; }
  get attributes(): KeyValue[] { return this.columns.attributes.get(this.at) ?? NONE; }
  get events(): SpanEvent[] { return this.columns.events.get(this.at)?.map((event) => this.columns.event(event)) ?? NONE; }
  get links(): SpanLink[] { return this.columns.links.get(this.at)?.map((to) => this.columns.link(to)) ?? NONE; }
}

export const isOutlined = (span: Span): boolean => span instanceof OutlinedSpan;

// The trace of either answer.
export function readTrace(answer: Trace | Outline): Trace {
  if (Array.isArray(answer.spans)) return answer as Trace;
  const outline = answer as Outline;
  const columns = new Columns(outline);
  const { trace_id, revision, resources, scopes, spans, start_unix_ns } = outline;
  return {
    trace_id, revision, resources, scopes,
    spans: spans.start.map((_, i) => new OutlinedSpan(columns, i)),
    shape: { startUnix: BigInt(start_unix_ns), start: spans.start, duration: spans.duration, parent: spans.parent },
  };
}
