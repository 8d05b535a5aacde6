// Two traces against each other.
import assert from "node:assert/strict";
import { test } from "node:test";
import { span, tree, ui } from "./ui.mjs";

const lines = (pairs) => pairs.map((pair) => `${"-".repeat(pair.depth)}${pair.name} ${pair.a?.count ?? 0}/${pair.b?.count ?? 0} ${pair.took}`);

test("spans are matched by the path of their names, and what only one trace has is said", () => {
  const a = tree(span("r", "", 0, 100), span("1", "r", 0, 10, { name: "x" }), span("2", "r", 10, 20, { name: "x" }), span("3", "1", 0, 4, { name: "y" }), span("4", "r", 30, 40, { name: "gone" }));
  const b = tree(span("r", "", 0, 150), span("1", "r", 0, 50, { name: "x" }), span("3", "r", 60, 64, { name: "y" }), span("4", "3", 61, 63, { name: "z" }));
  const pairs = ui.comparePaths(a, b);
  assert.deepEqual(lines(pairs), ["r 1/1 50", "-x 2/1 30", "--y 1/0 -4", "-gone 1/0 -10", "-y 0/1 4", "--z 0/1 2"]);
  assert.deepEqual([pairs[3].b, pairs[4].a], [null, null]);
});

test("two single roots are compared whatever they are called; several are matched by name", () => {
  assert.deepEqual(lines(ui.comparePaths(tree(span("a", "", 0, 10)), tree(span("b", "", 0, 30)))), ["a 1/1 20"]);
  assert.deepEqual(lines(ui.comparePaths(tree(span("a", "", 0, 10), span("b", "", 0, 10)), tree(span("b", "", 0, 30)))), ["a 1/0 -10", "b 1/1 20"]);
  assert.deepEqual(ui.comparePaths(tree(), tree()), []);
});

test("a trace does not differ from itself; noise is no difference, an error is", () => {
  const make = (took, more = {}) => tree(span("r", "", 0, 1000), span("x", "r", 0, took, more));
  assert.ok(ui.comparePaths(make(100), make(100)).every((pair) => !ui.differs(pair, 1000)));
  const differs = (a, b) => ui.comparePaths(a, b).map((pair) => ui.differs(pair, 1000));
  assert.deepEqual(differs(make(100), make(105)), [false, false]);
  assert.deepEqual(differs(make(10), make(18)), [false, false]); // much of little
  assert.deepEqual(differs(make(100), make(130)), [false, true]);
  assert.deepEqual(differs(make(100), make(100, { status: { code: "ERROR", message: "" } })), [false, true]);
});

test("chains of 50,000 spans compare without the stack", () => {
  const chain = (length) => tree(...Array.from({ length }, (_, i) => span(`s${i}`, i ? `s${i - 1}` : "", i, 100_000)));
  assert.equal(ui.comparePaths(chain(50_000), chain(49_000)).filter((pair) => pair.b === null).length, 1000);
});
