// How soon 50,000 spans are on the screen, beside ten, and how smoothly they scroll. The figures are printed; the limits are those of an idle machine
// times twenty, which is what a busy one may take; without virtual rows it would be minutes. What the page's own thread works does not grow with
// what others do: a second of it is the bound.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { eventually, expectHarmless, missing, shoot, startBrowser, startViewer } from "./session.mjs";
import { largeTrace, nowNs, spanId, traceId } from "./traces.mjs";

const SPANS = 50_000;
const FEW = 10; // what opening any trace costs
const PAINT_MS = 20_000;
const BUSY_MS = 1000;
const FRAME_MS = 400;
let viewer, browser, page;

before(async () => {
  if (missing) return;
  viewer = await startViewer();
  browser = await startBrowser();
  for (const body of largeTrace(2, nowNs() - 120_000_000_000n, FEW)) await viewer.send(body);
  for (const body of largeTrace(1, nowNs() - 60_000_000_000n, SPANS)) await viewer.send(body);
  await eventually("every span", async () => (await viewer.json("/api/traces")).traces[0]?.span_count === SPANS);
});
after(async () => {
  await browser?.stop();
  await viewer?.stop();
});

const ms = (value) => `${Math.round(value)} ms`;

// A trace opened in a window of its own: when its rows were there, and how long the page's own thread worked for it.
async function paint(trace) {
  let devtools;
  const page = await browser.open(`${viewer.site}/trace/${trace}`, {
    prepare: async (page) => {
      devtools = await page.context().newCDPSession(page);
      await devtools.send("Performance.enable", { timeDomain: "threadTicks" });
    },
  });
  await page.waitForSelector("[role=treeitem]");
  const figures = await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(() => {
    const answer = performance.getEntriesByType("resource").find((entry) => /\/api\/traces\/[0-9a-f]{32}\/outline/.test(entry.name));
    resolve({ painted: performance.now(), answered: answer?.responseEnd, bytes: answer?.decodedBodySize });
  }))));
  const { metrics } = await devtools.send("Performance.getMetrics");
  return { page, ...figures, busy: 1000 * metrics.find(({ name }) => name === "TaskDuration").value };
}

test("50,000 spans are painted", { skip: missing }, async () => {
  const large = await paint(traceId(1));
  page = large.page;
  const small = await paint(traceId(2));
  console.log(`figure: ${SPANS} spans: painted ${ms(large.painted)} after opening the page; the viewer answered after ${ms(large.answered)} (${(large.bytes / 1e6).toFixed(1)} MB), from there to the picture ${ms(large.painted - large.answered)}; its main thread worked for ${ms(large.busy)}, which a busy machine does not change`);
  console.log(`figure: ${FEW} spans, thereafter: painted ${ms(small.painted)} after opening the page, ${ms(small.busy)} of work: ${SPANS} took ${(large.painted / small.painted).toFixed(1)} times as long, ${(large.busy / small.busy).toFixed(1)} times the work`);
  await small.page.close();
  assert.ok(large.painted < PAINT_MS, `painted after ${ms(large.painted)}`);
  assert.ok(large.busy < BUSY_MS, `the page's thread worked for ${ms(large.busy)}`);
  await shoot(page, "large");
  await expectHarmless(page);
});

const frames = (page, step) => page.evaluate((step) => new Promise((resolve) => {
  const rows = document.querySelector(".rows");
  const times = [];
  let last = performance.now();
  const frame = (now) => {
    times.push(now - last);
    last = now;
    if (times.length > 180) return resolve(times.slice(1));
    rows.scrollTop += step;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}), step);

test("they scroll", { skip: missing }, async () => {
  for (const [how, step] of [["slowly", 60], ["fast", 3000]]) {
    const times = (await frames(page, step)).sort((a, b) => a - b);
    const at = (share) => times[Math.floor(share * (times.length - 1))];
    const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
    console.log(`figure: scrolling ${how} (${step} px a frame): ${(1000 / mean).toFixed(1)} frames/s, frame p50 ${at(0.5).toFixed(1)} ms, p95 ${at(0.95).toFixed(1)} ms, longest ${at(1).toFixed(1)} ms`);
    assert.ok(at(0.5) < FRAME_MS, `half of the frames took more than ${FRAME_MS} ms`);
  }
  assert.ok(await page.locator("[role=treeitem]").count() < 100);
});

test("the other views and the keys keep up with them", { skip: missing }, async () => {
  for (const [key, selector] of [["2", ".flame .box"], ["3", ".table-view tbody tr"], ["4", ".actor"], ["1", "[role=treeitem]"]]) {
    const begun = Date.now();
    await page.keyboard.press(key);
    await page.waitForSelector(selector);
    console.log(`figure: view ${key}: ${Date.now() - begun} ms`);
  }
  await page.keyboard.press("e");
  await page.waitForSelector(".row.current.failed");
  await page.keyboard.press("/");
  const begun = Date.now();
  await page.keyboard.type("40000");
  await page.waitForFunction(() => /found/.test(document.querySelector(".found")?.textContent ?? ""));
  console.log(`figure: search in ${SPANS} spans, with its attributes: ${Date.now() - begun} ms`);
  await page.keyboard.press("Enter");
  await page.waitForSelector(`.row.current[data-span-id="${spanId(40_001)}"]`);
  assert.equal(await page.locator(".found").innerText(), "1 found"); // by an attribute, which is not among what the page holds
  await expectHarmless(page);
});

test("a span of them is fetched when it is opened, and kept", { skip: missing }, async () => {
  const asked = [];
  page.on("request", (request) => { if (/\/spans\/[0-9a-f]{16}$/.test(request.url())) asked.push(request.url().slice(-16)); });
  await page.locator(".row.current").click();
  await page.waitForSelector('#detail [data-key="db.row"]');
  assert.match(await page.locator('#detail [data-key="db.row"]').innerText(), /40,?000/);
  assert.match(await page.locator("#detail").innerText(), /short write/);
  await page.keyboard.press("ArrowUp");
  await page.waitForFunction((id) => document.querySelector("#detail") && !document.querySelector(`.row.current[data-span-id="${id}"]`) && document.querySelector('#detail [data-key="db.row"]'), spanId(40_001));
  await page.keyboard.press("ArrowDown");
  await page.waitForSelector(`.row.current[data-span-id="${spanId(40_001)}"]`);
  await page.waitForSelector('#detail [data-key="db.row"]');
  assert.equal(asked.length, 2, "the first one is not asked for again");
  await expectHarmless(page);
});
