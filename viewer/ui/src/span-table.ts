// Spans grouped by service and name, with their sums.
import type { Role } from "./genai";
import { selfTime } from "./self-time";
import type { Node } from "./tree";

export interface Group {
  name: string;
  service: string;
  role: Role;
  count: number;
  total: number;
  self: number;
  most: number;
  mean: number;
  errors: number;
  tokens: number;
  longest: Node;
}

export type Column = "name" | "count" | "total" | "self" | "mean" | "most" | "errors" | "tokens";

export function groupSpans(nodes: readonly Node[]): Group[] {
  const groups = new Map<string, Group>();
  for (const node of nodes) {
    const key = `${node.service}\u0000${node.span.name}`;
    let group = groups.get(key);
    if (!group) {
      group = { name: node.span.name, service: node.service, role: node.role, count: 0, total: 0, self: 0, most: 0, mean: 0, errors: 0, tokens: 0, longest: node };
      groups.set(key, group);
    }
    group.count++;
    group.total += node.duration;
    group.self += selfTime(node);
    group.errors += node.error ? 1 : 0;
    group.tokens += (node.tokens?.input ?? 0) + (node.tokens?.output ?? 0);
    if (node.duration > group.most) {
      group.most = node.duration;
      group.longest = node;
    }
  }
  for (const group of groups.values()) group.mean = group.total / group.count;
  return [...groups.values()];
}

// Ties are in order of names, so that a sort is the same every time.
export function sortGroups(groups: readonly Group[], by: Column, descending: boolean): Group[] {
  const byName = (a: Group, b: Group): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.service < b.service ? -1 : a.service > b.service ? 1 : 0);
  const sign = descending ? -1 : 1;
  return [...groups].sort((a, b) => (by === "name" ? sign * byName(a, b) : sign * (a[by] - b[by]) || byName(a, b)));
}
