// The critical path of a trace: at once for most, after the first picture for one so large that a reader would wait for it.
import { useEffect, useMemo, useState } from "preact/hooks";
import { type CriticalPath, criticalPath } from "./critical-path";
import type { Tree } from "./tree";

const AT_ONCE = 5000; // spans
const NONE: CriticalPath = { stretches: new Map(), total: 0 };

export function useCriticalPath(tree: Tree): CriticalPath {
  const small = useMemo(() => (tree.nodes.length <= AT_ONCE ? criticalPath(tree.nodes) : null), [tree]);
  const [large, setLarge] = useState<CriticalPath>(NONE);
  useEffect(() => {
    if (small) return;
    const timer = setTimeout(() => setLarge(criticalPath(tree.nodes)));
    return () => clearTimeout(timer);
  }, [tree]);
  return small ?? large;
}
