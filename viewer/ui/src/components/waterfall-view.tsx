// The waterfall with its minimap, and the keys that move in it.
import { useState } from "preact/hooks";
import type { CriticalPath } from "../critical-path";
import { useKeys } from "../keys";
import { moved, zoomed } from "../range";
import type { Node, Tree } from "../tree";
import type { TreeCursor } from "../tree-cursor";
import type { RangeState } from "../use-range";
import { Minimap } from "./minimap";
import { Waterfall } from "./waterfall";

interface Props {
  tree: Tree;
  nodes: Node[];
  at: TreeCursor;
  range: RangeState;
  critical: CriticalPath;
  found: ReadonlySet<Node> | null;
  focus: Node | null;
  onFocus: (node: Node | null) => void;
}

const ZOOM = 0.5;
const PAN = 0.25;

export function WaterfallView({ tree, nodes, at, range, critical, found, focus, onFocus }: Props) {
  const [marked, setMarked] = useState(true);
  const { cursor } = at;
  const step = (by: number) => (event: KeyboardEvent): void => {
    event.preventDefault();
    at.step(by);
  };
  const zoom = (factor: number): void => {
    const middle = cursor ? cursor.start + cursor.duration / 2 : (range.range.from + range.range.to) / 2;
    range.set(zoomed(range.range, middle, factor));
  };
  const zoomToCursor = (): void => {
    if (!cursor) return;
    const margin = Math.max(cursor.duration * 0.05, 5);
    range.set({ from: cursor.start - margin, to: cursor.start + cursor.duration + margin });
  };
  useKeys({
    j: step(1), ArrowDown: step(1), k: step(-1), ArrowUp: step(-1),
    PageDown: step(15), PageUp: step(-15), Home: step(-Infinity), End: step(Infinity),
    ArrowLeft: at.left, h: at.left, ArrowRight: at.right, l: at.right,
    Enter: at.toggle,
    f: () => onFocus(focus && (!cursor || cursor === focus) ? null : cursor),
    c: () => setMarked(!marked),
    "+": () => zoom(ZOOM), "=": () => zoom(ZOOM), "-": () => zoom(1 / ZOOM), 0: () => range.set(null), z: zoomToCursor,
    "[": () => range.set(moved(range.range, -PAN, range.whole)), "]": () => range.set(moved(range.range, PAN, range.whole)),
  }, "view");
  return (
    <section class="waterfall-view" aria-label="Waterfall">
      <Minimap nodes={nodes} state={range} selected={at.selected} />
      <Waterfall nodes={nodes} tree={tree} at={at} range={range.range} critical={marked ? critical : null} found={found} onMark={() => setMarked(!marked)} />
    </section>
  );
}
