// Builds dist/: fixed names, no timestamps, so that two builds of one source are the same bytes.
import { build } from "esbuild";
import { copyFileSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "dist");

const options = {
  absWorkingDir: here,
  bundle: true,
  minify: true,
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  outdir: "dist/assets",
  metafile: true,
  logLevel: "warning",
};

// The charts are a module of their own: only the page that draws one loads it.
const scripts = [
  { ...options, entryPoints: { app: "src/main.tsx", "search-worker": "src/search-worker.ts" }, format: "iife" },
  { ...options, entryPoints: { charts: "src/charts.ts" }, format: "esm" },
];

// The packages whose files are in the bundle, by name.
function bundledPackages(metafiles) {
  const names = new Set();
  for (const path of metafiles.flatMap(({ inputs }) => Object.keys(inputs))) {
    const match = /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path);
    if (match) names.add(match[1]);
  }
  return [...names].sort();
}

function licences(metafiles) {
  const parts = ["Parts of this user interface come from the following packages.\n"];
  for (const name of bundledPackages(metafiles)) {
    const folder = join(here, "node_modules", name);
    const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const text = readFileSync(join(folder, "LICENSE"), "utf8").trim();
    parts.push(`${"-".repeat(72)}\n${name} ${version} (${license})\n\n${text}\n`);
  }
  return parts.join("\n");
}

export async function buildAll() {
  mkdirSync(join(dist, "assets"), { recursive: true });
  const metafiles = [];
  for (const script of scripts) metafiles.push((await build(script)).metafile);
  for (const name of ["index.html", "favicon.svg"]) copyFileSync(join(here, "src", name), join(dist, name));
  writeFileSync(join(dist, "THIRD-PARTY-LICENSES.txt"), licences(metafiles));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await buildAll();
  for (const name of ["index.html", "favicon.svg", ...readdirSync(join(dist, "assets")).sort().map((file) => `assets/${file}`)]) {
    const bytes = readFileSync(join(dist, name));
    console.log(`${name.padEnd(24)} ${String(bytes.length).padStart(7)} bytes ${String(gzipSync(bytes).length).padStart(6)} gzip`);
  }
}
