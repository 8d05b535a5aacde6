// All logs of a trace: page after page, asked anew when something has changed.
import { createContext } from "preact";
import { Resource } from "./api";
import { LARGEST } from "./log-address";
import { type LogRecord, readLogs } from "./logs";
import { type Source, usePoll } from "./poll";
import { NO_LOGS, type TraceLogs, traceLogs } from "./trace-logs";
import type { LogPage } from "./types";

const PERIOD_MS = 2000;
const MAX_PAGES = 20;

class TraceLogPages implements Source<TraceLogs> {
  private readonly first: Resource<LogPage>;

  constructor(readonly url: string) {
    this.first = new Resource<LogPage>(url);
  }

  async get(signal: AbortSignal): Promise<TraceLogs | null> {
    let page = await this.first.get(signal);
    if (!page) return null;
    const records: LogRecord[] = readLogs(page);
    let pages = 1;
    for (; page.next !== null && pages < MAX_PAGES; pages++) {
      // A page that fails leaves those before it on show, and said to be not all.
      const older: LogPage | null = await new Resource<LogPage>(`${this.url}&before=${encodeURIComponent(page.next)}`).get(signal).catch(() => null);
      if (!older) break;
      records.push(...readLogs(older));
      page = older;
    }
    return traceLogs(records, page.next !== null);
  }
}

const make = (url: string): Source<TraceLogs> => new TraceLogPages(url);

export function useTraceLogs(traceId: string): TraceLogs {
  const { data } = usePoll<TraceLogs>(`/api/logs?trace_id=${traceId}&limit=${LARGEST}`, PERIOD_MS, false, true, make);
  return data ?? NO_LOGS;
}

// For what is drawn deep in a view: a bar's marks, a span's logs.
export const LogsOfTrace = createContext<TraceLogs>(NO_LOGS);
