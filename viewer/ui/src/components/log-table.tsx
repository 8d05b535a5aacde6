// Log records as lines, of which one can be open; only lines on the screen are made.
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { clock, dateTime, label, unixMs, nanoseconds } from "../format";
import { type LogRecord, logLine, logTime } from "../logs";
import { serviceClass } from "../palette";
import { useNarrow, useWindow } from "../window";
import { Bars, Chevron } from "./icons";
import { LogDetail } from "./log-detail";
import { Severity } from "./severity";

const ROW_PX = 30;
const TALL_ROW_PX = 50; // text below time and severity, where there is no room beside them
const NEAR_ROWS = 300; // from the end: the next page is asked for

interface Props {
  records: LogRecord[];
  what: string;
  cursor: string | null; // ids
  open: string | null;
  timeText?: (record: LogRecord) => string;
  linkTo?: (record: LogRecord) => { url: string; title: string } | null;
  onChoose: (record: LogRecord) => void; // the line itself
  onToggle: (record: LogRecord) => void; // all of it
  onNearEnd?: () => void;
  onAway?: (away: boolean) => void; // from the top
}

export function LogTable({ records, what, cursor, open, timeText, linkTo, onChoose, onToggle, onNearEnd, onAway }: Props) {
  const narrow = useNarrow();
  const rowPx = narrow ? TALL_ROW_PX : ROW_PX;
  const scroller = useRef<HTMLDivElement>(null);
  const [extra, setExtra] = useState(0); // what the open record takes below its line
  const openAt = useMemo(() => (open === null ? -1 : records.findIndex(({ log }) => log.id === open)), [records, open]);
  const cursorAt = useMemo(() => (cursor === null ? -1 : records.findIndex(({ log }) => log.id === cursor)), [records, cursor]);
  const below = openAt >= 0 ? extra : 0;
  const extraRows = Math.ceil(below / rowPx);
  const shown = useWindow(scroller, records.length + extraRows, rowPx);
  const first = shown.first <= openAt || openAt < 0 ? shown.first : Math.max(openAt, shown.first - extraRows);
  const end = Math.min(records.length, shown.end <= openAt || openAt < 0 ? shown.end : Math.max(openAt + 1, shown.end));

  useEffect(() => {
    if (end > records.length - NEAR_ROWS) onNearEnd?.();
  }, [end, records.length]);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element || !onAway) return;
    const look = (): void => onAway(element.scrollTop > rowPx);
    element.addEventListener("scroll", look, { passive: true });
    return () => element.removeEventListener("scroll", look);
  }, [rowPx]);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element || cursorAt < 0) return;
    const top = cursorAt * rowPx + (openAt >= 0 && cursorAt > openAt ? below : 0);
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + rowPx > element.scrollTop + element.clientHeight) element.scrollTop = top + rowPx - element.clientHeight;
  }, [cursor, cursorAt >= 0]);

  return (
    <div class={`log-table scrolls ${narrow ? "tall" : ""}`} ref={scroller} role="region" aria-label={what} tabIndex={0} style={{ "--row": `${rowPx}px` }}>
      <ol style={{ height: `${records.length * rowPx + below}px` }}>
        {records.slice(first, end).map((record, i) => {
          const at = first + i;
          return (
            <LogLine key={record.log.id} record={record} at={at} of={records.length} top={at * rowPx + (openAt >= 0 && at > openAt ? below : 0)} current={at === cursorAt} open={at === openAt}
              time={timeText ? timeText(record) : clock(unixMs(nanoseconds(logTime(record.log))))} link={linkTo?.(record) ?? null} onChoose={onChoose} onToggle={onToggle} onHeight={setExtra} />
          );
        })}
      </ol>
    </div>
  );
}

interface LineProps {
  record: LogRecord;
  at: number;
  of: number;
  top: number;
  current: boolean;
  open: boolean;
  time: string;
  link: { url: string; title: string } | null;
  onChoose: (record: LogRecord) => void;
  onToggle: (record: LogRecord) => void;
  onHeight: (px: number) => void;
}

function LogLine({ record, at, of, top, current, open, time, link, onChoose, onToggle, onHeight }: LineProps) {
  const { log, service } = record;
  const line = logLine(log);
  return (
    <li class={`log ${current ? "current" : ""} ${open ? "open" : ""}`} data-log-id={log.id} aria-setsize={of} aria-posinset={at + 1} aria-current={current ? "true" : undefined} style={{ transform: `translateY(${top}px)` }}>
      <div class="log-line" onClick={(event) => {
        if (!(event.target as Element).closest("a, button") && getSelection()?.isCollapsed !== false) onChoose(record);
      }}>
        <button type="button" class="twist" aria-expanded={open} aria-label={`${open ? "Fold" : "All of"} ${label(line || log.event_name, 80)}`} onClick={() => onToggle(record)}><Chevron /></button>
        <span class="log-time" title={dateTime(unixMs(nanoseconds(logTime(log))))}>{time}</span>
        <Severity log={log} />
        <span class={`service ${serviceClass(service)}`}><bdi>{label(service, 60)}</bdi></span>
        <span class="log-text">
          {log.event_name !== "" && <span class="tag"><bdi>{label(log.event_name, 80)}</bdi></span>}
          {line !== "" && <bdi>{label(line, 600)}</bdi>}
          {line === "" && log.event_name === "" && <span class="empty-value">no body</span>}
        </span>
        {link ? <a class="quiet to-trace" href={link.url} aria-label={link.title} title={link.title}><Bars /></a> : <span class="to-trace" />}
      </div>
      {open && <Measured onHeight={onHeight}><LogDetail record={record} /></Measured>}
    </li>
  );
}

function Measured({ children, onHeight }: { children: ComponentChildren; onHeight: (px: number) => void }) {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const element = box.current!;
    const measure = (): void => onHeight(element.offsetHeight);
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, []);
  return <div ref={box}>{children}</div>;
}
