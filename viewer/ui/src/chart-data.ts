// What a chart is given: colours and texts are made where the page is, so that drawing knows nothing of metrics.
export interface ChartLine {
  colour: string;
  dash: readonly number[];
  times: number[]; // seconds since 1970
  values: (number | null)[];
}

export interface ChartDot {
  key: string; // no two have the same
  time: number;
  value: number;
  url: string;
  title: string;
}

export interface ChartData {
  lines: ChartLine[];
  dots: ChartDot[];
  colours: { text: string; grid: string };
  binary: boolean; // round numbers are powers of two
  mark: (value: number) => string;
  timeMark: (seconds: number, step: number) => string;
  onCursor: (index: number | null, column: (number | null)[]) => void; // the time and each line's value
  onRange: (from: number, to: number) => void;
}
