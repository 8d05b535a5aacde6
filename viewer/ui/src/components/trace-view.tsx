// One trace: its header, the view chosen, and the span that is open.
import { useEffect, useMemo, useRef } from "preact/hooks";
import { label } from "../format";
import { useFound } from "../found";
import { useKeys } from "../keys";
import { wholeOf } from "../range";
import { listUrl, navigate } from "../router";
import { changeAddress, readAddress, views } from "../trace-address";
import { type Node, type Tree, subtree } from "../tree";
import { useTreeCursor } from "../tree-cursor";
import type { Trace } from "../types";
import { useCriticalPath } from "../use-critical-path";
import { useRange } from "../use-range";
import { useWholeSpan } from "../use-whole-span";
import { FindBox } from "./find-box";
import { FlameView } from "./flame-view";
import { FocusNote } from "./focus-note";
import { GraphView } from "./graph-view";
import { LogsView } from "./logs-view";
import { SpanDetail } from "./span-detail";
import { TableView } from "./table-view";
import { TraceHeader } from "./trace-header";
import { ViewTabs, showView } from "./view-tabs";
import { WaterfallView } from "./waterfall-view";

export function TraceView({ trace, tree, query }: { trace: Trace; tree: Tree; query: URLSearchParams }) {
  const address = readAddress(query);
  const focus = (address.focus !== null && tree.byId.get(address.focus)) || null;
  const nodes = useMemo(() => subtree(tree, focus), [tree, focus]);
  const whole = useMemo(() => (focus ? spanOf(nodes) : wholeOf(tree.duration)), [tree, nodes]);
  const critical = useCriticalPath(tree);
  const { nodes: found, note } = useFound(trace, tree, nodes, address.find);
  const at = useTreeCursor(tree, nodes, address.span);
  const range = useRange(address.range, whole);
  const search = useRef<HTMLInputElement>(null);
  const { selected } = at;
  const trouble = useWholeSpan(trace, selected);

  useEffect(() => {
    const root = tree.nodes[0];
    document.title = `${root ? label(root.span.name, 80) : trace.trace_id} · spanwire`;
  }, [tree]);

  const error = (by: 1 | -1) => (): void => at.jump((node) => node.error, by);
  const match = (by: 1 | -1): void => at.jump((node) => found?.has(node) === true, by);
  const setFocus = (node: Node | null): void => {
    range.set(null);
    changeAddress({ focus: node?.span.span_id ?? "", range: "" }, "push");
  };
  const escape = (): void => {
    if (document.activeElement === search.current) search.current?.blur();
    else if (address.find) changeAddress({ find: "" });
    else if (at.isOpen()) at.select(null);
    else if (range.narrowed) range.set(null);
    else if (focus) setFocus(null);
    else navigate(listUrl());
  };
  useKeys({
    ...Object.fromEntries(views.map((view, i) => [String(i + 1), () => showView(view)])),
    e: error(1), E: error(-1),
    n: () => match(1), N: () => match(-1),
    "/": (event) => { event.preventDefault(); search.current?.focus(); search.current?.select(); },
    Escape: escape,
  });

  const open = (node: Node): void => at.select(node);
  const toWaterfall = (node: Node): void => {
    changeAddress({ view: "", span: node.span.span_id }, "push");
  };
  return (
    <div class={`trace-page ${selected ? "with-detail" : ""}`}>
      <TraceHeader trace={trace} tree={tree} critical={critical.total} onError={error(1)} />
      <div class="view-bar">
        <ViewTabs view={address.view} />
        {focus && <FocusNote node={focus} onLeave={() => setFocus(null)} />}
        <span class="grow" />
        <FindBox needle={address.find} found={found?.size ?? null} note={note} inputRef={search} onNeedle={(find) => changeAddress({ find })} onFind={match} />
      </div>
      <div id="view" class="view" role="tabpanel" aria-labelledby={`tab-${address.view}`}>
        {address.view === "waterfall" && <WaterfallView tree={tree} nodes={nodes} at={at} range={range} critical={critical} found={found} focus={focus} onFocus={setFocus} />}
        {address.view === "flame" && <FlameView nodes={nodes} found={found} onOpen={open} />}
        {address.view === "table" && <TableView nodes={nodes} duration={tree.duration} found={found} onOpen={open} onShow={toWaterfall} />}
        {address.view === "graph" && <GraphView tree={tree} nodes={nodes} onShow={toWaterfall} />}
        {address.view === "logs" && <LogsView tree={tree} nodes={nodes} needle={address.find} onOpen={open} />}
      </div>
      {selected && (
        <SpanDetail key={selected.span.span_id} node={selected} trace={trace} tree={tree} critical={critical} focused={selected === focus} trouble={trouble}
          onSelect={at.goTo} onFocus={setFocus} onClose={() => at.select(null)} />
      )}
    </div>
  );
}

function spanOf(nodes: readonly Node[]): { from: number; to: number } {
  const from = nodes.reduce((least, node) => Math.min(least, node.start), nodes[0]?.start ?? 0);
  const to = nodes.reduce((most, node) => Math.max(most, node.start + node.duration), from + 1);
  return { from, to };
}
