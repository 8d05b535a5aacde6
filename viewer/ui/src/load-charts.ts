// The module that draws, fetched when the first chart is on the page.
import type { Chart } from "./charts";

type Charts = { createChart: (host: HTMLElement) => Chart };

const SCRIPT = "/assets/charts.js";
const STYLE = "/assets/charts.css";
let loading: Promise<Charts> | null = null;

export function loadCharts(): Promise<Charts> {
  loading ??= fetchCharts().catch((cause: unknown) => {
    loading = null; // the next page tries again
    throw cause;
  });
  return loading;
}

async function fetchCharts(): Promise<Charts> {
  const style = document.createElement("link");
  style.rel = "stylesheet";
  style.href = STYLE;
  const styled = new Promise<void>((resolve) => {
    style.addEventListener("load", () => resolve());
    style.addEventListener("error", () => resolve());
  });
  document.head.append(style);
  const script: string = SCRIPT; // not bundled: it is an address
  const charts = (await import(script)) as Charts;
  await styled;
  return charts;
}
