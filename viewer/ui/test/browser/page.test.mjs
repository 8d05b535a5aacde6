// The pages as a reader meets them: real runs of the sample agent, hostile text in every field, every view by keys alone, and what axe finds.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { eventually, expectAccessible, expectHarmless, missing, missingAgent, shoot, startBrowser, startViewer } from "./session.mjs";
import { HOSTILE, hostileTrace, nowNs, request, span, spanId, traceId } from "./traces.mjs";

const HOSTILE_TRACE = 0xbad;
let viewer, browser;

before(async () => {
  if (missing) return;
  viewer = await startViewer();
  browser = await startBrowser();
  await viewer.send(hostileTrace(HOSTILE_TRACE, nowNs() - 5_000_000_000n));
});
after(async () => {
  await browser?.stop();
  await viewer?.stop();
});

const rows = (page) => page.locator("[role=treeitem]");
const newest = async (name) => (await viewer.json("/api/traces")).traces.find((trace) => trace.root_name?.startsWith(name))?.trace_id;

test("hostile text in every field runs nothing, in every view", { skip: missing }, async () => {
  const url = `${viewer.site}/trace/${traceId(HOSTILE_TRACE)}`;
  const page = await browser.open(`${url}?span=${spanId(2)}`);
  await page.waitForSelector("#detail .message");
  await page.evaluate(() => document.querySelectorAll("details:not(.raw)").forEach((section) => { section.open = true; }));
  await expectHarmless(page);
  for (const key of ["2", "3", "4", "1"]) {
    await page.keyboard.press(key);
    await page.waitForSelector({ 1: ".row", 2: ".box", 3: ".sums tbody tr", 4: ".actor" }[key]);
    await expectHarmless(page);
  }
  await page.keyboard.press("/");
  await page.keyboard.type("<img");
  await page.waitForFunction(() => /found/.test(document.querySelector(".found")?.textContent ?? ""));
  await expectHarmless(page);
  assert.ok(await page.evaluate((text) => document.body.textContent.includes(text), "<img src=x onerror="), "it is shown as what it is");
  assert.ok(!(await page.evaluate((hostile) => document.body.textContent.includes(hostile), HOSTILE)), "its direction override is not obeyed");
  await page.goto(`${viewer.site}/compare?a=${traceId(HOSTILE_TRACE)}&b=${traceId(HOSTILE_TRACE)}`);
  await page.waitForSelector(".compare-canvas .compare-row");
  await expectHarmless(page);
  await page.goto(viewer.site);
  await page.waitForSelector("tr[data-trace-id]");
  await expectHarmless(page);
});

test("what was sent is proposed as text", { skip: missing }, async () => {
  const page = await browser.open(viewer.site);
  await page.waitForSelector("tr[data-trace-id]");
  for (const typed of ["service = ", "name = ", '"', "has "]) {
    await page.getByRole("combobox", { name: /Search traces/ }).fill(typed);
    await page.waitForTimeout(400);
    await expectHarmless(page);
  }
  await page.getByRole("combobox", { name: /Search traces/ }).fill("service = ");
  await page.waitForSelector("[role=listbox][aria-busy=false] [role=option]");
  assert.match(await page.locator("[role=option]").first().innerText(), /<img src=x onerror=/);
  await page.keyboard.press("Tab"); // taken, it is a condition that holds
  await page.keyboard.press("Escape");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => location.search.includes("q=") && document.querySelectorAll("tr[data-trace-id]").length === 1 && !document.querySelector(".stale"));
  await expectHarmless(page);
});

test("addresses are no way in either", { skip: missing }, async () => {
  const evil = encodeURIComponent('"><img src=x onerror=alert(1)>');
  for (const path of [`/?service=${evil}&marked=${evil}&from_ns=${evil}`, `/trace/${traceId(HOSTILE_TRACE)}?span=${evil}&find=${evil}&focus=${evil}&range=${evil}&view=${evil}`, `/compare?a=${evil}&b=${evil}`, `/${evil}`]) {
    const page = await browser.open(viewer.site + path);
    await page.waitForTimeout(300);
    await expectHarmless(page);
    await page.context().close();
  }
});

