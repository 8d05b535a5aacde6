import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { label } from "../format";
import { useKeys } from "../keys";
import { usePoll } from "../poll";
import { listUrl, navigate, traceUrl } from "../router";
import { type Node, type Tree, buildTree, visibleRows } from "../tree";
import type { Trace } from "../types";
import { matches } from "../span-search";
import { SpanDetail } from "./span-detail";
import { TraceHeader } from "./trace-header";
import { Waterfall } from "./waterfall";

interface Props {
  traceId: string;
  query: URLSearchParams;
  paused: boolean;
  onOffline: (offline: boolean) => void;
}

export function TracePage({ traceId, query, paused, onOffline }: Props) {
  const { data, error, offline } = usePoll<Trace>(`/api/traces/${traceId}`, 1000, paused);
  const tree = useMemo(() => (data ? buildTree(data) : null), [data]);
  useEffect(() => onOffline(offline), [offline]);

  if (data && tree) return <TraceView trace={data} tree={tree} spanId={query.get("span")} />;
  if (error?.status === 404) {
    return (
      <div class="notice">
        <h1>This trace is not here</h1>
        <p>It has not arrived yet, or made room for newer ones. If it arrives, it opens by itself.</p>
        <p><code>{traceId}</code></p>
        <p><a href={listUrl()}>All traces</a></p>
      </div>
    );
  }
  return <div class="notice" role="status">{error ? error.message : offline ? "Waiting for the viewer…" : ""}</div>;
}

function TraceView({ trace, tree, spanId }: { trace: Trace; tree: Tree; spanId: string | null }) {
  const selected = (spanId !== null && tree.byId.get(spanId)) || null;
  const [cursorId, setCursorId] = useState(selected?.span.span_id ?? tree.nodes[0]?.span.span_id ?? "");
  const [collapsed, setCollapsed] = useState<ReadonlySet<string>>(new Set());
  const [needle, setNeedle] = useState("");
  const search = useRef<HTMLInputElement>(null);

  const rows = useMemo(() => visibleRows(tree.nodes, collapsed), [tree, collapsed]);
  const found = useMemo(() => matches(tree.nodes, needle), [tree, needle]);
  const cursor = tree.byId.get(cursorId) ?? tree.nodes[0] ?? null;

  useEffect(() => {
    const root = tree.nodes[0];
    document.title = `${root ? label(root.span.name, 80) : trace.trace_id} · spanwire`;
  }, [tree]);
  useEffect(() => { if (selected) goTo(selected); }, [spanId]);

  const select = (node: Node | null): void =>
    navigate(traceUrl(trace.trace_id, node?.span.span_id), selected && node ? "replace" : "push");

  // Moves the cursor, opening what hides the target. An open detail panel follows the cursor.
  function goTo(node: Node | undefined): void {
    if (!node) return;
    setCursorId(node.span.span_id);
    const hiding = ancestors(node).filter((id) => collapsed.has(id));
    if (hiding.length > 0) setCollapsed(without(collapsed, hiding));
    if (selected && node !== selected) select(node);
  }
  const step = (by: number) => (event: KeyboardEvent): void => {
    event.preventDefault();
    const at = cursor ? rows.indexOf(cursor) : 0;
    goTo(rows[Math.min(rows.length - 1, Math.max(0, at + by))]);
  };
  const jump = (wanted: (node: Node) => boolean, by: 1 | -1) => (): void =>
    goTo(next(tree.nodes, cursor?.index ?? -1, by, wanted));
  const nextError = jump((node) => node.error, 1);

  function fold(node: Node, shut: boolean): void {
    if (node.children.length === 0) return;
    const id = node.span.span_id;
    setCollapsed(shut ? new Set(collapsed).add(id) : without(collapsed, [id]));
  }
  const foldAll = (): void => {
    // Roots stay open: a single line would say nothing.
    setCollapsed(new Set(tree.nodes.filter((node) => node.depth > 0 && node.children.length > 0).map((node) => node.span.span_id)));
    if (cursor) setCursorId(tree.nodes.find((node) => node.depth <= 1 && node.last >= cursor.index)?.span.span_id ?? cursorId);
  };
  const left = (): void => {
    if (!cursor) return;
    if (cursor.children.length > 0 && !collapsed.has(cursorId)) fold(cursor, true);
    else if (cursor.parent) goTo(cursor.parent);
  };
  const right = (): void => {
    if (!cursor) return;
    if (collapsed.has(cursorId)) fold(cursor, false);
    else goTo(cursor.children[0]);
  };
  const escape = (): void => {
    if (document.activeElement === search.current) search.current?.blur();
    else if (needle) setNeedle("");
    else if (selected) select(null);
    else navigate(listUrl());
  };
  useKeys({
    j: step(1), ArrowDown: step(1), k: step(-1), ArrowUp: step(-1),
    PageDown: step(15), PageUp: step(-15), Home: step(-Infinity), End: step(Infinity),
    ArrowLeft: left, h: left, ArrowRight: right, l: right,
    Enter: () => { if (cursor) select(cursor === selected ? null : cursor); },
    e: nextError, E: jump((node) => node.error, -1),
    n: jump((node) => found?.has(node) === true, 1), N: jump((node) => found?.has(node) === true, -1),
    "/": (event) => { event.preventDefault(); search.current?.focus(); search.current?.select(); },
    Escape: escape,
  });

  return (
    <div class={`trace-page ${selected ? "with-detail" : ""}`}>
      <TraceHeader trace={trace} tree={tree} onError={nextError} />
      <Waterfall tree={tree} rows={rows} cursor={cursor} selected={selected} collapsed={collapsed} found={found}
        needle={needle} searchRef={search} onNeedle={setNeedle}
        onFind={(by) => jump((node) => found?.has(node) === true, by)()}
        onSelect={(node) => { setCursorId(node.span.span_id); select(node); }}
        onFold={(node) => fold(node, !collapsed.has(node.span.span_id))}
        onFoldAll={foldAll} onUnfoldAll={() => setCollapsed(new Set())} />
      {selected && <SpanDetail key={selected.span.span_id} node={selected} trace={trace} tree={tree} onSelect={goTo} onClose={() => select(null)} />}
    </div>
  );
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
