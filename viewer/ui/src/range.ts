// The stretch of time on show: moved and narrowed without leaving the trace.
import type { Range } from "./trace-address";

export const LEAST_NS = 10;

export const wholeOf = (duration: number): Range => ({ from: 0, to: Math.max(duration, 1) });

// Within `whole`, no narrower than a few nanoseconds; null when it is all of it.
export function clampRange(range: Range, whole: Range): Range | null {
  const length = Math.min(Math.max(range.to - range.from, LEAST_NS), whole.to - whole.from);
  const from = Math.min(Math.max(range.from, whole.from), whole.to - length);
  const next = { from: Math.round(from), to: Math.round(from + length) };
  const edge = (whole.to - whole.from) * 0.0005; // half a pixel is not worth a window
  return next.from - whole.from <= edge && whole.to - next.to <= edge ? null : next;
}

// By a factor around a moment that stays where it is.
export function zoomed(range: Range, around: number, factor: number): Range {
  const at = Math.min(Math.max(around, range.from), range.to);
  return { from: at - (at - range.from) * factor, to: at + (range.to - at) * factor };
}

// By a share of its length.
export function moved(range: Range, share: number, whole: Range): Range {
  const length = range.to - range.from;
  const from = Math.min(Math.max(range.from + share * length, whole.from), whole.to - length);
  return { from, to: from + length };
}
