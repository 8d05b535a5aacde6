// Metrics: the list of instruments, a chart of every kind, its switches and exemplars by hand and by keys, and hostile ones.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { eventually, expectAccessible, expectHarmless, missing, shoot, startBrowser, startViewer } from "./session.mjs";
import { everyMetric, hostileMetrics, metricRequest } from "./signals.mjs";
import { HOSTILE, nowNs, request, span, traceId } from "./traces.mjs";

const TRACE = 0x20;
const POINTS = 40;
const SECOND = 1_000_000_000n;
let viewer, browser, last, ids;

before(async () => {
  if (missing) return;
  viewer = await startViewer();
  browser = await startBrowser();
  last = nowNs() - SECOND;
  await viewer.send(request("api", [span(TRACE, 1, 0, "GET /orders", last - 200n * SECOND, 0, 5)]));
  await viewer.send(metricRequest("api", everyMetric(last, POINTS, TRACE)));
  await viewer.send(hostileMetrics(TRACE, last));
  const metrics = await eventually("every metric", async () => {
    const found = (await viewer.json("/api/metrics")).metrics;
    return found.length === 11 && found;
  });
  ids = Object.fromEntries(metrics.map(({ id, name }) => [name, id]));
});
after(async () => {
  await browser?.stop();
  await viewer?.stop();
});

const open = async (name, more = "", options = {}) => {
  const page = await browser.open(`${viewer.site}/metrics/${ids[name]}${more}`, options);
  await page.waitForSelector(".chart canvas");
  await page.waitForSelector(".numbers tbody tr");
  return page;
};
const heads = (page) => page.locator(".numbers thead th").allInnerTexts();
const parameter = (page, name) => new URL(page.url()).searchParams.get(name);
// Whether anything of a colour is drawn.
const painted = (page) => page.evaluate(() => {
  const canvas = document.querySelector(".chart canvas");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let coloured = 0;
  for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 200 && Math.max(data[i], data[i + 1], data[i + 2]) - Math.min(data[i], data[i + 1], data[i + 2]) > 60) coloured++;
  return coloured;
});

test("the list says what instruments there are, and opens one by keys alone", { skip: missing }, async () => {
  const asked = [];
  const page = await browser.open(`${viewer.site}/metrics?service=api`, { prepare: async (page) => { page.on("request", (request) => asked.push(new URL(request.url()).pathname)); } });
  await page.waitForFunction(() => document.querySelectorAll("tr[data-metric-id]").length === 6);
  const names = await page.locator("tr[data-metric-id] a").allInnerTexts();
  assert.deepEqual(names, [...names].sort());
  const row = await page.locator("tr[data-metric-id]", { hasText: "http.server.request.duration" }).innerText();
  assert.match(row.replaceAll(/\s+/g, " "), /Duration of HTTP server requests\. histogram ?cumulative s 2 80/);
  assert.ok(!asked.includes("/assets/charts.js"), "the list draws nothing");
  await page.keyboard.press("/");
  await page.keyboard.type("DURATION");
  await page.waitForFunction(() => document.querySelectorAll("tr[data-metric-id]").length === 1);
  await page.keyboard.press("Escape");
  for (const key of ["j", "Enter"]) await page.keyboard.press(key);
  await page.waitForSelector(".chart canvas");
  assert.equal(asked.filter((path) => path === "/assets/charts.js").length, 1);
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => location.search.includes("q=DURATION") && document.querySelectorAll("tr[data-metric-id]").length === 1);
  await expectHarmless(page);
});

test("every kind is drawn, and its numbers stand below", { skip: missing }, async () => {
  const wanted = {
    "http.server.request.duration": ["Time", "http.request.method=GET p95", "http.request.method=POST p95"],
    "gen_ai.client.inference.usage.input_tokens": ["Time", "gen_ai.request.model=gpt-x", "gen_ai.request.model=gpt-x-mini"],
    "process.memory.usage": ["Time", "process.pid=4711"],
    "queue.length": ["Time", "queue=out"],
    "message.size": ["Time", "p50", "p95", "p99"],
    "legacy.latency": ["Time", "p50", "p90", "p99"],
  };
  for (const [name, columns] of Object.entries(wanted)) {
    const page = await open(name);
    assert.deepEqual(await heads(page), columns, name);
    assert.equal(await page.locator(".numbers .n").innerText(), String(POINTS), name);
    await eventually(`lines of ${name}`, async () => (await painted(page)) > 300);
    await expectHarmless(page);
    await page.context().close();
  }
});

