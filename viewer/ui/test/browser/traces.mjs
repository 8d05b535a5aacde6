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

// What would run, load or turn the text around if any field were taken for markup.
export const HOSTILE = `"'><img src=x onerror=alert(1)><script>alert(2)</script><svg onload=alert(3)>\u202Egpj.exe {{7*7}} javascript:alert(4)`;

const hostileMessages = JSON.stringify([
  { role: HOSTILE, parts: [{ type: "text", content: HOSTILE }, { type: HOSTILE, content: HOSTILE }] },
  { role: "user", parts: [{ type: "text", content: `Compare:\n\n- **one** [x](javascript:alert(5)) ![y](https://evil.example/pixel.png)\n- <b onclick=alert(6)>two</b>\n\n\`\`\`${HOSTILE}\n${HOSTILE}\n\`\`\`` }] },
  { role: "assistant", name: HOSTILE, parts: [{ type: "tool_call", id: "call_1", name: HOSTILE, arguments: { [HOSTILE]: HOSTILE } }, { type: "reasoning", content: HOSTILE }] },
  { role: "tool", parts: [{ type: "tool_call_response", id: "call_1", response: `{"html":${JSON.stringify(HOSTILE)}}` }] },
]);

export function hostileTrace(trace, start) {
  const bad = attributes({ [HOSTILE]: HOSTILE, list: { arrayValue: { values: [text(HOSTILE)] } }, map: { kvlistValue: { values: [attribute(HOSTILE, HOSTILE)] } } });
  const everywhere = {
    traceState: HOSTILE, status: { code: 2, message: HOSTILE }, attributes: bad,
    events: [{ name: HOSTILE, timeUnixNano: String(start + 3n * MS), attributes: bad }, { name: "exception", timeUnixNano: String(start + 4n * MS), attributes: attributes({ "exception.message": HOSTILE }) }],
    links: [{ traceId: traceId(trace), spanId: spanId(1), traceState: HOSTILE, attributes: bad }],
  };
  const genAi = (operation, more) => [...attributes({ "gen_ai.operation.name": operation, ...more }), ...bad];
  return request(HOSTILE, [
    span(trace, 1, 0, HOSTILE, start, 0, 100, { ...everywhere, attributes: genAi("invoke_agent", { "gen_ai.agent.name": HOSTILE }) }),
    span(trace, 2, 1, `chat ${HOSTILE}`, start, 1, 60, { ...everywhere, attributes: genAi("chat", { "gen_ai.request.model": HOSTILE, "gen_ai.input.messages": hostileMessages, "gen_ai.output.messages": HOSTILE, "gen_ai.usage.input_tokens": 10, "gen_ai.usage.output_tokens": 5 }) }),
    span(trace, 3, 1, HOSTILE, start, 61, 90, { ...everywhere, attributes: genAi("execute_tool", { "gen_ai.tool.name": HOSTILE, "gen_ai.tool.call.id": "call_1", "gen_ai.tool.call.arguments": HOSTILE, "gen_ai.tool.call.result": `**${HOSTILE}**` }) }),
    span(trace, 4, 0x99, HOSTILE, start, 5, 6, everywhere),
  ], { resource: bad, schemaUrl: HOSTILE, scope: { name: HOSTILE, version: HOSTILE, attributes: bad } });
}
