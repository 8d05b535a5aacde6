// npm test: what the components rest on (tree, values, formats), bundled and run in this process.
import assert from "node:assert/strict";
import { test } from "node:test";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { agentTrace, hostileTrace, largeTrace } from "../dev/fixtures.mjs";

const src = join(dirname(fileURLToPath(import.meta.url)), "..", "src");
const { outputFiles } = await build({
  stdin: { contents: ["tree", "value", "format", "genai", "span-search"].map((name) => `export * from "./${name}";`).join("\n"), resolveDir: src },
  bundle: true, write: false, format: "esm", target: "es2022",
});
const ui = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`);
const start = 1_760_000_000_123_456_789n;

const span = (span_id, parent_span_id, from = 0, to = 10) => ({
  span_id, parent_span_id, name: span_id, start_unix_ns: String(start + BigInt(from)), end_unix_ns: String(start + BigInt(to)),
  status: { code: "UNSET", message: "" }, resource: 0, scope: 0, attributes: [], events: [], links: [],
});
const tree = (...spans) => ui.buildTree({ resources: [{ service: "s", attributes: [] }], scopes: [], spans });
const names = (nodes) => nodes.map((node) => node.span.span_id).join("");

test("children follow their parent by start time, whatever the order of arrival", () => {
  const t = tree(span("c", "a", 5), span("d", "c", 6), span("a", ""), span("b", "a", 1));
  assert.equal(names(t.nodes), "abcd");
  assert.deepEqual(t.nodes.map((node) => node.depth), [0, 1, 1, 2]);
  assert.deepEqual(t.nodes.map((node) => node.last), [3, 1, 3, 3]);
});

test("missing parents, cycles and spans that are their own parents lose no span", () => {
  const t = tree(span("a", "x"), span("b", "c", 1), span("c", "b", 2), span("d", "d", 3));
  assert.equal(names(t.nodes).split("").sort().join(""), "abcd");
  assert.ok(t.nodes.every((node) => node.last >= node.index));
});

test("a chain of 50,000 spans needs no stack", () => {
  const t = tree(...Array.from({ length: 50_000 }, (_, i) => span(`s${i}`, i ? `s${i - 1}` : "", i, 60_000)));
  assert.equal(t.nodes.at(-1).depth, 49_999);
  assert.equal(t.nodes[0].last, 49_999);
});

test("collapsed spans hide their descendants", () => {
  const t = tree(span("a", ""), span("b", "a", 1), span("c", "b", 2), span("d", "a", 3));
  assert.equal(names(ui.visibleRows(t.nodes, new Set(["b"]))), "abd");
});

test("tokens are summed over inference spans only", () => {
  const t = ui.buildTree(agentTrace(start));
  assert.deepEqual(t.tokens, { input: 812 + 1204 + 3120 + 2950 + 4210, output: 96 + 210 + 404 + 388 });
  assert.equal(t.roles.model, 5);
  assert.equal(t.errors, 2);
});

test("large and hostile traces are ordered whole", () => {
  for (const trace of [largeTrace(start), hostileTrace(start)]) assert.equal(ui.buildTree(trace).nodes.length, trace.spans.length);
});

test("durations", () => {
  const shown = [[0, "0 ns"], [999, "999 ns"], [1500, "1.50 µs"], [12_345_678, "12.3 ms"], [999_600_000, "1.00 s"], [59.96e9, "1 m 00 s"], [3.6e12, "1 h 00 m"]];
  for (const [ns, text] of shown) assert.equal(ui.duration(ns), text);
  assert.equal(ui.roundDuration(1.5e9), "1.5 s");
  assert.equal(ui.roundDuration(20e9), "20 s");
  assert.equal(ui.roundDuration(200e6), "200 ms");
});

test("an instant keeps its nanoseconds, and broken clocks do not throw", () => {
  assert.equal(ui.instant(start), "2025-10-09T08:53:20.123456789Z");
  assert.match(ui.instant(2n ** 64n - 1n), /Z$/);
  assert.equal(ui.nanoseconds("not a number"), 0n);
});

test("direction overrides and controls are shown, not obeyed", () => {
  assert.equal(ui.visible("a\u202Egpj\u0000\n"), "a\\u202egpj\\u0000\n");
  assert.equal(ui.label(""), "(no name)");
});

test("JSON is indented without changing a number", () => {
  assert.equal(ui.prettyJson('{"a":[1,12345678901234567890,{}],"b":"x,\\"y"}'), '{\n  "a": [\n    1,\n    12345678901234567890,\n    {}\n  ],\n  "b": "x,\\"y"\n}');
  assert.equal(ui.prettyJson("{not json"), undefined);
  assert.equal(ui.prettyJson("just text"), undefined);
});

test("nested values are printed to a bounded depth", () => {
  let value = { type: "int", value: "1" };
  for (let i = 0; i < 5000; i++) value = { type: "array", value: [value] };
  assert.match(ui.valueText(value), /…/);
  assert.equal(ui.valueText({ type: "map", value: [{ key: "k", type: "string", value: "v" }] }), '{"k": "v"}');
});

test("axis marks are round and within the trace", () => {
  assert.deepEqual(ui.ticks(9.84e9, 5), [0, 2e9, 4e9, 6e9, 8e9]);
  assert.deepEqual(ui.ticks(0, 5), [0]);
});

test("search looks at names, ids and attributes", () => {
  const t = ui.buildTree(agentTrace(start));
  assert.equal(ui.matches(t.nodes, "  "), null);
  assert.equal(ui.matches(t.nodes, "SHARD 3").size, 1);
  assert.equal(ui.matches(t.nodes, "supplier price list").size > 0, true);
});