test("a run of the sample agent: what it did, what failed, where the time went", { skip: missingAgent }, async () => {
  await viewer.runAgent("What is in this folder, and what does its largest file do?");
  const id = await eventually("the agent's trace", () => newest("invoke_agent"));
  const page = await browser.open(`${viewer.site}/trace/${id}`);
  await rows(page).first().waitFor();
  const trace = await viewer.json(`/api/traces/${id}`);
  const errors = trace.spans.filter((one) => one.status.code === "ERROR").length;
  assert.match(await page.locator(".facts").innerText(), new RegExp(`${errors} spans?`));
  // what failed
  await page.keyboard.press("e");
  await page.waitForSelector(".row.current.failed");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#detail .status-error");
  await page.keyboard.press("Escape");
  // where the time went: the critical path lies in its bars and lasts no longer than the trace
  assert.ok(await page.locator(".critical").count() > 0);
  await page.keyboard.press("c");
  await page.waitForFunction(() => document.querySelectorAll(".critical").length === 0);
  // the tokens are those of the model calls, not the agents' sums of them
  const sum = (key) => trace.spans.filter((one) => one.attributes.some((a) => a.key === "gen_ai.operation.name" && a.value === "chat")).reduce((total, one) => total + Number(one.attributes.find((a) => a.key === key)?.value ?? 0), 0);
  assert.match(await page.locator(".token-sum").getAttribute("title"), new RegExp(`^${sum("gen_ai.usage.input_tokens").toLocaleString("en-GB")} input and ${sum("gen_ai.usage.output_tokens").toLocaleString("en-GB")} output`));
  await page.keyboard.press("4");
  await page.waitForSelector(".actor");
  const actors = await page.locator(".actor-name").allInnerTexts();
  assert.ok(["researcher", "reader"].every((name) => actors.some((text) => text.includes(name))), actors.join());
  await expectHarmless(page);
});

test("keys alone: subtree, window of time, folding, views", { skip: missing }, async () => {
  const start = nowNs() - 4_000_000_000n;
  const spans = [span(7, 1, 0, "run", start, 0, 1000), span(7, 2, 1, "early", start, 0, 400), span(7, 3, 2, "inner", start, 100, 200), span(7, 4, 1, "late", start, 500, 900)];
  await viewer.send(request("keys", spans));
  const page = await browser.open(`${viewer.site}/trace/${traceId(7)}`);
  await rows(page).first().waitFor();
  assert.equal(await rows(page).count(), 4);
  await page.keyboard.press("j");
  await page.keyboard.press("f");
  await page.waitForFunction(() => document.querySelectorAll("[role=treeitem]").length === 2);
  assert.equal(new URL(page.url()).searchParams.get("focus"), spanId(2));
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => document.querySelectorAll("[role=treeitem]").length === 4);
  await page.keyboard.press("End");
  await page.keyboard.press("z");
  await page.waitForFunction(() => new URLSearchParams(location.search).get("range") === "480000000-920000000");
  assert.equal(await page.locator(".beyond.past").count(), 2); // early and inner
  await page.reload(); // all of it is in the address
  await page.waitForSelector(".beyond.past");
  await page.keyboard.press("0");
  await page.waitForFunction(() => !new URLSearchParams(location.search).has("range") && !document.querySelector(".beyond"));
  await page.keyboard.press("2");
  await page.waitForSelector(".flame .box");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelectorAll(".flame .box.above").length === 1);
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => document.querySelectorAll(".flame .box.above").length === 0 && location.pathname.startsWith("/trace/"));
  await expectHarmless(page);
});

test("the minimap is dragged", { skip: missing }, async () => {
  const page = await browser.open(`${viewer.site}/trace/${traceId(7)}`);
  await rows(page).first().waitFor();
  const box = await page.locator(".minimap-strip").boundingBox();
  const drag = async (from, to) => {
    await page.mouse.move(box.x + from * box.width, box.y + 10);
    await page.mouse.down();
    await page.mouse.move(box.x + ((from + to) / 2) * box.width, box.y + 10);
    await page.mouse.move(box.x + to * box.width, box.y + 10);
    await page.mouse.up();
  };
  const range = async () => {
    await page.waitForTimeout(400);
    return (new URL(page.url()).searchParams.get("range") ?? "").split("-").map((ns) => Math.round(Number(ns) / 1e7));
  };
  const near = (found, wanted) => assert.ok(found.every((value, i) => Math.abs(value - wanted[i]) <= 1), `${found} is not ${wanted}`);
  await drag(0.2, 0.4);
  near(await range(), [20, 40]);
  await drag(0.3, 0.6); // inside: it moves
  near(await range(), [50, 70]);
  await drag(0.7, 0.9); // at its edge: it grows
  near(await range(), [50, 90]);
  await page.mouse.dblclick(box.x + 5, box.y + 10);
  await page.waitForFunction(() => !new URLSearchParams(location.search).has("range"));
  await expectHarmless(page);
});

