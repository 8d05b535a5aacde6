// The live first page of the logs, and the older ones as the reader comes to them.
import { useRef, useState } from "preact/hooks";
import { Resource } from "./api";
import { logsUrl } from "./log-address";
import { type LogList, emptyLogList, withFirst, withOlder } from "./log-list";
import type { LogRecord } from "./logs";
import { type Polled, usePoll } from "./poll";
import type { LogPage } from "./types";

const PERIOD_MS = 1000;
const TIMEOUT_MS = 15_000;
const MAX_RECORDS = 200_000; // what a tab can hold

export interface Logs extends Polled<LogPage> {
  records: LogRecord[];
  more: boolean; // older ones can be asked for
  loadMore: () => Promise<void>;
}

// `held`: nothing is asked anew while the reader looks at what is there.
export function useLogs(query: URLSearchParams, held: boolean): Logs {
  const url = logsUrl(query);
  const polled = usePoll<LogPage>(url, PERIOD_MS, held, true);
  const [, redraw] = useState(0);
  const list = useRef<LogList>(emptyLogList(url));
  const loading = useRef("");
  if (list.current.url !== url) list.current = emptyLogList(url);
  if (polled.data && polled.data !== list.current.first) list.current = withFirst(list.current, polled.data);
  const { records, next } = list.current;

  async function loadMore(): Promise<void> {
    const { next } = list.current;
    if (next === null || loading.current === url + next) return;
    loading.current = url + next;
    try {
      const page = await new Resource<LogPage>(logsUrl(query, next)).get(AbortSignal.timeout(TIMEOUT_MS));
      // Meanwhile the list may have begun again.
      if (page && list.current.url === url && list.current.next === next) list.current = withOlder(list.current, page);
    } catch {
      // the banner says so when the next poll fails too; scrolling asks again
    }
    loading.current = "";
    redraw((n) => n + 1);
  }
  return { ...polled, records, more: next !== null && records.length < MAX_RECORDS, loadMore };
}
