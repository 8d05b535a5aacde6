// The views of a trace: critical path, own times, merged paths, flame graph, table of sums, windows of time.
import assert from "node:assert/strict";
import { test } from "node:test";
import { agentTrace, largeTrace } from "../dev/fixtures.mjs";
import { names, span, start, tree, ui } from "./ui.mjs";

const parts = (t) => {
  const { stretches } = ui.criticalPath(t.nodes);
  return t.nodes.flatMap((node) => (stretches.get(node) ?? []).map(({ from, to }) => `${node.span.name}:${from}-${to}`)).join(" ");
};

test("the critical path of calls one after the other is all of them, and the gaps are their parent's", () => {
  assert.equal(parts(tree(span("a", "", 0, 100), span("b", "a", 10, 40), span("c", "a", 50, 90))), "a:0-10 a:40-50 a:90-100 b:10-40 c:50-90");
});

test("of calls side by side, the one that ended last was waited for", () => {
  assert.equal(parts(tree(span("a", "", 0, 100), span("b", "a", 10, 40), span("c", "a", 10, 90))), "a:0-10 a:90-100 c:10-90");
  // d could not have waited for b, which was still running when d began
  assert.equal(parts(tree(span("a", "", 0, 100), span("b", "a", 10, 60), span("d", "a", 50, 90))), "a:0-50 a:90-100 d:50-90");
});

test("what outlives its parent counts until the parent's end, and what begins after it does not", () => {
  assert.equal(parts(tree(span("a", "", 0, 50), span("b", "a", 20, 90), span("c", "a", 60, 80))), "a:0-20 b:20-50");
  // nor do the children of what is cut off
  assert.equal(parts(tree(span("a", "", 0, 50), span("b", "a", 20, 90), span("c", "b", 30, 80), span("d", "b", 60, 85))), "a:0-20 b:20-30 c:30-50");
});

test("a child before its parent (another clock) takes no time its parent has not", () => {
  assert.equal(parts(tree(span("a", "", 10, 50), span("b", "a", 0, 30))), "a:30-50 b:10-30");
});

test("several roots, none, and a chain of 50,000 spans have a critical path", () => {
  assert.equal(parts(tree(span("a", "", 0, 40), span("b", "", 50, 90))), "a:0-40 b:50-90");
  assert.equal(ui.criticalPath([]).total, 0);
  const chain = tree(...Array.from({ length: 50_000 }, (_, i) => span(`s${i}`, i ? `s${i - 1}` : "", i, 100_000 - i)));
  assert.equal(ui.criticalPath(chain.nodes).total, 100_000);
  const flat = tree(span("root", "", 0, 100_000), ...Array.from({ length: 50_000 }, (_, i) => span(`s${i}`, "root", 2 * i, 2 * i + 1)));
  const { stretches, total } = ui.criticalPath(flat.nodes);
  assert.equal(total, 100_000);
  assert.equal(stretches.get(flat.nodes[0]).length, 50_000);
  assert.equal(ui.joined(stretches.get(flat.nodes[0]), 0, 100_000, 200).length, 1);
});

test("the critical path is never longer than the trace, and its stretches do not overlap", () => {
  for (const trace of [agentTrace(start), largeTrace(start)]) {
    const t = ui.buildTree(trace);
    const { stretches, total } = ui.criticalPath(t.nodes);
    assert.ok(total <= t.duration);
    const all = [...stretches].flatMap(([node, list]) => list.map((part) => ({ ...part, node }))).sort((a, b) => a.from - b.from);
    assert.ok(all.every(({ from, to, node }) => from >= node.start && to <= node.start + node.duration));
    for (let i = 1; i < all.length; i++) assert.ok(all[i].from >= all[i - 1].to);
  }
});

test("a span's own time is what no child covers, counted once", () => {
  const t = tree(span("a", "", 0, 100), span("b", "a", 10, 40), span("c", "a", 30, 60), span("d", "a", 90, 140));
  assert.deepEqual(t.nodes.map(ui.selfTime), [100 - 50 - 10, 30, 30, 50]);
});

test("spans are merged by the names that lead to them", () => {
  const t = tree(span("r", "", 0, 100), span("1", "r", 0, 30, { name: "x" }), span("2", "r", 30, 90, { name: "x" }), span("3", "1", 0, 10, { name: "y" }), span("4", "2", 30, 50, { name: "y" }), span("5", "r", 90, 95, { name: "y" }));
  const { tops, all, work } = ui.mergePaths(t.nodes);
  assert.deepEqual(all.map((path) => `${path.name}${path.spans.length} ${path.total} ${path.self} ${path.work}`), ["r1 100 5 100", "x2 90 60 90", "y2 30 30 30", "y1 5 5 5"]);
  assert.equal(work, 100);
  assert.deepEqual(tops[0].children.map((path) => path.name), ["x", "y"]);
  assert.equal(names([ui.longestSpan(all[1])]), "2");
  assert.equal(ui.mergePaths(ui.subtree(t, t.byId.get("2"))).tops[0].work, 60);
});

