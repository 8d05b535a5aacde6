// Spans merged by the names that lead to them: what the flame graph draws and two traces are compared by.
import type { Role } from "./genai";
import { selfTime } from "./self-time";
import type { Node } from "./tree";

export interface Path {
  name: string;
  service: string; // of the first span
  role: Role;
  depth: number;
  index: number; // in order of appearance
  parent: Path | null;
  children: Path[]; // by first appearance
  spans: Node[];
  total: number; // durations added up
  self: number;
  work: number; // self, here and below: what a flame graph's width is, since children side by side add up to more than their parent
  errors: number;
  tokens: number;
}

export interface Paths {
  tops: Path[];
  all: Path[]; // parents before their children
  work: number;
}

// `nodes` in depth-first order: a whole trace, or a subtree of one.
export function mergePaths(nodes: readonly Node[]): Paths {
  const all: Path[] = [];
  const tops = new Map<string, Path>();
  const below = new Map<Path, Map<string, Path>>();
  const pathOf = new Map<Node, Path>();
  for (const node of nodes) {
    const parent = (node.parent && pathOf.get(node.parent)) ?? null;
    let siblings = parent ? below.get(parent) : tops;
    if (!siblings) below.set(parent!, (siblings = new Map()));
    let path = siblings.get(node.span.name);
    if (!path) {
      path = emptyPath(node, parent, all.length);
      siblings.set(node.span.name, path);
      parent?.children.push(path);
      all.push(path);
    }
    add(path, node);
    pathOf.set(node, path);
  }
  for (let i = all.length - 1; i >= 0; i--) {
    const path = all[i]!;
    path.work += path.self;
    if (path.parent) path.parent.work += path.work;
  }
  const list = [...tops.values()];
  return { tops: list, all, work: list.reduce((sum, path) => sum + path.work, 0) };
}

function emptyPath(node: Node, parent: Path | null, index: number): Path {
  return {
    name: node.span.name, service: node.service, role: node.role, depth: parent ? parent.depth + 1 : 0, index, parent,
    children: [], spans: [], total: 0, self: 0, work: 0, errors: 0, tokens: 0,
  };
}

function add(path: Path, node: Node): void {
  path.spans.push(node);
  path.total += node.duration;
  path.self += selfTime(node);
  path.errors += node.error ? 1 : 0;
  path.tokens += (node.tokens?.input ?? 0) + (node.tokens?.output ?? 0);
}

export const longestSpan = (path: Path): Node => path.spans.reduce((most, node) => (node.duration > most.duration ? node : most));
