// Lines over time, drawn by uPlot: a module of its own, which load-charts.ts fetches when a page has a chart.
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { ChartData, ChartDot, ChartLine } from "./chart-data";

export interface Chart {
  update: (data: ChartData) => void;
  destroy: () => void;
}

const HEIGHT_PX = 290;
const DOT_PX = 11;

export function createChart(host: HTMLElement): Chart {
  let data: ChartData | null = null;
  let plot: uPlot | null = null;
  let drawn = ""; // of what kind the plot is: another needs a new one

  const draw = (): void => {
    if (!data || host.clientWidth === 0) return;
    const kind = kindOf(data);
    if (plot && kind === drawn) plot.setData(aligned(data.lines));
    else {
      plot?.destroy();
      plot = new uPlot(options(host, () => data!), aligned(data.lines), host);
      drawn = kind;
    }
  };
  const observer = new ResizeObserver(() => {
    if (!plot) return draw();
    plot.setSize({ width: host.clientWidth, height: HEIGHT_PX });
  });
  observer.observe(host);
  return {
    update: (next) => {
      data = next;
      draw();
    },
    destroy: () => {
      observer.disconnect();
      plot?.destroy();
    },
  };
}

const kindOf = ({ lines, colours, binary }: ChartData): string => JSON.stringify([colours, binary, lines.map(({ colour, dash }) => [colour, dash])]);

// On one axis of time: what a line has no value for is passed over, where nothing is known of it there is a gap.
function aligned(lines: ChartLine[]): uPlot.AlignedData {
  if (lines.length === 0) return [[]];
  return uPlot.join(lines.map(({ times, values }) => [times, values] as uPlot.AlignedData));
}

// Steps that are round in bytes.
const binarySteps = Array.from({ length: 60 }, (_, i) => 2 ** i);

function options(host: HTMLElement, now: () => ChartData): uPlot.Options {
  const { lines, colours, binary } = now();
  const axis: uPlot.Axis = { stroke: colours.text, font: `11.5px ${getComputedStyle(host).fontFamily}`, grid: { stroke: colours.grid, width: 1 }, ticks: { show: false } };
  return {
    width: host.clientWidth, height: HEIGHT_PX, padding: [10, 26, 0, 0],
    legend: { show: false },
    cursor: { drag: { x: true, y: false, setScale: false, dist: 5 }, points: { size: 7 } },
    scales: { x: { time: true, range: (plot, min, max) => xRange(plot.data[0], min, max) }, y: { range: (_, min, max) => yRange(min, max, now()) } },
    axes: [
      { ...axis, size: 32, space: 90, values: (_, splits, __, ___, step) => splits.map((at) => now().timeMark(at, step)) },
      { ...axis, size: 72, space: 40, ...(binary ? { incrs: binarySteps } : {}), values: (_, splits) => splits.map((at) => now().mark(at)) },
    ],
    series: [{}, ...lines.map(({ colour, dash }): uPlot.Series => ({ stroke: colour, width: 1.75, ...(dash.length > 0 ? { dash: [...dash] } : {}), points: { size: 5, fill: colour } }))],
    hooks: {
      draw: [(plot) => placeDots(plot, now())],
      setCursor: [(plot) => now().onCursor(plot.cursor.idx ?? null, plot.cursor.idx != null ? plot.data.map((column) => column[plot.cursor.idx!] ?? null) : [])],
      setSelect: [(plot) => {
        const { left, width } = plot.select;
        if (width > 0) now().onRange(plot.posToVal(left, "x"), plot.posToVal(left + width, "x"));
        plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
      }],
    },
  };
}

const ALONE_SECONDS = 30;

// A single moment stands in the middle of a minute.
function xRange(times: ArrayLike<number>, min: number, max: number): [number, number] {
  const [first, last] = [times[0], times[times.length - 1]];
  return first !== undefined && first === last ? [first - ALONE_SECONDS, first + ALONE_SECONDS] : [min, max];
}

// From zero where values are near it; dots are within.
function yRange(min: number | null, max: number | null, { dots }: ChartData): [number, number] {
  const values = [...(min === null || max === null ? [] : [min, max]), ...dots.map(({ value }) => value)];
  if (values.length === 0) return [0, 1];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (low === high) return low === 0 ? [0, 1] : low > 0 ? [0, low * 1.2] : [low * 1.2, 0];
  const margin = (high - low) * 0.08;
  return [low >= 0 && low < high * 0.6 ? 0 : low - margin, high + margin];
}

// Exemplars are links above the lines, and the browser opens them. They stay the same elements while points come, lest a reader clicks into
// nothing. Keys find them in the page's table, not one by one on the way past the chart.
function placeDots(plot: uPlot, { dots }: ChartData): void {
  const known = new Map([...plot.over.querySelectorAll("a")].map((link) => [link.dataset.dot, link]));
  const [from, to] = [plot.scales.x!.min ?? 0, plot.scales.x!.max ?? 0];
  for (const dot of dots) {
    if (dot.time < from || dot.time > to) continue;
    const link = known.get(dot.key) ?? makeDot(dot);
    known.delete(dot.key);
    link.style.left = `${plot.valToPos(dot.time, "x") - DOT_PX / 2}px`;
    link.style.top = `${plot.valToPos(dot.value, "y") - DOT_PX / 2}px`;
    if (!link.parentNode) plot.over.append(link);
  }
  known.forEach((link) => link.remove());
}

function makeDot({ key, url, title }: ChartDot): HTMLAnchorElement {
  const link = document.createElement("a");
  link.className = "exemplar";
  link.dataset.dot = key;
  link.href = url;
  link.title = title;
  link.tabIndex = -1;
  link.setAttribute("aria-label", title);
  link.addEventListener("mousedown", (event) => event.stopPropagation()); // a click is no drag
  return link;
}
