// send_signals.mjs URL: logs and metrics of the OpenTelemetry SDK for JavaScript, sent to a viewer as protobuf and as JSON; what its API then says is
// compared with what was recorded. One line a way, as send.mjs.
import { ROOT_CONTEXT, ValueType, trace } from "@opentelemetry/api";
import { SeverityNumber } from "@opentelemetry/api-logs";
import { OTLPLogExporter as JsonLogs } from "@opentelemetry/exporter-logs-otlp-http";
import { OTLPLogExporter as ProtobufLogs } from "@opentelemetry/exporter-logs-otlp-proto";
import { OTLPMetricExporter as JsonMetrics } from "@opentelemetry/exporter-metrics-otlp-http";
import { OTLPMetricExporter as ProtobufMetrics } from "@opentelemetry/exporter-metrics-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } from "@opentelemetry/sdk-logs";
import { AggregationTemporality, AggregationType, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { attributes, differences, say, send, typed } from "./compare.mjs";

const url = process.argv[2];
const RESOURCE = { "service.name": "signals from npm", "process.pid": 42 };
const CONTEXT = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", traceFlags: 1 };
const SECOND = 1_700_000_000;
const nanoseconds = (ns) => String(BigInt(SECOND) * 1_000_000_000n + BigInt(ns));
const resources = [{ attributes: attributes(RESOURCE), service: RESOURCE["service.name"], schema_url: "" }];
const get = async (path) => (await fetch(url + path)).json();
const forget = (path) => fetch(url + path, { method: "DELETE" });

// ---- logs ----

const records = [
  { severityNumber: SeverityNumber.ERROR2, severityText: "E2", body: "it \"broke\" \u{1F418}", attributes: { "n": 3, "list": ["a", 1], "half": 0.5 }, eventName: "disk.full", linked: true },
  { severityNumber: SeverityNumber.INFO, body: { deep: { list: [true, -1, "x"] }, empty: {} }, attributes: {} },
  { body: 12, attributes: {} },
];

async function recordLogs() {
  const memory = new InMemoryLogRecordExporter();
  const provider = new LoggerProvider({ resource: resourceFromAttributes(RESOURCE), processors: [new SimpleLogRecordProcessor({ exporter: memory })] });
  const logger = provider.getLogger("signals", "1");
  records.forEach(({ linked, ...record }, i) => logger.emit({
    ...record, timestamp: [SECOND, i + 1], observedTimestamp: [SECOND, 100 + i], context: linked ? trace.setSpanContext(ROOT_CONTEXT, CONTEXT) : ROOT_CONTEXT,
  }));
  await provider.forceFlush();
  return memory.getFinishedLogRecords();
}

// A map is an object here, and pairs there.
function value(of) {
  if (Array.isArray(of)) return { type: "array", value: of.map(value) };
  if (of !== null && typeof of === "object") return { type: "map", value: Object.entries(of).map(([key, inner]) => ({ key, ...value(inner) })) };
  return typed(of);
}

const ranges = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
const expectedLogs = () => records.map((record, i) => ({
  time_unix_ns: nanoseconds(i + 1), observed_unix_ns: nanoseconds(100 + i), severity: record.severityNumber ? ranges[(record.severityNumber - 1) >> 2] : "",
  severity_number: record.severityNumber ?? 0, severity_text: record.severityText ?? "", event_name: record.eventName ?? "", body: value(record.body),
  attributes: attributes(record.attributes), trace_id: record.linked ? CONTEXT.traceId : "", span_id: record.linked ? CONTEXT.spanId : "",
  flags: record.linked ? 1 : 0, dropped_attributes_count: 0, resource: 0, scope: 0,
})).reverse();

async function logsAs(Exporter, finished) {
  await forget("/api/logs");
  await send(new Exporter({ url: `${url}/v1/logs` }), finished);
  const { logs, resources: found, next } = await get("/api/logs");
  return [...differences({ resources, next: null, logs: expectedLogs() }, { resources: found, next, logs: logs.map(({ id, ...log }) => log) })];
}

// ---- metrics ----

async function recordMetrics() {
  const memory = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter: memory, exportIntervalMillis: 3_600_000 });
  const views = [{ instrumentName: "exponential", aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM, options: { maxSize: 8, recordMinMax: true } } }];
  const provider = new MeterProvider({ resource: resourceFromAttributes(RESOURCE), readers: [reader], views });
  const meter = provider.getMeter("signals", "1");
  meter.createCounter("counter", { unit: "{thing}", description: "things", valueType: ValueType.INT }).add(7, { kind: "a" });
  meter.createUpDownCounter("up.down").add(-2.5);
  meter.createObservableGauge("gauge").addCallback((result) => result.observe(21.5, { room: "attic" }));
  const histogram = meter.createHistogram("histogram", { unit: "s", advice: { explicitBucketBoundaries: [0.5, 1] } });
  for (const seconds of [0.25, 0.75, 4]) histogram.record(seconds);
  const exponential = meter.createHistogram("exponential");
  for (const size of [1, 2, 1000]) exponential.record(size);
  await reader.forceFlush();
  const [recorded] = memory.getMetrics();
  await provider.shutdown();
  return recorded;
}

