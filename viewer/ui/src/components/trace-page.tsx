import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { label } from "../format";
import { useKeys } from "../keys";
import { usePoll } from "../poll";
import { listUrl, navigate } from "../router";
import { type Tree, buildTree } from "../tree";
import { useTreeCursor } from "../tree-cursor";
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
  const at = useTreeCursor(trace.trace_id, tree, spanId);
  const [needle, setNeedle] = useState("");
  const search = useRef<HTMLInputElement>(null);
  const found = useMemo(() => matches(tree.nodes, needle), [tree, needle]);
  const { selected } = at;

  useEffect(() => {
    const root = tree.nodes[0];
    document.title = `${root ? label(root.span.name, 80) : trace.trace_id} · spanwire`;
  }, [tree]);

  const step = (by: number) => (event: KeyboardEvent): void => {
    event.preventDefault();
    at.step(by);
  };
  const error = (by: 1 | -1) => (): void => at.jump((node) => node.error, by);
  const match = (by: 1 | -1): void => at.jump((node) => found?.has(node) === true, by);
  const escape = (): void => {
    if (document.activeElement === search.current) search.current?.blur();
    else if (needle) setNeedle("");
    else if (at.isOpen()) at.select(null);
    else navigate(listUrl());
  };
  useKeys({
    j: step(1), ArrowDown: step(1), k: step(-1), ArrowUp: step(-1),
    PageDown: step(15), PageUp: step(-15), Home: step(-Infinity), End: step(Infinity),
    ArrowLeft: at.left, h: at.left, ArrowRight: at.right, l: at.right,
    Enter: at.toggle,
    e: error(1), E: error(-1),
    n: () => match(1), N: () => match(-1),
    "/": (event) => { event.preventDefault(); search.current?.focus(); search.current?.select(); },
    Escape: escape,
  });

  return (
    <div class={`trace-page ${selected ? "with-detail" : ""}`}>
      <TraceHeader trace={trace} tree={tree} onError={error(1)} />
      <Waterfall tree={tree} rows={at.rows} cursor={at.cursor} selected={selected} collapsed={at.collapsed} found={found}
        needle={needle} searchRef={search} onNeedle={setNeedle} onFind={match}
        onSelect={at.select} onFold={at.fold} onFoldAll={at.foldAll} onUnfoldAll={at.unfoldAll} />
      {selected && <SpanDetail key={selected.span.span_id} node={selected} trace={trace} tree={tree} onSelect={at.goTo} onClose={() => at.select(null)} />}
    </div>
  );
}
