// The list of traces: queries with completion, mistakes, time, order, live arrivals, marks; and the ways from a span back to it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { eventually, expectHarmless, missing, shoot, startBrowser, startViewer } from "./session.mjs";
import { attributes, nowNs, request, span, spanId, traceId } from "./traces.mjs";

const TRACES = 40;
const SECOND = 1_000_000_000n;
let viewer, browser, began;

const chat = (trace, start, tokens) => span(trace, 2, 1, "chat gpt-x", start, 1, 5, { attributes: attributes({ "gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": tokens, "gen_ai.usage.output_tokens": 7 }) });

// Trace n takes n milliseconds and began n minutes after the first; every tenth fails; number 5 calls a model.
function nth(n) {
  const start = began + BigInt(n) * 60n * SECOND;
  const failed = n % 10 === 0 ? { status: { code: 2, message: "out of stock" } } : {};
  const spans = [span(n, 1, 0, n % 2 ? "GET /orders" : "POST /orders", start, 0, n, { ...failed, attributes: attributes({ "order.number": n, "shop name": "Größe 🦊" }) })];
  return request(n % 2 ? "orders" : "checkout", n === 5 ? [...spans, chat(n, start, 1234)] : spans, { resource: attributes({ "host.name": `host-${n % 3}` }) });
}

before(async () => {
  if (missing) return;
  viewer = await startViewer();
  browser = await startBrowser();
  began = nowNs() - 2400n * SECOND;
  for (let n = 1; n <= TRACES; n++) await viewer.send(nth(n));
});
after(async () => {
  await browser?.stop();
  await viewer?.stop();
});

const ids = (page) => page.locator("tr[data-trace-id]").evaluateAll((rows) => rows.map((row) => parseInt(row.dataset.traceId, 16)));
const shows = (page, n) => page.waitForFunction((n) => document.querySelectorAll("tr[data-trace-id]").length === n, n);
const parameter = (page, name) => new URL(page.url()).searchParams.get(name);

test("a query is completed by keys, applied, and is in the address", { skip: missing }, async () => {
  const page = await browser.open(viewer.site);
  await shows(page, TRACES);
  await page.keyboard.press("/");
  await page.keyboard.type("order.nu");
  await page.waitForSelector("[role=option]");
  const box = page.getByRole("combobox", { name: /Search traces/ });
  assert.equal(await box.getAttribute("aria-expanded"), "true");
  await shoot(page, "completion");
  await page.keyboard.press("ArrowDown");
  await page.waitForFunction(() => document.querySelector("[role=combobox]").getAttribute("aria-activedescendant") === document.querySelector("[role=option][aria-selected=true]")?.id);
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelector("[role=combobox]").value === "order.number ");
  await page.keyboard.press("Escape");
  await page.keyboard.type("= 7");
  await page.keyboard.press("Escape");
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute("role")), "combobox"); // the first Escape closes the proposals alone
  await page.keyboard.press("Enter");
  await shows(page, 1);
  assert.deepEqual(await ids(page), [7]);
  assert.equal(parameter(page, "q"), "order.number = 7");
  await page.reload();
  await shows(page, 1);
  assert.equal(await box.inputValue(), "order.number = 7");
  await expectHarmless(page);
});

test("a mistake is shown where it is, and the list stays", { skip: missing }, async () => {
  const page = await browser.open(viewer.site);
  await shows(page, TRACES);
  await page.keyboard.press("/");
  await page.keyboard.type('"Größe 🦊" and duration > soon');
  await page.keyboard.press("Enter");
  await page.waitForSelector(".query-wrong mark");
  assert.match(await page.locator(".query-wrong mark").innerText(), /soon/);
  assert.equal(await page.getByRole("combobox", { name: /Search traces/ }).getAttribute("aria-invalid"), "true");
  assert.equal((await ids(page)).length, TRACES);
  await shoot(page, "mistake");
  await page.getByRole("button", { name: "Clear the query" }).click();
  await page.waitForFunction(() => !document.querySelector(".query-wrong"));
  await expectHarmless(page);
});

test("columns sort, and the order is in the address", { skip: missing }, async () => {
  const page = await browser.open(viewer.site);
  await shows(page, TRACES);
  assert.deepEqual((await ids(page)).slice(0, 2), [40, 39]);
  await page.getByRole("button", { name: "Duration" }).click();
  await page.waitForFunction(() => document.querySelector("th.column-duration").getAttribute("aria-sort") === "descending");
  await page.getByRole("button", { name: "Duration" }).click();
  await page.waitForFunction(() => parseInt(document.querySelector("tr[data-trace-id]").dataset.traceId, 16) === 1);
  assert.deepEqual([parameter(page, "sort"), parameter(page, "order")], ["duration", "asc"]);
  await page.getByRole("button", { name: "Tokens in / out" }).click();
  await page.waitForFunction(() => parseInt(document.querySelector("tr[data-trace-id]").dataset.traceId, 16) === 5);
  assert.equal(await page.locator("tr[data-trace-id] .tokens").first().innerText(), "1,234/7");
  await expectHarmless(page);
});

