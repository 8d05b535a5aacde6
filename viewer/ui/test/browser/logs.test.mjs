// Logs: beside the spans they were written in, as a trace's list, and on their own page; many of them, live, by keys alone, and hostile.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { eventually, expectAccessible, expectHarmless, missing, shoot, startBrowser, startViewer } from "./session.mjs";
import { callDetails, hostileLogs, inSpan, log, logRequest, manyLogs } from "./signals.mjs";
import { HOSTILE, attributes, hostileTrace, nowNs, request, span, spanId, traceId } from "./traces.mjs";

const RUN = 0x10;
const HOSTILE_TRACE = 0xbad;
const MANY = 100_000;
const MS = 1_000_000n;
let viewer, browser, began;

// A run whose second span warns, whose third fails; one record of the trace has a span nobody knows.
async function sendRun() {
  const call = attributes({ "gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-x" });
  const tool = attributes({ "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "longest_line", "gen_ai.tool.call.id": "call_7" });
  await viewer.send(request("agent", [span(RUN, 1, 0, "invoke_agent reader", began, 0, 1000), span(RUN, 2, 1, "chat gpt-x", began, 20, 400, { attributes: call }), span(RUN, 3, 1, "execute_tool longest_line", began, 420, 900, { attributes: tool })]));
  const at = (ms) => began + BigInt(ms) * MS;
  await viewer.send(logRequest("agent", [
    log(at(30), 9, "asking the model", inSpan(RUN, 2)),
    log(at(180), 13, "rate limited", { ...inSpan(RUN, 2), severityText: "warning", attributes: attributes({ "retry.after_ms": 120 }) }),
    callDetails(at(395), RUN, 2),
    log(at(430), 5, { kvlistValue: { values: attributes({ file: "a.c", lines: 4123, why: "it is larger than a page of the cache, so it is read in parts" }) } }, inSpan(RUN, 3)),
    log(at(700), 17, "read failed", { ...inSpan(RUN, 3), eventName: "exception", attributes: attributes({ "exception.type": "EIO" }) }),
    log(at(990), 9, "written elsewhere", inSpan(RUN, 0x77)),
  ]));
}

before(async () => {
  if (missing) return;
  viewer = await startViewer();
  browser = await startBrowser();
  began = nowNs() - 5_000_000_000n;
  await sendRun();
  await viewer.send(hostileTrace(HOSTILE_TRACE, began));
  await viewer.send(hostileLogs(HOSTILE_TRACE, began));
  await eventually("every record", async () => (await viewer.json("/api/logs?limit=1000")).logs.length === 11);
});
after(async () => {
  await browser?.stop();
  await viewer?.stop();
});

const trace = () => `${viewer.site}/trace/${traceId(RUN)}`;
const lines = (page) => page.locator(".log .log-text").allInnerTexts();
const shows = (page, n) => page.waitForFunction((n) => document.querySelectorAll(".log").length === n, n);
const parameter = (page, name) => new URL(page.url()).searchParams.get(name);

test("a span shows its logs, its bar marks them, the header counts them", { skip: missing }, async () => {
  const page = await browser.open(`${trace()}?span=${spanId(3)}`);
  await page.waitForSelector("#detail .span-logs li");
  assert.deepEqual(await page.locator("#detail .span-logs .severity").allInnerTexts(), ["DEBUG", "ERROR"]);
  assert.deepEqual(await page.locator("#detail .span-logs .event-time").allInnerTexts(), ["+10.0 ms", "+280 ms"]);
  assert.match(await page.locator("#detail .span-logs li").first().locator(".value-tree").innerText(), /lines: 4123/);
  const folded = page.locator("#detail .span-logs li").last().locator("details.folded");
  assert.equal(await folded.locator(".attribute").isVisible(), false);
  await folded.locator("summary").click();
  assert.match(await folded.innerText(), /exception\.type\s+EIO/);
  assert.equal(await page.locator(`.row[data-span-id="${spanId(2)}"] .log-mark`).count(), 3);
  assert.equal(await page.locator(`.row[data-span-id="${spanId(2)}"] .log-mark.warning`).count(), 1);
  assert.match(await page.locator(`.row[data-span-id="${spanId(3)}"] .log-mark.bad`).getAttribute("title"), /^ERROR: read failed at \+280 ms$/);
  assert.equal(await page.locator(".log-count").innerText(), "6 logs, 1 error");
  await shoot(page, "span-logs");
  await page.locator(".log-count").click();
  await page.waitForSelector(".logs-view .log");
  await expectHarmless(page);
});

test("a trace's logs are listed by time, and a line opens its span", { skip: missing }, async () => {
  const page = await browser.open(trace());
  await page.waitForSelector("[role=treeitem]");
  await page.keyboard.press("5");
  await shows(page, 6);
  assert.deepEqual(await page.locator(".log .log-time").allInnerTexts(), ["+30.0 ms", "+180 ms", "+395 ms", "+430 ms", "+700 ms", "+990 ms"]);
  for (const key of ["j", "j", "Enter"]) await page.keyboard.press(key);
  await page.waitForFunction((id) => new URLSearchParams(location.search).get("span") === id, spanId(2));
  await page.waitForSelector("#detail .span-logs");
  assert.equal(parameter(page, "view"), "logs");
  await page.locator(".log", { hasText: "read failed" }).locator(".log-text").click();
  await page.waitForFunction((id) => new URLSearchParams(location.search).get("span") === id, spanId(3));
  await page.keyboard.press("End");
  await page.keyboard.press("Enter"); // of a span that is not here: the record itself
  await page.waitForSelector(".log.open .log-detail");
  await page.keyboard.press("/");
  await page.keyboard.type("EIO");
  await shows(page, 1);
  await expectHarmless(page);
});

test("the messages of a model call in a log record are a conversation", { skip: missing }, async () => {
  const page = await browser.open(`${trace()}?span=${spanId(2)}`);
  await page.waitForSelector("#detail .span-logs .message");
  assert.deepEqual(await page.locator("#detail .span-logs .message").evaluateAll((all) => all.map((one) => one.dataset.source)), ["input", "output"]);
  assert.equal(await page.locator("#detail .span-logs .message strong").innerText(), "longest");
  await page.getByRole("button", { name: "Open its span" }).click();
  await page.waitForFunction((id) => new URLSearchParams(location.search).get("span") === id, spanId(3));
  await page.goto(`${viewer.site}/logs?q=operation.details`);
  await shows(page, 1);
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".log-detail .message");
  assert.match(await page.locator(".log-detail .conversation").innerText(), /calls longest_line/);
  await expectHarmless(page);
});

test("the page of logs: text, severity and service narrow it, and all of it is in the address", { skip: missing }, async () => {
  const page = await browser.open(`${viewer.site}/logs?service=agent`);
  await shows(page, 6);
  assert.equal((await lines(page))[0], "written elsewhere");
  await page.getByRole("combobox", { name: "Least severity" }).selectOption("warn");
  await shows(page, 2);
  assert.deepEqual(await page.locator(".log .severity").allInnerTexts(), ["ERROR", "WARN"]);
  await page.keyboard.press("/");
  await page.keyboard.type("LIMITED");
  await shows(page, 1);
  assert.deepEqual([parameter(page, "q"), parameter(page, "severity"), parameter(page, "service")], ["LIMITED", "warn", "agent"]);
  await page.keyboard.press("Escape");
  for (const key of ["j", "Enter"]) await page.keyboard.press(key);
  await page.waitForSelector(".log.open .log-detail");
  assert.match(await page.locator(".log-detail").innerText(), /retry\.after_ms\s+120/);
  assert.match(await page.locator(".log-facts").innerText(), /WARN 13, “warning”/);
  await page.reload();
  await page.waitForSelector(".log.open .log-detail");
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => !document.querySelector(".log.open") && !new URLSearchParams(location.search).has("log"));
  await page.keyboard.press("o");
  await page.waitForFunction((id) => location.pathname.startsWith("/trace/") && new URLSearchParams(location.search).get("span") === id, spanId(2));
  await page.goto(`${viewer.site}/logs?trace_id=${traceId(RUN)}&span_id=${spanId(2)}`);
  await shows(page, 3);
  await page.getByRole("button", { name: "Of all traces" }).click();
  await page.waitForFunction(() => document.querySelectorAll(".log").length > 6);
  await page.goto(`${viewer.site}/logs?q=nowhere+to+be+found`);
  await page.getByRole("link", { name: "Clear the filters" }).waitFor();
  await expectHarmless(page);
});

