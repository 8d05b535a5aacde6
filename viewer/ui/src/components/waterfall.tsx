import { useId, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { type CriticalPath, joined } from "../critical-path";
import { tickText } from "../format";
import type { Range } from "../trace-address";
import { type Node, type Tree, ticks } from "../tree";
import type { TreeCursor } from "../tree-cursor";
import { useNarrow, useWindow } from "../window";
import { Collapse, Expand, Route } from "./icons";
import { Splitter, useNameWidth } from "./splitter";
import { type Indent, WaterfallRow } from "./waterfall-row";

const ROW_PX = 30;
const TALL_ROW_PX = 48; // name above bar, where there is no room for two columns
const MARK_PX = 3; // stretches of the critical path closer together than this are drawn as one

interface Props {
  tree: Tree;
  nodes: Node[];
  at: TreeCursor;
  range: Range;
  critical: CriticalPath | null;
  found: ReadonlySet<Node> | null;
  onMark: () => void;
}

export function Waterfall({ tree, nodes, at, range, critical, found, onMark }: Props) {
  const { rows, cursor, selected, collapsed } = at;
  const narrow = useNarrow();
  const rowPx = narrow ? TALL_ROW_PX : ROW_PX;
  const scroller = useRef<HTMLDivElement>(null);
  const { first, end, width } = useWindow(scroller, rows.length, rowPx);
  const [nameWidth, setNameWidth] = useNameWidth(width);
  const laneWidth = Math.max(1, narrow ? width : width - nameWidth);
  const length = range.to - range.from;
  const marks = ticks(range.from, range.to, Math.floor(laneWidth / 110));
  const share = (ns: number): string => `${(100 * (ns - range.from)) / length}%`;
  const id = useId();
  const cursorRow = useMemo(() => (cursor ? rows.indexOf(cursor) : -1), [rows, cursor]);

  useLayoutEffect(() => {
    if (cursorRow >= 0) reveal(scroller.current, cursorRow * rowPx, rowPx);
  }, [cursor?.span.span_id, collapsed, rowPx, nodes]);
  // The tree has the keys from the start, without a click; later it would take the focus from where the reader has put it.
  useLayoutEffect(() => {
    if (document.activeElement === document.body) scroller.current?.focus({ preventScroll: true });
  }, []);

  const shown: Node[] = rows.slice(first, end);
  const base = nodes[0]?.depth ?? 0;
  const deepest = useMemo(() => nodes.reduce((most, node) => Math.max(most, node.depth - base), 1), [nodes]);
  const indent = indentFor(deepest, (narrow ? width : nameWidth) * 0.5);
  return (
    <div class={`waterfall ${narrow ? "tall" : ""} ${indent.step < 9 ? "dense" : ""}`} style={{ "--name": narrow ? "0px" : `${nameWidth}px`, "--row": `${rowPx}px`, "--step": `${indent.step}px` }}>
      <div class="waterfall-head">
        <div class="name-head">
          <span class="head-title">Spans</span>
          <span class="grow" />
          <button type="button" class="quiet toggle" aria-pressed={critical !== null} aria-label="Mark the critical path" title="Mark the critical path: what made the trace as long as it is (c)" onClick={onMark}><Route /></button>
          <button type="button" class="quiet" aria-label="Collapse all" title="Collapse all" onClick={at.foldAll}><Collapse /></button>
          <button type="button" class="quiet" aria-label="Expand all" title="Expand all" onClick={at.unfoldAll}><Expand /></button>
        </div>
        <div class="axis" aria-hidden="true">
          <div class="lane">{marks.map((ns) => <span key={ns} hidden={ns - range.from > 0.95 * length} style={{ left: share(ns) }}>{tickText(ns, (marks[1] ?? 0) - (marks[0] ?? 0) || length)}</span>)}</div>
        </div>
        {!narrow && <Splitter width={nameWidth} onWidth={setNameWidth} />}
      </div>
      <div class="rows" ref={scroller} role="tree" tabIndex={0} aria-label="Spans" aria-activedescendant={cursorRow >= first && cursorRow < end ? `${id}-${cursor!.index}` : undefined}>
        <div class="canvas" role="presentation" style={{ height: `${rows.length * rowPx}px` }}>
          <div class="grid-lines" aria-hidden="true"><div class="lane">{marks.map((ns) => <i key={ns} style={{ left: share(ns) }} />)}</div></div>
          {shown.map((node, i) => (
            <WaterfallRow key={node.index} id={`${id}-${node.index}`} node={node} range={range} depth={node.depth - base} top={(first + i) * rowPx}
              critical={critical ? joined(critical.stretches.get(node) ?? [], range.from, range.to, (MARK_PX * length) / laneWidth) : []}
              current={node === cursor} selected={node === selected} collapsed={collapsed.has(node.span.span_id)}
              dim={found !== null && !found.has(node)} onSelect={at.select} onFold={at.fold} indent={indent} />
          ))}
        </div>
      </div>
      {tree.nodes.length === 0 && <p class="nothing">No spans.</p>}
    </div>
  );
}

// Deep trees step in by less.
const indentFor = (deepest: number, room: number): Indent =>
  ({ step: Math.max(5, Math.min(14, Math.floor(room / deepest))), max: Math.floor(room) });

// Scrolls no further than needed, and keeps a row of context on either side.
function reveal(scroller: HTMLElement | null, top: number, height: number): void {
  if (!scroller) return;
  if (top - height < scroller.scrollTop) scroller.scrollTop = Math.max(0, top - height);
  else if (top + 2 * height > scroller.scrollTop + scroller.clientHeight) scroller.scrollTop = top + 2 * height - scroller.clientHeight;
}
