// What a search found in a trace: at once where all of it is on the page, by a worker where only its outline is.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { matches, readNeedle } from "./span-search";
import type { Node, Tree } from "./tree";
import type { Trace } from "./types";

export interface Question {
  url: string;
  revision: number;
  needle: string;
}

export interface Finding {
  needle: string;
  revision: number;
  ids: string[];
  trouble: string; // not empty: the trace could not be read
}

export interface Found {
  nodes: ReadonlySet<Node> | null; // null: nothing is looked for, or it is not known yet
  note: string; // what is to be known of them
}

const WORKER = "/assets/search-worker.js";

export function useFound(trace: Trace, tree: Tree, nodes: Node[], needle: string): Found {
  const outlined = trace.shape !== undefined;
  const wanted = readNeedle(needle);
  const here = useMemo(() => (outlined ? null : matches(nodes, needle)), [nodes, needle]);
  const finding = useFinding(outlined ? wanted : "", trace);
  const there = useMemo(() => (finding && !finding.trouble ? among(tree, nodes, finding.ids) : finding && matches(nodes, needle)), [finding, tree, nodes]);
  if (!outlined || !wanted) return { nodes: here, note: "" };
  return { nodes: there, note: !finding ? "Searching…" : finding.trouble ? "attributes not searched" : "" };
}

// The worker's answer to that question; null until there is one. An older one of the same words holds until the next.
function useFinding(needle: string, trace: Trace): Finding | null {
  const worker = useRef<Worker | null>(null);
  const [finding, setFinding] = useState<Finding | null>(null);
  useEffect(() => {
    if (!needle) return;
    worker.current ??= new Worker(WORKER);
    const answered = ({ data }: MessageEvent<Finding>): void => { if (data.needle === needle) setFinding(data); };
    worker.current.addEventListener("message", answered);
    worker.current.postMessage({ url: `/api/traces/${trace.trace_id}`, revision: trace.revision, needle } satisfies Question);
    return () => worker.current?.removeEventListener("message", answered);
  }, [needle, trace]);
  useEffect(() => () => worker.current?.terminate(), []);
  return needle && finding?.needle === needle ? finding : null;
}

function among(tree: Tree, nodes: readonly Node[], ids: readonly string[]): ReadonlySet<Node> {
  const first = nodes[0]?.index ?? 0;
  const found = new Set<Node>();
  for (const id of ids) {
    const node = tree.byId.get(id);
    if (node && nodes[node.index - first] === node) found.add(node);
  }
  return found;
}
