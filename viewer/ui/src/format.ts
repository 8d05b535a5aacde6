// Numbers and text as a reader wants them. Durations are nanoseconds as doubles: exact up to 104 days.

const digits = (value: number): string => (value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : value.toFixed(0));

export function duration(ns: number): string {
  if (!Number.isFinite(ns) || ns < 0) return "–";
  if (ns < 999.5) return `${Math.round(ns)} ns`;
  if (ns < 999.5e3) return `${digits(ns / 1e3)} µs`;
  if (ns < 999.5e6) return `${digits(ns / 1e6)} ms`;
  if (ns < 59.95e9) return `${digits(ns / 1e9)} s`;
  const seconds = Math.round(ns / 1e9);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${String(seconds % 60).padStart(2, "0")} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} m`;
}

// For an axis: "2 s" rather than "2.00 s".
export const roundDuration = (ns: number): string => duration(ns).replace(/(\.\d*?)0+(?= )/, (_, rest: string) => (rest === "." ? "" : rest));

// A mark of an axis: as many digits as tell it from its neighbour, one `step` away.
export function tickText(ns: number, step: number): string {
  if (ns === 0) return "0";
  if (ns >= 60e9 && step >= 1e9) return roundDuration(ns);
  const [unit, name] = ns >= 1e9 ? [1e9, "s"] : ns >= 1e6 ? [1e6, "ms"] : ns >= 1e3 ? [1e3, "µs"] : [1, "ns"];
  const decimals = Math.min(9, Math.max(0, Math.ceil(-Math.log10(step / (unit as number)) - 1e-9)));
  return `${(ns / (unit as number)).toFixed(decimals)} ${name}`;
}

// With its sign, for differences.
export const signed = (value: number, text: (value: number) => string): string =>
  value === 0 ? "0" : `${value > 0 ? "+" : "−"}${text(Math.abs(value))}`;

export const percent = (share: number): string => (share > 0 && share < 0.001 ? "<0.1 %" : `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)} %`);

export function nanoseconds(text: string): bigint {
  return /^\d{1,20}$/.test(text) ? BigInt(text) : 0n;
}

export const unixMs = (ns: bigint): number => Number(ns / 1_000_000n);

export function ago(ms: number, nowMs: number): string {
  const seconds = Math.floor((nowMs - ms) / 1000);
  if (seconds < 2) return "just now";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86400)} d ago`;
}

const clockFormat = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 });
const dayFormat = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });

// Dates outside JavaScript's range (a hostile or broken clock) read as the epoch rather than throw.
const date = (ms: number): Date => (Math.abs(ms) < 8.64e15 ? new Date(ms) : new Date(0));

export const clock = (ms: number): string => clockFormat.format(date(ms));
export const dateTime = (ms: number): string => `${dayFormat.format(date(ms))}, ${clock(ms)}`;

// The instant to the nanosecond, in UTC, for the detail panel and for copying.
export function instant(ns: bigint): string {
  const iso = date(Number(ns / 1_000_000_000n) * 1000).toISOString();
  return `${iso.slice(0, 19)}.${String(ns % 1_000_000_000n).padStart(9, "0")}Z`;
}

export const count = (value: number): string => value.toLocaleString("en-GB");
export const plural = (value: number, noun: string): string => `${count(value)} ${noun}${value === 1 ? "" : "s"}`;

export function bytes(value: number): string {
  if (value < 1024) return `${value} B`;
  const units = ["KiB", "MiB", "GiB", "TiB"];
  let size = value / 1024;
  let unit = 0;
  while (size >= 1023.5 && unit < units.length - 1) {
    size /= 1024;
    unit++;
  }
  return `${size < 10 ? size.toFixed(1) : size.toFixed(0)} ${units[unit]}`;
}

export const compact = (value: number): string =>
  value < 10_000 ? count(value) : value < 999_500 ? `${(value / 1000).toFixed(1)}k` : `${(value / 1e6).toFixed(2)}M`;

// Telemetry is written by others: controls and direction overrides are shown as escapes, so that
// what is on the screen reads in the order it was sent.
const unsafe = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;

export const visible = (text: string): string =>
  text.replace(unsafe, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);

// A name on one line: bounded, because a row shows at most a few hundred characters.
export function label(text: string, max = 300): string {
  const cut = text.length > max ? `${text.slice(0, max)}…` : text;
  return visible(cut.replace(/\s+/g, " ")) || "(no name)";
}
