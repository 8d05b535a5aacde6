// What metrics' points become: rates, quantiles, distributions, names of series, and values in their unit.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ui } from "./ui.mjs";

const SECOND = 1_000_000_000;
const at = (seconds) => String(BigInt(1_760_000_000 + seconds) * BigInt(SECOND));
const point = (seconds, more, start = 0) => ({ start_unix_ns: at(start), time_unix_ns: at(seconds), flags: 0, exemplars: [], ...more });
const int = (value) => ({ value: { type: "int", value: String(value) } });
const head = (type, more = {}) => ({ id: "1", name: "m", description: "", unit: "1", type, temporality: "cumulative", monotonic: false, service: "s", scope: "", series: 1, points: 1, last_unix_ns: "0", ...more });
const metric = (metric, ...series) => ({ revision: 1, metric, resources: [{ service: "s", schema_url: "", attributes: [] }], scopes: [], more: false, series: series.map((points) => ({ attributes: [], resource: 0, scope: 0, points })) });
const values = (lines) => lines.map((line) => line.values);
const counter = head("sum", { monotonic: true });

test("a cumulative counter is a rate, whose first point says nothing", () => {
  const one = metric(counter, [point(10, int(100)), point(20, int(150)), point(25, int(150))]);
  assert.deepEqual(values(ui.linesOf(one, false)), [[null, 5, 0]]);
  assert.deepEqual(values(ui.linesOf(one, true)), [[100, 150, 150]]);
});

test("a counter that began again counts from its new start", () => {
  const restarted = metric(counter, [point(10, int(100)), point(20, int(30), 17)]);
  assert.deepEqual(values(ui.linesOf(restarted, false)), [[null, 10]]);
  const unsaid = metric(counter, [point(10, int(100)), point(20, int(30))]); // no start of its own, but less than before
  assert.deepEqual(values(ui.linesOf(unsaid, false)), [[null, 3]]);
  const overlapping = metric(counter, [point(10, int(100)), point(20, int(30), 5)]);
  assert.deepEqual(values(ui.linesOf(overlapping, false)), [[null, 3]]);
});

test("a delta is a rate over the time it covers", () => {
  const delta = head("sum", { monotonic: true, temporality: "delta" });
  assert.deepEqual(values(ui.linesOf(metric(delta, [point(10, int(50), 5), point(20, int(50), 10)]), false)), [[10, 5]]);
  const startless = { ...point(20, int(50)), start_unix_ns: "0" };
  assert.deepEqual(values(ui.linesOf(metric(delta, [{ ...point(10, int(50)), start_unix_ns: "0" }, startless]), false)), [[null, 5]]);
});

test("gauges and sums that fall too are what they are; no value is a gap", () => {
  const empty = { value: { type: "empty", value: null } };
  assert.deepEqual(values(ui.linesOf(metric(head("gauge"), [point(1, int(-3)), point(2, empty), point(3, { value: { type: "double", value: "NaN" } })]), false)), [[-3, null, null]]);
  assert.deepEqual(values(ui.linesOf(metric(head("sum"), [point(1, int(5)), point(2, int(2))]), false)), [[5, 2]]);
});

const histogram = (buckets, more = {}) => ({ count: String(buckets.reduce((a, b) => a + b, 0)), sum: null, min: null, max: null, bounds: [10, 20, 30], buckets: buckets.map(String), ...more });
const quantiles = (one, ...shares) => shares.map((share) => ui.quantile(one, share));

test("quantiles lie within their bucket; open buckets end at the extremes", () => {
  const one = ui.distribution(point(1, histogram([10, 10, 0, 0])));
  assert.deepEqual(quantiles(one, 0, 0.25, 0.5, 0.75, 1), [0, 5, 10, 15, 20]);
  const last = ui.distribution(point(1, histogram([0, 0, 0, 4])));
  assert.deepEqual(quantiles(last, 0.5), [30]);
  assert.deepEqual(quantiles(ui.distribution(point(1, histogram([0, 0, 0, 4], { min: 40, max: 60 }))), 0.5, 1), [45, 60]);
  assert.deepEqual(quantiles(ui.distribution(point(1, histogram([4, 0, 0, 0], { min: 8, max: 9 }))), 0.5), [9]);
  assert.deepEqual(quantiles(ui.distribution(point(1, histogram([0, 0, 0, 0]))), 0.5), [null]);
  assert.deepEqual(quantiles(ui.distribution(point(1, { count: "3", sum: 6, min: null, max: null, bounds: [], buckets: ["3"] })), 0.5), [null]);
});

