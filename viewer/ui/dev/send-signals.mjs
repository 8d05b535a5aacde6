// node dev/send-signals.mjs SITE TRACE_ID: the logs a program would have written while it made that trace, and twenty minutes of metrics, for the
// pictures of docs/screenshots.sh. The library itself sends traces.
import { everyMetric, log, logRequest, metricRequest } from "../test/browser/signals.mjs";
import { attributes, nowNs } from "../test/browser/traces.mjs";

const [site, traceId] = process.argv.slice(2);
const SECOND = 1_000_000_000n;

async function post(path, body) {
  const response = await fetch(site + path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
}

const within = (span) => ({ traceId, spanId: span.span_id, flags: 1 });
const value = (span, key) => span.attributes.find((attribute) => attribute.key === key)?.value;

function recordsOf(span) {
  const [start, end] = [BigInt(span.start_unix_ns), BigInt(span.end_unix_ns)];
  const [model, tool] = [value(span, "gen_ai.request.model"), value(span, "gen_ai.tool.name")];
  const failed = span.status.code === "ERROR";
  const records = [log(start + 1000n, tool || model ? 5 : 9, tool ? `running ${tool}` : model ? `asking ${model}` : `${span.name}: begins`, within(span))];
  if (failed) records.push(log(end - 1000n, 17, span.status.message || `${span.name} failed`, { ...within(span), eventName: "exception", attributes: attributes({ "exception.type": value(span, "error.type") ?? "error" }) }));
  else if (model) records.push(log(end - 1000n, 9, "answered", { ...within(span), attributes: attributes({ "output.tokens": Number(value(span, "gen_ai.usage.output_tokens") ?? 0) }) }));
  if (!failed && end - start > 20_000_000n && tool) records.push(log(end - 500n, 13, `${tool} took its time`, { ...within(span), attributes: attributes({ "duration.ms": Number((end - start) / 1_000_000n) }) }));
  return records;
}

const trace = await (await fetch(`${site}/api/traces/${traceId}`)).json();
for (const [i, { service }] of trace.resources.entries()) {
  const records = trace.spans.filter((span) => span.resource === i).flatMap(recordsOf);
  if (records.length > 0) await post("/v1/logs", logRequest(service, records, { scope: { name: "agent.log" } }));
}
await post("/v1/metrics", metricRequest("orders", everyMetric(nowNs() - SECOND, 120, BigInt(`0x${traceId}`)), { scope: { name: "shop" } }));