test("a counter is a rate, by a switch and a key its value; a restart leaves no hole", { skip: missing }, async () => {
  const page = await open("gen_ai.client.inference.usage.input_tokens");
  const column = async () => (await page.locator(".numbers tbody td:nth-of-type(1)").allInnerTexts()).map((text) => text.replaceAll(",", ""));
  const rates = await column();
  assert.equal(rates.at(-1), "–"); // of the first point, nothing is known
  assert.ok(rates.slice(0, -1).every((text) => /^[\d.]+ tokens\/s$/.test(text) && parseFloat(text) > 60 && parseFloat(text) < 180), rates.join());
  assert.equal(await page.locator(".chart-unit").innerText(), "tokens/s");
  await page.keyboard.press("r");
  await page.waitForFunction(() => new URLSearchParams(location.search).get("raw") === "1" && document.querySelector(".chart-unit").textContent === "tokens");
  assert.match((await column()).at(-1), /^1200 tokens$/);
  await page.getByRole("button", { name: "Per second" }).click();
  await page.waitForFunction(() => !new URLSearchParams(location.search).has("raw"));
  await expectHarmless(page);
});

test("series and quantiles are switched, and the address has it", { skip: missing }, async () => {
  const page = await open("http.server.request.duration");
  await page.getByRole("button", { name: /http\.request\.method POST/ }).click();
  await page.waitForFunction(() => document.querySelectorAll(".numbers thead th").length === 4); // one series: all three
  assert.deepEqual(await heads(page), ["Time", "http.request.method=GET p50", "http.request.method=GET p95", "http.request.method=GET p99"]);
  await page.getByRole("button", { name: "p95" }).click();
  await page.waitForFunction(() => document.querySelectorAll(".numbers thead th").length === 3);
  assert.equal(parameter(page, "parts"), "p50,p99");
  await page.reload();
  await page.waitForSelector(".numbers tbody tr");
  assert.deepEqual(await heads(page), ["Time", "http.request.method=GET p50", "http.request.method=GET p99"]);
  await page.getByRole("button", { name: "None" }).click();
  await page.waitForSelector(".chart-empty");
  await page.getByRole("button", { name: "All" }).click();
  await page.waitForFunction(() => document.querySelectorAll(".numbers thead th").length === 5);
  await page.getByRole("button", { name: "Since the start" }).click();
  await page.waitForFunction(() => /since the start/.test(document.querySelector(".distribution h2").textContent));
  await expectHarmless(page);
});

test("the newest distribution counts what its buckets hold", { skip: missing }, async () => {
  const page = await open("message.size");
  const counts = (await page.locator(".distribution tbody .number").allInnerTexts()).map((text) => Number(text.replaceAll(",", "")));
  const { series } = await viewer.json(`/api/metrics/${ids["message.size"]}`);
  assert.equal(counts.reduce((a, b) => a + b, 0), Number(series[0].points.at(-1).count));
  assert.match(await page.locator(".distribution tbody tr").nth(1).innerText(), /32 B – 45 B/);
  await expectHarmless(page);
});

test("an exemplar opens its trace, from the chart and from its table", { skip: missing }, async () => {
  for (const where of ["chart", "table"]) {
    const page = await open("http.server.request.duration");
    const dot = page.locator(".exemplar").first();
    await dot.waitFor();
    assert.match(await dot.getAttribute("aria-label"), /^Exemplar: [23]00 ms at \d\d:\d\d:\d\d\.\d+, opens its trace$/);
    const rows = page.locator(".exemplars tbody tr");
    assert.equal(await rows.count(), await page.locator(".exemplar").count());
    assert.match(await rows.first().innerText(), /[23]00 ms\s+http\.request\.method=(GET|POST)\s+user\.id u-17\s+00000000/);
    if (where === "chart") await dot.click();
    else {
      await rows.first().getByRole("link").focus();
      await page.keyboard.press("Enter");
    }
    await page.waitForFunction((id) => location.pathname === `/trace/${id}`, traceId(TRACE));
    await page.waitForSelector("#detail");
    await expectHarmless(page);
    await page.context().close();
  }
});

test("dragging narrows the time, a key gives it back, the pointer reads values", { skip: missing }, async () => {
  const page = await open("process.memory.usage");
  const box = await page.locator(".chart .u-over").boundingBox();
  await page.mouse.move(box.x + box.width * 0.5, box.y + 50);
  const there = await eventually("the value under the pointer", async () => page.locator(".legend-value .number").innerText());
  assert.match(there, /MiB$/);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, box.y + 50, { steps: 4 });
  await page.mouse.move(box.x + box.width * 0.75, box.y + 50, { steps: 4 });
  await page.mouse.up();
  await page.waitForFunction((n) => { const shown = Number(document.querySelector(".numbers .n").textContent); return shown > 2 && shown < n / 2; }, POINTS);
  assert.ok(parameter(page, "from_ns") && parameter(page, "to_ns"));
  await page.keyboard.press("0");
  await page.waitForFunction((n) => Number(document.querySelector(".numbers .n").textContent) === n, POINTS);
  await expectHarmless(page);
});

