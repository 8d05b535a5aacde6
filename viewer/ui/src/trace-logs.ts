// The logs of one trace, in the order of time, and by the span they were written in.
import { type LogRecord, isError, isWarning } from "./logs";
import { since } from "./instant";

export interface TraceLogs {
  records: LogRecord[]; // oldest first
  bySpan: ReadonlyMap<string, LogRecord[]>;
  warnings: number; // errors not among them
  errors: number;
  more: boolean; // there are more than were asked for
}

export const NO_LOGS: TraceLogs = { records: [], bySpan: new Map(), warnings: 0, errors: 0, more: false };

export function traceLogs(newestFirst: readonly LogRecord[], more: boolean): TraceLogs {
  const records = [...newestFirst].reverse().sort((a, b) => -since(a.time, b.time));
  const bySpan = new Map<string, LogRecord[]>();
  let warnings = 0;
  let errors = 0;
  for (const record of records) {
    if (isError(record.log)) errors++;
    else if (isWarning(record.log)) warnings++;
    const id = record.log.span_id;
    if (!id) continue;
    const known = bySpan.get(id);
    if (known) known.push(record);
    else bySpan.set(id, [record]);
  }
  return { records, bySpan, warnings, errors, more };
}

// Those a bar has room to mark: the severest first, then the earliest.
export function marked(records: readonly LogRecord[], most: number): LogRecord[] {
  if (records.length <= most) return [...records];
  return [...records].sort((a, b) => b.log.severity_number - a.log.severity_number || -since(a.time, b.time)).slice(0, most);
}
