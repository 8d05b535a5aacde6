// Values of metrics in their unit (UCUM) as a reader wants them: times and bytes by their size, counts with what is counted.
import { bytes, duration, label, roundDuration } from "./format";

export interface UnitFormat {
  value: (value: number) => string;
  mark: (value: number) => string; // of an axis: what the chart's title says is left out
  title: string; // "" where values say it themselves
  binary: boolean; // round numbers are powers of two
}

const TIMES: Record<string, number> = { ns: 1, us: 1e3, "µs": 1e3, ms: 1e6, s: 1e9, min: 60e9, h: 3600e9, d: 86400e9 };
const BYTES: Record<string, number> = { By: 1, KiBy: 2 ** 10, MiBy: 2 ** 20, GiBy: 2 ** 30, kBy: 1e3, KBy: 1e3, MBy: 1e6, GBy: 1e9 };
const POWERS: [number, string][] = [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]];

// Three digits, and what makes large ones short; 9999 is still a number to read.
export function shortNumber(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size >= 1e15 || size < 1e-4) return value.toExponential(2).replace("e+", "e");
  if (size < 10_000) return Number.isInteger(value) ? value.toLocaleString("en-GB") : String(Number(value.toPrecision(4)));
  const [power, letter] = POWERS.find(([least]) => size >= least)!;
  return `${Number((value / power).toPrecision(4))}${letter}`;
}

const negative = (text: (size: number) => string) => (value: number): string => (value < 0 ? `−${text(-value)}` : text(value));

// A plural as most nouns have it.
const counted = (noun: string): string => (/[^s]$/.test(noun) ? `${noun}s` : noun);

export function unitFormat(unit: string, perSecond = false): UnitFormat {
  if (perSecond) return rateFormat(unit);
  const time = Object.hasOwn(TIMES, unit) ? TIMES[unit]! : 0;
  if (time) return { value: negative((value) => duration(value * time)), mark: negative((value) => (value === 0 ? "0" : roundDuration(value * time))), title: "", binary: false };
  const size = Object.hasOwn(BYTES, unit) ? BYTES[unit]! : 0;
  const sized = negative((value) => bytes(Math.round(value * size)));
  if (size) return { value: sized, mark: (value) => (value === 0 ? "0" : sized(value).replace(".0 ", " ")), title: "", binary: true };
  if (unit === "%") return { value: (value) => `${shortNumber(value)} %`, mark: (value) => `${shortNumber(value)} %`, title: "", binary: false };
  const name = unitName(unit);
  return { value: (value) => (name ? `${shortNumber(value)} ${name}` : shortNumber(value)), mark: shortNumber, title: name, binary: false };
}

function rateFormat(unit: string): UnitFormat {
  if (Object.hasOwn(TIMES, unit)) { // seconds per second: a share of the time
    const share = (value: number): string => `${shortNumber((value * TIMES[unit]!) / 1e9)} s/s`;
    return { value: share, mark: share, title: "", binary: false };
  }
  const of = unitFormat(unit);
  const per = (text: string): string => `${text}/s`;
  return { value: (value) => per(of.value(value)), mark: (value) => (of.title || value === 0 ? of.mark(value) : per(of.mark(value))), title: of.title && per(of.title), binary: of.binary };
}

// "{token}": what is counted. "1" is no unit.
function unitName(unit: string): string {
  if (unit === "" || unit === "1") return "";
  const noun = /^\{([^{}]*)\}$/.exec(unit)?.[1];
  return label(noun ? counted(noun) : unit, 24);
}
