// Made-up traces for working on the user interface without the viewer's server.

const MS = 1_000_000n;
const SUMMARY_PERIOD_MS = 7000;

let seed = 7;
const random = () => (seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff) / 0x7fffffff;
const hex = (n) => Array.from({ length: n }, () => Math.floor(random() * 16).toString(16)).join("");

const typed = (value) => {
  if (value === null) return { type: "empty", value };
  if (typeof value === "bigint") return { type: "int", value: String(value) };
  if (typeof value === "number") return { type: "double", value };
  if (typeof value === "boolean") return { type: "bool", value };
  if (value instanceof Uint8Array) return { type: "bytes", value: Buffer.from(value).toString("base64") };
  if (Array.isArray(value)) return { type: "array", value: value.map(typed) };
  if (typeof value === "object") return { type: "map", value: attributes(value) };
  return { type: "string", value };
};
const attributes = (object) => Object.entries(object).map(([key, value]) => ({ key, ...typed(value) }));

function builder(services, start) {
  const trace = {
    trace_id: hex(32), revision: 1, spans: [],
    resources: services.map((service) => ({
      service, schema_url: "https://opentelemetry.io/schemas/1.27.0",
      attributes: attributes({ "service.name": service, "service.version": "0.3.1", "telemetry.sdk.name": "spanwire", "telemetry.sdk.language": "c", "process.pid": 48213n, "host.name": "workbench" }),
    })),
    scopes: [{ name: "agent-loop", version: "0.3.1", schema_url: "https://opentelemetry.io/schemas/1.30.0", attributes: [] }, { name: "http-client", version: "2.0", schema_url: "", attributes: attributes({ "http.pool": "shared" }) }],
  };
  const add = (parent, name, from, ms, object = {}, more = {}) => {
    const span = {
      span_id: hex(16), parent_span_id: parent?.span_id ?? "", name, kind: more.kind ?? "INTERNAL",
      start_unix_ns: String(start + BigInt(Math.round(from * 1e6))), end_unix_ns: String(start + BigInt(Math.round((from + ms) * 1e6))),
      status: more.error ? { code: "ERROR", message: more.error } : { code: "UNSET", message: "" },
      trace_state: "", flags: 1, resource: more.resource ?? 0, scope: more.scope ?? 0,
      attributes: attributes(object),
      events: (more.events ?? []).map(([at, event, values = {}]) => ({ name: event, time_unix_ns: String(start + BigInt(Math.round(at * 1e6))), attributes: attributes(values), dropped_attributes_count: 0 })),
      links: more.links ?? [], dropped_attributes_count: more.dropped ?? 0, dropped_events_count: 0, dropped_links_count: 0,
    };
    trace.spans.push(span);
    return span;
  };
  return { trace, add };
}

const chat = (model, input, output, more = {}) => ({
  "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": model, "gen_ai.response.model": `${model}-2026-08`,
  "gen_ai.request.max_tokens": 1024n, "gen_ai.request.temperature": 0.2, "gen_ai.usage.input_tokens": BigInt(input), "gen_ai.usage.output_tokens": BigInt(output),
  "gen_ai.response.finish_reasons": ["tool_call"], "server.address": "api.example.com", "server.port": 443n, ...more,
});

const messages = JSON.stringify([
  { role: "user", parts: [{ type: "text", content: "Which of our three suppliers has raised prices this quarter, and by how much?" }] },
  { role: "assistant", parts: [{ type: "tool_call", id: "call_81", name: "web_search", arguments: { query: "supplier price list Q3", limit: 5 } }] },
  { role: "tool", parts: [{ type: "tool_call_response", id: "call_81", response: { results: [{ title: "Price list", url: "https://example.com/prices", score: 0.92 }], total: 12345678901234567890 } }] },
]);
const answer = JSON.stringify([{ role: "assistant", finish_reason: "stop", parts: [{ type: "text", content: "Two of the three have. Northwind raised list prices by 4.5 % in July; Contoso by 2 % in August, for new contracts only. Fabrikam's have not changed since January." }] }]);