test("a message's Markdown is read, a tool's result stands beside its call, and its span opens", { skip: missing }, async () => {
  const page = await browser.open(`${viewer.site}/trace/${traceId(HOSTILE_TRACE)}?span=${spanId(2)}`);
  await page.waitForSelector("#detail .message");
  assert.equal(await page.locator("#detail .markdown li").count(), 2);
  assert.equal(await page.locator("#detail .tool-call .answer").count(), 1);
  await page.getByRole("button", { name: "Open its span" }).click();
  await page.waitForFunction((id) => new URLSearchParams(location.search).get("span") === id, spanId(3));
  await page.waitForSelector("#detail .tool-call [data-key='gen_ai.tool.call.result']");
  await expectHarmless(page);
});

// With proposals open, a mistake shown, two marked, and the keys explained.
async function expectListAccessible(page, scheme) {
  await page.keyboard.press("/");
  await page.keyboard.type("s");
  await page.waitForSelector("[role=option]");
  await page.keyboard.press("ArrowDown");
  await expectAccessible(page, `proposals, ${scheme}`);
  await page.getByRole("combobox", { name: /Search traces/ }).fill("duration >");
  await page.waitForSelector(".query-wrong");
  await page.waitForTimeout(500);
  await expectAccessible(page, `a mistake, ${scheme}`);
  await page.getByRole("button", { name: "Clear the query" }).click();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await page.locator("tr[data-trace-id]").nth(1).waitFor(); // all of them again: there is something to mark
  for (const key of "jxjx") await page.keyboard.press(key);
  await page.waitForSelector(".mark-bar");
  await page.keyboard.press("?");
  await page.waitForSelector("dialog[open]");
  await expectAccessible(page, `marks and keys, ${scheme}`);
}

for (const scheme of ["light", "dark"]) {
  test(`axe finds nothing serious, ${scheme}`, { skip: missing }, async () => {
    const trace = `${viewer.site}/trace/${traceId(HOSTILE_TRACE)}`;
    const pages = [["list", viewer.site], ["waterfall and span", `${trace}?span=${spanId(2)}`], ["flame graph", `${trace}?view=flame`], ["table", `${trace}?view=table`], ["graph", `${trace}?view=graph`], ["compare", `${viewer.site}/compare?a=${traceId(HOSTILE_TRACE)}&b=${traceId(7)}`]];
    for (const [what, url] of pages) {
      const page = await browser.open(url, { scheme });
      await page.waitForSelector(".row, .box, .sums, .actor, .compare-row, tr[data-trace-id]");
      await page.waitForTimeout(1700); // the highlight of what is new fades
      await expectAccessible(page, `${what}, ${scheme}`);
      await shoot(page, `${what.replace(/\W+/g, "-")}-${scheme}`);
      if (what === "list") await expectListAccessible(page, scheme);
      await page.context().close();
    }
  });
}

for (const [width, height] of [[360, 740], [3840, 2160]]) {
  test(`every page fits ${width} pixels`, { skip: missing }, async () => {
    const trace = `${viewer.site}/trace/${traceId(HOSTILE_TRACE)}`;
    for (const url of [viewer.site, trace, `${trace}?view=flame`, `${trace}?view=table`, `${trace}?view=graph`, `${trace}?span=${spanId(2)}`, `${viewer.site}/compare?a=${traceId(HOSTILE_TRACE)}&b=${traceId(7)}`]) {
      const page = await browser.open(url, { width, height });
      await page.waitForSelector(".row, .box, .sums, .actor, .compare-row, tr[data-trace-id]");
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= width, `${url} is ${wide} wide`);
      await page.context().close();
    }
  });
}