test("a stretch of time is chosen by dragging and by keys", { skip: missing }, async () => {
  const page = await browser.open(viewer.site);
  await page.waitForSelector(".bars .bucket i");
  const bars = await page.locator(".bars").boundingBox();
  await page.mouse.move(bars.x + bars.width * 0.5, bars.y + 20);
  await page.mouse.down();
  await page.mouse.move(bars.x + bars.width * 0.7, bars.y + 20);
  await page.mouse.up();
  await page.waitForFunction((n) => document.querySelectorAll("tr[data-trace-id]").length < n / 2 && !document.querySelector(".stale"), TRACES);
  const found = await ids(page);
  assert.ok(found.length > 3 && found.every((n) => n > 15 && n < 35), found.join());
  await page.reload();
  await shows(page, found.length);
  await shoot(page, "brush");
  await page.getByRole("button", { name: "All of the time" }).click();
  await shows(page, TRACES);
  await page.locator(".bars").focus();
  await page.keyboard.press("ArrowRight");
  await shows(page, 1);
  assert.deepEqual(await ids(page), [1]);
  await expectHarmless(page);
});

test("arrivals are announced; paused, the list stands still", { skip: missing }, async () => {
  const page = await browser.open(`${viewer.site}/?q=arrival`);
  const asked = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await page.waitForSelector(".empty");
  const live = await page.waitForFunction(() => performance.getEntriesByType("resource").length > 0 && fetch("/api/live", { signal: AbortSignal.timeout(2000) }).then((answer) => answer.headers.get("content-type")));
  assert.match(await live.jsonValue(), /event-stream/);
  const begun = Date.now();
  await viewer.send(request("live", [span(900, 1, 0, "arrival", nowNs(), 0, 5)]));
  await shows(page, 1);
  console.log(`figure: an arrival is in the list after ${Date.now() - begun} ms`);
  await page.keyboard.press("p");
  await page.waitForSelector(".live[aria-pressed=false]");
  await page.waitForTimeout(300);
  await viewer.send(request("live", [span(901, 1, 0, "arrival", nowNs(), 0, 5)]));
  await page.waitForTimeout(1500);
  assert.equal((await ids(page)).length, 1);
  await page.keyboard.press("p");
  await shows(page, 2);
  await expectHarmless(page);
});

test("without announcements, the list polls", { skip: missing }, async () => {
  const prepare = (page) => page.route("**/api/live", (route) => route.fulfill({ status: 503, body: "too many" }));
  const page = await browser.open(`${viewer.site}/?q=polled`, { prepare });
  await page.waitForSelector(".empty");
  await viewer.send(request("live", [span(910, 1, 0, "polled", nowNs(), 0, 5)]));
  await shows(page, 1);
  await expectHarmless(page);
});

test("two traces are marked and compared, by keys alone", { skip: missing }, async () => {
  const page = await browser.open(`${viewer.site}/?q=service+%3D+orders&sort=duration&order=asc`);
  await shows(page, TRACES / 2);
  for (const key of "jxjjx") await page.keyboard.press(key);
  await page.waitForFunction(() => document.querySelectorAll(".mark-bar .run").length === 2);
  assert.equal(parameter(page, "marked"), [1, 5].map(traceId).join());
  await page.keyboard.press("c");
  await page.waitForSelector(".compare-canvas .compare-row.only-b");
  assert.match(await page.locator(".compare-canvas .compare-row.only-b").innerText(), /gpt-x/);
  assert.deepEqual([parameter(page, "a"), parameter(page, "b")], [traceId(1), traceId(5)]);
  await page.keyboard.press("x");
  await page.waitForSelector(".compare-canvas .compare-row.only-a");
  await page.keyboard.press("d");
  await page.waitForFunction(() => document.querySelector(".compare-bar .chip").getAttribute("aria-pressed") === "true");
  await page.keyboard.press("Escape");
  await shows(page, TRACES / 2); // the list is as it was
  await expectHarmless(page);
});

test("an attribute becomes a condition of the list's query", { skip: missing }, async () => {
  const page = await browser.open(`${viewer.site}/?q=duration+>+10ms+or+error`);
  await page.waitForSelector("tr[data-trace-id]");
  await page.locator("tr[data-trace-id] .trace-name a").first().click();
  await page.waitForSelector("[role=treeitem]");
  await page.keyboard.press("Enter");
  await page.locator('#detail [data-key="shop name"] .filter').click();
  await page.waitForFunction(() => location.pathname === "/");
  assert.equal(parameter(page, "q"), '(duration > 10ms or error) and "shop name" = "Größe 🦊"');
  await page.waitForFunction(() => document.querySelectorAll("tr[data-trace-id]").length === 31);
  await page.goto(`${viewer.site}/trace/${traceId(4)}?span=${spanId(1)}`);
  await page.locator("#detail summary", { hasText: "Resource" }).click();
  await page.locator('#detail [data-key="host.name"] .filter').click();
  await page.waitForFunction(() => location.search.includes("resource.host.name"));
  await page.waitForSelector("tr[data-trace-id]");
  assert.ok((await ids(page)).every((n) => n % 3 === 1));
  await expectHarmless(page);
});

test("a span's OTLP is fetched when it is asked for", { skip: missing }, async () => {
  const page = await browser.open(`${viewer.site}/trace/${traceId(7)}?span=${spanId(1)}`);
  await page.waitForSelector("#detail");
  await page.locator("#detail .raw summary").click();
  await page.waitForSelector("#detail .raw .value-tree");
  const raw = await eventually("the copy button", async () => (await page.locator("#detail .raw .copy").count()) > 0 && (await viewer.json(`/api/traces/${traceId(7)}/spans/${spanId(1)}/raw`)));
  assert.ok(JSON.stringify(raw).includes('"startTimeUnixNano"'));
  assert.match(await page.locator("#detail .raw .value-tree").innerText(), /startTimeUnixNano/);
  await expectHarmless(page);
});