export function agentTrace(start) {
  const { trace, add } = builder(["researcher", "crawler", "search-api"], start);
  const run = add(null, "invoke_agent researcher", 0, 9840, { "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "researcher", "gen_ai.conversation.id": "conv_5f21", "gen_ai.usage.input_tokens": 9999n });
  const plan = add(run, "plan researcher", 12, 1410, { "gen_ai.operation.name": "plan", "gen_ai.agent.name": "researcher" });
  add(plan, "chat gpt-x", 20, 1390, chat("gpt-x", 812, 96, { "gen_ai.system_instructions": JSON.stringify([{ type: "text", content: "You compare suppliers. Cite what you find." }]), "gen_ai.input.messages": messages }), { kind: "CLIENT", events: [[310, "gen_ai.first_chunk"]] });
  const tool = add(run, "execute_tool web_search", 1440, 2120, { "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "web_search", "gen_ai.tool.type": "function", "gen_ai.tool.call.id": "call_81", "gen_ai.tool.call.arguments": JSON.stringify({ query: "supplier price list Q3", limit: 5, filters: { region: ["eu", "us"], since: "2026-07-01" } }), "error.type": "timeout" }, {
    error: "search backend did not answer within 2 s", events: [[1460, "request.sent"], [3550, "exception", { "exception.type": "timeout", "exception.message": "search backend did not answer within 2 s", "exception.stacktrace": "search_query (search.c:212)\ntool_run (tool.c:88)\nagent_step (agent.c:301)\nmain (main.c:40)" }]],
  });
  add(tool, "POST /v1/search", 1460, 2080, { "http.request.method": "POST", "url.full": "http://search.internal/v1/search?q=supplier+price+list+Q3&limit=5&region=eu&region=us", "error.type": "timeout" }, { kind: "CLIENT", scope: 1, error: "timeout" });
  const retry = add(run, "execute_tool web_search", 3580, 640, { "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "web_search", "gen_ai.tool.type": "function", "gen_ai.tool.call.id": "call_82", "retry.count": 1n });
  const request = add(retry, "POST /v1/search", 3590, 610, { "http.request.method": "POST", "http.response.status_code": 200n }, { kind: "CLIENT", scope: 1 });
  const served = add(request, "POST /v1/search", 3610, 570, { "http.route": "/v1/search", "cache.hit": false, ratio: 0.731, key: new Uint8Array([1, 2, 250]), shards: [1n, 2n, 5n], limits: { soft: 10n, hard: { of: "5 GiB" } }, nothing: null }, { kind: "SERVER", resource: 2, scope: 1, dropped: 2 });
  for (let i = 0; i < 5; i++) add(served, `shard ${i} query`, 3620 + i * 30, 180 + random() * 300, { shard: BigInt(i) }, { resource: 2, kind: "CLIENT" });
  const sub = add(run, "invoke_agent crawler", 4260, 3900, { "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "crawler" }, { kind: "CLIENT" });
  const crawl = add(sub, "invoke_agent crawler", 4290, 3850, { "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "crawler" }, { resource: 1 });
  add(crawl, "chat gpt-x-mini", 4300, 820, chat("gpt-x-mini", 1204, 210), { kind: "CLIENT", resource: 1 });
  for (let i = 0; i < 4; i++) {
    const fetch = add(crawl, "execute_tool fetch_page", 5150 + i * 420, 390, { "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "fetch_page", "gen_ai.tool.call.arguments": JSON.stringify({ url: `https://example.com/prices/${i}` }) }, { resource: 1 });
    add(fetch, "GET /prices/{id}", 5160 + i * 420, 350, { "http.response.status_code": 200n }, { kind: "CLIENT", resource: 1, scope: 1, events: [[5200 + i * 420, "tls.done"], [5300 + i * 420, "first_byte"]] });
  }
  add(crawl, "embeddings embed-s", 6880, 240, { "gen_ai.operation.name": "embeddings", "gen_ai.request.model": "embed-s", "gen_ai.usage.input_tokens": 3120n }, { kind: "CLIENT", resource: 1 });
  add(crawl, "chat gpt-x-mini", 7140, 980, chat("gpt-x-mini", 2950, 404), { kind: "CLIENT", resource: 1 });
  add(run, "chat gpt-x", 8200, 1600, chat("gpt-x", 4210, 388, { "gen_ai.input.messages": messages, "gen_ai.output.messages": answer, "gen_ai.response.finish_reasons": ["stop"] }), {
    kind: "CLIENT", events: [[8620, "gen_ai.first_chunk"]], links: [{ trace_id: trace.trace_id, span_id: sub.span_id, trace_state: "", flags: 1, attributes: attributes({ reason: "evidence" }), dropped_attributes_count: 0 }],
  });
  return trace;
}

export function largeTrace(start, spans = 6000) {
  const { trace, add } = builder(["batch", "worker-a", "worker-b", "store"], start);
  const open = [add(null, "nightly import", 0, 60000)];
  for (let i = 1; i < spans; i++) {
    const parent = open[Math.floor(random() ** 0.4 * open.length)] ?? open[0];
    const from = Number(BigInt(parent.start_unix_ns) - start) / 1e6;
    const room = Number(BigInt(parent.end_unix_ns) - BigInt(parent.start_unix_ns)) / 1e6;
    const at = from + random() * room * 0.6;
    open.push(add(parent, ["read row", "write block", "hash", "SELECT part", "flush"][i % 5], at, random() * room * 0.4, { row: BigInt(i) }, { resource: i % 4, error: i % 997 === 0 ? "short write" : undefined }));
  }
  trace.spans.sort((a, b) => (BigInt(a.start_unix_ns) < BigInt(b.start_unix_ns) ? -1 : 1));
  return trace;
}

export function hostileTrace(start) {
  const bad = "<img src=x onerror=alert(1)></script>\u202Egpj.exe";
  const { trace, add } = builder([bad], start);
  const root = add(null, bad, 0, 5, { [bad]: bad, "gen_ai.input.messages": JSON.stringify([{ role: bad, parts: [{ type: "text", content: bad }] }]) }, { error: bad, events: [[1, bad, { [bad]: bad }]] });
  add(root, "x".repeat(10_000), 1, 2, { long: "y".repeat(10_000), deep: "[".repeat(5000) + "]".repeat(5000) });
  add({ span_id: "0123456789abcdef" }, "orphan", 2, 1);
  return trace;
}

export function summary(trace) {
  const starts = trace.spans.map((span) => BigInt(span.start_unix_ns));
  const ends = trace.spans.map((span) => BigInt(span.end_unix_ns));
  const least = starts.reduce((a, b) => (a < b ? a : b));
  const most = ends.reduce((a, b) => (a > b ? a : b));
  const root = trace.spans.find((span) => span.parent_span_id === "");
  const inference = trace.spans.filter((span) => span.attributes.some(({ key, value }) => key === "gen_ai.operation.name" && (value === "chat" || value === "embeddings")));
  const tokens = (key) => String(inference.reduce((sum, span) => sum + Number(span.attributes.find((one) => one.key === key)?.value ?? 0), 0));
  return {
    trace_id: trace.trace_id, root_name: root?.name ?? null, root_service: trace.resources[root?.resource ?? 0].service,
    services: trace.resources.map((resource) => resource.service), start_unix_ns: String(least), duration_ns: String(most - least),
    span_count: trace.spans.length, error_count: trace.spans.filter((span) => span.status.code === "ERROR").length, complete: root !== undefined,
    input_tokens: tokens("gen_ai.usage.input_tokens"), output_tokens: tokens("gen_ai.usage.output_tokens"),
  };
}

// A growing collection: a new small trace every few seconds after start.
export function collection(now = () => Date.now()) {
  const began = now();
  const at = (secondsAgo) => BigInt(began) * MS - BigInt(secondsAgo) * 1000n * MS;
  const traces = [largeTrace(at(5400)), hostileTrace(at(1300)), agentTrace(at(14))];
  const names = ["GET /orders/{id}", "invoke_agent planner", "consume invoices", "POST /checkout", "refresh cache", "invoke_agent triage"];
  const small = (start) => {
    const services = random() < 0.5 ? ["orders"] : ["gateway", "orders", "billing"];
    const { trace, add } = builder(services, start);
    const length = 3 * 10 ** (random() * 3);
    const root = add(null, names[Math.floor(random() * names.length)], 0, length, {}, { kind: "SERVER", error: random() < 0.15 ? "upstream closed the connection" : undefined });
    for (let i = 0; i < random() * 8; i++) add(root, "SELECT orders", random() * length * 0.5, random() * length * 0.4, {}, { resource: i % services.length, kind: "CLIENT" });
    return trace;
  };
  for (let i = 0; i < 140; i++) traces.push(small(at(20 + Math.floor(i ** 1.7))));
  let grown = 0;
  return () => {
    while (began + (grown + 1) * SUMMARY_PERIOD_MS < now()) traces.push(small(BigInt(began + ++grown * SUMMARY_PERIOD_MS) * MS));
    return traces;
  };
}
