// The critical path: the stretches of a trace that made it as long as it is.
//
// Read backwards from a span's end. The child that ended last before that moment is what the span waited for: the time between is the
// span's own, the child's time is the child's, and before the child began the question is asked anew of the span. A child that was still
// running when the next one on the path began was not waited for, and one that outlives its parent counts until the parent's end.
// The trace's roots are read as children of a span as long as the trace. Shortening what is not on the path does not shorten the trace.
import type { Node } from "./tree";

export interface Stretch {
  from: number;
  to: number;
}

export interface CriticalPath {
  stretches: ReadonlyMap<Node, Stretch[]>; // in order of time
  total: number;
}

interface Frame {
  node: Node | null; // null: the trace itself
  floor: number;
  limit: number; // the end that counts
  at: number; // before this moment nothing is known yet
  children: Node[]; // the one that ends last comes first
  next: number;
}

const endOf = (node: Node): number => node.start + node.duration;

function frame(node: Node | null, children: Node[], floor: number, limit: number): Frame {
  const sorted = children.length > 1 ? [...children].sort((a, b) => endOf(b) - endOf(a) || a.start - b.start) : children;
  return { node, floor, limit, at: limit, children: sorted, next: 0 };
}

// The next child that ended before what is known already.
function awaited(top: Frame): Node | null {
  while (top.next < top.children.length) {
    const child = top.children[top.next++]!;
    const end = Math.min(endOf(child), top.limit);
    if (end <= top.at && end > Math.max(child.start, top.floor)) return child;
  }
  return null;
}

export function criticalPath(nodes: Node[]): CriticalPath {
  const stretches = new Map<Node, Stretch[]>();
  let total = 0;
  const own = (node: Node | null, from: number, to: number): void => {
    if (!node || to <= from) return;
    total += to - from;
    const known = stretches.get(node);
    if (known) known.push({ from, to });
    else stretches.set(node, [{ from, to }]);
  };
  const end = nodes.reduce((latest, node) => Math.max(latest, endOf(node)), 0);
  const stack = [frame(null, nodes.filter((node) => node.parent === null), 0, end)];
  for (let top = stack.at(-1); top; top = stack.at(-1)) {
    const child = awaited(top);
    if (!child) {
      own(top.node, top.floor, top.at);
      stack.pop();
      continue;
    }
    const childEnd = Math.min(endOf(child), top.limit);
    own(top.node, childEnd, top.at);
    top.at = Math.max(child.start, top.floor);
    stack.push(frame(child, child.children, top.at, childEnd));
  }
  for (const list of stretches.values()) list.reverse();
  return { stretches, total };
}

// The stretches within a range, those closer together than `gap` as one: a row has only so many pixels.
export function joined(stretches: readonly Stretch[], from: number, to: number, gap: number): Stretch[] {
  const out: Stretch[] = [];
  for (const stretch of stretches) {
    if (stretch.to < from || stretch.from > to) continue;
    const last = out.at(-1);
    if (last && stretch.from - last.to <= gap) last.to = stretch.to;
    else out.push({ ...stretch });
  }
  return out;
}