const head = (name, type, more) => ({ name, type, description: "", unit: "", temporality: "unspecified", monotonic: false, service: RESOURCE["service.name"], scope: "signals", series: 1, points: 1, ...more });
const cumulative = { temporality: "cumulative" };

// What is under a name: its head, its series' attributes, its point without times.
const expectedMetrics = () => ({
  counter: [head("counter", "sum", { ...cumulative, monotonic: true, unit: "{thing}", description: "things" }), { kind: "a" }, { value: typed(7) }],
  "up.down": [head("up.down", "sum", cumulative), {}, { value: { type: "double", value: -2.5 } }],
  gauge: [head("gauge", "gauge"), { room: "attic" }, { value: { type: "double", value: 21.5 } }],
  histogram: [head("histogram", "histogram", { ...cumulative, unit: "s" }), {}, { count: "3", sum: 5, min: 0.25, max: 4, bounds: [0.5, 1], buckets: ["1", "1", "1"] }],
  exponential: [head("exponential", "exponential_histogram", cumulative), {}, null],
});

// Each value lies in the bucket that its scale and place say.
function* misplaced(point, values) {
  const base = 2 ** (2 ** -point.scale);
  const counts = point.positive.buckets.map(() => 0);
  for (const one of values) counts[Math.ceil(Math.log(one) / Math.log(base) - 1e-9) - 1 - point.positive.offset]++;
  yield* differences({ count: String(values.length), sum: values.reduce((a, b) => a + b), min: Math.min(...values), max: Math.max(...values), zero_count: "0", buckets: counts.map(String) },
    { count: point.count, sum: point.sum, min: point.min, max: point.max, zero_count: point.zero_count, buckets: point.positive.buckets }, "$.exponential");
}

async function metricsAs(Exporter, recorded) {
  await forget("/api/metrics");
  await send(new Exporter({ url: `${url}/v1/metrics` }), recorded);
  const { metrics } = await get("/api/metrics");
  const lines = [...differences(Object.keys(expectedMetrics()).sort(), metrics.map(({ name }) => name))];
  for (const { id, last_unix_ns, ...found } of metrics) {
    const [wanted, labels, point] = expectedMetrics()[found.name] ?? [{}, {}, {}];
    const { series, resources: of } = await get(`/api/metrics/${id}`);
    const { start_unix_ns, time_unix_ns, flags, exemplars, ...got } = series[0].points[0];
    lines.push(...differences(wanted, found, `$.${found.name}`), ...differences(attributes(labels), series[0].attributes, `$.${found.name}.attributes`), ...differences(resources, of, "$.resources"));
    lines.push(...(point ? differences(point, got, `$.${found.name}.point`) : misplaced(got, [1, 2, 1000])));
    if (last_unix_ns !== time_unix_ns) lines.push(`${found.name}: last_unix_ns ${last_unix_ns}, its point's ${time_unix_ns}`);
  }
  return lines;
}

const logs = await recordLogs();
for (const [name, Exporter] of [["protobuf", ProtobufLogs], ["JSON", JsonLogs]])
  await say(`${name}: ${records.length} log records arrive as they were recorded`, () => logsAs(Exporter, logs));
const metrics = await recordMetrics();
for (const [name, Exporter] of [["protobuf", ProtobufMetrics], ["JSON", JsonMetrics]])
  await say(`${name}: metrics of five kinds arrive as they were recorded`, () => metricsAs(Exporter, metrics));
