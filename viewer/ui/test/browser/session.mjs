// What the browser's tests share: the program itself, spans sent to it as OTLP JSON, and Debian's Chromium. SPW_BUILD names the build directory,
// SPW_CHROMIUM the browser, SPW_SHOTS_DIR a directory for pictures, SPW_ROOT the sources the agent is asked about.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { chromium } from "playwright-core";

export const root = process.env.SPW_ROOT ?? join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..", "..");
const build = process.env.SPW_BUILD ?? join(root, "build-gcc");
const program = join(build, "cli", "spanwire");
const agent = join(build, "samples", "agent");
const filler = join(build, "tests", "viewer", "bench_viewer");
const browserPath = process.env.SPW_CHROMIUM ?? "/usr/bin/chromium";

// Why these tests cannot run here, or nothing.
export const missing = !existsSync(program) ? `${program} is not built` : !existsSync(browserPath) ? `${browserPath} is not installed` : undefined;
export const missingAgent = missing ?? (existsSync(agent) ? undefined : `${agent} is not built`);

export const missingFiller = missing ?? (existsSync(filler) ? undefined : `${filler} is not built`);

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// A busy machine may take its time.
export async function eventually(what, check, limitMs = 20_000) {
  for (const end = Date.now() + limitMs; Date.now() < end; await sleep(50)) {
    const found = await check();
    if (found) return found;
  }
  assert.fail(`waited ${limitMs} ms for ${what}`);
}

// A store of agents' runs, ten spans each, in a file; takes half a minute a million.
export async function fillStore(file, spans) {
  await promisify(execFile)(filler, ["--fill", file, program, String(spans)], { timeout: 300_000 });
}

export async function startViewer(options = []) {
  const directory = mkdtempSync(join(tmpdir(), "spw-ui-"));
  const portFile = join(directory, "port");
  const child = spawn(program, ["view", "--quiet", "--listen", "127.0.0.1:0", "--port-file", portFile, ...options], { stdio: "ignore" });
  const text = await eventually("the viewer's port", () => existsSync(portFile) && readFileSync(portFile, "utf8"));
  const site = `http://127.0.0.1:${/\d+/.exec(text)[0]}`;
  return {
    site,
    async json(path) { return (await fetch(site + path)).json(); },
    async send(body) {
      const path = body.resourceLogs ? "/v1/logs" : body.resourceMetrics ? "/v1/metrics" : "/v1/traces";
      const response = await fetch(site + path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
      assert.equal(response.status, 200, await response.text());
    },
    async runAgent(question) {
      const env = { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: site };
      delete env.OPENAI_BASE_URL;
      await promisify(execFile)(agent, ["--question", question, join(root, "src")], { env, timeout: 60_000 });
    },
    async stop() {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill();
      await ended;
      rmSync(directory, { recursive: true });
    },
  };
}

// Set before any script of the page: what a sender's text would do if it ran, and what the policy had to stop.
function watch() {
  window.__reports = [];
  addEventListener("securitypolicyviolation", (event) => window.__reports.push(`${event.violatedDirective} ${event.blockedURI}`));
  for (const name of ["alert", "confirm", "prompt"]) window[name] = () => { window.__ran = name; };
}

export async function startBrowser() {
  const browser = await chromium.launch({ executablePath: browserPath, args: ["--no-sandbox"] });
  return {
    stop: () => browser.close(),
    // A page that keeps account of errors, of requests that leave the machine, and of what a sender's text did.
    async open(url, { width = 1400, height = 900, scheme = "light", prepare = async () => {} } = {}) {
      const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme });
      const page = await context.newPage();
      const { origin } = new URL(url);
      page.faults = [];
      page.on("pageerror", (error) => page.faults.push(`error: ${error.message}`));
      page.on("request", (request) => { if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(origin)) page.faults.push(`request: ${request.url()}`); });
      await page.addInitScript(watch);
      await prepare(page);
      await page.goto(url);
      return page;
    },
  };
}

// Nothing a sender wrote ran, became an element or left the machine.
export async function expectHarmless(page) {
  const found = await page.evaluate(() => ({ reports: window.__reports, ran: window.__ran ?? null, built: document.querySelectorAll("img, iframe, object, embed, main script, main style, main link").length }));
  assert.deepEqual({ ...found, faults: page.faults }, { reports: [], ran: null, built: 0, faults: [] });
}

// Serious and critical findings; the others are printed.
export async function expectAccessible(page, what) {
  await page.evaluate(readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8"));
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  const told = violations.map(({ id, impact, nodes }) => `${impact} ${id}: ${nodes.slice(0, 3).map((node) => node.target.join(" ")).join(", ")}`);
  console.log(`figure: axe, ${what}: ${violations.length === 0 ? "nothing" : told.join("; ")}`);
  assert.deepEqual(told.filter((line) => /^(serious|critical)/.test(line)), [], what);
}

export async function shoot(page, name) {
  const directory = process.env.SPW_SHOTS_DIR;
  if (directory) await page.screenshot({ path: join(directory, `${name}.png`) });
}
