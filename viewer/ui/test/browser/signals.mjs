// Logs and metrics as OTLP JSON: many of them, those of an agent's trace, and ones with a hostile string in every field.
import { HOSTILE, attribute, attributes, spanId, text, traceId } from "./traces.mjs";

const SECOND = 1_000_000_000n;

export const logRequest = (service, logRecords, more = {}) => ({
  resourceLogs: [{ resource: { attributes: [attribute("service.name", service), ...(more.resource ?? [])] }, schemaUrl: more.schemaUrl ?? "", scopeLogs: [{ scope: more.scope ?? { name: "test" }, logRecords }] }],
});

export const metricRequest = (service, metrics, more = {}) => ({
  resourceMetrics: [{ resource: { attributes: [attribute("service.name", service), ...(more.resource ?? [])] }, schemaUrl: more.schemaUrl ?? "", scopeMetrics: [{ scope: more.scope ?? { name: "test" }, metrics }] }],
});

export const log = (timeNs, severityNumber, body, more = {}) => ({
  timeUnixNano: String(timeNs), observedTimeUnixNano: String(timeNs), severityNumber, body: typeof body === "string" ? text(body) : body, ...more,
});

export const inSpan = (trace, span) => ({ traceId: traceId(trace), spanId: spanId(span), flags: 1 });

// One a millisecond up to `last`; every hundredth warns, every thousandth fails.
export function manyLogs(last, count) {
  const requests = [];
  for (let from = 0; from < count; from += 5000) {
    const records = [];
    for (let i = from; i < Math.min(count, from + 5000); i++) {
      const severity = i % 1000 === 0 ? 17 : i % 100 === 0 ? 13 : 9;
      records.push(log(last - BigInt(count - 1 - i) * 1_000_000n, severity, `line ${i} of the import`, { attributes: attributes({ row: i }) }));
    }
    requests.push(logRequest("batch", records));
  }
  return requests;
}

const kv = (object) => ({ kvlistValue: { values: attributes(object) } });
const list = (...values) => ({ arrayValue: { values } });

// What the conventions write of a model call, its content structured.
export const callDetails = (timeNs, trace, span) => log(timeNs, 5, {}, {
  ...inSpan(trace, span), body: undefined, eventName: "gen_ai.client.inference.operation.details",
  attributes: [
    ...attributes({ "gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-x" }),
    attribute("gen_ai.input.messages", list(kv({ role: "user", parts: list(kv({ type: "text", content: "How long is the **longest** line?" })) }))),
    attribute("gen_ai.output.messages", list(kv({ role: "assistant", finish_reason: "stop", parts: list(kv({ type: "tool_call", id: "call_7", name: "longest_line", arguments: kv({ file: "a.c" }) })) }))),
  ],
});

const badAttributes = attributes({ [HOSTILE]: HOSTILE, list: list(text(HOSTILE)), map: kv({ [HOSTILE]: HOSTILE }) });
const badWords = list(kv({ role: HOSTILE, name: HOSTILE, parts: list(kv({ type: "text", content: `# ${HOSTILE}\n\n- ${HOSTILE}` }), kv({ type: HOSTILE, content: HOSTILE })) }));

export function hostileLogs(trace, start) {
  const everywhere = { severityText: HOSTILE, eventName: HOSTILE, attributes: badAttributes, droppedAttributesCount: 3 };
  return logRequest(HOSTILE, [
    log(start + 1_000_000n, 17, HOSTILE, { ...everywhere, ...inSpan(trace, 2) }),
    log(start + 2_000_000n, 13, kv({ [HOSTILE]: HOSTILE, more: list(text(HOSTILE), kv({ [HOSTILE]: HOSTILE })) }), { ...everywhere, ...inSpan(trace, 2) }),
    log(start + 3_000_000n, 5, kv({ "gen_ai.output.messages": badWords }), { ...everywhere, ...inSpan(trace, 2), attributes: [...badAttributes, attribute("gen_ai.input.messages", badWords)] }),
    log(start + 4_000_000n, 0, HOSTILE, everywhere),
    log(start + 5_000_000n, 0, `{"html":${JSON.stringify(HOSTILE)}}`, { ...everywhere, ...inSpan(trace, 0x77) }),
  ], { resource: badAttributes, schemaUrl: HOSTILE, scope: { name: HOSTILE, version: HOSTILE, attributes: badAttributes } });
}

const CUMULATIVE = 2;
const DELTA = 1;
const SECONDS_BOUNDS = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56];

// A point every ten seconds up to `last`.
const times = (last, count) => Array.from({ length: count }, (_, i) => last - BigInt(count - 1 - i) * 10n * SECOND);
const stamp = (start, time, object) => ({ startTimeUnixNano: String(start), timeUnixNano: String(time), attributes: attributes(object) });

function durations(last, count, trace) {
  const start = last - BigInt(count) * 10n * SECOND;
  return ["GET", "POST"].flatMap((method, m) => {
    const buckets = new Array(SECONDS_BOUNDS.length + 1).fill(0);
    let sum = 0;
    return times(last, count).map((time, i) => {
      const middle = 2.6 + 1.2 * m + 1.1 * Math.sin(i / 5);
      for (let k = 0; k < buckets.length; k++) {
        const n = Math.round(40 * Math.exp(-((k - middle) ** 2) / 2));
        buckets[k] += n;
        sum += n * 0.0075 * 2 ** k;
      }
      const exemplars = i % 9 === 4 && trace ? [{ timeUnixNano: String(time - SECOND), asDouble: 0.2 + 0.1 * m, traceId: traceId(trace), spanId: spanId(1), filteredAttributes: attributes({ "user.id": "u-17" }) }] : [];
      return { ...stamp(start, time, { "http.request.method": method, "server.address": "api" }), count: String(buckets.reduce((a, b) => a + b, 0)), sum, bucketCounts: buckets.map(String), explicitBounds: SECONDS_BOUNDS, exemplars };
    });
  });
}

