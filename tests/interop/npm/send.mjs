// send.mjs URL: the OpenTelemetry SDK for JavaScript records spans and sends them to a viewer in each way its exporters know; what the viewer's
// API then says is compared, field by field, with what was recorded. One line a way: `ok - ...` or `not ok - ...`, differences below it.
import { createTraceState, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { OTLPTraceExporter as JsonExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtobufExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { attributes, differences, say, send, text } from "./compare.mjs";

const url = process.argv[2];
const REMOTE = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", traceFlags: 1, isRemote: true };
const SECOND = 1_700_000_000;
const SCOPE = { name: "interop \u{1F418}", version: "1.2.3", schema_url: "https://opentelemetry.io/schemas/1.30.0" };
const RESOURCE = { "service.name": "from npm", "host.name": "h\"\\\u2028", "process.pid": 42 };
const LIMIT = 8;

// ---- what is recorded ----

const values = {
  "text": "Gr\u00fc\u00dfe, \u4e16\u754c, \u{1F418}, \u202ertl",
  "controls": "\u0000\t\r\n\u001f\u007f",
  "int": Number.MAX_SAFE_INTEGER,
  "negative": -5,
  "double": 0.1,
  "bool": false,
  "texts": ["a", "", "\"quoted\" \\ </script>"],
  "numbers": [1, 2, -3],
};
const spans = [
  { name: "root", kind: SpanKind.SERVER, attributes: { ...values, "one too many": 1 }, start: 1, end: 999_999_999,
    status: { code: SpanStatusCode.OK } },
  { name: "", kind: SpanKind.CLIENT, parent: 0, start: 5, end: 5, attributes: { "doubles": [0.5, 5e-324], "bools": [true, false] },
    status: { code: SpanStatusCode.ERROR, message: "it \"failed\"\n\u00e9" },
    events: [{ name: "exception", at: 4, attributes: { "exception.message": "boom", "count": 3 } }, { name: "empty", at: 5, attributes: {} }] },
  { name: "lone \ud800 half", kind: SpanKind.CONSUMER, parent: 1, start: 6, end: 7, attributes: {},
    links: [{ to: 0, attributes: { "why": "because", "weight": 0.25 } }] },
  { name: "internal", kind: SpanKind.INTERNAL, parent: 0, start: 8, end: 9, attributes: {} },
  { name: "producer", kind: SpanKind.PRODUCER, parent: 3, start: 8, end: 10, attributes: {} },
];

function record() {
  const memory = new InMemorySpanExporter();
  const provider = new TracerProvider({
    resource: resourceFromAttributes(RESOURCE),
    spanProcessors: [new SimpleSpanProcessor({ exporter: memory })],
    spanLimits: { attributeCountLimit: LIMIT },
  });
  const tracer = provider.getTracer(SCOPE.name, SCOPE.version, { schemaUrl: SCOPE.schema_url });
  const remote = trace.setSpanContext(ROOT_CONTEXT, { ...REMOTE, traceState: createTraceState("vendor=a,other=b") });
  const started = [];
  for (const s of spans) {
    const links = (s.links ?? []).map((link) => ({ context: started[link.to].spanContext(), attributes: link.attributes }));
    const context = s.parent === undefined ? remote : trace.setSpan(ROOT_CONTEXT, started[s.parent]);
    const span = tracer.startSpan(s.name, { kind: s.kind, startTime: [SECOND, s.start], links }, context);
    for (const [key, value] of Object.entries(s.attributes)) span.setAttribute(key, value);
    for (const event of s.events ?? []) span.addEvent(event.name, event.attributes, [SECOND, event.at]);
    if (s.status) span.setStatus(s.status);
    started.push(span);
  }
  started.forEach((span, i) => span.end([SECOND, spans[i].end]));
  return { ids: started.map((span) => span.spanContext().spanId), finished: memory.getFinishedSpans() };
}

// ---- what the API must say ----

const KINDS = ["INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"];
const nanoseconds = (ns) => String(BigInt(SECOND) * 1_000_000_000n + BigInt(ns));

function expectedSpan(s, i, ids) {
  const kept = Object.fromEntries(Object.entries(s.attributes).slice(0, LIMIT));
  return {
    span_id: ids[i],
    parent_span_id: s.parent === undefined ? REMOTE.spanId : ids[s.parent],
    name: text(s.name),
    kind: KINDS[s.kind],
    start_unix_ns: nanoseconds(s.start),
    end_unix_ns: nanoseconds(s.end),
    status: { code: ["UNSET", "OK", "ERROR"][s.status?.code ?? 0], message: s.status?.message ?? "" },
    trace_state: "vendor=a,other=b",
    flags: s.parent === undefined ? 0x301 : 0x101,
    resource: 0,
    scope: 0,
    attributes: attributes(kept),
    events: (s.events ?? []).map((event) => ({
      name: event.name, time_unix_ns: nanoseconds(event.at), attributes: attributes(event.attributes), dropped_attributes_count: 0,
    })),
    links: (s.links ?? []).map((link) => ({
      trace_id: REMOTE.traceId, span_id: ids[link.to], trace_state: "vendor=a,other=b", flags: 0x101, attributes: attributes(link.attributes),
      dropped_attributes_count: 0,
    })),
    dropped_attributes_count: Object.keys(s.attributes).length - Object.keys(kept).length,
    dropped_events_count: 0,
    dropped_links_count: 0,
  };
}

const expected = (ids) => ({
  trace_id: REMOTE.traceId,
  resources: [{ attributes: attributes(RESOURCE), service: RESOURCE["service.name"], schema_url: "" }],
  scopes: [{ ...SCOPE, attributes: [] }],
  spans: spans.map((s, i) => expectedSpan(s, i, ids)),
});

const bySpanId = (a, b) => (a.span_id < b.span_id ? -1 : 1);

async function stored() {
  const answer = await fetch(`${url}/api/traces/${REMOTE.traceId}`);
  if (!answer.ok) throw new Error(`the viewer has no such trace: ${answer.status} ${await answer.text()}`);
  const { revision, ...found } = await answer.json();
  return found;
}

function compare(want, got) {
  want.spans.sort(bySpanId);
  got.spans.sort(bySpanId);
  return [...differences(want, got)];
}

// ---- sending ----

async function way(Exporter, compression, { ids, finished }) {
  await fetch(`${url}/api/traces`, { method: "DELETE" });
  const exporter = new Exporter({ url: `${url}/v1/traces`, compression });
  await send(exporter, finished);
  await exporter.shutdown();
  return compare(expected(ids), await stored());
}

// What the viewer exports is what JavaScript would have sent: posted again as it is, it is the same trace.
async function again(ids) {
  const file = await (await fetch(`${url}/api/traces/${REMOTE.traceId}.otlp.json`)).text();
  await fetch(`${url}/api/traces`, { method: "DELETE" });
  const answer = await fetch(`${url}/v1/traces`, { method: "POST", headers: { "Content-Type": "application/json" }, body: file });
  if (answer.status !== 200 || (await answer.text()) !== "{}") throw new Error(`the viewer refused its own export: ${answer.status}`);
  return compare(expected(ids), await stored());
}

const recorded = record();
for (const [name, Exporter, compression] of [
  ["protobuf", ProtobufExporter, "none"],
  ["protobuf, gzip", ProtobufExporter, "gzip"],
  ["JSON", JsonExporter, "none"],
  ["JSON, gzip", JsonExporter, "gzip"],
]) await say(`${name}: ${spans.length} spans arrive as they were recorded`, () => way(Exporter, compression, recorded));
await say("the export as OTLP JSON, sent back, is the same trace", () => again(recorded.ids));