test("what a sender wrote into a record runs nothing", { skip: missing }, async () => {
  for (const url of [`${viewer.site}/trace/${traceId(HOSTILE_TRACE)}?span=${spanId(2)}`, `${viewer.site}/trace/${traceId(HOSTILE_TRACE)}?view=logs`, `${viewer.site}/logs?q=img`]) {
    const page = await browser.open(url);
    await page.waitForSelector(".span-logs li, .log");
    const count = await page.locator(".log").count();
    for (let i = 0; i < count; i++) {
      await page.locator(".log .twist").nth(i).click();
      await page.waitForSelector(".log-detail");
      await page.evaluate(() => document.querySelectorAll(".log-detail details").forEach((section) => { section.open = true; }));
      await expectHarmless(page);
    }
    await page.evaluate(() => document.querySelectorAll("#detail details:not(.raw)").forEach((section) => { section.open = true; }));
    await expectHarmless(page);
    assert.ok(await page.evaluate(() => document.body.textContent.includes("<img src=x onerror=")), "it is shown as what it is");
    assert.ok(!(await page.evaluate((hostile) => document.body.textContent.includes(hostile), HOSTILE)), "its direction override is not obeyed");
    await page.context().close();
  }
  const evil = encodeURIComponent('"><img src=x onerror=alert(1)>');
  const page = await browser.open(`${viewer.site}/logs?q=${evil}&severity=${evil}&service=${evil}&trace_id=${evil}&log=${evil}`);
  await page.waitForTimeout(500);
  await expectHarmless(page);
});

