// Traces as OTLP JSON: one of 50,000 spans, one with a hostile string in every field, and pairs to compare.
const hex = (number, digits) => number.toString(16).padStart(digits, "0");
export const traceId = (number) => hex(number, 32);
export const spanId = (number) => hex(number, 16);

export const text = (value) => ({ stringValue: value });
export const attribute = (key, value) => ({ key, value: typeof value === "object" ? value : text(value) });
export const attributes = (object) => Object.entries(object).map(([key, value]) => attribute(key, typeof value === "number" ? { intValue: String(value) } : value));

const MS = 1_000_000n;
export const nowNs = () => BigInt(Date.now()) * MS;

export function request(service, spans, more = {}) {
  return { resourceSpans: [{ resource: { attributes: [attribute("service.name", service), ...(more.resource ?? [])] }, schemaUrl: more.schemaUrl ?? "", scopeSpans: [{ scope: more.scope ?? { name: "test" }, spans }] }] };
}

// Times in milliseconds after `start`.
export function span(trace, id, parent, name, start, from, to, more = {}) {
  return {
    traceId: traceId(trace), spanId: spanId(id), parentSpanId: parent ? spanId(parent) : "", name, kind: 1,
    startTimeUnixNano: String(start + BigInt(Math.round(from * 1e6))), endTimeUnixNano: String(start + BigInt(Math.round(to * 1e6))), ...more,
  };
}

// A tree of `count` spans: every one has up to ten children within its time, every thousandth fails.
export function largeTrace(trace, start, count) {
  const spans = [span(trace, 1, 0, "nightly import", start, 0, 60_000)];
  const time = [[0, 60_000]];
  const names = ["read row", "parse", "write block", "SELECT part", "flush"];
  for (let i = 1; i < count; i++) {
    const parent = Math.floor((i - 1) / 10);
    const [from, to] = time[parent];
    const step = (to - from) / 10;
    const at = from + ((i - 1) % 10) * step;
    time.push([at + step * 0.05, at + step * 0.95]);
    spans.push(span(trace, i + 1, parent + 1, names[i % 5], start, ...time[i], {
      attributes: attributes({ "db.row": i, "db.table": "invoices" }), ...(i % 1000 === 0 ? { status: { code: 2, message: "short write" } } : {}),
    }));
  }
  const requests = [];
  for (let i = 0; i < spans.length; i += 5000) requests.push(request("batch", spans.slice(i, i + 5000)));
  return requests;
}
