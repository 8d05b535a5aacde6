// A span's own time: what of its duration none of its children cover. Children side by side cover a moment once.
import type { Node } from "./tree";

export function selfTime(node: Node): number {
  const end = node.start + node.duration;
  let free = node.duration;
  let covered = node.start; // up to here
  for (const child of node.children) { // by start
    const from = Math.max(child.start, covered);
    const to = Math.min(child.start + child.duration, end);
    if (to <= from) continue;
    free -= to - from;
    covered = to;
  }
  return Math.max(0, free);
}
