// The lines, and exemplars as points that open their trace. The numbers are in the table below it for those who cannot see it.
import { useEffect, useRef, useState } from "preact/hooks";
import type { ChartData, ChartLine } from "../chart-data";
import type { Chart } from "../charts";
import { classColour } from "../colours";
import { clock, label } from "../format";
import { loadCharts } from "../load-charts";
import { changeMetric } from "../metric-address";
import { exemplarsOf, hasDots } from "../metric-lines";
import { traceUrl } from "../router";
import { type ShownMetric, colourClass, dashOf, partsOf } from "../shown-metric";
import { useTheme } from "../theme";

const MAX_DOTS = 200;

export function MetricChart({ metric, lines, unit, onColumn }: ShownMetric & { onColumn: (column: (number | null)[]) => void }) {
  const host = useRef<HTMLDivElement>(null);
  const [chart, setChart] = useState<Chart | null>(null);
  const [failed, setFailed] = useState(false);
  const [theme] = useTheme();
  useEffect(() => {
    let gone = false;
    let made: Chart | null = null;
    loadCharts().then(({ createChart }) => {
      if (gone || !host.current) return;
      made = createChart(host.current);
      setChart(made);
    }, () => setFailed(true));
    return () => {
      gone = true;
      made?.destroy();
    };
  }, []);
  useEffect(() => {
    if (!chart || !host.current) return;
    const element = host.current;
    const parts = partsOf(lines);
    const drawn = new Set(lines.map(({ series }) => series));
    const dots = hasDots(metric.metric) ? exemplarsOf(metric).filter(({ series, traceId }) => traceId && drawn.has(series)).slice(0, MAX_DOTS) : [];
    const data: ChartData = {
      lines: lines.map((line): ChartLine => ({ colour: classColour(element, colourClass(line.series), "--series"), dash: dashOf(line, parts), times: line.times, values: line.values })),
      dots: dots.map(({ key, time, value, traceId, spanId }) => ({ key, time, value, url: traceUrl(traceId, spanId || undefined), title: `Exemplar: ${unit.value(value)} at ${clock(time * 1000)}, opens its trace` })),
      colours: { text: classColour(element, "text-probe", "--soft"), grid: classColour(element, "text-probe", "--line") },
      binary: unit.binary, mark: unit.mark, timeMark,
      onCursor: (_, column) => onColumn(column.slice(1)),
      onRange: (from, to) => changeMetric({ from_ns: nanoseconds(from), to_ns: nanoseconds(to) }),
    };
    chart.update(data);
  }, [chart, metric, lines, unit, theme]);
  return (
    <div class="chart" ref={host} role="group" aria-label={`Chart of ${label(metric.metric.name, 120)}; its numbers are in the table below`}>
      {failed && <p class="notice" role="alert">The chart could not be loaded; the table below has its numbers.</p>}
      {lines.length === 0 && <p class="chart-empty">{metric.series.length === 0 ? "No points in this stretch of time." : "No series is chosen."}</p>}
    </div>
  );
}

const nanoseconds = (seconds: number): string => String(BigInt(Math.round(seconds * 1e6)) * 1000n);

const formats = {
  day: new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" }),
  minute: new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" }),
  second: new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" }),
};

const timeMark = (seconds: number, step: number): string =>
  step < 1 ? clock(seconds * 1000) : formats[step >= 86400 ? "day" : step >= 60 ? "minute" : "second"].format(new Date(seconds * 1000));
