// npm run dev [port] [empty]: the user interface over made-up traces, rebuilt at every load of a page,
// with the same security policy as the real server.
import { createServer } from "node:http";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildAll } from "../build.mjs";
import { collection, summary } from "./fixtures.mjs";

const dist = join(dirname(fileURLToPath(import.meta.url)), "..", "dist");
const port = Number(process.argv[2] ?? 4319);
const traces = process.argv.includes("empty") ? () => [] : collection();
const summaries = new WeakMap();
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'";
const types = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };

function summaryOf(trace) {
  if (!summaries.has(trace)) summaries.set(trace, summary(trace));
  return summaries.get(trace);
}

// The real query language is the program's; here a query is a part of a name, but for what is plainly a mistake.
function matching(query) {
  const q = (query.get("q") ?? "").toLowerCase();
  const times = [BigInt(query.get("from_ns") || 0), BigInt(query.get("to_ns") || 1n << 64n)];
  return traces().map(summaryOf)
    .filter((t) => !query.get("service") || t.services.includes(query.get("service")))
    .filter((t) => !q || t.trace_id.startsWith(q) || (t.root_name ?? "").toLowerCase().includes(q))
    .filter((t) => query.get("errors") !== "1" || t.error_count > 0)
    .filter((t) => Number(t.duration_ns) >= 1e6 * Number(query.get("min_duration_ms") ?? 0))
    .filter((t) => BigInt(t.start_unix_ns) >= times[0] && BigInt(t.start_unix_ns) < times[1]);
}

const sortable = { start: (t) => Number(BigInt(t.start_unix_ns) / 1000n), duration: (t) => Number(t.duration_ns), spans: (t) => t.span_count, errors: (t) => t.error_count, tokens: (t) => Number(t.input_tokens) + Number(t.output_tokens) };

function list(query) {
  const key = sortable[query.get("sort")] ?? sortable.start;
  const sign = query.get("order") === "asc" ? 1 : -1;
  const all = matching(query).sort((a, b) => sign * (key(a) - key(b)));
  const from = Number(query.get("before") ?? 0);
  const limit = Number(query.get("limit") ?? 100);
  return { revision: all.length, traces: all.slice(from, from + limit), next: all.length > from + limit ? String(from + limit) : null };
}

function histogram(query) {
  const found = matching(query);
  const starts = found.map((t) => BigInt(t.start_unix_ns));
  const from = starts.reduce((a, b) => (a < b ? a : b), starts[0] ?? 0n);
  const to = starts.reduce((a, b) => (a > b ? a : b), 0n) + 1n;
  const n = Number(query.get("buckets") ?? 60);
  const width = (to - from + BigInt(n) - 1n) / BigInt(n);
  const buckets = Array.from({ length: n }, () => ({ traces: 0, errors: 0 }));
  found.forEach((t, i) => {
    const bucket = buckets[Number((starts[i] - from) / width)];
    bucket.traces++;
    if (t.error_count > 0) bucket.errors++;
  });
  return { from_unix_ns: String(from), to_unix_ns: String(from + width * BigInt(n)), bucket_ns: String(width), buckets: found.length > 0 ? buckets : [] };
}

const fields = ["service", "name", "duration", "error", "status", "spans", "tokens", "gen_ai.tool.name", "http.route"];

function complete(query) {
  const q = query.get("q") ?? "";
  const at = Number(query.get("at") ?? q.length);
  const word = /[^\s(){}]*$/.exec(q.slice(0, at))[0];
  return { from: at - word.length, to: at, items: fields.filter((name) => name.startsWith(word)).map((text) => ({ text, kind: text.includes(".") ? "key" : "field", count: text.includes(".") ? 12 : undefined })) };
}

function mistake(query) {
  const at = (query.get("q") ?? "").search(/[=<>~]\s*$/);
  return at < 0 ? null : { error: "a value must follow the operator", at, length: 1 };
}

function live(response) {
  response.writeHead(200, { "Content-Type": "text/event-stream" });
  let known = 0;
  const timer = setInterval(() => {
    const now = traces().length;
    if (now !== known) response.write(`event: change\ndata: {"revision":${now},"traces":${now}}\n\n`);
    known = now;
  }, 300);
  response.on("close", () => clearInterval(timer));
}

function answer(url) {
  if (url.pathname === "/api/info") {
    const spans = traces().reduce((sum, trace) => sum + trace.spans.length, 0);
    return { version: "dev", store: { kind: "memory", traces: traces().length, spans, bytes: spans * 480, max_bytes: 268435456, evicted_traces: 0 }, received: { requests: 214, spans, duplicates: 0, rejected: 0 }, revision: 1 };
  }
  if (url.pathname === "/api/services") return { services: [...new Set(traces().flatMap((trace) => trace.resources.map((r) => r.service)))].sort() };
  if (url.pathname === "/api/stored") return { stored: (url.searchParams.get("ids") ?? "").split(",").filter((id) => traces().some((trace) => trace.trace_id === id)) };
  if (url.pathname === "/api/traces") return mistake(url.searchParams) ?? list(url.searchParams);
  if (url.pathname === "/api/histogram") return mistake(url.searchParams) ?? histogram(url.searchParams);
  if (url.pathname === "/api/complete") return complete(url.searchParams);
  if (url.pathname === "/api/logs") return { revision: 1, resources: [], scopes: [], logs: [], next: null };
  if (url.pathname === "/api/metrics") return { revision: 1, metrics: [] };
  const raw = /^\/api\/traces\/(\w+)\/spans\/(\w+)\/raw$/.exec(url.pathname);
  if (raw) return traces().find((trace) => trace.trace_id === raw[1])?.spans.find((span) => span.span_id === raw[2]);
  return traces().find((trace) => url.pathname === `/api/traces/${trace.trace_id}`);
}

createServer(async (request, response) => {
  const url = new URL(request.url, "http://localhost");
  response.setHeader("Content-Security-Policy", policy);
  if (url.pathname === "/api/live") return live(response);
  if (url.pathname.startsWith("/api/")) {
    const found = answer(url);
    const body = JSON.stringify(found ?? { error: "no such trace" });
    const etag = `"${createHash("sha256").update(body).digest("hex").slice(0, 16)}"`;
    response.setHeader("ETag", etag);
    response.setHeader("Content-Type", "application/json");
    response.statusCode = !found ? 404 : "at" in found && found.error ? 400 : request.headers["if-none-match"] === etag ? 304 : 200;
    return response.end(response.statusCode === 304 ? undefined : body);
  }
  const file = extname(url.pathname) ? url.pathname : "/index.html";
  try {
    if (file === "/index.html") await buildAll();
    response.setHeader("Content-Type", types[extname(file)] ?? "text/plain");
    response.end(readFileSync(join(dist, file)));
  } catch (error) {
    response.statusCode = 404;
    response.end(String(error.message ?? error));
  }
}).listen(port, "127.0.0.1", () => console.log(`http://127.0.0.1:${port}`));
