// The two traces' spans matched by their paths of names, in the order of the first; only lines on the screen are made.
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { type Pair, comparePaths, differs } from "../compare";
import { count, duration, label, signed } from "../format";
import { useKeys } from "../keys";
import { useLatest } from "../latest";
import { serviceClass } from "../palette";
import { listUrl, navigate, traceUrl } from "../router";
import { useWindow } from "../window";
import type { Run } from "./compare-header";
import { Fail, RoleIcon } from "./icons";

const ROW_PX = 32;
const INDENT_PX = 14;
const MAX_INDENT_PX = 180;

export function CompareTable({ a, b, onSwap }: { a: Run; b: Run; onSwap: () => void }) {
  const pairs = useMemo(() => comparePaths(a.tree, b.tree), [a.tree, b.tree]);
  const whole = Math.max(a.tree.duration, b.tree.duration);
  const [only, setOnly] = useState(false);
  const [at, atNow, setAt] = useLatest(0);
  const different = useMemo(() => new Set(pairs.filter((pair) => differs(pair, whole))), [pairs, whole]);
  const rows = useMemo(() => (only ? pairs.filter((pair) => different.has(pair)) : pairs), [pairs, different, only]);
  const most = useMemo(() => pairs.reduce((value, pair) => Math.max(value, Math.abs(pair.took)), 1), [pairs]);
  const scroller = useRef<HTMLDivElement>(null);
  const { first, end } = useWindow(scroller, rows.length, ROW_PX);

  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const top = at * ROW_PX;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + ROW_PX > element.scrollTop + element.clientHeight) element.scrollTop = top + ROW_PX - element.clientHeight;
  }, [at]);

  const step = (by: number) => (event: KeyboardEvent): void => {
    event.preventDefault();
    setAt(Math.max(0, Math.min(rows.length - 1, atNow() + by)));
  };
  const jump = (by: 1 | -1): void => {
    for (let i = atNow() + by; i >= 0 && i < rows.length; i += by) if (different.has(rows[i]!)) return setAt(i);
  };
  useKeys({
    j: step(1), ArrowDown: step(1), k: step(-1), ArrowUp: step(-1), PageDown: step(15), PageUp: step(-15), Home: step(-Infinity), End: step(Infinity),
    n: () => jump(1), N: () => jump(-1), d: () => { setOnly(!only); setAt(0); }, x: onSwap, Escape: () => navigate(listUrl()),
  });
  return (
    <section class="compare-table" aria-label="Spans of both traces">
      <div class="compare-bar">
        <button type="button" class="chip" aria-pressed={only} title="d" onClick={() => { setOnly(!only); setAt(0); }}>Only differences</button>
        <span role="status">{count(different.size)} of {count(pairs.length)} paths differ</span>
      </div>
      <div class="compare-rows scrolls" ref={scroller} role="table" tabIndex={0} aria-label="Matched spans" aria-rowcount={rows.length + 1}>
        <div class="compare-row compare-head" role="row" aria-rowindex={1}>
          <span role="columnheader">Span</span>
          <span role="columnheader" class="number">Count A</span><span role="columnheader" class="number">B</span><span role="columnheader" class="number">±</span>
          <span role="columnheader" class="number">Total A</span><span role="columnheader" class="number">B</span><span role="columnheader" class="number">±</span>
          <span role="columnheader" class="wide">Faster, slower</span>
        </div>
        <div class="compare-canvas" role="rowgroup" style={{ height: `${rows.length * ROW_PX}px` }}>
          {rows.slice(first, end).map((pair, i) => <Row key={pair.key} pair={pair} index={first + i} current={first + i === at} different={different.has(pair)} most={most} a={a} b={b} onSelect={setAt} />)}
        </div>
        {rows.length === 0 && <p class="nothing">Both traces did the same, in about the same time.</p>}
      </div>
    </section>
  );
}

interface RowProps {
  pair: Pair;
  index: number;
  current: boolean;
  different: boolean;
  most: number;
  a: Run;
  b: Run;
  onSelect: (index: number) => void;
}

function Row({ pair, index, current, different, most, a, b, onSelect }: RowProps) {
  const alone = pair.a === null ? "only-b" : pair.b === null ? "only-a" : "";
  const sign = pair.took > 0 ? "slower" : pair.took < 0 ? "faster" : "";
  const share = 50 * Math.sqrt(Math.abs(pair.took) / most); // a root: the small ones are seen too
  return (
    <div class={`compare-row ${serviceClass(pair.service)} ${alone} ${current ? "current" : ""} ${different ? "differs" : ""}`} role="row" aria-rowindex={index + 2} style={{ top: `${index * ROW_PX}px` }} onClick={() => onSelect(index)}>
      <span class="compare-name" role="cell" style={{ paddingLeft: `${Math.min(MAX_INDENT_PX, pair.depth * INDENT_PX)}px` }}>
        <RoleIcon role={pair.role} /><bdi>{label(pair.name, 160)}</bdi>
        {alone && <span class={`letter letter-${alone.slice(-1)}`}>only {alone.slice(-1).toUpperCase()}</span>}
        <Errors pair={pair} />
      </span>
      <span role="cell" class="number">{pair.a ? <a href={`${traceUrl(a.id)}?find=${encodeURIComponent(pair.name)}`} title="Find them in trace A">{count(pair.a.count)}</a> : "–"}</span>
      <span role="cell" class="number">{pair.b ? <a href={`${traceUrl(b.id)}?find=${encodeURIComponent(pair.name)}`} title="Find them in trace B">{count(pair.b.count)}</a> : "–"}</span>
      <span role="cell" class={`number ${pair.counts > 0 ? "slower" : pair.counts < 0 ? "faster" : "none"}`}>{pair.counts === 0 ? "–" : signed(pair.counts, count)}</span>
      <span role="cell" class="number">{pair.a ? duration(pair.a.total) : "–"}</span>
      <span role="cell" class="number">{pair.b ? duration(pair.b.total) : "–"}</span>
      <span role="cell" class={`number ${sign || "none"}`}>{pair.took === 0 ? "–" : signed(pair.took, duration)}</span>
      <span role="cell" class="wide diverging"><i class={sign} style={sign === "faster" ? { right: "50%", width: `${share}%` } : { left: "50%", width: `${share}%` }} /></span>
    </div>
  );
}

function Errors({ pair }: { pair: Pair }) {
  const [a, b] = [pair.a?.errors ?? 0, pair.b?.errors ?? 0];
  if (a + b === 0) return null;
  return <span class="failure" title="Errors in A and B"><Fail />{count(a)} → {count(b)}</span>;
}
