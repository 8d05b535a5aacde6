// Logs and what becomes of them: the list that is asked for in pages, those of a trace, and what a record holds.
import assert from "node:assert/strict";
import { test } from "node:test";
import { start, ui } from "./ui.mjs";

const resources = [{ service: "a", attributes: [], schema_url: "" }, { service: "", attributes: [], schema_url: "" }];
const log = (id, at, more = {}) => ({
  id: String(id), time_unix_ns: String(start + BigInt(at)), observed_unix_ns: "7", severity: "INFO", severity_number: 9, severity_text: "", event_name: "",
  body: { type: "string", value: `log ${id}` }, attributes: [], trace_id: "", span_id: "", flags: 0, dropped_attributes_count: 0, resource: 0, scope: 0, ...more,
});
const page = (logs, next = null) => ({ revision: 1, resources, scopes: [], logs, next });
const down = (from, to) => Array.from({ length: from - to + 1 }, (_, i) => log(from - i, from - i)); // newest first
const ids = ({ records }) => records.map((record) => Number(record.log.id));

test("the list of logs grows at its top and keeps what was asked for below", () => {
  let list = ui.withFirst(ui.emptyLogList("u"), page(down(20, 11), "11"));
  list = ui.withOlder(list, page(down(10, 6), "6"));
  assert.deepEqual([ids(list).length, list.next], [15, "6"]);
  list = ui.withFirst(list, page(down(23, 14), "14"));
  assert.deepEqual(ids(list), down(23, 6).map(({ id }) => Number(id)));
  assert.equal(list.next, "6");
  list = ui.withFirst(list, page([log(24, 24), log(99, 15), ...down(23, 16)], "16")); // one that came late
  assert.deepEqual(ids(list).slice(0, 3), [24, 99, 23]);
  assert.equal(ids(list).filter((id) => id === 15).length, 1);
});

test("a list that has lost touch with its top begins again, and one that is whole forgets what is gone", () => {
  let list = ui.withFirst(ui.emptyLogList("u"), page(down(20, 11), "11"));
  list = ui.withFirst(list, page(down(50, 41), "41"));
  assert.deepEqual([ids(list).at(-1), list.next], [41, "41"]);
  list = ui.withFirst(list, page(down(50, 48)));
  assert.deepEqual([ids(list), list.next], [[50, 49, 48], null]);
  assert.deepEqual(ids(ui.withFirst(list, page([]))), []);
});

test("an older page that overlaps adds nothing twice", () => {
  const list = ui.withOlder(ui.withFirst(ui.emptyLogList("u"), page(down(20, 11), "11")), page(down(12, 8)));
  assert.deepEqual(ids(list), down(20, 8).map(({ id }) => Number(id)));
});

test("a trace's logs are in the order of time, by span, and counted by severity", () => {
  const severe = { severity: "ERROR", severity_number: 17, span_id: "s" };
  const logs = ui.traceLogs(ui.readLogs(page([log(3, 30, severe), log(2, 20, { severity: "WARN", severity_number: 13, span_id: "s" }), log(1, 10, { span_id: "t" }), log(0, 5)])), true);
  assert.deepEqual([ids(logs), logs.errors, logs.warnings, logs.more], [[0, 1, 2, 3], 1, 1, true]);
  assert.deepEqual(logs.bySpan.get("s").map(({ log }) => log.id), ["2", "3"]);
  assert.deepEqual(ui.marked(logs.records, 2).map(({ log }) => log.id), ["3", "2"]);
});

test("a record without a time is placed where it was observed, one without a service has the default", () => {
  const [record] = ui.readLogs(page([log(1, 0, { time_unix_ns: "0", resource: 1 })]));
  assert.deepEqual([record.time, record.service], [{ seconds: 0, ns: 7 }, "unknown_service"]);
});

const map = (...entries) => ({ type: "map", value: entries.map(([key, value]) => ({ key, ...value })) });
const string = (value) => ({ type: "string", value });

test("a body is a line, however it is nested", () => {
  assert.equal(ui.logLine(log(1, 0, { body: map(["a", string("x")]) })), '{"a": "x"}');
  assert.equal(ui.logLine(log(1, 0, { body: map(["a", string("x".repeat(1000))]) })), "{…} 1 key");
  assert.equal(ui.logLine(log(1, 0, { body: { type: "empty", value: null } })), "");
  assert.equal(ui.logLine(log(1, 0, { body: { type: "int", value: "7" } })), "7");
});

test("a model call's messages are a conversation, in attributes and in the body", () => {
  const words = { type: "array", value: [map(["role", string("user")], ["parts", { type: "array", value: [map(["type", string("text")], ["content", string("Hi.")])] }])] };
  const both = ui.logContent(log(1, 0, { body: map(["gen_ai.output.messages", words], ["left", string("over")]), attributes: [{ key: "gen_ai.input.messages", ...words }, { key: "k", ...string("v") }] }));
  assert.deepEqual(both.messages.map(({ key }) => key), ["gen_ai.input.messages", "gen_ai.output.messages"]);
  assert.deepEqual(both.messages.map((one) => ui.readMessages(one)[0].pieces), [[{ kind: "text", text: "Hi." }], [{ kind: "text", text: "Hi." }]]);
  assert.deepEqual([both.attributes.map(({ key }) => key), both.body.value.map(({ key }) => key)], [["k"], ["left"]]);
  assert.equal(ui.logContent(log(1, 0, { body: map(["gen_ai.output.messages", words]) })).body, null);
  assert.notEqual(ui.logContent(log(1, 0, { body: map() })).body, null);
});