test("a cumulative histogram tells of each stretch of time, a restarted one of itself", () => {
  const points = [point(10, histogram([10, 0, 0, 0])), point(20, histogram([10, 10, 0, 0])), point(30, histogram([0, 0, 10, 0]), 25)];
  const cumulative = metric(head("histogram"), points);
  const p50 = (raw) => ui.linesOf(cumulative, raw)[0].values;
  assert.deepEqual(p50(false), [5, 15, 25]);
  assert.deepEqual(p50(true), [5, 10, 25]);
  assert.equal(ui.between(points[1], points[0]), null);
  assert.deepEqual(ui.linesOf(cumulative, false).map(({ part }) => part), ["p50", "p95", "p99"]);
});

test("the newest distribution is of the last stretch of time in which anything came", () => {
  const points = [point(10, histogram([1, 0, 0, 0])), point(20, histogram([1, 2, 0, 0])), point(30, histogram([1, 2, 0, 0])), point(40, histogram([1, 2, 0, 0]))];
  const newest = (raw, some) => ui.newestDistribution(some, head("histogram"), raw);
  assert.deepEqual([newest(false, points).point.time_unix_ns, newest(false, points).distribution.count], [at(20), 2]);
  assert.deepEqual([newest(true, points).point.time_unix_ns, newest(true, points).distribution.count], [at(40), 3]);
  const none = [point(10, histogram([0, 0, 0, 0])), point(20, histogram([0, 0, 0, 0]))];
  assert.deepEqual([newest(false, none).point.time_unix_ns, newest(false, none).distribution.count], [at(20), 0]);
});

test("a histogram without buckets has its mean", () => {
  const bare = metric(head("histogram", { temporality: "delta" }), [point(1, { count: "4", sum: 10, min: null, max: null, bounds: [], buckets: [] })]);
  assert.deepEqual(ui.linesOf(bare, false).map(({ part, values }) => [part, values]), [["mean", [2.5]]]);
});

const exponential = (scale, offset, buckets, more = {}) => ({ count: String(buckets.reduce((a, b) => a + b, 0)), sum: null, min: null, max: null, scale, zero_count: "0", zero_threshold: 0, positive: { offset, buckets: buckets.map(String) }, negative: { offset: 0, buckets: [] }, ...more });
const edges = ({ buckets }) => buckets.map(({ low, high, count }) => [low, high, count]);

test("exponential buckets have the edges their scale gives them", () => {
  assert.deepEqual(edges(ui.distribution(point(1, exponential(0, 0, [1, 2])))), [[1, 2, 1], [2, 4, 2]]);
  assert.deepEqual(edges(ui.distribution(point(1, exponential(-1, -1, [1, 2])))), [[0.25, 1, 1], [1, 4, 2]]);
  const signs = exponential(0, 0, [3], { zero_count: "2", zero_threshold: 0.5, negative: { offset: 0, buckets: ["1", "4"] } });
  assert.deepEqual(edges(ui.distribution(point(1, signs))), [[-4, -2, 4], [-2, -1, 1], [-0.5, 0.5, 2], [1, 2, 3]]);
});

test("exponential points of two scales are compared at the coarser one", () => {
  const rest = ui.between(point(1, exponential(1, 0, [1, 1, 1, 1])), point(2, exponential(0, 0, [5, 3])));
  assert.deepEqual(edges(rest), [[1, 2, 3], [2, 4, 1]]);
  const downward = ui.between(point(1, exponential(0, -1, [2])), point(2, exponential(1, -3, [1, 4, 4])));
  assert.deepEqual(edges(downward), [[0.25, 0.5, 1], [0.5, 1, 6]]);
});

test("distributions of series with the same buckets are one; long ones are shortened", () => {
  const one = ui.distribution(point(1, histogram([1, 2, 3, 0], { sum: 5, min: 1, max: 25 })));
  const sum = ui.together([one, one]);
  assert.deepEqual([sum.count, sum.sum, sum.min, sum.max, sum.buckets.map(({ count }) => count)], [12, 10, 1, 25, [2, 4, 6, 0]]);
  assert.equal(ui.together([one, ui.distribution(point(1, exponential(0, 0, [1])))]), null);
  assert.equal(ui.together([]), null);
  assert.deepEqual(edges({ buckets: ui.shownBuckets(ui.distribution(point(1, exponential(0, 0, [0, 1, 1, 1, 0]))).buckets, 2) }), [[2, 8, 2], [8, 16, 1]]);
  assert.deepEqual(ui.shownBuckets(ui.distribution(point(1, histogram([0, 0, 0, 0]))).buckets, 9), []);
});

