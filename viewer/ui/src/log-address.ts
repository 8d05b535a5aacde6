// The page of logs as its address has it, and the questions it makes of it.
import { changeQuery } from "./router";

// What narrows the list. Beside it in the address, `log` is the record that is open.
export const logFilters = ["q", "severity", "service", "trace_id", "span_id", "from_ns", "to_ns"] as const;
export type LogFilter = (typeof logFilters)[number];

const FIRST = 200;
export const LARGEST = 1000;

export function logsUrl(query: URLSearchParams, before?: string): string {
  const ask = new URLSearchParams();
  for (const name of logFilters) {
    const value = query.get(name);
    if (value) ask.set(name, value);
  }
  ask.set("limit", String(before ? LARGEST : FIRST));
  if (before) ask.set("before", before);
  return `/api/logs?${ask}`;
}

// What is open belongs to the list as it was.
export const narrowLogs = (changes: Partial<Record<LogFilter, string>>): void => changeQuery({ ...changes, log: "" });
export const openLog = (id: string): void => changeQuery({ log: id });

export const logsOfTraceUrl = (traceId: string): string => `/logs?trace_id=${encodeURIComponent(traceId)}`;
