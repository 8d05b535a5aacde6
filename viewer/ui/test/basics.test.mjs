// npm test: what the components rest on: trees, values and formats.
import assert from "node:assert/strict";
import { test } from "node:test";
import { agentTrace, hostileTrace, largeTrace } from "../dev/fixtures.mjs";
import { names, span, start, tree, ui } from "./ui.mjs";

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

const nest = (value, depth) => {
  for (let i = 0; i < depth; i++) value = { type: "array", value: [value] };
  return value;
};
const int = (value) => ({ type: "int", value: String(value) });
const map = (...entries) => ({ type: "map", value: entries.map(([key, value]) => ({ key, ...value })) });

test("nested values are copied whole, as JSON, without the stack", () => {
  const text = ui.valueText(nest(int(1), 5000));
  assert.equal(text.match(/\[/g).length, 5000);
  assert.equal(text.replace(/\s/g, ""), `${"[".repeat(5000)}1${"]".repeat(5000)}`);
  assert.equal(ui.valueText(map(["k", { type: "string", value: "v" }])), '{"k": "v"}');
  const all = map(["e", { type: "empty", value: null }], ["d", { type: "double", value: "NaN" }], ["bytes", { type: "bytes", value: "AP88" }], ["i", int("9007199254740993")], ["none", map()]);
  assert.equal(ui.valueText(all), '{\n  "e": null,\n  "d": "NaN",\n  "bytes": "AP88",\n  "i": 9007199254740993,\n  "none": {}\n}');
});

test("what fits on a line is one", () => {
  assert.equal(ui.lineText({ type: "array", value: [int(1), nest(int(2), 2)] }), "[1, [[2]]]");
  assert.equal(ui.lineText({ type: "array", value: Array.from({ length: 100 }, () => int(1)) }), undefined);
  assert.equal(ui.lineText(nest(int(1), 5000)), undefined);
  assert.equal(ui.lineText({ type: "array", value: [{ type: "string", value: "x".repeat(100) }] }), undefined);
});

test("a small tree opens whole, a large one at its top; both fold", () => {
  const small = map(["a", nest(int(7), 3)]);
  const keys = (value, turned = [], max = 100) => ui.shownLines(value, new Set(turned), max).lines.map((line) => `${line.depth}${line.key ?? ""}:${line.path}`);
  assert.deepEqual(keys(small), ["0:", "1a:0", "2:0.0", "3:0.0.0", "4:0.0.0.0"]);
  assert.deepEqual(keys(small, ["0.0"]), ["0:", "1a:0", "2:0.0"]);
  assert.deepEqual(keys(nest(int(7), 50), ["0.0"]), ["0:", "1:0", "2:0.0"]); // a chain stands open, and folds
  const large = map(["z", int(0)], ["a", { type: "array", value: Array.from({ length: 3 }, () => ({ type: "array", value: Array.from({ length: 20 }, (_, i) => int(i)) })) }]);
  assert.deepEqual(keys(large), ["0:", "1z:0", "1a:1", "2:1.0", "2:1.1", "2:1.2"]);
  assert.equal(keys(large, ["1.1"]).length, 26);
});

test("a tree of any depth and length shows so many lines", () => {
  const deep = ui.shownLines(nest(int(1), 5000), new Set(), 50);
  assert.deepEqual([deep.lines.length, deep.cut], [50, true]); // a chain hides nothing by being open
  const wide = ui.shownLines({ type: "array", value: Array.from({ length: 1000 }, (_, i) => int(i)) }, new Set(), 50);
  assert.deepEqual([wide.lines.length, wide.cut], [50, true]);
  const just = ui.shownLines({ type: "array", value: [int(1), int(2)] }, new Set(), 3);
  assert.deepEqual([just.lines.length, just.cut], [3, false]);
});

test("nested messages keep their numbers", () => {
  assert.equal(JSON.stringify(ui.plain(map(["limit", int(5)], ["at", { type: "array", value: [int(-1)] }]))), '{"limit":5,"at":[-1]}');
});

test("flags say what is known of them", () => {
  assert.equal(ui.flagsText(0x301, "context"), "sampled, remote context");
  assert.equal(ui.flagsText(0x103, "parent"), "sampled, random trace id, local parent");
  assert.equal(ui.flagsText(0x300, null), "not sampled");
  assert.equal(ui.flagsHex(1), "0x01");
});

test("axis marks are round and within the trace", () => {
  assert.deepEqual(ui.ticks(0, 9.84e9, 5), [0, 2e9, 4e9, 6e9, 8e9]);
  assert.deepEqual(ui.ticks(5, 5, 5), [5]);
  assert.deepEqual(ui.ticks(8.1230001e9, 8.1230009e9, 4).map((ns) => ui.tickText(ns, 200)), ["8.1230002 s", "8.1230004 s", "8.1230006 s", "8.1230008 s"]);
  assert.deepEqual([0, 2e8, 1.4e9, 7.2e10].map((ns) => ui.tickText(ns, 2e8)), ["0", "200 ms", "1.4 s", "72.0 s"]);
});

test("search looks at names, ids and attributes", () => {
  const t = ui.buildTree(agentTrace(start));
  assert.equal(ui.matches(t.nodes, "  "), null);
  assert.equal(ui.matches(t.nodes, "SHARD 3").size, 1);
  assert.equal(ui.matches(t.nodes, "supplier price list").size > 0, true);
});

test("times are exact to the nanosecond, and broken clocks are harmless", () => {
  const between = (a, b) => ui.since(ui.readInstant(a), ui.readInstant(b));
  assert.equal(between("1760000000123456789", "1760000000123456790"), 1);
  assert.equal(between("1759999999999999999", "1760000000000000001"), 2);
  assert.equal(between("0", "18446744073709551615"), 18446744073709551615);
  assert.equal(between("999999999", "1000000001"), 2);
  assert.equal(between("not a number", "7"), 7);
});

test("a query's places are counted in bytes by the server and in characters here", () => {
  const query = 'name = "Größe 🦊" and x';
  assert.equal(ui.byteAt(query, query.indexOf("x")), Buffer.byteLength(query) - 1);
  for (let i = 0; i <= query.length; i++) if (query.codePointAt(i) < 0xdc00 || query.codePointAt(i) > 0xffff) assert.equal(ui.indexAt(query, ui.byteAt(query, i)), i);
  assert.deepEqual(ui.around(query, Buffer.byteLength(query) - 1, 1), [query.slice(0, -1), "x", ""]);
  assert.deepEqual(ui.around("a =", 3, 0), ["a =", "", ""]);
  assert.deepEqual(ui.withItem("é serv = x", { from: 3, to: 7, items: [] }, "service"), { text: "é service = x", caret: 10 });
  assert.deepEqual(ui.withItem("", { from: 0, to: 0, items: [] }, "error"), { text: "error ", caret: 6 });
});