function exponential(last, count) {
  return times(last, count).map((time, i) => {
    const bucketCounts = Array.from({ length: 24 }, (_, k) => Math.round(40 * Math.exp(-((k - 9 - 3 * Math.sin(i / 6)) ** 2) / 18)));
    const positive = bucketCounts.reduce((a, b) => a + b, 0);
    return { ...stamp(time - 10n * SECOND, time, {}), count: String(positive + 4), sum: positive * 900, scale: 1, zeroCount: "4", positive: { offset: 10, bucketCounts: bucketCounts.map(String) }, negative: { offset: 0, bucketCounts: [] } };
  });
}

// An instrument of every kind. The counter starts again two thirds in.
export function everyMetric(last, count = 40, trace = 0) {
  const start = last - BigInt(count) * 10n * SECOND;
  const again = times(last, count)[Math.floor((2 * count) / 3)] - 5n * SECOND;
  const counter = (object, step) => {
    let value = 0;
    return times(last, count).map((time, i) => {
      const restarted = time > again;
      if (restarted && time - again < 10n * SECOND) value = 0;
      value += Math.round(step * (restarted && value === 0 ? 5 : 10) * (1 + 0.4 * Math.sin(i / 4)));
      return { ...stamp(restarted ? again : start, time, object), asInt: String(value) };
    });
  };
  return [
    { name: "http.server.request.duration", unit: "s", description: "Duration of HTTP server requests.", histogram: { aggregationTemporality: CUMULATIVE, dataPoints: durations(last, count, trace) } },
    { name: "gen_ai.client.inference.usage.input_tokens", unit: "{token}", description: "Tokens that went into models.", sum: { aggregationTemporality: CUMULATIVE, isMonotonic: true, dataPoints: [...counter({ "gen_ai.request.model": "gpt-x", "gen_ai.provider.name": "openai" }, 120), ...counter({ "gen_ai.request.model": "gpt-x-mini", "gen_ai.provider.name": "openai" }, 45)] } },
    { name: "process.memory.usage", unit: "By", description: "Resident memory.", gauge: { dataPoints: times(last, count).map((time, i) => ({ ...stamp(0n, time, { "process.pid": 4711 }), asInt: String(Math.round(2 ** 24 * (1.5 + 0.4 * Math.sin(i / 7)))) })) } },
    { name: "queue.length", unit: "{item}", sum: { aggregationTemporality: CUMULATIVE, isMonotonic: false, dataPoints: times(last, count).map((time, i) => ({ ...stamp(start, time, { queue: "out" }), asInt: String(Math.round(20 + 15 * Math.sin(i / 3))) })) } },
    { name: "message.size", unit: "By", exponentialHistogram: { aggregationTemporality: DELTA, dataPoints: exponential(last, count) } },
    { name: "legacy.latency", unit: "ms", summary: { dataPoints: times(last, count).map((time, i) => ({ ...stamp(start, time, {}), count: String(10 * i), sum: 500 * i, quantileValues: [0.5, 0.9, 0.99].map((quantile, q) => ({ quantile, value: 20 * (q + 1) + 5 * Math.sin(i / 4) })) })) } },
  ];
}

export function hostileMetrics(trace, last) {
  const point = (object) => ({ ...stamp(last - SECOND, last, {}), attributes: badAttributes, exemplars: [{ timeUnixNano: String(last), asDouble: 1, traceId: traceId(trace), spanId: spanId(1), filteredAttributes: badAttributes }], ...object });
  const metric = (n, kind) => ({ name: `${n} ${HOSTILE}`, unit: HOSTILE, description: HOSTILE, ...kind });
  return metricRequest(HOSTILE, [
    metric(1, { gauge: { dataPoints: [point({ asDouble: 1 }), { ...point({ asInt: "2" }), attributes: attributes({ other: HOSTILE }) }] } }),
    metric(2, { sum: { aggregationTemporality: CUMULATIVE, isMonotonic: true, dataPoints: [point({ asInt: "9223372036854775807" })] } }),
    metric(3, { histogram: { aggregationTemporality: CUMULATIVE, dataPoints: [point({ count: "3", sum: 3, bucketCounts: ["1", "1", "1"], explicitBounds: [1, 2] })] } }),
    metric(4, { exponentialHistogram: { aggregationTemporality: DELTA, dataPoints: [point({ count: "3", sum: 3, scale: 20, zeroCount: "1", positive: { offset: 2147483600, bucketCounts: ["1"] }, negative: { offset: -2147483600, bucketCounts: ["1"] } })] } }),
    metric(5, { summary: { dataPoints: [{ ...point({}), count: "1", sum: 1, exemplars: undefined, quantileValues: [{ quantile: 0.5, value: 1 }] }] } }),
  ], { resource: badAttributes, schemaUrl: HOSTILE, scope: { name: HOSTILE, version: HOSTILE, attributes: badAttributes } });
}
