// A trace's page as its address has it: the view, the open span, the subtree it is narrowed to, the stretch of time on show, what is looked for.
import { changeQuery } from "./router";

export const views = ["waterfall", "flame", "table", "graph", "logs"] as const;
export type View = (typeof views)[number];

// Nanoseconds after the trace's start.
export interface Range {
  from: number;
  to: number;
}

export interface TraceAddress {
  view: View;
  span: string | null;
  focus: string | null;
  find: string;
  range: Range | null;
}

export function readAddress(query: URLSearchParams): TraceAddress {
  const view = query.get("view") as View;
  return {
    view: views.includes(view) ? view : "waterfall",
    span: query.get("span"),
    focus: query.get("focus"),
    find: query.get("find") ?? "",
    range: readRange(query.get("range")),
  };
}

function readRange(text: string | null): Range | null {
  const match = /^(\d{1,18})-(\d{1,18})$/.exec(text ?? "");
  if (!match) return null;
  const range = { from: Number(match[1]), to: Number(match[2]) };
  return range.to > range.from ? range : null;
}

export const rangeText = (range: Range | null): string => (range ? `${Math.round(range.from)}-${Math.round(range.to)}` : "");

type Name = "view" | "span" | "focus" | "find" | "range";

// An empty value leaves its name out.
export const changeAddress = (changes: Partial<Record<Name, string>>, how: "push" | "replace" = "replace"): void => changeQuery(changes, how);