test("new points are drawn as they come; a theme is taken over", { skip: missing }, async () => {
  const page = await open("queue.length");
  const [queue] = everyMetric(last + 10n * SECOND, 1).filter(({ name }) => name === "queue.length");
  await viewer.send(metricRequest("api", [queue]));
  await page.waitForFunction((n) => Number(document.querySelector(".numbers .n").textContent) === n + 1, POINTS);
  const light = await painted(page);
  assert.ok(light > 300);
  await page.locator("#theme-toggle").click();
  await eventually("the lines in the other theme's colours", async () => page.evaluate(() => {
    const canvas = document.querySelector(".chart canvas");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    for (let i = 0; i < data.length; i += 4) if (data[i] === 0x56 && data[i + 1] === 0xb4 && data[i + 2] === 0xe9) return true;
    return false;
  }));
  await expectHarmless(page);
});

test("a dot stays the same element while points come", { skip: missing }, async () => {
  const page = await open("http.server.request.duration");
  await page.waitForSelector(".exemplar");
  const before = await page.evaluate(() => {
    const dots = document.querySelectorAll(".exemplar");
    for (const dot of dots) dot.kept = true;
    return dots.length;
  });
  await viewer.send(metricRequest("api", everyMetric(last + 10n * SECOND, 1).filter(({ name }) => name === "http.server.request.duration")));
  await page.waitForFunction((n) => Number(document.querySelector(".numbers .n").textContent) === n + 1, POINTS);
  await page.waitForTimeout(200);
  assert.equal(await page.evaluate(() => [...document.querySelectorAll(".exemplar")].filter((dot) => dot.kept).length), before);
  await expectHarmless(page);
});

test("what a sender wrote into a metric runs nothing", { skip: missing }, async () => {
  const hostile = Object.entries(ids).filter(([name]) => name.includes("<img"));
  assert.equal(hostile.length, 5);
  for (const [name] of hostile) {
    const page = await open(name);
    await page.evaluate(() => document.querySelectorAll("main details").forEach((section) => { section.open = true; }));
    await expectHarmless(page);
    assert.ok(await page.evaluate(() => document.body.textContent.includes("<img src=x onerror=")), "it is shown as what it is");
    assert.ok(!(await page.evaluate((hostile) => document.body.textContent.includes(hostile), HOSTILE)), "its direction override is not obeyed");
    await page.context().close();
  }
  const evil = encodeURIComponent('"><img src=x onerror=alert(1)>');
  for (const path of [`/metrics?q=${evil}&service=${evil}`, `/metrics/${evil}`, `/metrics/${Object.values(ids)[0]}?show=${evil}&parts=${evil}&raw=${evil}&from_ns=${evil}&to_ns=${evil}`, "/metrics/nowhere"]) {
    const page = await browser.open(viewer.site + path);
    await page.waitForTimeout(400);
    await expectHarmless(page);
    await page.context().close();
  }
});

for (const scheme of ["light", "dark"]) {
  test(`axe finds nothing serious in metrics, ${scheme}`, { skip: missing }, async () => {
    const list = await browser.open(`${viewer.site}/metrics`, { scheme });
    await list.waitForSelector("tr[data-metric-id]");
    await list.keyboard.press("j");
    await expectAccessible(list, `metrics, ${scheme}`);
    await shoot(list, `metrics-${scheme}`);
    for (const name of ["http.server.request.duration", "gen_ai.client.inference.usage.input_tokens", `1 ${HOSTILE}`]) {
      const page = await open(name, "", { scheme });
      await page.waitForTimeout(300);
      const what = name.startsWith("1") ? "hostile-metric" : name;
      await expectAccessible(page, `${what}, ${scheme}`);
      await shoot(page, `${what}-${scheme}`);
      await page.context().close();
    }
  });
}

for (const [width, height] of [[360, 740], [3840, 2160]]) {
  test(`metrics fit ${width} pixels`, { skip: missing }, async () => {
    for (const path of ["/metrics", ...["http.server.request.duration", `4 ${HOSTILE}`].map((name) => `/metrics/${ids[name]}`)]) {
      const page = await browser.open(viewer.site + path, { width, height });
      await page.waitForSelector("tr[data-metric-id], .chart canvas");
      const wide = await page.evaluate(() => [document.documentElement.scrollWidth, document.querySelector("main").scrollWidth]);
      assert.ok(wide.every((px) => px <= width), `${path} is ${wide} wide`);
      if (path === "/metrics") assert.ok((await page.locator("td.trace-name").first().boundingBox()).width > 150, "a name has room");
      await page.context().close();
    }
  });
}
