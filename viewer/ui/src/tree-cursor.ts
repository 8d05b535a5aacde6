// Moving through a trace: where the cursor is, which spans are folded, and which one's detail is open (the address holds that).
// Every step starts from these as they are, not as they were last drawn: keys come faster than frames.
import { useLayoutEffect, useMemo } from "preact/hooks";
import { useLatest } from "./latest";
import { spanOfAddress } from "./router";
import { changeAddress } from "./trace-address";
import { type Node, type Tree, visibleRows } from "./tree";

interface Place {
  cursorId: string;
  collapsed: ReadonlySet<string>;
}

export interface TreeCursor {
  cursor: Node | null;
  selected: Node | null;
  collapsed: ReadonlySet<string>;
  rows: Node[];
  isOpen: () => boolean;
  goTo: (node: Node | undefined) => void;
  step: (by: number) => void;
  jump: (wanted: (node: Node) => boolean, by: 1 | -1) => void;
  select: (node: Node | null) => void;
  toggle: () => void;
  fold: (node: Node) => void;
  foldAll: () => void;
  unfoldAll: () => void;
  left: () => void;
  right: () => void;
}

// `nodes`: the whole tree, or the subtree on show.
export function useTreeCursor(tree: Tree, nodes: Node[], spanId: string | null): TreeCursor {
  const first = nodes[0]?.index ?? 0;
  const isShown = (node: Node): boolean => nodes[node.index - first] === node;
  const nodeOf = (id: string | null): Node | null => (id ? tree.byId.get(id) : undefined) ?? null;
  const cursorOf = (place: Place): Node | null => {
    const node = nodeOf(place.cursorId);
    return node && isShown(node) ? node : nodes[0] ?? null;
  };
  const selected = nodeOf(spanId);
  const [drawn, now, set] = useLatest<Place>({ cursorId: selected?.span.span_id ?? "", collapsed: new Set() });
  const rows = useMemo(() => visibleRows(nodes, drawn.collapsed), [nodes, drawn.collapsed]);
  const opened = (): Node | null => nodeOf(spanOfAddress());

  // The cursor follows the address: the browser's back button, a link to another span of this trace.
  useLayoutEffect(() => { if (selected) goTo(selected); }, [selected?.span.span_id]);

  const show = (node: Node | null): void =>
    changeAddress({ span: node?.span.span_id ?? "" }, opened() && node ? "replace" : "push");

  // Opens what hides the target, and leaves a subtree that does not hold it. An open detail panel follows the cursor.
  function goTo(node: Node | undefined): void {
    if (!node) return;
    if (!isShown(node)) changeAddress({ focus: "" });
    const { collapsed } = now();
    const hiding = ancestors(node).filter((id) => collapsed.has(id));
    set({ cursorId: node.span.span_id, collapsed: hiding.length > 0 ? without(collapsed, hiding) : collapsed });
    const open = opened();
    if (open && node !== open) show(node);
  }

  function step(by: number): void {
    const { collapsed } = now();
    const current = collapsed === drawn.collapsed ? rows : visibleRows(nodes, collapsed);
    const cursor = cursorOf(now());
    const at = cursor ? current.indexOf(cursor) : 0;
    goTo(current[Math.min(current.length - 1, Math.max(0, at + by))]);
  }

  function setFold(node: Node, shut: boolean): void {
    if (node.children.length === 0) return;
    const { cursorId, collapsed } = now();
    const id = node.span.span_id;
    set({ cursorId, collapsed: shut ? new Set(collapsed).add(id) : without(collapsed, [id]) });
  }

  return {
    cursor: cursorOf(drawn), selected, collapsed: drawn.collapsed, rows, goTo, step,
    isOpen: () => opened() !== null,
    jump: (wanted, by) => goTo(next(nodes, (cursorOf(now())?.index ?? first - 1) - first, by, wanted)),
    select: (node) => {
      if (node) set({ cursorId: node.span.span_id, collapsed: now().collapsed });
      show(node);
    },
    toggle: () => {
      const cursor = cursorOf(now());
      if (cursor) show(cursor === opened() ? null : cursor);
    },
    fold: (node) => setFold(node, !now().collapsed.has(node.span.span_id)),
    foldAll: () => {
      const top = nodes[0]?.depth ?? 0;
      // Roots stay open: a single line would say nothing. The cursor moves to what hides it.
      const cursor = cursorOf(now());
      const shown = cursor && nodes.find((node) => node.depth <= top + 1 && node.last >= cursor.index);
      const parents = nodes.filter((node) => node.depth > top && node.children.length > 0);
      set({ cursorId: (shown ?? cursor)?.span.span_id ?? "", collapsed: new Set(parents.map((node) => node.span.span_id)) });
    },
    unfoldAll: () => set({ cursorId: now().cursorId, collapsed: new Set() }),
    left: () => {
      const cursor = cursorOf(now());
      if (!cursor) return;
      if (cursor.children.length > 0 && !now().collapsed.has(cursor.span.span_id)) setFold(cursor, true);
      else if (cursor.parent) goTo(cursor.parent);
    },
    right: () => {
      const cursor = cursorOf(now());
      if (!cursor) return;
      if (now().collapsed.has(cursor.span.span_id)) setFold(cursor, false);
      else goTo(cursor.children[0]);
    },
  };
}

function ancestors(node: Node): string[] {
  const ids: string[] = [];
  for (let up = node.parent; up; up = up.parent) ids.push(up.span.span_id);
  return ids;
}

function without(set: ReadonlySet<string>, ids: string[]): Set<string> {
  const rest = new Set(set);
  for (const id of ids) rest.delete(id);
  return rest;
}

// The next node of a kind, around the end if need be.
function next(nodes: Node[], from: number, by: 1 | -1, wanted: (node: Node) => boolean): Node | undefined {
  for (let i = 1; i <= nodes.length; i++) {
    const node = nodes[(from + by * i + 2 * nodes.length) % nodes.length];
    if (node && wanted(node)) return node;
  }
  return undefined;
}
