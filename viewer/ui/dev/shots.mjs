// node dev/shots.mjs SITE DIRECTORY NAME:SCHEME:HEIGHT:PATH...: pictures of the viewer's pages in Debian's Chromium, for docs/screenshots.sh.
import { join } from "node:path";
import { chromium } from "playwright-core";

const [site, directory, ...wanted] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath: process.env.SPW_CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
for (const one of wanted) {
  const [name, colorScheme, height, ...path] = one.split(":");
  const page = await browser.newPage({ viewport: { width: 1280, height: Number(height) }, colorScheme });
  await page.goto(site + path.join(":"));
  await page.waitForSelector("tr[data-trace-id], .row, .box, .actor, .compare-canvas .compare-row, .log, .chart canvas");
  await page.waitForTimeout(2000); // until what has just arrived is no longer highlighted
  await page.screenshot({ path: join(directory, `${name}.png`) });
  await page.close();
}
await browser.close();
