// Who called whom, and where it stands.
import assert from "node:assert/strict";
import { test } from "node:test";
import { agentTrace } from "../dev/fixtures.mjs";
import { span, start, tree, ui } from "./ui.mjs";

const shape = ({ actors, calls }) => {
  const name = new Map(actors.map((actor) => [actor.key, actor.name]));
  return { actors: actors.map((actor) => `${actor.role} ${actor.name} ${actor.spans}`), calls: calls.map((call) => `${name.get(call.from)} ${call.link ? "~" : "→"} ${name.get(call.to)} ${call.count}`) };
};

test("agents, models, tools and services call each other; plain spans belong to their caller within a service", () => {
  const t = ui.buildTree(agentTrace(start));
  const { actors, calls } = shape(ui.callGraph(t, t.nodes));
  assert.ok(actors.includes("tool web_search 4")); // its own two spans, and the two requests it made
  assert.ok(calls.includes("researcher → web_search 2"));
  assert.ok(calls.includes("web_search → search-api 1"));
  assert.ok(calls.includes("researcher → crawler 1"));
  assert.ok(calls.includes("crawler → fetch_page 4"));
  assert.ok(calls.includes("researcher → gpt-x 2")); // one of them by way of its plan
});

test("links are calls of their own kind, and those into other traces are none", () => {
  const link = (span_id, trace_id = "t") => ({ links: [{ span_id, trace_id, attributes: [] }] });
  const t = tree(span("a", ""), span("b", "a", 1, 5, { resource: 1, ...link("a") }), span("c", "a", 2, 6, link("b", "another")), span("d", "a", 2, 6, link("nobody")));
  assert.deepEqual(shape(ui.callGraph(t, t.nodes)).calls, ["s → other 1", "s ~ other 1"]);
});

test("an agent that calls itself has a call to itself, and a large graph keeps what took longest", () => {
  const agent = { attributes: [{ key: "gen_ai.operation.name", type: "string", value: "invoke_agent" }, { key: "gen_ai.agent.name", type: "string", value: "x" }] };
  const t = tree(span("a", "", 0, 10, agent), span("b", "a", 1, 5, agent));
  const graph = ui.callGraph(t, t.nodes);
  assert.deepEqual(shape(graph).calls, ["x → x 1"]);
  const many = { actors: Array.from({ length: 50 }, (_, i) => ({ key: `${i}`, total: i })), calls: [{ from: "49", to: "48" }, { from: "1", to: "49" }] };
  const kept = ui.largest(many, 10);
  assert.deepEqual([kept.actors.length, kept.calls.length, kept.actors[0].key], [10, 1, "40"]);
});

test("callers stand to the left of whom they call, whatever circles there are", () => {
  const { places, bends, heights } = ui.layers(["a", "b", "c", "d"], [["a", "b"], ["b", "c"], ["c", "a"], ["a", "c"], ["b", "d"], ["b", "b"]]);
  assert.deepEqual(["a", "b", "c", "d"].map((key) => places.get(key).layer), [0, 1, 2, 2]);
  assert.deepEqual(heights, [1, 2, 2]); // the call from a to c passes b's layer beside it
  const [bend] = bends.get(ui.edgeKey("a", "c"));
  assert.equal(bend.layer, 1);
  assert.notEqual(bend.row, places.get("b").row);
});

test("neighbours stand near each other", () => {
  const { places } = ui.layers(["a", "b", "x", "y"], [["a", "y"], ["b", "x"]]);
  assert.equal(places.get("a").row, places.get("y").row);
  assert.equal(places.get("b").row, places.get("x").row);
});

test("no two of a layer share a place, with hundreds of calls", () => {
  const keys = Array.from({ length: 60 }, (_, i) => `n${i}`);
  const edges = keys.flatMap((from, i) => [3, 7, 31].map((step) => [from, keys[(i * step + 1) % 60]]));
  const { places, bends } = ui.layers(keys, edges);
  const spots = [...places.values(), ...[...bends.values()].flat()].map(({ layer, row }) => `${layer}.${row}`);
  assert.equal(new Set(spots).size, spots.length);
});