test("a summary's quantiles are its lines", () => {
  const lines = ui.linesOf(metric(head("summary", { temporality: "unspecified" }), [point(1, { count: "1", sum: 1, quantiles: [{ quantile: 0, value: 1 }, { quantile: 0.999, value: "NaN" }] })]), false);
  assert.deepEqual(lines.map(({ part, values }) => [part, values[0]]), [["min", 1], ["p99.9", null]]);
  const many = Array.from({ length: 5000 }, (_, i) => ({ quantile: i / 5000, value: i }));
  assert.equal(ui.linesOf(metric(head("summary", { temporality: "unspecified" }), [point(1, { count: "1", sum: 1, quantiles: many })]), false).length, 12);
});

const string = (key, value) => ({ key, type: "string", value });

test("series are named by what they differ in", () => {
  const two = metric(head("gauge"), [], []);
  two.series[0].attributes = [string("method", "GET"), string("host", "a")];
  two.series[1].attributes = [string("host", "a"), string("method", "POST")];
  const { shared, names } = ui.seriesNames(two);
  assert.deepEqual([shared.map(({ key }) => key), names.map(({ attributes }) => attributes.map(({ value }) => value))], [["host"], [["GET"], ["POST"]]]);
  assert.notEqual(names[0].key, names[1].key);
  assert.deepEqual(ui.chosen(names, null, 1), [true, false]);
  assert.equal(ui.choice(names, [true, true], 1), "all");
  assert.equal(ui.choice(names, [false, false], 1), "none");
  assert.deepEqual(ui.chosen(names, ui.choice(names, [false, true], 1), 1), [false, true]);
  const alike = metric(head("gauge"), [], []);
  alike.resources = [1, 2].map((pid) => ({ service: "s", schema_url: "", attributes: [string("service.name", "s"), string("pid", String(pid))] }));
  alike.series[1].resource = 1;
  assert.deepEqual(ui.seriesNames(alike).names.map(({ attributes }) => attributes.map(({ value }) => value)), [["1"], ["2"]]);
  alike.series[1].resource = 0;
  assert.equal(new Set(ui.seriesNames(alike).names.map(({ key }) => key)).size, 2);
});

test("values are written in their unit", () => {
  const value = (unit, number, rate) => ui.unitFormat(unit, rate).value(number);
  assert.deepEqual([value("s", 0.0123), value("ms", 1500), value("s", -2)], ["12.3 ms", "1.50 s", "−2.00 s"]);
  assert.deepEqual([value("By", 1536), value("MiBy", 1), value("By", -2048), value("By", 1536, true)], ["1.5 KiB", "1.0 MiB", "−2.0 KiB", "1.5 KiB/s"]);
  assert.deepEqual([value("{token}", 1234567), value("{token}", 3.25, true), value("1", 0.5), value("", 12), value("%", 12.5)], ["1.235M tokens", "3.25 tokens/s", "0.5", "12", "12.5 %"]);
  assert.deepEqual([value("Cel", 21.5), value("s", 0.5, true), value("__proto__", 1), value("constructor", 1)], ["21.5 Cel", "0.5 s/s", "1 __proto__", "1 constructor"]);
  assert.equal(value("x\u202e".repeat(100), 1).length < 200, true);
  assert.deepEqual([0, 0.00001, 9999, 10_000, 2.5e9, 1e20].map(ui.shortNumber), ["0", "1.00e-5", "9,999", "10k", "2.5G", "1.00e20"]);
  assert.deepEqual([ui.unitFormat("s").mark(0), ui.unitFormat("s").mark(0.2), ui.unitFormat("By").mark(1024), ui.unitFormat("{token}").mark(1500)], ["0", "200 ms", "1 KiB", "1,500"]);
});

test("exemplars are told the newest first, and once", () => {
  const exemplar = (seconds, value, trace_id) => ({ time_unix_ns: at(seconds), value: { type: "double", value }, trace_id, span_id: "", attributes: [] });
  const one = metric(head("histogram"), [point(1, { ...histogram([1, 0, 0, 0]), exemplars: [exemplar(1, 5, "t"), exemplar(2, 6, ""), exemplar(3, "NaN", "t"), exemplar(4, 7, "u")] }), point(2, { ...histogram([2, 0, 0, 0]), exemplars: [exemplar(4, 7, "u")] })]);
  assert.deepEqual(ui.exemplarsOf(one).map(({ value, traceId }) => [value, traceId]), [[7, "u"], [6, ""], [5, "t"]]);
});
