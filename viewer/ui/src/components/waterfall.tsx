import type { RefObject } from "preact";
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { type Node, type Tree, ticks } from "../tree";
import { roundDuration } from "../format";
import { Collapse, Expand } from "./icons";
import { Splitter, useNameWidth } from "./splitter";
import { type Indent, WaterfallRow } from "./waterfall-row";
import { useNarrow, useWindow } from "../window";

const ROW_PX = 30;
const TALL_ROW_PX = 48; // name above bar, where there is no room for two columns

interface Props {
  tree: Tree;
  rows: Node[];
  cursor: Node | null;
  selected: Node | null;
  collapsed: ReadonlySet<string>;
  found: ReadonlySet<Node> | null;
  needle: string;
  searchRef: RefObject<HTMLInputElement | null>;
  onNeedle: (needle: string) => void;
  onFind: (by: 1 | -1) => void;
  onSelect: (node: Node) => void;
  onFold: (node: Node) => void;
  onFoldAll: () => void;
  onUnfoldAll: () => void;
}

export function Waterfall(props: Props) {
  const { tree, rows, cursor, selected, collapsed, found } = props;
  const narrow = useNarrow();
  const rowPx = narrow ? TALL_ROW_PX : ROW_PX;
  const scroller = useRef<HTMLDivElement>(null);
  const { first, end, width } = useWindow(scroller, rows.length, rowPx);
  const [nameWidth, setNameWidth] = useNameWidth(width);
  const laneWidth = narrow ? width : width - nameWidth;
  const marks = ticks(tree.duration, Math.floor(laneWidth / 110));
  const id = useId();
  const cursorRow = cursor ? rows.indexOf(cursor) : -1;

  useLayoutEffect(() => {
    if (cursorRow >= 0) reveal(scroller.current, cursorRow * rowPx, rowPx);
  }, [cursor?.span.span_id, collapsed, rowPx]);
  // The tree has the keys from the start, without a click; later it would take the focus from where the reader has put it.
  useLayoutEffect(() => scroller.current?.focus({ preventScroll: true }), []);

  const shown: Node[] = rows.slice(first, end);
  const indent = indentFor(tree, (narrow ? width : nameWidth) * 0.5);
  const total = tree.duration || 1;
  return (
    <section class={`waterfall ${narrow ? "tall" : ""} ${indent.step < 9 ? "dense" : ""}`} aria-label="Waterfall" style={{ "--name": narrow ? "0px" : `${nameWidth}px`, "--row": `${rowPx}px`, "--step": `${indent.step}px` }}>
      <div class="waterfall-head">
        <div class="name-head">
          <FindBox {...props} />
          <button type="button" class="quiet" aria-label="Collapse all" title="Collapse all" onClick={props.onFoldAll}><Collapse /></button>
          <button type="button" class="quiet" aria-label="Expand all" title="Expand all" onClick={props.onUnfoldAll}><Expand /></button>
        </div>
        <div class="axis" aria-hidden="true">
          <div class="lane">{marks.map((at) => <span key={at} hidden={at > 0.95 * total} style={{ left: `${(100 * at) / total}%` }}>{at === 0 ? "0" : roundDuration(at)}</span>)}</div>
        </div>
        {!narrow && <Splitter width={nameWidth} onWidth={setNameWidth} />}
      </div>
      <div class="rows" ref={scroller} role="tree" tabIndex={0} aria-label="Spans" aria-activedescendant={cursorRow >= 0 ? `${id}-${cursor!.index}` : undefined}>
        <div class="canvas" role="presentation" style={{ height: `${rows.length * rowPx}px` }}>
          <div class="grid-lines" aria-hidden="true"><div class="lane">{marks.map((at) => <i key={at} style={{ left: `${(100 * at) / total}%` }} />)}</div></div>
          {shown.map((node, i) => (
            <WaterfallRow key={node.index} id={`${id}-${node.index}`} node={node} total={total} top={(first + i) * rowPx}
              current={node === cursor} selected={node === selected} collapsed={collapsed.has(node.span.span_id)}
              dim={found !== null && !found.has(node)} onSelect={props.onSelect} onFold={props.onFold} indent={indent} />
          ))}
        </div>
      </div>
    </section>
  );
}

// Deep trees step in by less.
function indentFor(tree: Tree, room: number): Indent {
  const deepest = tree.nodes.reduce((most, node) => Math.max(most, node.depth), 1);
  return { step: Math.max(5, Math.min(14, Math.floor(room / deepest))), max: Math.floor(room) };
}

function FindBox({ needle, found, searchRef, onNeedle, onFind }: Props) {
  const [text, setText] = useState(needle);
  useEffect(() => setText(needle), [needle]);
  useEffect(() => {
    const timer = setTimeout(() => onNeedle(text), 120);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <label class="find">
      <input ref={searchRef} type="search" placeholder="Find in trace  /" aria-label="Find spans by name, service or attribute" spellcheck={false} autocomplete="off"
        value={text} onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => { if (event.key === "Enter") onFind(event.shiftKey ? -1 : 1); }} />
      {found && <span class="found" role="status">{found.size}</span>}
    </label>
  );
}

// Scrolls no further than needed, and keeps a row of context on either side.
function reveal(scroller: HTMLElement | null, top: number, height: number): void {
  if (!scroller) return;
  if (top - height < scroller.scrollTop) scroller.scrollTop = Math.max(0, top - height);
  else if (top + 2 * height > scroller.scrollTop + scroller.clientHeight) scroller.scrollTop = top + 2 * height - scroller.clientHeight;
}
