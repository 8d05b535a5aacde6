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

function list(query) {
  const q = (query.get("q") ?? "").toLowerCase();
  const all = traces().map(summaryOf)
    .filter((t) => !query.get("service") || t.services.includes(query.get("service")))
    .filter((t) => !q || t.trace_id.startsWith(q) || (t.root_name ?? "").toLowerCase().includes(q))
    .filter((t) => query.get("errors") !== "1" || t.error_count > 0)
    .filter((t) => Number(t.duration_ns) >= 1e6 * Number(query.get("min_duration_ms") ?? 0))
    .sort((a, b) => (BigInt(b.start_unix_ns) > BigInt(a.start_unix_ns) ? 1 : -1));
  const from = Number(query.get("before") ?? 0);
  const limit = Number(query.get("limit") ?? 100);
  return { revision: all.length, traces: all.slice(from, from + limit), next: all.length > from + limit ? String(from + limit) : null };
}

function answer(url) {
  if (url.pathname === "/api/info") {
    const spans = traces().reduce((sum, trace) => sum + trace.spans.length, 0);
    return { version: "dev", store: { kind: "memory", traces: traces().length, spans, bytes: spans * 480, max_bytes: 268435456, evicted_traces: 0 }, received: { requests: 214, spans, duplicates: 0, rejected: 0 }, revision: 1 };
  }
  if (url.pathname === "/api/services") return { services: [...new Set(traces().flatMap((trace) => trace.resources.map((r) => r.service)))].sort() };
  if (url.pathname === "/api/stored") return { stored: (url.searchParams.get("ids") ?? "").split(",").filter((id) => traces().some((trace) => trace.trace_id === id)) };
  if (url.pathname === "/api/traces") return list(url.searchParams);
  return traces().find((trace) => url.pathname === `/api/traces/${trace.trace_id}`);
}

createServer(async (request, response) => {
  const url = new URL(request.url, "http://localhost");
  response.setHeader("Content-Security-Policy", policy);
  if (url.pathname.startsWith("/api/")) {
    const found = answer(url);
    const body = JSON.stringify(found ?? { error: "no such trace" });
    const etag = `"${createHash("sha256").update(body).digest("hex").slice(0, 16)}"`;
    response.setHeader("ETag", etag);
    response.setHeader("Content-Type", "application/json");
    response.statusCode = !found ? 404 : request.headers["if-none-match"] === etag ? 304 : 200;
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
