import { label } from "../format";
import type { Node } from "../tree";
import { Close } from "./icons";

// Only a part of the trace is on show, and the way back.
export function FocusNote({ node, onLeave }: { node: Node; onLeave: () => void }) {
  return (
    <span class="focus-note">
      <span>Only within <bdi>{label(node.span.name, 80)}</bdi></span>
      <button type="button" class="quiet" aria-label="Show the whole trace" title="Show the whole trace (f)" onClick={onLeave}><Close /></button>
    </span>
  );
}
