// What senders wrote, made readable: messages, JSON in strings, Markdown; and the conditions of queries.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ui } from "./ui.mjs";

const string = (key, value) => ({ key, type: "string", value: typeof value === "string" ? value : JSON.stringify(value) });

test("messages of the conventions are read, others are left as they are", () => {
  const [instructions] = ui.readMessages(string("gen_ai.system_instructions", [{ type: "text", content: "Be brief." }]));
  assert.deepEqual([instructions.source, instructions.role, instructions.pieces], ["instructions", "system", [{ kind: "text", text: "Be brief." }]]);
  const read = ui.readMessages(string("gen_ai.output.messages", [{ role: "assistant", finish_reason: "stop", parts: [{ type: "reasoning", content: "Hm." }, { type: "blob", content: "AA==" }] }, { role: "user", content: "plain" }]));
  assert.deepEqual(read.map((message) => [message.source, message.role, message.note, message.pieces.map((piece) => piece.kind)]), [["output", "assistant", "stop", ["reasoning", "other"]], ["output", "user", "", ["text"]]]);
  for (const other of ["just text", {}, [], [1], [{ role: 5 }], [{ role: "user", parts: "x" }]]) assert.equal(ui.readMessages(string("gen_ai.input.messages", other)), null);
});

test("a tool's result stands beside its call, once", () => {
  const call = (id) => ({ type: "tool_call", id, name: "search", arguments: { q: id } });
  const response = (id, value) => ({ type: "tool_call_response", id, response: value });
  const messages = ui.joinCalls(ui.readMessages(string("gen_ai.input.messages", [
    { role: "assistant", parts: [call("a"), call("b")] }, { role: "tool", parts: [response("a", 1)] }, { role: "tool", parts: [response("a", 2), response("lost", 3)] },
  ])));
  assert.deepEqual(messages.map(({ role, pieces }) => [role, pieces.map((piece) => `${piece.kind} ${piece.id} ${piece.response}`)]), [
    ["assistant", ["call a 1", "call b undefined"]], ["tool", ["response a 2", "response lost 3"]],
  ]);
});

test("JSON in strings is a tree with every digit", () => {
  const value = ui.jsonValue('{"a":[1,12345678901234567890,1.5],"b":null,"c":"x","d":{}}');
  assert.deepEqual(value.value.map((item) => [item.key, item.type]), [["a", "array"], ["b", "empty"], ["c", "string"], ["d", "map"]]);
  if (typeof JSON.rawJSON === "function") assert.equal(value.value[0].value[1].value, "12345678901234567890");
  assert.equal(ui.jsonValue("12"), undefined);
  assert.equal(ui.jsonValue("[1,"), undefined);
  assert.equal(ui.jsonValue("[".repeat(200) + "]".repeat(200)) !== undefined, true);
  ui.jsonValue("[".repeat(100_000) + "]".repeat(100_000)); // too deep to read, not to survive
});

const shape = (text) => ui.readMarkdown(text).map((block) => block.kind + (block.inlines ? ":" + block.inlines.map((inline) => (inline.kind === "text" ? inline.text : `<${inline.kind} ${inline.text}>`)).join("") : ""));

test("Markdown becomes blocks of text", () => {
  assert.deepEqual(shape("# Title\n\nSome **bold**, *soft* and `code`.\nSame paragraph\n\n---\n> said\n> so"), ["heading:Title", "paragraph:Some <strong bold>, <em soft> and <code code>.\nSame paragraph", "rule", "quote:said\nso"]);
  const [list, code, table] = ui.readMarkdown("- one\n  more\n  - two\n1. three\n```c\nint x = *p;\n```\n| a | b |\n|---|:-:|\n| 1 | `2` |");
  assert.deepEqual(list.items.map((item) => [item.depth, item.mark, item.inlines[0].text]), [[0, "•", "one\nmore"], [1, "•", "two"], [0, "1.", "three"]]);
  assert.deepEqual([code.language, code.text], ["c", "int x = *p;"]);
  assert.deepEqual([table.rows.length, table.rows[1][1][0]], [2, { kind: "code", text: "2" }]);
});

test("Markdown knows no HTML and follows no link; stars in prose and code stay", () => {
  assert.deepEqual(shape('<img src=x onerror="alert(1)"> [a](javascript:alert(1)) ![b](http://evil/x.png)'), ['paragraph:<img src=x onerror="alert(1)"> [a](javascript:alert(1)) <link b>']);
  assert.deepEqual(shape("2 * 3 * 4 and a*b*c"), ["paragraph:2 * 3 * 4 and a*b*c"]);
  assert.equal(ui.looksLikeMarkdown("An ordinary sentence - with a dash, 2 * 3 and an under_score."), false);
  assert.equal(ui.looksLikeMarkdown("Do:\n- this\n- that"), true);
});

test("hostile Markdown ends, and loses nothing", () => {
  for (const piece of ["[", "*", "**", "`", "```\n", "> ", "- ", "|", "# ", "[](", "_", "\n  "]) {
    const begun = performance.now();
    ui.readMarkdown(piece.repeat(20_000));
    ui.looksLikeMarkdown(piece.repeat(20_000));
    assert.ok(performance.now() - begun < 3000, JSON.stringify(piece));
  }
  assert.deepEqual(ui.readMarkdown("```\nnever closed"), [{ kind: "code", language: "", text: "never closed" }]);
});

test("an attribute as a condition of the query language", () => {
  const of = (key, type, value, where) => ui.condition({ key, type, value }, where);
  assert.equal(of("gen_ai.tool.name", "string", "search"), "gen_ai.tool.name = search");
  assert.equal(of("gen_ai.tool.name", "string", 'say "hi" \\ bye'), 'gen_ai.tool.name = "say \\"hi\\" \\\\ bye"');
  assert.equal(of("zip", "string", "0042"), 'zip = "0042"');
  assert.equal(of("status", "int", "7"), '"status" = 7');
  assert.equal(of("host.name", "string", "a", "resource."), "resource.host.name = a");
  assert.equal(of("a key", "bool", true, "resource."), 'resource."a key" = true');
  assert.equal(of("span.x", "double", 0.5), '"span.x" = 0.5');
  assert.equal(of("d", "double", "NaN"), "has d");
  assert.equal(of("list", "array", []), "has list");
  assert.equal(of("long", "string", "x".repeat(1000)), `long ~ "${"x".repeat(300)}"`);
  assert.equal(ui.fieldIs("name", "GET /orders/{id}"), 'name = "GET /orders/{id}"');
});

test("conditions are added to a query without changing what it means", () => {
  assert.equal(ui.conjoined("", "a = 1"), "a = 1");
  assert.equal(ui.conjoined("a = 1", "a = 1"), "a = 1");
  assert.equal(ui.conjoined("error", "a = 1"), "error and a = 1");
  assert.equal(ui.conjoined("a = 1 or b = 2", "c = 3"), "(a = 1 or b = 2) and c = 3");
});
