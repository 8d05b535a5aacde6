// Searching in one trace: names, services, ids and attributes, without regard to case.
import type { Node } from "./tree";
import type { Span } from "./types";
import { valueText } from "./value";

export function haystack(span: Span, service: string): string {
  const parts = [span.name, service, span.span_id, span.status.message];
  for (const attribute of span.attributes) parts.push(attribute.key, valueText(attribute));
  for (const event of span.events) parts.push(event.name);
  return parts.join("\n").toLowerCase();
}

export const readNeedle = (needle: string): string => needle.trim().toLowerCase();

const haystacks = new WeakMap<Node, string>();

// Null when nothing is looked for.
export function matches(nodes: Node[], needle: string): ReadonlySet<Node> | null {
  const wanted = readNeedle(needle);
  if (!wanted) return null;
  const found = new Set<Node>();
  for (const node of nodes) {
    let text = haystacks.get(node);
    if (text === undefined) haystacks.set(node, (text = haystack(node.span, node.service)));
    if (text.includes(wanted)) found.add(node);
  }
  return found;
}