for (const scheme of ["light", "dark"]) {
  test(`axe finds nothing serious in logs, ${scheme}`, { skip: missing }, async () => {
    for (const [what, url, selector] of [["logs", `${viewer.site}/logs`, ".log"], ["logs of a trace", `${trace()}?view=logs`, ".log"], ["logs of a span", `${trace()}?span=${spanId(2)}`, ".span-logs"], ["no logs", `${viewer.site}/logs?q=nothing`, ".empty"]]) {
      const page = await browser.open(url, { scheme });
      await page.waitForSelector(selector);
      for (const key of selector === ".log" ? ["j", "j", "Enter"] : []) await page.keyboard.press(key);
      await page.waitForTimeout(300);
      await expectAccessible(page, `${what}, ${scheme}`);
      await shoot(page, `${what.replaceAll(" ", "-")}-${scheme}`);
      await page.context().close();
    }
  });
}

for (const [width, height] of [[360, 740], [3840, 2160]]) {
  test(`logs fit ${width} pixels`, { skip: missing }, async () => {
    for (const url of [`${viewer.site}/logs`, `${trace()}?view=logs`, `${viewer.site}/trace/${traceId(HOSTILE_TRACE)}?view=logs`, `${viewer.site}/logs?q=nothing`]) {
      const page = await browser.open(url, { width, height });
      await page.waitForSelector(".log, .empty");
      if (await page.locator(".log").count() > 0) {
        await page.locator(".log .twist").nth(1).click();
        await page.waitForSelector(".log-detail");
      }
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= width, `${url} is ${wide} wide`);
      assert.ok(await page.evaluate(() => [...document.querySelectorAll(".log-table")].every((one) => one.scrollWidth <= one.clientWidth)), `${url}: its lines do not fit`);
      await page.context().close();
    }
  });
}

test("records are announced; paused or read, the list stands still", { skip: missing }, async () => {
  const page = await browser.open(`${viewer.site}/logs?q=arrival`);
  await page.waitForSelector(".empty");
  const begun = Date.now();
  const send = (n) => viewer.send(logRequest("live", [log(nowNs(), 9, `arrival ${n}`)]));
  await send(1);
  await shows(page, 1);
  console.log(`figure: a log record is in the list after ${Date.now() - begun} ms`);
  await page.keyboard.press("p");
  await page.waitForSelector(".live[aria-pressed=false]");
  await send(2);
  await page.waitForTimeout(1500);
  assert.deepEqual(await lines(page), ["arrival 1"]);
  await page.keyboard.press("p");
  await shows(page, 2);
  await page.keyboard.press("j");
  await page.keyboard.press("Enter"); // held while one is open
  await page.waitForSelector(".to-newest");
  await send(3);
  await page.waitForTimeout(1500);
  assert.equal(await page.locator(".log").count(), 2);
  await page.locator(".to-newest").click();
  await shows(page, 3);
  assert.equal((await lines(page))[0], "arrival 3");
  await expectHarmless(page);
});

test(`${MANY.toLocaleString("en-GB")} logs scroll`, { skip: missing }, async () => {
  for (const body of manyLogs(nowNs(), MANY)) await viewer.send(body);
  await eventually("the last of them", async () => (await viewer.json("/api/logs?service=batch&limit=1")).logs[0]?.body.value === `line ${MANY - 1} of the import`, 60_000);
  const page = await browser.open(`${viewer.site}/logs?service=batch`);
  await page.waitForSelector(".log");
  const begun = Date.now();
  await eventually("the oldest", async () => {
    await page.evaluate(() => { const table = document.querySelector(".log-table"); table.scrollTop = table.scrollHeight; });
    return (await lines(page)).includes("line 0 of the import");
  }, 120_000);
  console.log(`figure: from the newest of ${MANY} logs to the oldest: ${Date.now() - begun} ms`);
  assert.ok(await page.locator(".log").count() < 100);
  assert.equal(await page.locator(".log").first().getAttribute("aria-setsize"), String(MANY));
  const times = await page.evaluate(() => new Promise((resolve) => {
    const table = document.querySelector(".log-table");
    const times = [];
    let last = performance.now();
    const frame = (now) => {
      times.push(now - last);
      last = now;
      if (times.length > 120) return resolve(times.slice(1));
      table.scrollTop -= 3000;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }));
  times.sort((a, b) => a - b);
  console.log(`figure: scrolling ${MANY} logs (3000 px a frame): frame p50 ${times[60].toFixed(1)} ms, p95 ${times[113].toFixed(1)} ms`);
  assert.ok(times[60] < 400, `half of the frames took more than 400 ms`);
  await page.locator(".log .twist").nth(20).click(); // open in the middle, what is around it stays
  await page.waitForSelector(".log.open .log-detail");
  await expectHarmless(page);
});