test("a flame graph's boxes stand on their parents and never stick out, whatever ran side by side", () => {
  for (const trace of [agentTrace(start), largeTrace(start)]) {
    const paths = ui.mergePaths(ui.buildTree(trace).nodes);
    const boxes = new Map(ui.flameBoxes(paths, null, 0).boxes.map((box) => [box.path, box]));
    assert.equal(boxes.size, paths.all.length);
    for (const box of boxes.values()) {
      const parent = boxes.get(box.path.parent);
      if (parent) assert.ok(box.left >= parent.left - 1e-9 && box.left + box.width <= parent.left + parent.width + 1e-9 && box.row === parent.row + 1);
    }
  }
});

test("a flame graph zooms, leaves out what is too narrow, and is walked with arrows", () => {
  const paths = ui.mergePaths(tree(span("r", "", 0, 100), span("x", "r", 0, 30), span("y", "r", 40, 99), span("z", "y", 50, 51)).nodes);
  const [r, x, y, z] = paths.all;
  const whole = ui.flameBoxes(paths, null, 0.02);
  assert.deepEqual(whole.boxes.map(({ path, row, left, width }) => `${path.name} ${row} ${left.toFixed(2)} ${width.toFixed(2)}`), ["r 0 0.00 1.00", "x 1 0.00 0.30", "y 1 0.30 0.59"]);
  assert.equal(whole.rows, 2);
  const zoomed = ui.flameBoxes(paths, y, 0.001);
  assert.deepEqual(zoomed.boxes.map(({ path, row, width }) => `${path.name} ${row} ${width.toFixed(2)}`), ["r 0 1.00", "y 1 1.00", "z 2 0.02"]);
  assert.equal(ui.neighbour(whole, r, "down"), x);
  assert.equal(ui.neighbour(whole, x, "right"), y);
  assert.equal(ui.neighbour(whole, y, "right"), undefined);
  assert.equal(ui.neighbour(zoomed, z, "up"), y);
  const wide = ui.mergePaths(tree(span("r", "", 0, 50_000), ...Array.from({ length: 50_000 }, (_, i) => span(`s${i}`, "r", i, i + 1))).nodes);
  assert.ok(ui.flameBoxes(wide, null, 1 / 700).boxes.length <= 701);
  assert.equal(ui.flameBoxes(ui.mergePaths(tree(span("a", "", 0, 0), span("b", "a", 0, 0)).nodes), null, 0.01).boxes.length, 2);
});

test("sums by name", () => {
  const failed = { status: { code: "ERROR", message: "" } };
  const t = tree(span("r", "", 0, 100), span("1", "r", 0, 30, { name: "x", ...failed }), span("2", "r", 30, 90, { name: "x" }), span("3", "2", 40, 50, { name: "x", resource: 1 }));
  const groups = ui.groupSpans(t.nodes);
  assert.deepEqual(ui.sortGroups(groups, "total", true).map(({ name, service, count, total, self, mean, most, errors }) => [name, service, count, total, self, mean, most, errors]), [
    ["r", "s", 1, 100, 10, 100, 100, 0], ["x", "s", 2, 90, 80, 45, 60, 1], ["x", "other", 1, 10, 10, 10, 10, 0],
  ]);
  assert.deepEqual(ui.sortGroups(groups, "name", false).map((group) => group.name + group.service), ["rs", "xother", "xs"]);
  assert.deepEqual(ui.sortGroups(groups, "count", true).map((group) => group.count), [2, 1, 1]);
  assert.equal(names([groups[1].longest]), "2");
});

test("a window of time stays within the trace and is never empty", () => {
  const whole = ui.wholeOf(1e6);
  assert.equal(ui.clampRange({ from: -5, to: 2e6 }, whole), null);
  assert.deepEqual(ui.clampRange({ from: 9.9e5, to: 1.09e6 }, whole), { from: 9e5, to: 1e6 });
  assert.deepEqual(ui.clampRange({ from: 500_000, to: 500_000 }, whole), { from: 500_000, to: 500_010 });
  assert.deepEqual(ui.moved({ from: 0, to: 100 }, 0.5, whole), { from: 50, to: 150 });
  assert.deepEqual(ui.moved({ from: 999_900, to: 1e6 }, 0.5, whole), { from: 999_900, to: 1e6 });
  assert.deepEqual(ui.zoomed({ from: 0, to: 100 }, 50, 0.5), { from: 25, to: 75 });
});
