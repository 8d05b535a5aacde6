// A trace as the waterfall wants it: a tree in depth-first order with times relative to its start.
import { type Role, type Tokens, operation, roleOf, tokens } from "./genai";
import { readInstant, since } from "./instant";
import type { Shape, Span, Trace } from "./types";

export interface Node {
  span: Span;
  traceId: string;
  index: number; // in depth-first order
  depth: number;
  parent: Node | null;
  children: Node[];
  last: number; // index of the last descendant; own index for a leaf
  start: number; // ns after the trace's start
  duration: number;
  service: string;
  role: Role;
  tokens: Tokens | null;
  error: boolean;
  errorsBelow: number; // failed descendants
  orphan: boolean; // names a parent that is not here (yet)
}

export interface Tree {
  nodes: Node[];
  readonly byId: Map<string, Node>;
  startUnix: bigint;
  duration: number;
  services: string[]; // in order of appearance
  errors: number;
  tokens: Tokens;
  roles: Record<Role, number>;
}

export function buildTree(trace: Trace): Tree {
  const shape = trace.shape ?? shapeOf(trace.spans);
  const all = trace.spans.map((span, i) => makeNode(trace, span, shape.start[i]!, shape.duration[i]!));
  const nodes = order(all, shape.parent);

  let byId: Map<string, Node> | null = null; // of the first one with an id; made when it is asked for
  const tree: Tree = {
    nodes, startUnix: shape.startUnix, duration: 0, services: [], errors: 0, tokens: { input: 0, output: 0 },
    roles: { agent: 0, model: 0, tool: 0, plan: 0, memory: 0, retrieval: 0, span: 0 },
    get byId() { return (byId ??= placesOf(trace.spans, (i) => all[i]!)); },
  };
  const services = new Set<string>();
  for (const node of nodes) {
    tree.duration = Math.max(tree.duration, node.start + node.duration);
    if (node.error) tree.errors++;
    if (node.tokens) {
      tree.tokens.input += node.tokens.input;
      tree.tokens.output += node.tokens.output;
    }
    tree.roles[node.role]++;
    services.add(node.service);
  }
  tree.services = [...services];
  return tree;
}

function placesOf<T>(spans: Span[], item: (at: number) => T): Map<string, T> {
  const places = new Map<string, T>();
  for (let i = spans.length - 1; i >= 0; i--) places.set(spans[i]!.span_id, item(i));
  return places;
}

// Of a trace that came whole: times from their digits, parents from their ids.
function shapeOf(spans: Span[]): Shape {
  const starts = spans.map((span) => readInstant(span.start_unix_ns));
  const earliest = starts.reduce((least, start) => (since(least, start) < 0 ? start : least), starts[0] ?? { seconds: 0, ns: 0 });
  const places = placesOf(spans, (i) => i);
  return {
    startUnix: BigInt(earliest.seconds) * 1_000_000_000n + BigInt(earliest.ns),
    start: starts.map((start) => since(earliest, start)),
    duration: spans.map((span, i) => Math.max(0, since(starts[i]!, readInstant(span.end_unix_ns)))),
    parent: spans.map((span) => (span.parent_span_id ? places.get(span.parent_span_id) ?? -2 : -1)),
  };
}

function makeNode(trace: Trace, span: Span, start: number, duration: number): Node {
  const op = operation(span);
  return {
    span, traceId: trace.trace_id, index: -1, depth: 0, parent: null, children: LEAF, last: 0, start, duration,
    service: trace.resources[span.resource]?.service || "unknown_service",
    role: roleOf(op), tokens: tokens(span, op),
    error: span.status.code === "ERROR", errorsBelow: 0, orphan: false,
  };
}

// Most spans have no children: they share one list of none.
const LEAF: Node[] = [];

function adopt(parent: Node, child: Node): void {
  child.parent = parent;
  if (parent.children === LEAF) parent.children = [child];
  else parent.children.push(child);
}

// Depth-first, children by start time. Without recursion, since depth is the sender's choice; spans that are
// each other's ancestors hang from no root, so the first of them becomes one.
function order(all: Node[], parents: readonly number[]): Node[] {
  const roots: Node[] = [];
  for (let i = 0; i < all.length; i++) {
    const node = all[i]!;
    const parent = all[parents[i]!];
    if (parent && parent !== node) {
      adopt(parent, node);
    } else {
      node.orphan = parents[i] !== -1;
      roots.push(node);
    }
  }
  const nodes: Node[] = [];
  walk(roots, nodes);
  for (const node of all) {
    if (node.index >= 0) continue;
    if (node.parent) node.parent.children = node.parent.children.filter((child) => child !== node);
    node.parent = null;
    node.orphan = true;
    walk([node], nodes);
  }
  for (let i = nodes.length - 1; i >= 0; i--) sumUp(nodes[i]!);
  return nodes;
}

function walk(roots: Node[], out: Node[]): void {
  const byStart = (a: Node, b: Node): number => b.start - a.start;
  // Reversed: the stack hands out the earliest first, and equal starts in the order they came.
  const stack = [...roots].reverse().sort(byStart);
  while (stack.length > 0) {
    const node = stack.pop()!;
    if (node.index >= 0) continue;
    node.index = node.last = out.length;
    node.depth = node.parent ? node.parent.depth + 1 : 0;
    out.push(node);
    if (node.children.length > 1) node.children.sort((a, b) => a.start - b.start);
    for (let i = node.children.length - 1; i >= 0; i--) stack.push(node.children[i]!);
  }
}

function sumUp(node: Node): void {
  const parent = node.parent;
  if (!parent) return;
  parent.last = Math.max(parent.last, node.last);
  parent.errorsBelow += node.errorsBelow + (node.error ? 1 : 0);
}

// The rows on show: every node that is not under a collapsed one.
// `nodes` may be a subtree.
export function visibleRows(nodes: Node[], collapsed: ReadonlySet<string>): Node[] {
  if (collapsed.size === 0) return nodes;
  const rows: Node[] = [];
  const first = nodes[0]?.index ?? 0;
  for (let i = 0; i < nodes.length; i++) {
    const node = nodes[i]!;
    rows.push(node);
    if (collapsed.has(node.span.span_id)) i = node.last - first;
  }
  return rows;
}

export const subtree = (tree: Tree, top: Node | null): Node[] => (top ? tree.nodes.slice(top.index, top.last + 1) : tree.nodes);

// Round positions for a time axis within a range: at most `max` steps of 1, 2 or 5 times a power of ten.
export function ticks(from: number, to: number, max: number): number[] {
  const total = to - from;
  if (!(total > 0)) return [from];
  const rough = total / Math.max(1, max);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough) ?? rough;
  const positions: number[] = [];
  for (let n = Math.ceil(from / step); n * step <= to && positions.length <= max + 1; n++) positions.push(n * step);
  return positions;
}
