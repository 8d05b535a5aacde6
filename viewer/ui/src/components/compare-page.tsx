// Two traces side by side.
import { useEffect, useMemo } from "preact/hooks";
import { type Outline, outlineUrl, readTrace } from "../outline";
import { usePoll } from "../poll";
import { compareUrl, listUrl, navigate } from "../router";
import { buildTree } from "../tree";
import type { Trace } from "../types";
import { CompareHeader } from "./compare-header";
import { CompareTable } from "./compare-table";

interface Props {
  a: string;
  b: string;
  paused: boolean;
  onOffline: (offline: boolean) => void;
}

const PERIOD_MS = 2000;
const isTraceId = (id: string): boolean => /^[0-9a-f]{32}$/.test(id);

export function ComparePage({ a, b, paused, onOffline }: Props) {
  const valid = isTraceId(a) && isTraceId(b);
  const left = usePoll<Trace | Outline>(valid ? outlineUrl(a) : "", PERIOD_MS, paused, true);
  const right = usePoll<Trace | Outline>(valid ? outlineUrl(b) : "", PERIOD_MS, paused, true);
  const treeA = useMemo(() => left.data && buildTree(readTrace(left.data)), [left.data]);
  const treeB = useMemo(() => right.data && buildTree(readTrace(right.data)), [right.data]);
  const offline = left.offline || right.offline;
  useEffect(() => onOffline(offline), [offline]);
  useEffect(() => { document.title = "Compare · spanwire"; }, []);

  if (treeA && treeB) {
    return (
      <div class="compare-page">
        <CompareHeader a={{ id: a, tree: treeA }} b={{ id: b, tree: treeB }} onSwap={() => navigate(compareUrl(b, a), "replace")} />
        <CompareTable a={{ id: a, tree: treeA }} b={{ id: b, tree: treeB }} onSwap={() => navigate(compareUrl(b, a), "replace")} />
      </div>
    );
  }
  const gone = [left.error?.status === 404 && a, right.error?.status === 404 && b].filter(Boolean);
  const error = left.error ?? right.error;
  return (
    <div class="notice" role="status">
      {!valid ? <><h1>Two traces are compared here</h1><p>Mark two in the list of traces with <kbd>x</kbd>, then choose Compare.</p></>
        : gone.length > 0 ? <><h1>Not here to compare</h1><p>{gone.map((id) => <code key={id as string}>{id} </code>)}</p></>
        : error ? <p>{error.message}</p> : offline ? "Waiting for the viewer…" : ""}
      {(!valid || gone.length > 0) && <p><a href={listUrl()}>All traces</a></p>}
    </div>
  );
}
