// The list's page as its address has it, and the questions it makes of it.
import { navigate } from "./router";

export type SortKey = "start" | "duration" | "spans" | "errors" | "tokens";

export interface Sort {
  by: SortKey;
  descending: boolean;
}

const PAGE = 100;
const BUCKETS = 80;
const sortKeys: readonly string[] = ["start", "duration", "spans", "errors", "tokens"];

// What narrows the list. The query is one of them; the others are for the hand.
export const filterNames = ["q", "service", "errors", "min_duration_ms", "from_ns", "to_ns"] as const;
export type FilterName = (typeof filterNames)[number] | "sort" | "order" | "marked";

export function readSort(query: URLSearchParams): Sort {
  const by = query.get("sort") ?? "start";
  return { by: (sortKeys.includes(by) ? by : "start") as SortKey, descending: query.get("order") !== "asc" };
}

// Two at most.
export const readMarked = (query: URLSearchParams): string[] =>
  (query.get("marked") ?? "").split(",").filter((id) => /^[0-9a-f]{32}$/.test(id)).slice(-2);

export function readTimes(query: URLSearchParams): { from: bigint; to: bigint } | null {
  const [from, to] = [query.get("from_ns") ?? "", query.get("to_ns") ?? ""];
  return /^\d{1,20}$/.test(from) && /^\d{1,20}$/.test(to) ? { from: BigInt(from), to: BigInt(to) } : null;
}

function filters(query: URLSearchParams, names: readonly string[]): URLSearchParams {
  const ask = new URLSearchParams();
  for (const name of names) {
    const value = query.get(name);
    if (value) ask.set(name, value);
  }
  return ask;
}

export function tracesUrl(query: URLSearchParams, before?: string): string {
  const ask = filters(query, filterNames);
  const sort = readSort(query);
  ask.set("limit", String(PAGE));
  if (sort.by !== "start" || !sort.descending) {
    ask.set("sort", sort.by);
    ask.set("order", sort.descending ? "desc" : "asc");
  }
  if (before) ask.set("before", before);
  return `/api/traces?${ask}`;
}

// Over all of time: the window chosen in it is drawn on it.
export function histogramUrl(query: URLSearchParams): string {
  const ask = filters(query, filterNames.filter((name) => name !== "from_ns" && name !== "to_ns"));
  ask.set("buckets", String(BUCKETS));
  return `/api/histogram?${ask}`;
}

export function changeList(changes: Partial<Record<FilterName, string>>): void {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value) query.set(name, value);
    else query.delete(name);
  }
  navigate(query.size > 0 ? `/?${query}` : "/", "replace");
}

export function toggleMark(traceId: string): void {
  const marked = readMarked(new URLSearchParams(location.search));
  const next = marked.includes(traceId) ? marked.filter((id) => id !== traceId) : [...marked, traceId].slice(-2);
  changeList({ marked: next.join(",") });
}
