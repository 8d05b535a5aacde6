// What the components rest on, bundled so that Node runs it; and small traces to feed it.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const src = join(dirname(fileURLToPath(import.meta.url)), "..", "src");
const modules = [
  "actors", "compare", "critical-path", "distribution", "flags", "flame", "format", "genai", "instant", "json-value", "layers", "log-list", "logs", "markdown", "messages", "metric-lines", "paths", "query-edit", "query-text", "range", "self-time", "series-names", "span-search", "span-table",
  "trace-logs", "tree", "units", "value", "value-lines",
];
const { outputFiles } = await build({
  stdin: { contents: modules.map((name) => `export * from "./${name}";`).join("\n"), resolveDir: src },
  bundle: true, write: false, format: "esm", target: "es2022",
});
export const ui = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`);

export const start = 1_760_000_000_123_456_789n;

export const span = (span_id, parent_span_id, from = 0, to = 10, more = {}) => ({
  span_id, parent_span_id, name: span_id, start_unix_ns: String(start + BigInt(from)), end_unix_ns: String(start + BigInt(to)),
  status: { code: "UNSET", message: "" }, resource: 0, scope: 0, attributes: [], events: [], links: [], ...more,
});
export const tree = (...spans) => ui.buildTree({ trace_id: "t", resources: [{ service: "s", attributes: [] }, { service: "other", attributes: [] }], scopes: [], spans });
export const names = (nodes) => nodes.map((node) => node.span.span_id).join("");
