// The list of logs, newest first, as far as it has been asked for: a first page that is asked again and again, and older pages behind it.
import { type LogRecord, isNewer, readLogs } from "./logs";
import type { LogPage } from "./types";

export interface LogList {
  url: string; // of the first page
  first: LogPage | null; // as it last was
  records: LogRecord[];
  next: string | null; // where the page behind the last one begins
}

export const emptyLogList = (url: string): LogList => ({ url, first: null, records: [], next: null });

// The first page anew. What was known and is older stays behind it; where the two do not touch, something lies between them that was never
// asked for, and the list begins again.
export function withFirst(list: LogList, page: LogPage): LogList {
  const records = readLogs(page);
  const last = records.at(-1);
  const ids = new Set(records.map(({ log }) => log.id));
  const touches = list.records.some(({ log }) => ids.has(log.id));
  const older = last && page.next !== null && touches ? list.records.filter((record) => !ids.has(record.log.id) && !isNewer(record, last)) : [];
  return { url: list.url, first: page, records: [...records, ...older], next: older.length > 0 ? list.next : page.next };
}

export function withOlder(list: LogList, page: LogPage): LogList {
  const ids = new Set(list.records.slice(-page.logs.length).map(({ log }) => log.id));
  return { ...list, records: [...list.records, ...readLogs(page).filter(({ log }) => !ids.has(log.id))], next: page.next };
}
